"""Proof: a second factor shown anew, before what is grave."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from auditwright.app.rights import Right
from auditwright.app.sessions import LONGEST, prove_session
from auditwright.app.signing_in.entering import RefusedError, Signed, WaitError, show_code, show_passkey
from auditwright.app.signing_in.factors import factors_of
from auditwright.app.signing_in.passkeys import PasskeyError, ask_to_sign
from auditwright.web import cookies
from auditwright.web.gate import PROBLEM, TOO_MANY, AtGate, Gate, go, refused, see, within
from auditwright.web.visit import Visit, may

router = APIRouter()

PURPOSE = "proof"


@router.get("/account/prove")
def form(visit: Annotated[Visit, may(Right.SELF)], next: str = "/account") -> Response:  # noqa: A002  # as the address has it
    """Ask for a second factor."""
    return _form(visit, within(next))


@router.post("/account/prove")
def code(
    visit: Annotated[Visit, may(Right.SELF)],
    gate: AtGate,
    code: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/account",  # noqa: A002  # as the form has it
) -> Response:
    """Take a one-time code."""
    try:
        show_code(gate.attempt, visit.account, code)
    except RefusedError as error:
        return _form(visit, within(next), problem=str(error))
    except WaitError as error:
        return _form(visit, within(next), problem=str(error), status=TOO_MANY)
    return _proved(visit, gate, see(_back(next)), "one-time code")


@router.post("/account/prove/options")
def options(visit: Annotated[Visit, may(Right.SELF)], gate: AtGate) -> Response:
    """What one of one's own passkeys has to sign."""
    held = factors_of(visit.workspace, visit.account).passkeys
    return gate.ask(ask_to_sign(gate.relying, held), PURPOSE, visit.account.id)


@router.post("/account/prove/passkey")
def passkey(
    visit: Annotated[Visit, may(Right.SELF)],
    gate: AtGate,
    credential: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/account",  # noqa: A002  # as the form has it
) -> Response:
    """Take what a passkey signed."""
    challenge = gate.challenge(PURPOSE)
    if challenge is None or challenge.account != visit.account.id:
        return refused("This took too long. Try again.")
    try:
        signed = Signed(credential=credential, at=visit.now)
        account = show_passkey(visit.workspace, gate.relying, challenge.value, signed)
    except PasskeyError as error:
        return refused(str(error))
    if account.id != visit.account.id:
        return refused("This is the passkey of another account.")
    return _proved(visit, gate, go(_back(next)), "passkey")


def _proved(visit: Visit, gate: Gate, response: Response, how: str) -> Response:
    token = prove_session(visit.workspace, visit.in_browser, how, visit.now)
    cookies.put(response, gate.site, cookies.Cookie(cookies.SESSION, token, LONGEST))
    return response


def _back(wanted: str) -> str:
    path = within(wanted)
    return f"{path}?done=proved" if path == "/account" else path


def _form(visit: Visit, next_: str, *, problem: str = "", status: int = 0) -> Response:
    return visit.page(
        "prove.html",
        status=status or (PROBLEM if problem else 200),
        next=next_,
        problem=problem,
        factors=factors_of(visit.workspace, visit.account),
    )
