"""An invitation: whoever opens its link chooses two factors, and has an account only then."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from auditwright.app.people import (
    Accepted,
    Chosen,
    PeopleError,
    accept,
    account_id_for,
    invitation_of,
)
from auditwright.app.signing_in import codes, passwords
from auditwright.app.signing_in.passkeys import Made, PasskeyError, ask_to_make, made
from auditwright.app.signing_in.steps import Enrolment
from auditwright.core.account import Invitation
from auditwright.web.gate import PROBLEM, AtGate, Gate, go, landing, refused
from auditwright.web.pages.sign_in import CODE, PASSKEY

router = APIRouter()

PURPOSE = "invitation"


@router.get("/invitation/{token}")
def form(gate: AtGate, token: str) -> Response:
    """Say who is invited, and ask how they will sign in."""
    invitation = invitation_of(gate.workspace, token, gate.now)
    return _gone(gate) if invitation is None else _form(gate, token, invitation)


@router.post("/invitation/{token}/passkey/options")
def passkey_options(gate: AtGate, token: str) -> Response:
    """Ask the browser to make a passkey."""
    invitation = invitation_of(gate.workspace, token, gate.now)
    if invitation is None:
        return refused(GONE)
    account = account_id_for(gate.workspace, invitation)
    return gate.ask(ask_to_make(gate.relying, account, invitation.email, ()), PURPOSE, account)


@router.post("/invitation/{token}/passkey")
def passkey(
    gate: AtGate, token: str, credential: Annotated[str, Form()] = "", name: Annotated[str, Form()] = ""
) -> Response:
    """Take the passkey, and let them in."""
    challenge = gate.challenge(PURPOSE)
    invitation = invitation_of(gate.workspace, token, gate.now)
    if invitation is None or challenge is None or challenge.account is None:
        return refused(GONE if invitation is None else "This took too long. Try again.")
    answer = Made(credential=credential, name=name, account=challenge.account, at=gate.now)
    try:
        key = made(gate.relying, challenge.value, answer)
        accepted = accept(
            gate.workspace, invitation, Chosen(account=challenge.account, passkey=key), gate.now
        )
    except (PasskeyError, PeopleError) as error:
        return refused(str(error))
    return gate.enter(go(landing(accepted.account, "/")), accepted.account, PASSKEY)


@router.post("/invitation/{token}/password")
def password(
    gate: AtGate,
    token: str,
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Take a password; codes are owed beside it."""
    invitation = invitation_of(gate.workspace, token, gate.now)
    if invitation is None:
        return _gone(gate)
    known = (gate.workspace.program.organization, invitation.email, invitation.name, "auditwright")
    problem = passwords.weakness(password, known)
    if not problem and password != again:
        problem = "The two entries differ. Enter the same password twice."
    if problem:
        return _form(gate, token, invitation, problem=problem)
    enrolment = Enrolment(
        account=account_id_for(gate.workspace, invitation),
        email=invitation.email,
        seed=codes.new_seed(),
        password=passwords.hashed(password),
        invitation=invitation.digest,
    )
    return gate.begin(_codes_form(gate, token, enrolment), enrolment)


@router.get("/invitation/{token}/picture.svg")
def picture(gate: AtGate, token: str) -> Response:
    """The seed as a picture, for the app that scans it."""
    del token
    enrolment = gate.step(Enrolment)
    if enrolment is None:
        return _gone(gate)
    return picture_of(gate, enrolment)


@router.post("/invitation/{token}/codes")
def confirm(gate: AtGate, token: str, code: Annotated[str, Form()] = "") -> Response:
    """Take the first code, make the account, and show the recovery codes once."""
    invitation = invitation_of(gate.workspace, token, gate.now)
    enrolment = gate.step(Enrolment)
    if invitation is None or enrolment is None or enrolment.invitation != invitation.digest:
        return _gone(gate)
    step = codes.step_of(enrolment.seed, code, gate.now)
    if step is None:
        return _codes_form(
            gate, token, enrolment, problem="This is not the code of now. Look at the clock of your device."
        )
    chosen = Chosen(account=enrolment.account, password=enrolment.password, seed=enrolment.seed, step=step)
    try:
        accepted = accept(gate.workspace, invitation, chosen, gate.now)
    except PeopleError as error:
        return _codes_form(gate, token, enrolment, problem=str(error))
    return gate.enter(_recovery(gate, accepted), accepted.account, CODE)


GONE = "This invitation was used or withdrawn, or it has lapsed. Ask for another one."


def picture_of(gate: Gate, enrolment: Enrolment) -> Response:
    """The QR code of a seed; it is never kept by a browser."""
    organization = gate.workspace.program.organization
    address = codes.enrolment_address(enrolment.seed, enrolment.email, organization)
    return Response(codes.picture(address), media_type="image/svg+xml")


def _form(gate: Gate, token: str, invitation: Invitation, *, problem: str = "") -> Response:
    return gate.page(
        "invitation.html",
        status=PROBLEM if problem else 200,
        token=token,
        invitation=invitation,
        problem=problem,
        least=passwords.MIN_LENGTH,
    )


def _codes_form(gate: Gate, token: str, enrolment: Enrolment, *, problem: str = "") -> Response:
    return gate.page(
        "enrolment.html",
        status=PROBLEM if problem else 200,
        email=enrolment.email,
        seed=codes.grouped(enrolment.seed),
        action=f"/invitation/{token}/codes",
        picture=f"/invitation/{token}/picture.svg",
        problem=problem,
    )


def _recovery(gate: Gate, accepted: Accepted) -> Response:
    return gate.page("recovery_codes.html", codes=accepted.recovery, next=landing(accepted.account, "/"))


def _gone(gate: Gate) -> Response:
    return gate.page("error.html", status=404, title="This invitation counts no more", text=GONE)
