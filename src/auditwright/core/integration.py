"""Integrations: one value each, from which forms, permissions, documentation and collection are made."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from auditwright.core.evidence import Evidence, Gap, Scope
from auditwright.core.ids import IntegrationId, StreamId
from auditwright.core.resource import Resource
from auditwright.core.run import EvidenceRecord

Config: TypeAlias = Mapping[str, object]
"""One integration's table of `auditwright.toml`, checked against its fields."""


class Takes(StrEnum):
    """The form of a setting."""

    TEXT = "text"
    NUMBER = "number"
    TEXTS = "texts"
    """A list of texts."""
    TABLES = "tables"
    """A list of tables, such as accounts with their roles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigField:
    """One setting of an integration."""

    name: str
    title: str
    help: str
    required: bool = False
    default: str | tuple[str, ...] = ""
    secret: bool = False
    """Secrets are never written into the program folder: the field then names an environment variable."""
    takes: Takes = Takes.TEXT
    names_files: tuple[str, ...] = ()
    """Where it names files of this machine: its own name, or the keys of its tables. Chosen in a browser, they lie in
    the program folder."""
    by_hand: tuple[str, ...] = ()
    """What decides where credentials go, or which programs run: its own name, or the keys of its tables. It is set by
    whoever edits the file, and never in a browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One question that a stream puts to its source, and the permission that it takes."""

    name: str
    """Such as `s3:GetBucketPolicy`."""
    permission: str
    """Such as `s3:GetBucketPolicy`; empty where none is needed."""
    lists: tuple[type[Resource], ...] = ()
    """The kinds whose items this question lists, so that its refusal hides those and no others.
    Empty for a question about items that are already known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One unit of collection: a stream in a scope. `settings` is what `collect` needs to reach it; never a secret."""

    stream: StreamId
    scope: Scope
    settings: Mapping[str, str]


Captured: TypeAlias = Evidence | Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream: what it asks, what it emits, how it collects (I/O) and how it normalizes (pure)."""

    id: StreamId
    title: str
    operations: tuple[Operation, ...]
    emits: tuple[type[Resource], ...]
    collect: Callable[[Target], Iterator[Captured]]
    """Ask the source; what it refuses becomes a Gap. Raises nothing that the source can cause."""
    normalize: Callable[[Sequence[Evidence], Sequence[Gap]], Iterable[Resource]]
    """Derive resources from all that one target captured. Raises MalformedEvidenceError."""
    stands: bool = False
    """True for a record of our own: it does not age, and says how things stand until the next one replaces it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What `doctor` found for one operation or one credential."""

    name: str
    scope: Scope
    problem: str
    """Empty where all is well."""
    remedy: str


def _nothing_missing(evidence: Sequence[EvidenceRecord], at: datetime) -> Iterable[Gap]:
    del evidence, at
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One outside system."""

    id: IntegrationId
    title: str
    summary: str
    fields: tuple[ConfigField, ...]
    streams: tuple[Stream, ...]
    targets: Callable[[Config], Iterator[Target | Captured]]
    """Find what there is to collect: accounts and regions. What cannot be found out is a Gap; what was
    asked to find out is Evidence of a stream."""
    check: Callable[[Config], Iterator[Check]]
    """Ask each operation once, cheaply, and say what cannot be seen."""
    read: Callable[[Config], object]
    """Read the settings and ask nobody; raises ConfigError."""
    missing: Callable[[Sequence[EvidenceRecord], datetime], Iterable[Gap]] = _nothing_missing
    """What the streams of imported evidence would have asked beside it; pure."""


class MalformedEvidenceError(ValueError):
    """Evidence does not have the form that its source documents; the message says where."""


class ConfigError(ValueError):
    """An integration's settings are wrong; the message says which and what was expected."""
