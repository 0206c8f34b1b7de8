"""Evidence: what was asked, when and by whom, its digest, and its bytes."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException
from starlette.responses import Response

from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.ids import Digest
from auditwright.core.question import Answer, Before, Question
from auditwright.core.run import EvidenceRecord
from auditwright.web.api.rows import PREFIX, Rows, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Evidence"])

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The SHA-256 of the bytes.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """One time that a source gave some bytes."""

    sha256: str
    size_bytes: int
    run: str
    stream: str
    source: str
    account: str
    region: str
    operation: str
    parameters: Sequence[tuple[str, str]]
    command: str
    """How a person repeats the question by hand."""
    principal: str
    collected_at: datetime
    effective_at: datetime
    """When the content was true."""
    collector: str
    log_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Bytes that are kept, and every time that a source gave them."""

    sha256: str
    size_bytes: int
    collected: Sequence[EvidenceRow]


FORM = ListForm(
    sorts=("collected_at", "size_bytes", "operation"),
    order=("-collected_at",),
    filters=(
        Filter(name="source", title="Source", field="source"),
        Filter(name="account", title="Account", field="account"),
        Filter(name="region", title="Region", field="region"),
        Filter(name="stream", title="Stream", field="stream"),
        Filter(name="run", title="Run", field="run"),
    ),
    searched=("operation", "command"),
)


@router.get("/evidence", openapi_extra=asks(FORM))
def evidence(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Rows[EvidenceRow]:
    """Evidence, the newest first."""
    return listed(visit, FORM, _answer, _row)


@router.get("/evidence/{digest}")
def one(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], digest: Sha256) -> Evidence:
    """One piece of evidence, and every time that a source gave it."""
    held = _held(visit, digest)
    return Evidence(sha256=digest, size_bytes=held[0].size_bytes, collected=[_row(each) for each in held])


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
def raw(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], digest: Sha256) -> Response:
    """The bytes of one piece of evidence, checked against the digest."""
    _held(visit, digest)
    body = visit.workspace.stores.evidence.get(Digest(digest))
    sent = b64encode(bytes.fromhex(digest)).decode()
    return Response(
        body,
        media_type="application/octet-stream",
        headers={
            "content-disposition": f'attachment; filename="{digest}.bin"',
            "repr-digest": f"sha-256=:{sent}:",
        },
    )


def _held(visit: Visit, digest: str) -> Sequence[EvidenceRecord]:
    records = visit.workspace.stores.records.evidence_by_digest(Digest(digest))
    held = [record for record in records if record.collected_at <= visit.view.as_of]
    if not held:
        raise HTTPException(404)
    return held


def _answer(view: View, question: Question) -> Answer[EvidenceRecord]:
    known = Before("collected_at", view.as_of + timedelta.resolution)
    asked = replace(question, where=(known, *question.where))
    return view.workspace.stores.records.answer(EvidenceRecord, asked)


def _row(record: EvidenceRecord) -> EvidenceRow:
    return EvidenceRow(
        sha256=record.digest,
        size_bytes=record.size_bytes,
        run=record.run,
        stream=record.stream,
        source=record.scope.source,
        account=record.scope.account,
        region=record.scope.region,
        operation=record.query.operation,
        parameters=record.query.parameters,
        command=record.query.command,
        principal=record.principal,
        collected_at=record.collected_at,
        effective_at=record.effective_at,
        collector=record.collector,
        log_index=record.seq,
    )
