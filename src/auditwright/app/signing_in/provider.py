"""The identity provider, asked over the network: what it publishes, and what it gives for a code.

Nothing is kept between two sign-ins, so that a key that the provider took out of use counts no more at once.
What it answers is bounded in bytes and in time, and no redirect is followed.
"""

import os
import time
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import msgspec
import structlog

from auditwright.program.sign_in import IdentityProvider, is_safe_address

TIMEOUT_S = 5.0
"""For a connection, and for each part of an answer; a page waits for it."""

WHOLE_S = 10.0
"""For a whole answer, however slowly it comes."""

MAX_ANSWER_BYTES = 500_000
"""A discovery document has some 3 kB, a set of keys 10 kB."""


class ProviderError(Exception):
    """The provider did not do its part; the message says what somebody can do."""


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What is used of a discovery document (OpenID Connect Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What is used of the answer for a code (OpenID Connect Core 1.0, 3.1.3.3)."""

    id_token: str
    access_token: str = ""


class UserInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is used of the answer about a user (OpenID Connect Core 1.0, 5.3.2)."""

    sub: str
    email: str = ""
    email_verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A code that came back, and what belongs to it."""

    code: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str


def discover(provider: IdentityProvider) -> Metadata:
    """The provider's discovery document; raises ProviderError."""
    address = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        found = msgspec.json.decode(_asked(provider, "GET", address), type=Metadata)
    except msgspec.DecodeError:
        raise _unusable(provider, "Its discovery document cannot be read.") from None
    if found.issuer != provider.issuer:
        raise _unusable(provider, "Its discovery document is of another issuer than auditwright.toml names.")
    endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint)
    if not all(_as_safe(provider, each) for each in endpoints if each) or not all(endpoints[:3]):
        raise _unusable(provider, "Its discovery document names an address that is not encrypted.")
    return found


def keys_of(provider: IdentityProvider, metadata: Metadata) -> bytes:
    """The provider's public keys, a JWK set in JSON; raises ProviderError."""
    return _asked(provider, "GET", metadata.jwks_uri)


def tokens_for(provider: IdentityProvider, metadata: Metadata, exchange: Exchange) -> Tokens:
    """What the provider gives for a code; raises ProviderError."""
    form = {
        "grant_type": "authorization_code",
        "code": exchange.code,
        "redirect_uri": exchange.redirect_uri,
        "code_verifier": exchange.verifier,
    }
    secret, basic = _secret(provider), None
    if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
        # RFC 6749 2.3.1: both are encoded as in a form before they are put together.
        basic = (quote(provider.client_id, safe=""), quote(secret, safe=""))
    else:
        form |= {"client_id": provider.client_id, "client_secret": secret}
    answer = _asked(provider, "POST", metadata.token_endpoint, form=form, basic=basic)
    try:
        return msgspec.json.decode(answer, type=Tokens)
    except msgspec.DecodeError:
        raise _unusable(provider, "It gave no ID token.") from None


def user_info(provider: IdentityProvider, metadata: Metadata, access_token: str) -> UserInfo | None:
    """What the provider says of a user; None where it has no such endpoint. Raises ProviderError."""
    if not metadata.userinfo_endpoint or not access_token:
        return None
    answer = _asked(provider, "GET", metadata.userinfo_endpoint, bearer=access_token)
    try:
        return msgspec.json.decode(answer, type=UserInfo)
    except msgspec.DecodeError:
        raise _unusable(provider, "What it says of you cannot be read.") from None


def _asked(  # noqa: PLR0913  # one request has so many parts, and they are named
    provider: IdentityProvider,
    method: str,
    address: str,
    *,
    form: dict[str, str] | None = None,
    basic: tuple[str, str] | None = None,
    bearer: str = "",
) -> bytes:
    """The body of an answer; raises ProviderError. Neither what was sent nor what came is in the message."""
    import httpx2

    headers = {"accept": "application/json", **({"authorization": f"Bearer {bearer}"} if bearer else {})}
    ends, body = time.monotonic() + WHOLE_S, b""
    try:
        with (
            httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False) as client,
            client.stream(method, address, data=form, auth=basic, headers=headers) as answer,
        ):
            for part in answer.iter_bytes():
                body += part
                if len(body) > MAX_ANSWER_BYTES or time.monotonic() > ends:
                    raise _unusable(provider, "Its answer is too long, or takes too long.")
            status = answer.status_code
    except (httpx2.HTTPError, httpx2.InvalidURL):
        raise _unusable(provider, "It cannot be reached.") from None
    if status != httpx2.codes.OK:
        raise _unusable(provider, f"It answered {urlsplit(address).path} with status {status}.")
    return body


def _secret(provider: IdentityProvider) -> str:
    secret = os.environ.get(provider.client_secret_env, "")
    if not secret:
        raise ProviderError(
            f"Whoever runs this server has to set {provider.client_secret_env} to the secret of {provider.title}. "
            "Until then, sign in in another way."
        )
    return secret


def _as_safe(provider: IdentityProvider, address: str) -> bool:
    """Whether an endpoint is as safe as the issuer: from https nothing leads to plain http."""
    return is_safe_address(address) and not (
        provider.issuer.startswith("https:") and not address.startswith("https:")
    )


def _unusable(provider: IdentityProvider, why: str) -> ProviderError:
    structlog.get_logger("auditwright.sign_in").warning("provider_failed", issuer=provider.issuer, why=why)
    return ProviderError(
        f"{provider.title} did not do its part. {why} Try again in a minute, or sign in in another way."
    )
