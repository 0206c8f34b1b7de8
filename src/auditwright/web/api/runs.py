"""Runs: what each did, and what it could not see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.evidence import GapReason
from auditwright.core.ids import RunId
from auditwright.core.question import Answer, Before, Question
from auditwright.core.run import GapRecord, Run, RunKind, RunState
from auditwright.web.api.rows import PREFIX, Rows, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Systems"])


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run, and how far it is."""

    id: str
    kind: RunKind
    state: RunState
    started_at: datetime
    finished_at: datetime | None
    planned: int | None
    """How many jobs it has, once that is known."""
    program_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """What a run could not see, why, and what to do about it."""

    stream: str
    source: str
    account: str
    region: str
    operation: str
    subject: str
    reason: GapReason
    detail: str
    remedy: str
    hides_items: bool
    at: datetime
    log_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeRun:
    """A run with what it could not see."""

    run: RunRow
    finished_jobs: int
    gaps: Sequence[GapRow]


FORM = ListForm(
    sorts=("started_at", "finished_at"),
    order=("-started_at",),
    filters=(
        Filter(name="kind", title="Kind", field="kind", values=tuple(RunKind)),
        Filter(name="state", title="State", field="state", values=tuple(RunState)),
    ),
    searched=("id",),
)


@router.get("/runs", openapi_extra=asks(FORM))
def runs(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Rows[RunRow]:
    """Runs, the newest first."""
    return listed(visit, FORM, _answer, _row)


@router.get("/runs/{run}")
def one(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], run: str) -> WholeRun:
    """One run, how far it is, and what it could not see."""
    records = visit.workspace.stores.records
    found = None if "\0" in run else records.run(RunId(run))
    if found is None or found.started_at > visit.view.as_of:
        raise HTTPException(404)
    return WholeRun(
        run=_row(found),
        finished_jobs=len(records.jobs(found.id)),
        gaps=[_gap(each) for each in records.gaps(found.id)],
    )


def _answer(view: View, question: Question) -> Answer[Run]:
    begun = Before("started_at", view.as_of + timedelta.resolution)
    return view.workspace.stores.records.answer(Run, replace(question, where=(begun, *question.where)))


def _row(run: Run) -> RunRow:
    return RunRow(
        id=run.id,
        kind=run.kind,
        state=run.state,
        started_at=run.started_at,
        finished_at=run.finished_at,
        planned=run.planned,
        program_sha256=run.program_sha256,
    )


def _gap(record: GapRecord) -> GapRow:
    gap = record.gap
    return GapRow(
        stream=gap.stream,
        source=gap.scope.source,
        account=gap.scope.account,
        region=gap.scope.region,
        operation=gap.operation,
        subject=gap.subject,
        reason=gap.reason,
        detail=gap.detail,
        remedy=gap.remedy,
        hides_items=gap.hides_items,
        at=gap.at,
        log_index=record.seq,
    )
