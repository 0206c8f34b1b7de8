"""Evidence: what was asked, when and by whom, its digest, and its bytes."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException
from starlette.responses import Response

from auditwright.app.queries import evidence
from auditwright.app.queries.evidence import Piece
from auditwright.app.rights import Right
from auditwright.core.act import Erasure
from auditwright.core.ids import Digest, TestId
from auditwright.core.run import EvidenceRecord
from auditwright.web.api.rows import PREFIX, Rows, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Evidence"])

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The SHA-256 of the bytes.")]


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
    erasure: Erasure | None
    """When the bytes were erased, by whom and why; records with a greater `seq` are of the same bytes, come again."""


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
        erasure=piece.erasure,
    )


@router.get(
    "/evidence/{digest}/raw",
    response_class=Response,
    responses={
        200: {
            "description": "The bytes, as they were kept, with their digest in Repr-Digest.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        410: {"description": "The bytes were erased; who did it, when and why stands with the evidence."},
    },
)
def raw(visit: Annotated[Visit, may(Right.READ_PROGRAM)], digest: Sha256) -> Response:
    """The bytes of one piece of evidence, checked against the digest."""
    body = evidence.body_of(visit.view, _piece(visit, digest).digest)
    if body is None:
        raise HTTPException(HTTPStatus.GONE)
    sent = b64encode(bytes.fromhex(digest)).decode()
    return Response(
        body,
        media_type="application/octet-stream",
        headers={
            "content-disposition": f'attachment; filename="{digest}.bin"',
            "repr-digest": f"sha-256=:{sent}:",
        },
    )


def _piece(visit: Visit, digest: str) -> Piece:
    found = evidence.piece(visit.view, Digest(digest))
    if found is None:
        raise HTTPException(404)
    return found
