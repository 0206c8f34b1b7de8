"""People with access: who is invited, as what, and until when; how an invitation becomes an account, and how one ends.

An invitation is a link that counts once. Whoever opens it chooses two factors before there is an account, so that no
account ever had fewer. The organization always keeps an owner who can sign in. A token makes nobody an owner and touches
no owner: whoever holds one without its maker's factors must not come to more than it says, nor shut its maker out.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.sessions import end_sessions, token_digest
from auditwright.app.signing_in import codes
from auditwright.app.signing_in.factors import keep_recovery_codes
from auditwright.app.signing_in.steps import Outside
from auditwright.app.workspace import Workspace, open_workspace
from auditwright.core.account import (
    Account,
    ApiToken,
    Engagement,
    Invitation,
    OutsideIdentity,
    Passkey,
    RecoveryCode,
    Role,
)
from auditwright.core.ids import AccountId, Digest, EngagementId
from auditwright.core.ports import Transaction
from auditwright.core.question import Is

INVITATION_LASTS = timedelta(days=3)

MAX_NAME = 100

MAX_EMAIL = 254

_EMAIL = re.compile(
    r"[^\s@<>\"',;:\\()\[\]]+@[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.[a-z0-9-]{2,}|[^\s@<>\"',;:\\()\[\]]+@localhost"
)


class PeopleError(Exception):
    """What was asked of people with access cannot be done; the message says why."""

    def __init__(self, message: str, *, at: str = "") -> None:
        self.at = at
        """The field of a form that is meant; empty for none."""
        super().__init__(message)


class NotByTokenError(PeopleError):
    """Only somebody in a browser, who can show a second factor, does this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEngagement:
    """What an auditor is engaged for."""

    title: str
    categories: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody who is invited."""

    email: str
    name: str
    role: Role
    engagement: NewEngagement | EngagementId | None = None
    """Of an auditor: a new engagement, or the id of one that there is."""
    again: bool = False
    """True for somebody with an account who sets up anew how they sign in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An invitation, and the token of its link, which is shown once."""

    invitation: Invitation
    token: str = field(repr=False)

    @property
    def path(self) -> str:
        """The link within the site."""
        return f"/invitation/{self.token}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What somebody who was invited will sign in with."""

    account: AccountId
    passkey: Passkey | None = None
    password: str = field(default="", repr=False)
    """A hash."""
    seed: str = field(default="", repr=False)
    step: int = 0
    outside: Outside | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The account of an invitation, with recovery codes where it has one-time codes: they are shown once."""

    account: Account
    recovery: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """By whom something is done, and when."""

    actor: Actor
    now: datetime


def new_account_id() -> AccountId:
    """The id of an account that will be made."""
    return AccountId(f"acc-{secrets.token_hex(8)}")


def invite(workspace: Workspace, guest: Guest, actor: Actor, now: datetime) -> Invited:
    """Invite somebody; raises PeopleError. Open invitations to the same email count no more."""
    guest = _checked(workspace, guest)
    _check_token(actor, guest.role)
    token = secrets.token_urlsafe(32)
    digest = token_digest(token)
    again = "again, to set up anew how they sign in, " if guest.again else ""
    deed = Deed(
        actor=actor,
        verb="account.invite",
        subject=invitation_name(digest),
        detail=f"Invited {guest.name}, {guest.email}, {again}as {guest.role.value}.",
    )
    with acting(workspace, deed, now) as write:
        held = next(iter(write.kept(Account, Is("email", guest.email), Is("ended_at", None))), None)
        _check_again(guest, held)
        engagement = held.engagement if held else _engagement(write, guest, now)
        _withdraw_all(write, guest.email, By(actor=actor, now=now))
        invitation = Invitation(
            digest=digest,
            email=guest.email,
            name=guest.name,
            role=guest.role,
            engagement=engagement,
            made_by=actor.name,
            made_at=now,
            ends_at=now + INVITATION_LASTS,
            used_at=None,
            ended_at=None,
        )
        write.keep([invitation])
    return Invited(invitation=invitation, token=token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Whether somebody has access to a program folder, or is to have it."""

    accounts: int
    invited: tuple[Invitation, ...]
    """The invitations that still count."""


def claim_of(folder: Path, now: datetime) -> Claim:
    """Who has access to a program folder; raises AppError."""
    with open_workspace(folder) as workspace:
        records = workspace.stores.records
        return Claim(
            accounts=len(records.kept(Account, Is("ended_at", None))),
            invited=tuple(each for each in records.kept(Invitation) if is_open(each, now)),
        )


def invitation_of(workspace: Workspace, token: str, now: datetime) -> Invitation | None:
    """The invitation of a link, where it still counts."""
    return invitation_by(workspace, token_digest(token), now)


def invitation_by(workspace: Workspace, digest: Digest, now: datetime) -> Invitation | None:
    """An invitation by its digest, where it still counts."""
    found = next(iter(workspace.stores.records.kept(Invitation, Is("digest", digest))), None)
    return found if found is not None and is_open(found, now) else None


def is_open(invitation: Invitation, now: datetime) -> bool:
    """Whether an invitation can be accepted."""
    return invitation.used_at is None and invitation.ended_at is None and now < invitation.ends_at


def invitation_name(digest: Digest) -> str:
    """How the log names an invitation."""
    return f"inv-{digest[:12]}"


def accept(workspace: Workspace, invitation: Invitation, chosen: Chosen, now: datetime) -> Accepted:
    """Make the account of an invitation, or set up anew how one signs in; raises PeopleError."""
    assert chosen.passkey or chosen.seed or chosen.outside, "no account is without two factors"
    name = invitation.name
    how = _how(chosen)
    deed = Deed(
        actor=Actor(id=chosen.account, name=name),
        verb="account.accept",
        subject=chosen.account,
        detail=f"Accepted the invitation as {invitation.role.value}, with {how}.",
    )
    recovery = codes.new_recovery_codes() if chosen.seed else ()
    with acting(workspace, deed, now) as write:
        current = next(iter(write.kept(Invitation, Is("digest", invitation.digest))), None)
        if current is None or not is_open(current, now):
            raise PeopleError("This invitation was used or withdrawn. Ask for another one.")
        held = next(iter(write.kept(Account, Is("email", invitation.email), Is("ended_at", None))), None)
        if held is not None and held.id != chosen.account:
            raise PeopleError("There is an account with this email already. Sign in with it.")
        account = replace(
            held or _new_account(invitation, chosen.account, now),
            password=chosen.password,
            seed=codes.sealed_seed(workspace.state, chosen.account, chosen.seed) if chosen.seed else b"",
            step=chosen.step,
        )
        _forget_factors(write, account.id, now)
        write.keep([replace(current, used_at=now)])
        write.keep([account])
        if chosen.passkey:
            write.keep([chosen.passkey])
        if chosen.outside:
            who = chosen.outside
            write.keep(
                [OutsideIdentity(issuer=who.issuer, subject=who.subject, account=account.id, linked_at=now)]
            )
        if recovery:
            keep_recovery_codes(write, account.id, recovery)
    return Accepted(account=account, recovery=recovery)


def account_id_for(workspace: Workspace, invitation: Invitation) -> AccountId:
    """The id that the account of an invitation has or will have."""
    records = workspace.stores.records
    held = records.kept(Account, Is("email", invitation.email), Is("ended_at", None))
    return held[0].id if held else new_account_id()


def withdraw(workspace: Workspace, digest: Digest, actor: Actor, now: datetime) -> None:
    """Withdraw an invitation: its link counts no more; raises PeopleError."""
    deed = Deed(
        actor=actor,
        verb="account.withdraw",
        subject=invitation_name(digest),
        detail="Withdrew an invitation.",
    )
    with acting(workspace, deed, now) as write:
        held = next(iter(write.kept(Invitation, Is("digest", digest))), None)
        if held is None or not is_open(held, now):
            raise PeopleError("This invitation was used, withdrawn or has lapsed already.")
        _check_token(actor, held.role)
        write.keep([replace(held, ended_at=now)])


def change_role(workspace: Workspace, account: Account, role: Role, by: By) -> None:
    """Give somebody another role, which counts at once; raises PeopleError."""
    if Role.AUDITOR in {role, account.role}:
        raise PeopleError(
            "An auditor reads one engagement. Invite them as an auditor, and end the other account.",
            at="role",
        )
    _check_token(by.actor, role)
    deed = Deed(
        actor=by.actor,
        verb="account.role",
        subject=account.id,
        detail=f"Made {account.name} {role.value}, who was {account.role.value}.",
    )
    _change(workspace, deed, by.now, lambda _, held: replace(held, role=role))


def end_account(workspace: Workspace, account: Account, by: By) -> None:
    """End an account, its sessions and its tokens at once; raises PeopleError for the last owner."""
    deed = Deed(
        actor=by.actor, verb="account.end", subject=account.id, detail=f"Ended the account of {account.name}."
    )

    def ended(write: Transaction, held: Account) -> Account:
        _forget_factors(write, held.id, by.now)
        _withdraw_all(write, held.email, by)
        tokens = write.kept(ApiToken, Is("account", held.id), Is("ended_at", None))
        if tokens:
            write.keep([replace(each, ended_at=by.now) for each in tokens])
        return replace(held, ended_at=by.now, password="", seed=b"")

    _change(workspace, deed, by.now, ended)


def end_sessions_of(workspace: Workspace, account: Account, by: By) -> int:
    """End every session of somebody; returns how many there were. Raises PeopleError."""
    deed = Deed(
        actor=by.actor,
        verb="session.end",
        subject=account.id,
        detail=f"Ended every session of {account.name}.",
    )
    with acting(workspace, deed, by.now) as write:
        held = next(iter(write.kept(Account, Is("id", account.id))), account)
        _check_token(by.actor, held.role)
        return end_sessions(write, held.id, by.now)


def _change(
    workspace: Workspace, deed: Deed, now: datetime, change: Callable[[Transaction, Account], Account]
) -> None:
    """Change the account that a deed is about, unless it is the last owner's."""
    with acting(workspace, deed, now) as write:
        held = next(iter(write.kept(Account, Is("id", deed.subject), Is("ended_at", None))), None)
        if held is None:
            raise PeopleError("This account was ended already.")
        _check_token(deed.actor, held.role)
        changed = change(write, held)
        if held.role is Role.OWNER and (changed.role is not Role.OWNER or changed.ended_at):
            owners = write.kept(Account, Is("role", Role.OWNER.value), Is("ended_at", None))
            if len(owners) < 2:  # noqa: PLR2004  # one of them is this one
                raise PeopleError(
                    f"{held.name} is the only owner. Make somebody else an owner first.", at="role"
                )
        write.keep([changed])


def _check_token(actor: Actor, role: Role) -> None:
    """Keep owners out of a token's reach; raises NotByTokenError."""
    if actor.is_token and role is Role.OWNER:
        raise NotByTokenError("Owners are made and changed in a browser, and never by a token.", at="role")


def _checked(workspace: Workspace, guest: Guest) -> Guest:
    email, name = guest.email.strip().lower(), " ".join(guest.name.split())
    if len(email) > MAX_EMAIL or not _EMAIL.fullmatch(email):
        raise PeopleError("Enter an email address, such as ada@example.com.", at="email")
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise PeopleError(f"Enter a name of at most {MAX_NAME} characters.", at="name")
    if guest.role is Role.AUDITOR and guest.engagement is None and not guest.again:
        raise PeopleError("Say what the auditor is engaged for.", at="title")
    if isinstance(guest.engagement, NewEngagement):
        known = [category.id for category in workspace.catalogue.framework.categories]
        if unknown := set(guest.engagement.categories) - set(known):
            raise PeopleError(
                f"There is no category {min(unknown)[:40]!r}; there are {', '.join(known)}.", at="categories"
            )
    return replace(guest, email=email, name=name)


def _check_again(guest: Guest, held: Account | None) -> None:
    if guest.again and held is None:
        raise PeopleError(f"{guest.email} has no account.", at="email")
    if held is not None and not guest.again:
        raise PeopleError(
            f"{held.name} has an account with this email already, as {held.role.value}.", at="email"
        )
    if held is not None and held.role is not guest.role:
        raise PeopleError(f"{held.name} is {held.role.value}; the role is changed apart.", at="role")


def _engagement(write: Transaction, guest: Guest, now: datetime) -> EngagementId:
    wanted = guest.engagement
    if guest.role is not Role.AUDITOR or wanted is None:
        return EngagementId("")
    if not isinstance(wanted, NewEngagement):
        if not write.kept(Engagement, Is("id", wanted)):
            raise PeopleError("There is no such engagement.", at="engagement")
        return wanted
    if not wanted.title.strip() or len(wanted.title) > MAX_NAME:
        raise PeopleError("Name the engagement, such as: Type 2, 2026.", at="title")
    if not wanted.categories:
        raise PeopleError("Choose at least one category.", at="categories")
    if wanted.ends_at <= wanted.starts_at:
        raise PeopleError("The period ends before it starts.", at="ends")
    made = Engagement(
        id=EngagementId(f"eng-{secrets.token_hex(6)}"),
        title=wanted.title.strip(),
        categories=wanted.categories,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        made_at=now,
    )
    write.keep([made])
    return made.id


def _withdraw_all(write: Transaction, email: str, by: By) -> None:
    held = [each for each in write.kept(Invitation, Is("email", email)) if is_open(each, by.now)]
    for each in held:
        _check_token(by.actor, each.role)
    if held:
        write.keep([replace(each, ended_at=by.now) for each in held])


def _new_account(invitation: Invitation, account: AccountId, now: datetime) -> Account:
    return Account(
        id=account,
        email=invitation.email,
        name=invitation.name,
        role=invitation.role,
        engagement=invitation.engagement,
        made_at=now,
        ended_at=None,
        password="",
        seed=b"",
        step=0,
    )


def _forget_factors(write: Transaction, account: AccountId, now: datetime) -> None:
    """What somebody signed in with before counts no more, and neither do the sessions that it opened."""
    for kind in (Passkey, RecoveryCode, OutsideIdentity):
        write.drop(kind, [Is("account", account)])
    end_sessions(write, account, now)


def _how(chosen: Chosen) -> str:
    if chosen.passkey:
        return "a passkey"
    if chosen.outside:
        return "single sign-on and one-time codes" if chosen.seed else "single sign-on"
    return "a password and one-time codes"
