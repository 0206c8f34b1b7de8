"""The three stores in memory: the reference that the durable ones are compared with, and what tests run on.

Plain and obviously right; nothing here is tuned, and nothing survives the process.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import zip_longest
from typing import NoReturn, TypeAlias, TypeVar

from auditwright.core.act import Act, Assignment, OwedFinding
from auditwright.core.evidence import Scope, digest_of
from auditwright.core.ids import Digest, JobId, ResourceId, RunId, TestId
from auditwright.core.log import LogEntry, leaf_hash
from auditwright.core.outcome import Result
from auditwright.core.ports import (
    EvidenceMissingError,
    Named,
    ObservedSpan,
    Rows,
    Snapshot,
    StoreError,
)
from auditwright.core.question import Answer, Condition, Question, answered, meets
from auditwright.core.resource import Resource
from auditwright.core.resources import kinds
from auditwright.core.run import (
    Checkpoint,
    ClosedSpell,
    EvidenceRecord,
    Finding,
    GapRecord,
    JobRecord,
    ResultRecord,
    Run,
)
from auditwright.store.codec import codec_of
from auditwright.store.inventory_asking import value_of
from auditwright.store.lists import listed

R = TypeVar("R", bound=Resource)
K = TypeVar("K")

TILE_HASHES = 256
"""C2SP tlog-tiles: a complete tile is 256 hashes wide."""

HASH_BYTES = 32


class MemoryEvidence:
    """Evidence in a dictionary."""

    __slots__ = ("_bodies",)

    def __init__(self) -> None:
        self._bodies: dict[Digest, bytes] = {}

    def put(self, body: bytes) -> Digest:
        """Keep bytes. The same bytes twice are kept once."""
        digest = digest_of(body)
        self._bodies[digest] = body
        return digest

    def get(self, digest: Digest) -> bytes:
        """The bytes; raises EvidenceMissingError."""
        try:
            return self._bodies[digest]
        except KeyError as error:
            message = f"no evidence has the digest {str(digest)[:80]!r}"
            raise EvidenceMissingError(message) from error

    def __contains__(self, digest: object) -> bool:
        """True where bytes of this digest are kept."""
        return digest in self._bodies

    def digests(self) -> Iterator[Digest]:
        """Every digest kept, in ascending order."""
        return iter(sorted(self._bodies))


@dataclass(slots=True)
class _Tables:
    """All records. Values are never changed, so that a shallow copy of each table is a snapshot."""

    leaves: list[bytes] = field(default_factory=list)
    runs: dict[RunId, Run] = field(default_factory=dict)
    jobs: dict[tuple[RunId, JobId], JobRecord] = field(default_factory=dict)
    evidence: dict[int, EvidenceRecord] = field(default_factory=dict)
    gaps: dict[int, GapRecord] = field(default_factory=dict)
    results: dict[tuple[RunId, TestId], ResultRecord] = field(default_factory=dict)
    findings: dict[tuple[TestId, ResourceId], Finding] = field(default_factory=dict)
    tiles: dict[tuple[int, int], tuple[bytes, ...]] = field(default_factory=dict)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    kept: dict[tuple[object, ...], object] = field(default_factory=dict)
    """Records of accounts and acts, by their type and key."""

    def copy(self) -> "_Tables":
        return _Tables(
            leaves=list(self.leaves),
            runs=dict(self.runs),
            jobs=dict(self.jobs),
            evidence=dict(self.evidence),
            gaps=dict(self.gaps),
            results=dict(self.results),
            findings=dict(self.findings),
            tiles=dict(self.tiles),
            checkpoints=list(self.checkpoints),
            kept=dict(self.kept),
        )

    def of_kind(self, kind: type[K], as_of: datetime | None = None) -> list[K]:
        """Every record of a type, findings with who owes them as of a time."""
        of_runs: Mapping[type[object], Iterable[object]] = {
            Run: self.runs.values(),
            JobRecord: self.jobs.values(),
            EvidenceRecord: self.evidence.values(),
            GapRecord: self.gaps.values(),
            ResultRecord: self.results.values(),
            Finding: self.findings.values(),
            Checkpoint: self.checkpoints,
        }
        if kind is OwedFinding:
            found: Iterable[object] = self._owed(as_of)
        else:
            assert as_of is None, "no other type of record than OwedFinding knows how it was"
            found = of_runs.get(kind, self.kept.values())
        return [record for record in found if isinstance(record, kind)]

    def _owed(self, as_of: datetime | None) -> Iterator[OwedFinding]:
        owed = {(each.test, each.item): each for each in self.of_kind(Assignment) if _counted(each, as_of)}
        spells = self.of_kind(ClosedSpell)
        for finding in self.findings.values():
            known = finding if as_of is None else _as_of(finding, spells, as_of)
            if known is not None:
                assigned = owed.get((known.test, known.item))
                yield OwedFinding(
                    **asdict(known),
                    owner=assigned.owner if assigned else "",
                    due_at=assigned.due_at if assigned else None,
                )


def _as_of(finding: Finding, spells: Iterable[ClosedSpell], at: datetime) -> Finding | None:
    """A finding as it was at a time; None before it was first seen."""
    if finding.first_seen_at > at:
        return None
    its = [each for each in spells if (each.test, each.item) == (finding.test, finding.item)]
    later = [each for each in its if each.reopened_at > at]
    closed = [each.closed_at for each in later if each.closed_at <= at]
    if finding.closed_at is not None and finding.closed_at <= at:
        closed = [finding.closed_at]
    return replace(finding, closed_at=closed[0] if closed else None, reopened=finding.reopened - len(later))


def _counted(assignment: Assignment, as_of: datetime | None) -> bool:
    """Whether an assignment counts, or counted at a time."""
    if as_of is None:
        return assignment.until is None
    return assignment.made_at <= as_of and (assignment.until is None or assignment.until > as_of)


class _MemoryTransaction:
    """Writes on a copy of all tables, which takes their place when the block ends."""

    __slots__ = ("failed", "tables")

    def __init__(self, tables: _Tables) -> None:
        self.tables = tables
        self.failed = ""

    def append(self, entry: LogEntry) -> int:
        self._go_on()
        seq = len(self.tables.leaves)
        self.tables.leaves.append(entry.leaf(seq))
        return seq

    def put_run(self, run: Run) -> None:
        self._go_on()
        self.tables.runs[run.id] = run

    def finish_job(self, job: JobRecord) -> bool:
        self._go_on()
        self._need_run(job.run)
        if (job.run, job.job) in self.tables.jobs:
            return False
        self.tables.jobs[job.run, job.job] = job
        return True

    def add_evidence(self, records: Sequence[EvidenceRecord]) -> None:
        for record in records:
            self._need_leaf(record.run, record.seq, self.tables.evidence)
            self.tables.evidence[record.seq] = record

    def add_gaps(self, records: Sequence[GapRecord]) -> None:
        for record in records:
            self._need_leaf(record.run, record.seq, self.tables.gaps)
            self.tables.gaps[record.seq] = record

    def add_results(self, records: Sequence[ResultRecord]) -> None:
        for record in records:
            self._need_leaf(record.run, record.seq, {held.seq for held in self.tables.results.values()})
            if (record.run, record.test) in self.tables.results:
                self._fail(f"run {record.run} already has a result of {record.test}")
            self.tables.results[record.run, record.test] = record

    def put_findings(self, findings: Sequence[Finding]) -> None:
        self._go_on()
        self.tables.findings.update({(finding.test, finding.item): finding for finding in findings})

    def put_tiles(self, tiles: Iterable[tuple[int, int, Sequence[bytes]]]) -> None:
        self._go_on()
        for level, index, hashes in tiles:
            assert_tile(hashes)
            self.tables.tiles.setdefault((level, index), tuple(hashes))

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        self._go_on()
        self.tables.checkpoints.append(checkpoint)

    def keep(self, records: Sequence[object]) -> None:
        self._go_on()
        for record in records:
            if isinstance(record, Act) and not 0 <= record.seq < len(self.tables.leaves):
                self._fail(f"the log has no leaf {record.seq}; append it first")
            self.tables.kept[type(record), *_key_of(record)] = record

    def drop(self, kind: type[K], where: Sequence[Condition]) -> None:
        self._go_on()
        for record in self.kept(kind, *where):
            del self.tables.kept[kind, *_key_of(record)]

    def kept(self, kind: type[K], *where: Condition) -> Sequence[K]:
        self._go_on()
        return _met(self.tables, kind, where)

    def _need_leaf(self, run: RunId, seq: int, taken: Iterable[int]) -> None:
        self._go_on()
        self._need_run(run)
        if not 0 <= seq < len(self.tables.leaves):
            self._fail(f"the log has no leaf {seq}; append it first")
        if seq in taken:
            self._fail(f"leaf {seq} already stands for another record")

    def _need_run(self, run: RunId) -> None:
        if run not in self.tables.runs:
            self._fail(f"there is no run {run}; put it first")

    def _fail(self, why: str) -> NoReturn:
        self.failed = why
        raise StoreError(why)

    def _go_on(self) -> None:
        """Refuse to write where a write of the same transaction failed: all or nothing."""
        if self.failed:
            raise StoreError(abandoned(self.failed))


def abandoned(why: str) -> str:
    """Why a transaction in which a write failed keeps nothing."""
    return f"an earlier write of this transaction failed, so that none of it is kept: {why}"


def assert_tile(hashes: Sequence[bytes]) -> None:
    """Only complete tiles are kept: 256 hashes of 32 bytes."""
    assert len(hashes) == TILE_HASHES, f"a complete tile has {TILE_HASHES} hashes, not {len(hashes)}"
    assert all(len(each) == HASH_BYTES for each in hashes), "a hash has 32 bytes"


def assert_checkpoint(checkpoint: Checkpoint) -> None:
    """A checkpoint's root is one hash."""
    assert len(checkpoint.root) == HASH_BYTES, "a root has 32 bytes"


class MemoryRecords:
    """Records in dictionaries."""

    __slots__ = ("_tables",)

    def __init__(self) -> None:
        self._tables = _Tables()

    @contextmanager
    def transaction(self) -> Iterator[_MemoryTransaction]:
        """Begin; commits at the end of the block, rolls back when it raises."""
        transaction = _MemoryTransaction(self._tables.copy())
        yield transaction
        if transaction.failed:
            raise StoreError(abandoned(transaction.failed))
        self._tables = transaction.tables

    def runs(self) -> Sequence[Run]:
        """Every run, the oldest first."""
        return sorted(self._tables.runs.values(), key=lambda run: (run.started_at, run.id))

    def run(self, run: RunId) -> Run | None:
        """The run with this id."""
        return self._tables.runs.get(run)

    def jobs(self, run: RunId) -> Sequence[JobRecord]:
        """A run's finished jobs, by id."""
        return sorted((j for j in self._tables.jobs.values() if j.run == run), key=lambda job: job.job)

    def evidence(self, run: RunId) -> Sequence[EvidenceRecord]:
        """A run's evidence in the order of the log."""
        return self._evidence(lambda record: record.run == run)

    def evidence_by_digest(self, digest: Digest) -> Sequence[EvidenceRecord]:
        """Every record of these bytes, in the order of the log."""
        return self._evidence(lambda record: record.digest == digest)

    def _evidence(self, wanted: Callable[[EvidenceRecord], bool]) -> Sequence[EvidenceRecord]:
        return sorted(filter(wanted, self._tables.evidence.values()), key=lambda record: record.seq)

    def gaps(self, run: RunId) -> Sequence[GapRecord]:
        """A run's gaps in the order of the log."""
        return sorted((g for g in self._tables.gaps.values() if g.run == run), key=lambda gap: gap.seq)

    def results(self, run: RunId) -> Sequence[ResultRecord]:
        """A run's results, by test id."""
        return sorted((r for r in self._tables.results.values() if r.run == run), key=lambda r: r.test)

    def results_of(self, test: TestId, since: datetime, until: datetime) -> Sequence[ResultRecord]:
        """A test's results with since <= concluded_at < until, the oldest first."""
        found = (
            result
            for result in self._tables.results.values()
            if result.test == test and since <= result.concluded_at < until
        )
        return sorted(found, key=lambda result: (result.concluded_at, result.seq))

    def findings(self, *, include_closed: bool = False) -> Sequence[Finding]:
        """Findings by (first seen, test, item)."""
        found = (f for f in self._tables.findings.values() if include_closed or f.closed_at is None)
        return sorted(found, key=lambda finding: (finding.first_seen_at, finding.test, finding.item))

    def log_size(self) -> int:
        """How many leaves the log has."""
        return len(self._tables.leaves)

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        """The exact leaves of [start, stop), in order; raises StoreError beyond the log's end."""
        check_range(start, stop, self.log_size())
        return iter(self._tables.leaves[start:stop])

    def leaf_hashes(self, start: int, stop: int) -> Sequence[bytes]:
        """The leaf hashes of [start, stop); raises StoreError beyond the log's end."""
        return [leaf_hash(leaf) for leaf in self.leaves(start, stop)]

    def tile(self, level: int, index: int) -> Sequence[bytes] | None:
        """A complete tile of the log's tree."""
        return self._tables.tiles.get((level, index))

    def checkpoints(self) -> Sequence[Checkpoint]:
        """Every checkpoint, the smallest first."""
        return sorted(self._tables.checkpoints, key=lambda checkpoint: checkpoint.size)

    def kept(self, kind: type[K], *where: Condition) -> Sequence[K]:
        """Every record of a type that meets the conditions, by key."""
        return _met(self._tables, kind, where)

    def answer(self, kind: type[K], question: Question, *, as_of: datetime | None = None) -> Answer[K]:
        """One page of the records of a type, and how many there are in all."""
        return answered(self._tables.of_kind(kind, as_of), question, value=_value, key=listed(kind).key)

    def tally(
        self, kind: type[K], by: Sequence[str], *where: Condition, as_of: datetime | None = None
    ) -> Mapping[tuple[object, ...], int]:
        """How many records that meet the conditions have each combination of the fields' values."""
        return Counter(tuple(_row(r)[name] for name in by) for r in _met(self._tables, kind, where, as_of))

    def least(
        self,
        kind: type[K],
        by: Sequence[str],
        field: str,
        *where: Condition,
        as_of: datetime | None = None,
    ) -> Mapping[tuple[object, ...], object]:
        """The least value of a field among the records that meet the conditions, by other fields' values."""
        met = _met(self._tables, kind, where, as_of)
        found: dict[tuple[object, ...], object] = {}
        for record in answered(met, Question(order=(field,), limit=10**9), value=_value, key=()).rows:
            found.setdefault(tuple(_value(record, name) for name in by), _value(record, field))
        return found

    def greatest(self, kind: type[K], field: str, *where: Condition) -> object:
        """The greatest value of a field among the records that meet the conditions; None where none does."""
        question = Question(where=where, order=(f"-{field}",), limit=1)
        return next((_value(record, field) for record in self.answer(kind, question).rows), None)

    def close(self) -> None:
        """Nothing is held open."""


def _row(record: object) -> Mapping[str, object]:
    """A record as the row of a table."""
    return listed(type(record)).write(record)


def _value(record: object, name: str) -> object:
    return _row(record)[name]


def _key_of(record: object) -> tuple[object, ...]:
    row = _row(record)
    return tuple(row[name] for name in listed(type(record)).key)


def _met(
    tables: _Tables, kind: type[K], where: Iterable[Condition], as_of: datetime | None = None
) -> list[K]:
    conditions = tuple(where)
    found = [
        each
        for each in tables.of_kind(kind, as_of)
        if all(meets(partial(_value, each), one) for one in conditions)
    ]
    return sorted(found, key=_key_of)


def check_range(start: int, stop: int, size: int) -> None:
    """Refuse to read leaves that the log does not have."""
    assert 0 <= start <= stop, f"no range of leaves: [{start}, {stop})"
    if stop > size:
        message = (
            f"the log has {size} leaves, but leaf {stop - 1} was asked for; restore the records from a backup"
        )
        raise StoreError(message)


Known: TypeAlias = Resource | ObservedSpan
"""What the inventory knows of one key: a resource, or an item's outcome under a test."""


@dataclass(slots=True)
class _Change:
    """From `known_from` on this was known of a key; None: it was gone."""

    known_from: datetime
    value: Known | None


class _Timeline:
    """Every change of every key, in the order in which they were recorded."""

    __slots__ = ("changes",)

    def __init__(self) -> None:
        self.changes: dict[str, list[_Change]] = {}

    def put(self, key: str, at: datetime, value: Known | None) -> None:
        """Keep a change where it is one; what was recorded for a later time stays as it is."""
        changes = self.changes.setdefault(key, [])
        if changes and (changes[-1].known_from > at or _content(changes[-1].value) == _content(value)):
            return
        changes.append(_Change(at, value))

    def latest(self) -> Mapping[str, Known]:
        """What is there now."""
        return {
            key: changes[-1].value for key, changes in self.changes.items() if changes[-1].value is not None
        }

    def of(self, key: str) -> list[_Change]:
        """The changes of one key; of two for the same time, the one recorded last."""
        changes = self.changes.get(key, [])
        return [
            c
            for c, later in zip_longest(changes, changes[1:])
            if not later or later.known_from > c.known_from
        ]


def _content(value: Known | None) -> Known | None:
    """What is compared to see a change: everything but the evidence and the time."""
    match value:
        case None:
            return None
        case Resource():
            return replace(value, evidence=())
        case ObservedSpan():
            return replace(value, evidence=(), known_from=datetime.min.replace(tzinfo=UTC))


class MemoryInventory:
    """The inventory in dictionaries."""

    __slots__ = ("_observed", "_resources", "_seen")

    def __init__(self) -> None:
        self._resources: dict[str, _Timeline] = {}
        self._observed: dict[TestId, _Timeline] = {}
        self._seen: dict[tuple[str, Scope | TestId], tuple[datetime, RunId]] = {}

    def record(self, run: RunId, at: datetime, snapshots: Iterable[Snapshot]) -> None:
        """Keep what a run saw."""
        fresh: dict[str, list[Snapshot]] = {}
        for snapshot in snapshots:
            check_snapshot(snapshot)
            if not self._is_covered((snapshot.kind.kind, snapshot.scope), run, at):
                fresh.setdefault(snapshot.kind.kind, []).append(snapshot)
        for kind, of_kind in fresh.items():
            timeline = self._resources.setdefault(kind, _Timeline())
            held = timeline.latest()
            present: dict[str, Known] = {item.id: item for snapshot in of_kind for item in snapshot.items}
            hiding = {snapshot.scope for snapshot in of_kind if not snapshot.complete}
            whole = {snapshot.scope for snapshot in of_kind} - hiding
            for key, value in present.items():
                timeline.put(key, at, value)
            for key, value in held.items():
                if key not in present and isinstance(value, Resource) and value.scope in whole:
                    timeline.put(key, at, None)
            for snapshot in of_kind:
                self._seen[kind, snapshot.scope] = at, run

    def resources(self, kind: type[R], *, as_of: datetime | None = None) -> Sequence[R]:
        """Every resource of a kind as known at a time (now: None), by id."""
        timeline = self._resources.get(kind.kind, _Timeline())
        found = (state_at(self.history(kind, ResourceId(key)), as_of) for key in sorted(timeline.changes))
        return [item for item in found if item is not None]

    def history(self, kind: type[R], item: ResourceId) -> Sequence[tuple[datetime, R | None]]:
        """What was known of one resource, from when; None from when it was gone."""
        changes = self._resources.get(kind.kind, _Timeline()).of(item)
        return [(c.known_from, c.value if isinstance(c.value, kind) else None) for c in changes]

    def answer(self, kind: type[R], question: Question, *, as_of: datetime | None = None) -> Answer[R]:
        """One page of the resources of a kind as known at a time (now: None), and how many there are in all."""
        held = self.resources(kind, as_of=as_of)
        return answered(held, question, value=partial(value_of, codec_of(kind)), key=("id",))

    def tally(
        self, kind: type[R], by: Sequence[str], *where: Condition, as_of: datetime | None = None
    ) -> Mapping[tuple[object, ...], int]:
        """How many resources that meet the conditions have each combination of the fields' values."""
        value = partial(value_of, codec_of(kind))
        found = (
            item
            for item in self.resources(kind, as_of=as_of)
            if all(meets(partial(value, item), one) for one in where)
        )
        return Counter(tuple(value(item, name) for name in by) for item in found)

    def names(self, *, as_of: datetime | None = None) -> Sequence[Named]:
        """Every resource of every kind as known at a time (now: None), by (kind, id)."""
        return [
            Named(kind=name, id=item.id, name=item.name, account=item.scope.account)
            for name, kind in sorted(kinds().items())
            for item in self.resources(kind, as_of=as_of)
        ]

    def observe(self, run: RunId, at: datetime, results: Iterable[Result]) -> None:
        """Keep what tests observed."""
        fresh: dict[TestId, list[Result]] = {}
        for result in results:
            if not self._is_covered((OBSERVATIONS, result.test), run, at):
                fresh.setdefault(result.test, []).append(result)
        for test, of_test in fresh.items():
            timeline = self._observed.setdefault(test, _Timeline())
            held = timeline.latest()
            spans: dict[str, ObservedSpan] = {
                span.item: span for result in of_test for span in _spans(result, at)
            }
            for key, span in spans.items():
                timeline.put(key, at, span)
            if not any(gap.hides_items for result in of_test for gap in result.gaps):
                for key, value in held.items():
                    if key not in spans and isinstance(value, ObservedSpan) and value.outcome is not None:
                        timeline.put(key, at, replace(value, known_from=at, outcome=None, evidence=()))
            self._seen[OBSERVATIONS, test] = at, run

    def spans(self, test: TestId, *, since: datetime, until: datetime) -> Sequence[ObservedSpan]:
        """A test's outcomes that were in force at any time in [since, until), by (item, known_from)."""
        timeline = self._observed.get(test, _Timeline())
        found = []
        for item in sorted(timeline.changes):
            changes = timeline.of(item)
            for change, later in zip_longest(changes, changes[1:]):
                in_force = change.known_from < until and (not later or later.known_from > since)
                if in_force and since < until and isinstance(change.value, ObservedSpan):
                    found.append(change.value)
        return found

    def outcomes(self, item: ResourceId, *, as_of: datetime | None = None) -> Sequence[ObservedSpan]:
        """What every test said of one item up to a time (now: None), by (test, known_from)."""
        return [
            change.value
            for test in sorted(self._observed)
            for change in self._observed[test].of(item)
            if isinstance(change.value, ObservedSpan) and (as_of is None or change.known_from <= as_of)
        ]

    def query(self, sql: str, *, as_of: datetime | None = None) -> Rows:
        """Run one SELECT over the kinds as tables, read-only; raises QueryError."""
        from auditwright.store.query import Sandbox, mentioned

        known = kinds()
        with Sandbox() as sandbox:
            for name in mentioned(sql, known):
                sandbox.add_items(known[name], self.resources(known[name], as_of=as_of))
            return sandbox.run(sql)

    def _is_covered(self, key: tuple[str, Scope | TestId], run: RunId, at: datetime) -> bool:
        """True where this run recorded it already, or a run of a later time did."""
        seen = self._seen.get(key)
        return seen is not None and (seen[1] == run or seen[0] > at)


OBSERVATIONS = "observation"
"""What tests observed is kept like a kind; no kind of resource bears this name."""


def state_at(history: Sequence[tuple[datetime, R | None]], as_of: datetime | None) -> R | None:
    """The last of a history that was known at a time (now: None)."""
    known = [value for known_from, value in history if as_of is None or known_from <= as_of]
    return known[-1] if known else None


def check_snapshot(snapshot: Snapshot) -> None:
    """Refuse an item of another kind or scope: it would never be seen to go."""
    for item in snapshot.items:
        if type(item) is not snapshot.kind or item.scope != snapshot.scope:
            message = (
                f"the snapshot of {snapshot.kind.kind} in {snapshot.scope} holds the {item.kind} {item.id!r} of {item.scope}; "
                "the stream that emits it has to give it the scope that was asked"
            )
            raise StoreError(message)


def _spans(result: Result, at: datetime) -> Iterator[ObservedSpan]:
    for seen in result.observations:
        yield ObservedSpan(
            test=result.test,
            item=seen.item,
            name=seen.name,
            account=seen.account,
            region=seen.region,
            known_from=at,
            outcome=seen.outcome,
            evidence=seen.evidence,
        )
