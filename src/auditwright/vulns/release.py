"""The vulnerability report of a release, as one value: what is in it, what has changed, what can be done and what not.

It is made of a triaged merge and of the report of the release before, and holds everything that its printed forms say
(`render`). A report that was published is never changed: the same release evaluated again is the next issue of its report, which names
the one before and says what has changed since.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from auditwright.vulns.budget import Budget
from auditwright.vulns.feeds import FeedFile
from auditwright.vulns.issue import Family, Line
from auditwright.vulns.report import Severity, Target
from auditwright.vulns.triage import Fixability, LineFacts, Triaged
from auditwright.vulns.upgrades import Upgrade
from auditwright.vulns.vex import Status


class Change(StrEnum):
    """What became of an issue since the release before."""

    NEW = "new"
    STILL = "still"
    FIRST = "first"
    """There is no release before to compare with."""


class Group(StrEnum):
    """Where an issue stands in a report; each is in one."""

    FIXABLE = "fixable"
    NOT_FIXED = "not-fixed"
    WONT_FIX = "wont-fix"
    FIX_UNKNOWN = "fix-unknown"
    ACCEPTED = "accepted"
    NOT_AFFECTED = "not-affected"
    FIXED = "fixed"
    """Somebody's statement says that it is fixed, and a scanner still shows it."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An issue as an earlier report names it: what is needed to know it again, and to say that it is gone."""

    line: Line
    ids: tuple[str, ...]
    family: Family
    severity: Severity
    group: Group


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier report, as far as a later one needs it. Read from its JSON form."""

    release: str
    issue: int
    """Which issue of the release's report, from 1."""
    made_at: datetime
    issues: tuple[Known, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One scanner's report that the release report rests on."""

    name: str
    """The file's name, without its folder."""
    sha256: str
    tool: str
    tool_version: str
    database: str
    made_at: datetime | None
    rows: int
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """An issue in a report."""

    triaged: Triaged
    group: Group
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How far two tools agree on what they both looked at, in issues."""

    left: str
    right: str
    both: int
    left_only: int
    right_only: int
    unexplained: int
    reasons: tuple["OneSided", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSided:
    """Why one tool shows what the other does not."""

    reason: str
    """A reason's code (`vulns.disparity`)."""
    tool: str
    """The tool that shows it."""
    issues: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseReport:
    """Everything that a release report says."""

    organization: str
    notice: str
    release: str
    previous: str
    """Empty for the first."""
    issue: int
    """1 for the first report of this release; more for one that was evaluated again."""
    made_at: datetime
    lines: tuple[Line, ...]
    targets: tuple[Target, ...]
    sources: tuple[Source, ...]
    tools: tuple[str, ...]
    """The tool of each merged report: what a sighting's number stands for."""
    feeds: tuple[FeedFile, ...]
    feed_notes: tuple[str, ...]
    """Which feeds are missing or stale, and what is unknown for that."""
    table: str
    """The title of the decision table."""
    issues: tuple[Reported, ...]
    """The soonest first."""
    gone: tuple[Known, ...]
    """In the release before and not in this one."""
    upgrades: tuple[Upgrade, ...]
    overlaps: tuple[Overlap, ...]
    budget: Budget
    assets: tuple[LineFacts, ...] = ()
    """Exposure and criticality of each asset line, by name."""

    def counted(self, *groups: Group) -> int:
        """How many issues stand in these groups."""
        return sum(1 for each in self.issues if each.group in groups)

    def changed(self, change: Change) -> int:
        """How many issues are new, or still here."""
        return sum(1 for each in self.issues if each.change is change)

    @property
    def rows(self) -> int:
        """How many rows the tools printed."""
        return sum(source.rows for source in self.sources)

    @property
    def fixable_rows(self) -> int:
        """How many rows the upgrades clear."""
        return sum(upgrade.rows for upgrade in self.upgrades)

    def severities(self) -> Mapping[Severity, int]:
        """Open issues by severity, the worst first."""
        counts = Counter(each.triaged.severity for each in self.issues if each.triaged.open())
        return {severity: counts[severity] for severity in Severity}


def group_of(triaged: Triaged) -> Group:
    """The one group that an issue stands in: what was decided goes before what could be done."""
    match triaged.standing.status:
        case Status.NOT_AFFECTED:
            return Group.NOT_AFFECTED
        case Status.ACCEPTED:
            return Group.ACCEPTED
        case Status.FIXED:
            return Group.FIXED
        case Status.AFFECTED | Status.UNDER_INVESTIGATION:
            return _GROUPS[triaged.fixability]


_GROUPS = {
    Fixability.FIXED: Group.FIXABLE,
    Fixability.PARTIAL: Group.FIXABLE,
    Fixability.NOT_FIXED: Group.NOT_FIXED,
    Fixability.WONT_FIX: Group.WONT_FIX,
    Fixability.UNKNOWN: Group.FIX_UNKNOWN,
}


def compared(
    triaged: Iterable[Triaged], before: Published | None
) -> tuple[tuple[Reported, ...], tuple[Known, ...]]:
    """Each issue with what became of it, and what is gone. An issue is the same where line and family are, and any id."""
    known = (
        {}
        if before is None
        else {(each.line, each.family, id_): each for each in before.issues for id_ in each.ids}
    )
    met: set[int] = set()
    reported: list[Reported] = []
    for each in triaged:
        issue = each.issue
        earlier = [
            found for id_ in issue.ids if (found := known.get((issue.line, issue.family, id_))) is not None
        ]
        met.update(id(found) for found in earlier)
        change = Change.FIRST if before is None else Change.STILL if earlier else Change.NEW
        reported.append(Reported(triaged=each, group=group_of(each), change=change))
    gone = () if before is None else tuple(each for each in before.issues if id(each) not in met)
    return tuple(reported), gone


def published(report: ReleaseReport) -> Published:
    """What a later report needs of this one."""
    return Published(
        release=report.release,
        issue=report.issue,
        made_at=report.made_at,
        issues=tuple(
            Known(
                line=each.triaged.issue.line,
                ids=each.triaged.issue.ids,
                family=each.triaged.issue.family,
                severity=each.triaged.severity,
                group=each.group,
            )
            for each in report.issues
        ),
    )


class Gate(StrEnum):
    """What a release may be stopped for."""

    PAST_DUE = "past-due"
    KNOWN_EXPLOITED = "known-exploited"
    NEW_FIXABLE = "new-fixable"
    CRITICAL_FIXABLE = "critical-fixable"
    HIGH_FIXABLE = "high-fixable"
    UNEXPLAINED = "unexplained"
    STALE_FEEDS = "stale-feeds"
    UNREAD = "unread"


GATES: Mapping[Gate, str] = {
    Gate.PAST_DUE: "an open issue is past its deadline",
    Gate.KNOWN_EXPLOITED: "an open issue is known to be exploited",
    Gate.NEW_FIXABLE: "an open issue is new and an upgrade clears it",
    Gate.CRITICAL_FIXABLE: "an open critical issue has an upgrade that clears it",
    Gate.HIGH_FIXABLE: "an open critical or high issue has an upgrade that clears it",
    Gate.UNEXPLAINED: "two tools disagree and nobody can say why",
    Gate.STALE_FEEDS: "a feed is missing or stale, so what is exploited is not known",
    Gate.UNREAD: "a part of a report was not understood",
}


def stopped_by(report: ReleaseReport, gates: Sequence[Gate]) -> Mapping[Gate, tuple[str, ...]]:
    """The gates that stop the release, each with what does."""
    stops = {gate: tuple(_stops(report, gate)) for gate in gates}
    return {gate: reasons for gate, reasons in stops.items() if reasons}


def _stops(report: ReleaseReport, gate: Gate) -> Iterator[str]:
    open_issues = [each for each in report.issues if each.triaged.open()]
    match gate:
        case Gate.PAST_DUE:
            yield from (_named(each) for each in open_issues if _past(each.triaged, report.made_at))
        case Gate.KNOWN_EXPLOITED:
            yield from (_named(each) for each in open_issues if each.triaged.exploited_since)
        case Gate.NEW_FIXABLE:
            yield from (
                _named(each)
                for each in open_issues
                if each.change is Change.NEW and each.group is Group.FIXABLE
            )
        case Gate.CRITICAL_FIXABLE:
            yield from (_named(each) for each in open_issues if _severe(each, Severity.CRITICAL))
        case Gate.HIGH_FIXABLE:
            yield from (
                _named(each) for each in open_issues if _severe(each, Severity.CRITICAL, Severity.HIGH)
            )
        case Gate.UNEXPLAINED:
            yield from (
                f"{each.left} and {each.right}: {each.unexplained} issues"
                for each in report.overlaps
                if each.unexplained
            )
        case Gate.STALE_FEEDS:
            yield from report.feed_notes
        case Gate.UNREAD:
            yield from (f"{each.name}: {each.skipped} parts" for each in report.sources if each.skipped)


def _past(triaged: Triaged, now: datetime) -> bool:
    return triaged.due_at is not None and triaged.due_at < now


def _severe(reported: Reported, *severities: Severity) -> bool:
    return reported.group is Group.FIXABLE and reported.triaged.severity in severities


def _named(reported: Reported) -> str:
    issue = reported.triaged.issue
    return f"{issue.id} in {issue.family.name} of {issue.line.name}"
