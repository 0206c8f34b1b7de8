"""Criteria, controls and tests as lists and as pages of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from auditwright.app import documents
from auditwright.app.erased import document_of, tombstones
from auditwright.app.queries.board import Board, ControlStanding, TestStanding, board
from auditwright.app.queries.days import Day, days_of
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.view import View
from auditwright.app.registry import streams
from auditwright.core.control_test import ControlTest, Setting, Severity
from auditwright.core.evidence import Gap
from auditwright.core.framework import Criterion
from auditwright.core.ids import ControlId, CriterionId, ResourceId, TestId
from auditwright.core.outcome import Conclusion, Observation, Result, words_of
from auditwright.core.ports import ObservedSpan
from auditwright.core.question import Answer, AnyOf, Before, Is, Question, answered
from auditwright.core.run import EvidenceRecord, ResultRecord
from auditwright.core.waiver import Waiver
from auditwright.engine.readiness import Status, item_status, waiver_in_force
from auditwright.render.assemble import with_settings

STATUSES = tuple(status.value for status in Status)

SEVERITIES = tuple(severity.value for severity in reversed(Severity))

CRITERIA = ListForm(
    sorts=("id", "worst"),
    order=("place",),
    filters=(
        Filter(name="status", title="Status", field="status", values=STATUSES),
        Filter(name="category", title="Category", field="category"),
    ),
    searched=("id", "title", "meaning"),
)

CONTROLS = ListForm(
    sorts=("id", "title", "owner", "worst"),
    order=("place",),
    filters=(
        Filter(name="status", title="Status", field="status", values=STATUSES),
        Filter(name="domain", title="Domain", field="domain"),
        Filter(name="owner", title="Owner", field="owner"),
    ),
    searched=("id", "title", "statement", "owner"),
)

TESTS = ListForm(
    sorts=("id", "title", "gravest", "worst", "deviations"),
    order=("worst", "gravest", "id"),
    filters=(
        Filter(name="status", title="Status", field="status", values=STATUSES),
        Filter(name="severity", title="Severity", field="severity", values=SEVERITIES),
        Filter(name="subject", title="Subject", field="subject"),
    ),
    searched=("id", "title", "rationale"),
)

ITEMS = ListForm(
    sorts=("name", "worst", "account", "region"),
    order=("worst",),
    filters=(
        Filter(name="status", title="Status", field="status", values=STATUSES),
        Filter(name="account", title="Account", field="account"),
    ),
    searched=("name", "item", "reason"),
)

RESULTS = ListForm(
    sorts=("concluded_at",),
    order=("-concluded_at",),
    filters=(
        Filter(name="conclusion", title="Conclusion", field="conclusion", values=tuple(Conclusion)),
        Filter(name="run", title="Run", field="run"),
    ),
)

_WORST = list(Status)
_GRAVEST = list(reversed(Severity))


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionRow:
    """A criterion as a list shows it."""

    place: int
    id: CriterionId
    title: str
    meaning: str
    category: str
    group: str
    status: Status
    waived_until: datetime | None
    controls: tuple[ControlId, ...]
    tests: tuple[TestId, ...]
    satisfied_tests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRow:
    """A control as a list shows it."""

    place: int
    id: ControlId
    title: str
    statement: str
    owner: str
    domain: str
    status: Status
    waived_until: datetime | None
    criteria: tuple[CriterionId, ...]
    tests: tuple[TestId, ...]
    satisfied_tests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRow:
    """A test as a list shows it."""

    id: TestId
    title: str
    rationale: str
    subject: str
    severity: Severity
    population: str
    controls: tuple[ControlId, ...]
    standing: TestStanding

    @property
    def status(self) -> Status:
        """Where it stands."""
        return self.standing.status


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """One item that a test examined."""

    item: ResourceId
    name: str
    account: str
    region: str
    status: Status
    reason: str
    waived_until: datetime | None
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionPage:
    """One criterion: what it asks, and how it is met."""

    row: CriterionRow
    criterion: Criterion
    controls: tuple[ControlRow, ...]
    not_applicable: tuple[ControlRow, ...]
    tests: tuple[TestRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOfControl:
    """A test under its control, with its last days."""

    row: TestRow
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPage:
    """One control: what it says, how it is tested, and what that showed."""

    row: ControlRow
    standing: ControlStanding
    tests: tuple[TestOfControl, ...]
    criteria: tuple[CriterionRow, ...]
    waivers: tuple[Waiver, ...]
    evidence: tuple[EvidenceRecord, ...]
    """The newest evidence of what its tests examine, as far as the newest run kept it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPage:
    """One test: what it asks, and what the newest run came to."""

    row: TestRow
    test: ControlTest
    settings: Mapping[str, Setting]
    days: tuple[Day, ...]
    gaps: tuple[Gap, ...]
    controls: tuple[ControlRow, ...]
    waivers: tuple[Waiver, ...]


def criteria(view: View, question: Question) -> Answer[CriterionRow]:
    """The criteria in scope."""
    return answered(criterion_rows(view), question, value=_field, key=("place",))


def controls(view: View, question: Question) -> Answer[ControlRow]:
    """The controls that meet the criteria in scope, and those that were said not to apply."""
    return answered(control_rows(view), question, value=_field, key=("place",))


def tests(view: View, question: Question) -> Answer[TestRow]:
    """The tests of those controls."""
    return answered(test_rows(view), question, value=_field, key=("id",))


def controls_offered(view: View) -> Mapping[str, tuple[str, ...]]:
    """What controls can be narrowed by."""
    rows = control_rows(view)
    return {
        "domain": tuple(dict.fromkeys(row.domain for row in rows)),
        "owner": tuple(sorted({row.owner for row in rows})),
    }


def tests_offered(view: View) -> Mapping[str, tuple[str, ...]]:
    """What tests can be narrowed by."""
    return {"subject": tuple(sorted({row.subject for row in test_rows(view)}))}


def _field(row: CriterionRow | ControlRow | TestRow, name: str) -> object:
    """A field as a list asks for it: a status by its word, `worst` and `gravest` by rank."""
    match name:
        case "status":
            return row.status.value
        case "worst":
            return _WORST.index(row.status)
        case "gravest":
            assert isinstance(row, TestRow)
            return _GRAVEST.index(row.severity)
        case "severity":
            assert isinstance(row, TestRow)
            return row.severity.value
        case "deviations":
            assert isinstance(row, TestRow)
            return row.standing.items.deviation
        case _:
            return getattr(row, name)


def criterion_rows(view: View) -> Sequence[CriterionRow]:
    """Every criterion that may be seen, in the framework's order."""
    held = board(view)
    rows: list[CriterionRow] = []
    for place, each in enumerate(held.criteria.values()):
        its_tests = tuple(
            dict.fromkeys(test for control in each.controls for test in held.controls[control].tests)
        )
        rows.append(
            CriterionRow(
                place=place,
                id=each.criterion.id,
                title=each.criterion.title,
                meaning=each.criterion.meaning,
                category=each.criterion.category,
                group=each.criterion.group,
                status=each.status,
                waived_until=each.waived_until,
                controls=each.controls,
                tests=its_tests,
                satisfied_tests=_satisfied(held, its_tests),
            )
        )
    return rows


def control_rows(view: View) -> Sequence[ControlRow]:
    """Every control that may be seen, in the library's order."""
    held = board(view)
    titles = {domain.prefix: domain.title for domain in view.workspace.catalogue.library.domains}
    rows: list[ControlRow] = []
    for place, each in enumerate(held.controls.values()):
        control = each.entry.control
        rows.append(
            ControlRow(
                place=place,
                id=control.id,
                title=control.title,
                statement=control.statement,
                owner=control.owner_role,
                domain=titles.get(control.domain, control.domain),
                status=each.status,
                waived_until=each.waived_until,
                criteria=tuple(each for each in control.criteria if each in held.criteria),
                tests=each.tests,
                satisfied_tests=_satisfied(held, each.tests),
            )
        )
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTest:
    """A test by its id, and its title with the values of its settings."""

    id: TestId
    title: str


def named(view: View, test: ControlTest) -> NamedTest:
    """A test as a link to it reads."""
    return NamedTest(id=test.id, title=with_settings(test.title, settings_of(view, test)))


def test_rows(view: View) -> Sequence[TestRow]:
    """Every test that may be seen, by id."""
    held = board(view)
    return [test_row(view, held, test) for test in held.tests]


def test_row(view: View, held: Board, wanted: TestId) -> TestRow:
    """One test, with the values of its settings in its words."""
    test = view.workspace.catalogue.tests[wanted]
    in_force = settings_of(view, test)
    return TestRow(
        id=test.id,
        title=with_settings(test.title, in_force),
        rationale=with_settings(test.rationale, in_force),
        subject=test.id.partition(".")[0],
        severity=test.severity,
        population=" | ".join(kind.kind for kind in test.populations),
        controls=tuple(each for each in test.controls if each in held.controls),
        standing=held.tests[wanted],
    )


def settings_of(view: View, test: ControlTest) -> Mapping[str, Setting]:
    """A test's settings, as the organization set them or else by default."""
    return {**test.settings, **view.workspace.catalogue.settings_of(test)}


def _satisfied(held: Board, its_tests: Sequence[TestId]) -> int:
    return sum(held.tests[test].status is Status.SATISFIED for test in its_tests)


def criterion_page(view: View, wanted: CriterionId) -> CriterionPage | None:
    """One criterion; None where there is none that may be seen."""
    row = next((each for each in criterion_rows(view) if each.id == wanted), None)
    if row is None:
        return None
    held = board(view)
    by_id = {each.id: each for each in control_rows(view)}
    its_tests = set(row.tests)
    return CriterionPage(
        row=row,
        criterion=held.criteria[wanted].criterion,
        controls=tuple(by_id[each] for each in row.controls),
        not_applicable=tuple(by_id[each] for each in held.criteria[wanted].not_applicable),
        tests=tuple(each for each in test_rows(view) if each.id in its_tests),
    )


def control_page(view: View, wanted: ControlId) -> ControlPage | None:
    """One control; None where there is none that may be seen."""
    row = next((each for each in control_rows(view) if each.id == wanted), None)
    if row is None:
        return None
    held = board(view)
    its_tests = [each for each in test_rows(view) if each.id in row.tests]
    return ControlPage(
        row=row,
        standing=held.controls[wanted],
        tests=tuple(TestOfControl(row=each, days=days_of(view, each.id)) for each in its_tests),
        criteria=tuple(each for each in criterion_rows(view) if each.id in row.criteria),
        waivers=tuple(waiver for waiver in held.waivers if waiver.test in row.tests),
        evidence=_evidence_of(view, row.tests),
    )


SHOWN_EVIDENCE = 8
"""Evidence of a control that its page lists; the page of evidence has the rest."""


def _evidence_of(view: View, its_tests: Sequence[TestId]) -> tuple[EvidenceRecord, ...]:
    """The newest evidence that the control's tests lean on: that of the streams that emit what they examine."""
    run = board(view).run
    if run is None:
        return ()
    examined = {kind.kind for test in its_tests for kind in view.workspace.catalogue.tests[test].populations}
    emitting = tuple(
        stream.id
        for stream in streams().values()
        if examined.intersection(kind.kind for kind in stream.emits)
    )
    question = Question(
        where=(Is("run", run.id), AnyOf("stream", emitting)), order=("-seq",), limit=SHOWN_EVIDENCE
    )
    return tuple(view.workspace.stores.records.answer(EvidenceRecord, question).rows)


def test_page(view: View, wanted: TestId) -> TestPage | None:
    """One test; None where there is none that may be seen."""
    held = board(view)
    if wanted not in held.tests:
        return None
    test = view.workspace.catalogue.tests[wanted]
    result = result_of(view, wanted)
    by_id = {each.id: each for each in control_rows(view)}
    return TestPage(
        row=test_row(view, held, wanted),
        test=test,
        settings=settings_of(view, test),
        days=days_of(view, wanted),
        gaps=tuple(gap for gap in result.gaps if gap.hides_items) if result else (),
        controls=tuple(by_id[each] for each in test.controls if each in by_id),
        waivers=tuple(waiver for waiver in held.waivers if waiver.test == wanted),
    )


def result_of(view: View, test: TestId) -> Result | None:
    """What the newest run came to, with every item; None where it did not run the test."""
    run = board(view).run
    if run is None:
        return None
    records = view.workspace.stores.records.kept(ResultRecord, Is("run", run.id), Is("test", test))
    return next((_read(view, record) for record in records), None)


def _read(view: View, record: ResultRecord) -> Result:
    stores = view.workspace.stores
    document = document_of(tombstones(stores.records), record)
    return view.memo.get(
        ("result", document, record.test), lambda: documents.read(stores.evidence.get(document), record)
    )


def results(view: View, question: Question, *, test: TestId) -> Answer[ResultRecord]:
    """What each run came to under a test, up to the view's time."""
    known = (Is("test", test), Before("concluded_at", view.as_of + timedelta.resolution))
    return view.workspace.stores.records.answer(
        ResultRecord, replace(question, where=(*known, *question.where))
    )


def items(view: View, test: TestId, question: Question) -> Answer[ItemRow]:
    """What a test examined in the newest run, the worst first unless asked otherwise."""
    result = result_of(view, test)
    if result is None:
        return Answer(rows=(), total=0)
    waivers = tuple(waiver for waiver in board(view).waivers if waiver.test == test)
    key = ("items", test, result.concluded_at, tuple((waiver.id, waiver.ends_at) for waiver in waivers))
    rows = view.memo.get(key, lambda: _item_rows(view, result, waivers))
    return answered(rows, question, value=_item_field, key=("item",))


def _item_rows(view: View, result: Result, waivers: Sequence[Waiver]) -> tuple[ItemRow, ...]:
    return tuple(_item_row(view, result, seen, waivers) for seen in result.observations)


def _item_row(view: View, result: Result, seen: Observation, waivers: Sequence[Waiver]) -> ItemRow:
    waiver = waiver_in_force(waivers, result.test, seen.item, at=view.as_of) if waivers else None
    status = item_status(seen.outcome, waiver)
    return ItemRow(
        item=seen.item,
        name=seen.name,
        account=seen.account,
        region=seen.region,
        status=status,
        reason=words_of(seen.outcome)[1],
        waived_until=waiver.ends_at if waiver and status is Status.WAIVED else None,
        evidence=seen.evidence,
    )


def _item_field(row: ItemRow, name: str) -> object:
    match name:
        case "status":
            return row.status.value
        case "worst":
            return _WORST.index(row.status)
        case _:
            return getattr(row, name)


def history(view: View, test: TestId, item: ResourceId) -> Sequence[ObservedSpan]:
    """What a test said of one item, from when, the newest first; nothing later than the view."""
    said = view.workspace.stores.inventory.outcomes(item, as_of=view.as_of)
    return [span for span in reversed(said) if span.test == test]
