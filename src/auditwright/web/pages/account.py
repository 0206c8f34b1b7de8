"""One's own account: how one signs in, where one is signed in, and how pages look."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from starlette.exceptions import HTTPException

from auditwright.app.rights import Right
from auditwright.app.sessions import end_session, sessions_of
from auditwright.app.signing_in import codes, passwords
from auditwright.app.signing_in.factors import (
    FactorError,
    add_passkey,
    factors_of,
    remove_passkey,
    renew_recovery_codes,
    set_codes,
    set_password,
)
from auditwright.app.signing_in.passkeys import Made, PasskeyError, ask_to_make, made
from auditwright.app.signing_in.steps import Enrolment
from auditwright.web.gate import PROBLEM, AtGate, Gate, go, refused, see, within
from auditwright.web.pages.invitation import picture_of
from auditwright.web.visit import KEYS_COOKIE, THEME_COOKIE, THEMES, Visit, may

router = APIRouter()

PURPOSE = "account"

DONE = {
    "passkey": "The passkey is added. It signs you in from now on.",
    "removed": "The passkey is removed. It signs in nowhere any more.",
    "password": "The password is changed.",
    "codes": "The new one-time codes and recovery codes count from now on, and the ones before no more.",
    "recovery": "The new recovery codes count from now on, and the ones before no more.",
    "ended": "The session is ended. Its browser signs in anew.",
    "others": "Every other session is ended.",
    "proved": "A second factor was shown. What you wanted to do can be done for ten minutes.",
}

CHANGES = frozenset({"passkey", "removed", "password", "codes", "recovery"})
"""What changes how one signs in: whoever does it because somebody else may have got in ends their sessions too."""

YEAR_S = 31_536_000


@router.get("/account")
def overview(visit: Annotated[Visit, may(Right.SELF)], done: str = "") -> Response:
    """Everything of one's own account."""
    return _page(visit, done=done)


@router.post("/account/theme")
def theme(
    visit: Annotated[Visit, may(Right.SELF)],
    theme: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/account",
) -> Response:
    """Choose how pages look in this browser."""
    del visit
    response = see(within(back))
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=YEAR_S, samesite="lax", httponly=True)
    return response


@router.post("/account/keys")
def keys(visit: Annotated[Visit, may(Right.SELF)], keys: Annotated[str, Form()] = "on") -> Response:
    """Switch the keys of the keyboard on or off in this browser."""
    del visit
    response = see("/account")
    if keys == "off":
        response.set_cookie(KEYS_COOKIE, "off", max_age=YEAR_S, samesite="lax", httponly=True)
    else:
        response.delete_cookie(KEYS_COOKIE)
    return response


@router.post("/account/passkeys/options")
def passkey_options(visit: Annotated[Visit, may(Right.SELF)], gate: AtGate) -> Response:
    """Ask the browser to make one more passkey."""
    visit.prove("/account")
    held = factors_of(visit.workspace, visit.account).passkeys
    asking = ask_to_make(gate.relying, visit.account.id, visit.account.email, held)
    return gate.ask(asking, PURPOSE, visit.account.id)


@router.post("/account/passkeys")
def passkey(
    visit: Annotated[Visit, may(Right.SELF)],
    gate: AtGate,
    credential: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
) -> Response:
    """Add a passkey."""
    visit.prove("/account")
    challenge = gate.challenge(PURPOSE)
    if challenge is None or challenge.account != visit.account.id:
        return refused("This took too long. Try again.")
    answer = Made(credential=credential, name=name, account=visit.account.id, at=visit.now)
    try:
        add_passkey(visit.workspace, visit.account, made(gate.relying, challenge.value, answer))
    except (PasskeyError, FactorError) as error:
        return refused(str(error))
    return go("/account?done=passkey")


@router.post("/account/passkeys/remove")
def remove(visit: Annotated[Visit, may(Right.SELF)], passkey: Annotated[str, Form()] = "") -> Response:
    """Take a passkey away."""
    visit.prove("/account")
    try:
        remove_passkey(visit.workspace, visit.account, passkey, visit.now)
    except FactorError as error:
        return _page(visit, problem=str(error))
    return see("/account?done=removed")


@router.post("/account/password")
def password(
    visit: Annotated[Visit, may(Right.SELF)],
    gate: AtGate,
    current: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """Change the password; an account without codes sets up both."""
    visit.prove("/account")
    account = visit.account
    known = (visit.workspace.program.organization, account.email, account.name, "auditwright")
    problem = passwords.weakness(password, known)
    if account.password and not passwords.matches(account.password, current):
        problem = "This is not your current password."
    if problem:
        return _page(visit, problem=problem)
    hash_ = passwords.hashed(password)
    if account.seed:
        set_password(visit.workspace, account, hash_, visit.now)
        return see("/account?done=password")
    return _enrol(visit, gate, hash_)


@router.post("/account/codes")
def new_codes(visit: Annotated[Visit, may(Right.SELF)], gate: AtGate) -> Response:
    """Set up new one-time codes; the old ones count until the new ones were shown."""
    visit.prove("/account")
    if not visit.account.password:
        return _page(visit, problem="One-time codes stand beside a password. Set a password first.")
    return _enrol(visit, gate, "")


@router.get("/account/codes/picture.svg")
def picture(visit: Annotated[Visit, may(Right.SELF)], gate: AtGate) -> Response:
    """The new seed as a picture."""
    enrolment = gate.step(Enrolment)
    if enrolment is None or enrolment.account != visit.account.id:
        raise HTTPException(404)
    return picture_of(gate, enrolment)


@router.post("/account/codes/confirm")
def confirm(
    visit: Annotated[Visit, may(Right.SELF)], gate: AtGate, code: Annotated[str, Form()] = ""
) -> Response:
    """Take the first of the new codes, and show new recovery codes once."""
    visit.prove("/account")
    enrolment = gate.step(Enrolment)
    if enrolment is None or enrolment.account != visit.account.id or enrolment.invitation is not None:
        return see("/account")
    step = codes.step_of(enrolment.seed, code, visit.now)
    if step is None:
        return _codes_form(gate, enrolment, problem="This is not the code of now.")
    gate.take_step(Enrolment)
    recovery = set_codes(visit.workspace, enrolment, step, visit.now)
    return gate.page("recovery_codes.html", codes=recovery, next="/account?done=codes")


@router.post("/account/recovery")
def recovery(visit: Annotated[Visit, may(Right.SELF)], gate: AtGate) -> Response:
    """Make new recovery codes, and show them once."""
    visit.prove("/account")
    try:
        made_anew = renew_recovery_codes(visit.workspace, visit.account, visit.now)
    except FactorError as error:
        return _page(visit, problem=str(error))
    return gate.page("recovery_codes.html", codes=made_anew, next="/account?done=recovery")


@router.post("/account/sessions/end")
def end(visit: Annotated[Visit, may(Right.SELF)], session: Annotated[str, Form()] = "") -> Response:
    """End one of one's own sessions, or every other one."""
    visit.prove("/account")
    own = sessions_of(visit.workspace, visit.account.id, visit.now)
    others = [each for each in own if each.digest != visit.in_browser.session.digest]
    wanted = others if session == "others" else [each for each in own if each.digest == session]
    for each in wanted:
        end_session(visit.workspace, each, visit.actor, visit.now)
    return see("/account?done=others" if session == "others" else "/account?done=ended")


def _enrol(visit: Visit, gate: Gate, password: str) -> Response:
    enrolment = Enrolment(
        account=visit.account.id, email=visit.account.email, seed=codes.new_seed(), password=password
    )
    return gate.begin(_codes_form(gate, enrolment), enrolment)


def _codes_form(gate: Gate, enrolment: Enrolment, *, problem: str = "") -> Response:
    return gate.page(
        "enrolment.html",
        status=PROBLEM if problem else 200,
        email=enrolment.email,
        seed=codes.grouped(enrolment.seed),
        action="/account/codes/confirm",
        picture="/account/codes/picture.svg",
        problem=problem,
    )


def _page(visit: Visit, *, done: str = "", problem: str = "") -> Response:
    return visit.page(
        "account.html",
        status=PROBLEM if problem else 200,
        factors=factors_of(visit.workspace, visit.account),
        sessions=sessions_of(visit.workspace, visit.account.id, visit.now),
        current=visit.in_browser.session.digest,
        done=DONE.get(done, ""),
        is_changed=done in CHANGES,
        problem=problem,
        least=passwords.MIN_LENGTH,
    )
