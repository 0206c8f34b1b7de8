"""Frameworks, their criteria, and the controls by which an organization meets them."""

from dataclasses import dataclass
from enum import StrEnum

from auditwright.core.ids import CategoryId, ControlId, CriterionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A part of a framework that an organization takes into scope as a whole, such as availability."""

    id: CategoryId
    title: str
    description: str
    required: bool = False
    """True where the category is always in scope, as security is in SOC 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionGroup:
    """Criteria that a framework numbers together, such as CC6, and what they are about."""

    id: str
    category: CategoryId
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """What a framework asks for, in words of our own; never the publisher's text."""

    id: CriterionId
    category: CategoryId
    group: str
    """The id of its group, such as `CC6`; `Framework.group` gives the title."""
    title: str
    meaning: str
    typical_evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """A published set of criteria, in the framework's own order."""

    id: str
    title: str
    version: str
    categories: tuple[Category, ...]
    groups: tuple[CriterionGroup, ...]
    criteria: tuple[Criterion, ...]

    def category(self, category_id: CategoryId) -> Category | None:
        """The category with this id, or None."""
        return next((category for category in self.categories if category.id == category_id), None)

    def group(self, group_id: str) -> CriterionGroup | None:
        """The group with this id, or None."""
        return next((group for group in self.groups if group.id == group_id), None)

    def criterion(self, criterion_id: CriterionId) -> Criterion | None:
        """The criterion with this id, or None."""
        return next((criterion for criterion in self.criteria if criterion.id == criterion_id), None)


class Cadence(StrEnum):
    """How often a control operates."""

    CONTINUOUS = "continuous"
    PER_EVENT = "per_event"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    ANNUAL = "annual"

    @property
    def words(self) -> str:
        """The cadence as a sentence says it, such as `every quarter`."""
        return _CADENCE_WORDS[self]


_CADENCE_WORDS = {
    Cadence.CONTINUOUS: "at all times",
    Cadence.PER_EVENT: "at each event",
    Cadence.WEEKLY: "every week",
    Cadence.MONTHLY: "every month",
    Cadence.QUARTERLY: "every quarter",
    Cadence.ANNUAL: "every year",
}


class ControlKind(StrEnum):
    """Who makes a control operate: a system, a person, or both."""

    AUTOMATED = "automated"
    """A system enforces it; a person only sets it up."""
    MANUAL = "manual"
    """A person performs it and leaves a record."""
    MIXED = "mixed"
    """A system enforces a part, and a person performs the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What an organization says it does, who owns it, and which criteria it meets."""

    id: ControlId
    version: int
    """Raised whenever the shipped wording changes its meaning."""
    title: str
    statement: str
    owner_role: str
    criteria: tuple[CriterionId, ...]
    tested_by: str
    """How one checks that it operates, in prose; the control tests name their controls, not the reverse."""
    cadence: Cadence
    kind: ControlKind

    @property
    def domain(self) -> str:
        """The prefix of the id, such as `IAM` of `IAM-02`."""
        return self.id.rpartition("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicableReason:
    """Why a control does not concern the organization, and who approved that it says so."""

    reason: str
    approver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlOverride:
    """What an organization changes in a shipped control; what is None stays as shipped."""

    id: ControlId
    source: str
    """Where the change is written, such as `controls/access.yaml:12`."""
    statement: str | None = None
    owner_role: str | None = None
    cadence: Cadence | None = None
    not_applicable: NotApplicableReason | None = None
