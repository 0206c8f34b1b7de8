"""What was erased: the tombstones, what stands where bytes are gone, and the end of an erasure that was interrupted.

A tombstone speaks for every leaf before its own. The same bytes collected later are a new item, and are there again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from auditwright.core.act import Erased, Erasure
from auditwright.core.evidence import Gap, GapReason
from auditwright.core.ids import Digest
from auditwright.core.ports import Records, Transaction
from auditwright.core.question import Is, Since
from auditwright.core.run import EvidenceRecord, ResultRecord
from auditwright.store import Stores

Read: TypeAlias = Records | Transaction
"""Where tombstones are read: the records, or a transaction on them, in which nobody else writes."""


def tombstones(records: Read) -> Mapping[Digest, Erasure]:
    """The newest tombstone of everything that was ever erased."""
    return {each.digest: each for each in records.kept(Erasure)}


def tombstone_of(records: Read, digest: Digest) -> Erasure | None:
    """The newest tombstone of some bytes; None where they were never erased."""
    return next(iter(records.kept(Erasure, Is("digest", digest))[::-1]), None)


def is_gone(records: Read, erasure: Erasure) -> bool:
    """True unless the same bytes were collected, or concluded, again since they were erased."""
    since = Since("seq", erasure.seq)
    if erasure.what is Erased.EVIDENCE:
        return not records.kept(EvidenceRecord, Is("digest", erasure.digest), since)
    return not records.kept(ResultRecord, Is("document", erasure.digest), since)


def gone(records: Read, digest: Digest) -> Erasure | None:
    """The tombstone of bytes that nobody can read any more; None where they are there, or never were."""
    erasure = tombstone_of(records, digest)
    return erasure if erasure is not None and is_gone(records, erasure) else None


def erased(stones: Mapping[Digest, Erasure], record: EvidenceRecord) -> Erasure | None:
    """The tombstone that speaks for a record of evidence; None where its bytes are there."""
    erasure = stones.get(record.digest)
    return erasure if erasure is not None and erasure.seq > record.seq else None


def document_of(stones: Mapping[Digest, Erasure], record: ResultRecord) -> Digest:
    """The document of a result that can be read: its own, or the one that took its place."""
    digest = record.document
    while (erasure := stones.get(digest)) and erasure.seq > record.seq and erasure.replaced_by:
        digest = Digest(erasure.replaced_by)
    return digest


def stands_for(records: Read, digest: Digest) -> Digest:
    """What can be read of a document: itself, or the one that took its place once it was erased."""
    while (erasure := gone(records, digest)) and erasure.replaced_by:
        digest = Digest(erasure.replaced_by)
    return digest


def result_body(stores: Stores, record: ResultRecord) -> bytes:
    """The bytes of a result's document, or of the one that took its place; raises StoreError."""
    return stores.evidence.get(document_of(tombstones(stores.records), record))


def sentence(erasure: Erasure) -> str:
    """Who erased bytes, when and why."""
    return f"erased {erasure.at:%d %b %Y %H:%M} UTC by {erasure.actor_name}: {erasure.reason}"


def gap_of(record: EvidenceRecord, erasure: Erasure, at: datetime) -> Gap:
    """What is not seen because an answer was erased."""
    return Gap(
        stream=record.stream,
        scope=record.scope,
        operation=record.query.operation,
        reason=GapReason.ERASED,
        detail=f"the answer of {record.collected_at:%d %b %Y} was {sentence(erasure)}",
        remedy="Collect again: auditwright run. What is imported has to be imported again.",
        hides_items=True,
        at=at,
    )


def finish(stores: Stores, at: datetime) -> Sequence[Erasure]:
    """Do what is left of erasures whose tombstones are in the log, and give them; raises StoreError.

    Again, and beside another process: nothing is done twice that could do harm.
    """
    pending = stores.records.kept(Erasure, Is("finished_at", None))
    if not pending:
        return ()
    stores.inventory.erase(
        {
            each.digest
            for each in tombstones(stores.records).values()
            if each.what is Erased.EVIDENCE and (each in pending or is_gone(stores.records, each))
        }
    )
    with stores.records.transaction() as write:
        for each in pending:
            # Nobody else writes: a leaf of the same bytes, collected again, is there already or comes after this.
            if is_gone(write, each):
                stores.evidence.erase(each.digest)
        write.keep([replace(each, finished_at=at) for each in pending])
    return pending
