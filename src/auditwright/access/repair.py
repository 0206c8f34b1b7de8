"""The least disruptive set of changes that closes every path to a target, proved by proving again with them made."""

from dataclasses import dataclass

from auditwright.access.facts import Fact
from auditwright.access.repair_changes import Change
from auditwright.access.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What could be shown instead of changed: a path is open only because it was not seen."""

    id: str
    says: str
    closes: bool
    """True where the proof succeeds with this evidence alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What closes the paths to a target."""

    target: Fact
    changes: tuple[Change, ...]
    """In the order in which they are to be made; none where nothing is open, or nothing helps."""
    evidence: tuple[Evidence, ...]
    before: Verdict
    after: Verdict
    """With the changes made."""
    cost: int
    complete: bool
    """True where with the changes the target is proved unreachable."""
    least: bool
    """True where no set of the changes that were considered costs less."""
    left: tuple[str, ...]
    """What stays open, a line each."""
