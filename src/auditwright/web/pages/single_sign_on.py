"""Single sign-on: to the identity provider, back from it, and the second factor where the provider states none."""

from typing import Annotated, assert_never

from fastapi import APIRouter, Form, Response

from auditwright.app.people import Chosen, PeopleError, accept, account_id_for, invitation_by
from auditwright.app.signing_in import codes
from auditwright.app.signing_in.entering import RefusedError, WaitError
from auditwright.app.signing_in.factors import factors_of
from auditwright.app.signing_in.outside import Invitee, Known, Returned, arrive, is_answer_to, leave
from auditwright.app.signing_in.provider import ProviderError
from auditwright.app.signing_in.steps import Departure, Enrolment, FirstShown
from auditwright.program.sign_in import IdentityProvider
from auditwright.web.gate import PROBLEM, TOO_MANY, AtGate, Gate, landing, see, within
from auditwright.web.pages.invitation import GONE, picture_of

router = APIRouter()

BACK = "/sign-in/provider/back"

BAD_GATEWAY = 502

SINGLE_SIGN_ON = "single sign-on"
WITH_CODE = "single sign-on and one-time code"


@router.post("/sign-in/provider")
def depart(gate: AtGate, next: Annotated[str, Form()] = "/") -> Response:  # noqa: A002  # as the form has it
    """Go to the provider."""
    provider = gate.workspace.program.identity_provider
    if provider is None:
        return see("/sign-in")
    try:
        leaving = leave(gate.attempt, provider, _back(gate), within(next))
    except ProviderError as error:
        return _failed(gate, provider, str(error), BAD_GATEWAY)
    except WaitError as error:
        return _failed(gate, provider, str(error), TOO_MANY)
    # A page that leads on and no redirect: browsers hold every redirect after a form to `form-action`, also those
    # by which the provider goes on to others, so that the policy stays closed only in this way.
    page = gate.page("sign_in_leaving.html", title=provider.title, address=leaving.address)
    return gate.begin(page, leaving.departure)


@router.get(BACK)
def back(gate: AtGate) -> Response:
    """Come back from the provider."""
    provider = gate.workspace.program.identity_provider
    if provider is None:
        return see("/sign-in")
    try:
        return _arrived(gate, provider)
    except RefusedError as error:
        return _failed(gate, provider, str(error), PROBLEM)
    except ProviderError as error:
        return _failed(gate, provider, str(error), BAD_GATEWAY)
    except WaitError as error:
        return _failed(gate, provider, str(error), TOO_MANY)


@router.get("/sign-in/provider/picture.svg")
def picture(gate: AtGate) -> Response:
    """The seed as a picture, for the app that scans it."""
    enrolment = gate.step(Enrolment)
    return _gone(gate) if enrolment is None else picture_of(gate, enrolment)


@router.post("/sign-in/provider/codes")
def confirm(gate: AtGate, code: Annotated[str, Form()] = "") -> Response:
    """Take the first code, make the account, and show the recovery codes once."""
    enrolment = gate.step(Enrolment)
    if enrolment is None or enrolment.outside is None or enrolment.invitation is None:
        return _gone(gate)
    invitation = invitation_by(gate.workspace, enrolment.invitation, gate.now)
    if invitation is None:
        return _gone(gate)
    step = codes.step_of(enrolment.seed, code, gate.now)
    if step is None:
        return _codes_form(
            gate, enrolment, problem="This is not the code of now. Look at the clock of your device."
        )
    chosen = Chosen(account=enrolment.account, seed=enrolment.seed, step=step, outside=enrolment.outside)
    try:
        accepted = accept(gate.workspace, invitation, chosen, gate.now)
    except PeopleError as error:
        return _codes_form(gate, enrolment, problem=str(error))
    page = gate.page("recovery_codes.html", codes=accepted.recovery, next=landing(accepted.account, "/"))
    return gate.enter(page, accepted.account, WITH_CODE)


OLD = "This sign-in was begun in another browser, was used already, or took too long. Begin again."


def _arrived(gate: Gate, provider: IdentityProvider) -> Response:
    """Take what the provider's redirect bears; raises RefusedError, ProviderError, WaitError."""
    given = gate.request.query_params
    returned = Returned(
        code=given.get("code", ""),
        state=given.get("state", ""),
        issuer=given.get("iss", ""),
        error=given.get("error", ""),
        redirect_uri=_back(gate),
    )
    begun = gate.step(Departure)
    departure = gate.take_step(Departure) if begun and is_answer_to(begun, returned) else None
    if departure is None:
        raise RefusedError(OLD)
    arrival = arrive(gate.attempt, provider, departure, returned)
    match arrival:
        case Known():
            return _known(gate, provider, arrival, departure.next)
        case Invitee():
            return _invitee(gate, provider, arrival, departure.next)
        case _:
            assert_never(arrival)


def _known(gate: Gate, provider: IdentityProvider, known: Known, wanted: str) -> Response:
    """In with two factors; with one, on to the second."""
    if known.two_factors:
        return gate.enter(see(landing(known.account, wanted)), known.account, SINGLE_SIGN_ON)
    factors = factors_of(gate.workspace, known.account)
    if not factors.has_codes and not factors.passkeys:
        return _failed(
            gate,
            provider,
            f"{provider.title} does not state that you showed a second factor in the last ten minutes, and you have none "
            "here. Sign out there and sign in with two factors, or ask an owner to invite you again.",
            PROBLEM,
        )
    step = FirstShown(account=known.account.id, how=SINGLE_SIGN_ON, next=wanted)
    return gate.begin(see("/sign-in/code"), step)


def _invitee(gate: Gate, provider: IdentityProvider, invitee: Invitee, wanted: str) -> Response:
    """An account with two factors; where the provider states one, one-time codes are set up first."""
    invitation, outside = invitee.invitation, invitee.outside
    account = account_id_for(gate.workspace, invitation)
    if not invitee.two_factors:
        enrolment = Enrolment(
            account=account,
            email=invitation.email,
            seed=codes.new_seed(),
            password="",
            outside=outside,
            invitation=invitation.digest,
        )
        return gate.begin(_codes_form(gate, enrolment), enrolment)
    try:
        accepted = accept(gate.workspace, invitation, Chosen(account=account, outside=outside), gate.now)
    except PeopleError as error:
        return _failed(gate, provider, str(error), PROBLEM)
    return gate.enter(see(landing(accepted.account, wanted)), accepted.account, SINGLE_SIGN_ON)


def _back(gate: Gate) -> str:
    """The redirect URI: of the site as it is configured, whatever a request says."""
    return f"{gate.site.address.url}{BACK}"


def _codes_form(gate: Gate, enrolment: Enrolment, *, problem: str = "") -> Response:
    return gate.page(
        "enrolment.html",
        status=PROBLEM if problem else 200,
        email=enrolment.email,
        seed=codes.grouped(enrolment.seed),
        action="/sign-in/provider/codes",
        picture="/sign-in/provider/picture.svg",
        problem=problem,
    )


def _failed(gate: Gate, provider: IdentityProvider, text: str, status: int) -> Response:
    title = f"You are not signed in with {provider.title}"
    return gate.page("error.html", status=status, title=title, text=text)


def _gone(gate: Gate) -> Response:
    return gate.page("error.html", status=404, title="This invitation counts no more", text=GONE)
