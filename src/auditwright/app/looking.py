"""Look at one piece of evidence."""

import re
from dataclasses import dataclass

from auditwright.app.erased import is_gone, tombstone_of, tombstones
from auditwright.app.errors import AppError
from auditwright.app.workspace import Workspace
from auditwright.core.act import Erasure
from auditwright.core.ids import Digest
from auditwright.core.run import EvidenceRecord

SHORTEST_PREFIX = 8
"""Digits of a digest that reports print at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes that were kept, and every time that a source gave them."""

    digest: Digest
    body: bytes | None
    """None where they were erased."""
    erasure: Erasure | None
    """The newest tombstone; of bytes that are there, one that speaks for an earlier time."""
    records: tuple[EvidenceRecord, ...]
    """Empty for what is kept but was not collected: results and definitions."""


def look_up(workspace: Workspace, given: str) -> Piece:
    """Evidence by its digest or the beginning of it; raises AppError, StoreError."""
    digest = find(workspace, given)
    records = workspace.stores.records
    erasure = tombstone_of(records, digest)
    is_erased = erasure is not None and is_gone(records, erasure)
    return Piece(
        digest=digest,
        body=None if is_erased else workspace.stores.evidence.get(digest),
        erasure=erasure,
        records=tuple(records.evidence_by_digest(digest)),
    )


def find(workspace: Workspace, given: str) -> Digest:
    """The digest that begins so, of what is kept or was erased; raises AppError, StoreError."""
    text = given.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_PREFIX},64}}", text):
        raise AppError(
            f"{given!r} is no digest: write at least its first {SHORTEST_PREFIX} hexadecimal digits"
        )
    known = {*workspace.stores.evidence.digests(), *tombstones(workspace.stores.records)}
    matching = [digest for digest in known if digest.startswith(text)]
    if not matching:
        raise AppError(f"No evidence has a digest that begins with {text}. Is --program the right folder?")
    if len(matching) > 1:
        raise AppError(f"{len(matching)} digests begin with {text}; write more of it")
    return matching[0]
