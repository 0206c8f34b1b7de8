"""Fill a readiness report from what the stores hold. Pure: nothing here is read or written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from auditwright.controls.library import LibraryControl
from auditwright.core.control_test import ControlTest, Setting, Severity
from auditwright.core.evidence import Gap, Scope
from auditwright.core.framework import Criterion, Framework
from auditwright.core.ids import ControlId, CriterionId, Digest, ResourceId, TestId
from auditwright.core.outcome import Deviation, Result
from auditwright.core.period import Period
from auditwright.core.resources import ProvedAccess
from auditwright.core.run import EvidenceRecord, Finding, GapRecord, Run
from auditwright.core.waiver import Waiver
from auditwright.engine.readiness import (
    Declared,
    Readiness,
    Status,
    Tally,
    item_status,
    readiness,
    waiver_in_force,
)
from auditwright.render.paths import paths
from auditwright.render.readiness import (
    CategoryView,
    ControlTestView,
    ControlView,
    CriterionView,
    FindingView,
    GapView,
    GroupView,
    ItemView,
    LogExcerpt,
    PathView,
    ReadinessReport,
    SourceView,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a report is made from: the program's definitions, and what one run left in the stores."""

    organization: str
    framework: Framework
    criteria: Sequence[Criterion]
    """Those in scope."""
    controls: Sequence[LibraryControl]
    """Those of criteria in scope, and among them those that the organization says do not apply."""
    tests: Sequence[ControlTest]
    settings: Mapping[TestId, Mapping[str, Setting]] = field(default_factory=dict)
    """What the organization set; a test's defaults stand where it set nothing."""
    scopes: Mapping[TestId, tuple[Scope, ...]] = field(default_factory=dict)
    """By test, the scopes whose listing was recorded."""
    waivers: Sequence[Waiver]
    run: Run
    results: Sequence[Result]
    findings: Sequence[Finding]
    evidence: Sequence[EvidenceRecord]
    erased: Mapping[int, str] = field(default_factory=dict)
    """By the log index of evidence whose bytes were erased, when, by whom and why."""
    gaps: Sequence[GapRecord]
    leaning: Mapping[Gap, tuple[TestId, ...]] = field(default_factory=dict)
    """By gap, the tests that look things up among the items that it hides."""
    sources: Sequence[SourceView] = ()
    proofs: Sequence[ProvedAccess] = ()
    """What the run proved of access, for the paths of what deviates."""
    log: LogExcerpt
    period: Period | None = None
    generator: str
    demo_notice: str = ""


def assemble(held: Held, *, as_of: datetime) -> ReadinessReport:
    """The readiness report of one run; waivers count as of the given time."""
    applicable = [entry.control for entry in held.controls if entry.not_applicable is None]
    declared = Declared(criteria=held.criteria, controls=applicable, tests=held.tests)
    standing = readiness(declared, held.results, held.waivers, at=as_of)
    gaps = _gaps(held)
    tests = _tests(held, standing, gaps, as_of)
    controls = _controls(held, standing, tests)
    return ReadinessReport(
        organization=held.organization,
        framework_title=held.framework.title,
        framework_version=held.framework.version,
        period=held.period,
        as_of=as_of,
        run=held.run,
        generator=held.generator,
        demo_notice=held.demo_notice,
        sources=tuple(held.sources),
        log=held.log,
        not_observable=tuple(gaps.values()),
        categories=_categories(held, standing, controls),
        controls=controls,
        tests=tests,
        findings=_findings(held, tests, as_of),
        evidence=tuple(sorted(held.evidence, key=lambda record: record.seq)),
        erased=held.erased,
        criteria_tally=Tally.of(standing.criteria.values()),
        controls_tally=Tally.of(view.status for view in controls),
        tests_tally=Tally.of(standing.tests.values()),
    )


def _gaps(held: Held) -> dict[Gap, GapView]:
    hidden: dict[Gap, list[TestId]] = {}
    for result in held.results:
        for gap in result.gaps:
            if gap.hides_items:
                hidden.setdefault(gap, []).append(result.test)
    for gap, tests in held.leaning.items():
        hidden.setdefault(gap, []).extend(test for test in tests if test not in hidden[gap])
    placed: dict[Gap, int | None] = {}
    for record in sorted(held.gaps, key=lambda record: record.seq):
        placed.setdefault(record.gap, record.seq)
    for gap in hidden:
        placed.setdefault(gap, None)
    order = sorted(
        placed, key=lambda gap: (not gap.hides_items, gap.scope, gap.stream, gap.operation, gap.subject)
    )
    return {
        gap: GapView(gap=gap, log_index=placed[gap], tests=tuple(sorted(hidden.get(gap, ()))))
        for gap in order
    }


def _tests(
    held: Held, standing: Readiness, gaps: Mapping[Gap, GapView], as_of: datetime
) -> tuple[ControlTestView, ...]:
    results = {result.test: result for result in held.results}
    first_seen = {(finding.test, finding.item): finding.first_seen_at for finding in held.findings}
    found = paths(held.proofs)
    views: list[ControlTestView] = []
    for test in sorted(held.tests, key=lambda test: test.id):
        result = results.get(test.id)
        shown = () if result is None else _items(result, held.waivers, first_seen, as_of)
        items = tuple(_with_path(each, found) for each in shown)
        in_force = {**test.settings, **held.settings.get(test.id, {})}
        views.append(
            ControlTestView(
                id=test.id,
                title=with_settings(test.title, in_force),
                rationale=with_settings(test.rationale, in_force),
                severity=test.severity,
                controls=test.controls,
                remediation=test.remediation,
                settings=tuple((name, setting_text(value)) for name, value in sorted(in_force.items())),
                status=standing.tests[test.id],
                conclusion=None if result is None else result.conclusion,
                concluded_at=None if result is None else result.concluded_at,
                population=" | ".join(kind.kind for kind in test.populations),
                scopes=tuple(sorted(held.scopes.get(test.id, ()))),
                items=items,
                tally=Tally.of(item.status for item in items),
                gaps=() if result is None else tuple(gaps[gap] for gap in result.gaps if gap.hides_items),
            )
        )
    return tuple(views)


def _items(
    result: Result,
    waivers: Iterable[Waiver],
    first_seen: Mapping[tuple[TestId, ResourceId], datetime],
    as_of: datetime,
) -> tuple[ItemView, ...]:
    relevant = tuple(waiver for waiver in waivers if waiver.test == result.test)
    views: list[ItemView] = []
    for observation in result.observations:
        deviates = isinstance(observation.outcome, Deviation)
        waiver = waiver_in_force(relevant, result.test, observation.item, at=as_of) if deviates else None
        views.append(
            ItemView(
                observation=observation,
                status=item_status(observation.outcome, waiver),
                first_seen_at=first_seen.get((result.test, observation.item)) if deviates else None,
                waiver=waiver,
            )
        )
    return tuple(views)


def _with_path(item: ItemView, found: Mapping[ResourceId, PathView]) -> ItemView:
    if not isinstance(item.observation.outcome, Deviation):
        return item
    path = found.get(item.observation.item)
    return item if path is None else replace(item, path=path)


def with_settings(sentence: str, in_force: Mapping[str, Setting]) -> str:
    """A sentence of a test with the values of the settings that it names: at least `min_days` days, at least 7 days."""
    for name, value in in_force.items():
        sentence = sentence.replace(f"`{name}`", setting_text(value))
    return sentence


def setting_text(value: Setting) -> str:
    """A setting's value as a sentence has it."""
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return ", ".join(value)
        case _:
            return str(value)


def _controls(held: Held, standing: Readiness, tests: Sequence[ControlTestView]) -> tuple[ControlView, ...]:
    testing: dict[ControlId, list[ControlTestView]] = {}
    for test in tests:
        for control_id in test.controls:
            testing.setdefault(control_id, []).append(test)
    views: list[ControlView] = []
    for entry in held.controls:
        applies = entry.not_applicable is None
        its_tests = testing.get(entry.control.id, ()) if applies else ()
        views.append(
            ControlView(
                control=entry.control,
                provenance=entry.provenance,
                status=standing.controls[entry.control.id] if applies else Status.NOT_APPLICABLE,
                tests=tuple(test.id for test in its_tests),
                waived_until=_first_end(its_tests),
            )
        )
    return tuple(views)


def _first_end(tests: Iterable[ControlTestView]) -> datetime | None:
    ends = (item.waiver.ends_at for test in tests for item in test.items if item.waiver is not None)
    return min(ends, default=None)


def _categories(held: Held, standing: Readiness, controls: Sequence[ControlView]) -> tuple[CategoryView, ...]:
    meeting: dict[CriterionId, list[ControlView]] = {}
    for view in controls:
        for criterion_id in view.control.criteria:
            meeting.setdefault(criterion_id, []).append(view)
    titles = {group.id: group for group in held.framework.groups}
    views: list[CategoryView] = []
    for category in held.framework.categories:
        in_scope = [criterion for criterion in held.criteria if criterion.category == category.id]
        groups = tuple(
            GroupView(
                group=titles[group_id],
                criteria=tuple(_criterion(each, standing, meeting.get(each.id, ())) for each in members),
            )
            for group_id, members in groupby(in_scope, key=lambda criterion: criterion.group)
        )
        if groups:
            views.append(CategoryView(category=category, groups=groups))
    return tuple(views)


def _criterion(criterion: Criterion, standing: Readiness, controls: Sequence[ControlView]) -> CriterionView:
    ends = (view.waived_until for view in controls if view.waived_until is not None)
    return CriterionView(
        criterion=criterion,
        # What the organization says does not apply meets nothing: it makes no criterion better, nor not applicable.
        status=standing.criteria[criterion.id],
        controls=tuple(view.control.id for view in controls if view.not_applicable is None),
        not_applicable=tuple(view.control.id for view in controls if view.not_applicable is not None),
        waived_until=min(ends, default=None),
    )


_BY_SEVERITY = {severity: rank for rank, severity in enumerate(reversed(Severity))}


def _findings(held: Held, tests: Sequence[ControlTestView], as_of: datetime) -> tuple[FindingView, ...]:
    by_id = {test.id: test for test in tests}
    found = {(finding.test, finding.item) for finding in held.findings}
    items = {
        key: item
        for test in tests
        for item in test.items
        if (key := (test.id, item.observation.item)) in found
    }
    criteria = {
        entry.control.id: entry.control.criteria for entry in held.controls if entry.not_applicable is None
    }
    in_scope = {criterion.id for criterion in held.criteria}
    views: list[FindingView] = []
    for finding in held.findings:
        test = by_id.get(finding.test)
        if test is None or finding.closed_at is not None:
            continue
        item = items.get((finding.test, finding.item))
        waiver = waiver_in_force(held.waivers, finding.test, finding.item, at=as_of)
        met = {
            each for control_id in test.controls for each in criteria.get(control_id, ()) if each in in_scope
        }
        views.append(
            FindingView(
                finding=finding,
                title=test.title,
                severity=test.severity,
                status=_finding_status(item, waiver),
                controls=test.controls,
                criteria=tuple(each.id for each in held.criteria if each.id in met),
                waiver=waiver,
                evidence=_evidence_of(item),
                path=None if item is None else item.path,
            )
        )
    return tuple(sorted(views, key=_urgency))


def _finding_status(item: ItemView | None, waiver: Waiver | None) -> Status:
    # An open finding that this run did not see again is neither still there nor gone.
    if item is None or not isinstance(item.observation.outcome, Deviation):
        return Status.UNDETERMINED
    return Status.WAIVED if waiver is not None else Status.DEVIATION


def _evidence_of(item: ItemView | None) -> tuple[Digest, ...]:
    return () if item is None else item.observation.evidence


def _urgency(view: FindingView) -> tuple[bool, int, datetime, str, str]:
    finding = view.finding
    waived = view.status is Status.WAIVED
    return (waived, _BY_SEVERITY[view.severity], finding.first_seen_at, finding.test, finding.item)
