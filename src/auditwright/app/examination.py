"""Doctor: whether each integration can see what it needs."""

from collections.abc import Sequence

from auditwright.app.errors import AppError
from auditwright.app.registry import integrations
from auditwright.app.workspace import Workspace
from auditwright.core.integration import Check, ConfigError


def examine_integrations(workspace: Workspace) -> Sequence[Check]:
    """Ask every integration of the program; raises AppError where a setting is wrong or none is set."""
    if not workspace.program.integrations:
        raise AppError("auditwright.toml names no integration. Add one: auditwright connect aws")
    checks: list[Check] = []
    for settings in workspace.program.integrations:
        integration = integrations().get(settings.id)
        if integration is None:
            known = ", ".join(sorted(integrations()))
            raise AppError(f"{settings.where}: there is no integration {settings.id!r}; known are {known}")
        try:
            checks.extend(integration.check({**settings.values, "program_folder": str(workspace.folder)}))
        except ConfigError as error:
            raise AppError(f"{settings.where}: {error}") from None
    return checks
