"""Overview: what stops us from being ready, since when, who owes it, and what could not be seen."""

from typing import Annotated

from fastapi import APIRouter, Response

from auditwright.app.queries.board import board
from auditwright.app.rights import Right
from auditwright.engine.readiness import Status
from auditwright.web.visit import Visit, may

router = APIRouter()


@router.get("/")
def overview(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Response:
    """The whole organization on one page."""
    tally = board(visit.view).criteria_tally
    headline = f"{tally.count(Status.SATISFIED)} of {tally.total} criteria are satisfied"
    return visit.page("overview.html", headline=headline)
