"""The board: where every test, control and criterion stands, from the counts that each run left in the records.

No document of a result is read but of tests with a waiver in force, whose deviating items have to be told apart:
a page shows an organization of any size at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditwright.app import documents
from auditwright.app.erased import result_body
from auditwright.app.queries.view import View
from auditwright.app.waiving import waivers
from auditwright.controls import LibraryControl
from auditwright.core.framework import Criterion
from auditwright.core.ids import ControlId, CriterionId, TestId
from auditwright.core.outcome import Conclusion, Deviation
from auditwright.core.question import Before, Is, Question
from auditwright.core.run import ResultRecord, Run, RunKind, RunState
from auditwright.core.waiver import Waiver
from auditwright.engine.readiness import (
    Declared,
    Status,
    Tally,
    readiness_of,
    status_of_items,
    waiver_in_force,
)
from auditwright.engine.timeline import DEFAULT_CADENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class TestStanding:
    """Where one test stands."""

    test: TestId
    status: Status
    conclusion: Conclusion | None
    """None where the run did not know the test."""
    concluded_at: datetime | None
    items: Tally
    gaps: int
    """Gaps that hide items of its population, and one where nothing was collected for too long."""
    waived_until: datetime | None
    """When the first waiver ends, where an item is waived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlStanding:
    """Where one control stands, and its tests by id."""

    entry: LibraryControl
    status: Status
    tests: tuple[TestId, ...]
    waived_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionStanding:
    """Where one criterion stands, and the controls that meet it, by id."""

    criterion: Criterion
    status: Status
    controls: tuple[ControlId, ...]
    not_applicable: tuple[ControlId, ...]
    waived_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Where everything stands that somebody may see."""

    run: Run | None
    """The newest finished run as of then; None where nothing was collected yet, and everything is undetermined."""
    lapsed: bool
    """True where that run lies further back than the cadence: what was fine then is undetermined now."""
    tests: Mapping[TestId, TestStanding]
    controls: Mapping[ControlId, ControlStanding]
    criteria: Mapping[CriterionId, CriterionStanding]
    waivers: tuple[Waiver, ...]
    """Those in force."""

    @property
    def criteria_tally(self) -> Tally:
        """How many criteria have each status."""
        return Tally.of(each.status for each in self.criteria.values())

    @property
    def controls_tally(self) -> Tally:
        """How many controls have each status."""
        return Tally.of(each.status for each in self.controls.values())

    @property
    def tests_tally(self) -> Tally:
        """How many tests have each status."""
        return Tally.of(each.status for each in self.tests.values())


def board(view: View) -> Board:
    """The board as of a time; raises AppError, StoreError. Made once for each state, and looked for once in a view."""
    held = view.glance.get("board")
    if not isinstance(held, Board):
        held = view.glance["board"] = _board(view)
    return held


def _board(view: View) -> Board:
    run = run_as_of(view)
    in_force = tuple(
        waiver for waiver in waivers(view.workspace) if waiver.approved_at <= view.as_of < waiver.ends_at
    )
    lapsed = run is not None and view.as_of - (run.finished_at or run.started_at) > DEFAULT_CADENCE
    key = (
        "board",
        run.id if run else None,
        lapsed,
        view.workspace.program.digest,
        tuple((waiver.id, waiver.ends_at) for waiver in in_force),
        view.engagement,
    )
    return view.memo.get(key, lambda: _made(view, run, in_force, lapsed=lapsed))


def run_as_of(view: View) -> Run | None:
    """The newest collection that was finished by the time of the view."""
    finished = Question(
        where=(
            Is("kind", RunKind.COLLECTION.value),
            Is("state", RunState.FINISHED.value),
            Before("finished_at", view.as_of + timedelta.resolution),
        ),
        order=("-finished_at",),
        limit=1,
    )
    return next(iter(view.workspace.stores.records.answer(Run, finished).rows), None)


def _made(view: View, run: Run | None, in_force: tuple[Waiver, ...], *, lapsed: bool) -> Board:
    held = view.workspace.catalogue
    criteria = tuple(criterion for criterion in held.criteria if view.reaches(criterion))
    wanted = {criterion.id for criterion in criteria}
    entries = tuple(e for e in held.library.entries if wanted.intersection(e.control.criteria))
    shown = {entry.control.id for entry in entries}
    tests = tuple(test for test in held.tests.values() if shown.intersection(test.controls))
    results = {r.test: r for r in view.workspace.stores.records.results(run.id)} if run else {}
    standing = {
        test.id: _tested(view, results[test.id], in_force, lapsed=lapsed)
        if test.id in results
        else _never_tested(test.id)
        for test in tests
    }
    applicable = [entry.control for entry in entries if entry.not_applicable is None]
    ready = readiness_of(
        Declared(criteria=criteria, controls=applicable, tests=tests),
        {test: each.status for test, each in standing.items()},
    )
    testing: dict[ControlId, list[TestId]] = {}
    for test in tests:
        for control in test.controls:
            testing.setdefault(control, []).append(test.id)
    controls = {
        entry.control.id: _control(entry, ready.controls, testing.get(entry.control.id, ()), standing)
        for entry in entries
    }
    return Board(
        run=run,
        lapsed=lapsed,
        tests=standing,
        controls=controls,
        criteria={each.id: _criterion(each, ready.criteria[each.id], controls) for each in criteria},
        waivers=in_force,
    )


def _never_tested(test: TestId) -> TestStanding:
    return TestStanding(
        test=test,
        status=Status.UNDETERMINED,
        conclusion=None,
        concluded_at=None,
        items=Tally(),
        gaps=0,
        waived_until=None,
    )


def _tested(view: View, record: ResultRecord, in_force: Iterable[Waiver], *, lapsed: bool) -> TestStanding:
    covering = [waiver for waiver in in_force if waiver.test == record.test]
    ends = _waived(view, record, covering) if covering and record.deviations else []
    items = Tally(
        deviation=record.deviations - len(ends),
        waived=len(ends),
        undetermined=record.undetermined,
        satisfied=record.satisfied,
        not_applicable=record.not_applicable,
    )
    gaps = record.gaps + lapsed
    seen = [status for status, count in items.counts().items() if count]
    return TestStanding(
        test=record.test,
        status=status_of_items(record.conclusion, seen, hidden=gaps > 0),
        conclusion=record.conclusion,
        concluded_at=record.concluded_at,
        items=items,
        gaps=gaps,
        waived_until=min(ends, default=None),
    )


def _waived(view: View, record: ResultRecord, covering: Iterable[Waiver]) -> list[datetime]:
    """When the waiver of each deviating item that has one ends."""
    result = documents.read(result_body(view.workspace.stores, record), record)
    held = tuple(covering)
    found = (
        waiver_in_force(held, record.test, seen.item, at=view.as_of)
        for seen in result.observations
        if isinstance(seen.outcome, Deviation)
    )
    return [waiver.ends_at for waiver in found if waiver is not None]


def _control(
    entry: LibraryControl,
    statuses: Mapping[ControlId, Status],
    tests: Iterable[TestId],
    standing: Mapping[TestId, TestStanding],
) -> ControlStanding:
    applies = entry.not_applicable is None
    its_tests = tuple(sorted(tests)) if applies else ()
    ends = (standing[test].waived_until for test in its_tests)
    return ControlStanding(
        entry=entry,
        status=statuses[entry.control.id] if applies else Status.NOT_APPLICABLE,
        tests=its_tests,
        waived_until=min((end for end in ends if end is not None), default=None),
    )


def _criterion(
    criterion: Criterion, status: Status, controls: Mapping[ControlId, ControlStanding]
) -> CriterionStanding:
    meeting = [each for each in controls.values() if criterion.id in each.entry.control.criteria]
    ends = (each.waived_until for each in meeting)
    return CriterionStanding(
        criterion=criterion,
        status=status,
        controls=tuple(e.entry.control.id for e in meeting if e.entry.not_applicable is None),
        not_applicable=tuple(e.entry.control.id for e in meeting if e.entry.not_applicable is not None),
        waived_until=min((end for end in ends if end is not None), default=None),
    )
