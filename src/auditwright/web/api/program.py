"""Criteria, controls and tests: where each stands, what runs came to, and what was examined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException

from auditwright.app.queries import program, waivers
from auditwright.app.queries.board import board
from auditwright.app.queries.days import Day
from auditwright.app.queries.program import ControlRow, CriterionPage, CriterionRow, ItemRow, TestRow
from auditwright.app.rights import Right
from auditwright.app.waiving import MAX_ITEMS
from auditwright.core.control_test import Remediation, Setting
from auditwright.core.evidence import Gap
from auditwright.core.ids import ControlId, CriterionId, ResourceId, TestId
from auditwright.core.run import EvidenceRecord, ResultRecord
from auditwright.core.waiver import Waiver
from auditwright.web.api.findings import Said, said
from auditwright.web.api.rows import PREFIX, Line, Rows, Text, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Program"])


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeControl:
    """A control, the criteria that it meets, its tests, and the waivers and evidence of what they examine."""

    row: ControlRow
    not_applicable: str
    """Why it does not concern the organization; empty where it does."""
    criteria: Sequence[CriterionRow]
    tests: Sequence[TestRow]
    waivers: Sequence[Waiver]
    evidence: Sequence[EvidenceRecord]
    """The newest of what its tests examine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeTest:
    """A control test, its last days, how to put a deviation right, and what hides items from it."""

    row: TestRow
    settings: Mapping[str, Setting]
    """As the organization set them, or else by default."""
    days: Sequence[Day]
    """Where it stood on each of the last days, the oldest first."""
    remediation: Remediation
    gaps: Sequence[Gap]
    controls: Sequence[ControlRow]
    waivers: Sequence[Waiver]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredItems:
    """What ids and patterns stand for in the newest run."""

    items: Sequence[ResourceId]
    """The items among them that deviate."""
    deviating: int
    """Items that deviate in all."""
    examined: int
    ran: bool
    """False where the test has not run, so that nothing can be said."""


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
        evidence=found.evidence,
    )


@router.get("/tests", openapi_extra=asks(program.TESTS))
def tests(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Rows[TestRow]:
    """Control tests, the worst first, and where each stands."""
    return listed(visit, program.TESTS, program.tests)


@router.get("/tests/{test}")
def test(visit: Annotated[Visit, may(Right.READ_PROGRAM)], test: str) -> WholeTest:
    """One control test, its last days, how to put a deviation right, and what hides items from it."""
    found = program.test_page(visit.view, TestId(test))
    if found is None:
        raise HTTPException(404)
    return WholeTest(
        row=found.row,
        settings=found.settings,
        days=found.days,
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


@router.get("/tests/{test}/item")
def item(visit: Annotated[Visit, may(Right.READ_PROGRAM)], test: str, item: Text) -> Sequence[Said]:
    """What a test said of one item over time, the newest first."""
    spans = program.history(visit.view, _known(visit, test), ResourceId(item))
    if not spans:
        raise HTTPException(404)
    return [said(span) for span in spans]


@router.get("/tests/{test}/covered")
def covered(
    visit: Annotated[Visit, may(Right.READ_PROGRAM)],
    test: str,
    items: Annotated[list[Line], Query(min_length=1, max_length=MAX_ITEMS)],
) -> CoveredItems:
    """What a waiver of ids and patterns would cover now: the items among them that deviate."""
    found = waivers.covered(visit.view, _known(visit, test), items)
    return CoveredItems(
        items=[each.item for each in found.items],
        deviating=found.deviating,
        examined=found.examined,
        ran=found.ran,
    )


def _known(visit: Visit, test: str) -> TestId:
    if TestId(test) not in board(visit.view).tests:
        raise HTTPException(404)
    return TestId(test)
