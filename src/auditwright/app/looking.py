"""Look at one piece of evidence."""

import re
from dataclasses import dataclass

from auditwright.app.errors import AppError
from auditwright.app.workspace import Workspace
from auditwright.core.ids import Digest
from auditwright.core.run import EvidenceRecord

SHORTEST_PREFIX = 8
"""Digits of a digest that reports print at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes that were kept, and every time that a source gave them."""

    digest: Digest
    body: bytes
    records: tuple[EvidenceRecord, ...]
    """Empty for what is kept but was not collected: results and definitions."""


def look_up(workspace: Workspace, given: str) -> Piece:
    """Evidence by its digest or the beginning of it; raises AppError, StoreError."""
    text = given.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_PREFIX},64}}", text):
        raise AppError(
            f"{given!r} is no digest: write at least its first {SHORTEST_PREFIX} hexadecimal digits"
        )
    matching = [digest for digest in workspace.stores.evidence.digests() if digest.startswith(text)]
    if not matching:
        raise AppError(f"No evidence has a digest that begins with {text}. Is --program the right folder?")
    if len(matching) > 1:
        raise AppError(f"{len(matching)} digests begin with {text}; write more of it")
    (digest,) = matching
    return Piece(
        digest=digest,
        body=workspace.stores.evidence.get(digest),
        records=tuple(workspace.stores.records.evidence_by_digest(digest)),
    )
