"""Run: resume what was interrupted, or start anew; one run of a program folder at a time."""

import fcntl
import gc
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditwright.app.errors import AppError
from auditwright.app.jobs import JobEngineError, Progress, run_durably
from auditwright.app.workspace import Workspace
from auditwright.core.ids import RunId
from auditwright.core.outcome import Result
from auditwright.core.ports import StoreError
from auditwright.core.question import Is, Question
from auditwright.core.run import Run, RunKind, RunState

LOCK_FILE = "run.lock"

LOCK_ATTEMPTS = 3
LOCK_POLL_S = 0.01
"""Who only looks whether a run is under way holds the lock for a moment."""

COLLECT_AFTER = 50_000
"""New objects between two collections of the garbage collector; Python's own 700 costs a tenth of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A run as far as it came."""

    run: Run
    """Finished, unless whoever watched it stopped it."""
    resumed: bool
    """True where it had been interrupted."""
    results: Sequence[Result]
    """What it concluded; none where that was done before it was interrupted, and the stores alone hold them."""


def run(workspace: Workspace, progress: Progress) -> Done:
    """Finish the run that was interrupted, or do a new one.

    Raises AppError where another run is under way, where a setting is wrong, or where a store cannot write.
    """
    with alone(workspace.state), _fewer_collections():
        records = workspace.stores.records
        workspace.catalogue  # noqa: B018  # what the program names wrongly is said before anything is asked
        begun = unfinished(workspace)
        resumed = begun is not None
        run_id = begun.id if begun else _new_id(datetime.now(UTC))
        progress.begun(run_id)
        try:
            results = run_durably(workspace, run_id, progress)
        except (StoreError, JobEngineError, OSError) as error:
            raise AppError(
                f"The run stopped: {str(error).rstrip('.')}. What was collected is kept; put it right and run again, and the run resumes."
            ) from error
        done = records.run(run_id)
        assert done is not None
        return Done(run=done, resumed=resumed, results=results)


def unfinished(workspace: Workspace) -> Run | None:
    """The newest collection that was begun and is not finished: it is under way, or was interrupted."""
    collecting = (Is("state", RunState.RUNNING.value), Is("kind", RunKind.COLLECTION.value))
    asked = Question(where=collecting, order=("-started_at", "-id"), limit=1)
    return next(iter(workspace.stores.records.answer(Run, asked).rows), None)


def holder(workspace: Workspace) -> str | None:
    """The process that does a run here, by its number; None where none does."""
    try:
        descriptor = os.open(workspace.state / LOCK_FILE, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named_in(descriptor)
    finally:
        os.close(descriptor)
    return None


def _named_in(descriptor: int) -> str:
    return os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"


def latest_run(workspace: Workspace) -> Run:
    """The newest finished collection; raises AppError where there is none."""
    finished = [
        each
        for each in workspace.stores.records.runs()
        if each.state is RunState.FINISHED and each.kind is RunKind.COLLECTION
    ]
    if not finished:
        raise AppError(f"Nothing was collected yet. Start with: auditwright run --program {workspace.folder}")
    return finished[-1]


def _new_id(at: datetime) -> RunId:
    return RunId(f"run-{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}")


@contextmanager
def _fewer_collections() -> Iterator[None]:
    """Look for unreachable cycles less often: a run makes hundreds of thousands of small values and hardly a cycle."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Be the one process that runs, or erases, in a program folder; raises AppError where another one is."""
    descriptor = os.open(state / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        _lock(descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Hold the lock; raises AppError where another process does."""
    for attempt in range(LOCK_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt + 1 == LOCK_ATTEMPTS:
                raise AppError(under_way(_named_in(descriptor))) from None
            time.sleep(LOCK_POLL_S)
        else:
            return


def under_way(process: str) -> str:
    """What is said to who starts a run beside another one."""
    return (
        f"Another run is under way here (process {process}). Wait for it, or stop it; a stopped run resumes."
    )
