"""Durable runs: a run is a DBOS workflow that resumes from its last finished step.

DBOS gives the queue, the threads and the recovery after a crash. What makes a step safe to repeat is
ours: a job that the records hold as finished is not asked again, and a run that is finished is not
concluded again. So whatever DBOS repeats, nothing is doubled.

This module imports DBOS; import it only where a run is about to start.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import TypeAlias

from dbos import DBOS, DBOSClient, DBOSConfig, SetWorkflowID, WorkflowHandle
from dbos._error import DBOSException  # the base class has no public name
from sqlalchemy.exc import SQLAlchemyError

from auditwright import __version__
from auditwright.app.collecting import begin, collect, plan, target_from_json, target_to_json
from auditwright.app.concluding import conclude
from auditwright.app.sealing import seal
from auditwright.app.workspace import Workspace, database_url
from auditwright.core.ids import RunId
from auditwright.core.integration import Target
from auditwright.core.log import iso, parse_iso
from auditwright.core.outcome import Result
from auditwright.core.run import RunState

JOBS_FILE = "jobs.db"

QUEUE = "collect"

WORKERS = 6
"""Scopes collected at the same time: sources answer slowly, and each is asked by few threads of ours."""

POLLING_S = 0.05
"""How often the queue and the results are looked at; DBOS's default of a second would be most of a small run."""

APPLICATION = "auditwright"
"""Whose the queue and the workflows are in the jobs' database, which may be shared with others."""

ENDED = {"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"}
"""The states in which DBOS does no more; a workflow in any other is, or will be, taken up by DBOS itself."""

JobTarget: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a run tells whoever watches it. Called from several threads."""

    planned: Callable[[int], None]
    """How many targets there are."""
    collected: Callable[[str, int], None]
    """A target was asked: its name, and the number of gaps."""
    stage: Callable[[str], None]
    """What begins now."""
    begun: Callable[[RunId], None] = lambda _: None
    """Which run it is."""
    goes_on: Callable[[], bool] = lambda: True
    """Asked before each target: False ends the collection there. What was answered is kept, and the run resumes."""


class JobEngineError(Exception):
    """The engine of the jobs, or its database, failed; the message says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    workspace: Workspace
    progress: Progress
    concluded: list[Result]
    """What this process concluded: results are kept in the stores, and too large for the records of the jobs."""


_session: _Session | None = None
_session_lock = threading.Lock()


def _current() -> _Session:
    assert _session is not None, "a step ran outside of `run_durably`"
    return _session


@DBOS.step()
def _begin(run: str) -> str:
    session = _current()
    known = session.workspace.stores.records.run(RunId(run))
    at = known.started_at if known else datetime.now(UTC)
    begin(session.workspace, RunId(run), at)
    return iso(at)


@DBOS.step()
def _plan(run: str, at: str) -> list[list[JobTarget]]:
    session = _current()
    session.progress.stage("Finding accounts and regions")
    groups = plan(session.workspace, RunId(run), parse_iso(at)).groups
    return [[target_to_json(target) for target in group] for group in groups]


@DBOS.step()
def _collect(run: str, targets: list[JobTarget]) -> bool:
    # One step for a scope: within it, the records already know which targets are done.
    session = _current()

    def told(target: Target, gaps: int) -> None:
        session.progress.collected(f"{target.stream} {target.scope}", gaps)

    found = [target_from_json(target) for target in targets]
    goes_on = session.progress.goes_on
    collect(session.workspace, RunId(run), takewhile(lambda _: goes_on(), found), told=told)
    return goes_on()


@DBOS.step()
def _now() -> str:
    return iso(datetime.now(UTC))


@DBOS.step()
def _conclude(run: str, at: str) -> None:
    session = _current()
    session.progress.stage("Testing")
    session.concluded[:] = conclude(session.workspace, RunId(run), parse_iso(at))


@DBOS.step()
def _seal(at: str) -> None:
    session = _current()
    session.progress.stage("Sealing the log")
    seal(session.workspace, parse_iso(at), warn=session.progress.stage)


@DBOS.workflow()
def _collect_scope(run: str, targets: list[JobTarget]) -> bool:
    return _collect(run, targets)


@DBOS.workflow()
def _run(run: str) -> None:
    groups = _plan(run, _begin(run))
    _current().progress.planned(sum(len(group) for group in groups))
    handles = [DBOS.enqueue_workflow(QUEUE, _collect_scope, run, group) for group in groups]
    whole = [handle.get_result(polling_interval_sec=POLLING_S) for handle in handles]
    if not all(whole):
        return  # stopped: the records say what is done, and the next attempt asks the rest
    at = _now()
    _conclude(run, at)
    _seal(at)


def run_durably(workspace: Workspace, run: RunId, progress: Progress) -> Sequence[Result]:
    """Do a run, or what is left of it; raises what stopped it.

    Returns when it is finished, or was stopped: its results, or none where an earlier process concluded them.
    """
    global _session  # noqa: PLW0603  # DBOS calls the steps; they have no other way to the open stores
    with _session_lock:
        session = _Session(workspace=workspace, progress=progress, concluded=[])
        _session = session
        try:
            with _engine(workspace.state):
                _work_through(run)
                while progress.goes_on() and not _is_finished(workspace, run):
                    # An attempt that was stopped, and then killed before it was cleared away: this one goes on.
                    _work_through(run)
        except (DBOSException, SQLAlchemyError) as error:
            first = str(error).partition("\n")[0]
            raise JobEngineError(
                f"the jobs' database {_database(workspace.state)} failed: {first}"
            ) from error
        finally:
            _session = None
    return session.concluded


def _work_through(run: RunId) -> None:
    handle = _taken_up(run)
    handle.get_result()
    # The records hold what a finished run did; the queue's own rows would only grow.
    DBOS.delete_workflow(handle.workflow_id, delete_children=True)


def _is_finished(workspace: Workspace, run: RunId) -> bool:
    held = workspace.stores.records.run(run)
    return held is not None and held.state is RunState.FINISHED


def _taken_up(run: RunId) -> WorkflowHandle[None]:
    """The workflow of a run: the one that DBOS recovers after a crash, or a new attempt after an error."""
    attempt = 1
    while status := DBOS.get_workflow_status(f"{run}.{attempt}"):
        if status.status not in ENDED and status.app_version == __version__:
            return DBOS.retrieve_workflow(f"{run}.{attempt}")
        if status.status not in ENDED:
            # DBOS leaves to each version its own workflows; this version does the run anew from the records.
            DBOS.cancel_workflow(f"{run}.{attempt}")
        attempt += 1
    with SetWorkflowID(f"{run}.{attempt}"):
        return DBOS.start_workflow(_run, run)


def _database(state: Path) -> str:
    # The address of another database may hold a password.
    return "named by AUDITWRIGHT_DATABASE_URL" if database_url() else str(state / JOBS_FILE)


@contextmanager
def _engine(state: Path) -> Iterator[None]:
    url = database_url() or f"sqlite:///{state / JOBS_FILE}"
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": url,
        "application_version": __version__,
        "executor_id": "local",
        "log_level": "CRITICAL",
        "console_log_level": "CRITICAL",
        "enable_otlp": False,
        # A thread that sleeps this long is waited for at the end.
        "notification_listener_polling_interval_sec": POLLING_S,
    }
    DBOS(config=config)
    try:
        _register_queue(url)
        DBOS.launch()
        yield
    finally:
        DBOS.destroy()


def _register_queue(url: str) -> None:
    """Make the queue before DBOS is launched, which then looks for queues at once, and afterwards once a second."""
    DBOS.migrate(url)
    client = DBOSClient(system_database_url=url, application_name=APPLICATION)
    try:
        client.register_queue(QUEUE, worker_concurrency=WORKERS, polling_interval_sec=POLLING_S)
    finally:
        client.destroy()
