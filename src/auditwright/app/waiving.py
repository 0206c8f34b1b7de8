"""Waivers, wherever they were written: in the program folder, or asked for and approved by people.

Asking, deciding and ending are acts: each is a record with its leaf in the log. Nobody decides what they asked for
themselves, and the first decision stands.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.errors import AppError
from auditwright.app.workspace import Workspace
from auditwright.core.act import Decision, WaiverRequest
from auditwright.core.ids import AccountId, ResourceId, TestId, WaiverId
from auditwright.core.ports import Transaction
from auditwright.core.question import Is
from auditwright.core.waiver import InvalidWaiverError, Waiver
from auditwright.render.words import day, many, moment

LONGEST = timedelta(days=365)
"""A risk that stays accepted is looked at again each year."""

MAX_ITEMS = 100
"""Ids or patterns of one request; more of them are a pattern."""

MAX_ITEM = 12_000
"""Characters of one: an id comes from outside, and may be long."""

MAX_REASON = 4_000


class WaivingError(AppError):
    """A waiver cannot be decided or ended; the message says why, and what stands."""


class AskingError(AppError):
    """A waiver cannot be asked for; `problems` says why, by the field of the form."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A waiver as somebody asks for it."""

    test: TestId
    items: tuple[str, ...]
    reason: str
    ends_at: datetime | None
    """From then on it no longer counts; None where nothing was given that can be read as a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What somebody decides of a request."""

    request: WaiverId
    decision: Decision
    note: str


def waivers(workspace: Workspace) -> tuple[Waiver, ...]:
    """Every waiver that was ever approved; each says itself when it counts."""
    approved = workspace.stores.records.kept(WaiverRequest, Is("decision", Decision.APPROVED))
    asked = (waiver_of(request) for request in approved)
    return (*workspace.program.waivers, *(waiver for waiver in asked if waiver is not None))


def waiver_of(request: WaiverRequest) -> Waiver | None:
    """The waiver that an approved request is; None where it was ended before it began to count."""
    assert request.decided_at is not None, "an approval has its time"
    ends_at = min(request.ends_at, request.ended_at or request.ends_at)
    try:
        return Waiver(
            id=request.id,
            test=request.test,
            items=request.items,
            reason=request.reason,
            requested_by=request.requested_name,
            approved_by=request.decided_name,
            approved_at=request.decided_at,
            ends_at=ends_at,
        )
    except InvalidWaiverError:
        return None


def pattern_of(item: ResourceId) -> str:
    """The pattern, on one line, that stands for one item, whatever characters its id has."""
    escaped = re.sub(r"[*?[]", r"[\g<0>]", item)
    # Space at an end and breaks of lines would be lost in a form: any one letter may stand there.
    return re.sub(r"^\s|\s$|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]", "?", escaped)


def problems(workspace: Workspace, wish: Wish, now: datetime) -> Mapping[str, str]:
    """What is wrong with a wish, by the field of the form; nothing where it can be asked for."""
    found = {
        "test": "" if wish.test in workspace.catalogue.tests else "Choose a test of the list.",
        "items": _problem_of_items(wish.items),
        "reason": _problem_of_reason(wish.reason),
        "ends": _problem_of_end(wish.ends_at, now),
    }
    return {name: text for name, text in found.items() if text}


def _problem_of_items(items: tuple[str, ...]) -> str:
    if not items:
        return "Write an item's id or a pattern on each line; `*` stands for every item of the test."
    if len(items) > MAX_ITEMS:
        return f"Write at most {MAX_ITEMS} lines; a pattern such as `arn:aws:s3:::public-*` stands for many items."
    if any(len(item) > MAX_ITEM for item in items):
        return f"Write at most {MAX_ITEM:,} characters on a line; a pattern is shorter."
    return ""


def _problem_of_reason(reason: str) -> str:
    if not reason.strip():
        return "Say why the risk is accepted: an auditor reads it."
    if len(reason) > MAX_REASON:
        return f"Write at most {MAX_REASON:,} characters; this has {len(reason):,}."
    return ""


def _problem_of_end(ends_at: datetime | None, now: datetime) -> str:
    if ends_at is None:
        return "Choose the day on which it ends."
    if ends_at <= now:
        return "Choose a day that is still ahead."
    return f"Choose a day at most {LONGEST.days} days ahead." if ends_at > now + LONGEST else ""


def ask(workspace: Workspace, actor: Actor, wish: Wish, now: datetime) -> WaiverRequest:
    """Ask for a waiver, which counts once another person approved it; raises AskingError, StoreError."""
    wrong = problems(workspace, wish, now)
    if wrong or wish.ends_at is None:
        raise AskingError(wrong)
    request = WaiverRequest(
        id=WaiverId(f"ask-{secrets.token_hex(5)}"),
        test=wish.test,
        items=wish.items,
        reason=wish.reason.replace("\r\n", "\n").strip(),
        requested_by=actor.person,
        requested_name=_named(actor),
        requested_at=now,
        ends_at=wish.ends_at,
        decision=Decision.OPEN,
        decided_by=AccountId(""),
        decided_name="",
        decided_at=None,
        note="",
        ended_at=None,
        ended_name="",
    )
    said = f"Asked to waive {many(len(wish.items), 'item or pattern', 'items or patterns')} of {wish.test} until {day(wish.ends_at)}."
    with acting(
        workspace, Deed(actor=actor, verb="waiver.ask", subject=request.id, detail=said), now
    ) as write:
        write.keep([request])
    return request


def decide(workspace: Workspace, actor: Actor, ruling: Ruling, now: datetime) -> WaiverRequest:
    """Approve a request or decline it, for good; raises WaivingError where one may not, or somebody was first."""
    assert ruling.decision is not Decision.OPEN, "to decide is to approve or to decline"
    deed = Deed(
        actor=actor,
        verb="waiver.approve" if ruling.decision is Decision.APPROVED else "waiver.decline",
        subject=ruling.request,
        detail=f"{ruling.decision.capitalize()} a waiver that was asked for. {ruling.note.strip()}".strip(),
    )
    with acting(workspace, deed, now) as write:
        request = _request(write, ruling.request)
        if refusal := why_not_decide(request, actor, ruling, now):
            raise WaivingError(refusal)
        decided = replace(
            request,
            decision=ruling.decision,
            decided_by=actor.person,
            decided_name=_other_name(actor, request),
            decided_at=now,
            note=ruling.note.replace("\r\n", "\n").strip(),
        )
        write.keep([decided])
    return decided


def why_not_decide(request: WaiverRequest, actor: Actor, ruling: Ruling, now: datetime) -> str:
    """Why somebody cannot decide a request so; empty where they can."""
    if request.decided_at is not None:
        return (
            f"{request.decided_name} {request.decision} it on {moment(request.decided_at)}, and the first "
            "decision stands. Yours was not recorded."
        )
    if request.requested_by == actor.person:
        return "You asked for it, so another person decides. Nothing was recorded."
    if ruling.decision is Decision.APPROVED and request.ends_at <= now:
        return f"It would have ended on {day(request.ends_at)}, which is past. Nothing was recorded."
    if ruling.decision is Decision.DECLINED and not ruling.note.strip():
        return "Say why it is declined: whoever asked reads it. Nothing was recorded."
    if len(ruling.note) > MAX_REASON:
        return f"Write at most {MAX_REASON:,} characters as a note. Nothing was recorded."
    return ""


def end(workspace: Workspace, actor: Actor, request_id: WaiverId, now: datetime) -> WaiverRequest:
    """End an approved waiver before its time, for good; raises WaivingError, StoreError."""
    deed = Deed(actor=actor, verb="waiver.end", subject=request_id, detail="Ended a waiver before its time.")
    with acting(workspace, deed, now) as write:
        request = _request(write, request_id)
        if request.decision is not Decision.APPROVED:
            raise WaivingError("It was never approved, so there is nothing to end. Nothing was recorded.")
        if request.ended_at is not None:
            raise WaivingError(f"{request.ended_name} ended it on {moment(request.ended_at)} already.")
        if request.ends_at <= now:
            raise WaivingError(f"It ended by itself on {day(request.ends_at)}. Nothing was recorded.")
        ended = replace(request, ended_at=now, ended_name=_named(actor))
        write.keep([ended])
    return ended


def _request(write: Transaction, wanted: WaiverId) -> WaiverRequest:
    found = write.kept(WaiverRequest, Is("id", wanted))
    if not found:
        raise WaivingError("There is no such request. Nothing was recorded.")
    return found[0]


def _named(actor: Actor) -> str:
    """A name that is never empty: a waiver says who asked for it and who approved it."""
    return actor.name.strip() or actor.id


def _other_name(actor: Actor, request: WaiverRequest) -> str:
    """The approver's name; with the account where two people have one name, so that it is seen that they are two."""
    name = _named(actor)
    return f"{name} ({actor.person})" if name.casefold() == request.requested_name.casefold() else name
