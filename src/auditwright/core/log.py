"""Entries of the transparency log: what is recorded, before the log gives it a place.

The log is an RFC 9162 Merkle tree. A leaf is one RFC 8785 JSON object that holds its own index as
`seq`, so that a dropped or reordered leaf can be named and not only noticed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from auditwright.core.canonical import Json, canonical_json

MAX_LEAF_BYTES = 65_535
"""C2SP tlog-tiles: an entry's length is written in 16 bits."""


class LeafTooLargeError(ValueError):
    """An entry does not fit into a leaf; its bytes belong into the evidence store, by digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """A fact to be logged: its kind, its time, and its fields."""

    kind: str
    at: datetime
    fields: Mapping[str, Json]

    def leaf(self, seq: int) -> bytes:
        """The exact bytes of the leaf at index `seq`; raises LeafTooLargeError."""
        reserved = {"seq", "kind", "at"} & set(self.fields)
        assert not reserved, f"reserved fields in a log entry: {sorted(reserved)}"
        leaf = canonical_json({**self.fields, "seq": seq, "kind": self.kind, "at": iso(self.at)})
        if len(leaf) > MAX_LEAF_BYTES:
            message = f"a {self.kind} entry has {len(leaf)} bytes; a leaf holds {MAX_LEAF_BYTES}"
            raise LeafTooLargeError(message)
        return leaf


def leaf_hash(leaf: bytes) -> bytes:
    """The 32-byte hash of a leaf (RFC 9162 2.1.1: SHA-256 over 0x00 and the leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def iso(at: datetime) -> str:
    """A time as ISO 8601 in UTC with microseconds, the one form that is stored: 2026-11-23T14:02:11.000000Z."""
    assert at.tzinfo is not None, "a time without a zone"
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_iso(text: str) -> datetime:
    """Read back what `iso` wrote; raises ValueError."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        message = f"the time {text!r} names no zone"
        raise ValueError(message)
    return at.astimezone(UTC)
