"""Sessions: who a browser is, from the moment it signed in until it is idle, too old, or ended."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.errors import AppError
from auditwright.app.workspace import Workspace
from auditwright.core.account import Account, Session
from auditwright.core.evidence import digest_of
from auditwright.core.ids import AccountId, Digest
from auditwright.core.ports import Transaction
from auditwright.core.question import Before, Is

IDLE = timedelta(hours=8)
"""A browser that was not used for a working day signs in anew."""

LONGEST = timedelta(days=7)
"""However often it is used, a browser signs in once a week."""

SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is kept when a session was used last: not each request needs a write."""

PROOF_LASTS = timedelta(minutes=10)
"""What is grave asks for a second factor that was shown in this time."""

KEPT_AFTER_END = timedelta(days=90)
"""How long it is kept of a session that it was there."""

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """Where somebody signs in from, as far as a request tells, and how."""

    address: str
    agent: str
    method: str = ""
    """As `Session.method` has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session that counts, and whose it is."""

    session: Session
    account: Account


def token_digest(token: str) -> Digest:
    """By what a token is known: the token itself is never kept."""
    return digest_of(token.encode("utf-8", "surrogatepass"))


def begin_session(workspace: Workspace, account: Account, browser: Browser, now: datetime) -> str:
    """Begin a session of somebody who has shown two factors; returns the token for the cookie."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session = Session(
        digest=token_digest(token),
        account=account.id,
        method=browser.method,
        address=browser.address,
        agent=browser.agent[:300],
        started_at=now,
        seen_at=now,
        proved_at=now,
        ends_at=now + LONGEST,
        ended_at=None,
    )
    deed = Deed(
        actor=Actor(id=account.id, name=account.name),
        verb="session.start",
        subject=account.id,
        detail=f"Signed in with {browser.method}.",
    )
    with acting(workspace, deed, now) as write:
        write.drop(Session, [Is("account", account.id), Before("ends_at", now - KEPT_AFTER_END)])
        write.keep([session])
    return token


def signed_in(workspace: Workspace, token: str, now: datetime) -> SignedIn | None:
    """The session of a cookie's token, where it still counts."""
    records = workspace.stores.records
    session = next(iter(records.kept(Session, Is("digest", token_digest(token)))), None)
    if session is None or not counts(session, now):
        return None
    account = next(iter(records.kept(Account, Is("id", session.account))), None)
    if account is None or account.ended_at is not None:
        return None
    if now - session.seen_at >= SEEN_EVERY:
        session = _seen(workspace, session, now)
    return SignedIn(session=session, account=account)


def counts(session: Session, now: datetime) -> bool:
    """Whether a session still counts."""
    return session.ended_at is None and now < min(session.ends_at, session.seen_at + IDLE)


def is_proved(session: Session, now: datetime) -> bool:
    """Whether a second factor was shown lately enough for what is grave."""
    return now - session.proved_at < PROOF_LASTS


def sessions_of(workspace: Workspace, account: AccountId, now: datetime) -> Sequence[Session]:
    """The sessions of an account that count, the one that was used last first."""
    held = workspace.stores.records.kept(Session, Is("account", account), Is("ended_at", None))
    return sorted((each for each in held if counts(each, now)), key=lambda each: each.seen_at, reverse=True)


def prove_session(workspace: Workspace, signed: SignedIn, how: str, now: datetime) -> str:
    """A second factor was shown anew: the session goes on under a new token, which is returned (ASVS 5.0 7.2.4)."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    account = signed.account
    deed = Deed(
        actor=Actor(id=account.id, name=account.name),
        verb="session.prove",
        subject=account.id,
        detail=f"Showed a second factor again: {how}.",
    )
    with acting(workspace, deed, now) as write:
        held = next(iter(write.kept(Session, Is("digest", signed.session.digest))), None)
        if held is None or not counts(held, now):
            raise AppError("This session was ended. Sign in anew.")
        # Under its new digest; the old token counts no more from here on.
        write.drop(Session, [Is("digest", held.digest)])
        write.keep([replace(held, digest=token_digest(token), proved_at=now, seen_at=now)])
    return token


def _seen(workspace: Workspace, session: Session, now: datetime) -> Session:
    seen = replace(session, seen_at=now)
    with workspace.stores.records.transaction() as write:
        # Ended by another request since it was read: that stands.
        if any(counts(held, now) for held in write.kept(Session, Is("digest", session.digest))):
            write.keep([seen])
    return seen


def end_session(workspace: Workspace, session: Session, actor: Actor, now: datetime) -> None:
    """End a session at once: its cookie counts no more."""
    deed = Deed(actor=actor, verb="session.end", subject=session.account, detail="Ended a session.")
    with acting(workspace, deed, now) as write:
        # Renewed by another request since it was read: what goes by the old token is over anyway.
        if write.kept(Session, Is("digest", session.digest)):
            write.keep([replace(session, ended_at=now)])


def end_sessions(write: Transaction, account: AccountId, now: datetime, *, but: Digest | None = None) -> int:
    """End every session of an account, but one; returns how many there were."""
    held = write.kept(Session, Is("account", account), Is("ended_at", None))
    ended = [replace(each, ended_at=now) for each in held if each.digest != but and counts(each, now)]
    if ended:
        write.keep(ended)
    return len(ended)


def end_other_sessions(workspace: Workspace, signed: SignedIn, now: datetime) -> int:
    """End every session of an account but the one that asks for it."""
    account = signed.account
    deed = Deed(
        actor=Actor(id=account.id, name=account.name),
        verb="session.end",
        subject=account.id,
        detail="Ended every other session.",
    )
    with acting(workspace, deed, now) as write:
        return end_sessions(write, account.id, now, but=signed.session.digest)
