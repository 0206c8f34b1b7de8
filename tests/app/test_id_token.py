"""ID tokens, signed by a key of these tests: each that is not the one that was asked for is refused."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from auditwright.app.signing_in.id_token import (
    Claims,
    Expected,
    TokenError,
    UnknownKeyError,
    has_two_factors,
    verified,
)
from auditwright.program.sign_in import IdentityProvider

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

PROVIDER = IdentityProvider(
    title="Acme ID",
    issuer="https://id.example.com",
    client_id="auditwright",
    client_secret_env="AUDITWRIGHT_OIDC_SECRET",  # noqa: S106  # the name of a variable
    acr_values=("phr",),
    amr_values=("mfa",),
)

EXPECTED = Expected(provider=PROVIDER, nonce="asked", now=NOW)


def at(ahead: timedelta) -> int:
    return int((NOW + ahead).timestamp())


GOOD: dict[str, object] = {
    "iss": "https://id.example.com",
    "sub": "ada",
    "aud": "auditwright",
    "exp": at(timedelta(minutes=5)),
    "iat": at(timedelta()),
    "nonce": "asked",
}


@cache
def rsa(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@cache
def curve() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "curve"})


def keys(*held: RSAKey | ECKey | OctKey) -> bytes:
    return json.dumps({"keys": [each.as_dict(private=False) for each in held]}).encode()


def token(changed: dict[str, object] | None = None, **header: str) -> str:
    claims = {name: value for name, value in {**GOOD, **(changed or {})}.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "one", **header}, claims, rsa("one"))


def test_the_token_that_was_asked_for_says_who_it_is() -> None:
    assert verified(token(), keys(rsa("one"), rsa("two")), EXPECTED).sub == "ada"


def test_a_curve_signs_too() -> None:
    signed = jwt.encode({"alg": "ES256", "kid": "curve"}, GOOD, curve())
    assert verified(signed, keys(rsa("one"), curve()), EXPECTED).sub == "ada"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://id.example.com/"},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": []},
        {"aud": ["auditwright", "another"]},
        {"aud": ["auditwright", "another"], "azp": "another"},
        {"azp": "another"},
        {"exp": at(-timedelta(seconds=60))},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": at(timedelta(seconds=61))},
        {"iat": at(-timedelta(seconds=661))},
        {"iat": None},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": ""},
        {"sub": None},
        {"sub": "a" * 256},
        {"email": "ada@example.com", "email_verified": "true"},
    ],
)
def test_a_token_of_something_else_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(TokenError):
        verified(token(changed), keys(rsa("one")), EXPECTED)


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ["auditwright"]},
        {"aud": ["auditwright", "another"], "azp": "auditwright"},
        {"exp": at(-timedelta(seconds=59))},
        {"iat": at(timedelta(seconds=60))},
    ],
)
def test_clocks_may_differ_a_little_and_audiences_be_many(changed: dict[str, object]) -> None:
    assert verified(token(changed), keys(rsa("one")), EXPECTED).sub == "ada"


def test_a_key_that_is_not_the_providers_signs_nothing() -> None:
    with pytest.raises(UnknownKeyError):
        verified(token(), keys(rsa("two")), EXPECTED)
    other = jwt.encode({"alg": "RS256", "kid": "one"}, GOOD, rsa("two"))
    with pytest.raises(TokenError):
        verified(other, keys(rsa("one")), EXPECTED)


def test_a_token_that_names_no_key_needs_a_provider_that_has_one() -> None:
    signed = jwt.encode({"alg": "RS256"}, GOOD, rsa("one"))
    assert verified(signed, keys(rsa("one")), EXPECTED).sub == "ada"
    with pytest.raises(UnknownKeyError):
        verified(signed, keys(rsa("one"), rsa("two")), EXPECTED)


def test_a_shared_secret_signs_nothing_whatever_it_is() -> None:
    shared = OctKey.import_key("the public key of somebody, as text, long enough", {"kid": "one"})
    signed = jwt.encode({"alg": "HS256", "kid": "one"}, GOOD, shared)
    listed = json.dumps({"keys": [shared.as_dict(private=True)]}).encode()
    for held in (keys(rsa("one")), listed):
        with pytest.raises(TokenError):
            verified(signed, held, EXPECTED)


def test_a_token_without_a_signature_is_none() -> None:
    head, body, _ = token().split(".")
    for forged in (f"{head}.{body}.", f"eyJhbGciOiJub25lIiwia2lkIjoib25lIn0.{body}."):
        with pytest.raises(TokenError):
            verified(forged, keys(rsa("one")), EXPECTED)


@given(where=st.integers(min_value=0), letter=st.sampled_from("AZaz09-_.=é"))
def test_a_token_with_one_letter_changed_is_refused_or_says_the_same(where: int, letter: str) -> None:
    whole = token()
    where %= len(whole)
    try:
        claims = verified(whole[:where] + letter + whole[where + 1 :], keys(rsa("one")), EXPECTED)
    except TokenError:
        return
    assert claims == verified(whole, keys(rsa("one")), EXPECTED)


@given(text=st.text(), held=st.binary())
def test_whatever_comes_is_a_refusal_and_no_defect(text: str, held: bytes) -> None:
    with pytest.raises(TokenError):
        verified(text, held, EXPECTED)
    with pytest.raises(TokenError):
        verified(token(), held, EXPECTED)
    with pytest.raises(TokenError):
        verified(text, keys(rsa("one")), EXPECTED)


@pytest.mark.parametrize(
    ("acr", "amr", "shown", "counts"),
    [
        ("phr", (), timedelta(), True),
        ("", ("pwd", "mfa"), timedelta(minutes=10), True),
        ("", ("pwd", "mfa"), timedelta(minutes=11), False),
        ("", ("pwd", "mfa"), timedelta(minutes=-2), False),
        ("", ("pwd", "mfa"), None, False),
        ("", ("pwd",), timedelta(), False),
        ("", (), timedelta(), False),
    ],
)
def test_two_factors_count_where_they_are_stated_and_were_shown_lately(
    acr: str, amr: tuple[str, ...], shown: timedelta | None, *, counts: bool
) -> None:
    claims = Claims(
        iss=PROVIDER.issuer,
        sub="ada",
        aud=PROVIDER.client_id,
        exp=NOW.timestamp(),
        iat=NOW.timestamp(),
        acr=acr,
        amr=amr,
        auth_time=None if shown is None else (NOW - shown).timestamp(),
    )
    assert has_two_factors(claims, PROVIDER, NOW) is counts
