"""Run: resume what was interrupted, or start anew; one run of a program folder at a time."""

import fcntl
import gc
import os
import secrets
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
from auditwright.core.run import Run, RunKind, RunState

LOCK_FILE = "run.lock"

COLLECT_AFTER = 50_000
"""New objects between two collections of the garbage collector; Python's own 700 costs a tenth of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A finished run."""

    run: Run
    resumed: bool
    """True where it had been interrupted."""
    results: Sequence[Result]
    """What it concluded; none where that was done before it was interrupted, and the stores alone hold them."""


def run(workspace: Workspace, progress: Progress) -> Done:
    """Finish the run that was interrupted, or do a new one.

    Raises AppError where another run is under way, where a setting is wrong, or where a store cannot write.
    """
    with _alone(workspace.state), _fewer_collections():
        records = workspace.stores.records
        workspace.catalogue  # noqa: B018  # what the program names wrongly is said before anything is asked
        open_runs = [
            each
            for each in records.runs()
            if each.state is RunState.RUNNING and each.kind is RunKind.COLLECTION
        ]
        resumed = bool(open_runs)
        run_id = open_runs[-1].id if open_runs else _new_id(datetime.now(UTC))
        try:
            results = run_durably(workspace, run_id, progress)
        except (StoreError, JobEngineError, OSError) as error:
            raise AppError(
                f"The run stopped: {str(error).rstrip('.')}. What was collected is kept; put it right and run again, and the run resumes."
            ) from error
        done = records.run(run_id)
        assert done is not None
        return Done(run=done, resumed=resumed, results=results)


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
def _alone(state: Path) -> Iterator[None]:
    descriptor = os.open(state / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip()
            raise AppError(
                f"Another run is under way here (process {holder or 'unknown'}). Wait for it, or stop it; a stopped run resumes."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
