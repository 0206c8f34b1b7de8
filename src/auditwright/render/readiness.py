"""The readiness report as a value: everything that a renderer shows is in it, and renderers never query.

Statuses are computed in `auditwright.engine.readiness`; `auditwright.render.assemble` fills this value
from what the stores hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from auditwright.controls.library import Changed, Provenance
from auditwright.core.control_test import Remediation, Severity
from auditwright.core.evidence import Gap, Scope
from auditwright.core.framework import (
    Category,
    Control,
    Criterion,
    CriterionGroup,
    NotApplicableReason,
)
from auditwright.core.ids import ControlId, CriterionId, Digest, IntegrationId, TestId
from auditwright.core.outcome import Conclusion, Observation
from auditwright.core.period import Period
from auditwright.core.run import Checkpoint, EvidenceRecord, Finding, Run
from auditwright.core.waiver import Waiver
from auditwright.engine.readiness import Status, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class LogExcerpt:
    """The transparency log as of the report: its size, its root, and the signed note that states them."""

    size: int
    root: str
    """64 hexadecimal digits; empty where the log has no checkpoint."""
    note: str
    """The exact signed note (C2SP tlog-checkpoint); empty where there is none."""
    signed_at: datetime | None
    timestamped: bool
    """True where an RFC 3161 authority confirmed the time."""

    @classmethod
    def of(cls, checkpoint: Checkpoint | None, *, size: int) -> "LogExcerpt":
        """What the newest checkpoint says; `size` counts where there is no checkpoint yet."""
        if checkpoint is None:
            return cls(size=size, root="", note="", signed_at=None, timestamped=False)
        return cls(
            size=checkpoint.size,
            root=checkpoint.root.hex(),
            note=checkpoint.note.decode("utf-8", "backslashreplace"),
            signed_at=checkpoint.signed_at,
            timestamped=bool(checkpoint.timestamp),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceView:
    """One setting that chooses what of a source is asked."""

    name: str
    title: str
    """Such as `Regions`."""
    values: tuple[str, ...]
    """Never a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """A system that is asked, and what of it: the organization's choice, outside of which nothing was seen."""

    id: IntegrationId
    title: str
    choices: tuple[ChoiceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GapView:
    """Something that could not be seen, its place in the log, and what it leaves undetermined."""

    gap: Gap
    log_index: int | None
    """None where the gap was found while testing, and nothing was asked."""
    tests: tuple[TestId, ...]
    """The tests whose population it hides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathView:
    """How somebody without a second factor gets to a target: a path that was replayed, request by request."""

    target: str
    """In words, such as `administrator of cluster prod`."""
    start: tuple[str, ...]
    """The credentials that it begins with, such as `key:ada`; at least one."""
    steps: tuple[str, ...]
    assumptions: tuple[str, ...]
    """What it takes for granted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One item examined by one test."""

    observation: Observation
    status: Status
    first_seen_at: datetime | None
    """When its deviation was first seen; None where it does not deviate or the day is not known."""
    waiver: Waiver | None
    """In force for this item as of the report."""
    path: PathView | None = None
    """Where it deviates because a proof found a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTestView:
    """One control test, its population, and what was observed. Every item was examined: a census, no sample."""

    id: TestId
    title: str
    rationale: str
    severity: Severity
    controls: tuple[ControlId, ...]
    remediation: Remediation
    settings: tuple[tuple[str, str], ...]
    """Each setting in force, with its value as text."""
    status: Status
    conclusion: Conclusion | None
    """None where the test did not run."""
    concluded_at: datetime | None
    population: str
    """The kind of item, such as `user_account`."""
    scopes: tuple[Scope, ...]
    """The scopes whose listing was recorded."""
    items: tuple[ItemView, ...]
    tally: Tally
    """Of the items."""
    gaps: tuple[GapView, ...]
    """Those that hide items of the population."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlView:
    """One control, and the tests that examine it; none where people's evidence is not collected yet.

    One that the organization marked as not applicable is listed with that status, and counts toward no criterion.
    """

    control: Control
    """As it holds for the organization."""
    provenance: Provenance
    """Whether it is as shipped, changed, or the organization's own; a change keeps the original."""
    status: Status
    tests: tuple[TestId, ...]
    waived_until: datetime | None
    """When the first of its waivers in force ends."""

    @property
    def not_applicable(self) -> NotApplicableReason | None:
        """Why it does not concern the organization, and who approved that; None where it does."""
        return self.provenance.override.not_applicable if isinstance(self.provenance, Changed) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionView:
    """One criterion, and the controls that meet it."""

    criterion: Criterion
    status: Status
    controls: tuple[ControlId, ...]
    not_applicable: tuple[ControlId, ...]
    """The controls that would meet it, had the organization not marked them as not applicable."""
    waived_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """Criteria that the framework numbers together."""

    group: CriterionGroup
    criteria: tuple[CriterionView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryView:
    """A category in scope."""

    category: Category
    groups: tuple[GroupView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One problem, and where it matters."""

    finding: Finding
    title: str
    """The title of the test."""
    severity: Severity
    status: Status
    """Deviation; waived where a person accepted it; undetermined where this run could not see the item again."""
    controls: tuple[ControlId, ...]
    criteria: tuple[CriterionId, ...]
    waiver: Waiver | None
    evidence: tuple[Digest, ...]
    path: PathView | None = None
    """The path of a proof that this run found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessReport:
    """Where an organization stands against a framework, as of one time, with the evidence of every statement."""

    organization: str
    framework_title: str
    framework_version: str
    period: Period | None
    """None: the report states one moment only."""
    as_of: datetime
    run: Run
    generator: str
    """The program and its version, such as `auditwright/0.1.0`."""
    demo_notice: str
    """Empty, or a sentence such as `The cloud in this report is emulated.`"""
    sources: tuple[SourceView, ...]
    """What was asked, by the program's definitions."""
    log: LogExcerpt
    not_observable: tuple[GapView, ...]
    categories: tuple[CategoryView, ...]
    controls: tuple[ControlView, ...]
    """Each once, although it may meet several criteria; those that do not apply included."""
    tests: tuple[ControlTestView, ...]
    """Each once, although it may test several controls."""
    findings: tuple[FindingView, ...]
    """Open ones, the most severe first."""
    evidence: tuple[EvidenceRecord, ...]
    """In the order of the log."""
    erased: Mapping[int, str] = field(default_factory=dict)
    """By the log index of evidence whose bytes were erased, when, by whom and why."""
    criteria_tally: Tally
    controls_tally: Tally
    tests_tally: Tally

    def __post_init__(self) -> None:
        """Refuse a report that names a control or a test that it does not hold."""
        controls = {view.control.id for view in self.controls}
        tests = {view.id for view in self.tests}
        for criterion in self.criteria:
            assert controls.issuperset((*criterion.controls, *criterion.not_applicable)), (
                f"{criterion.criterion.id} names an absent control"
            )
        for control in self.controls:
            assert tests.issuperset(control.tests), f"{control.control.id} names an absent test"

    @property
    def criteria(self) -> tuple[CriterionView, ...]:
        """Every criterion in scope, in the framework's order."""
        return tuple(
            criterion
            for category in self.categories
            for group in category.groups
            for criterion in group.criteria
        )
