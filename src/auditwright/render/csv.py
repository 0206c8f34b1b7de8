"""The report as CSV: one row per observation, and a file each of findings, gaps, and evidence.

The last column of every file says what the whole report says of itself, such as that a cloud is emulated: rows are
copied from file to file, and a comment above the header would break what reads it.

No cell is read as a formula by a spreadsheet (OWASP, CSV injection): one that could be begins with an
apostrophe, which `unguarded` takes away again. Every cell is quoted, so that no other separator splits it.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from auditwright.core.ids import ControlId, CriterionId
from auditwright.core.log import iso
from auditwright.render import words
from auditwright.render.readiness import ControlTestView, ReadinessReport

FORMULA_STARTS = frozenset("=+-@'\uff1d\uff0b\uff0d\uff20")
"""What begins a formula, in ASCII and full width; and the apostrophe itself, so that guarding can be undone.

Tabs and line ends begin one too; they are never in a cell, since `visible` shows them as codes.
"""

GUARD = "'"

Row = tuple[str | int, ...]


def render_csv(report: ReadinessReport) -> Mapping[str, bytes]:
    """Every file by name, as UTF-8 without a byte order mark; the same report gives the same bytes."""
    return {
        "observations.csv": observations_csv(report),
        "findings.csv": findings_csv(report),
        "gaps.csv": gaps_csv(report),
        "evidence.csv": evidence_csv(report),
    }


def guarded(text: str) -> str:
    """Text as a cell: hidden characters shown as codes, and nothing that a spreadsheet would compute."""
    shown = words.visible(text)
    # Spaces before a formula do not stop every spreadsheet from computing it.
    return GUARD + shown if shown.lstrip()[:1] in FORMULA_STARTS else shown


def unguarded(cell: str) -> str:
    """The visible text of a guarded cell."""
    bare = cell.removeprefix(GUARD)
    return bare if bare != cell and guarded(bare) == cell else cell


OBSERVATION_COLUMNS = (
    "test",
    "title",
    "severity",
    "controls",
    "criteria",
    "population",
    "item",
    "name",
    "account",
    "region",
    "status",
    "reason",
    "first_seen_at",
    "waiver",
    "waived_until",
    "evidence",
    "conclusion",
    "concluded_at",
)


def observations_csv(report: ReadinessReport) -> bytes:
    """One row for each item examined by each test, in the order of tests and items."""
    criteria = _criteria_of_controls(report)
    return _csv(
        report, OBSERVATION_COLUMNS, (row for test in report.tests for row in _observations(test, criteria))
    )


def _observations(
    test: ControlTestView, criteria: Mapping[ControlId, Sequence[CriterionId]]
) -> Iterable[Row]:
    met = " ".join(dict.fromkeys(each for control in test.controls for each in criteria.get(control, ())))
    for item in test.items:
        seen = item.observation
        yield (
            test.id,
            test.title,
            test.severity.value,
            " ".join(test.controls),
            met,
            test.population,
            seen.item,
            seen.name,
            seen.account,
            seen.region,
            item.status.value,
            words.what(seen.outcome),
            _time(item.first_seen_at),
            "" if item.waiver is None else item.waiver.id,
            "" if item.waiver is None else _time(item.waiver.ends_at),
            " ".join(seen.evidence),
            "" if test.conclusion is None else test.conclusion.value,
            _time(test.concluded_at),
        )


FINDING_COLUMNS = (
    "test",
    "title",
    "severity",
    "status",
    "item",
    "name",
    "account",
    "region",
    "what",
    "first_seen_at",
    "last_seen_at",
    "reopened",
    "controls",
    "criteria",
    "waiver",
    "waived_until",
    "evidence",
)


def findings_csv(report: ReadinessReport) -> bytes:
    """One row for each open finding, the most severe first."""
    return _csv(
        report,
        FINDING_COLUMNS,
        (
            (
                view.finding.test,
                view.title,
                view.severity.value,
                view.status.value,
                view.finding.item,
                view.finding.name,
                view.finding.account,
                view.finding.region,
                view.finding.what,
                _time(view.finding.first_seen_at),
                _time(view.finding.last_seen_at),
                view.finding.reopened,
                " ".join(view.controls),
                " ".join(view.criteria),
                "" if view.waiver is None else view.waiver.id,
                "" if view.waiver is None else _time(view.waiver.ends_at),
                " ".join(view.evidence),
            )
            for view in report.findings
        ),
    )


GAP_COLUMNS = (
    "operation",
    "source",
    "account",
    "region",
    "stream",
    "subject",
    "reason",
    "detail",
    "remedy",
    "hides",
    "tests",
    "at",
    "log_index",
)


def gaps_csv(report: ReadinessReport) -> bytes:
    """One row for each thing that could not be seen."""
    return _csv(
        report,
        GAP_COLUMNS,
        (
            (
                view.gap.operation,
                view.gap.scope.source,
                view.gap.scope.account,
                view.gap.scope.region,
                view.gap.stream,
                view.gap.subject,
                view.gap.reason.value,
                view.gap.detail,
                view.gap.remedy,
                "items" if view.gap.hides_items else "facts",
                " ".join(view.tests),
                _time(view.gap.at),
                "" if view.log_index is None else view.log_index,
            )
            for view in report.not_observable
        ),
    )


EVIDENCE_COLUMNS = (
    "sha256",
    "operation",
    "parameters",
    "command",
    "source",
    "account",
    "region",
    "stream",
    "principal",
    "collected_at",
    "effective_at",
    "size_bytes",
    "collector",
    "log_index",
    "erased",
)


def evidence_csv(report: ReadinessReport) -> bytes:
    """One row for each record of evidence, in the order of the log."""
    return _csv(
        report,
        EVIDENCE_COLUMNS,
        (
            (
                record.digest,
                record.query.operation,
                "&".join(f"{name}={value}" for name, value in record.query.parameters),
                record.query.command,
                record.scope.source,
                record.scope.account,
                record.scope.region,
                record.stream,
                record.principal,
                _time(record.collected_at),
                _time(record.effective_at),
                record.size_bytes,
                record.collector,
                record.seq,
                report.erased.get(record.seq, ""),
            )
            for record in report.evidence
        ),
    )


NOTICE_COLUMN = "notice"
"""The last column of every file; its cells are empty in a report without a notice."""


def _csv(report: ReadinessReport, columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    out = io.StringIO(newline="")
    # RFC 4180: lines end with CRLF, quotes are doubled.
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow((*columns, NOTICE_COLUMN))
    notice = guarded(report.demo_notice)
    writer.writerows(
        [*(cell if isinstance(cell, int) else guarded(cell) for cell in row), notice] for row in rows
    )
    return out.getvalue().encode()


def _time(at: datetime | None) -> str:
    return "" if at is None else iso(at)


def _criteria_of_controls(report: ReadinessReport) -> Mapping[ControlId, Sequence[CriterionId]]:
    met: dict[ControlId, list[CriterionId]] = {}
    for view in report.criteria:
        for control in view.controls:
            met.setdefault(control, []).append(view.criterion.id)
    return met
