"""Erase evidence whose personal data has to go, so that it stays provable that it was there.

1. The documents of results that rest on it are written anew, without the names and words of those items.
2. One transaction adds a tombstone to the log for every piece and every document, and the act: who, when and why.
3. The inventory loses what rests on the evidence, then the bytes go, and the tombstones are marked as done (`erased.finish`).
4. The log is sealed.

Killed before (2) nothing was erased; after it, the next command of any kind does the rest. Findings, and what people
wrote, are the organization's own records and stay. docs/operation.md says what else has to be done.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auditwright.app import documents
from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.erased import document_of, finish, gone, sentence, tombstones
from auditwright.app.errors import AppError
from auditwright.app.looking import find
from auditwright.app.running import alone
from auditwright.app.sealing import seal
from auditwright.app.vulns.kept import records_of
from auditwright.app.workspace import Workspace
from auditwright.core.account import Engagement
from auditwright.core.act import Erased, Erasure
from auditwright.core.canonical import Json
from auditwright.core.ids import Digest, RunId, TestId
from auditwright.core.log import LogEntry
from auditwright.core.ports import Transaction
from auditwright.core.question import Is
from auditwright.core.run import EvidenceRecord, ResultRecord
from auditwright.integrations.vulnerabilities import REGISTER

LEAF_KIND = "erased"

MAX_REASON = 500
"""Characters of a reason: it stays in the log for ever, and travels in every package."""

MAX_AT_ONCE = 1_000
"""Pieces erased in one transaction: their leaves and acts are one write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What goes with one piece of evidence."""

    digest: Digest
    size_bytes: int
    records: tuple[EvidenceRecord, ...]
    """Every time that a source gave these bytes, the oldest first."""
    results: tuple[ResultRecord, ...]
    """Results some of whose items rest on it."""
    others: tuple[Digest, ...]
    """Other answers to the same questions that are kept, and may hold the same person."""
    engagements: tuple[str, ...]
    """Engagements within whose period it was collected."""

    @property
    def tests(self) -> tuple[TestId, ...]:
        """The tests of those results."""
        return tuple(sorted({each.test for each in self.results}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who wants evidence erased, why and when."""

    actor: Actor
    reason: str
    """One line; it stays in the log for ever, so it does not name the person."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Anew:
    """A document of a result that is written anew."""

    before: Digest
    after: Digest


def survey(workspace: Workspace, given: Iterable[str]) -> tuple[Loss, ...]:
    """What would be lost with pieces of evidence, by their digests or the beginnings of them.

    Raises AppError where one is not there, was erased already, is no evidence, or must not be erased now.
    """
    digests = tuple(dict.fromkeys(find(workspace, each) for each in given))
    if len(digests) > MAX_AT_ONCE:
        raise AppError(f"{len(digests)} pieces are more than the {MAX_AT_ONCE} that are erased at once")
    return tuple(_loss(workspace, digest) for digest in digests)


def erase(workspace: Workspace, losses: Sequence[Loss], order: Order) -> Sequence[Erasure]:
    """Erase what was surveyed, and give the tombstones; raises AppError, StoreError.

    What raises after the tombstones are in the log is left to the next command, which does the rest.
    """
    if not order.reason.strip() or len(order.reason) > MAX_REASON or not order.reason.isprintable():
        raise AppError(f"Say why in one line of at most {MAX_REASON} characters, without the person's name.")
    with alone(workspace.state):
        # Nothing is concluded from now on: what was collected or concluded since the survey counts.
        current = survey(workspace, [loss.digest for loss in losses])
        anew = tuple(_anew(workspace, current))  # (1)
        subject = current[0].digest if len(current) == 1 else f"{len(current)} pieces of evidence"
        deed = Deed(
            actor=order.actor,
            verb="evidence.erase",
            subject=subject,
            detail=f"erased {subject}: {order.reason}",
        )
        with acting(workspace, deed, order.at) as write:  # (2)
            write.keep([_tombstone(write, loss, order) for loss in current])
            write.keep([_replaced(write, each, order) for each in anew])
        done = finish(workspace.stores, order.at)  # (3)
        seal(workspace, order.at)  # (4)
    return done


def _loss(workspace: Workspace, digest: Digest) -> Loss:
    records = workspace.stores.records
    before = gone(records, digest)
    if before is not None:
        raise AppError(f"{digest} was {sentence(before)}. There is nothing left to erase.")
    collected = tuple(records.evidence_by_digest(digest))
    if not collected:
        raise AppError(
            f"{digest} is no answer of a source: it is a result, or definitions. Erase the evidence that it rests on."
        )
    newest = next(records_of(workspace, REGISTER), None)
    if newest is not None and newest.digest == digest:
        raise AppError(
            f"{digest} is the newest register of vulnerabilities, of which the next one is made. "
            "Change it first (auditwright vulns), then erase this one."
        )
    results = tuple(_resting(workspace, digest, collected))
    stones = tombstones(records)
    # What is written anew has to go as well; a lock on it is said now, and not once the tombstone stands.
    for held in dict.fromkeys((digest, *(document_of(stones, each) for each in results))):
        if why := workspace.stores.evidence.locked(held):
            what = digest if held == digest else f"a result that rests on {digest}"
            raise AppError(f"{what} cannot be erased now: {why}. Nothing was erased.")
    return Loss(
        digest=digest,
        size_bytes=collected[0].size_bytes,
        records=collected,
        results=results,
        others=_others(workspace, digest, collected),
        engagements=_engagements(workspace, collected),
    )


def _resting(
    workspace: Workspace, digest: Digest, collected: Iterable[EvidenceRecord]
) -> Iterator[ResultRecord]:
    """The results of the runs that had the evidence, as far as their documents name it."""
    stones = tombstones(workspace.stores.records)
    names: dict[Digest, bool] = {}
    for run in dict.fromkeys(record.run for record in collected):
        for result in workspace.stores.records.results(run):
            held = document_of(stones, result)
            if held not in names:
                names[held] = digest.encode() in workspace.stores.evidence.get(held)
            if names[held]:
                yield result


def _others(workspace: Workspace, digest: Digest, collected: Iterable[EvidenceRecord]) -> tuple[Digest, ...]:
    """What else the same questions were answered with, the oldest first."""
    records = workspace.stores.records
    found: dict[Digest, None] = {}
    for scope, stream, query in dict.fromkeys((each.scope, each.stream, each.query) for each in collected):
        place = (Is("source", scope.source), Is("account", scope.account), Is("region", scope.region))
        asked = (Is("stream", stream), Is("operation", query.operation))
        same = records.kept(EvidenceRecord, *place, *asked)
        found |= dict.fromkeys(each.digest for each in same if each.query == query)
    return tuple(each for each in found if each != digest and gone(records, each) is None)


def _engagements(workspace: Workspace, collected: Sequence[EvidenceRecord]) -> tuple[str, ...]:
    return tuple(
        each.title
        for each in workspace.stores.records.kept(Engagement)
        if any(each.starts_at <= record.collected_at < each.ends_at for record in collected)
    )


def _anew(workspace: Workspace, losses: Sequence[Loss]) -> Iterator[_Anew]:
    """Write the documents that rest on the evidence without it; each document once, however many results have it."""
    stones = tombstones(workspace.stores.records)
    lost = {loss.digest for loss in losses}
    done: set[Digest] = set()
    by_run: dict[tuple[RunId, TestId], ResultRecord] = {
        (each.run, each.test): each for loss in losses for each in loss.results
    }
    for record in by_run.values():
        before = document_of(stones, record)
        if before in done:
            continue
        done.add(before)
        body = documents.without(workspace.stores.evidence.get(before), lost)
        after = workspace.stores.evidence.put(body)
        if after != before:
            yield _Anew(before=before, after=after)


def _tombstone(write: Transaction, loss: Loss, order: Order) -> Erasure:
    erasure = _erasure(order, Erased.EVIDENCE, loss.digest)
    leaves = [each.seq for each in write.kept(EvidenceRecord, Is("digest", loss.digest))]
    return replace(erasure, seq=write.append(_entry(erasure, leaves)))


def _replaced(write: Transaction, anew: _Anew, order: Order) -> Erasure:
    erasure = replace(_erasure(order, Erased.RESULT, anew.before), replaced_by=anew.after)
    # A document that took another one's place stands in no leaf of a result.
    leaves = [each.seq for each in write.kept(ResultRecord, Is("document", anew.before))]
    return replace(erasure, seq=write.append(_entry(erasure, leaves)))


def _erasure(order: Order, what: Erased, digest: Digest) -> Erasure:
    """A tombstone that has no place in the log yet."""
    return Erasure(
        seq=0,
        digest=digest,
        what=what,
        at=order.at,
        actor=order.actor.id,
        actor_name=order.actor.name,
        reason=order.reason,
        replaced_by="",
        finished_at=None,
    )


def _entry(erasure: Erasure, leaves: Sequence[int]) -> LogEntry:
    """The tombstone as it is logged: it names the first and the last leaf that it speaks for."""
    fields: dict[str, Json] = {
        "what": erasure.what,
        "sha256": erasure.digest,
        "reason": erasure.reason,
        "actor": erasure.actor,
    }
    if leaves:
        fields |= {"first_leaf": min(leaves), "last_leaf": max(leaves), "times": len(leaves)}
    if erasure.replaced_by:
        fields["replaced_by"] = erasure.replaced_by
    return LogEntry(kind=LEAF_KIND, at=erasure.at, fields=fields)
