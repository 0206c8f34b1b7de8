"""Passkeys: what a browser is asked to make or to sign, and what it answers (WebAuthn Level 3).

User verification is always required, so that a passkey is two factors at once: the device, and what opens it.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from auditwright.core.account import Passkey
from auditwright.core.ids import AccountId

MAX_CREDENTIAL_CHARS = 20_000
"""An answer has some 2,000 characters; attestations with certificates, which nobody asks for, more."""

MAX_NAME = 60


class PasskeyError(Exception):
    """A browser's answer is not what was asked for; the message says what somebody can do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relying:
    """For which site passkeys are made."""

    host: str
    """The name that passkeys are bound to, without a port."""
    origin: str
    """Such as `https://audit.example.com`."""
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a browser is asked, and the challenge that its answer has to bear."""

    options: str
    """JSON, as `navigator.credentials` takes it."""
    challenge: bytes


def ask_to_make(relying: Relying, account: AccountId, email: str, held: tuple[Passkey, ...]) -> Asking:
    """Ask for a new passkey, on no device that holds one already."""
    from webauthn import base64url_to_bytes, generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=relying.host,
        rp_name=relying.title,
        user_id=account.encode(),
        user_name=email,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.id)) for each in held],
    )
    return Asking(options=options_to_json(options), challenge=options.challenge)


def ask_to_sign(relying: Relying, held: tuple[Passkey, ...] = ()) -> Asking:
    """Ask for a signature by a passkey: one of those, or any that the device holds for this site."""
    from webauthn import base64url_to_bytes, generate_authentication_options, options_to_json
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=relying.host,
        allow_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.id)) for each in held],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Asking(options=options_to_json(options), challenge=options.challenge)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A browser's answer to `ask_to_make`."""

    credential: str
    """Its JSON."""
    name: str
    """What somebody calls the passkey."""
    account: AccountId
    at: datetime


def made(relying: Relying, challenge: bytes, answer: Made) -> Passkey:
    """The passkey that a browser made; raises PasskeyError."""
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        verified = verify_registration_response(
            credential=_bounded(answer.credential),
            expected_challenge=challenge,
            expected_rp_id=relying.host,
            expected_origin=relying.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise PasskeyError(
            "The browser's answer was not the passkey that was asked for. Try again."
        ) from None
    return Passkey(
        id=bytes_to_base64url(verified.credential_id),
        account=answer.account,
        name=answer.name.strip()[:MAX_NAME] or "Passkey",
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        made_at=answer.at,
        used_at=None,
    )


def credential_id(credential: str) -> str:
    """Which passkey an answer claims to be of; raises PasskeyError."""
    return _parsed(credential)[0]


def signed(relying: Relying, challenge: bytes, credential: str, passkey: Passkey) -> Passkey:
    """The passkey after it signed the challenge; raises PasskeyError."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    _, handle = _parsed(credential)
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=relying.host,
            expected_origin=relying.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise PasskeyError(NOT_THIS_PASSKEY) from None
    # WebAuthn 7.2 step 6: where a user handle is given, it is the account's.
    if handle and handle != passkey.account.encode():
        raise PasskeyError(NOT_THIS_PASSKEY)
    return replace(passkey, sign_count=verified.new_sign_count)


NOT_THIS_PASSKEY = "This passkey does not sign in here. Try again, or sign in in another way."


def _parsed(credential: str) -> tuple[str, bytes]:
    """The id and the user handle of an answer."""
    from webauthn.helpers import parse_authentication_credential_json
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        found = parse_authentication_credential_json(_bounded(credential))
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise PasskeyError(NOT_THIS_PASSKEY) from None
    return found.id, found.response.user_handle or b""


def _bounded(credential: str) -> str:
    if len(credential) > MAX_CREDENTIAL_CHARS:
        raise PasskeyError("The browser's answer is longer than any passkey's.")
    return credential
