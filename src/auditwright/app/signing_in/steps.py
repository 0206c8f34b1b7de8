"""Steps: what a browser has begun and not finished, kept here and known to it by a token that counts once, for minutes.

None of them is a session: with a password shown and the second factor not, nothing can be seen or done.
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias, TypeVar

from auditwright.app.sessions import token_digest
from auditwright.core.ids import AccountId, Digest

LIFETIME = timedelta(minutes=10)

MAX_KEPT = 10_000
"""Steps in memory; beyond them the oldest has to be begun anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstShown:
    """Somebody showed a first factor; the second is owed."""

    account: AccountId
    how: str
    """What was shown: `password` or `single sign-on`."""
    next: str
    """Where they wanted to go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a passkey has to sign."""

    value: bytes = field(repr=False)
    purpose: str
    """What it was asked for: a challenge of one place counts at no other."""
    account: AccountId | None = None
    """Whose passkey is made; None for one that signs in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Who somebody is at the identity provider."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Somebody sets up one-time codes, and has not yet shown that their app makes them."""

    account: AccountId
    email: str
    seed: str = field(repr=False)
    password: str = field(repr=False)
    """The hash of a password that is set at the same time; empty where none is."""
    outside: Outside | None = None
    """Their identity at the provider, where they came by it."""
    invitation: Digest | None = None
    """The invitation that is accepted by it; None for who has an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Somebody went to the identity provider, and is expected back."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    next: str
    purpose: str
    """`sign-in`, `invitation` or `proof`."""
    left_at: datetime
    invitation: Digest | None = None


Step: TypeAlias = FirstShown | Challenge | Enrolment | Departure

S = TypeVar("S", FirstShown, Challenge, Enrolment, Departure)


@dataclass(frozen=True, slots=True)
class _Kept:
    step: Step
    ends_at: datetime


@dataclass(slots=True)
class Steps:
    """The steps of every browser."""

    _kept: OrderedDict[Digest, _Kept] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, step: Step, now: datetime) -> str:
        """Keep a step; returns the token for the cookie."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._kept[token_digest(token)] = _Kept(step, now + LIFETIME)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return token

    def look(self, kind: type[S], token: str, now: datetime) -> S | None:
        """The step of a token, which stays."""
        with self._lock:
            return self._counting(kind, token, now)

    def take(self, kind: type[S], token: str, now: datetime) -> S | None:
        """The step of a token, which counts no more."""
        with self._lock:
            found = self._counting(kind, token, now)
            if found is not None:
                del self._kept[token_digest(token)]
            return found

    def _counting(self, kind: type[S], token: str, now: datetime) -> S | None:
        kept = self._kept.get(token_digest(token))
        if kept is None or now >= kept.ends_at or not isinstance(kept.step, kind):
            return None
        return kept.step
