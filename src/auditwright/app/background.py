"""Background: a run in a thread of the process that serves, one at a time, with all that matters in the records.

A page asks the records how far the run is, so that it may be closed, reloaded, or opened elsewhere. What is kept here is
only what concerns this process: whether its thread is at work, what it does now, and what stopped the last one.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from auditwright.app.errors import AppError
from auditwright.app.workspace import Workspace
from auditwright.core.ids import RunId

STOP_S = 20.0
"""How long a stop of the server waits for the question that is under way, or for the tests; the run resumes anyhow."""

BEGIN_S = 10.0
"""How long whoever starts a run waits to be told which one it is."""


BROKEN = "The run broke off. What happened is in the server's log; what was collected is kept, and the run resumes."


@dataclass(slots=True, kw_only=True)
class _Work:
    """One run of this process."""

    thread: threading.Thread
    begun: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    run: RunId | None = None
    stage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """The run that this process does."""

    run: RunId | None
    """None for a moment, until it is known."""
    stage: str
    """What it does now, in words; empty before anything was said."""
    stopping: bool


class Background:
    """The runs of one process."""

    __slots__ = ("_closed", "_lock", "_work", "problem")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._work: _Work | None = None
        self._closed = False
        self.problem = ""
        """What stopped the last run of this process; empty where nothing did."""

    def at_work(self) -> AtWork | None:
        """The run that is under way in this process."""
        work = self._work
        if work is None or not work.thread.is_alive():
            return None
        return AtWork(run=work.run, stage=work.stage, stopping=work.stopping.is_set())

    def start(self, workspace: Workspace, finished: Callable[[], None]) -> RunId | None:
        """Begin a run, or take up the one that was interrupted; returns which, as soon as it is known.

        `finished` is called at its end, however it ends. Raises AppError where a run is under way in this process, or
        the server is about to stop; what another process does is found out by the run, and becomes its problem.
        """
        with self._lock:
            if self._closed:
                raise AppError("The server is about to stop. Start the run when it is back.")
            if self.at_work() is not None:
                raise AppError("A run is under way already.")
            thread = threading.Thread(target=self._run, args=(workspace, finished), name="run", daemon=True)
            work = self._work = _Work(thread=thread)
            thread.start()
        work.begun.wait(BEGIN_S)
        return work.run

    def stop(self) -> bool:
        """Stop after the question that is under way; False where nothing is. What was answered is kept."""
        work = self._work
        if work is None or not work.thread.is_alive():
            return False
        work.stopping.set()
        return True

    def close(self) -> None:
        """Stop, and wait: the server ends."""
        with self._lock:
            self._closed = True
        if self.stop() and (work := self._work):
            work.thread.join(STOP_S)

    def _run(self, workspace: Workspace, finished: Callable[[], None]) -> None:
        from auditwright.app.jobs import Progress
        from auditwright.app.running import run

        work = self._work
        assert work is not None

        def begun(run: RunId) -> None:
            work.run = run
            work.begun.set()

        def stage(words: str) -> None:
            work.stage = words

        def asked(name: str, gaps: int) -> None:
            del gaps
            work.stage = f"Asked {name}"

        progress = Progress(
            planned=lambda _: None,
            collected=asked,
            stage=stage,
            begun=begun,
            goes_on=lambda: not work.stopping.is_set(),
        )
        self.problem = BROKEN  # what nobody foresaw ends the thread, and its traceback is in the log
        try:
            run(workspace, progress)
            self.problem = ""
        except AppError as error:
            self.problem = str(error)
        finally:
            work.begun.set()
            finished()
