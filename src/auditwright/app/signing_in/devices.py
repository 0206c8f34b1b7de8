"""Known devices: a browser that signed in is known again, and tries from it have a budget of their own."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from auditwright.app.errors import AppError
from auditwright.app.sealing_secrets import open_secret, seal_secret
from auditwright.core.ids import AccountId
from auditwright.core.log import iso, parse_iso

LIFETIME = timedelta(days=180)

MAX_COOKIE_CHARS = 1_000

PURPOSE = "device"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A browser that signed in to an account."""

    account: AccountId
    id: str


def device_cookie(state: Path, account: AccountId, now: datetime) -> str:
    """A cookie's value by which a browser is known; it opens nothing."""
    text = f"{account}\n{iso(now)}\n{secrets.token_hex(16)}"
    return urlsafe_b64encode(seal_secret(state, text, purpose=PURPOSE)).decode()


def known_device(state: Path, cookie: str, now: datetime) -> Device | None:
    """The device of a cookie; None for one that is not ours, or too old."""
    if not cookie or len(cookie) > MAX_COOKIE_CHARS:
        return None
    try:
        text = open_secret(state, urlsafe_b64decode(cookie), purpose=PURPOSE)
    except (ValueError, AppError):
        return None
    account, since, name = text.split("\n")
    return Device(account=AccountId(account), id=name) if now - parse_iso(since) < LIFETIME else None
