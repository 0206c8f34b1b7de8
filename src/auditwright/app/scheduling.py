"""Scheduling: the process that serves runs by itself, as often as the program folder says."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.background import Background
from auditwright.app.errors import AppError
from auditwright.app.running import holder, unfinished
from auditwright.app.workspace import Workspace
from auditwright.core.ports import StoreError
from auditwright.core.question import Is, Question
from auditwright.core.run import Run, RunKind

SCHEDULE = Actor(id="schedule", name="the schedule")

LOOK_EVERY_S = 30.0
"""How exactly the time is kept; runs are hours apart."""

AGAIN_AFTER = timedelta(minutes=15)
"""A run that could not begin is not tried at each look."""


def next_at(workspace: Workspace) -> datetime | None:
    """When the next run is due; None where nothing is scheduled, or nothing ever ran and it is due at once."""
    every = workspace.program.every
    if every is None:
        return None
    asked = Question(where=(Is("kind", RunKind.COLLECTION.value),), order=("-started_at", "-id"), limit=1)
    newest = next(iter(workspace.stores.records.answer(Run, asked).rows), None)
    return None if newest is None else newest.started_at + every


@dataclass(slots=True, kw_only=True)
class Schedule:
    """Runs when it is time."""

    workspace: Callable[[], Workspace]
    """The program folder as it is now."""
    background: Background
    clock: Callable[[], datetime]
    finished: Callable[[], None]
    """Called when a run ended."""
    _tried_at: datetime | None = None
    _ends: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        """Look at the time until `end` is called."""
        self._thread = threading.Thread(target=self._keep_time, name="schedule", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Start nothing any more."""
        self._ends.set()
        if self._thread:
            self._thread.join()

    def look(self) -> bool:
        """Start the run that is due, or take up the one that was interrupted; False where none is.

        What somebody else has under way is waited for. Raises AppError, StoreError.
        """
        workspace, now = self.workspace(), self.clock()
        if not self._is_due(workspace, now) or self.background.at_work() or holder(workspace):
            return False
        self._tried_at = now
        resumed = unfinished(workspace)
        deed = Deed(
            actor=SCHEDULE,
            verb="run.start",
            subject=resumed.id if resumed else "run",
            detail=f"Took up {resumed.id}." if resumed else "Started a run.",
        )
        with acting(workspace, deed, now):
            pass  # the act is the whole of it: nothing begins without its leaf
        self.background.start(workspace, self.finished)
        return True

    def _is_due(self, workspace: Workspace, now: datetime) -> bool:
        if workspace.program.every is None or not workspace.program.integrations:
            return False
        if self._tried_at is not None and now - self._tried_at < AGAIN_AFTER:
            return False
        due = next_at(workspace)
        return due is None or due <= now

    def _keep_time(self) -> None:
        log = structlog.get_logger("auditwright.schedule")
        while not self._ends.wait(LOOK_EVERY_S):
            try:
                self.look()
            except (AppError, StoreError) as error:
                log.warning("schedule", problem=str(error))
