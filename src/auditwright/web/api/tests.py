"""Control tests, where each stands, what its runs came to, and its items."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from auditwright.app import documents
from auditwright.app.queries.board import Board, TestStanding, board
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.control_test import ControlTest, Remediation, Severity
from auditwright.core.ids import TestId
from auditwright.core.outcome import Conclusion, Observation, words_of
from auditwright.core.question import Answer, Before, Is, Question, answered
from auditwright.core.run import ResultRecord
from auditwright.engine.readiness import Status, Tally
from auditwright.web.api.rows import PREFIX, Rows, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Program"])

STATUSES = tuple(Status)
"""The worst first, as they are sorted."""

SEVERITIES = tuple(Severity)

OUTCOMES = ("satisfied", "deviation", "not applicable", "undetermined")


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRow:
    """A control test, and where it stands."""

    id: str
    title: str
    rationale: str
    severity: Severity
    controls: Sequence[str]
    populations: Sequence[str]
    """The kinds of resources that it examines."""
    status: Status
    conclusion: Conclusion | None
    """None where no run knew the test yet."""
    concluded_at: datetime | None
    items: Tally
    gaps: int
    """What hides items of its population."""
    waived_until: datetime | None
    remediation: Remediation


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """What one run came to under a test."""

    run: str
    concluded_at: datetime
    conclusion: Conclusion
    satisfied: int
    deviations: int
    not_applicable: int
    undetermined: int
    gaps: int
    waived: int | None
    document: str
    """The digest of the whole result, which is kept as evidence."""
    log_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """One item that the newest run examined, the outcome, and the evidence that it rests on."""

    item: str
    name: str
    account: str
    region: str
    outcome: str
    says: str
    evidence: Sequence[str]


FORM = ListForm(
    sorts=("id", "status", "severity", "concluded_at"),
    order=("id",),
    filters=(
        Filter(name="status", title="Status", field="word", values=tuple(Status)),
        Filter(name="severity", title="Severity", field="harm", values=tuple(Severity)),
    ),
    searched=("id", "title"),
)

RESULTS = ListForm(
    sorts=("concluded_at",),
    order=("-concluded_at",),
    filters=(
        Filter(name="conclusion", title="Conclusion", field="conclusion", values=tuple(Conclusion)),
        Filter(name="run", title="Run", field="run"),
    ),
)

ITEMS = ListForm(
    sorts=("item", "name", "outcome"),
    order=("item",),
    filters=(
        Filter(name="outcome", title="Outcome", field="outcome", values=OUTCOMES),
        Filter(name="account", title="Account", field="account"),
        Filter(name="region", title="Region", field="region"),
    ),
    searched=("item", "name", "says"),
)


@router.get("/tests", openapi_extra=asks(FORM))
def tests(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Rows[TestRow]:
    """Control tests, by id, and where each stands."""
    return listed(visit, FORM, _answer, lambda row: row)


@router.get("/tests/{test}")
def test(visit: Annotated[Visit, may(Right.READ_PROGRAM)], test: str) -> TestRow:
    """One control test, where it stands, and how to put a deviation right."""
    held = board(visit.view)
    return _row(visit.view, held, held.tests[_known(held, test)])


@router.get("/tests/{test}/results", openapi_extra=asks(RESULTS))
def results(visit: Annotated[Visit, may(Right.READ_PROGRAM)], test: str) -> Rows[ResultRow]:
    """What each run came to under a test, the newest first."""
    known = _known(board(visit.view), test)
    return listed(visit, RESULTS, partial(_results, known), _result)


@router.get("/tests/{test}/items", openapi_extra=asks(ITEMS))
def items(visit: Annotated[Visit, may(Right.READ_PROGRAM)], test: str) -> Rows[ItemRow]:
    """The items that the newest run examined, each with its outcome and its evidence."""
    known = _known(board(visit.view), test)
    return listed(visit, ITEMS, partial(_items, known), lambda row: row)


def _known(held: Board, test: str) -> TestId:
    if TestId(test) not in held.tests:
        raise HTTPException(404)
    return TestId(test)


def _answer(view: View, question: Question) -> Answer[TestRow]:
    held = board(view)
    rows = [_row(view, held, each) for each in held.tests.values()]
    return answered(rows, question, row_of=_fields, key=("id",))


def _fields(row: TestRow) -> dict[str, object]:
    return {
        "id": row.id,
        "title": row.title,
        "status": STATUSES.index(row.status),
        "word": row.status,
        "severity": SEVERITIES.index(row.severity),
        "harm": row.severity,
        "concluded_at": row.concluded_at,
    }


def _row(view: View, held: Board, standing: TestStanding) -> TestRow:
    test: ControlTest = view.workspace.catalogue.tests[standing.test]
    return TestRow(
        id=test.id,
        title=test.title,
        rationale=test.rationale,
        severity=test.severity,
        controls=[control for control in test.controls if control in held.controls],
        populations=[kind.kind for kind in test.populations],
        status=standing.status,
        conclusion=standing.conclusion,
        concluded_at=standing.concluded_at,
        items=standing.items,
        gaps=standing.gaps,
        waived_until=standing.waived_until,
        remediation=test.remediation,
    )


def _results(test: TestId, view: View, question: Question) -> Answer[ResultRecord]:
    known = (Is("test", test), Before("concluded_at", view.as_of + timedelta.resolution))
    return view.workspace.stores.records.answer(
        ResultRecord, replace(question, where=(*known, *question.where))
    )


def _result(record: ResultRecord) -> ResultRow:
    return ResultRow(
        run=record.run,
        concluded_at=record.concluded_at,
        conclusion=record.conclusion,
        satisfied=record.satisfied,
        deviations=record.deviations,
        not_applicable=record.not_applicable,
        undetermined=record.undetermined,
        gaps=record.gaps,
        waived=record.waived,
        document=record.document,
        log_index=record.seq,
    )


def _items(test: TestId, view: View, question: Question) -> Answer[ItemRow]:
    run = board(view).run
    known = (Is("run", run.id), Is("test", test)) if run else (Is("run", ""),)
    held = view.workspace.stores.records.answer(ResultRecord, Question(where=known, limit=1)).rows
    if not held:
        return Answer(rows=[], total=0)
    record = held[0]
    body = view.workspace.stores.evidence.get(record.document)
    rows = [_item(seen) for seen in documents.read(body, record).observations]
    return answered(rows, question, row_of=_item_fields, key=("item",))


def _item_fields(row: ItemRow) -> dict[str, object]:
    return {
        "item": row.item,
        "name": row.name,
        "account": row.account,
        "region": row.region,
        "outcome": row.outcome,
        "says": row.says,
    }


def _item(seen: Observation) -> ItemRow:
    outcome, says = words_of(seen.outcome)
    return ItemRow(
        item=seen.item,
        name=seen.name,
        account=seen.account,
        region=seen.region,
        outcome=outcome,
        says=says,
        evidence=seen.evidence,
    )
