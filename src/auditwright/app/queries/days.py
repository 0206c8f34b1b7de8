"""Days: where tests and criteria stood on each day of a stretch, from the counts that each run left.

A day has the worst of what its runs concluded, waivers counted as of then. Criteria are today's: what a test came
to on a day is counted under the controls and criteria as they are defined now.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from auditwright.app.queries.board import Board, board
from auditwright.app.queries.view import View
from auditwright.core.ids import RunId, TestId
from auditwright.core.outcome import Conclusion
from auditwright.core.question import MAX_PAGE_ROWS, AnyOf, Before, Is, Question, Since
from auditwright.core.run import ResultRecord, Run, RunKind, RunState
from auditwright.engine.readiness import Declared, Status, Tally, readiness_of, status_of_items

SHOWN_DAYS = 90
"""As many as an auditor's quarter has, and as a strip shows on a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Where one test stood on a day; None where nothing was run."""

    day: date
    status: Status | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessDay:
    """How many criteria had each status at the end of a day; None where nothing was run yet."""

    day: date
    criteria: Tally | None


def status_of_record(record: ResultRecord) -> Status:
    """Where a test stood when it was concluded, with the waivers of then.

    What an older version left has no count of waived items: its deviations all stand.
    """
    waived = record.waived or 0
    counts = {
        Status.DEVIATION: record.deviations - waived,
        Status.WAIVED: waived,
        Status.UNDETERMINED: record.undetermined,
        Status.SATISFIED: record.satisfied,
        Status.NOT_APPLICABLE: record.not_applicable,
    }
    seen = [status for status, count in counts.items() if count]
    return status_of_items(record.conclusion, seen, hidden=record.gaps > 0)


def days_of(view: View, test: TestId, days: int = SHOWN_DAYS) -> tuple[Day, ...]:
    """A test's last days up to the view's, the oldest first."""
    run = board(view).run
    key = ("days", test, run.id if run else None, view.as_of.date(), days)
    return view.memo.get(key, lambda: _days_of(view, test, days))


def _days_of(view: View, test: TestId, days: int) -> tuple[Day, ...]:
    first = _first_day(view.as_of, days)
    since = datetime.combine(first, time(), view.as_of.tzinfo)
    records = view.workspace.stores.records.results_of(test, since, view.as_of + timedelta.resolution)
    worst: dict[date, Status] = {}
    for record in records:
        day, status = record.concluded_at.date(), status_of_record(record)
        worst[day] = _worse(worst.get(day), status)
    return tuple(Day(day=day, status=worst.get(day)) for day in _stretch(first, days))


def readiness_days(view: View, days: int = SHOWN_DAYS) -> tuple[ReadinessDay, ...]:
    """How many criteria had each status at the end of each of the last days, the oldest first."""
    held = board(view)
    key = ("readiness days", held.run.id if held.run else None, view.as_of.date(), view.engagement, days)
    program = view.workspace.program.digest
    return view.memo.get((*key, program), lambda: _readiness_days(view, held, days))


def _readiness_days(view: View, held: Board, days: int) -> tuple[ReadinessDay, ...]:
    first = _first_day(view.as_of, days)
    last_runs = _last_runs(view, first)
    statuses = _statuses_of_runs(view, tuple(last_runs.values()))
    declared = Declared(
        criteria=[each.criterion for each in held.criteria.values()],
        controls=[each.entry.control for each in held.controls.values() if each.entry.not_applicable is None],
        tests=[view.workspace.catalogue.tests[test] for test in held.tests],
    )
    found: list[ReadinessDay] = []
    tally: Tally | None = None
    for day in _stretch(first, days):
        if day in last_runs:
            ready = readiness_of(declared, statuses.get(last_runs[day], {}))
            tally = Tally.of(ready.criteria.values())
        found.append(ReadinessDay(day=day, criteria=tally))
    return tuple(found)


def _last_runs(view: View, first: date) -> dict[date, RunId]:
    """The last run of each day on which there was one."""
    since = datetime.combine(first, time(), view.as_of.tzinfo)
    found: dict[date, RunId] = {}
    offset = 0
    while True:
        question = Question(
            where=(
                Is("kind", RunKind.COLLECTION.value),
                Is("state", RunState.FINISHED.value),
                Since("finished_at", since),
                Before("finished_at", view.as_of + timedelta.resolution),
            ),
            order=("finished_at",),
            offset=offset,
            limit=MAX_PAGE_ROWS,
        )
        answer = view.workspace.stores.records.answer(Run, question)
        found.update({run.finished_at.date(): run.id for run in answer.rows if run.finished_at})
        offset += MAX_PAGE_ROWS
        if offset >= answer.total:
            return found


def _statuses_of_runs(view: View, runs: Sequence[RunId]) -> Mapping[RunId, Mapping[TestId, Status]]:
    records = view.workspace.stores.records.kept(ResultRecord, AnyOf("run", tuple(runs)))
    found: dict[RunId, dict[TestId, Status]] = {}
    for record in records:
        found.setdefault(record.run, {})[record.test] = status_of_record(record)
    return found


def fine_until(view: View, tests: Iterable[TestId]) -> Mapping[TestId, datetime]:
    """When tests were last seen without exceptions; those that never were are not in it."""
    found: dict[TestId, datetime] = {}
    for test in tests:
        at = view.workspace.stores.records.greatest(
            ResultRecord,
            "concluded_at",
            Is("test", test),
            Is("conclusion", Conclusion.NO_EXCEPTIONS.value),
            Before("concluded_at", view.as_of + timedelta.resolution),
        )
        if isinstance(at, datetime):
            found[test] = at
    return found


def _first_day(as_of: datetime, days: int) -> date:
    return as_of.date() - timedelta(days=days - 1)


def _stretch(first: date, days: int) -> list[date]:
    return [first + timedelta(days=offset) for offset in range(days)]


_ORDER = list(Status)


def _worse(known: Status | None, found: Status) -> Status:
    return found if known is None else min(known, found, key=_ORDER.index)
