"""Checking: whether an integration sees what it needs, asked in the background while a page follows.

What was found stays with this process until the next check or a change of the settings: it says how things were just
now, and is no evidence.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from auditwright.app.errors import AppError
from auditwright.app.examination import examine
from auditwright.app.workspace import Workspace
from auditwright.core.ids import IntegrationId
from auditwright.core.integration import Check
from auditwright.program.definitions import IntegrationSettings

MAX_CHECKS = 2_000
"""Answers of one check that are kept: some hundred accounts, each asked everything."""

BROKEN = "The check broke off. What happened is in the server's log."


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How far a check is, or what it found."""

    settings: IntegrationSettings
    """What was checked; with other settings it says nothing any more."""
    began_at: datetime
    ended_at: datetime | None
    checks: tuple[Check, ...]
    problem: str
    """What ended it before its time; empty where nothing did."""

    @property
    def problems(self) -> int:
        """How many questions were not answered."""
        return sum(bool(check.problem) for check in self.checks)


class Checks:
    """The newest check of each integration, one at a time."""

    __slots__ = ("_clock", "_found", "_lock")

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._found: dict[IntegrationId, Checked] = {}

    def found(self) -> Mapping[IntegrationId, Checked]:
        """What each check found, or found so far."""
        with self._lock:
            return dict(self._found)

    def start(self, workspace: Workspace, settings: IntegrationSettings) -> bool:
        """Ask an integration; False where it is being asked already."""
        begun = Checked(settings=settings, began_at=self._clock(), ended_at=None, checks=(), problem="")
        with self._lock:
            held = self._found.get(settings.id)
            if held is not None and held.ended_at is None:
                return False
            self._found[settings.id] = begun
        thread = threading.Thread(
            target=self._ask, args=(workspace, begun), name=f"check-{settings.id}", daemon=True
        )
        thread.start()
        return True

    def _ask(self, workspace: Workspace, begun: Checked) -> None:
        held = replace(
            begun, problem=BROKEN
        )  # what nobody foresaw ends the thread, and its traceback is in the log
        try:
            for check in examine(workspace, begun.settings):
                held = replace(held, checks=(*held.checks, check))
                self._keep(replace(held, problem=""))
                if len(held.checks) == MAX_CHECKS:
                    break
            held = replace(held, problem="")
        except AppError as error:
            held = replace(held, problem=str(error))
        finally:
            self._keep(replace(held, ended_at=self._clock()))

    def _keep(self, checked: Checked) -> None:
        with self._lock:
            self._found[checked.settings.id] = checked
