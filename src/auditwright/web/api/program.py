"""Criteria, controls and tests: where each stands, what runs came to, and what was examined."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from auditwright.app.queries import program
from auditwright.app.queries.board import board
from auditwright.app.queries.program import ControlRow, CriterionPage, CriterionRow, ItemRow, TestRow
from auditwright.app.rights import Right
from auditwright.core.control_test import Remediation
from auditwright.core.evidence import Gap
from auditwright.core.ids import ControlId, CriterionId, TestId
from auditwright.core.run import ResultRecord
from auditwright.core.waiver import Waiver
from auditwright.web.api.rows import PREFIX, Rows, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Program"])


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeControl:
    """A control, the criteria that it meets, its tests, and the waivers in force on what they examine."""

    row: ControlRow
    not_applicable: str
    """Why it does not concern the organization; empty where it does."""
    criteria: Sequence[CriterionRow]
    tests: Sequence[TestRow]
    waivers: Sequence[Waiver]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeTest:
    """A control test, how to put a deviation right, what hides items from it, and the waivers in force."""

    row: TestRow
    remediation: Remediation
    gaps: Sequence[Gap]
    controls: Sequence[ControlRow]
    waivers: Sequence[Waiver]


@router.get("/criteria", openapi_extra=asks(program.CRITERIA))
def criteria(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Rows[CriterionRow]:
    """Criteria in scope, in the framework's order, and where each stands."""
    return listed(visit, program.CRITERIA, program.criteria)


@router.get("/criteria/{criterion}")
def criterion(visit: Annotated[Visit, may(Right.READ_PROGRAM)], criterion: str) -> CriterionPage:
    """One criterion, the controls that meet it, and their tests."""
    found = program.criterion_page(visit.view, CriterionId(criterion))
    if found is None:
        raise HTTPException(404)
    return found


@router.get("/controls", openapi_extra=asks(program.CONTROLS))
def controls(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Rows[ControlRow]:
    """Controls, and where each stands."""
    return listed(visit, program.CONTROLS, program.controls)


@router.get("/controls/{control}")
def control(visit: Annotated[Visit, may(Right.READ_PROGRAM)], control: str) -> WholeControl:
    """One control, the criteria that it meets, and its tests."""
    found = program.control_page(visit.view, ControlId(control))
    if found is None:
        raise HTTPException(404)
    excluded = found.standing.entry.not_applicable
    return WholeControl(
        row=found.row,
        not_applicable=excluded.reason if excluded else "",
        criteria=found.criteria,
        tests=[each.row for each in found.tests],
        waivers=found.waivers,
    )


@router.get("/tests", openapi_extra=asks(program.TESTS))
def tests(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Rows[TestRow]:
    """Control tests, the worst first, and where each stands."""
    return listed(visit, program.TESTS, program.tests)


@router.get("/tests/{test}")
def test(visit: Annotated[Visit, may(Right.READ_PROGRAM)], test: str) -> WholeTest:
    """One control test, how to put a deviation right, and what hides items from it."""
    found = program.test_page(visit.view, TestId(test))
    if found is None:
        raise HTTPException(404)
    return WholeTest(
        row=found.row,
        remediation=found.test.remediation,
        gaps=found.gaps,
        controls=found.controls,
        waivers=found.waivers,
    )


@router.get("/tests/{test}/results", openapi_extra=asks(program.RESULTS))
def results(visit: Annotated[Visit, may(Right.READ_PROGRAM)], test: str) -> Rows[ResultRecord]:
    """What each run came to under a test, the newest first."""
    return listed(visit, program.RESULTS, partial(program.results, test=_known(visit, test)))


@router.get("/tests/{test}/items", openapi_extra=asks(program.ITEMS))
def items(visit: Annotated[Visit, may(Right.READ_PROGRAM)], test: str) -> Rows[ItemRow]:
    """What the newest run examined under a test, the worst first, each with its evidence."""
    known = _known(visit, test)
    return listed(visit, program.ITEMS, lambda view, question: program.items(view, known, question))


def _known(visit: Visit, test: str) -> TestId:
    if TestId(test) not in board(visit.view).tests:
        raise HTTPException(404)
    return TestId(test)
