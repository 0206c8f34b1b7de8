"""Ports: what the use cases need of stores. `auditwright.store` implements them; one conformance suite runs them all.

Three stores, because the data has three natures: evidence is append-only bytes, records are
transactional, the inventory is columnar.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from auditwright.core.evidence import Scope
from auditwright.core.ids import Digest, ResourceId, RunId, TestId
from auditwright.core.log import LogEntry
from auditwright.core.outcome import Outcome, Result
from auditwright.core.question import Answer, Condition, Question
from auditwright.core.resource import Resource
from auditwright.core.run import Checkpoint, EvidenceRecord, Finding, GapRecord, JobRecord, ResultRecord, Run

R = TypeVar("R", bound=Resource)
K = TypeVar("K")
"""A type of record that is kept in a table of its own: those of `core.run`, `core.account` and `core.act`.

A question about `OwedFinding` may be asked as of a time (now: None); no other type knows how it was.
"""


class StoreError(Exception):
    """A store could not do what was asked; the message says why and what to do. Nothing was half-written."""


class EvidenceMissingError(StoreError):
    """No evidence has this digest."""


class EvidenceCorruptError(StoreError):
    """Stored bytes no longer have the digest that they were stored under."""


class NewerStoreError(StoreError):
    """The store was written by a newer version of Auditwright."""


class EvidenceStore(Protocol):
    """Append-only bytes by SHA-256."""

    def put(self, body: bytes) -> Digest:
        """Keep bytes; on return they survive a crash. The same bytes twice are kept once."""
        ...

    def get(self, digest: Digest) -> bytes:
        """The bytes, checked against the digest; raises EvidenceMissingError, EvidenceCorruptError."""
        ...

    def __contains__(self, digest: object) -> bool:
        """True where bytes of this digest are kept."""
        ...

    def digests(self) -> Iterator[Digest]:
        """Every digest kept, in ascending order."""
        ...


class Transaction(Protocol):
    """Writes that happen together or not at all. Every one leaves its leaf in the log, or none is accepted."""

    def append(self, entry: LogEntry) -> int:
        """Add a leaf; returns its index."""
        ...

    def put_run(self, run: Run) -> None:
        """Add a run, or replace it by its id."""
        ...

    def finish_job(self, job: JobRecord) -> bool:
        """Record a job as finished; False, and nothing written, where it already was."""
        ...

    def add_evidence(self, records: Sequence[EvidenceRecord]) -> None: ...

    def add_gaps(self, records: Sequence[GapRecord]) -> None: ...

    def add_results(self, records: Sequence[ResultRecord]) -> None:
        """Add results; one that is there for its (run, test) raises StoreError."""
        ...

    def put_findings(self, findings: Sequence[Finding]) -> None:
        """Add findings, or replace them by their (test, item)."""
        ...

    def put_tiles(self, tiles: Iterable[tuple[int, int, Sequence[bytes]]]) -> None:
        """Keep complete tiles of the log's tree: level, index, 256 hashes of 32 bytes each."""
        ...

    def add_checkpoint(self, checkpoint: Checkpoint) -> None: ...

    def keep(self, records: Sequence[object]) -> None:
        """Add records of accounts, acts and spells, all of one type, or replace them by their key."""
        ...

    def drop(self, kind: type[K], where: Sequence[Condition]) -> None:
        """Take away records of accounts: what lapsed, or was withdrawn. What people did stays."""
        ...

    def kept(self, kind: type[K], *where: Condition) -> Sequence[K]:
        """Every record of a type that meets the conditions, by key, as this transaction sees them: nobody else
        writes until it ends, so what is read here is still true when it is written.
        """
        ...


class Records(Protocol):
    """The transactional store and the log's leaves."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin; commits at the end of the block, rolls back when it raises. One writer at a time."""
        ...

    def runs(self) -> Sequence[Run]:
        """Every run, the oldest first."""
        ...

    def run(self, run: RunId) -> Run | None: ...

    def jobs(self, run: RunId) -> Sequence[JobRecord]: ...

    def evidence(self, run: RunId) -> Sequence[EvidenceRecord]:
        """A run's evidence in the order of the log."""
        ...

    def evidence_by_digest(self, digest: Digest) -> Sequence[EvidenceRecord]: ...

    def gaps(self, run: RunId) -> Sequence[GapRecord]: ...

    def results(self, run: RunId) -> Sequence[ResultRecord]:
        """A run's results, by test id."""
        ...

    def results_of(self, test: TestId, since: datetime, until: datetime) -> Sequence[ResultRecord]:
        """A test's results with since <= concluded_at < until, the oldest first."""
        ...

    def findings(self, *, include_closed: bool = False) -> Sequence[Finding]:
        """Findings by (first seen, test, item)."""
        ...

    def log_size(self) -> int: ...

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        """The exact leaves of [start, stop), in order, streamed."""
        ...

    def leaf_hashes(self, start: int, stop: int) -> Sequence[bytes]:
        """The leaf hashes of [start, stop), 32 bytes each."""
        ...

    def tile(self, level: int, index: int) -> Sequence[bytes] | None: ...

    def checkpoints(self) -> Sequence[Checkpoint]:
        """Every checkpoint, the smallest first."""
        ...

    def kept(self, kind: type[K], *where: Condition) -> Sequence[K]:
        """Every record of a type that meets the conditions, by key."""
        ...

    def answer(self, kind: type[K], question: Question, *, as_of: datetime | None = None) -> Answer[K]:
        """One page of the records of a type, and how many there are in all."""
        ...

    def tally(
        self, kind: type[K], by: Sequence[str], *where: Condition, as_of: datetime | None = None
    ) -> Mapping[tuple[object, ...], int]:
        """How many records that meet the conditions have each combination of the fields' values."""
        ...

    def least(
        self,
        kind: type[K],
        by: Sequence[str],
        field: str,
        *where: Condition,
        as_of: datetime | None = None,
    ) -> Mapping[tuple[object, ...], object]:
        """The least value of a field among the records that meet the conditions, by other fields' values.

        The field is one that always has a value.
        """
        ...

    def greatest(self, kind: type[K], field: str, *where: Condition) -> object:
        """The greatest value of a field among the records that meet the conditions; None where none does."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What one scope showed of one kind at one time. A complete snapshot says that nothing else is there."""

    kind: type[Resource]
    scope: Scope
    items: Sequence[Resource]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedSpan:
    """An item's outcome under a test, as it was known from `known_from` until the next span begins."""

    test: TestId
    item: ResourceId
    name: str
    account: str
    region: str
    known_from: datetime
    outcome: Outcome | None
    """None: from then on the item was no longer part of the population."""
    evidence: tuple[Digest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The answer to a query: column names and rows of plain values."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]


class QueryError(StoreError):
    """A query is not valid, takes too long, or does more than read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A resource by what it is found by."""

    kind: str
    id: ResourceId
    name: str
    account: str


class Inventory(Protocol):
    """The columnar store: resources and observations over time. Only what changed is written."""

    def record(self, run: RunId, at: datetime, snapshots: Iterable[Snapshot]) -> None:
        """Keep what a run saw. Again with the same run: nothing changes. An item that a complete snapshot of
        its kind and scope lacks is gone from `at` on; one that an incomplete snapshot lacks stays as it was.
        """
        ...

    def resources(self, kind: type[R], *, as_of: datetime | None = None) -> Sequence[R]:
        """Every resource of a kind as known at a time (now: None), by id."""
        ...

    def history(self, kind: type[R], item: ResourceId) -> Sequence[tuple[datetime, R | None]]:
        """What was known of one resource, from when; None from when it was gone."""
        ...

    def answer(self, kind: type[R], question: Question, *, as_of: datetime | None = None) -> Answer[R]:
        """One page of the resources of a kind as known at a time (now: None), and how many there are in all.

        Fields are those of `query`; `source`, `account` and `region` are where it was seen. What is Unknown has no
        value. A list is asked as its texts, one on each line, and what is structured as its JSON.
        """
        ...

    def tally(
        self, kind: type[R], by: Sequence[str], *where: Condition, as_of: datetime | None = None
    ) -> Mapping[tuple[object, ...], int]:
        """How many resources that meet the conditions have each combination of the fields' values."""
        ...

    def names(self, *, as_of: datetime | None = None) -> Sequence[Named]:
        """Every resource of every kind as known at a time (now: None), by (kind, id)."""
        ...

    def observe(self, run: RunId, at: datetime, results: Iterable[Result]) -> None:
        """Keep what tests observed. Again with the same run: nothing changes."""
        ...

    def spans(self, test: TestId, *, since: datetime, until: datetime) -> Sequence[ObservedSpan]:
        """A test's outcomes, item by item, that were in force at any time in [since, until), by (item, known_from)."""
        ...

    def outcomes(self, item: ResourceId, *, as_of: datetime | None = None) -> Sequence[ObservedSpan]:
        """What every test said of one item up to a time (now: None), by (test, known_from)."""
        ...

    def query(self, sql: str, *, as_of: datetime | None = None) -> Rows:
        """Run one SELECT over the kinds as tables (`user_account`, …), read-only; raises QueryError.

        Columns are the fields: `id`, `name`, `source`, `account`, `region`, then the kind's own. What was
        not seen is NULL, and the column `unknown` maps the field's name to the reason.
        """
        ...
