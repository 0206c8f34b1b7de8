"""How many criteria, controls and tests have each status."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter

from auditwright.app.queries.board import board
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
