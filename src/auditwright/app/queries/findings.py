"""Findings: what is wrong with which item, since when, who owes it, and how it stood over time.

A list is asked of the database, a page at a time; only what its rows need of tests and waivers is added to them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from auditwright.app.queries.attention import IS_OPEN
from auditwright.app.queries.board import Board, board
from auditwright.app.queries.days import Day, days_of
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.program import SEVERITIES, TestRow, history, result_of, test_row
from auditwright.app.queries.view import View
from auditwright.app.queries.waivers import WaiverRow, waivers_naming
from auditwright.core.account import Account, Role
from auditwright.core.act import Assignment, Comment, OwedFinding
from auditwright.core.control_test import ControlTest, Severity
from auditwright.core.ids import ControlId, Digest, ResourceId, TestId
from auditwright.core.outcome import Deviation
from auditwright.core.ports import ObservedSpan
from auditwright.core.question import Answer, AnyOf, Before, Condition, Either, Is, Question
from auditwright.core.resources import ProvedAccess
from auditwright.engine.readiness import Status, item_status, waiver_in_force
from auditwright.render.paths import paths
from auditwright.render.readiness import PathView

NOBODY = "nobody"
"""The owner, in an address, of what nobody was named for."""

OPEN, CLOSED = "open", "closed"

PAST, NO_DAY = "past", "none"

MAX_PEOPLE = 500
"""Names that a form offers; whoever has more people writes the name."""

FINDINGS = ListForm(
    sorts=("gravest", "first_seen_at", "test", "name", "account", "owner", "due_at"),
    order=("gravest", "first_seen_at"),
    filters=(
        Filter(name="state", title="State", field="state", values=(OPEN, CLOSED), default=(OPEN,)),
        Filter(name="severity", title="Severity", field="severity", values=SEVERITIES),
        Filter(name="due", title="Due", field="due", values=(PAST, NO_DAY)),
        Filter(name="owner", title="Owner", field="owner"),
        Filter(name="test", title="Test", field="test"),
        Filter(name="control", title="Control", field="control"),
        Filter(name="account", title="Account", field="account"),
    ),
    searched=("what", "name", "item", "owner"),
)


class FindingState(StrEnum):
    """Where a finding stands; the worst comes first."""

    DEVIATION = "deviation"
    UNDETERMINED = "undetermined"
    """The newest run did not see it again: it is neither still there nor gone."""
    WAIVED = "waived"
    CLOSED = "closed"
    """The item was seen satisfied, or is gone from a place that was seen whole."""


KINDS: Mapping[FindingState, str] = {
    FindingState.DEVIATION: "bad",
    FindingState.UNDETERMINED: "und",
    FindingState.WAIVED: "wav",
    FindingState.CLOSED: "ok",
}
"""The shape and the color of each state (design guide 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """A finding as a list shows it."""

    test: TestId
    test_title: str
    severity: Severity
    controls: tuple[ControlId, ...]
    item: ResourceId
    name: str
    account: str
    region: str
    what: str
    state: FindingState
    waived_until: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime | None
    """None where it was seen again since the day that is looked at, and not by the newest run of then."""
    closed_at: datetime | None
    reopened: int
    owner: str
    due_at: datetime | None
    late: bool
    """True where it is open after its due date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingCounts:
    """How many findings are open."""

    total: int
    by_severity: Mapping[Severity, int]
    without_owner: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingPage:
    """One finding."""

    row: FindingRow
    test: ControlTest
    test_row: TestRow
    days: tuple[Day, ...]
    """How the item stood on each of the last days; None where the test was not run, or the item was not there."""
    spans: tuple[ObservedSpan, ...]
    """What the test said of the item, from when, the newest first."""
    evidence: tuple[Digest, ...]
    """Of what was said last."""
    waivers: tuple[WaiverRow, ...]
    """Those that name it, in whatever state."""
    assignments: tuple[Assignment, ...]
    """Who owed it until then, the newest first: the first of them counts."""
    comments: tuple[Comment, ...]
    path: PathView | None


def findings(view: View, question: Question) -> Answer[FindingRow]:
    """Findings as of the view, a page of them."""
    held = board(view)
    tests, where = _asked(view, held, question.where)
    found = _answer(view, tests, where, question)
    return Answer(rows=rows_of(view, found.rows), total=found.total)


def rows_of(view: View, found: Iterable[OwedFinding]) -> list[FindingRow]:
    """Findings with what their tests and the waivers in force say of them."""
    held = board(view)
    return [_row(view, held, each) for each in found]


def finding_counts(view: View) -> FindingCounts:
    """How many findings are open as of the view. Counted anew where something was written, or a day has passed."""
    held = board(view)
    size = view.workspace.stores.records.log_size()
    key = ("finding counts", size, view.as_of.date(), tuple(held.tests))
    return view.memo.get(key, lambda: _counted(view, held))


def _counted(view: View, held: Board) -> FindingCounts:
    records = view.workspace.stores.records
    is_open = (AnyOf("test", tuple(held.tests)), IS_OPEN)
    by_severity = dict.fromkeys(reversed(Severity), 0)
    without_owner = 0
    for (test, owner), count in records.tally(
        OwedFinding, ["test", "owner"], *is_open, as_of=view.known_at
    ).items():
        by_severity[view.workspace.catalogue.tests[TestId(str(test))].severity] += count
        without_owner += count if owner == "" else 0
    late = Question(where=(*is_open, Before("due_at", view.as_of)), limit=0)
    return FindingCounts(
        total=sum(by_severity.values()),
        by_severity=by_severity,
        without_owner=without_owner,
        late=records.answer(OwedFinding, late, as_of=view.known_at).total,
    )


def _asked(view: View, held: Board, where: Iterable[Condition]) -> tuple[set[TestId], list[Condition]]:
    """The tests whose findings are asked for, and the conditions that the database knows."""
    tests = set(held.tests)
    catalogue = view.workspace.catalogue.tests
    kept: list[Condition] = []
    for condition in where:
        match condition:
            case AnyOf("severity", values):
                tests = {test for test in tests if catalogue[test].severity in values}
            case AnyOf("control", values):
                tests = {test for test in tests if set(values).intersection(catalogue[test].controls)}
            case AnyOf("test", values):
                tests &= set(values)
            case AnyOf("state", values):
                kept += _in_state(view, values)
            case AnyOf("owner", values):
                named = tuple("" if value.casefold() == NOBODY else value for value in values)
                kept.append(AnyOf("owner", (*values, *named)))
            case AnyOf("due", values):
                kept.append(_due(view.as_of, values))
            case _:
                kept.append(condition)
    return tests, kept


def _in_state(view: View, states: Sequence[str]) -> tuple[Condition, ...]:
    if set(states) >= {OPEN, CLOSED}:
        return ()
    if OPEN in states:
        return (IS_OPEN,)
    return (Before("closed_at", view.as_of + timedelta.resolution),)


def _due(at: datetime, values: Sequence[str]) -> Condition:
    chosen: dict[str, Condition] = {PAST: Before("due_at", at), NO_DAY: Is("due_at", None)}
    return Either(tuple(chosen[value] for value in values))


def _answer(
    view: View, tests: set[TestId], where: Sequence[Condition], question: Question
) -> Answer[OwedFinding]:
    records = view.workspace.stores.records
    order = question.order or ("first_seen_at",)
    first, *others = order
    if first.removeprefix("-") != "gravest":
        of_tests = Question(
            where=(AnyOf("test", tuple(sorted(tests))), *where),
            order=tuple(each for each in order if each.removeprefix("-") != "gravest"),
            offset=question.offset,
            limit=question.limit,
        )
        return records.answer(OwedFinding, of_tests, as_of=view.known_at)
    severities = [*Severity] if first.startswith("-") else [*reversed(Severity)]
    return _by_severity(view, tests, severities, _Part(where=where, order=tuple(others), page=question))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What is asked of each severity's findings."""

    where: Sequence[Condition]
    order: tuple[str, ...]
    page: Question


def _by_severity(
    view: View, tests: set[TestId], severities: Iterable[Severity], wanted: _Part
) -> Answer[OwedFinding]:
    """The database does not know how grave a test is: each severity is asked for what the page still lacks."""
    catalogue = view.workspace.catalogue.tests
    rows: list[OwedFinding] = []
    total = 0
    for severity in severities:
        its = tuple(sorted(test for test in tests if catalogue[test].severity is severity))
        if not its:
            continue
        part = Question(
            where=(AnyOf("test", its), *wanted.where),
            order=wanted.order or ("first_seen_at",),
            offset=max(wanted.page.offset - total, 0),
            limit=wanted.page.limit - len(rows),
        )
        found = view.workspace.stores.records.answer(OwedFinding, part, as_of=view.known_at)
        rows.extend(found.rows)
        total += found.total
    return Answer(rows=rows, total=total)


def _row(view: View, held: Board, found: OwedFinding) -> FindingRow:
    test = test_row(view, held, found.test)
    waiver = waiver_in_force(held.waivers, found.test, found.item, at=view.as_of)
    was_seen = _was_seen(view, held, found)
    last_seen_at = held.tests[found.test].concluded_at if was_seen else None
    if found.closed_at is not None:
        state = FindingState.CLOSED
    elif not was_seen:
        state = FindingState.UNDETERMINED
    else:
        state = FindingState.WAIVED if waiver is not None else FindingState.DEVIATION
    return FindingRow(
        test=found.test,
        test_title=test.title,
        severity=test.severity,
        controls=test.controls,
        item=found.item,
        name=found.name,
        account=found.account,
        region=found.region,
        what=found.what,
        state=state,
        waived_until=waiver.ends_at if waiver is not None and state is FindingState.WAIVED else None,
        first_seen_at=found.first_seen_at,
        last_seen_at=found.last_seen_at if found.last_seen_at <= view.as_of else last_seen_at,
        closed_at=found.closed_at,
        reopened=found.reopened,
        owner=found.owner,
        due_at=found.due_at,
        late=found.closed_at is None and found.due_at is not None and found.due_at < view.as_of,
    )


def _was_seen(view: View, held: Board, found: OwedFinding) -> bool:
    """Whether the newest run of then saw the deviation."""
    concluded_at = held.tests[found.test].concluded_at
    if concluded_at is None:
        return False
    if view.looks_back and found.last_seen_at > concluded_at:
        # It was seen by a later run; what the run of then saw is in its document alone.
        return found.item in _deviating(view, found.test)
    return found.last_seen_at >= concluded_at


def _deviating(view: View, test: TestId) -> frozenset[ResourceId]:
    run = board(view).run

    def deviating() -> frozenset[ResourceId]:
        result = result_of(view, test)
        seen = result.observations if result else ()
        return frozenset(each.item for each in seen if isinstance(each.outcome, Deviation))

    return view.memo.get(("deviating", test, run.id if run else None), deviating)


def finding_page(view: View, test: TestId, item: ResourceId) -> FindingPage | None:
    """One finding; None where there is none that may be seen, or was none yet."""
    held = board(view)
    if test not in held.tests:
        return None
    key = (Is("test", test), Is("item", item))
    records = view.workspace.stores.records
    found = records.answer(OwedFinding, Question(where=key, limit=1), as_of=view.known_at).rows
    if not found:
        return None
    spans = tuple(history(view, test, item))
    said = records.answer(
        Comment,
        Question(
            where=(*key, Before("at", view.as_of + timedelta.resolution)), order=("-at",), limit=MAX_COMMENTS
        ),
    )
    return FindingPage(
        row=_row(view, held, found[0]),
        test=view.workspace.catalogue.tests[test],
        test_row=test_row(view, held, test),
        days=_days(view, test, spans),
        spans=spans,
        evidence=spans[0].evidence if spans else (),
        waivers=waivers_naming(view, test, item),
        assignments=_assignments(view, key),
        comments=tuple(reversed(said.rows)),
        path=_path(view, test, item),
    )


MAX_COMMENTS = 200
"""The newest comments that a page shows."""

MAX_ASSIGNMENTS = 20
"""The newest of those that a page shows."""


def _assignments(view: View, key: tuple[Condition, ...]) -> tuple[Assignment, ...]:
    made = Before("made_at", view.as_of + timedelta.resolution)
    question = Question(where=(*key, made), order=("-made_at",), limit=MAX_ASSIGNMENTS)
    return tuple(view.workspace.stores.records.answer(Assignment, question).rows)


def _days(view: View, test: TestId, spans: Sequence[ObservedSpan]) -> tuple[Day, ...]:
    """How an item stood on each day on which its test was run, the worst of the day."""
    accepted = tuple(each for each in board(view).waivers if each.test == test)
    found: list[Day] = []
    for each in days_of(view, test):
        start = datetime.combine(each.day, time(), view.as_of.tzinfo)
        during = _during(spans, start) if each.status is not None else ()
        at = min(start + timedelta(days=1), view.as_of)
        statuses = [
            item_status(span.outcome, waiver_in_force(accepted, test, span.item, at=at))
            for span in during
            if span.outcome is not None
        ]
        found.append(Day(day=each.day, status=min(statuses, key=_WORST.index, default=None)))
    return tuple(found)


_WORST = list(Status)


def _during(newest_first: Sequence[ObservedSpan], start: datetime) -> list[ObservedSpan]:
    """What was said on a day: what began on it, or else what was in force when it began."""
    begun = [span for span in newest_first if start <= span.known_from < start + timedelta(days=1)]
    before = [span for span in newest_first if span.known_from < start][:1]
    return begun or before


def _path(view: View, test: TestId, item: ResourceId) -> PathView | None:
    """The path that the newest run proved for an item."""
    run = board(view).run
    if run is None or ProvedAccess not in view.workspace.catalogue.tests[test].populations:
        return None
    inventory = view.workspace.stores.inventory
    found = view.memo.get(
        ("paths", run.id), lambda: paths(inventory.resources(ProvedAccess, as_of=run.finished_at))
    )
    return found.get(item)


def people(view: View) -> tuple[str, ...]:
    """The names of those who may be named as owners."""
    auditors = {Role.AUDITOR}
    accounts = view.workspace.stores.records.answer(
        Account, Question(where=(Is("ended_at", None),), order=("name",), limit=MAX_PEOPLE)
    )
    names = (each.name for each in accounts.rows if each.role not in auditors)
    return tuple(dict.fromkeys(names))


def end_of(day: date) -> datetime:
    """The last moment of a day: what is due on it is late from then on."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=UTC)
