"""Tokens of the API: a key that a program shows, with less than the rights of who made it, and an end."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.rights import scopes_for
from auditwright.app.sessions import SEEN_EVERY, TOKEN_BYTES, token_digest
from auditwright.app.workspace import Workspace
from auditwright.core.account import Account, ApiToken
from auditwright.core.question import Is

PREFIX = "awt_"
"""Every token begins so, and whoever searches for leaked secrets finds it."""

LONGEST = timedelta(days=365)

MAX_NAME = 80

MAX_LIVE = 50
"""Tokens of one account at a time: more are left over from something that forgets to end them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedToken:
    """A token as somebody asks for it."""

    name: str
    scopes: tuple[str, ...]
    days: int
    """For how long it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeToken:
    """A new token: its secret, which is shown once and kept nowhere, and its record."""

    secret: str
    record: ApiToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A token that counts, and whose it is."""

    token: ApiToken
    account: Account


def problems_of(
    workspace: Workspace, maker: Account, wanted: WantedToken, now: datetime
) -> Mapping[str, str]:
    """What is wrong with a wanted token, by field; nothing where it can be made."""
    found: dict[str, str] = {}
    if not wanted.name.strip():
        found["name"] = "Say what the token is for, such as the name of the program that uses it"
    elif len(wanted.name) > MAX_NAME:
        found["name"] = f"A name has at most {MAX_NAME} characters"
    offered = scopes_for(maker.role)
    if not wanted.scopes:
        found["scopes"] = "Choose what the token is good for"
    elif not set(wanted.scopes) <= set(offered):
        found["scopes"] = f"Your role can give a token: {', '.join(offered) or 'nothing'}"
    if not 1 <= wanted.days <= LONGEST.days:
        found["days"] = f"A token counts for 1 to {LONGEST.days} days"
    if sum(counts(token, now) for token in tokens_of(workspace, maker)) >= MAX_LIVE:
        found["name"] = f"You have {MAX_LIVE} tokens; end one that is no longer used"
    return found


def make_token(workspace: Workspace, maker: Account, wanted: WantedToken, now: datetime) -> MadeToken:
    """Make a token in which `problems_of` finds nothing; raises StoreError."""
    assert not problems_of(workspace, maker, wanted, now), "the door checks what is asked for"
    secret = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    record = ApiToken(
        digest=token_digest(secret),
        id=f"tok-{secrets.token_hex(4)}",
        account=maker.id,
        name=wanted.name.strip(),
        scopes=tuple(scope for scope in scopes_for(maker.role) if scope in wanted.scopes),
        made_at=now,
        ends_at=now + timedelta(days=wanted.days),
        used_at=None,
        ended_at=None,
    )
    deed = Deed(
        actor=Actor(id=maker.id, name=maker.name),
        verb="token.make",
        subject=record.id,
        detail=f"Made the token {record.name} for {', '.join(record.scopes)}, until {record.ends_at:%Y-%m-%d}.",
    )
    with acting(workspace, deed, now) as write:
        write.keep([record])
    return MadeToken(secret=secret, record=record)


def end_token(workspace: Workspace, token: ApiToken, actor: Actor, now: datetime) -> None:
    """End a token at once; raises StoreError."""
    deed = Deed(actor=actor, verb="token.end", subject=token.id, detail=f"Ended the token {token.name}.")
    with acting(workspace, deed, now) as write:
        write.keep([replace(token, ended_at=now)])


def tokens_of(workspace: Workspace, account: Account) -> Sequence[ApiToken]:
    """Every token that an account made, those that count no more among them."""
    return workspace.stores.records.kept(ApiToken, Is("account", account.id))


def bearer(workspace: Workspace, secret: str, now: datetime) -> Bearer | None:
    """The token of a secret, where it still counts."""
    if not secret.startswith(PREFIX):
        return None
    records = workspace.stores.records
    token = next(iter(records.kept(ApiToken, Is("digest", token_digest(secret)))), None)
    if token is None or not counts(token, now):
        return None
    account = next(iter(records.kept(Account, Is("id", token.account))), None)
    if account is None or account.ended_at is not None:
        return None
    if token.used_at is None or now - token.used_at >= SEEN_EVERY:
        token = _used(workspace, token, now)
    return Bearer(token=token, account=account)


def counts(token: ApiToken, now: datetime) -> bool:
    """Whether a token still counts."""
    return token.ended_at is None and now < token.ends_at


def _used(workspace: Workspace, token: ApiToken, now: datetime) -> ApiToken:
    used = replace(token, used_at=now)
    with workspace.stores.records.transaction() as write:
        # Ended by another request since it was read: that stands.
        if any(counts(held, now) for held in write.kept(ApiToken, Is("digest", token.digest))):
            write.keep([used])
    return used
