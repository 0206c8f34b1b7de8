"""Triage: take a scan into the register, so that its clocks run, and say what is to be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditwright.app.errors import AppError
from auditwright.app.vulns.files import ReadFile
from auditwright.app.vulns.kept import Kept, alone, keep_all, register_of
from auditwright.app.vulns.merging import Merging, merged_files
from auditwright.app.workspace import Workspace
from auditwright.integrations.vulnerabilities import REGISTER, REPORTS
from auditwright.vulns import register as registers
from auditwright.vulns.issue import IssueKey, Line
from auditwright.vulns.ledger import Entry, Ledger, Scan, advance, surrounded
from auditwright.vulns.register import Register
from auditwright.vulns.target import lines
from auditwright.vulns.triage import Triaged, shown, triage
from auditwright.vulns.upgrades import Upgrade, upgrades
from auditwright.vulns.versions import compare

MAX_EVIDENCE_BYTES = 64 << 20
"""A report that is larger is kept by its digest alone; the store is for what is looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """A scan, triaged."""

    merging: Merging
    register: Register
    triaged: tuple[Triaged, ...]
    upgrades: tuple[Upgrade, ...]


def looked_at(merging: Merging) -> Triage:
    """Triage without a register: no clock runs, and nothing is kept."""
    return triage_of(merging, Register(), {})


def taken_in(workspace: Workspace, paths: Sequence[Path], *, now: datetime, release: str = "") -> Triage:
    """Triage reports and keep them, with the register that they make. Raises AppError and then keeps nothing."""
    merging = merged_files(paths, now=now, workspace=workspace)
    with alone(workspace):
        register, entries = advanced(register_of(workspace), merging, now=now, release=release)
        keep_all(workspace, (*report_items(merging, now), register_item(register, now)), now=now)
    return triage_of(merging, register, entries)


def advanced(
    register: Register, merging: Merging, *, now: datetime, release: str
) -> tuple[Register, Mapping[IssueKey, Entry]]:
    """The register after a scan of every line that its reports looked at, and the entry of each issue."""
    merged = merging.merged
    digests = {id(file.report): file.sha256 for file in merging.files}
    entries: dict[IssueKey, Entry] = {}
    for line, reports in _by_line(merging).items():
        scan = Scan(
            at=min(
                max((made for n in reports if (made := merged.reports[n].made_at) is not None), default=now),
                now,
            ),
            release=release,
            tools=tuple(merged.reports[number].tool.name for number in reports),
            reports=tuple(digests[id(merged.reports[number])] for number in reports),
        )
        issues = [issue for issue in merged.issues if issue.line == line]
        try:
            before = register.ledger(line)
            ledger = advance(before, scan, shown(merged, issues, merging.rules), policy=merging.rules.policy)
        except ValueError as error:
            raise AppError(f"{line.name}: {error}") from None
        if ledger is not before:
            ledger = surrounded(ledger, scan.at, merging.rules.line(line).grounds)
        register = register.with_ledger(ledger)
        entries |= _entries(ledger, merging, line)
    return register, entries


def _by_line(merging: Merging) -> Mapping[Line, Sequence[int]]:
    """The reports that looked at each line, also where they show no issue of it."""
    found: dict[Line, list[int]] = {}
    for number, named in enumerate(lines(merging.merged.reports)):
        for line in dict.fromkeys(named):
            found.setdefault(line, []).append(number)
    return found


def _entries(ledger: Ledger, merging: Merging, line: Line) -> Mapping[IssueKey, Entry]:
    index = {(entry.family, id_): entry for entry in ledger.entries for id_ in entry.ids}
    return {issue.key: index[issue.family, issue.id] for issue in merging.merged.issues if issue.line == line}


def triage_of(merging: Merging, register: Register, entries: Mapping[IssueKey, Entry]) -> Triage:
    """What is to be done about every issue, by the clocks of their entries."""
    triaged = triage(merging.merged, entries, merging.rules)
    return Triage(
        merging=merging,
        register=register,
        triaged=triaged,
        upgrades=upgrades(merging.merged, triaged, compare),
    )


def register_item(register: Register, now: datetime) -> Kept:
    """The register, to be kept."""
    return Kept(stream=REGISTER, account="register", body=registers.written(register), effective_at=now)


def report_items(merging: Merging, now: datetime) -> Sequence[Kept]:
    """The scanners' reports, to be kept."""
    return [_report(file, now) for file in merging.files if file.size_bytes <= MAX_EVIDENCE_BYTES]


def _report(file: ReadFile, now: datetime) -> Kept:
    report = file.report
    return Kept(
        stream=REPORTS,
        account=report.targets[0].name if report.targets and report.targets[0].name else file.path.name,
        body=file.path.read_bytes(),
        parameters=(("format", report.format), ("tool", report.tool.name)),
        effective_at=min(report.made_at or now, now),
    )
