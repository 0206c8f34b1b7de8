"""Doctor: whether each integration can see what it needs."""

from collections.abc import Iterator, Sequence

from auditwright.app.errors import AppError
from auditwright.app.registry import integrations
from auditwright.app.workspace import Workspace
from auditwright.core.integration import Check, ConfigError
from auditwright.program.definitions import IntegrationSettings


def examine_integrations(workspace: Workspace) -> Sequence[Check]:
    """Ask every integration of the program; raises AppError where a setting is wrong or none is set."""
    if not workspace.program.integrations:
        raise AppError("auditwright.toml names no integration. Add one: auditwright connect aws")
    return [check for settings in workspace.program.integrations for check in examine(workspace, settings)]


def examine(workspace: Workspace, settings: IntegrationSettings) -> Iterator[Check]:
    """Ask one integration, check by check; raises AppError where a setting is wrong."""
    integration = integrations().get(settings.id)
    if integration is None:
        known = ", ".join(sorted(integrations()))
        raise AppError(f"{settings.where}: there is no integration {settings.id!r}; known are {known}")
    try:
        yield from integration.check({**settings.values, "program_folder": str(workspace.folder)})
    except ConfigError as error:
        raise AppError(f"{settings.where}: {error}") from None
