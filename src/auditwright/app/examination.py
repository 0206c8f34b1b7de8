"""Doctor: whether each integration can see what it needs."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditwright.app.errors import AppError
from auditwright.app.registry import integrations
from auditwright.app.workspace import Workspace
from auditwright.core.ids import IntegrationId
from auditwright.core.integration import Check, ConfigError
from auditwright.program.definitions import IntegrationSettings

BROKEN = "The check broke off; what happened is in the server's log."


def examine_integrations(workspace: Workspace) -> Sequence[Check]:
    """Ask every integration of the program; raises AppError where a setting is wrong or none is set."""
    if not workspace.program.integrations:
        raise AppError("auditwright.toml names no integration. Add one: auditwright connect aws")
    checks: list[Check] = []
    for settings in workspace.program.integrations:
        checks.extend(_examined(workspace, settings))
    return checks


def _examined(workspace: Workspace, settings: IntegrationSettings) -> Sequence[Check]:
    integration = integrations().get(settings.id)
    if integration is None:
        known = ", ".join(sorted(integrations()))
        raise AppError(f"{settings.where}: there is no integration {settings.id!r}; known are {known}")
    try:
        return list(integration.check({**settings.values, "program_folder": str(workspace.folder)}))
    except ConfigError as error:
        raise AppError(f"{settings.where}: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a check of one integration found, while this process serves."""

    started_at: datetime
    finished_at: datetime | None
    """None while it is under way."""
    checks: tuple[Check, ...]
    problem: str
    """Why it could not be asked; empty where it was."""


class Examinations:
    """The newest check of each integration, each in a thread of its own: a source may take minutes to refuse."""

    __slots__ = ("_held", "_lock")

    def __init__(self) -> None:
        self._held: dict[IntegrationId, Examined] = {}
        self._lock = threading.Lock()

    def of(self, integration: IntegrationId) -> Examined | None:
        """The newest check of an integration."""
        return self._held.get(integration)

    def start(self, workspace: Workspace, integration: IntegrationId, clock: Callable[[], datetime]) -> bool:
        """Check an integration; False where a check of it is under way, or where it is not connected."""
        settings = next((each for each in workspace.program.integrations if each.id == integration), None)
        with self._lock:
            known = self._held.get(integration)
            if settings is None or (known is not None and known.finished_at is None):
                return False
            begun = Examined(started_at=clock(), finished_at=None, checks=(), problem="")
            self._held[integration] = begun

        def ask() -> None:
            checks: Sequence[Check] = ()
            problem = BROKEN  # what nobody foresaw ends the thread, and its traceback is in the log
            try:
                checks = _examined(workspace, settings)
                problem = ""
            except AppError as error:
                problem = str(error)
            finally:
                self._held[integration] = Examined(
                    started_at=begun.started_at, finished_at=clock(), checks=tuple(checks), problem=problem
                )

        threading.Thread(target=ask, name=f"check-{integration}", daemon=True).start()
        return True
