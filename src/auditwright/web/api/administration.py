"""What people did, each act with its proof; the tokens that count; and what the program folder sets."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException

from auditwright.app.queries import acts, tokens
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.settings import SettingsPage, settings_page
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.app.tokens import end_token
from auditwright.core.act import Act
from auditwright.core.ids import AccountId
from auditwright.core.question import Answer, Question
from auditwright.web.api.rows import PREFIX, Rows, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Administration"])

Seq = Annotated[int, Path(ge=0, lt=2**63)]

ACTS = ListForm(
    sorts=("seq",),
    order=("-seq",),
    filters=(
        Filter(name="about", title="What it is about, such as waiver", field="about"),
        Filter(name="verb", title="Act", field="verb"),
        Filter(name="actor", title="Who, by id", field="actor"),
        Filter(name="since", title="From this day on, such as 2026-11-23", field="since"),
        Filter(name="until", title="Up to this day", field="until"),
    ),
    searched=("actor_name", "verb", "subject", "detail"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRow:
    """One thing that somebody did."""

    seq: int
    """The index of its leaf in the log."""
    at: datetime
    actor: str
    actor_name: str
    verb: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedAct:
    """One act, its leaf, and what vouches for both."""

    act: ActRow
    leaf_base64: str
    """The exact bytes of the leaf."""
    leaf_sha256: str
    """The hash of the leaf (RFC 9162), in hexadecimal digits."""
    checkpoint: str
    """The signed note of the newest checkpoint that holds it; empty where none was signed since."""
    proof: str
    """The proof of inclusion, as a file of C2SP's tlog-proof; empty without a checkpoint."""
    holds: bool
    checks: Sequence[acts.Check]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveToken:
    """A token that counts; what it is known by is shown to its maker alone, once."""

    id: str
    name: str
    account: AccountId
    maker: str
    """The name of who made it."""
    scopes: Sequence[str]
    made_at: datetime
    ends_at: datetime
    used_at: datetime | None


@router.get("/acts", openapi_extra=asks(ACTS))
def did(visit: Annotated[Visit, may(Right.READ_LOG)]) -> Rows[ActRow]:
    """What people did, the newest first."""

    def answer(view: View, question: Question) -> Answer[ActRow]:
        found = acts.acts(view, question)
        return Answer(rows=[_act(each) for each in found.rows], total=found.total)

    return listed(visit, ACTS, answer)


@router.get("/acts/{seq}")
def one_act(visit: Annotated[Visit, may(Right.READ_LOG)], seq: Seq) -> ProvedAct:
    """One act with its proof, verified anew: its leaf, and how that leads to the root that was signed."""
    found = acts.act_page(visit.view, seq)
    if found is None:
        raise HTTPException(404)
    return ProvedAct(
        act=_act(found.act),
        leaf_base64=b64encode(found.leaf).decode(),
        leaf_sha256=found.leaf_hash.hex(),
        checkpoint=found.checkpoint.note.decode() if found.checkpoint else "",
        proof=found.proof.encode().decode() if found.proof else "",
        holds=found.holds,
        checks=found.checks,
    )


@router.get("/tokens")
def live_tokens(visit: Annotated[Visit, may(Right.MANAGE_SETTINGS)]) -> Sequence[LiveToken]:
    """The tokens of everybody that count."""
    return [
        LiveToken(
            id=row.token.id,
            name=row.token.name,
            account=row.token.account,
            maker=row.owner,
            scopes=row.token.scopes,
            made_at=row.token.made_at,
            ends_at=row.token.ends_at,
            used_at=row.token.used_at,
        )
        for row in tokens.token_rows(visit.view)
    ]


@router.post("/tokens/{token}/end", status_code=204)
def end(visit: Annotated[Visit, may(Right.MANAGE_SETTINGS)], token: str) -> None:
    """End anybody's token at once, also the one that is shown here."""
    held = next((row.token for row in tokens.token_rows(visit.view) if row.token.id == token), None)
    if held is None:
        raise HTTPException(404)
    end_token(visit.workspace, held, visit.actor, visit.now)


@router.get("/settings")
def settings(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> SettingsPage:
    """What the program folder's files define, where things are kept, and the log's public key."""
    return settings_page(visit.view)


def _act(act: Act) -> ActRow:
    return ActRow(
        seq=act.seq,
        at=act.at,
        actor=act.actor,
        actor_name=act.actor_name,
        verb=act.verb,
        subject=act.subject,
        detail=act.detail,
    )
