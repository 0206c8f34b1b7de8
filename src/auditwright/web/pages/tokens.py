"""Tokens of the API: make one, see when each was used, end it."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from auditwright.app.queries.tokens import TokenRow, token_rows, tokens_made_by
from auditwright.app.rights import Right, TokenScope, scopes_for
from auditwright.app.tokens import LONGEST, MadeToken, WantedToken, end_token, make_token, problems_of
from auditwright.web.visit import Visit, may

router = APIRouter()

PATH = "/account/tokens"

SCOPE_TEXTS: Mapping[TokenScope, str] = {
    TokenScope.READ: "See what you see",
    TokenScope.FINDINGS: "Name owners and due dates of findings, and comment",
    TokenScope.WAIVERS: "Ask for waivers, decide about those of others, and end them",
    TokenScope.RUNS: "Start and stop runs",
    TokenScope.ADMINISTRATION: "Read the audit log, connect integrations, add webhooks, end tokens, and invite and end people",
}

DAYS = 90
"""Offered for a new token."""

DONE: Mapping[str, str] = {"ended": "The token was ended. Whoever shows it is refused from now on."}


@router.get(PATH)
def page(visit: Annotated[Visit, may(Right.SELF)]) -> Response:
    """One's tokens, and for who manages settings those of everybody."""
    return _page(visit)


@router.post(PATH)
def make(
    visit: Annotated[Visit, may(Right.SELF)],
    name: Annotated[str, Form()] = "",
    days: Annotated[str, Form()] = "",
    scopes: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Make a token, and show it this once."""
    visit.prove(PATH)
    wanted = WantedToken(name=name, scopes=tuple(scopes or ()), days=_number(days))
    problems = problems_of(visit.workspace, visit.account, wanted, visit.now)
    if problems:
        return _page(visit, wanted=wanted, problems=problems)
    return _page(visit, made=make_token(visit.workspace, visit.account, wanted, visit.now))


@router.post(f"{PATH}/end")
def end(visit: Annotated[Visit, may(Right.SELF)], token: Annotated[str, Form()] = "") -> Response:
    """End a token: one's own, or anybody's for who manages settings."""
    held = [each.token for each in _live(visit) if each.token.id == token]
    if not held:
        raise HTTPException(404)
    end_token(visit.workspace, held[0], visit.actor, visit.now)
    return RedirectResponse(f"{PATH}?done=ended", status_code=303)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(LONGEST.days)) else 0


def _page(
    visit: Visit,
    *,
    wanted: WantedToken | None = None,
    problems: Mapping[str, str] | None = None,
    made: MadeToken | None = None,
) -> Response:
    return visit.page(
        "tokens.html",
        status=422 if problems else 200,
        wanted=wanted or WantedToken(name="", scopes=(TokenScope.READ,), days=DAYS),
        problems=problems or {},
        made=made,
        done=DONE.get(visit.request.query_params.get("done", ""), ""),
        offered={scope: SCOPE_TEXTS[scope] for scope in scopes_for(visit.account.role)},
        longest=LONGEST.days,
        tokens=_live(visit),
    )


def _live(visit: Visit) -> Sequence[TokenRow]:
    """The tokens that count which somebody may end, their own first."""
    own = tokens_made_by(visit.view, visit.account)
    if not visit.may(Right.MANAGE_SETTINGS):
        return own
    return [*own, *(row for row in token_rows(visit.view) if row.token.account != visit.account.id)]
