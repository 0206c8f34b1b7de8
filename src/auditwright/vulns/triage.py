"""What has to be done about each issue, by when, and on what that rests.

Triage takes the facts of an issue from the feeds, the scanners and the asset line, asks the decision table, and puts the
clock and the decisions beside it. It invents nothing: a fact that nobody has is unknown, and the table then takes the worst.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from auditwright.vulns.cvss import attack_automatable, total_impact
from auditwright.vulns.decision_table import Decision
from auditwright.vulns.feeds import FeedId, Feeds
from auditwright.vulns.grounds import Ground
from auditwright.vulns.issue import Issue, IssueKey, Line, Merged
from auditwright.vulns.ledger import Entry, Shown
from auditwright.vulns.policy import Policy
from auditwright.vulns.report import Score, Severity, severity_of_score
from auditwright.vulns.vex import Decisions, Standing, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """What the organization or its inventory knows of an asset line."""

    name: str
    """As in `Line.name`."""
    owner: str = ""
    grounds: tuple[Ground, ...] = ()
    """Whether it is reachable from public networks by somebody who did not sign in, and how much depends on it."""

    def known(self, point: str) -> str:
        """The value of a point of a decision table; empty where nobody knows it."""
        return next((ground.known for ground in self.grounds if ground.point == point), "")


class Fixability(StrEnum):
    """Whether an upgrade clears an issue, and else why not."""

    FIXED = "fixed"
    """A version without it exists for every package of the issue that is installed."""
    PARTIAL = "partial"
    """For some of them."""
    NOT_FIXED = "not-fixed"
    """No version without it exists yet."""
    WONT_FIX = "wont-fix"
    """The vendor says that there will be none."""
    UNKNOWN = "unknown"
    """No tool says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triaged:
    """An issue with everything that decides about it."""

    issue: Issue
    tools: tuple[str, ...]
    severity: Severity
    score: float | None
    """The highest CVSS base score of the newest version that anybody gave; for people, no table asks it."""
    fixability: Fixability
    fix_versions: tuple[str, ...]
    exploited_since: str
    """The day on which it was added to KEV, ISO; empty where it is not in the catalog that is there."""
    epss: float | None
    decision: Decision
    standing: Standing
    entry: Entry | None
    """Its clock; None where no ledger is kept, as for a single look at two files."""
    owner: str
    grounds: tuple[Ground, ...] = ()
    """What is known of its asset line, and why."""

    def open(self) -> bool:
        """True where somebody still has to do something."""
        return self.standing.open and not (self.entry is not None and self.entry.clock.gone_at is not None)

    @property
    def due_at(self) -> datetime | None:
        """When it is due; None where it is with the next upgrade or no clock is kept."""
        return self.entry.clock.term.due_at if self.entry is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that triage goes by."""

    at: datetime
    """The time that decisions are looked at as of."""
    policy: Policy
    feeds: Feeds
    decisions: Decisions
    lines: Mapping[str, LineFacts] = field(default_factory=dict)
    """By name."""

    def line(self, line: Line) -> LineFacts:
        """What is known of an asset line."""
        return self.lines.get(line.name) or LineFacts(name=line.name)


def tools_of(merged: Merged, issue: Issue) -> frozenset[str]:
    """The tools that show an issue."""
    return frozenset(merged.reports[sighting.report].tool.name for sighting in issue.sightings)


def shown(merged: Merged, issues: Iterable[Issue], rules: Rules) -> tuple[Shown, ...]:
    """Each issue with who showed it, what the table asks and what was decided, for the ledger."""
    decide = _Deciding(rules)
    return tuple(_shown(merged, issue, decide) for issue in issues)


def _shown(merged: Merged, issue: Issue, deciding: "_Deciding") -> Shown:
    standing = deciding.rules.decisions.standing(issue, deciding.rules.at)
    dismissed = standing.status in {Status.NOT_AFFECTED, Status.FIXED}
    return Shown(
        issue=issue,
        tools=tools_of(merged, issue),
        decision=deciding.of(issue),
        severity=severity_of_issue(issue),
        accepted_until=standing.until if standing.status is Status.ACCEPTED else None,
        not_affected=(standing.justification or standing.reason or str(standing.status)) if dismissed else "",
        not_affected_until=standing.until if dismissed else None,
    )


def triage(merged: Merged, entries: Mapping[IssueKey, Entry], rules: Rules) -> tuple[Triaged, ...]:
    """Every issue of a merge, the soonest first."""
    decide = _Deciding(rules)
    return tuple(
        sorted(
            (_triaged(merged, issue, entries.get(issue.key), decide) for issue in merged.issues), key=urgency
        )
    )


def urgency(triaged: Triaged) -> tuple[bool, bool, float, bool, int, float, str]:
    """Sorts what is to be done first before the rest: open, soonest due, known exploited, worst, likeliest, by name."""
    due = triaged.due_at
    days = triaged.decision.deadline.days
    return (
        not triaged.open(),
        due is None and days is None,
        due.timestamp() if due is not None else float(days or 0),
        not triaged.exploited_since,
        triaged.severity.rank,
        -(triaged.epss or 0.0),
        triaged.issue.id,
    )


def _triaged(merged: Merged, issue: Issue, entry: Entry | None, deciding: "_Deciding") -> Triaged:
    rules = deciding.rules
    fixability, versions = fixability_of(issue)
    return Triaged(
        issue=issue,
        tools=tuple(sorted(tools_of(merged, issue))),
        severity=severity_of_issue(issue),
        score=_highest(issue),
        fixability=fixability,
        fix_versions=versions,
        exploited_since=next((day for id_ in issue.ids if (day := rules.feeds.exploited.get(id_))), ""),
        epss=_epss(issue, rules.feeds),
        decision=deciding.of(issue),
        standing=rules.decisions.standing(issue, rules.at),
        entry=entry,
        owner=rules.line(issue.line).owner,
        grounds=rules.line(issue.line).grounds,
    )


class _Deciding:
    """Asks the table once for each set of facts."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._made: dict[tuple[tuple[str, str], ...], Decision] = {}

    def of(self, issue: Issue) -> Decision:
        facts = facts_of(issue, self.rules)
        key = tuple(facts.items())
        decision = self._made.get(key)
        if decision is None:
            decision = self._made[key] = self.rules.policy.table.decide(facts)
        return decision


def facts_of(issue: Issue, rules: Rules) -> Mapping[str, str]:
    """The values of the points that are known (`decision_table.POINTS`); what is not known is left out."""
    line = rules.line(issue.line)
    assessed = next((rules.feeds.ssvc[id_] for id_ in issue.ids if id_ in rules.feeds.ssvc), None)
    facts = {
        "known_exploited": _known_exploited(issue, rules.feeds),
        "exposed": line.known("exposed"),
        "automatable": (assessed.automatable if assessed else "")
        or _YES[_by_vector(issue, attack_automatable)],
        "impact": (assessed.impact if assessed else "") or _IMPACT[_by_vector(issue, total_impact)],
        "exploitation": assessed.exploitation if assessed else "",
        "severity": str(severity_of_issue(issue)),
        "criticality": line.known("criticality"),
        "fix": {Fixability.FIXED: "yes", Fixability.UNKNOWN: ""}.get(fixability_of(issue)[0], "no"),
    }
    return {point: value for point, value in facts.items() if value}


def _known_exploited(issue: Issue, feeds: Feeds) -> str:
    """The catalog decides where it is there: it lists every CVE that is known to be exploited, and nothing else."""
    if any(id_ in feeds.exploited for id_ in issue.ids):
        return "yes"
    if FeedId.KEV in feeds.files:
        return "no"
    return "yes" if any(sighting.row.threat.exploited for sighting in issue.sightings) else ""


_YES = {True: "yes", False: "no", None: ""}
_IMPACT = {True: "total", False: "partial", None: ""}


def _by_vector(issue: Issue, read: Callable[[str], bool | None]) -> bool | None:
    """What the vectors say: true where one of them says so."""
    said = {read(score.vector) for score in _scores(issue)} - {None}
    return True if True in said else False if said else None


def _scores(issue: Issue) -> Iterator[Score]:
    return (score for sighting in issue.sightings for score in sighting.row.scores)


def severity_of_issue(issue: Issue) -> Severity:
    """The worst that a tool says; where none says anything, the worst CVSS score; else unknown."""
    said = {sighting.row.severity for sighting in issue.sightings} - {Severity.UNKNOWN}
    if said:
        return min(said, key=lambda severity: severity.rank)
    highest = _highest(issue)
    return Severity.UNKNOWN if highest is None else severity_of_score(highest)


def _highest(issue: Issue) -> float | None:
    rated = [(score.version, score.base) for score in _scores(issue) if score.base is not None]
    newest = max((version for version, _ in rated), default="")
    return max((base for version, base in rated if version == newest), default=None)


def _epss(issue: Issue, feeds: Feeds) -> float | None:
    """The feed's score; where there is no feed, the newest that a tool gives."""
    fed = [feeds.epss[id_].score for id_ in issue.ids if id_ in feeds.epss]
    if fed or FeedId.EPSS in feeds.files:
        return max(fed, default=None)
    said = [
        (threat.epss_date, threat.epss)
        for sighting in issue.sightings
        if (threat := sighting.row.threat).epss is not None
    ]
    return max(said)[1] if said else None


_FIXABILITIES = {
    "partial": Fixability.PARTIAL,
    "wont-fix": Fixability.WONT_FIX,
    "not-fixed": Fixability.NOT_FIXED,
    "unknown": Fixability.UNKNOWN,
}


def fixability_of(issue: Issue) -> tuple[Fixability, tuple[str, ...]]:
    """Whether an upgrade clears the issue, and the versions that the tools name.

    A fix that one tool knows is a fix; what the others say of it is shown as a disagreement (`vulns.disparity`).
    """
    fixes = [sighting.row.fix for sighting in issue.sightings]
    versions = tuple(dict.fromkeys(version for fix in fixes for version in fix.versions))
    states = {fix.state for fix in fixes}
    if "fixed" in states or (versions and states == {"unknown"}):
        return Fixability.FIXED, versions
    for state in ("partial", "wont-fix", "not-fixed"):
        if state in states:
            return _FIXABILITIES[state], versions
    return Fixability.UNKNOWN, versions
