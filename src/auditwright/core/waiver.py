"""Waivers: an approved, expiring acceptance of risk. They change how a deviation is shown, never the outcome."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from auditwright.core.ids import ResourceId, TestId, WaiverId


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """An acceptance of a test's deviations on some items, by somebody, for a reason, until a time."""

    id: WaiverId
    test: TestId
    items: tuple[str, ...]
    """Ids of resources, or shell patterns of them (`arn:aws:s3:::public-*`); never empty."""
    reason: str
    requested_by: str
    approved_by: str
    approved_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        """Refuse a waiver that nobody approved, that gives no reason or that never ends."""
        if not self.items:
            raise InvalidWaiverError(f"waiver {self.id} names no item; `*` accepts every item of the test")
        if not self.reason.strip():
            raise InvalidWaiverError(f"waiver {self.id} gives no reason")
        if not self.approved_by.strip():
            raise InvalidWaiverError(f"waiver {self.id} has no approver")
        if not self.requested_by.strip():
            raise InvalidWaiverError(f"waiver {self.id} does not say who asked for it")
        if self.approved_by.strip().casefold() == self.requested_by.strip().casefold():
            raise InvalidWaiverError(f"waiver {self.id} was approved by the person who asked for it")
        if self.ends_at <= self.approved_at:
            raise InvalidWaiverError(f"waiver {self.id} ends before it was approved")

    def covers(self, test: TestId, item: ResourceId, at: datetime) -> bool:
        """True where the waiver counts for this item of this test at this time; at its end it no longer does."""
        if test != self.test or not self.approved_at <= at < self.ends_at:
            return False
        return names(self.items, item)


def names(patterns: Iterable[str], item: ResourceId) -> bool:
    """Whether one of the ids or patterns stands for an item."""
    return any(item == pattern or fnmatchcase(item, pattern) for pattern in patterns)


class InvalidWaiverError(ValueError):
    """A waiver lacks what makes it one."""
