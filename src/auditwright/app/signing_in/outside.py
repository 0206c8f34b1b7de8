"""Single sign-on: the way to the identity provider and back, and which account somebody comes to (OpenID Connect).

1. Leaving: state, nonce and a verifier (PKCE, RFC 7636) are kept here, and known to the browser by its cookie alone.
2. Coming back: the state is this browser's, the issuer is the one that was left for (RFC 9207), and there is no error.
3. The code is exchanged, and the ID token checked (`id_token`).
4. The account is the one that issuer and subject were bound to. Who has none needs an open invitation to an email that
   the provider verified. Nobody comes in uninvited, and no account is bound that was not invited for it.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlencode, urlsplit

import structlog

from auditwright.app.people import is_open
from auditwright.app.sessions import PROOF_LASTS
from auditwright.app.signing_in import id_token
from auditwright.app.signing_in import provider as providers
from auditwright.app.signing_in.entering import MAX_EMAIL, Attempt, RefusedError, WaitError, account_by_id
from auditwright.app.signing_in.id_token import Claims, Expected, TokenError, UnknownKeyError
from auditwright.app.signing_in.limits import OF_ADDRESS, OF_STARTS, Taking, network
from auditwright.app.signing_in.provider import Exchange, Metadata, Tokens
from auditwright.app.signing_in.steps import Departure, Outside
from auditwright.core.account import Account, Invitation, OutsideIdentity
from auditwright.core.question import Is
from auditwright.program.sign_in import IdentityProvider

SIGN_IN = "sign-in"

MAX_PARAMETER_CHARS = 4_000
"""Of what comes back; a code has some dozens, with Microsoft 1,500."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """Where a browser goes, and what is kept of it."""

    address: str = field(repr=False)
    departure: Departure


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What the provider's redirect bears; empty where it does not."""

    code: str = field(repr=False)
    state: str = field(repr=False)
    issuer: str
    error: str
    redirect_uri: str
    """The one that was left with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Somebody whose account is bound to them."""

    account: Account
    two_factors: bool
    """True where the provider states two factors; else the second is owed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitee:
    """Somebody who is invited, and comes for the first time."""

    invitation: Invitation
    outside: Outside
    two_factors: bool


Arrival: TypeAlias = Known | Invitee


def leave(attempt: Attempt, provider: IdentityProvider, redirect_uri: str, wanted: str) -> Leaving:
    """Begin a sign-in at the provider; raises ProviderError, WaitError."""
    # 1.
    _take(attempt, Taking(("start", network(attempt.address)), OF_STARTS))
    metadata = providers.discover(provider)
    departure = Departure(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        next=wanted,
        purpose=SIGN_IN,
        left_at=attempt.now,
    )
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "scope": "openid email",
        "state": departure.state,
        "nonce": departure.nonce,
        "code_challenge": _challenge(departure.verifier),
        "code_challenge_method": "S256",
    }
    if provider.acr_values:
        asked["acr_values"] = " ".join(provider.acr_values)
    if provider.acr_values or provider.amr_values:
        # Two factors count only where they were shown lately; this makes the provider state when.
        asked["max_age"] = str(int(PROOF_LASTS.total_seconds()))
    mark = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
    address = f"{metadata.authorization_endpoint}{mark}{urlencode(asked)}"
    return Leaving(address=address, departure=departure)


def is_answer_to(departure: Departure, returned: Returned) -> bool:
    """Whether what came back is of this departure: others are left alone, so that nobody can end one from afar."""
    return secrets.compare_digest(returned.state.encode("utf-8", "surrogatepass"), departure.state.encode())


def arrive(attempt: Attempt, provider: IdentityProvider, departure: Departure, returned: Returned) -> Arrival:
    """Who came back; raises RefusedError, ProviderError, WaitError."""
    assert is_answer_to(departure, returned), "what came back is of this departure"
    taking = Taking(("address", network(attempt.address)), OF_ADDRESS)
    _take(attempt, taking)
    metadata = providers.discover(provider)
    # 2.
    _check_return(attempt, provider, metadata, returned)
    # 3.
    exchange = Exchange(code=returned.code, verifier=departure.verifier, redirect_uri=returned.redirect_uri)
    tokens = providers.tokens_for(provider, metadata, exchange)
    expected = Expected(provider=provider, nonce=departure.nonce, now=attempt.now)
    try:
        claims = _claims(tokens, metadata, expected)
    except TokenError as error:
        raise _refusal(attempt, f"What {provider.title} sent does not count: {error}. Begin again.") from None
    # 4.
    arrival = _whose(attempt, provider, claims, _email(provider, metadata, tokens, claims))
    attempt.limits.give_back([taking], attempt.now)
    return arrival


def _check_return(
    attempt: Attempt, provider: IdentityProvider, metadata: Metadata, returned: Returned
) -> None:
    must_name = metadata.authorization_response_iss_parameter_supported
    if returned.issuer != provider.issuer and (returned.issuer or must_name):
        raise _refusal(attempt, f"This answer is not of {provider.title}. Begin again from this site.")
    if returned.error == "access_denied":
        raise _refusal(
            attempt,
            f"{provider.title} did not let you in, or you did not agree. Begin again, or ask whoever runs it.",
        )
    if returned.error or not returned.code:
        raise _refusal(
            attempt,
            f"{provider.title} could not sign you in. Begin again; if it stays so, ask whoever runs it.",
        )
    if len(returned.code) > MAX_PARAMETER_CHARS:
        raise _refusal(attempt, f"This answer is longer than any of {provider.title}. Begin again.")


def _claims(tokens: Tokens, metadata: Metadata, expected: Expected) -> Claims:
    keys = providers.keys_of(expected.provider, metadata)
    try:
        return id_token.verified(tokens.id_token, keys, expected)
    except UnknownKeyError:
        # A key that was published while we asked; once, so that no token makes us ask again and again.
        keys = providers.keys_of(expected.provider, metadata)
        return id_token.verified(tokens.id_token, keys, expected)


def _email(provider: IdentityProvider, metadata: Metadata, tokens: Tokens, claims: Claims) -> str:
    """The email that the provider verified; empty where it states none."""
    if claims.email:
        return claims.email if claims.email_verified else ""
    said = providers.user_info(provider, metadata, tokens.access_token)
    # OpenID Connect Core 1.0, 5.3.2: what is said of another subject is not used.
    if said is None or said.sub != claims.sub or not said.email_verified:
        return ""
    return said.email


def _whose(attempt: Attempt, provider: IdentityProvider, claims: Claims, email: str) -> Arrival:
    records = attempt.workspace.stores.records
    two_factors = id_token.has_two_factors(claims, provider, attempt.now)
    bound = records.kept(OutsideIdentity, Is("issuer", claims.iss), Is("subject", claims.sub))
    account = next(
        (found for each in bound if (found := account_by_id(attempt.workspace, each.account))), None
    )
    if account is not None:
        return Known(account=account, two_factors=two_factors)
    if not email:
        raise _refusal(
            attempt, f"{provider.title} states no email of yours that it verified. Ask whoever runs it."
        )
    wanted = email.strip().lower()[:MAX_EMAIL]
    invited = records.kept(Invitation, Is("email", wanted))
    invitation = next((each for each in invited if is_open(each, attempt.now)), None)
    if invitation is None:
        raise _refusal(
            attempt,
            f"{provider.title} knows you, and nobody invited you here to sign in with it. Ask an owner to invite you; "
            "who has an account already signs in as before.",
        )
    outside = Outside(issuer=claims.iss, subject=claims.sub)
    return Invitee(invitation=invitation, outside=outside, two_factors=two_factors)


def _challenge(verifier: str) -> str:
    """RFC 7636 4.2."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _take(attempt: Attempt, taking: Taking) -> None:
    wait = attempt.limits.take([taking], attempt.now)
    if wait:
        raise WaitError(wait)


def _refusal(attempt: Attempt, message: str) -> RefusedError:
    structlog.get_logger("auditwright.sign_in").warning(
        "refused", account="", what="single sign-on", why=message, address=attempt.address
    )
    return RefusedError(message)
