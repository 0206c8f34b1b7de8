"""Criteria, and where each stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from auditwright.app.queries.board import CriterionStanding, board
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.ids import CriterionId
from auditwright.core.question import Answer, Question, answered
from auditwright.engine.readiness import Status
from auditwright.web.api.rows import PREFIX, Rows, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Program"])


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionRow:
    """A criterion, where it stands, and the controls that meet it."""

    id: str
    category: str
    group: str
    title: str
    meaning: str
    typical_evidence: str
    status: Status
    controls: Sequence[str]
    not_applicable: Sequence[str]
    """Controls that would meet it and do not concern the organization."""
    waived_until: datetime | None
    """When the first waiver below it ends."""


STATUSES = tuple(Status)
"""The worst first, as they are sorted."""

FORM = ListForm(
    sorts=("id", "status", "category"),
    order=(),
    filters=(
        Filter(name="status", title="Status", field="word", values=tuple(Status)),
        Filter(name="category", title="Category", field="category"),
        Filter(name="group", title="Group", field="group"),
    ),
    searched=("id", "title", "meaning"),
)


@router.get("/criteria", openapi_extra=asks(FORM))
def criteria(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Rows[CriterionRow]:
    """Criteria in scope, in the framework's order, and where each stands."""
    return listed(visit, FORM, _answer, lambda row: row)


@router.get("/criteria/{criterion}")
def criterion(visit: Annotated[Visit, may(Right.READ_PROGRAM)], criterion: str) -> CriterionRow:
    """One criterion, where it stands, and the controls that meet it."""
    found = board(visit.view).criteria.get(CriterionId(criterion))
    if found is None:
        raise HTTPException(404)
    return _row(found)


def _answer(view: View, question: Question) -> Answer[CriterionRow]:
    rows = [_row(each) for each in board(view).criteria.values()]
    return answered(rows, question, row_of=_fields, key=("id",))


def _fields(row: CriterionRow) -> dict[str, object]:
    return {
        "id": row.id,
        "title": row.title,
        "meaning": row.meaning,
        "category": row.category,
        "group": row.group,
        "status": STATUSES.index(row.status),
        "word": row.status,
    }


def _row(held: CriterionStanding) -> CriterionRow:
    return CriterionRow(
        id=held.criterion.id,
        category=held.criterion.category,
        group=held.criterion.group,
        title=held.criterion.title,
        meaning=held.criterion.meaning,
        typical_evidence=held.criterion.typical_evidence,
        status=held.status,
        controls=held.controls,
        not_applicable=held.not_applicable,
        waived_until=held.waived_until,
    )
