"""People with access and those who are invited; what is done to them by token never makes or touches an owner."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException

from auditwright.app.people import (
    By,
    Guest,
    NewEngagement,
    NotByTokenError,
    PeopleError,
    change_role,
    end_account,
    end_sessions_of,
    invite,
    withdraw,
)
from auditwright.app.queries import people as queries
from auditwright.app.queries.people import INVITATIONS, PEOPLE, PersonRow
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.app.signing_in.entering import account_by_id
from auditwright.core.account import Account, Engagement, Invitation, Role
from auditwright.core.ids import AccountId, Digest
from auditwright.core.question import Answer, Question
from auditwright.web.api.rows import PREFIX, Line, Rows, asks, listed
from auditwright.web.forms import beginning_of
from auditwright.web.problems import ProblemError, refused
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["People"])

InvitationId = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The id of an invitation.")]

FIELDS: Mapping[str, str] = {name: f"engagement.{name}" for name in ("title", "categories", "starts", "ends")}
"""What is said of a field, by its place in the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engaged:
    """What an auditor may read."""

    title: str
    categories: Sequence[str]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in."""

    id: AccountId
    email: str
    name: str
    role: Role
    how: str
    """With what they sign in."""
    sessions: int
    """Browsers in which they are signed in now."""
    seen_at: datetime | None
    made_at: datetime
    engagement: Engaged | None
    """Of an auditor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvitation:
    """An invitation that still counts; its link is never shown again."""

    id: Digest
    email: str
    name: str
    role: Role
    made_by: str
    made_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeInvitation:
    """A new invitation, with the link that is shown this once."""

    invitation: OpenInvitation
    link: str
    """Counts once. Send it by a way that you trust."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedEngagement:
    """What an auditor is to be engaged for."""

    title: Line
    categories: list[Line]
    starts: date
    ends: date


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPerson:
    """Somebody who is to be invited."""

    email: Line
    name: Line
    role: Role
    engagement: WantedEngagement | None = None
    """Of an auditor, and of nobody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRole:
    """The role that somebody is to have."""

    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How many sessions were ended."""

    sessions: int


@router.get("/people", openapi_extra=asks(PEOPLE))
def everybody(visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)]) -> Rows[Person]:
    """Who may sign in, as what and with what."""

    def answer(view: View, question: Question) -> Answer[Person]:
        found = queries.people(view, question)
        return Answer(rows=[_person(row) for row in found.rows], total=found.total)

    return listed(visit, PEOPLE, answer)


@router.post("/people/{account}/role")
def role(visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)], account: str, wanted: WantedRole) -> Person:
    """Give somebody another role, which counts at once; nobody becomes an owner so, and no owner is changed."""
    with _refusing():
        change_role(visit.workspace, _account(visit, account), wanted.role, _by(visit))
    found = queries.person(visit.view, AccountId(account))
    if found is None:  # ended by another call in this moment
        raise HTTPException(404)
    return _person(found)


@router.post("/people/{account}/end", status_code=204)
def end(visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)], account: str) -> None:
    """End an account with its sessions and tokens, but not an owner's; what it did stays in the log."""
    with _refusing():
        end_account(visit.workspace, _account(visit, account), _by(visit))


@router.post("/people/{account}/sessions/end")
def end_sessions(visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)], account: str) -> Ended:
    """End every session of somebody who is no owner; they sign in anew."""
    with _refusing():
        return Ended(sessions=end_sessions_of(visit.workspace, _account(visit, account), _by(visit)))


@router.get("/invitations", openapi_extra=asks(INVITATIONS))
def open_invitations(visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)]) -> Rows[OpenInvitation]:
    """The invitations that still count, the oldest first."""

    def answer(view: View, question: Question) -> Answer[OpenInvitation]:
        found = queries.invitations(view, question)
        return Answer(rows=[_invitation(each) for each in found.rows], total=found.total)

    return listed(visit, INVITATIONS, answer)


@router.post("/invitations", status_code=201)
def invite_guest(visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)], wanted: WantedPerson) -> MadeInvitation:
    """Invite somebody, but not as an owner; the link is answered this once."""
    with _refusing():
        made = invite(visit.workspace, _guest(wanted), visit.actor, visit.now)
    link = f"{visit.site.address.url}{made.path}"
    return MadeInvitation(invitation=_invitation(made.invitation), link=link)


@router.post("/invitations/{invitation}/withdraw", status_code=204)
def withdraw_invitation(visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)], invitation: InvitationId) -> None:
    """Withdraw an invitation: its link counts no more."""
    with _refusing():
        withdraw(visit.workspace, Digest(invitation), visit.actor, visit.now)


@contextmanager
def _refusing() -> Iterator[None]:
    """Say why something cannot be done, by the field that is meant."""
    try:
        yield
    except NotByTokenError as error:
        raise ProblemError(403, str(error)) from None
    except PeopleError as error:
        if not error.at:
            raise ProblemError(409, str(error)) from None
        raise refused({FIELDS.get(error.at, error.at): str(error)}) from None


def _guest(wanted: WantedPerson) -> Guest:
    engaged = wanted.engagement
    if engaged is not None and wanted.role is not Role.AUDITOR:
        raise PeopleError("An auditor alone is engaged for something.", at="engagement")
    engagement = None
    if engaged is not None:
        engagement = NewEngagement(
            title=engaged.title,
            categories=tuple(dict.fromkeys(engaged.categories)),
            starts_at=beginning_of(engaged.starts),
            ends_at=beginning_of(engaged.ends),
        )
    return Guest(email=wanted.email, name=wanted.name, role=wanted.role, engagement=engagement)


def _account(visit: Visit, account: str) -> Account:
    found = None if "\0" in account else account_by_id(visit.workspace, AccountId(account))
    if found is None:
        raise HTTPException(404)
    return found


def _by(visit: Visit) -> By:
    return By(actor=visit.actor, now=visit.now)


def _person(row: PersonRow) -> Person:
    return Person(
        id=row.account.id,
        email=row.account.email,
        name=row.account.name,
        role=row.account.role,
        how=row.how,
        sessions=row.sessions,
        seen_at=row.seen_at,
        made_at=row.account.made_at,
        engagement=_engaged(row.engagement) if row.engagement else None,
    )


def _engaged(held: Engagement) -> Engaged:
    return Engaged(
        title=held.title, categories=held.categories, starts_at=held.starts_at, ends_at=held.ends_at
    )


def _invitation(invitation: Invitation) -> OpenInvitation:
    return OpenInvitation(
        id=invitation.digest,
        email=invitation.email,
        name=invitation.name,
        role=invitation.role,
        made_by=invitation.made_by,
        made_at=invitation.made_at,
        ends_at=invitation.ends_at,
    )
