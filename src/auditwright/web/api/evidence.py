"""Evidence: what was asked, when and by whom, its digest, and its bytes."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from auditwright.app.queries import evidence
from auditwright.app.queries.evidence import Piece
from auditwright.app.rights import Right
from auditwright.core.ids import Digest, ResourceId, TestId
from auditwright.core.log import leaf_hash
from auditwright.core.run import EvidenceRecord
from auditwright.web.api.rows import PREFIX, Rows, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Evidence"])

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The SHA-256 of the bytes.")]

Seq = Annotated[int, Query(ge=0, lt=2**63, description="The place of one record in the log.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeEvidence:
    """Bytes that are kept, and the newest times that a source gave them."""

    digest: Digest
    records: Sequence[EvidenceRecord]
    """Empty for what was kept but not collected: results and definitions."""
    times: int
    """How often they were collected, of which `records` are the newest."""
    result_of: TestId | None
    """The test whose newest result they are."""
    tests: Sequence[TestId]
    """Tests that examine what the stream shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedRecord:
    """One time that the bytes were collected, its leaf in the log, and what vouches for both."""

    record: EvidenceRecord
    leaf_base64: str
    """The exact bytes of the leaf."""
    leaf_sha256: str
    """The hash of the leaf (RFC 9162), in hexadecimal digits."""
    checkpoint: str
    """The signed note of the newest checkpoint; empty where none was signed since."""
    proof: str
    """The proof of inclusion, as a file of C2SP's tlog-proof; empty without a checkpoint."""
    holds: bool
    problem: str
    """What does not hold; empty where nothing is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedItem:
    """An item that follows from evidence."""

    kind: str
    id: ResourceId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedItems:
    """The first items that follow from evidence, and how many there are in all."""

    items: Sequence[DerivedItem]
    total: int
    problem: str
    """Why they were not derived; empty where they were."""


@router.get("/evidence", openapi_extra=asks(evidence.FORM))
def rows(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Rows[EvidenceRecord]:
    """Evidence, the newest first."""
    return listed(visit, evidence.FORM, evidence.evidence)


@router.get("/evidence/{digest}")
def one(visit: Annotated[Visit, may(Right.READ_PROGRAM)], digest: Sha256) -> WholeEvidence:
    """One piece of evidence, when a source gave it, and the tests that lean on it."""
    piece = _piece(visit, digest)
    return WholeEvidence(
        digest=piece.digest,
        records=piece.records,
        times=piece.times,
        result_of=piece.result_of,
        tests=[test.id for test, _ in piece.tests],
    )


@router.get(
    "/evidence/{digest}/raw",
    response_class=Response,
    responses={
        200: {
            "description": "The bytes, as they were kept, with their digest in Repr-Digest.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def raw(visit: Annotated[Visit, may(Right.READ_PROGRAM)], digest: Sha256) -> Response:
    """The bytes of one piece of evidence, checked against the digest."""
    body = evidence.body_of(visit.view, _piece(visit, digest).digest)
    if body is None:
        raise HTTPException(404)
    sent = b64encode(bytes.fromhex(digest)).decode()
    return Response(
        body,
        media_type="application/octet-stream",
        headers={
            "content-disposition": f'attachment; filename="{digest}.bin"',
            "repr-digest": f"sha-256=:{sent}:",
        },
    )


@router.get("/evidence/{digest}/proof")
def proof(
    visit: Annotated[Visit, may(Right.READ_PROGRAM)], digest: Sha256, seq: Seq | None = None
) -> ProvedRecord:
    """The proof, verified anew, that the signed log holds when and how it was collected."""
    record = _record(visit, digest, seq)
    found = evidence.proof_of(visit.view, record)
    return ProvedRecord(
        record=record,
        leaf_base64=b64encode(found.leaf).decode(),
        leaf_sha256=leaf_hash(found.leaf).hex(),
        checkpoint=found.checkpoint.note.decode() if found.checkpoint else "",
        proof=found.tlog_proof.encode().decode() if found.tlog_proof else "",
        holds=found.holds,
        problem=found.problem,
    )


@router.get("/evidence/{digest}/derived")
def derived(
    visit: Annotated[Visit, may(Right.READ_PROGRAM)], digest: Sha256, seq: Seq | None = None
) -> DerivedItems:
    """What the parsers of this version read out of it, anew."""
    record = _record(visit, digest, seq)
    if evidence.body_of(visit.view, record.digest) is None:
        raise HTTPException(404)
    found = evidence.derived(visit.view, record)
    items = [DerivedItem(kind=item.kind, id=item.id, name=item.name) for item in found.items]
    return DerivedItems(items=items, total=found.total, problem=found.problem)


def _record(visit: Visit, digest: str, seq: int | None) -> EvidenceRecord:
    """The record that is asked for, or the newest."""
    piece = _piece(visit, digest)
    if seq is None:
        found = next(iter(piece.records), None)
    else:
        found = evidence.record_of(visit.view, piece.digest, seq)
    if found is None:
        raise HTTPException(404)
    return found


def _piece(visit: Visit, digest: str) -> Piece:
    found = evidence.piece(visit.view, Digest(digest))
    if found is None:
        raise HTTPException(404)
    return found
