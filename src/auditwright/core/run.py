"""Runs and what they leave in the records."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auditwright.core.evidence import Gap, Query, Scope
from auditwright.core.ids import Digest, JobId, ResourceId, RunId, StreamId, TestId
from auditwright.core.outcome import Conclusion


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    FINISHED = "finished"


class RunKind(StrEnum):
    """What a run did."""

    COLLECTION = "collection"
    """Asked every source and tested what it saw."""
    IMPORT = "import"
    """Took in a saved answer, which the next collection tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pass of collection and tests over the whole program, or one import."""

    id: RunId
    kind: RunKind
    started_at: datetime
    finished_at: datetime | None
    state: RunState
    program_sha256: Digest
    """Digest of the program folder's definitions, as they were read for this run."""
    planned: int | None = None
    """How many jobs it has, once that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A finished job: one stream of one scope, and whether it saw every item."""

    run: RunId
    job: JobId
    stream: StreamId
    scope: Scope
    finished_at: datetime
    complete: bool
    """False where a gap hides items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecord:
    """Evidence without its bytes, and its place in the log."""

    run: RunId
    job: JobId
    stream: StreamId
    scope: Scope
    query: Query
    principal: str
    collected_at: datetime
    effective_at: datetime
    collector: str
    digest: Digest
    size_bytes: int
    seq: int
    """The index of its leaf in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRecord:
    """A gap of a run; its place in the log."""

    run: RunId
    job: JobId
    gap: Gap
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRecord:
    """A result without its observations, and the document that holds them."""

    run: RunId
    test: TestId
    concluded_at: datetime
    conclusion: Conclusion
    satisfied: int
    deviations: int
    not_applicable: int
    undetermined: int
    gaps: int
    waived: int | None
    """How many of the deviations a waiver covered when this was concluded; None where that was not kept yet."""
    document: Digest
    """The whole result as canonical JSON, in the evidence store."""
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem, tracked over time: a test's deviation on one item. It opens once and keeps its first day."""

    test: TestId
    item: ResourceId
    name: str
    account: str
    region: str
    what: str
    first_seen_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None
    """When the item was seen satisfied, or gone from a scope that was seen completely."""
    reopened: int
    """How often it came back after it was closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedSpell:
    """A time in which a finding was closed, before it came back."""

    test: TestId
    item: ResourceId
    closed_at: datetime
    reopened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A signed statement of the log's size and root (C2SP tlog-checkpoint)."""

    size: int
    root: bytes
    """32 bytes."""
    note: bytes
    """The exact signed note."""
    signed_at: datetime
    timestamp: bytes
    """An RFC 3161 response over the note; empty where none was asked for."""
