"""Conclude: derive resources from a run's evidence, test them, and record what came of it.

Everything here follows from the evidence that was kept, so it can be done again after a crash, or years
later with a better reader: the inventory keeps what a run saw once, and the records keep one result for
each test of a run.
"""

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from auditwright.app import documents
from auditwright.app.collecting import entry_of, load_evidence
from auditwright.app.cycles import no_search_for_cycles
from auditwright.app.erased import erased, gap_of, tombstones
from auditwright.app.own_tests import bound
from auditwright.app.proved import proved
from auditwright.app.registry import streams
from auditwright.app.waiving import waivers
from auditwright.app.workspace import Workspace
from auditwright.core.control_test import ControlTest
from auditwright.core.evidence import Gap, GapReason, Scope
from auditwright.core.ids import JobId, RunId, StreamId, TestId
from auditwright.core.integration import MalformedEvidenceError, Stream
from auditwright.core.log import LogEntry
from auditwright.core.outcome import (
    Conclusion,
    Deviation,
    NotApplicable,
    Observation,
    Result,
    Satisfied,
    Undetermined,
)
from auditwright.core.ports import Snapshot
from auditwright.core.resource import Resource
from auditwright.core.resources import kinds
from auditwright.core.run import ClosedSpell, EvidenceRecord, Finding, GapRecord, ResultRecord, Run, RunState
from auditwright.core.waiver import Waiver
from auditwright.engine.evaluate import evaluate
from auditwright.engine.examine import Populations, population_of
from auditwright.engine.findings import follow, reopened
from auditwright.engine.populations import Capture, assemble, gaps_hiding

CONCLUDING = JobId("conclude")
"""The job under which gaps stand that were found while reading evidence."""

MAX_ID_BYTES = 2_000
"""No source that has a limit names anything longer; PostgreSQL keeps no key of more than 2,704 bytes, and a finding's is
its test and its item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Now:
    """What is concluded: which run, from which stores, at what time."""

    workspace: Workspace
    run: RunId
    at: datetime
    waivers: Mapping[TestId, Sequence[Waiver]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Concluded:
    result: Result
    record: ResultRecord
    """Without its place in the log, which it has once the entry is appended."""
    entry: LogEntry
    findings: tuple[Finding, ...]
    spells: tuple[ClosedSpell, ...]


@no_search_for_cycles()
def conclude(workspace: Workspace, run: RunId, at: datetime) -> Sequence[Result]:
    """Test what a run collected, and return what came of it by test id. Raises StoreError.

    Again with the same run: nothing changes, and nothing is returned.
    """
    records = workspace.stores.records
    held = records.run(run)
    assert held is not None, f"{run} was never begun"
    if held.state is RunState.FINISHED:
        return ()
    # Clients of the sources point at themselves; the room that they took is needed now.
    gc.collect()
    captures = captures_of(workspace, run, at)
    workspace.stores.inventory.record(run, at, _snapshots(captures))
    concluded: list[_Concluded] = []
    now = _Now(workspace=workspace, run=run, at=at, waivers=_waivers_by_test(workspace))
    workspace.stores.inventory.observe(run, at, _test_all(now, assemble(captures), concluded))
    known = {gap.gap for gap in records.gaps(run)}
    found = dict.fromkeys(gap for capture in captures for gap in capture.gaps if gap not in known)
    with records.transaction() as write:
        write.add_gaps(
            [
                GapRecord(run=run, job=CONCLUDING, gap=gap, seq=write.append(entry_of(run, gap)))
                for gap in found
            ]
        )
        write.add_results([replace(each.record, seq=write.append(each.entry)) for each in concluded])
        write.put_findings([finding for each in concluded for finding in each.findings])
        write.keep([spell for each in concluded for spell in each.spells])
        write.append(LogEntry(kind="run-finished", at=at, fields={"run": run, "results": len(concluded)}))
        write.put_run(replace(held, state=RunState.FINISHED, finished_at=at))
    return sorted((each.result for each in concluded), key=lambda result: result.test)


def captures_of(workspace: Workspace, run: RunId, at: datetime) -> tuple[Capture, ...]:
    """What a run saw, derived from its evidence, and what was proved on it."""
    seen = tuple(_captures(workspace, run, at))
    return (*seen, *proved(seen, workspace.program, at))


def seen_of(
    workspace: Workspace, run: RunId, at: datetime, wanted: AbstractSet[type[Resource]]
) -> Populations:
    """What a run saw of some kinds, derived from its evidence again, with what hides any of it. Raises StoreError."""
    return assemble(_captures(workspace, run, at, wanted=wanted))


def _captures(
    workspace: Workspace, run: RunId, at: datetime, *, wanted: AbstractSet[type[Resource]] | None = None
) -> Iterator[Capture]:
    """One for each stream of each scope; of those that emit a wanted kind, where some are."""
    evidence: dict[tuple[StreamId, Scope], list[EvidenceRecord]] = {}
    gaps: dict[tuple[StreamId, Scope], list[Gap]] = {}
    records = workspace.stores.records
    held = records.run(run)
    assert held is not None, f"{run} was never begun"
    stones = tombstones(records)
    for record in records.evidence(run):
        if stone := erased(stones, record):
            gaps.setdefault((record.stream, record.scope), []).append(gap_of(record, stone, at))
            continue
        evidence.setdefault((record.stream, record.scope), []).append(record)
    for gap_record in records.gaps(run):
        gap = gap_record.gap
        gaps.setdefault((gap.stream, gap.scope), []).append(gap)
    for key in sorted(evidence.keys() | gaps.keys()):
        stream_id, scope = key
        stream = streams().get(stream_id)
        if stream is None:
            yield _of_unknown_stream(stream_id, scope, at)
            continue
        if wanted is not None and wanted.isdisjoint(stream.emits):
            continue
        shown, hidden = evidence.get(key, []), gaps.get(key, [])
        try:
            # The bytes of one target at a time are in memory; what was derived from them is far smaller.
            resources = tuple(stream.normalize([load_evidence(workspace, each) for each in shown], hidden))
        except MalformedEvidenceError as error:
            resources = ()
            hidden = [*hidden, _malformed(stream_id, scope, str(error), at)]
        kept = tuple(each for each in resources if _has_usable_id(each))
        if len(kept) < len(resources):
            left_out = {type(each) for each in resources if not _has_usable_id(each)}
            hidden = [*hidden, *(_of_long_ids(stream, kind, scope, at) for kind in left_out)]
        yield Capture(
            stream=stream,
            scope=scope,
            answered=bool(shown),
            resources=kept,
            gaps=tuple(hidden),
            true_at=min((_true_at(each, held) for each in shown), default=None),
        )


def _true_at(record: EvidenceRecord, run: Run) -> datetime:
    """When the content was true.

    What the run itself asked was true when it asked: a roster that nobody had to change for a year is today's.
    """
    return record.effective_at if record.collected_at < run.started_at else record.collected_at


def _of_unknown_stream(stream: StreamId, scope: Scope, at: datetime) -> Capture:
    """What another version collected, and this one cannot read: nobody knows what it shows, so it hides every kind."""
    gap = Gap(
        stream=stream,
        scope=scope,
        operation=str(stream),
        reason=GapReason.MALFORMED,
        detail="this version of Auditwright does not know the stream, so its evidence was not read",
        remedy="Collect again with this version: auditwright run.",
        hides_items=True,
        at=at,
    )
    unknown = Stream(
        id=stream,
        title=str(stream),
        operations=(),
        emits=tuple(kinds().values()),
        collect=lambda _: iter(()),
        normalize=lambda _, __: (),
    )
    return Capture(stream=unknown, scope=scope, answered=False, resources=(), gaps=(gap,))


def _malformed(stream: StreamId, scope: Scope, detail: str, at: datetime) -> Gap:
    return Gap(
        stream=stream,
        scope=scope,
        operation=str(stream),
        reason=GapReason.MALFORMED,
        detail=detail,
        remedy="The answer is kept as it came. Correct the source, or report the form that is not known.",
        hides_items=True,
        at=at,
    )


def _has_usable_id(resource: Resource) -> bool:
    return len(resource.id.encode(errors="surrogatepass")) <= MAX_ID_BYTES


def _of_long_ids(stream: Stream, kind: type[Resource], scope: Scope, at: datetime) -> Gap:
    """One item that nothing can be kept about hides those of its kind, and does not stop the run."""
    listing = (each.name for each in stream.operations if kind in each.lists)
    return Gap(
        stream=stream.id,
        scope=scope,
        operation=next(listing, str(stream.id)),
        reason=GapReason.LIMIT,
        detail=f"a {kind.kind.replace('_', ' ')} has an id of more than {MAX_ID_BYTES:,} bytes, and was left out",
        remedy="The answer is kept as it came. Give the item a shorter name at its source.",
        hides_items=True,
        at=at,
    )


def _snapshots(captures: Iterable[Capture]) -> Iterator[Snapshot]:
    for capture in captures:
        by_kind: dict[str, list[Resource]] = {}
        for resource in capture.resources:
            by_kind.setdefault(resource.kind, []).append(resource)
        for kind in capture.stream.emits:
            yield Snapshot(
                kind=kind,
                scope=capture.scope,
                items=by_kind.get(kind.kind, []),
                complete=not gaps_hiding(kind, capture),
            )


def _test_all(now: _Now, populations: Populations, concluded: list[_Concluded]) -> Iterator[Result]:
    """Evaluate one test after the other; what to record is appended."""
    known = _findings_by_test(now.workspace)
    held = now.workspace.catalogue
    for test in held.tests.values():
        ready = bound(test, now.workspace.stores.inventory, now.at)
        result = evaluate(ready, populations, now=now.at, settings=held.settings_of(test))
        record = _record(now, result)
        before = known.get(test.id, ())
        followed = tuple(follow(result, before, asked=_asked(test, populations)))
        concluded.append(
            _Concluded(
                result=result,
                record=record,
                entry=_result_entry(record),
                findings=followed,
                spells=tuple(reopened(before, followed)),
            )
        )
        yield result


def _asked(test: ControlTest, populations: Populations) -> set[Scope]:
    """Where a test's populations were listed: a finding elsewhere is not gone because nobody looks there any more."""
    return {scope for kind in test.populations for scope in population_of(kind, populations).scopes}


def _record(now: _Now, result: Result) -> ResultRecord:
    counts = Counter(type(observation.outcome) for observation in result.observations)
    return ResultRecord(
        run=now.run,
        test=result.test,
        concluded_at=now.at,
        conclusion=result.conclusion,
        satisfied=counts[Satisfied],
        deviations=counts[Deviation],
        not_applicable=counts[NotApplicable],
        undetermined=counts[Undetermined],
        gaps=len(result.gaps),
        waived=sum(_is_waived(now, result.test, seen) for seen in result.observations),
        document=now.workspace.stores.evidence.put(documents.written(result)),
        seq=0,
    )


def _is_waived(now: _Now, test: TestId, seen: Observation) -> bool:
    return isinstance(seen.outcome, Deviation) and any(
        waiver.covers(test, seen.item, now.at) for waiver in now.waivers.get(test, ())
    )


def _waivers_by_test(workspace: Workspace) -> Mapping[TestId, Sequence[Waiver]]:
    by_test: dict[TestId, list[Waiver]] = {}
    for waiver in waivers(workspace):
        by_test.setdefault(waiver.test, []).append(waiver)
    return by_test


def _findings_by_test(workspace: Workspace) -> Mapping[TestId, list[Finding]]:
    by_test: dict[TestId, list[Finding]] = {}
    for finding in workspace.stores.records.findings(include_closed=True):
        by_test.setdefault(finding.test, []).append(finding)
    return by_test


def _result_entry(record: ResultRecord) -> LogEntry:
    return LogEntry(
        kind="result",
        at=record.concluded_at,
        fields={
            "run": record.run,
            "test": record.test,
            "conclusion": record.conclusion,
            "satisfied": record.satisfied,
            "deviations": record.deviations,
            "not_applicable": record.not_applicable,
            "undetermined": record.undetermined,
            "gaps": record.gaps,
            "sha256": record.document,
        },
    )


def exit_code(conclusions: Iterable[Conclusion], *, unwaived_deviations: int, gaps: int) -> int:
    """0 no exceptions, 1 exceptions that no waiver covers, 3 anything not seen; where nothing was tested, nothing was."""
    if unwaived_deviations:
        return 1
    concluded = set(conclusions)
    return 3 if gaps or not concluded or Conclusion.INCONCLUSIVE in concluded else 0
