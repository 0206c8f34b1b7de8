"""Waivers: the list, asking for one, deciding as another person, and ending one before its time."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException

from auditwright.app import waiving
from auditwright.app.queries import waivers
from auditwright.app.queries.waivers import WaiverRow
from auditwright.app.rights import Right
from auditwright.app.waiving import AskingError, Ruling, WaivingError, Wish
from auditwright.core.act import Decision
from auditwright.core.ids import TestId, WaiverId
from auditwright.web.api.rows import PREFIX, Line, Rows, Text, asks, listed
from auditwright.web.forms import beginning_of
from auditwright.web.problems import ProblemError, refused
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Findings and waivers"])


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedWaiver:
    """A waiver that is asked for."""

    test: Line
    items: Annotated[list[Line], Query(min_length=1, max_length=waiving.MAX_ITEMS)]
    """Ids of items, or patterns of them."""
    reason: Annotated[Text, Query(min_length=1, max_length=waiving.MAX_REASON)]
    ends: date
    """From the beginning of this day on it no longer counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDecision:
    """What is decided of a request."""

    approve: bool
    note: Annotated[Text, Query(max_length=waiving.MAX_REASON)] = ""
    """Why it is declined, or what the approver adds."""


@router.get("/waivers", openapi_extra=asks(waivers.WAIVERS))
def rows(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Rows[WaiverRow]:
    """Waivers of the program folder and those that people asked for; what waits for somebody comes first."""
    return listed(visit, waivers.WAIVERS, waivers.waivers)


@router.get("/waivers/{waiver}")
def one(visit: Annotated[Visit, may(Right.READ_PROGRAM)], waiver: str) -> WaiverRow:
    """One waiver."""
    return _row(visit, waiver)


@router.post("/waivers", status_code=201)
def ask(visit: Annotated[Visit, may(Right.ASK_WAIVERS)], wanted: WantedWaiver) -> WaiverRow:
    """Ask for a waiver, which counts once another person approved it."""
    wish = Wish(
        test=TestId(wanted.test),
        items=tuple(dict.fromkeys(item.strip() for item in wanted.items if item.strip())),
        reason=wanted.reason,
        ends_at=beginning_of(wanted.ends),
    )
    try:
        request = waiving.ask(visit.workspace, visit.actor, wish, visit.now)
    except AskingError as error:
        raise refused(error.problems) from None
    return _row(visit, request.id)


@router.post("/waivers/{waiver}/decision")
def decide(
    visit: Annotated[Visit, may(Right.DECIDE_WAIVERS)], waiver: str, wanted: WantedDecision
) -> WaiverRow:
    """Approve what another person asked for, or decline it; the first decision stands."""
    row = _row(visit, waiver)
    decision = Decision.APPROVED if wanted.approve else Decision.DECLINED
    try:
        waiving.decide(
            visit.workspace,
            visit.actor,
            Ruling(request=row.id, decision=decision, note=wanted.note),
            visit.now,
        )
    except WaivingError as error:
        raise ProblemError(409, str(error)) from None
    return _row(visit, waiver)


@router.post("/waivers/{waiver}/end")
def end(visit: Annotated[Visit, may(Right.DECIDE_WAIVERS)], waiver: str) -> WaiverRow:
    """End a waiver before its time, for good."""
    row = _row(visit, waiver)
    try:
        waiving.end(visit.workspace, visit.actor, row.id, visit.now)
    except WaivingError as error:
        raise ProblemError(409, str(error)) from None
    return _row(visit, waiver)


def _row(visit: Visit, waiver: str) -> WaiverRow:
    found = waivers.waiver_row(visit.view, WaiverId(waiver))
    if found is None:
        raise HTTPException(404)
    return found
