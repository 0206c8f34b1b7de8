"""People with access: who may sign in, as what, and who is invited."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Form, Response
from starlette.exceptions import HTTPException

from auditwright.app.people import (
    By,
    Guest,
    NewEngagement,
    PeopleError,
    change_role,
    end_account,
    end_sessions_of,
    invite,
    withdraw,
)
from auditwright.app.queries.people import people_page
from auditwright.app.rights import Right
from auditwright.app.signing_in.entering import account_by_id
from auditwright.core.account import Account, Role
from auditwright.core.ids import AccountId, Digest
from auditwright.web.forms import Sent, beginning_of, day_of
from auditwright.web.gate import PROBLEM, see
from auditwright.web.visit import Visit, may

router = APIRouter()

DONE = {
    "role": "The role is changed, and counts at once.",
    "ended": "The account is ended, with its sessions and tokens. What it did stays in the log.",
    "sessions": "Every session of the account is ended.",
    "withdrawn": "The invitation is withdrawn. Its link counts no more.",
}


class InvitationSent(Sent):
    """The form of an invitation."""

    email: str = ""
    name: str = ""
    role: str = ""
    title: str = ""
    categories: tuple[str, ...] = ()
    starts: str = ""
    ends: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the page says beside the lists."""

    done: str = ""
    link: str = ""
    """Of an invitation that was made, shown once."""
    guest: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    given: InvitationSent = field(default_factory=InvitationSent)


@router.get("/people")
def overview(visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)], done: str = "") -> Response:
    """Everybody with access."""
    return _page(visit, _Said(done=DONE.get(done, "")))


@router.post("/people/invite")
def invited(
    visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)], sent: Annotated[InvitationSent, Form()]
) -> Response:
    """Invite somebody; the link is shown once."""
    visit.prove("/people")
    try:
        made = invite(visit.workspace, _guest(sent), visit.actor, visit.now)
    except PeopleError as error:
        return _page(visit, _Said(problems={error.at or "email": str(error)}, given=sent))
    return _page(visit, _Said(link=f"{visit.site.address.url}{made.path}", guest=made.invitation.name))


@router.post("/people/{account}/role")
def role(
    visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)], account: str, role: Annotated[str, Form()] = ""
) -> Response:
    """Give somebody another role."""
    visit.prove("/people")
    try:
        change_role(visit.workspace, _account(visit, account), Role(role), _by(visit))
    except (PeopleError, ValueError) as error:
        return _page(visit, _Said(problems={"role": str(error)}))
    return see("/people?done=role")


@router.get("/people/{account}/end")
def ask_end(visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)], account: str) -> Response:
    """Say what is lost before an account is ended."""
    return visit.page("people_end.html", person=_account(visit, account))


@router.post("/people/{account}/end")
def end(visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)], account: str) -> Response:
    """End an account."""
    visit.prove("/people")
    try:
        end_account(visit.workspace, _account(visit, account), _by(visit))
    except PeopleError as error:
        return _page(visit, _Said(problems={"role": str(error)}))
    return see("/people?done=ended")


@router.post("/people/{account}/sessions")
def sessions(visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)], account: str) -> Response:
    """End every session of somebody."""
    visit.prove("/people")
    end_sessions_of(visit.workspace, _account(visit, account), _by(visit))
    return see("/people?done=sessions")


@router.post("/people/invitations/withdraw")
def withdrawn(
    visit: Annotated[Visit, may(Right.MANAGE_PEOPLE)], invitation: Annotated[str, Form()] = ""
) -> Response:
    """Withdraw an invitation."""
    visit.prove("/people")
    try:
        withdraw(visit.workspace, Digest(invitation), visit.actor, visit.now)
    except PeopleError as error:
        return _page(visit, _Said(problems={"email": str(error)}))
    return see("/people?done=withdrawn")


def _guest(sent: InvitationSent) -> Guest:
    """Who is invited; raises PeopleError."""
    try:
        role = Role(sent.role)
    except ValueError:
        raise PeopleError("Choose a role.", at="role") from None
    if role is not Role.AUDITOR:
        return Guest(email=sent.email, name=sent.name, role=role)
    starts, ends = day_of(sent.starts), day_of(sent.ends)
    if starts is None or ends is None:
        raise PeopleError("Write the first and the last day as 2026-11-23.", at="starts")
    engagement = NewEngagement(
        title=sent.title,
        categories=tuple(sent.categories),
        starts_at=beginning_of(starts),
        ends_at=beginning_of(ends),
    )
    return Guest(email=sent.email, name=sent.name, role=role, engagement=engagement)


def _account(visit: Visit, account: str) -> Account:
    found = account_by_id(visit.workspace, AccountId(account))
    if found is None:
        raise HTTPException(404)
    return found


def _by(visit: Visit) -> By:
    return By(actor=visit.actor, now=visit.now)


def _page(visit: Visit, said: _Said) -> Response:
    return visit.page(
        "people.html",
        status=PROBLEM if said.problems else 200,
        page=people_page(visit.workspace, visit.now),
        roles=list(Role),
        categories=visit.workspace.catalogue.framework.categories,
        said=said,
    )
