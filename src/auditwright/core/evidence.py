"""Evidence and gaps: what a source showed, and what it did not show."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auditwright.core.ids import Digest, IntegrationId, StreamId


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Scope:
    """The part of an outside system that one question was put to.

    `account` is an account number, a repository or a file's name; `region` is empty where the system has none.
    """

    source: IntegrationId
    account: str
    region: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.source, self.account, self.region) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The exact question, in the source's words, and how a person repeats it by hand."""

    operation: str
    """Such as `iam:GetAccountSummary`, `git:log` or `people:roster`."""
    parameters: tuple[tuple[str, str], ...] = ()
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Immutable bytes that a source gave, with their digest, time, question and collector."""

    stream: StreamId
    scope: Scope
    query: Query
    principal: str
    """Who asked, as the source names the caller; empty where a file was read."""
    collected_at: datetime
    effective_at: datetime
    """When the content was true: the collection itself, or the date of a saved answer."""
    collector: str
    """Name and version of the program that collected, such as `auditwright/0.1.0`."""
    body: bytes
    digest: Digest

    @property
    def size_bytes(self) -> int:
        """The length of the body in bytes."""
        return len(self.body)


def digest_of(body: bytes) -> Digest:
    """The SHA-256 of bytes, by which they are kept."""
    return Digest(hashlib.sha256(body).hexdigest())


ERASED_NAME = "erased"
"""What an item is called that is known by erased evidence alone."""

ERASED_WORDS = "the evidence of this was erased"
"""What stands instead of the words that were said about an item by evidence that was erased."""


class GapReason(StrEnum):
    """Why something could not be collected."""

    REFUSED = "refused"
    """The source refused: a permission is missing."""
    CREDENTIALS = "credentials"
    """The credentials are missing, wrong or expired."""
    THROTTLED = "throttled"
    """The source kept asking to slow down, past every retry."""
    UNREACHABLE = "unreachable"
    """No answer in time, or no connection."""
    UNAVAILABLE = "unavailable"
    """The source answered that it broke, or with something it does not document."""
    SWITCHED_OFF = "switched off"
    """The region or service is not enabled for the account."""
    MALFORMED = "malformed"
    """The answer could not be read."""
    LIMIT = "limit"
    """A bound of our own was reached; the rest was not read."""
    NOT_COLLECTED = "not collected"
    """Nobody asked: no source is connected, or no answer was imported."""
    EMPTY = "empty"
    """The source was empty where it cannot be."""
    ERASED = "erased"
    """The answer was collected, and had to be erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What could not be collected, and why.

    A gap that hides items makes every conclusion over that population inconclusive. One that hides
    only facts of known items leaves those facts `Unknown` in their resources.
    """

    stream: StreamId
    scope: Scope
    operation: str
    reason: GapReason
    detail: str
    """The source's own words, such as `AccessDenied: … is not authorized to perform: iam:ListUsers`."""
    remedy: str
    """What to do about it, such as `Grant iam:ListUsers to …`."""
    hides_items: bool
    at: datetime
    subject: str = ""
    """The item asked about, where it was one item."""

    def sentence(self) -> str:
        """The gap in one line."""
        about = f" of {self.subject}" if self.subject else ""
        return f"{self.operation}{about} in {self.scope}: {self.reason}, {self.detail}"
