"""Controls, and where each stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from auditwright.app.queries.board import Board, ControlStanding, board
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.framework import Cadence, ControlKind
from auditwright.core.ids import ControlId
from auditwright.core.question import Answer, Question, answered
from auditwright.engine.readiness import Status
from auditwright.web.api.rows import PREFIX, Rows, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Program"])


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicableControl:
    """Why a control does not concern the organization, and who approved that it says so."""

    reason: str
    approver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRow:
    """A control, where it stands, the criteria that it meets and the tests that test it."""

    id: str
    title: str
    statement: str
    owner_role: str
    cadence: Cadence
    kind: ControlKind
    tested_by: str
    criteria: Sequence[str]
    tests: Sequence[str]
    status: Status
    waived_until: datetime | None
    not_applicable: NotApplicableControl | None


STATUSES = tuple(Status)
"""The worst first, as they are sorted."""

FORM = ListForm(
    sorts=("id", "status", "title"),
    order=("id",),
    filters=(
        Filter(name="status", title="Status", field="word", values=tuple(Status)),
        Filter(name="cadence", title="Cadence", field="cadence", values=tuple(Cadence)),
        Filter(name="kind", title="Kind", field="kind", values=tuple(ControlKind)),
    ),
    searched=("id", "title", "statement"),
)


@router.get("/controls", openapi_extra=asks(FORM))
def controls(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Rows[ControlRow]:
    """Controls, by id, and where each stands."""
    return listed(visit, FORM, _answer, lambda row: row)


@router.get("/controls/{control}")
def control(visit: Annotated[Visit, may(Right.READ_PROGRAM)], control: str) -> ControlRow:
    """One control, where it stands, the criteria that it meets and the tests that test it."""
    held = board(visit.view)
    found = held.controls.get(ControlId(control))
    if found is None:
        raise HTTPException(404)
    return _row(held, found)


def _answer(view: View, question: Question) -> Answer[ControlRow]:
    held = board(view)
    rows = [_row(held, each) for each in held.controls.values()]
    return answered(rows, question, row_of=_fields, key=("id",))


def _fields(row: ControlRow) -> dict[str, object]:
    return {
        "id": row.id,
        "title": row.title,
        "statement": row.statement,
        "status": STATUSES.index(row.status),
        "word": row.status,
        "cadence": row.cadence,
        "kind": row.kind,
    }


def _row(held: Board, standing: ControlStanding) -> ControlRow:
    control, excluded = standing.entry.control, standing.entry.not_applicable
    return ControlRow(
        id=control.id,
        title=control.title,
        statement=control.statement,
        owner_role=control.owner_role,
        cadence=control.cadence,
        kind=control.kind,
        tested_by=control.tested_by,
        criteria=[criterion for criterion in control.criteria if criterion in held.criteria],
        tests=standing.tests,
        status=standing.status,
        waived_until=standing.waived_until,
        not_applicable=NotApplicableControl(reason=excluded.reason, approver=excluded.approver)
        if excluded
        else None,
    )
