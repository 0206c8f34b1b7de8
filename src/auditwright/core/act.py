"""What people do with Auditwright: each act is a record, and a leaf of the log beside it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auditwright.core.ids import AccountId, ResourceId, TestId, WaiverId


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that somebody did, as the audit log lists it."""

    seq: int
    """The index of its leaf in the log."""
    at: datetime
    actor: str
    """The account's id, a token's id, or `terminal` for who runs commands on the machine."""
    actor_name: str
    verb: str
    """Such as `finding.assign` or `session.start`; the first part names what it is about."""
    subject: str
    """The id of what it was done to."""
    detail: str
    """In a sentence, what was done; never a secret."""
    salt: str
    """Random: without this row nobody can guess what the leaf, which holds only a digest of it, vouches for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who owes a finding, and by when."""

    test: TestId
    item: ResourceId
    owner: str
    """The name as people know it; empty where nobody does."""
    due_at: datetime | None
    made_by: str
    made_at: datetime
    until: datetime | None = None
    """When the next took its place; None while it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What somebody said about a finding; never changed."""

    id: str
    test: TestId
    item: ResourceId
    author: AccountId
    author_name: str
    at: datetime
    text: str


class Decision(StrEnum):
    """What became of a request."""

    OPEN = "open"
    APPROVED = "approved"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRequest:
    """A waiver that somebody asked for; it counts once another person approved it, and until its end."""

    id: WaiverId
    test: TestId
    items: tuple[str, ...]
    reason: str
    requested_by: AccountId
    requested_name: str
    requested_at: datetime
    ends_at: datetime
    decision: Decision
    decided_by: AccountId
    decided_name: str
    decided_at: datetime | None
    note: str
    """Why it was declined, or what the approver adds."""
    ended_at: datetime | None
    """When somebody ended it before its time."""
    ended_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that is told when something happens."""

    id: str
    url: str
    form: str
    """`signed` for JSON with a signature, `slack` for a text that Slack and its likes read."""
    secret: bytes
    """Sealed; empty where the form has none."""
    events: tuple[str, ...]
    made_by: str
    made_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to a webhook: sent at most as often as its attempts say."""

    id: str
    """Of the webhook, the event and its subject, so that nothing is announced twice."""
    webhook: str
    event: str
    subject: str
    body: str
    made_at: datetime
    attempts: int
    next_at: datetime | None
    """None where it was delivered, or given up."""
    delivered_at: datetime | None
    problem: str
    """What the last attempt met; empty where all went well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedFinding:
    """A finding with who owes it, as lists show it: as it is, or as it was at a time."""

    test: TestId
    item: ResourceId
    name: str
    account: str
    region: str
    what: str
    first_seen_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None
    reopened: int
    owner: str
    """Empty where nobody was named."""
    due_at: datetime | None
