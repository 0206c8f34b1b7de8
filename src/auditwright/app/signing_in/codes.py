"""One-time codes of an authenticator app (TOTP, RFC 6238), and the recovery codes that stand in for it once each."""

import base64
import secrets
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from auditwright.app.sealing_secrets import open_secret, seal_secret
from auditwright.core.evidence import digest_of
from auditwright.core.ids import AccountId, Digest

if TYPE_CHECKING:
    from pyotp import TOTP

DIGITS = 6

STEP_S = 30

DRIFT_STEPS = 1
"""A clock may be off by one step in either direction (RFC 6238 5.2)."""

RECOVERY_CODES = 10

RECOVERY_BYTES = 15
"""120 random bits: a digest without salt or delay keeps such a code as safe as a token (ASVS 5.0 6.5.2 asks for 112)."""

GROUP = 4
"""Characters of a recovery code or seed that are written together."""


def new_seed() -> str:
    """A seed of 160 bits, in base32 as apps take it."""
    from pyotp import random_base32

    return random_base32()


def sealed_seed(state: Path, account: AccountId, seed: str) -> bytes:
    """A seed as it is kept."""
    return seal_secret(state, seed, purpose=f"seed:{account}")


def opened_seed(state: Path, account: AccountId, sealed: bytes) -> str:
    """A kept seed; raises AppError."""
    return open_secret(state, sealed, purpose=f"seed:{account}")


def step_of(seed: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is, or None. Whoever calls refuses a step that was taken before."""
    from pyotp.exceptions import OTPVerificationError

    digits = "".join(code.split())
    if len(digits) != DIGITS or not digits.isascii() or not digits.isdigit():
        return None
    try:
        return _totp(seed).verify_and_get_timecode(digits, for_time=now, valid_window=DRIFT_STEPS)
    except OTPVerificationError:
        return None


def code_at(seed: str, now: datetime) -> tuple[str, int]:
    """The code of a moment, and for how many seconds more it is the newest."""
    return _totp(seed).at(now), STEP_S - int(now.timestamp()) % STEP_S


def enrolment_address(seed: str, email: str, organization: str) -> str:
    """The address that an app reads from the picture."""
    return _totp(seed).provisioning_uri(name=email, issuer_name=f"Auditwright {organization}"[:60])


def picture(address: str) -> bytes:
    """An address as a QR code, in SVG."""
    import io

    import segno

    drawn = io.BytesIO()
    # White and black whatever the theme: cameras read it so.
    segno.make(address, error="m", micro=False).save(
        drawn, kind="svg", scale=4, border=4, light="#fff", dark="#000"
    )
    return drawn.getvalue()


def grouped(text: str, mark: str = " ") -> str:
    """A seed or code in groups that can be read aloud."""
    return mark.join(text[at : at + GROUP] for at in range(0, len(text), GROUP))


def new_recovery_codes() -> tuple[str, ...]:
    """Codes to print or keep in a safe."""
    return tuple(
        grouped(base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower(), "-")
        for _ in range(RECOVERY_CODES)
    )


def recovery_digest(account: AccountId, code: str) -> Digest:
    """By what a recovery code is known, however it was typed."""
    plain = "".join(letter for letter in code.casefold() if letter.isalnum())
    return digest_of(f"{account}\n{plain}".encode("utf-8", "surrogatepass"))


def _totp(seed: str) -> "TOTP":
    from pyotp import TOTP

    return TOTP(seed, digits=DIGITS, interval=STEP_S)
