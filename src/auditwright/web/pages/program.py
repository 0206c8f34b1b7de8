"""Criteria, controls and tests."""

from typing import Annotated

from fastapi import APIRouter, Response
from markupsafe import Markup
from starlette.exceptions import HTTPException

from auditwright.app.queries import program
from auditwright.app.queries.days import Day
from auditwright.app.queries.program import ControlRow, CriterionRow, ItemRow, TestRow
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.ids import ControlId, CriterionId, ResourceId, TestId
from auditwright.core.outcome import words_of
from auditwright.core.question import Answer, Question
from auditwright.engine.readiness import Status
from auditwright.render import remedies, words
from auditwright.render.assemble import setting_text
from auditwright.web.charts import DayMark, day_strip
from auditwright.web.listing import Cell, Column, Listing, export, exports, show
from auditwright.web.visit import Visit, may

router = APIRouter()


def _status(row: CriterionRow | ControlRow | TestRow) -> Cell:
    until = row.standing.waived_until if isinstance(row, TestRow) else row.waived_until
    return Cell(text=words.status_word(row.status, until), status=words.KINDS[row.status])


def _tested(row: CriterionRow | ControlRow) -> str:
    return f"{row.satisfied_tests} of {len(row.tests)}" if row.tests else "no test"


CRITERIA: Listing[CriterionRow] = Listing(
    path="/criteria",
    noun="criterion",
    plural="criteria",
    form=program.CRITERIA,
    answer=program.criteria,
    columns=(
        Column(
            name="criterion",
            title="Criterion",
            value=lambda row: row.id,
            cell=lambda visit, row: Cell(
                text=f"{row.id} {row.title}", href=visit.link(f"/criteria/{row.id}")
            ),
            sort="id",
        ),
        Column(name="title", title="", value=lambda row: row.title),
        Column(name="category", title="Category", value=lambda row: row.category),
        Column(
            name="status",
            title="Status",
            value=lambda row: row.status.value,
            cell=lambda _, row: _status(row),
            sort="worst",
        ),
        Column(name="controls", title="Controls", value=lambda row: len(row.controls), numeric=True),
        Column(name="tests_satisfied", title="Tests satisfied", value=_tested, numeric=True),
    ),
)

CONTROLS: Listing[ControlRow] = Listing(
    path="/controls",
    noun="control",
    form=program.CONTROLS,
    answer=program.controls,
    offered=program.controls_offered,
    columns=(
        Column(
            name="control",
            title="Control",
            value=lambda row: row.id,
            cell=lambda visit, row: Cell(
                text=f"{row.id} {row.title}", href=visit.link(f"/controls/{row.id}"), sub=row.domain
            ),
            sort="id",
        ),
        Column(name="title", title="", value=lambda row: row.title, sort="title"),
        Column(name="statement", title="", value=lambda row: row.statement),
        Column(name="owner", title="Owner", value=lambda row: row.owner, sort="owner"),
        Column(
            name="status",
            title="Status",
            value=lambda row: row.status.value,
            cell=lambda _, row: _status(row),
            sort="worst",
        ),
        Column(name="criteria", title="Criteria", value=lambda row: row.criteria),
        Column(name="tests_satisfied", title="Tests satisfied", value=_tested, numeric=True),
    ),
)


def _items_sentence(row: TestRow) -> str:
    if row.standing.conclusion is None:
        return "did not run"
    return words.test_reason_of(row.status, row.standing.items, gaps=row.standing.gaps)


TESTS: Listing[TestRow] = Listing(
    path="/tests",
    noun="test",
    form=program.TESTS,
    answer=program.tests,
    offered=program.tests_offered,
    columns=(
        Column(
            name="test",
            title="Test",
            value=lambda row: row.id,
            cell=lambda visit, row: Cell(
                text=row.title, href=visit.link(f"/tests/{row.id}"), sub=_items_sentence(row)
            ),
            sort="id",
        ),
        Column(name="title", title="", value=lambda row: row.title, sort="title"),
        Column(
            name="severity",
            title="Severity",
            value=lambda row: row.severity.value,
            cell=lambda _, row: Cell(text=row.severity.capitalize(), severity=row.severity.value),
            sort="gravest",
        ),
        Column(
            name="status",
            title="Status",
            value=lambda row: row.status.value,
            cell=lambda _, row: _status(row),
            sort="worst",
        ),
        Column(
            name="deviations",
            title="Deviations",
            value=lambda row: row.standing.items.deviation,
            sort="deviations",
            numeric=True,
        ),
        Column(name="population", title="Examines", value=lambda row: words.kind_words(row.population)),
        Column(name="controls", title="", value=lambda row: row.controls),
        Column(name="concluded_at", title="", value=lambda row: row.standing.concluded_at),
    ),
)

exports(router, CRITERIA, Right.READ_PROGRAM)
exports(router, CONTROLS, Right.READ_PROGRAM)
exports(router, TESTS, Right.READ_PROGRAM)


@router.get("/criteria")
def criteria(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Response:
    """The criteria in scope."""
    return visit.page("criteria.html", list=show(visit, CRITERIA), rows=program.criterion_rows(visit.view))


@router.get("/criteria/{criterion}")
def criterion(visit: Annotated[Visit, may(Right.READ_PROGRAM)], criterion: str) -> Response:
    """One criterion."""
    found = program.criterion_page(visit.view, CriterionId(criterion))
    if found is None:
        raise HTTPException(404)
    return visit.page("criterion.html", page=found, status_word=words.status_word)


@router.get("/controls")
def controls(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Response:
    """The controls."""
    return visit.page("controls.html", list=show(visit, CONTROLS), rows=program.control_rows(visit.view))


@router.get("/controls/{control}")
def control(visit: Annotated[Visit, may(Right.READ_PROGRAM)], control: str) -> Response:
    """One control."""
    found = program.control_page(visit.view, ControlId(control))
    if found is None:
        raise HTTPException(404)
    strips = [(each, strip(each.days), fine_days(each.days)) for each in found.tests]
    return visit.page(
        "control.html",
        page=found,
        strips=strips,
        status_word=words.status_word,
        items_sentence=_items_sentence,
    )


@router.get("/tests")
def tests(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Response:
    """The tests."""
    return visit.page("tests.html", list=show(visit, TESTS), rows=program.test_rows(visit.view))


def _items(test: TestId) -> Listing[ItemRow]:
    def answer(view: View, question: Question) -> Answer[ItemRow]:
        return program.items(view, test, question)

    return Listing(
        path=f"/tests/{test}",
        noun="item",
        form=program.ITEMS,
        answer=answer,
        columns=(
            Column(
                name="name",
                title="Item",
                value=lambda row: row.name,
                cell=lambda visit, row: Cell(
                    text=words.clipped(row.name or "(empty)", 160),
                    href=visit.link(f"/tests/{test}/item", item=row.item),
                    sub=words.clipped(row.reason, 300),
                ),
                sort="name",
            ),
            Column(name="item", title="", value=lambda row: row.item),
            Column(
                name="status",
                title="Status",
                value=lambda row: row.status.value,
                cell=lambda _, row: Cell(
                    text=words.status_word(row.status, row.waived_until), status=words.KINDS[row.status]
                ),
                sort="worst",
            ),
            Column(name="reason", title="", value=lambda row: row.reason),
            Column(name="account", title="Account", value=lambda row: row.account, sort="account"),
            Column(name="region", title="Region", value=lambda row: row.region, sort="region"),
            Column(name="waived_until", title="", value=lambda row: row.waived_until),
            Column(name="evidence", title="", value=lambda row: row.evidence),
        ),
    )


@router.get("/tests/{test}")
def test(visit: Annotated[Visit, may(Right.READ_PROGRAM)], test: str) -> Response:
    """One test, and every item that it examined."""
    wanted, suffix = _suffix(test)
    found = program.test_page(visit.view, TestId(wanted))
    if found is None:
        raise HTTPException(404)
    listing = _items(found.row.id)
    if suffix:
        return export(visit, listing, suffix)
    return visit.page(
        "test.html",
        page=found,
        list=show(visit, listing),
        strip=strip(found.days),
        fine=fine_days(found.days),
        reason=_items_sentence(found.row),
        remedy=remedies.parts,
        status_word=words.status_word,
        setting=setting_text,
    )


def _suffix(name: str) -> tuple[str, str]:
    """A test's id, and the form of the export that is asked for: no test's id ends so."""
    for suffix in ("csv", "json"):
        if name.endswith(f".{suffix}"):
            return name.removesuffix(f".{suffix}"), suffix
    return name, ""


@router.get("/tests/{test}/item")
def item(visit: Annotated[Visit, may(Right.READ_PROGRAM)], test: str, item: str = "") -> Response:
    """What a test said of one item, over time."""
    found = program.test_page(visit.view, TestId(test))
    spans = program.history(visit.view, TestId(test), ResourceId(item)) if found else ()
    if found is None or not spans:
        raise HTTPException(404)
    kinds = {"satisfied": "ok", "deviation": "bad", "not applicable": "na", "undetermined": "und"}
    told = [(span, *(words_of(span.outcome) if span.outcome else ("gone", ""))) for span in spans]
    return visit.page("test_item.html", page=found, told=told, kinds=kinds, name=spans[0].name, item=item)


def strip(days: tuple[Day, ...]) -> Markup:
    """The last days of a test, drawn."""
    marks = tuple(DayMark(day=each.day, status=each.status) for each in days)
    return day_strip(marks, label=fine_days(days))


def fine_days(days: tuple[Day, ...]) -> str:
    """The share of the days on which it ran that were satisfied, in words."""
    ran = [each for each in days if each.status is not None]
    fine = sum(each.status is Status.SATISFIED for each in ran)
    if not ran:
        return f"not run in {len(days)} days"
    return f"{fine} of {words.many(len(ran), 'day')} satisfied" + (
        f", {len(days) - len(ran)} not run" if len(ran) < len(days) else ""
    )
