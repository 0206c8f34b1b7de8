"""ID tokens: who somebody is by the word of the provider, checked in the order of OpenID Connect Core 1.0, 3.1.3.7.

1. The signature is by a key of the provider, by an algorithm of two keys (6, 7; `none` and shared secrets never).
2. The issuer is the one that is configured (2).
3. The token is for this client, and was handed to it (3, 4, 5).
4. It is of now (9, 10).
5. It is the answer to what this browser asked (11).
6. Whether two factors were shown, and lately (12, 13); what is not stated was not shown.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import compare_digest

import msgspec

from auditwright.app.sessions import PROOF_LASTS
from auditwright.program.sign_in import IdentityProvider

LEEWAY = timedelta(seconds=60)
"""Clocks of two machines differ by so much at most."""

LONGEST_AGE = timedelta(minutes=10)
"""A token is made for the sign-in that is under way."""

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")

KEY_TYPES = frozenset({"RSA", "EC", "OKP"})

MAX_SUBJECT_CHARS = 255
"""OpenID Connect Core 1.0, 2."""


class TokenError(Exception):
    """A token does not say who somebody is; the message says why, without anything of the token."""


class UnknownKeyError(TokenError):
    """No key of the provider is the one that a token names."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What is used of an ID token (OpenID Connect Core 1.0, 2)."""

    iss: str
    sub: str
    aud: str | tuple[str, ...]
    exp: float
    iat: float
    nonce: str = ""
    azp: str = ""
    acr: str = ""
    amr: tuple[str, ...] = ()
    auth_time: float | None = None
    email: str = ""
    email_verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token has to answer to."""

    provider: IdentityProvider
    nonce: str
    now: datetime


def verified(token: str, keys: bytes, expected: Expected) -> Claims:
    """The claims of a token; raises TokenError. `keys` is the provider's JWK set, in JSON."""
    claims = _signed(token, keys)
    provider, now = expected.provider, expected.now.timestamp()
    # 2.
    if claims.iss != provider.issuer:
        raise TokenError("it is of another issuer")
    # 3. More audiences than this client need `azp`; one that is there has to be this client.
    audience = (claims.aud,) if isinstance(claims.aud, str) else claims.aud
    if provider.client_id not in audience:
        raise TokenError("it is for another client")
    if claims.azp != provider.client_id and (claims.azp or len(audience) > 1):
        raise TokenError("it was handed to another client")
    # 4.
    leeway = LEEWAY.total_seconds()
    if now >= claims.exp + leeway:
        raise TokenError("it has expired; compare the clocks of this server and the provider")
    if claims.iat > now + leeway:
        raise TokenError("it is of the future; compare the clocks of this server and the provider")
    if claims.iat < now - LONGEST_AGE.total_seconds() - leeway:
        raise TokenError("it is too old; compare the clocks of this server and the provider")
    # 5.
    if not expected.nonce or not compare_digest(claims.nonce.encode(), expected.nonce.encode()):
        raise TokenError("it answers another sign-in")
    if not 0 < len(claims.sub) <= MAX_SUBJECT_CHARS:
        raise TokenError("it names nobody")
    return claims


def has_two_factors(claims: Claims, provider: IdentityProvider, now: datetime) -> bool:
    """Whether the provider states two factors that were shown lately. A time that is not stated is not lately."""
    # 6.
    stated = claims.acr in provider.acr_values or not set(provider.amr_values).isdisjoint(claims.amr)
    if not stated or claims.auth_time is None:
        return False
    age = now.timestamp() - claims.auth_time
    leeway = LEEWAY.total_seconds()
    return -leeway <= age < PROOF_LASTS.total_seconds() + leeway


class _Key(msgspec.Struct, frozen=True, kw_only=True):
    kty: str = ""
    kid: str | None = None
    use: str = "sig"


class _Keys(msgspec.Struct, frozen=True, kw_only=True):
    keys: tuple[msgspec.Raw, ...]


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    kid: str | None = None


def _signed(token: str, keys: bytes) -> Claims:
    # 1.
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    try:
        header = msgspec.convert(jws.extract_compact(token.encode()).headers(), _Header)
        key = import_key(msgspec.json.decode(_named(keys, header.kid), type=dict[str, str | list[str]]))
        found = jws.deserialize_compact(token, key, algorithms=list(ALGORITHMS))
        return msgspec.json.decode(found.payload, type=Claims)
    except (JoseError, msgspec.DecodeError, ValueError, TypeError):
        raise TokenError("its signature or form is not right") from None


def _named(keys: bytes, kid: str | None) -> msgspec.Raw:
    """The one key that is named, or the only one where none is."""
    found = [
        raw
        for raw in msgspec.json.decode(keys, type=_Keys).keys
        if (key := msgspec.json.decode(raw, type=_Key)).kty in KEY_TYPES
        and key.use == "sig"
        and kid in {None, key.kid}
    ]
    if len(found) != 1:
        raise UnknownKeyError("no key of the provider is the one that signed it")
    return found[0]
