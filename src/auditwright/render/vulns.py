"""What `auditwright vulns` prints, as plain values for JSON and as rows for a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import assert_never

import msgspec

from auditwright.core.log import iso
from auditwright.render.words import many
from auditwright.vulns.csaf_rules import Checked, NotChecked
from auditwright.vulns.disparity import SCORES, Alone, Comparison, Paired
from auditwright.vulns.feeds import Feeds
from auditwright.vulns.grounds import UNKNOWN, Ground, Origin
from auditwright.vulns.issue import Issue, IssueKey, Merged
from auditwright.vulns.reasons import Reason
from auditwright.vulns.register import Register
from auditwright.vulns.release import Gate, Known, ReleaseReport
from auditwright.vulns.report import Report
from auditwright.vulns.triage import Triaged
from auditwright.vulns.upgrades import Upgrade

Value = dict[str, object]


def read_value(report: Report, *, name: str, sha256: str) -> Value:
    """What was understood of one report, without its rows."""
    return {
        "file": name,
        "sha256": sha256,
        "format": report.format,
        "format_version": report.format_version,
        "tool": msgspec.to_builtins(report.tool),
        "made_at": iso(report.made_at) if report.made_at else None,
        "targets": msgspec.to_builtins(report.targets),
        "rows": len(report.rows),
        "suppressed": sum(1 for row in report.rows if row.suppressed),
        "statements": len(report.statements),
        "packages": None if report.packages is None else len(report.packages),
        "skipped": msgspec.to_builtins(report.skipped),
    }


def checked_value(checked: Checked | NotChecked) -> Value:
    """Which rules of CSAF a document breaks; None where the rules were not held against it."""
    match checked:
        case Checked():
            return {
                "rules_checked": checked.rules,
                "broken_rules": [
                    {"rule": each.rule, "path": each.path, "why": each.why} for each in checked.broken
                ],
            }
        case NotChecked():
            return {"rules_checked": 0, "broken_rules": None, "rules_not_checked": checked.why}
        case _:
            assert_never(checked)


def merged_value(merged: Merged, comparisons: Sequence[Comparison]) -> Value:
    """Every issue with its rows, its cluster of ids, and what two tools say differently."""
    alone: dict[IssueKey, list[Alone]] = {}
    paired: dict[IssueKey, list[tuple[Comparison, Paired]]] = {}
    for comparison in comparisons:
        for each in comparison.alone:
            alone.setdefault(each.issue.key, []).append(each)
        for pair in comparison.paired:
            paired.setdefault(pair.issue.key, []).append((comparison, pair))
    return {
        "reports": [
            {"report": number, "tool": report.tool.name, "rows": len(report.rows), "format": report.format}
            for number, report in enumerate(merged.reports)
        ],
        "issues": [
            {
                **issue_value(issue, merged),
                "paired": [
                    {
                        "left": comparison.left,
                        "right": comparison.right,
                        "rule": str(pair.rule),
                        "score": SCORES[pair.rule],
                    }
                    for comparison, pair in paired.get(issue.key, ())
                ],
                "one_sided": [_alone_value(each) for each in alone.get(issue.key, ())],
            }
            for issue in merged.issues
        ],
        "comparisons": [comparison_value(comparison) for comparison in comparisons],
        "refused": [msgspec.to_builtins(join) for join in merged.refused],
    }


def issue_value(issue: Issue, merged: Merged) -> Value:
    """An issue and its rows."""
    return {
        "line": msgspec.to_builtins(issue.line),
        "id": issue.id,
        "ids": list(issue.ids),
        "family": msgspec.to_builtins(issue.family),
        "rows": [
            {
                "report": sighting.report,
                "tool": merged.reports[sighting.report].tool.name,
                "row": sighting.row.index,
                "part": sighting.row.part,
                "id": sighting.row.id,
                "aliases": list(sighting.row.aliases),
                "bundles": list(sighting.row.bundles),
                "package": sighting.row.package.name,
                "version": sighting.row.package.version,
                "purl": sighting.row.package.purl,
                "paths": list(sighting.row.package.paths),
                "severity": sighting.row.severity_said,
                "scores": msgspec.to_builtins(sighting.row.scores),
                "adjusted_score": sighting.row.adjusted,
                "fix": sighting.row.fix.state,
                "fix_versions": list(sighting.row.fix.versions),
                "match": str(sighting.row.match),
                "suppressed": sighting.row.suppressed,
            }
            for sighting in issue.sightings
        ],
    }


def _alone_value(alone: Alone) -> Value:
    return {"tool": alone.tool, "other": alone.other, "reason": str(alone.reason), "because": alone.because}


def comparison_value(comparison: Comparison) -> Value:
    """How two tools compare on one line, in counts, and where they say different things of one issue."""
    reasons: dict[tuple[str, str], int] = {}
    for each in comparison.alone:
        reasons[each.tool, each.reason] = reasons.get((each.tool, each.reason), 0) + 1
    return {
        "line": msgspec.to_builtins(comparison.line),
        "left": comparison.left,
        "right": comparison.right,
        "both": len(comparison.paired),
        "left_only": sum(1 for each in comparison.alone if each.tool == comparison.left),
        "right_only": sum(1 for each in comparison.alone if each.tool == comparison.right),
        "unexplained": sum(1 for each in comparison.alone if each.reason is Reason.UNEXPLAINED),
        "reasons": [
            {"tool": tool, "reason": str(reason), "issues": count}
            for (tool, reason), count in sorted(reasons.items())
        ],
        "differing": [
            {
                "id": each.issue.id,
                "package": each.issue.family.name,
                "about": each.about,
                "left": each.left,
                "right": each.right,
                "because": each.because,
            }
            for each in comparison.differing
        ],
    }


def triaged_item(triaged: Triaged) -> Value:
    """What stands about one issue."""
    entry = triaged.entry
    return {
        "line": msgspec.to_builtins(triaged.issue.line),
        "ids": list(triaged.issue.ids),
        "family": msgspec.to_builtins(triaged.issue.family),
        "tools": list(triaged.tools),
        "severity": str(triaged.severity),
        "cvss": triaged.score,
        "epss": triaged.epss,
        "known_exploited_since": triaged.exploited_since,
        "fixability": str(triaged.fixability),
        "fix_versions": list(triaged.fix_versions),
        "deadline": triaged.decision.deadline.label,
        "because": triaged.decision.reason,
        "facts": dict(triaged.decision.facts),
        "unknown": list(triaged.decision.unknown),
        "grounds": msgspec.to_builtins(triaged.grounds),
        "detected_at": iso(entry.clock.detected_at) if entry else None,
        "due_at": iso(triaged.due_at) if triaged.due_at else None,
        "status": str(triaged.standing.status),
        "reason": triaged.standing.reason,
        "by": triaged.standing.by,
        "until": iso(triaged.standing.until) if triaged.standing.until else None,
        "lapsed": list(triaged.standing.lapsed),
        "owner": triaged.owner,
        "open": triaged.open(),
    }


def triaged_value(triaged: Sequence[Triaged], upgrades: Sequence[Upgrade]) -> Value:
    """Every issue and every upgrade, the soonest first."""
    return {
        "upgrades": [
            {
                "line": msgspec.to_builtins(upgrade.line),
                "what": upgrade.what,
                "place": upgrade.place,
                "installed": list(upgrade.installed),
                "to": upgrade.to,
                "candidates": list(upgrade.candidates),
                "issues": [each.issue.id for each in upgrade.issues],
                "rows": upgrade.rows,
                "severity": str(upgrade.severity),
                "known_exploited": upgrade.exploited,
                "due_at": iso(upgrade.due_at) if upgrade.due_at else None,
                "owner": upgrade.owner,
            }
            for upgrade in upgrades
        ],
        "issues": [triaged_item(each) for each in triaged],
    }


def explained_value(merged: Merged, triaged: Triaged, alone: Sequence[Alone]) -> Value:
    """One issue, with its rows, what decides about it, and why a tool does not show it."""
    return {
        **triaged_item(triaged),
        **issue_value(triaged.issue, merged),
        "one_sided": [_alone_value(each) for each in alone],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """An issue of the register and its clock."""

    id: str
    package: str
    line: str
    severity: str
    exposed: str
    """`yes`, `no` or `unknown` at the line's last scan; with `set` where the settings say it."""
    detected_at: datetime
    due_at: datetime | None
    gone_at: datetime | None
    state: str
    standing: str
    grounds: tuple[Ground, ...]

    def value(self) -> Value:
        """As plain values."""
        return {
            "id": self.id,
            "package": self.package,
            "line": self.line,
            "severity": self.severity,
            "grounds": msgspec.to_builtins(self.grounds),
            "detected_at": iso(self.detected_at),
            "due_at": iso(self.due_at) if self.due_at else None,
            "gone_at": iso(self.gone_at) if self.gone_at else None,
            "state": self.state,
        }


def clock_rows(register: Register, now: datetime, *, everything: bool) -> Sequence[ClockRow]:
    """The issues of a register, the soonest due first; what is gone only where everything is asked for."""
    rows = [
        ClockRow(
            id=entry.id,
            package=entry.family.name,
            line=ledger.line.name,
            severity=str(entry.severity),
            exposed=_exposed(ledger.grounds),
            detected_at=entry.clock.detected_at,
            due_at=entry.clock.term.due_at,
            gone_at=entry.clock.gone_at,
            state=state,
            standing=_standing(state, entry.clock.term.due_at, entry.clock.term.label, now),
            grounds=ledger.grounds,
        )
        for ledger in register.ledgers
        for entry in ledger.entries
        if (state := entry.clock.state(now)) in {"within", "past"} or everything
    ]
    far = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(rows, key=lambda row: (row.gone_at is not None, row.due_at or far, row.id, row.package))


def _exposed(grounds: Sequence[Ground]) -> str:
    ground = next((each for each in grounds if each.point == "exposed"), None)
    if ground is None:
        return UNKNOWN
    return f"{ground.value}, set" if ground.origin is Origin.SETTINGS else ground.value


def _standing(state: str, due_at: datetime | None, label: str, now: datetime) -> str:
    if state in {"met", "missed"}:
        return f"gone, deadline {state}"
    if due_at is None:
        return label
    days = abs((due_at - now).days)
    return f"{many(days, 'day')} past" if state == "past" else f"{many(days, 'day')} left"


def known_value(known: Known) -> Value:
    """An issue of a published report."""
    return {
        "line": msgspec.to_builtins(known.line),
        "ids": list(known.ids),
        "family": msgspec.to_builtins(known.family),
        "severity": str(known.severity),
        "group": str(known.group),
    }


def feeds_value(feeds: Feeds, notes: Sequence[str]) -> Value:
    """The feeds that there are, and what is unknown for the others."""
    return {
        "feeds": [
            {
                "id": str(file.id),
                "version": file.version,
                "as_of": iso(file.as_of) if file.as_of else None,
                "entries": file.entries,
                "sha256": file.sha256,
            }
            for file in feeds.files.values()
        ],
        "not_known": list(notes),
    }


def released_value(
    report: ReleaseReport, stops: Mapping[Gate, Sequence[str]], files: Sequence[Path]
) -> Value:
    """What was published, and what stops the release."""
    return {
        "release": report.release,
        "previous": report.previous,
        "issue": report.issue,
        "rows": report.rows,
        "issues": len(report.issues),
        "upgrades": len(report.upgrades),
        "files": [str(path) for path in files],
        "stopped_by": {str(gate): list(reasons) for gate, reasons in stops.items()},
    }
