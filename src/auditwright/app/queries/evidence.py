"""Evidence: every answer that was kept, its place in the log with the proof, and what follows from it.

An auditor sees the evidence of streams that show a kind of resource which a test of the engagement examines.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from auditwright.app.collecting import load_evidence
from auditwright.app.erased import document_of, erased, gone, tombstone_of, tombstones
from auditwright.app.queries.board import TestStanding, board, run_as_of
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.program import NamedTest, named
from auditwright.app.queries.view import View
from auditwright.app.registry import streams
from auditwright.core.act import Erasure
from auditwright.core.control_test import ControlTest
from auditwright.core.ids import Digest, StreamId, TestId
from auditwright.core.integration import MalformedEvidenceError
from auditwright.core.log import leaf_hash
from auditwright.core.question import MAX_PAGE_ROWS, Answer, AnyOf, Before, Condition, Is, Question
from auditwright.core.resource import Resource, kinds
from auditwright.core.resources import ProvedAccess
from auditwright.core.run import Checkpoint, EvidenceRecord, GapRecord, JobRecord, Run
from auditwright.sign.checkpoint import CheckpointError
from auditwright.sign.merkle import InvalidProofError, inclusion_proof
from auditwright.sign.proof import TlogProof

FORM = ListForm(
    sorts=("collected_at", "size_bytes"),
    order=("-collected_at", "-seq"),
    filters=(
        Filter(name="source", title="Integration", field="source"),
        Filter(name="stream", title="Stream", field="stream"),
        Filter(name="account", title="Account", field="account"),
        Filter(name="region", title="Region", field="region"),
    ),
    searched=("operation", "principal"),
)

MAX_RECORDS = 20
"""Times that one piece was collected, as a page shows them: what never changes is collected every day."""

MAX_DERIVED = 50
"""Resources that a page shows of one piece of evidence."""

MAX_DERIVED_BYTES = 4_000_000
"""Evidence of one target that is read again for a page; more of it takes longer than anybody waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The place of one record in the log, and what checking its proof came to."""

    leaf: bytes
    """The exact leaf."""
    checkpoint: Checkpoint | None
    """None where the log was not sealed since: the next run seals it."""
    tlog_proof: TlogProof | None
    problem: str
    """What does not hold; empty where the leaf names these bytes and the signed log holds the leaf."""

    @property
    def holds(self) -> bool:
        """True where the proof was checked and is right."""
        return self.tlog_proof is not None and not self.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What the parsers of this version read out of the evidence of one target, as far as it rests on one piece."""

    items: tuple[Resource, ...]
    """The first of them."""
    total: int
    problem: str
    """Why they were not derived; empty where they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes that were kept, and every time that a source gave them."""

    digest: Digest
    records: tuple[EvidenceRecord, ...]
    """The newest first; empty for what was kept but not collected: results and definitions."""
    times: int
    """How often they were collected, of which `records` are the newest."""
    result_of: TestId | None
    """The test whose newest result they are."""
    tests: tuple[tuple[NamedTest, TestStanding], ...]
    """Tests that examine what the stream shows."""
    erasure: Erasure | None = None
    """The newest tombstone; it speaks for the records before it."""

    def erased(self, record: EvidenceRecord) -> bool:
        """True where the bytes of a record were erased; the same bytes may have come again since."""
        return self.erasure is not None and self.erasure.seq > record.seq


def evidence(view: View, question: Question) -> Answer[EvidenceRecord]:
    """One page of the evidence that was collected by the time of the view."""
    where = (*question.where, *_seen(view))
    asked = Question(where=where, order=question.order, offset=question.offset, limit=question.limit)
    return view.workspace.stores.records.answer(EvidenceRecord, asked)


def offered(view: View) -> Mapping[str, tuple[str, ...]]:
    """What the list can be narrowed to: where the newest run looked."""
    run = run_as_of(view)
    return view.memo.get(
        ("evidence-offered", run.id if run else None, view.engagement), lambda: _offered(view, run)
    )


def piece(view: View, digest: Digest) -> Piece | None:
    """Bytes by their digest; None where there are none, or they are not to be seen."""
    records = view.workspace.stores.records
    asked = Question(where=(Is("digest", digest), *_seen(view)), order=("-seq",), limit=MAX_RECORDS)
    found = records.answer(EvidenceRecord, asked)
    if found.total:
        examining = _examining(view, (record.stream for record in found.rows))
        return Piece(
            digest=digest,
            records=tuple(found.rows),
            times=found.total,
            result_of=None,
            tests=examining,
            erasure=tombstone_of(records, digest),
        )
    run = run_as_of(view)
    reach = board(view).tests
    stones = tombstones(records)
    results = records.results(run.id) if run else ()
    test = next(
        (each.test for each in results if document_of(stones, each) == digest and each.test in reach), None
    )
    known = digest in stones or digest in view.workspace.stores.evidence
    if test is None and (view.engagement is not None or not known):
        return None
    return Piece(digest=digest, records=(), times=0, result_of=test, tests=(), erasure=stones.get(digest))


def record_of(view: View, digest: Digest, seq: int) -> EvidenceRecord | None:
    """One record of these bytes by its place in the log; None where there is none to be seen."""
    asked = Question(where=(Is("digest", digest), Is("seq", seq), *_seen(view)), limit=1)
    return next(iter(view.workspace.stores.records.answer(EvidenceRecord, asked).rows), None)


def body_of(view: View, digest: Digest) -> bytes | None:
    """The bytes, checked against their digest; None where they were erased. Raises StoreError."""
    stores = view.workspace.stores
    return None if gone(stores.records, digest) else stores.evidence.get(digest)


def proof_of(view: View, record: EvidenceRecord) -> Proof:
    """The proof that the newest checkpoint holds a record's leaf, checked.

    1. The leaf names its own place, and the digest of the bytes.
    2. The log's key signed the checkpoint.
    3. The hashes lead from the leaf to the checkpoint's root.
    """
    records = view.workspace.stores.records
    (leaf,) = records.leaves(record.seq, record.seq + 1)
    newest = records.answer(Checkpoint, Question(order=("-id",), limit=1)).rows
    checkpoint = next((each for each in newest if each.size > record.seq), None)
    if checkpoint is None:
        return Proof(leaf=leaf, checkpoint=None, tlog_proof=None, problem="")
    try:
        path = inclusion_proof(records, record.seq, checkpoint.size)
        proof = TlogProof(index=record.seq, path=path, checkpoint=checkpoint.note)
        proof.verify(leaf_hash(leaf), view.workspace.verifier_key)  # (2), (3)
    except (InvalidProofError, CheckpointError, LookupError) as error:
        return Proof(leaf=leaf, checkpoint=checkpoint, tlog_proof=None, problem=str(error))
    return Proof(leaf=leaf, checkpoint=checkpoint, tlog_proof=proof, problem=_says(leaf, record))


def derived(view: View, record: EvidenceRecord) -> Derived:
    """Read the evidence of a record's target again, and give what rests on these bytes; raises StoreError."""
    kinds_shown = _examined(view)
    key = ("derived", record.run, record.job, record.digest, view.engagement)
    return view.memo.get(key, lambda: _derived(view, record, kinds_shown))


def streams_in_reach(view: View) -> frozenset[StreamId] | None:
    """The streams whose evidence may be seen; None for all of them."""
    examined = _examined(view)
    if examined is None:
        return None
    return frozenset(stream.id for stream in streams().values() if examined.intersection(stream.emits))


def _seen(view: View) -> tuple[Condition, ...]:
    """What holds of every record that may be seen."""
    until = Before("collected_at", view.as_of + timedelta.resolution)
    reach = streams_in_reach(view)
    return (until,) if reach is None else (until, AnyOf("stream", tuple(sorted(reach))))


def _examined(view: View) -> frozenset[type[Resource]] | None:
    """The kinds that tests in reach examine or look things up in; None where nothing narrows the view."""
    if view.engagement is None:
        return None
    tests = (view.workspace.catalogue.tests[test] for test in board(view).tests)
    return _kinds_of(tests)


def _kinds_of(tests: Iterable[ControlTest]) -> frozenset[type[Resource]]:
    found = {kind for test in tests for kind in (*test.populations, *test.related.values())}
    if ProvedAccess in found:
        # Proofs are made of what the clouds and clusters show of access.
        found |= {kind for kind in kinds().values() if kind.__module__ == ProvedAccess.__module__}
    return frozenset(found)


def _examining(view: View, stream_ids: Iterable[StreamId]) -> tuple[tuple[NamedTest, TestStanding], ...]:
    known = (streams().get(stream) for stream in set(stream_ids))
    emitted = {kind for stream in known if stream is not None for kind in stream.emits}
    tests = view.workspace.catalogue.tests
    return tuple(
        (named(view, tests[test]), standing)
        for test, standing in sorted(board(view).tests.items())
        if emitted.intersection(_kinds_of([tests[test]]))
    )


def _offered(view: View, run: Run | None) -> Mapping[str, tuple[str, ...]]:
    if run is None:
        return {}
    reach = streams_in_reach(view)
    where: list[Condition] = [Is("run", run.id)]
    if reach is not None:
        where.append(AnyOf("stream", tuple(sorted(reach))))
    by = ("source", "stream", "account", "region")
    places = view.workspace.stores.records.tally(JobRecord, by, *where)
    return {name: tuple(sorted({str(place[at]) for place in places} - {""})) for at, name in enumerate(by)}


def _says(leaf: bytes, record: EvidenceRecord) -> str:
    """What a leaf says otherwise than its record; empty where they agree."""  # (1)
    said: Mapping[str, object] = json.loads(leaf)
    if said.get("sha256") != record.digest:
        return f"leaf {record.seq} of the log names other bytes than the record does"
    return "" if said.get("seq") == record.seq else f"leaf {record.seq} of the log names another place"


def _derived(view: View, record: EvidenceRecord, shown: frozenset[type[Resource]] | None) -> Derived:
    stream = streams().get(record.stream)
    if stream is None:
        return _underived(f"this version does not know the stream {record.stream}")
    job = (Is("run", record.run), Is("job", record.job))
    records = view.workspace.stores.records
    together = records.answer(EvidenceRecord, Question(where=job, order=("seq",), limit=MAX_PAGE_ROWS))
    size_bytes = sum(each.size_bytes for each in together.rows)
    if together.total > MAX_PAGE_ROWS or size_bytes > MAX_DERIVED_BYTES:
        return _underived("the evidence of this target is too large to be read again for a page")
    gaps = records.answer(GapRecord, Question(where=job, order=("seq",), limit=MAX_PAGE_ROWS))
    if any(erased(tombstones(records), each) for each in together.rows):
        return _underived("a part of what was collected with it was erased")
    try:
        found = [
            item
            for item in stream.normalize(
                [load_evidence(view.workspace, each) for each in together.rows],
                [each.gap for each in gaps.rows],
            )
            if record.digest in item.evidence and (shown is None or type(item) in shown)
        ]
    except MalformedEvidenceError as error:
        return _underived(f"it cannot be read: {error}")
    return Derived(items=tuple(found[:MAX_DERIVED]), total=len(found), problem="")


def _underived(problem: str) -> Derived:
    return Derived(items=(), total=0, problem=problem)
