"""A release report as CSV: one file of issues, one of upgrades, one of rows. No cell is read as a formula by a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime

from auditwright.core.log import iso
from auditwright.render.csv import guarded
from auditwright.vulns.release import ReleaseReport

ISSUES = (
    *("id", "aliases", "line", "architecture", "package", "ecosystem", "severity", "group", "change", "open"),
    *("tools", "fix_versions", "known_exploited_since", "epss", "cvss", "deadline", "because"),
    *("detected_at", "due_at", "status", "reason", "by", "until"),
)
UPGRADES = (
    *("what", "ecosystem", "line", "place", "installed", "to", "candidates", "issues", "rows"),
    *("severity", "known_exploited", "due_at", "owner"),
)
ROWS = (
    "report",
    "row",
    "part",
    "tool",
    "id",
    "issue",
    "line",
    "package",
    "version",
    "purl",
    "severity",
    "fix",
    "match",
)


def release_csv(report: ReleaseReport) -> Mapping[str, bytes]:
    """Every file by name, as UTF-8 without a byte order mark; the same report gives the same bytes."""
    return {"issues.csv": _issues(report), "upgrades.csv": _upgrades(report), "rows.csv": _rows(report)}


def _issues(report: ReleaseReport) -> bytes:
    def rows() -> Iterable[tuple[object, ...]]:
        for each in report.issues:
            triaged, issue = each.triaged, each.triaged.issue
            detected = triaged.entry.clock.detected_at if triaged.entry is not None else None
            yield (
                *(issue.id, " ".join(issue.ids[1:]), issue.line.name, issue.line.architecture),
                *(
                    issue.family.name,
                    issue.family.ecosystem,
                    triaged.severity,
                    each.group,
                    each.change,
                    triaged.open(),
                ),
                *(" ".join(triaged.tools), " ".join(triaged.fix_versions), triaged.exploited_since),
                *(_figure(triaged.epss), _figure(triaged.score)),
                *(
                    triaged.decision.deadline.label,
                    triaged.decision.reason,
                    _time(detected),
                    _time(triaged.due_at),
                ),
                *(
                    triaged.standing.status,
                    triaged.standing.reason,
                    triaged.standing.by,
                    _time(triaged.standing.until),
                ),
            )

    return _csv(report, ISSUES, rows())


def _upgrades(report: ReleaseReport) -> bytes:
    def rows() -> Iterable[tuple[object, ...]]:
        for each in report.upgrades:
            yield (
                *(each.what, each.ecosystem, each.line.name, each.place, " ".join(each.installed), each.to),
                *(" ".join(each.candidates), " ".join(issue.issue.id for issue in each.issues), each.rows),
                *(each.severity, each.exploited, _time(each.due_at), each.owner),
            )

    return _csv(report, UPGRADES, rows())


def _rows(report: ReleaseReport) -> bytes:
    """Every row of every tool, with the issue that it is a part of."""

    def rows() -> Iterable[tuple[object, ...]]:
        for each in report.issues:
            issue = each.triaged.issue
            for sighting in issue.sightings:
                row = sighting.row
                yield (
                    *(sighting.report, row.index, row.part, report.tools[sighting.report], row.id, issue.id),
                    *(
                        issue.line.name,
                        row.package.name,
                        row.package.version,
                        row.package.purl,
                        row.severity_said,
                    ),
                    *(" ".join(row.fix.versions) or row.fix.state, row.match),
                )

    return _csv(report, ROWS, rows())


def _csv(report: ReleaseReport, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow((*columns, "notice"))
    writer.writerows([*(guarded(str(cell)) for cell in row), guarded(report.notice)] for row in rows)
    return out.getvalue().encode("utf-8", "backslashreplace")


def _time(at: datetime | None) -> str:
    return "" if at is None else iso(at)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
