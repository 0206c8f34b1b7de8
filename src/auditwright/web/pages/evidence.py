"""Evidence: what was collected, each piece with its request, its bytes, its proof, and what follows from it."""

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from auditwright.app.queries import evidence as queries
from auditwright.app.queries.evidence import FORM, Piece
from auditwright.app.registry import streams
from auditwright.app.rights import Right
from auditwright.core.ids import Digest, StreamId
from auditwright.core.ports import EvidenceMissingError
from auditwright.core.run import EvidenceRecord
from auditwright.render import words
from auditwright.web.listing import Cell, Column, Listing, exports, show
from auditwright.web.templating import age
from auditwright.web.visit import Visit, may

router = APIRouter()

MAX_SHOWN_CHARACTERS = 30_000
"""Of the bytes on a page: it stays below 100 kB; all of them are one link away."""

MAX_READ_BYTES = 2_000_000
"""Bytes that are laid out for a page; larger JSON is shown as it came."""

APART = "sandbox; default-src 'none'"
"""A browser that opens raw bytes in spite of everything gives them no origin, and runs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBody:
    """Bytes as a page shows them."""

    form: str
    """`JSON`, `text` or `bytes`; the last are not shown."""
    text: str
    rest: int
    """Characters that were left out."""


def _what(visit: Visit, record: EvidenceRecord) -> Cell:
    stream = streams().get(record.stream)
    return Cell(
        text=record.query.operation,
        href=visit.link(f"/evidence/{record.digest}", seq=record.seq),
        sub=stream.title if stream else record.stream,
    )


def _where(visit: Visit, record: EvidenceRecord) -> Cell:
    del visit
    account = words.clipped(record.scope.account, 80)
    return Cell(text=f"{record.scope.source} {account}".strip(), sub=record.scope.region)


def _when(visit: Visit, record: EvidenceRecord) -> Cell:
    true_at = "" if record.effective_at == record.collected_at else f"true {words.day(record.effective_at)}"
    return Cell(text=age(record.collected_at, visit.now), sub=true_at)


EVIDENCE: Listing[EvidenceRecord] = Listing(
    path="/evidence",
    noun="piece of evidence",
    plural="pieces of evidence",
    form=FORM,
    answer=queries.evidence,
    offered=queries.offered,
    columns=(
        Column(name="operation", title="Question", value=lambda each: each.query.operation, cell=_what),
        Column(name="source", title="Where", value=lambda each: each.scope.source, cell=_where),
        Column(name="account", title="", value=lambda each: each.scope.account),
        Column(name="region", title="", value=lambda each: each.scope.region),
        Column(name="stream", title="", value=lambda each: each.stream),
        Column(
            name="collected_at",
            title="Collected",
            value=lambda each: each.collected_at,
            cell=_when,
            sort="collected_at",
        ),
        Column(name="effective_at", title="", value=lambda each: each.effective_at),
        Column(
            name="size_bytes",
            title="Size",
            value=lambda each: each.size_bytes,
            cell=lambda _, each: Cell(text=words.size(each.size_bytes)),
            sort="size_bytes",
            numeric=True,
        ),
        Column(
            name="digest",
            title="Digest",
            value=lambda each: each.digest,
            cell=lambda _, each: Cell(text=words.short(each.digest), code=True),
        ),
        Column(name="principal", title="", value=lambda each: each.principal),
        Column(name="command", title="", value=lambda each: each.query.command),
        Column(name="collector", title="", value=lambda each: each.collector),
        Column(name="run", title="", value=lambda each: each.run),
        Column(name="leaf", title="", value=lambda each: each.seq),
    ),
)


@router.get("/evidence")
def listed(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Response:
    """All evidence, the newest first."""
    return visit.page("evidence.html", list=show(visit, EVIDENCE))


exports(router, EVIDENCE, Right.READ_PROGRAM)


@router.get("/evidence/{digest}")
def one(visit: Annotated[Visit, may(Right.READ_PROGRAM)], digest: str, seq: str = "") -> Response:
    """One piece of evidence."""
    piece = _piece(visit, digest)
    record = _record(visit, piece, seq)
    try:
        body = queries.body_of(visit.view, piece.digest)
        lost = False
    except EvidenceMissingError:
        body, lost = None, True
    return visit.page(
        "evidence_one.html",
        lost=lost,
        piece=piece,
        record=record,
        proof=queries.proof_of(visit.view, record) if record else None,
        derived=queries.derived(visit.view, record) if record and body is not None else None,
        erasure=None if record and not piece.erased(record) else piece.erasure,
        titles={stream: _title(stream) for stream in {each.stream for each in piece.records}},
        body=shown_body(body) if body is not None else None,
        size_bytes=len(body) if body is not None else 0,
    )


@router.get("/evidence/{digest}/raw")
def raw(visit: Annotated[Visit, may(Right.READ_PROGRAM)], digest: str) -> Response:
    """The exact bytes, to keep and never to run."""
    body = queries.body_of(visit.view, _piece(visit, digest).digest)
    if body is None:
        raise HTTPException(HTTPStatus.GONE)
    return _download(body, f"{digest}.bin")


@router.get("/evidence/{digest}/proof")
def proof(visit: Annotated[Visit, may(Right.READ_PROGRAM)], digest: str, seq: str = "") -> Response:
    """The proof that the log holds the leaf, as a .tlog-proof file."""
    record = _recorded(visit, digest, seq)
    held = queries.proof_of(visit.view, record).tlog_proof
    if held is None:
        raise HTTPException(404)
    return _download(held.encode(), f"leaf-{record.seq}.tlog-proof")


@router.get("/evidence/{digest}/leaf")
def leaf(visit: Annotated[Visit, may(Right.READ_PROGRAM)], digest: str, seq: str = "") -> Response:
    """The exact leaf that the proof is of."""
    record = _recorded(visit, digest, seq)
    return _download(queries.proof_of(visit.view, record).leaf, f"leaf-{record.seq}.json")


def _piece(visit: Visit, digest: str) -> Piece:
    found = queries.piece(visit.view, Digest(digest)) if re.fullmatch("[0-9a-f]{64}", digest) else None
    if found is None:
        raise HTTPException(404)
    return found


def _record(visit: Visit, piece: Piece, seq: str) -> EvidenceRecord | None:
    """The record that the address names, or the newest."""
    if not seq:
        return next(iter(piece.records), None)
    is_place = seq.isascii() and seq.isdigit() and len(seq) < 19  # noqa: PLR2004  # a signed 64-bit number
    found = queries.record_of(visit.view, piece.digest, int(seq)) if is_place else None
    if found is None:
        raise HTTPException(404)
    return found


def _recorded(visit: Visit, digest: str, seq: str) -> EvidenceRecord:
    found = _record(visit, _piece(visit, digest), seq)
    if found is None:
        raise HTTPException(404)
    return found


def _title(stream: StreamId) -> str:
    known = streams().get(stream)
    return known.title if known else stream


def _download(body: bytes, name: str) -> Response:
    return Response(
        body,
        media_type="application/octet-stream",
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "content-security-policy": APART,
        },
    )


def shown_body(body: bytes) -> ShownBody:
    """Bytes as text where they are text: JSON laid out, the rest as it came, each no longer than a page bears."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return ShownBody(form="bytes", text="", rest=0)
    laid_out = _laid_out(text) if len(body) <= MAX_READ_BYTES else ""
    whole = laid_out or text
    return ShownBody(
        form="JSON" if laid_out else "text",
        text=whole[:MAX_SHOWN_CHARACTERS],
        rest=max(len(whole) - MAX_SHOWN_CHARACTERS, 0),
    )


def _laid_out(text: str) -> str:
    """JSON on lines of its own; empty for what is no JSON, or too deep to be laid out."""
    if not text.lstrip().startswith(("{", "[")):
        return ""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""
