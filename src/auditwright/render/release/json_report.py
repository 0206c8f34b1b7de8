"""A release report as JSON, for machines and for the next release to compare with. docs/vulnerabilities.md describes it."""

import json
from collections.abc import Iterator

import msgspec

from auditwright.core.log import iso
from auditwright.render.release.words import headline, unchecked
from auditwright.vulns.issue import Family, Line
from auditwright.vulns.release import Known, Published, ReleaseReport, Reported
from auditwright.vulns.upgrades import Upgrade

FORMAT = "auditwright-release-report/1"


def release_json(report: ReleaseReport) -> bytes:
    """The whole report; the same report gives the same bytes."""
    document = {
        "format": FORMAT,
        "organization": report.organization,
        "notice": report.notice,
        "release": report.release,
        "previous": report.previous,
        "issue": report.issue,
        "made_at": iso(report.made_at),
        "headline": headline(report),
        "not_known": list(unchecked(report)),
        "decision_table": report.table,
        "lines": [_line(line) for line in report.lines],
        "assets": [
            {
                "name": asset.name,
                "facts": [
                    {
                        "point": ground.point,
                        "value": ground.value,
                        "known_from": str(ground.origin),
                        "evidence": list(ground.evidence),
                        "collected_says_otherwise": bool(ground.otherwise),
                    }
                    for ground in asset.grounds
                ],
            }
            for asset in report.assets
        ],
        "sources": [
            {
                "name": source.name,
                "sha256": source.sha256,
                "tool": source.tool,
                "tool_version": source.tool_version,
                "database": source.database,
                "made_at": iso(source.made_at) if source.made_at else None,
                "rows": source.rows,
                "skipped": source.skipped,
            }
            for source in report.sources
        ],
        "feeds": [
            {
                "id": str(feed.id),
                "version": feed.version,
                "as_of": iso(feed.as_of) if feed.as_of else None,
                "entries": feed.entries,
                "sha256": feed.sha256,
            }
            for feed in report.feeds
        ],
        "counts": {
            "rows": report.rows,
            "issues": len(report.issues),
            "fixable_rows": report.fixable_rows,
            "upgrades": len(report.upgrades),
            "decisions": report.budget.decisions,
            "gone": len(report.gone),
        },
        "upgrades": [_upgrade(upgrade) for upgrade in report.upgrades],
        "issues": [_issue(reported) for reported in report.issues],
        "gone": [_known(known) for known in report.gone],
        "disagreement": [
            {
                "left": overlap.left,
                "right": overlap.right,
                "both": overlap.both,
                "left_only": overlap.left_only,
                "right_only": overlap.right_only,
                "unexplained": overlap.unexplained,
                "reasons": [
                    {"reason": str(each.reason), "tool": each.tool, "issues": each.issues}
                    for each in overlap.reasons
                ],
            }
            for overlap in report.overlaps
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _line(line: Line) -> dict[str, str]:
    return {"name": line.name, "architecture": line.architecture}


def _family(family: Family) -> dict[str, str]:
    return {"ecosystem": family.ecosystem, "distribution": family.distribution, "name": family.name}


def _known(known: Known) -> dict[str, object]:
    return {
        "line": _line(known.line),
        "ids": list(known.ids),
        "family": _family(known.family),
        "severity": str(known.severity),
        "group": str(known.group),
    }


def _upgrade(upgrade: Upgrade) -> dict[str, object]:
    return {
        "line": _line(upgrade.line),
        "what": upgrade.what,
        "ecosystem": upgrade.ecosystem,
        "place": upgrade.place,
        "installed": list(upgrade.installed),
        "to": upgrade.to,
        "candidates": list(upgrade.candidates),
        "packages": list(upgrade.packages),
        "issues": [each.issue.id for each in upgrade.issues],
        "rows": upgrade.rows,
        "severity": str(upgrade.severity),
        "known_exploited": upgrade.exploited,
        "due_at": iso(upgrade.due_at) if upgrade.due_at else None,
        "owner": upgrade.owner,
    }


def _issue(reported: Reported) -> dict[str, object]:
    triaged = reported.triaged
    issue = triaged.issue
    clock = triaged.entry.clock if triaged.entry is not None else None
    return {
        "line": _line(issue.line),
        "ids": list(issue.ids),
        "family": _family(issue.family),
        "severity": str(triaged.severity),
        "group": str(reported.group),
        "change": str(reported.change),
        "open": triaged.open(),
        "tools": list(triaged.tools),
        "fix_versions": list(triaged.fix_versions),
        "known_exploited_since": triaged.exploited_since,
        "epss": triaged.epss,
        "cvss": triaged.score,
        "deadline": triaged.decision.deadline.label,
        "because": triaged.decision.reason,
        "detected_at": iso(clock.detected_at) if clock else None,
        "due_at": iso(triaged.due_at) if triaged.due_at else None,
        "forensics": clock.term.forensics if clock else triaged.decision.deadline.forensics,
        "status": str(triaged.standing.status),
        "justification": triaged.standing.justification,
        "reason": triaged.standing.reason,
        "by": triaged.standing.by,
        "until": iso(triaged.standing.until) if triaged.standing.until else None,
        "packages": list(_packages(reported)),
    }


def _packages(reported: Reported) -> Iterator[dict[str, object]]:
    """Each row once: which tool showed which package in which version and place."""
    for sighting in reported.triaged.issue.sightings:
        package = sighting.row.package
        yield {
            "report": sighting.report,
            "row": sighting.row.index,
            "id": sighting.row.id,
            "name": package.name,
            "version": package.version,
            "purl": package.purl,
            "paths": list(package.paths[:MAX_PATHS]),
        }


MAX_PATHS = 3
"""A package lists every file of its own; the first few say where it is."""


class _Document(msgspec.Struct, frozen=True):
    format: str
    release: str
    issue: int
    made_at: str
    issues: tuple[Known, ...]


def read_published(body: bytes) -> Published:
    """What a later report needs of one that was written here. Raises ValueError where it is none."""
    from auditwright.core.log import parse_iso

    try:
        document = msgspec.json.decode(body, type=_Document)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    if document.format != FORMAT:
        raise ValueError(f"its format is {document.format!r}; expected {FORMAT!r}")
    return Published(
        release=document.release,
        issue=document.issue,
        made_at=parse_iso(document.made_at),
        issues=document.issues,
    )
