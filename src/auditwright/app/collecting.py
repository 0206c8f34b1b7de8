"""Collect: find what there is to ask, ask it, and keep what was answered before anything is derived.

The order of writes, so that a crash at any point loses and doubles nothing:

1. bytes go into the evidence store, by digest;
2. one transaction adds the leaves to the log, the records of evidence and gaps, and marks their jobs finished;
3. a job that is marked finished is never asked again by the same run.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TypeAlias, cast

from auditwright import __version__
from auditwright.app.erased import erased, gap_of, tombstones
from auditwright.app.errors import AppError
from auditwright.app.registry import integrations, streams
from auditwright.app.waiving import waivers
from auditwright.app.workspace import Workspace
from auditwright.core.act import Erasure
from auditwright.core.canonical import Json, canonical_json
from auditwright.core.evidence import Evidence, Gap, GapReason, Query, Scope
from auditwright.core.ids import Digest, IntegrationId, JobId, RunId, StreamId
from auditwright.core.integration import Captured, ConfigError, Stream, Target
from auditwright.core.log import LogEntry, iso
from auditwright.core.ports import StoreError, Transaction
from auditwright.core.run import EvidenceRecord, GapRecord, JobRecord, Run, RunKind, RunState
from auditwright.program.definitions import IntegrationSettings

COLLECTOR = f"auditwright/{__version__}"

MAX_IMPORT_AGE = timedelta(days=90)
"""A saved answer older than a quarter no longer says how things are; configuration is reviewed quarterly."""

KEEP_AFTER_S = 1.0
"""What a killed run may ask again. Each transaction waits for the disk, and small jobs take less than it."""

KEEP_AFTER_BYTES = 8_000_000
"""Answers that wait in memory for the next transaction."""

MAX_DETAIL = 2_000
"""Characters of a source's own words that a gap keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run will ask: its targets, grouped by what is worth resuming apart."""

    groups: tuple[tuple[Target, ...], ...]


def begin(workspace: Workspace, run: RunId, at: datetime) -> None:
    """Record that a run starts, and the definitions that it starts from. Again with the same run: nothing changes."""
    if workspace.stores.records.run(run) is not None:
        return
    definitions = workspace.stores.evidence.put(canonical_json(_definitions(workspace)))
    with workspace.stores.records.transaction() as write:
        write.append(
            LogEntry(
                kind="run",
                at=at,
                fields={
                    "run": run,
                    "program_sha256": workspace.program.digest,
                    "definitions_sha256": definitions,
                    "collector": COLLECTOR,
                },
            )
        )
        write.put_run(
            Run(
                id=run,
                kind=RunKind.COLLECTION,
                started_at=at,
                finished_at=None,
                state=RunState.RUNNING,
                program_sha256=workspace.program.digest,
            )
        )


def plan(workspace: Workspace, run: RunId, at: datetime) -> Plan:
    """Find out what there is to collect, and keep what finding out showed.

    Raises AppError where the settings of an integration are wrong.
    """
    targets: list[Target] = []
    captured: list[Captured] = []
    for settings in workspace.program.integrations:
        for found in _discover(workspace, settings):
            match found:
                case Target():
                    targets.append(found)
                case Evidence() | Gap():
                    captured.append(found)
    asked = {(target.stream, target.scope) for target in targets}
    keep(workspace, run, [*captured, *_imported(workspace, asked=asked, at=at)])
    _record_plan(workspace, run, asked)
    by_scope: dict[Scope, list[Target]] = {}
    for target in targets:
        by_scope.setdefault(target.scope, []).append(target)
    return Plan(groups=tuple(tuple(by_scope[scope]) for scope in sorted(by_scope)))


def _record_plan(workspace: Workspace, run: RunId, asked: Iterable[tuple[StreamId, Scope]]) -> None:
    """Whoever looks at the run, in whatever process, sees how far it is. Finding out what to ask is a job too."""
    begun = workspace.stores.records.run(run)
    assert begun is not None, f"{run} was never begun"
    jobs = {_job_id(stream, scope) for stream, scope in asked}
    jobs.update(record.job for record in workspace.stores.records.jobs(run))
    with workspace.stores.records.transaction() as write:
        write.put_run(replace(begun, planned=len(jobs)))


def collect(
    workspace: Workspace, run: RunId, targets: Iterable[Target], *, told: Callable[[Target, int], None]
) -> None:
    """Ask targets and keep the answers as they come; what this run asked already is not asked again.

    `told` hears of each target and how many gaps it left.
    """
    finished = {record.job for record in workspace.stores.records.jobs(run)}
    held: list[Captured] = []
    since = time.monotonic()
    for target in targets:
        if _job_id(target.stream, target.scope) in finished:
            told(target, 0)
            continue
        captured = list(_ask(streams()[target.stream], target))
        held += captured
        if time.monotonic() - since >= KEEP_AFTER_S or _bytes_of(held) >= KEEP_AFTER_BYTES:
            keep(workspace, run, held)
            held, since = [], time.monotonic()
        told(target, sum(isinstance(item, Gap) for item in captured))
    keep(workspace, run, held)


def _bytes_of(captured: Iterable[Captured]) -> int:
    return sum(item.size_bytes for item in captured if isinstance(item, Evidence))


Kept: TypeAlias = Captured | EvidenceRecord
"""What a run captured, or evidence that an earlier run kept and this one goes by."""


def keep(workspace: Workspace, run: RunId, captured: Iterable[Kept]) -> None:
    """Keep evidence and gaps, and mark the jobs that they finish."""
    by_job = _by_job(captured)
    for items in by_job.values():
        for item in items:
            if isinstance(item, Evidence):
                workspace.stores.evidence.put(item.body)  # (1)
    if not by_job:
        return
    with workspace.stores.records.transaction() as write:  # (2)
        _keep_again(workspace, tombstones(write), by_job.values())
        for (stream, scope), items in by_job.items():
            _finish(write, run, JobId(_job_id(stream, scope)), items)


def _keep_again(
    workspace: Workspace, stones: Mapping[Digest, Erasure], captured: Iterable[Sequence[Kept]]
) -> None:
    """Bytes that were erased once, and come again: another process may have erased them since (1)."""
    for item in chain.from_iterable(captured):
        if isinstance(item, Evidence) and item.digest in stones:
            workspace.stores.evidence.put(item.body)


def _by_job(captured: Iterable[Kept]) -> dict[tuple[StreamId, Scope], list[Kept]]:
    """What is finished at once: a stream of a scope."""
    by_job: dict[tuple[StreamId, Scope], list[Kept]] = {}
    for item in captured:
        by_job.setdefault((item.stream, item.scope), []).append(item)
    return by_job


def _finish(write: Transaction, run: RunId, job: JobId, items: Sequence[Kept]) -> None:
    first = items[0]
    now = datetime.now(UTC)
    complete = not any(isinstance(item, Gap) and item.hides_items for item in items)
    record = JobRecord(
        run=run, job=job, stream=first.stream, scope=first.scope, finished_at=now, complete=complete
    )
    if not write.finish_job(record):  # (3)
        return
    evidence: list[EvidenceRecord] = []
    gaps: list[GapRecord] = []
    for item in items:
        seq = write.append(entry_of(run, item))
        match item:
            case Evidence():
                evidence.append(_evidence_record(run, job, item, seq))
            case EvidenceRecord():
                evidence.append(replace(item, run=run, job=job, seq=seq))
            case Gap():
                gaps.append(GapRecord(run=run, job=job, gap=item, seq=seq))
    write.add_evidence(evidence)
    write.add_gaps(gaps)


def entry_of(run: RunId, item: Kept) -> LogEntry:
    """The log's entry of a piece of evidence or a gap."""
    fields: dict[str, Json] = {
        "run": run,
        "stream": item.stream,
        "source": item.scope.source,
        "account": item.scope.account,
        "region": item.scope.region,
    }
    match item:
        case Evidence() | EvidenceRecord():
            fields |= {
                "operation": item.query.operation,
                "parameters": dict(item.query.parameters),
                "command": item.query.command,
                "principal": item.principal,
                "collected_at": iso(item.collected_at),
                "effective_at": iso(item.effective_at),
                "collector": item.collector,
                "sha256": item.digest,
                "size_bytes": item.size_bytes,
            }
            return LogEntry(kind="evidence", at=item.collected_at, fields=fields)
        case Gap():
            fields |= {
                "operation": item.operation,
                "subject": item.subject[:MAX_DETAIL],
                "reason": item.reason,
                "detail": item.detail[:MAX_DETAIL],
                "hides_items": item.hides_items,
            }
            return LogEntry(kind="gap", at=item.at, fields=fields)


def load_evidence(workspace: Workspace, record: EvidenceRecord) -> Evidence:
    """Evidence with its bytes, read back from the store; raises StoreError."""
    return Evidence(
        stream=record.stream,
        scope=record.scope,
        query=record.query,
        principal=record.principal,
        collected_at=record.collected_at,
        effective_at=record.effective_at,
        collector=record.collector,
        body=workspace.stores.evidence.get(record.digest),
        digest=record.digest,
    )


def target_to_json(target: Target) -> dict[str, object]:
    """A target as plain values, for the job queue."""
    return {
        "stream": target.stream,
        "scope": [target.scope.source, target.scope.account, target.scope.region],
        "settings": dict(target.settings),
    }


def target_from_json(value: Mapping[str, object]) -> Target:
    """Read back what `target_to_json` wrote."""
    source, account, region = cast("list[str]", value["scope"])
    return Target(
        stream=StreamId(cast("str", value["stream"])),
        scope=Scope(source=IntegrationId(source), account=account, region=region),
        settings=cast("dict[str, str]", value["settings"]),
    )


def _discover(workspace: Workspace, settings: IntegrationSettings) -> Iterator[Target | Captured]:
    integration = integrations().get(settings.id)
    if integration is None:
        known = ", ".join(sorted(integrations()))
        raise AppError(f"{settings.where}: there is no integration {settings.id!r}; known are {known}")
    config = {**settings.values, "program_folder": str(workspace.folder)}
    try:
        yield from integration.targets(config)
    except ConfigError as error:
        raise AppError(f"{settings.where}: {error}") from None


def _ask(stream: Stream, target: Target) -> Iterator[Captured]:
    captured = False
    try:
        for item in stream.collect(target):
            captured = True
            yield item
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  # a named boundary: one broken stream stops no other
        captured = True
        yield _broken(stream, target, f"{type(error).__name__}: {error}")
    if not captured:
        yield _broken(stream, target, "the stream answered nothing, neither evidence nor a refusal")


def _broken(stream: Stream, target: Target, detail: str) -> Gap:
    return Gap(
        stream=stream.id,
        scope=target.scope,
        operation=str(stream.id),
        reason=GapReason.UNAVAILABLE,
        detail=detail[:MAX_DETAIL],
        remedy="This is a defect of Auditwright or an answer it does not know; report it with this text.",
        hides_items=True,
        at=datetime.now(UTC),
    )


def _imported(
    workspace: Workspace, *, asked: set[tuple[StreamId, Scope]], at: datetime
) -> Iterator[EvidenceRecord | Gap]:
    """The newest saved answers of what this run asks nobody, and a gap for each listing that none holds.

    Their bytes were kept when they were imported, and are read where something is derived from them.
    """
    records = workspace.stores.records
    newest: dict[tuple[StreamId, Scope], dict[Query, EvidenceRecord]] = {}
    for run in records.runs():
        # What is imported while this run is under way is the next run's: so an answer of this run is one that
        # was collected after it began, and any other is as old as its content.
        if run.kind is not RunKind.IMPORT or run.started_at >= at:
            continue
        for record in records.evidence(run.id):
            if (record.stream, record.scope) in asked or not streams()[record.stream].emits:
                continue  # asked just now, or kept for people: nothing is derived from it
            held = newest.setdefault((record.stream, record.scope), {})
            before = held.get(record.query)
            if before is None or before.effective_at <= record.effective_at:
                held[record.query] = record
    stones = tombstones(records)
    for (stream, scope), answers in newest.items():
        held = {query: record for query, record in answers.items() if not erased(stones, record)}
        yield from (
            gap_of(record, stone, at) for record in answers.values() if (stone := erased(stones, record))
        )
        if not held:
            continue
        if streams()[stream].stands:
            yield from (replace(record, effective_at=at) for record in held.values())
            continue
        current = [record for record in held.values() if at - record.effective_at <= MAX_IMPORT_AGE]
        if current:
            yield from current
            yield from integrations()[scope.source].missing(current, at)
        else:
            yield _lapsed(next(iter(held.values())), at)


def _lapsed(record: EvidenceRecord, at: datetime) -> Gap:
    return Gap(
        stream=record.stream,
        scope=record.scope,
        operation=record.query.operation,
        reason=GapReason.NOT_COLLECTED,
        detail=f"the newest answer that was imported is of {record.effective_at:%d %b %Y}, over {MAX_IMPORT_AGE.days} days ago",
        remedy="Save the answer again and import it with `auditwright import`, or connect the account.",
        hides_items=True,
        at=at,
    )


def _definitions(workspace: Workspace) -> Json:
    """The controls and tests that a run goes by, so that any later reader has them as they were."""
    held = workspace.catalogue
    return {
        "program_sha256": workspace.program.digest,
        "framework": f"{held.framework.id} {held.framework.version}",
        "categories": list(workspace.program.categories),
        "controls": [
            {
                "id": control.id,
                "version": control.version,
                "title": control.title,
                "statement": control.statement,
                "criteria": list(control.criteria),
            }
            for control in held.library.applicable
        ],
        "tests": [
            {
                "id": test.id,
                "title": test.title,
                "controls": list(test.controls),
                "settings": {
                    name: list(value) if isinstance(value, tuple) else value
                    for name, value in {**test.settings, **held.settings_of(test)}.items()
                },
            }
            for test in held.tests.values()
        ],
        "waivers": [
            {
                "id": waiver.id,
                "test": waiver.test,
                "items": list(waiver.items),
                "reason": waiver.reason,
                "requested_by": waiver.requested_by,
                "approved_by": waiver.approved_by,
                "approved_at": iso(waiver.approved_at),
                "ends_at": iso(waiver.ends_at),
            }
            for waiver in waivers(workspace)
        ],
    }


def _evidence_record(run: RunId, job: JobId, item: Evidence, seq: int) -> EvidenceRecord:
    return EvidenceRecord(
        run=run,
        job=job,
        stream=item.stream,
        scope=item.scope,
        query=item.query,
        principal=item.principal,
        collected_at=item.collected_at,
        effective_at=item.effective_at,
        collector=item.collector,
        digest=Digest(item.digest),
        size_bytes=item.size_bytes,
        seq=seq,
    )


def _job_id(stream: StreamId, scope: Scope) -> JobId:
    return JobId(f"{stream}@{scope}")
