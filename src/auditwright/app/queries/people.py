"""People with access and those who are invited: one query for their page, the terminal and the API."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auditwright.app.people import is_open
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.view import View
from auditwright.app.sessions import counts
from auditwright.app.workspace import Workspace
from auditwright.core.account import (
    Account,
    Engagement,
    Invitation,
    OutsideIdentity,
    Passkey,
    Role,
    Session,
)
from auditwright.core.ids import AccountId
from auditwright.core.question import Answer, Is, Question, answered

_ROLE = Filter(name="role", title="Role", field="role", values=tuple(role.value for role in Role))

PEOPLE = ListForm(
    sorts=("name", "email", "made_at"), order=("name",), filters=(_ROLE,), searched=("name", "email")
)

INVITATIONS = ListForm(
    sorts=("name", "email", "made_at", "ends_at"),
    order=("made_at",),
    filters=(_ROLE,),
    searched=("name", "email"),
)


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
    rows = _people(workspace, now)
    return PeoplePage(
        people=tuple(sorted(rows, key=lambda row: (row.account.name, row.account.id))),
        invitations=tuple(sorted(_invitations(workspace, now), key=lambda each: each.made_at)),
    )


def people(view: View, question: Question) -> Answer[PersonRow]:
    """Who may sign in now, whatever day is looked at; raises StoreError."""
    return answered(_people(view.workspace, view.now), question, value=_field, key=("id",))


def person(view: View, account: AccountId) -> PersonRow | None:
    """Somebody who may sign in now, by id; raises StoreError."""
    return next(iter(people(view, Question(where=(Is("id", account),), limit=1)).rows), None)


def invitations(view: View, question: Question) -> Answer[Invitation]:
    """The invitations that still count; raises StoreError."""
    return answered(_invitations(view.workspace, view.now), question, value=getattr, key=("digest",))


def _field(row: PersonRow, name: str) -> object:
    return getattr(row.account, name)


def _people(workspace: Workspace, now: datetime) -> Sequence[PersonRow]:
    records = workspace.stores.records
    sessions: defaultdict[AccountId, list[Session]] = defaultdict(list)
    for each in records.kept(Session, Is("ended_at", None)):
        if counts(each, now):
            sessions[each.account].append(each)
    passkeys = {each.account for each in records.kept(Passkey)}
    outside = {each.account for each in records.kept(OutsideIdentity)}
    engagements = {each.id: each for each in records.kept(Engagement)}
    return [
        PersonRow(
            account=account,
            how=_how(account, has_passkey=account.id in passkeys, is_outside=account.id in outside),
            sessions=len(sessions[account.id]),
            seen_at=max((each.seen_at for each in sessions[account.id]), default=None),
            engagement=engagements.get(account.engagement),
        )
        for account in records.kept(Account, Is("ended_at", None))
    ]


def _invitations(workspace: Workspace, now: datetime) -> Sequence[Invitation]:
    return [each for each in workspace.stores.records.kept(Invitation) if is_open(each, now)]


def _how(account: Account, *, has_passkey: bool, is_outside: bool) -> str:
    ways = [
        *(["passkey"] if has_passkey else []),
        *(["password and one-time codes"] if account.password and account.seed else []),
        *(["single sign-on"] if is_outside else []),
    ]
    return ", ".join(ways) or "nothing yet"
