"""Sign in: a passkey, or a password and then a code; and sign out."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Response

from auditwright.app.acting import Actor
from auditwright.app.sessions import end_session, signed_in
from auditwright.app.signing_in.entering import (
    RefusedError,
    Signed,
    WaitError,
    account_by_id,
    show_code,
    show_passkey,
    show_password,
    show_recovery_code,
)
from auditwright.app.signing_in.factors import factors_of
from auditwright.app.signing_in.passkeys import PasskeyError, ask_to_sign
from auditwright.app.signing_in.steps import FirstShown
from auditwright.core.account import Account
from auditwright.web import cookies
from auditwright.web.gate import PROBLEM, TOO_MANY, AtGate, Gate, go, landing, refused, see, within

router = APIRouter()

PURPOSE = "sign-in"

CODE = "password and one-time code"
PASSKEY = "passkey"  # a way to sign in, as the session has it


@router.get("/sign-in")
def form(gate: AtGate, next: str = "/") -> Response:  # noqa: A002  # as the address has it
    """Ask who comes."""
    return _form(gate, _Asked(next=within(next)))


@router.post("/sign-in")
def password(
    gate: AtGate,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002  # as the form has it
) -> Response:
    """Take a password; the second factor is owed."""
    wanted = within(next)
    try:
        account = show_password(gate.attempt, email, password)
    except RefusedError as error:
        return _form(gate, _Asked(next=wanted, email=email, problem=str(error), status=PROBLEM))
    except WaitError as error:
        return _form(gate, _Asked(next=wanted, email=email, problem=str(error), status=TOO_MANY))
    return gate.begin(see("/sign-in/code"), FirstShown(account=account.id, how="password", next=wanted))


@router.get("/sign-in/code")
def code_form(gate: AtGate) -> Response:
    """Ask for the code."""
    account = _begun(gate)
    return see("/sign-in") if account is None else _code_form(gate, account)


@router.post("/sign-in/code")
def code(gate: AtGate, code: Annotated[str, Form()] = "") -> Response:
    """Take a code, and let them in."""
    account = _begun(gate)
    if account is None:
        return see("/sign-in")
    try:
        show_code(gate.attempt, account, code)
    except RefusedError as error:
        return _code_form(gate, account, problem=str(error))
    except WaitError as error:
        return _code_form(gate, account, problem=str(error), status=TOO_MANY)
    return _in(gate, account, "one-time code")


@router.get("/sign-in/recovery")
def recovery_form(gate: AtGate) -> Response:
    """Ask for a recovery code."""
    account = _begun(gate)
    return see("/sign-in") if account is None else _recovery_form(gate, account)


@router.post("/sign-in/recovery")
def recovery(gate: AtGate, code: Annotated[str, Form()] = "") -> Response:
    """Take a recovery code, and let them in."""
    account = _begun(gate)
    if account is None:
        return see("/sign-in")
    try:
        show_recovery_code(gate.attempt, account, code)
    except RefusedError as error:
        return _recovery_form(gate, account, problem=str(error))
    except WaitError as error:
        return _recovery_form(gate, account, problem=str(error), status=TOO_MANY)
    return _in(gate, account, "recovery code")


@router.post("/sign-in/passkey/options")
def passkey_options(gate: AtGate) -> Response:
    """What a passkey has to sign."""
    return gate.ask(ask_to_sign(gate.relying), PURPOSE)


@router.post("/sign-in/passkey")
def passkey(
    gate: AtGate,
    credential: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002  # as the form has it
) -> Response:
    """Take what a passkey signed, and let them in: it is both factors."""
    challenge = gate.challenge(PURPOSE)
    if challenge is None:
        return refused("This took too long. Try again.")
    try:
        signed = Signed(credential=credential, at=gate.now)
        account = show_passkey(gate.workspace, gate.relying, challenge.value, signed)
    except PasskeyError as error:
        return refused(str(error))
    return gate.enter(go(landing(account, next)), account, PASSKEY)


@router.post("/sign-out")
def sign_out(gate: AtGate) -> Response:
    """End the session of this browser."""
    found = signed_in(gate.workspace, cookies.read(gate.request, cookies.SESSION), gate.now)
    if found is not None:
        actor = Actor(id=found.account.id, name=found.account.name)
        end_session(gate.workspace, found.session, actor, gate.now)
    response = see("/sign-in")
    cookies.forget(response, gate.site, cookies.SESSION, cookies.STEP, cookies.CHALLENGE)
    # What a browser kept of pages goes with the session (ASVS 5.0 14.3.1).
    response.headers["clear-site-data"] = '"cache"'
    return response


def _begun(gate: Gate) -> Account | None:
    """Whose second factor is owed."""
    step = gate.step(FirstShown)
    return account_by_id(gate.workspace, step.account) if step else None


def _in(gate: Gate, account: Account, second: str) -> Response:
    step = gate.take_step(FirstShown)
    # Taken by another request of this browser since: a first factor counts once.
    if step is None or step.account != account.id:
        return see("/sign-in")
    return gate.enter(see(landing(account, step.next)), account, f"{step.how} and {second}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What stands in the form."""

    next: str
    email: str = ""
    problem: str = ""
    status: int = 200


def _form(gate: Gate, asked: _Asked) -> Response:
    provider = gate.workspace.program.identity_provider
    return gate.page("sign_in.html", status=asked.status, asked=asked, provider=provider)


def _code_form(gate: Gate, account: Account, *, problem: str = "", status: int = 0) -> Response:
    factors, step = factors_of(gate.workspace, account), gate.step(FirstShown)
    return gate.page(
        "sign_in_code.html",
        status=status or (PROBLEM if problem else 200),
        email=account.email,
        problem=problem,
        has_codes=factors.has_codes,
        has_passkeys=bool(factors.passkeys),
        next=step.next if step else "/",
    )


def _recovery_form(gate: Gate, account: Account, *, problem: str = "", status: int = 0) -> Response:
    return gate.page(
        "sign_in_recovery.html",
        status=status or (PROBLEM if problem else 200),
        email=account.email,
        problem=problem,
    )
