"""People with access, as their page lists them."""

from dataclasses import dataclass
from datetime import datetime

from auditwright.app.people import is_open
from auditwright.app.sessions import counts
from auditwright.app.workspace import Workspace
from auditwright.core.account import Account, Engagement, Invitation, OutsideIdentity, Passkey, Session
from auditwright.core.question import Is


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """Somebody who may sign in."""

    account: Account
    how: str
    """With what they sign in."""
    sessions: int
    seen_at: datetime | None
    engagement: Engagement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage:
    """Everybody with access, and everybody who is invited."""

    people: tuple[PersonRow, ...]
    invitations: tuple[Invitation, ...]


def people_page(workspace: Workspace, now: datetime) -> PeoplePage:
    """Everybody with access, by name; raises StoreError."""
    records = workspace.stores.records
    accounts = records.kept(Account, Is("ended_at", None))
    sessions = [each for each in records.kept(Session, Is("ended_at", None)) if counts(each, now)]
    passkeys = {each.account for each in records.kept(Passkey)}
    outside = {each.account for each in records.kept(OutsideIdentity)}
    engagements = {each.id: each for each in records.kept(Engagement)}
    rows = [
        PersonRow(
            account=account,
            how=_how(account, has_passkey=account.id in passkeys, is_outside=account.id in outside),
            sessions=sum(each.account == account.id for each in sessions),
            seen_at=max((each.seen_at for each in sessions if each.account == account.id), default=None),
            engagement=engagements.get(account.engagement),
        )
        for account in accounts
    ]
    invitations = [each for each in records.kept(Invitation) if is_open(each, now)]
    return PeoplePage(
        people=tuple(sorted(rows, key=lambda row: (row.account.name, row.account.id))),
        invitations=tuple(sorted(invitations, key=lambda each: each.made_at)),
    )


def _how(account: Account, *, has_passkey: bool, is_outside: bool) -> str:
    ways = [
        *(["passkey"] if has_passkey else []),
        *(["password and one-time codes"] if account.password and account.seed else []),
        *(["single sign-on"] if is_outside else []),
    ]
    return ", ".join(ways) or "nothing yet"
