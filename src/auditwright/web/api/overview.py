"""Where the organization stands: in figures, what needs attention, what comes next, and how fresh the evidence is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter

from auditwright.app.queries.attention import Attention, ahead, attention
from auditwright.app.queries.board import board
from auditwright.app.queries.days import ReadinessDay, readiness_days
from auditwright.app.queries.freshness import Freshness, freshness
from auditwright.app.rights import Right
from auditwright.engine.readiness import Tally
from auditwright.web.api.rows import PREFIX
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Program"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Where the organization stands as of a time."""

    organization: str
    notice: str
    """What has to be said with every answer, such as that a cloud is emulated."""
    as_of: datetime
    run: str | None
    """The newest finished run as of then; None where nothing was collected yet."""
    collected_at: datetime | None
    lapsed: bool
    """True where that run lies too far back: what was satisfied then is undetermined now."""
    criteria: Tally
    controls: Tally
    tests: Tally
    waivers_in_force: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComesNext:
    """Something that happens within the next days."""

    at: datetime
    what: str
    address: str
    """Of its page on this site."""


@router.get("/overview")
def overview(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Overview:
    """How many criteria, controls and tests have each status."""
    held = board(visit.view)
    return Overview(
        organization=visit.workspace.program.organization,
        notice=visit.workspace.program.notice,
        as_of=visit.view.as_of,
        run=held.run.id if held.run else None,
        collected_at=held.run.finished_at if held.run else None,
        lapsed=held.lapsed,
        criteria=held.criteria_tally,
        controls=held.controls_tally,
        tests=held.tests_tally,
        waivers_in_force=sum(waiver.test in held.tests for waiver in held.waivers),
    )


@router.get("/overview/attention")
def what_needs_attention(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Sequence[Attention]:
    """Every test that stops the organization from being ready, the gravest first: since when, and who owes it."""
    return attention(visit.view)


@router.get("/overview/ahead")
def what_comes(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Sequence[ComesNext]:
    """What ends or falls due within two weeks, the next first."""
    return [
        ComesNext(at=each.at, what=each.what, address=visit.link(each.path, **dict(each.parameters)))
        for each in ahead(visit.view)
    ]


@router.get("/overview/freshness")
def how_fresh(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Freshness:
    """What the newest run saw of each source and place, and what of it was declared and not observed."""
    return freshness(visit.view)


@router.get("/overview/days")
def days(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Sequence[ReadinessDay]:
    """How many criteria had each status at the end of each of the last days, the oldest first."""
    return readiness_days(visit.view)
