"""Vulnerabilities: every issue of the register with its clock, and what the newest release report says of it.

The register is one document; it is read once for each of its versions, and its issues stand in the order in which they
matter, so that the first page of 100,000 is a slice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.view import View
from auditwright.app.vulns.kept import body_of
from auditwright.core.question import Answer, Before, Holds, Is, Question, answered
from auditwright.core.run import EvidenceRecord
from auditwright.integrations.vulnerabilities import REGISTER
from auditwright.program.vulnerabilities import VulnerabilityDecision
from auditwright.vulns import register as registers
from auditwright.vulns.ledger import Entry
from auditwright.vulns.register import Register, ReleaseEntry

STATES = ("past", "within", "unbound", "accepted", "not affected", "met", "missed")
"""The worst first: open past its deadline, open within it, open without one; accepted or not affected; gone in time or late."""

SEVERITIES = ("critical", "high", "medium", "low", "negligible", "none", "unknown")

ISSUES = ListForm(
    sorts=("id", "package", "line", "gravest", "due_at", "detected_at"),
    order=(),
    filters=(
        Filter(name="state", title="State", field="state", values=STATES),
        Filter(name="severity", title="Severity", field="severity", values=SEVERITIES),
        Filter(name="line", title="Asset", field="line"),
        Filter(name="tool", title="Tool", field="tool"),
    ),
    searched=("words",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRow:
    """One issue of one asset line."""

    id: str
    ids: tuple[str, ...]
    package: str
    ecosystem: str
    line: str
    architecture: str
    severity: str
    detected_at: datetime
    due_at: datetime | None
    allowed: timedelta | None
    """From detection to the deadline; None where there is none."""
    label: str
    gone_at: datetime | None
    accepted_until: datetime | None
    not_affected: str
    not_affected_until: datetime | None
    tools: tuple[str, ...]
    last_seen_at: datetime
    words: str
    """Its ids and package in lower case, in which a search looks."""

    @property
    def is_open(self) -> bool:
        """True until it is gone."""
        return self.gone_at is None

    def state(self, at: datetime) -> str:
        """Where it stands at a time, as `STATES` has it."""
        if self.gone_at is not None:
            return "met" if self.due_at is None or self.gone_at <= self.due_at else "missed"
        if self.not_affected and (self.not_affected_until is None or at < self.not_affected_until):
            return "not affected"
        if self.accepted_until is not None and at < self.accepted_until:
            return "accepted"
        if self.due_at is None:
            return "unbound"
        return "within" if at <= self.due_at else "past"


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerabilitiesPage:
    """All issues in figures."""

    open: int
    past: int
    soon: int
    """Open, and due within a week."""
    accepted: int
    not_affected: int
    lines: int
    scanned_at: datetime | None
    """Of the line that was looked at longest ago."""
    release: ReleaseEntry | None
    """The newest report that was published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePage:
    """One issue: its clocks and why they are as they are, and what was decided about it."""

    row: IssueRow
    entry: Entry
    decisions: tuple[VulnerabilityDecision, ...]
    elsewhere: tuple[IssueRow, ...]
    """The same vulnerability on other asset lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A register, with its issues in the order in which they matter."""

    digest: str
    register: Register
    rows: tuple[IssueRow, ...]
    entries: Mapping[tuple[str, str, str, str], Entry]


def register_at(view: View) -> Register:
    """The register as it was known at the view's time; raises AppError."""
    return _read(view).register


def _read(view: View) -> _Read:
    newest = Question(
        where=(Is("stream", REGISTER), Before("collected_at", view.as_of + timedelta.resolution)),
        order=("-seq",),
        limit=1,
    )
    found = view.workspace.stores.records.answer(EvidenceRecord, newest).rows
    if not found:
        return _Read(digest="", register=Register(), rows=(), entries={})
    digest = found[0].digest
    return view.memo.get(("register", digest), lambda: _parsed(digest, body_of(view.workspace, digest)))


def _parsed(digest: str, body: bytes) -> _Read:
    register = registers.read(body)
    pairs = [
        (_row(ledger.line.name, ledger.line.architecture, entry), entry)
        for ledger in register.ledgers
        for entry in ledger.entries
    ]
    pairs.sort(key=lambda pair: _urgency(pair[0]))
    return _Read(
        digest=digest,
        register=register,
        rows=tuple(row for row, _ in pairs),
        entries={(row.line, row.architecture, row.id, row.package): entry for row, entry in pairs},
    )


def _row(line: str, architecture: str, entry: Entry) -> IssueRow:
    clock = entry.clock
    return IssueRow(
        id=entry.id,
        ids=entry.ids,
        package=entry.family.name,
        ecosystem=entry.family.ecosystem,
        line=line,
        architecture=architecture,
        severity=str(entry.severity),
        detected_at=clock.detected_at,
        due_at=clock.term.due_at,
        allowed=clock.term.due_at - clock.detected_at if clock.term.due_at else None,
        label=clock.term.label,
        gone_at=clock.gone_at,
        accepted_until=entry.accepted_until,
        not_affected=entry.not_affected,
        not_affected_until=entry.not_affected_until,
        tools=entry.seen_by,
        last_seen_at=entry.last_seen_at,
        words="\n".join((*entry.ids, entry.family.name)).lower(),
    )


GRAVEST = {severity: rank for rank, severity in enumerate(SEVERITIES)}


def _urgency(row: IssueRow) -> tuple[bool, bool, bool, float, int, str, str]:
    dealt_with = row.accepted_until is not None or bool(row.not_affected)
    due = row.due_at.timestamp() if row.due_at else 0.0
    return (
        not row.is_open,
        dealt_with,
        row.due_at is None,
        due,
        GRAVEST.get(row.severity, len(SEVERITIES)),
        row.id,
        row.line,
    )


def vulnerabilities_page(view: View) -> VulnerabilitiesPage:
    """Everything in figures, as of the view's time; raises AppError."""
    held = _read(view)
    key = ("vulnerabilities", held.digest, view.as_of.replace(second=0, microsecond=0))
    return view.memo.get(key, lambda: _counted(held, view.as_of))


def _counted(held: _Read, at: datetime) -> VulnerabilitiesPage:
    states = [row.state(at) for row in held.rows]
    week = at + timedelta(days=7)
    scans = [ledger.scans[-1].at for ledger in held.register.ledgers if ledger.scans]
    return VulnerabilitiesPage(
        open=sum(state in {"past", "within", "unbound"} for state in states),
        past=states.count("past"),
        soon=sum(
            state == "within" and row.due_at is not None and row.due_at < week
            for row, state in zip(held.rows, states, strict=True)
        ),
        accepted=states.count("accepted"),
        not_affected=states.count("not affected"),
        lines=len(held.register.ledgers) - len(held.register.retired),
        scanned_at=min(scans, default=None),
        release=held.register.releases[-1] if held.register.releases else None,
    )


def issues(view: View, question: Question) -> Answer[IssueRow]:
    """Issues, what is to be done first before the rest unless asked otherwise."""

    def value(row: IssueRow, name: str) -> object:
        match name:
            case "state":
                return row.state(view.as_of)
            case "gravest":
                return GRAVEST.get(row.severity, len(SEVERITIES))
            case "tool":
                return row.tools[0] if row.tools else ""
            case _:
                return getattr(row, name)

    # A search is the one condition that 100,000 issues are held against at once, so it comes first and alone.
    rows, where = _read(view).rows, list(question.where)
    for searched in [each for each in where if isinstance(each, Holds)]:
        where.remove(searched)
        text = searched.text.lower()
        rows = tuple(row for row in rows if text in row.words)
    return answered(rows, replace(question, where=tuple(where)), value=value, key=())


def falling_due(view: View, until: datetime) -> Sequence[IssueRow]:
    """Issues whose deadline is ahead and before a time, the nearest first."""
    return [
        row
        for row in _read(view).rows
        if row.state(view.as_of) == "within" and row.due_at is not None and row.due_at < until
    ]


def offered(view: View) -> Mapping[str, tuple[str, ...]]:
    """What issues can be narrowed by."""
    register = register_at(view)
    tools = {tool for ledger in register.ledgers for scan in ledger.scans[-1:] for tool in scan.tools}
    return {
        "line": tuple(dict.fromkeys(ledger.line.name for ledger in register.ledgers)),
        "tool": tuple(sorted(tools)),
    }


def issue_page(view: View, where: Sequence[str]) -> IssuePage | None:
    """One issue by line, architecture, id and package; None where the register has none such."""
    held = _read(view)
    entry = held.entries.get((where[0], where[1], where[2], where[3]))
    if entry is None:
        return None
    row = _row(where[0], where[1], entry)
    ids = set(entry.ids)
    decisions = tuple(
        each
        for each in view.workspace.program.vulnerabilities.decisions
        if each.vulnerability in ids and each.package in {"", row.package} and each.line in {"", row.line}
    )
    others = tuple(
        each
        for each in held.rows
        if ids.intersection(each.ids) and (each.line, each.package) != (row.line, row.package)
    )
    return IssuePage(row=row, entry=entry, decisions=decisions, elsewhere=others[:20])
