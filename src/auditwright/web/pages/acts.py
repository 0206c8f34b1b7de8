"""Audit log: what people did, each act with the proof that it is in the signed log as it was."""

from typing import Annotated

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from auditwright.app.queries import acts
from auditwright.app.queries.acts import ActPage
from auditwright.app.rights import Right
from auditwright.core.act import Act
from auditwright.render import words
from auditwright.web.forms import DAY_WORDS, day_of
from auditwright.web.listing import Cell, Column, Listing, export, show
from auditwright.web.visit import BadAddressError, Visit, may

router = APIRouter()

COLUMNS: tuple[Column[Act], ...] = (
    Column(
        name="detail",
        title="What was done",
        value=lambda act: act.detail,
        cell=lambda visit, act: Cell(
            text=words.clipped(act.detail, 200),
            href=visit.link(f"/audit-log/{act.seq}"),
            sub=f"{act.verb} · {words.clipped(act.subject, 100)}",
        ),
    ),
    Column(name="verb", title="", value=lambda act: act.verb),
    Column(name="subject", title="", value=lambda act: act.subject),
    Column(
        name="actor_name",
        title="Who",
        value=lambda act: act.actor_name,
        cell=lambda visit, act: Cell(
            text=words.clipped(act.actor_name or act.actor, 80),
            href=visit.link("/audit-log", actor=act.actor),
        ),
    ),
    Column(name="actor", title="", value=lambda act: act.actor),
    Column(
        name="at",
        title="When, UTC",
        value=lambda act: act.at,
        cell=lambda _, act: Cell(text=words.second(act.at)),
    ),
    Column(name="leaf", title="Leaf", value=lambda act: act.seq, sort="seq", numeric=True),
)


def _listing(visit: Visit) -> Listing[Act]:
    """The list, whose filters follow from what was done so far."""
    for name in ("since", "until"):
        given = visit.request.query_params.get(name, "")
        if given and day_of(given) is None:
            raise BadAddressError(f"{given[:40]!r} is no day. {DAY_WORDS}")
    return Listing(
        path="/audit-log", noun="act", form=acts.acts_form(visit.view), answer=acts.acts, columns=COLUMNS
    )


@router.get("/audit-log")
def listed(visit: Annotated[Visit, may(Right.READ_LOG)]) -> Response:
    """What people did."""
    shown = show(visit, _listing(visit))
    days = {name: visit.request.query_params.get(name, "") for name in ("since", "until")}
    kept = [pair for pair in shown.kept if pair[0] not in days]
    return visit.page("acts.html", list=shown, days=days, kept=kept)


@router.get("/audit-log.csv")
def as_csv(visit: Annotated[Visit, may(Right.READ_LOG)]) -> Response:
    """Every act that the filters leave, as CSV."""
    return export(visit, _listing(visit), "csv")


@router.get("/audit-log.json")
def as_json(visit: Annotated[Visit, may(Right.READ_LOG)]) -> Response:
    """Every act that the filters leave, as JSON."""
    return export(visit, _listing(visit), "json")


@router.get("/audit-log/{seq}")
def one(visit: Annotated[Visit, may(Right.READ_LOG)], seq: str) -> Response:
    """One act, its leaf, and the proof."""
    found = _found(visit, seq)
    return visit.page(
        "act.html",
        page=found,
        leaf=found.leaf.decode("utf-8", "backslashreplace"),
        note=found.checkpoint.note.decode("utf-8", "backslashreplace") if found.checkpoint else "",
    )


@router.get("/audit-log/{seq}/leaf")
def leaf(visit: Annotated[Visit, may(Right.READ_LOG)], seq: str) -> Response:
    """The exact bytes of an act's leaf."""
    return _file(_found(visit, seq).leaf, f"{seq}.json", "application/json")


@router.get("/audit-log/{seq}/proof")
def proof(visit: Annotated[Visit, may(Right.READ_LOG)], seq: str) -> Response:
    """The proof of an act's leaf, for anybody to verify offline (c2sp.org/tlog-proof)."""
    found = _found(visit, seq)
    if found.proof is None:
        raise HTTPException(404)
    return _file(found.proof.encode(), f"{seq}.tlog-proof", "text/plain; charset=utf-8")


MAX_DIGITS = 15
"""No log has as many leaves."""


def _found(visit: Visit, seq: str) -> ActPage:
    is_number = seq.isascii() and seq.isdigit() and len(seq) <= MAX_DIGITS
    found = acts.act_page(visit.view, int(seq)) if is_number else None
    if found is None:
        raise HTTPException(404)
    return found


def _file(body: bytes, name: str, media_type: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="leaf-{name}"'}
    return Response(body, media_type=media_type, headers=headers)
