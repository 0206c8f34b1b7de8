"""Rows that say the same of several places, as one row: what a reader must decide once is shown once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditwright.core.evidence import Scope
from auditwright.render.readiness import FindingView, GapView


@dataclass(frozen=True, slots=True, kw_only=True)
class GapGroup:
    """Gaps of one operation with one cause, in several scopes or for several items."""

    views: tuple[GapView, ...]

    @property
    def first(self) -> GapView:
        """The gap that stands for all."""
        return self.views[0]

    @property
    def operations(self) -> tuple[str, ...]:
        """The questions, each once; kinds of item where there is no source to ask."""
        return tuple(dict.fromkeys(view.gap.operation for view in self.views))

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts concerned, each once."""
        return tuple(dict.fromkeys(view.gap.scope.account for view in self.views))

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions concerned, each once; empty where the source has none."""
        return tuple(dict.fromkeys(view.gap.scope.region for view in self.views if view.gap.scope.region))

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The scopes concerned, each once."""
        return tuple(dict.fromkeys(view.gap.scope for view in self.views))

    @property
    def subjects(self) -> tuple[str, ...]:
        """The items asked about, where it was single items."""
        return tuple(dict.fromkeys(view.gap.subject for view in self.views if view.gap.subject))


def group_gaps(gaps: Iterable[GapView]) -> tuple[GapGroup, ...]:
    """Gaps that differ in their place alone, together; in the order of their first."""
    groups: dict[tuple[object, ...], list[GapView]] = {}
    for view in gaps:
        gap = view.gap
        detail = _without_place(gap.detail, gap.scope, gap.subject)
        # Kinds without any source are one thing to decide: what to connect.
        asked = (gap.stream, gap.operation, view.tests) if gap.scope.account else ()
        key = (asked, gap.reason, detail, gap.hides_items)
        groups.setdefault(key, []).append(view)
    return tuple(GapGroup(views=tuple(views)) for views in groups.values())


def _without_place(detail: str, scope: Scope, subject: str) -> str:
    """What a source said, apart from the place that it said it of."""
    for part in (subject, scope.region, scope.account):
        if part:
            detail = detail.replace(part, "…")
    return detail


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingGroup:
    """Findings of one test that stand alike."""

    views: tuple[FindingView, ...]

    @property
    def first(self) -> FindingView:
        """The finding that stands for all: the most urgent."""
        return self.views[0]

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts concerned, each once."""
        return tuple(dict.fromkeys(view.finding.account for view in self.views if view.finding.account))

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions concerned, each once; empty where the source has none."""
        return tuple(dict.fromkeys(view.finding.region for view in self.views if view.finding.region))

    @property
    def waived_until(self) -> datetime | None:
        """When the first of their waivers ends; None where there is none."""
        return min((view.waiver.ends_at for view in self.views if view.waiver is not None), default=None)


def group_findings(findings: Sequence[FindingView]) -> tuple[FindingGroup, ...]:
    """Findings by test and status, in the order of the first of each."""
    groups: dict[tuple[object, ...], list[FindingView]] = {}
    for view in findings:
        groups.setdefault((view.finding.test, view.status), []).append(view)
    return tuple(FindingGroup(views=tuple(views)) for views in groups.values())
