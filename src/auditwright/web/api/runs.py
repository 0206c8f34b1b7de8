"""Runs: what each did, what it could not see, and starting one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from auditwright.app.errors import AppError
from auditwright.app.queries import runs
from auditwright.app.queries.runs import Course, Now, RunRow, StreamRow
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.ids import RunId
from auditwright.core.outcome import Conclusion
from auditwright.core.question import Answer, Question
from auditwright.core.run import GapRecord, ResultRecord, Run
from auditwright.web.api.rows import PREFIX, Rows, asks, listed
from auditwright.web.pages.runs import begin, halt
from auditwright.web.problems import ProblemError
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Systems"])


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run, how far it is, and what came of it."""

    run: Run
    course: Course
    jobs: int
    """Scopes that were asked."""
    gaps: int
    results: Mapping[Conclusion, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeRun:
    """A run with what each stream showed, and what every test came to."""

    summary: RunSummary
    streams: Sequence[StreamRow]
    results: Sequence[ResultRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedRun:
    """A run that was started, taken up, or told to stop."""

    run: RunId | None
    """None where it is not known yet; it is soon the newest of the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWorkNow:
    """What is at work."""

    run: RunId | None
    """The newest collection that is not finished."""
    course: Course | None
    """How that one stands; None where there is none."""
    process: str
    """Who does a run; empty where nobody does."""
    busy: bool
    problem: str
    """Why the last run of this process broke off; empty where it did not."""
    next_at: datetime | None
    """When the schedule runs next; None where nothing is scheduled, or nothing ever ran."""


@router.get("/runs", openapi_extra=asks(runs.FORM))
def rows(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Rows[RunSummary]:
    """Runs, the newest first."""
    now = _now(visit)

    def answer(view: View, question: Question) -> Answer[RunSummary]:
        found = runs.runs(view, question, now)
        return Answer(rows=[_summary(row) for row in found.rows], total=found.total)

    return listed(visit, runs.FORM, answer)


@router.post("/runs", status_code=202)
def start(visit: Annotated[Visit, may(Right.RUN)]) -> StartedRun:
    """Start a run, or take up the one that was interrupted."""
    try:
        return StartedRun(run=begin(visit, _now(visit)))
    except AppError as error:
        raise ProblemError(409, str(error)) from None


@router.get("/runs/now")
def at_work(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> AtWorkNow:
    """What is under way, who does it, and when the schedule runs next."""
    now = _now(visit)
    return AtWorkNow(
        run=now.unfinished.id if now.unfinished else None,
        course=now.course,
        process=now.process,
        busy=now.busy,
        problem=visit.site.background.problem if now.here is None else "",
        next_at=now.next_at,
    )


@router.post("/runs/stop", status_code=202)
def stop(visit: Annotated[Visit, may(Right.RUN)]) -> StartedRun:
    """Stop the run of this process after the question that is under way; whoever runs next takes it up."""
    stopped = halt(visit)
    if stopped is None:
        raise ProblemError(409, "This process runs nothing.")
    return StartedRun(run=stopped.run)


@router.get("/runs/{run}")
def one(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], run: str) -> WholeRun:
    """One run, what each stream showed, and what every test came to."""
    found = None if "\0" in run else runs.run_page(visit.view, RunId(run), _now(visit))
    if found is None:
        raise HTTPException(404)
    return WholeRun(summary=_summary(found.row), streams=found.streams, results=found.results)


@router.get("/runs/{run}/gaps", openapi_extra=asks(runs.GAPS_FORM))
def gaps(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], run: str) -> Rows[GapRecord]:
    """What a run could not see, why, and what to do about it."""
    found = None if "\0" in run else runs.run_page(visit.view, RunId(run), _now(visit))
    if found is None:
        raise HTTPException(404)
    known = found.row.run.id
    return listed(visit, runs.GAPS_FORM, lambda view, question: runs.gaps_of(view, known, question))


def _now(visit: Visit) -> Now:
    return runs.what_is_at_work(visit.view, visit.site.background.at_work())


def _summary(row: RunRow) -> RunSummary:
    return RunSummary(run=row.run, course=row.course, jobs=row.jobs, gaps=row.gaps, results=row.results)
