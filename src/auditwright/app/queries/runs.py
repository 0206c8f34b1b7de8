"""Runs: each with what it asked, what it could not see, and what came of it; and how far one is that is under way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from auditwright.app.background import AtWork
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.program import named
from auditwright.app.queries.view import View
from auditwright.app.registry import streams
from auditwright.app.running import holder, unfinished
from auditwright.app.scheduling import next_at
from auditwright.core.ids import RunId, StreamId, TestId
from auditwright.core.outcome import Conclusion
from auditwright.core.question import Answer, AnyOf, Before, Is, Question
from auditwright.core.run import EvidenceRecord, GapRecord, JobRecord, ResultRecord, Run, RunKind, RunState

FORM = ListForm(
    sorts=("started_at",),
    order=("-started_at", "-id"),
    filters=(
        Filter(name="kind", title="Kind", field="kind", values=tuple(RunKind)),
        Filter(name="state", title="State", field="state", values=tuple(RunState)),
    ),
)

GAPS_FORM = ListForm(
    sorts=("at", "reason", "operation"),
    order=("seq",),
    filters=(
        Filter(name="source", title="Integration", field="source"),
        Filter(name="stream", title="Stream", field="stream"),
        Filter(name="reason", title="Reason", field="reason"),
        Filter(name="account", title="Account", field="account"),
    ),
    searched=("operation", "detail", "subject"),
)

MAX_GAPS = 20
"""Gaps that the page of a run shows; all of them are a list of their own."""


class Course(StrEnum):
    """Whether anybody works on a run."""

    FINISHED = "finished"
    UNDER_WAY = "under way"
    """In this process."""
    ELSEWHERE = "under way in another process"
    INTERRUPTED = "interrupted"
    """Begun, not finished, and nobody works on it: the next run takes it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run, as lists show it."""

    run: Run
    course: Course
    jobs: int
    gaps: int
    results: Mapping[Conclusion, int]

    @property
    def took(self) -> timedelta | None:
        """From its start to its end, interruptions included; None before."""
        return None if self.run.finished_at is None else self.run.finished_at - self.run.started_at


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRow:
    """What one stream showed in a run."""

    stream: StreamId
    title: str
    source: str
    jobs: int
    """Scopes that were asked."""
    incomplete: int
    """Of these, the scopes where something hides items."""
    evidence: int
    gaps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What is at work."""

    unfinished: Run | None
    """The newest collection that is not finished."""
    course: Course | None
    """How that one stands; None where there is none, but see `process`."""
    process: str
    """Who does a run; empty where nobody does."""
    here: AtWork | None
    """What this process does."""
    next_at: datetime | None
    """When the schedule runs next; None where nothing is scheduled, or nothing ever ran."""

    @property
    def busy(self) -> bool:
        """True where a run is under way, whoever does it."""
        return bool(self.process) or self.here is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """One run."""

    row: RunRow
    streams: tuple[StreamRow, ...]
    gaps: tuple[GapRecord, ...]
    """The first of them."""
    results: tuple[ResultRecord, ...]
    titles: Mapping[TestId, str]
    """Of the tests that are still defined."""

    @property
    def planned(self) -> int | None:
        """How many jobs it has; None before that is known."""
        return self.row.run.planned


def runs(view: View, question: Question, now: Now) -> Answer[RunRow]:
    """One page of the runs that had begun by the time of the view."""
    until = Before("started_at", view.as_of + timedelta.resolution)
    asked = Question(
        where=(*question.where, until),
        order=question.order,
        offset=question.offset,
        limit=question.limit,
    )
    found = view.workspace.stores.records.answer(Run, asked)
    return Answer(rows=_rows(view, found.rows, now), total=found.total)


def what_is_at_work(view: View, here: AtWork | None) -> Now:
    """Whether a run is under way, and who does it."""
    begun = unfinished(view.workspace)
    process = holder(view.workspace) or ""
    if begun is None:
        course = None
    elif here is not None and here.run in {None, begun.id}:
        course = Course.UNDER_WAY
    else:
        course = Course.ELSEWHERE if process else Course.INTERRUPTED
    return Now(unfinished=begun, course=course, process=process, here=here, next_at=next_at(view.workspace))


def run_page(view: View, run: RunId, now: Now) -> RunPage | None:
    """One run; None where there is none that had begun by the time of the view."""
    records = view.workspace.stores.records
    held = records.run(run)
    if held is None or held.started_at > view.as_of:
        return None
    (row,) = _rows(view, [held], now)
    gaps = records.answer(GapRecord, Question(where=(Is("run", run),), order=("seq",), limit=MAX_GAPS))
    results = records.results(run)
    tests = view.workspace.catalogue.tests
    return RunPage(
        row=row,
        streams=_streams(view, run),
        gaps=tuple(gaps.rows),
        results=tuple(sorted(results, key=_worst_first)),
        titles={each.test: named(view, tests[each.test]).title for each in results if each.test in tests},
    )


def gaps_of(view: View, run: RunId, question: Question) -> Answer[GapRecord]:
    """One page of a run's gaps."""
    asked = Question(
        where=(*question.where, Is("run", run)),
        order=question.order,
        offset=question.offset,
        limit=question.limit,
    )
    return view.workspace.stores.records.answer(GapRecord, asked)


def gaps_offered(view: View, run: RunId) -> Mapping[str, tuple[str, ...]]:
    """What a run's gaps can be narrowed to."""
    by = ("source", "stream", "reason", "account")
    found = view.workspace.stores.records.tally(GapRecord, by, Is("run", run))
    return {name: tuple(sorted({str(each[at]) for each in found} - {""})) for at, name in enumerate(by)}


_ORDER = tuple(Conclusion)
"""The worst first."""


def _worst_first(result: ResultRecord) -> tuple[int, str]:
    return _ORDER.index(result.conclusion), result.test


def _rows(view: View, found: Sequence[Run], now: Now) -> list[RunRow]:
    records = view.workspace.stores.records
    among = AnyOf("run", tuple(run.id for run in found))
    jobs = records.tally(JobRecord, ["run"], among)
    gaps = records.tally(GapRecord, ["run"], among)
    results = records.tally(ResultRecord, ["run", "conclusion"], among)
    return [
        RunRow(
            run=run,
            course=_course(run, now),
            jobs=jobs.get((run.id,), 0),
            gaps=gaps.get((run.id,), 0),
            results={each: count for each in Conclusion if (count := results.get((run.id, each.value), 0))},
        )
        for run in found
    ]


def _course(run: Run, now: Now) -> Course:
    if run.state is RunState.FINISHED:
        return Course.FINISHED
    is_newest = now.unfinished is not None and now.unfinished.id == run.id
    return now.course if is_newest and now.course is not None else Course.INTERRUPTED


def _streams(view: View, run: RunId) -> tuple[StreamRow, ...]:
    records = view.workspace.stores.records
    jobs = records.tally(JobRecord, ["source", "stream", "complete"], Is("run", run))
    evidence = records.tally(EvidenceRecord, ["stream"], Is("run", run))
    gaps = records.tally(GapRecord, ["source", "stream"], Is("run", run))
    named: Iterable[tuple[str, str]] = {(str(key[0]), str(key[1])) for key in (*jobs, *gaps)}
    return tuple(
        StreamRow(
            stream=StreamId(stream),
            title=known.title if (known := streams().get(StreamId(stream))) else stream,
            source=source,
            jobs=jobs.get((source, stream, True), 0) + jobs.get((source, stream, False), 0),
            incomplete=jobs.get((source, stream, False), 0),
            evidence=evidence.get((stream,), 0),
            gaps=gaps.get((source, stream), 0),
        )
        for source, stream in sorted(named)
    )
