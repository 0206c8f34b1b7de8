"""Releases: the vulnerability reports that were published, as they were published, and compared with one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from auditwright.app.errors import AppError
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.view import View
from auditwright.app.queries.vulnerabilities import GRAVEST, SEVERITIES, register_at
from auditwright.app.vulns.kept import body_of
from auditwright.core.ids import Digest
from auditwright.core.question import Answer, Before, Is, Question, answered
from auditwright.core.run import EvidenceRecord
from auditwright.integrations.vulnerabilities import PUBLISHED
from auditwright.vulns.issue import Family, Line
from auditwright.vulns.release import Change, Group

RELEASES = ListForm(
    sorts=("release", "made_at", "open", "upgrades"), order=("-made_at",), searched=("release",)
)


ISSUES_OF = ListForm(
    sorts=("id", "package", "line", "gravest"),
    order=(),
    filters=(
        Filter(name="group", title="Where it stands", field="group", values=tuple(Group)),
        Filter(name="change", title="Since the release before", field="change", values=tuple(Change)),
        Filter(name="severity", title="Severity", field="severity", values=SEVERITIES),
        Filter(name="line", title="Asset", field="line"),
    ),
    searched=("id", "package"),
)
"""Issues of one report, which stand in the order of the report unless asked otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """One report that was published."""

    release: str
    issue: int
    made_at: datetime
    open: int
    upgrades: int
    lines: tuple[str, ...]
    document: str


class UpgradeDocument(msgspec.Struct, frozen=True):
    """An upgrade to make, as a report has it."""

    line: Line
    what: str
    place: str
    installed: tuple[str, ...]
    to: str
    candidates: tuple[str, ...]
    packages: tuple[str, ...]
    issues: tuple[str, ...]
    rows: int
    severity: str
    known_exploited: bool
    due_at: str | None
    owner: str


class PackageDocument(msgspec.Struct, frozen=True):
    """A row of a scanner's report behind an issue."""

    report: int
    row: int
    id: str
    name: str
    version: str
    paths: tuple[str, ...]


class IssueDocument(msgspec.Struct, frozen=True):
    """An issue, as a report has it."""

    line: Line
    ids: tuple[str, ...]
    family: Family
    severity: str
    group: str
    change: str
    open: bool
    tools: tuple[str, ...]
    fix_versions: tuple[str, ...]
    known_exploited_since: str
    because: str
    deadline: str
    due_at: str | None
    status: str
    justification: str
    reason: str
    by: str
    until: str | None
    packages: tuple[PackageDocument, ...]


class KnownDocument(msgspec.Struct, frozen=True):
    """An issue that is gone since the release before."""

    line: Line
    ids: tuple[str, ...]
    family: Family
    severity: str


class ReasonDocument(msgspec.Struct, frozen=True):
    """Why one tool shows what the other does not."""

    reason: str
    tool: str
    issues: int


class OverlapDocument(msgspec.Struct, frozen=True):
    """How far two tools agree."""

    left: str
    right: str
    both: int
    left_only: int
    right_only: int
    unexplained: int
    reasons: tuple[ReasonDocument, ...]


class SourceDocument(msgspec.Struct, frozen=True):
    """A scanner's report that the release report rests on."""

    name: str
    sha256: str
    tool: str
    tool_version: str
    rows: int
    skipped: int


class ReleaseDocument(msgspec.Struct, frozen=True):
    """A published report."""

    release: str
    previous: str
    issue: int
    made_at: str
    headline: str
    not_known: tuple[str, ...]
    decision_table: str
    lines: tuple[Line, ...]
    sources: tuple[SourceDocument, ...]
    counts: dict[str, int]
    upgrades: tuple[UpgradeDocument, ...]
    issues: tuple[IssueDocument, ...]
    gone: tuple[KnownDocument, ...]
    disagreement: tuple[OverlapDocument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A form of the report that was kept."""

    name: str
    digest: Digest
    size_bytes: int
    seq: int
    """The index of its leaf in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two reports side by side."""

    other: str
    only_here: tuple[IssueDocument, ...]
    only_there: tuple[IssueDocument, ...]
    in_both: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePage:
    """One published report."""

    row: ReleaseRow
    document: ReleaseDocument
    files: tuple[File, ...]
    others: tuple[str, ...]
    """Releases that it can be compared with."""
    compared: Compared | None


def release_rows(view: View) -> Sequence[ReleaseRow]:
    """Every report that was published by the view's time; the newest issue of each release."""
    newest: dict[str, ReleaseRow] = {}
    for entry in register_at(view).releases:
        if entry.made_at <= view.as_of:
            newest[entry.release] = ReleaseRow(
                release=entry.release,
                issue=entry.issue,
                made_at=entry.made_at,
                open=entry.open,
                upgrades=entry.upgrades,
                lines=tuple(line.name for line in entry.lines),
                document=entry.document,
            )
    return list(newest.values())


def releases(view: View, question: Question) -> Answer[ReleaseRow]:
    """The published reports."""
    return answered(release_rows(view), question, value=getattr, key=("release",))


def release_page(view: View, release: str, other: str = "") -> ReleasePage | None:
    """One report; None where no such release was reported. Raises AppError."""
    rows = {row.release: row for row in release_rows(view)}
    row = rows.get(release)
    if row is None:
        return None
    document = document_of(view, row)
    return ReleasePage(
        row=row,
        document=document,
        files=_files(view, row),
        others=tuple(name for name in rows if name != release),
        compared=_compared(document, document_of(view, rows[other])) if other in rows else None,
    )


def release_issues(page: ReleasePage, question: Question) -> Answer[IssueDocument]:
    """The issues of a report; where it is compared with another one, those that the other one has not."""
    issues = page.compared.only_here if page.compared else page.document.issues
    return answered(issues, question, value=_issue_field, key=())


def _issue_field(issue: IssueDocument, name: str) -> object:
    match name:
        case "id":
            return issue.ids[0]
        case "package":
            return issue.family.name
        case "line":
            return issue.line.name
        case "gravest":
            return GRAVEST.get(issue.severity, len(SEVERITIES))
        case _:
            return getattr(issue, name)


def newest_document(view: View) -> ReleaseDocument | None:
    """The newest report; None where none was published. Raises AppError."""
    newest = max(release_rows(view), key=lambda row: row.made_at, default=None)
    return document_of(view, newest) if newest else None


def document_of(view: View, row: ReleaseRow) -> ReleaseDocument:
    """A report as it was published; raises AppError."""
    return view.memo.get(
        ("release", row.document),
        lambda: _decoded(body_of(view.workspace, Digest(row.document)), row.release),
    )


def _decoded(body: bytes, release: str) -> ReleaseDocument:
    try:
        return msgspec.json.decode(body, type=ReleaseDocument)
    except msgspec.DecodeError as error:
        raise AppError(
            f"the report of {release} is not of a form that this version reads: {error}"
        ) from error


def _files(view: View, row: ReleaseRow) -> tuple[File, ...]:
    wanted = Question(
        where=(
            Is("stream", PUBLISHED),
            Is("account", row.release),
            Before("collected_at", view.as_of + timedelta.resolution),
        ),
        order=("-seq",),
        limit=100,
    )
    found: dict[str, File] = {}
    for record in view.workspace.stores.records.answer(EvidenceRecord, wanted).rows:
        if record.effective_at == row.made_at:
            name = _name(record)
            found.setdefault(
                name, File(name=name, digest=record.digest, size_bytes=record.size_bytes, seq=record.seq)
            )
    return tuple(sorted(found.values(), key=lambda file: file.name))


def _name(record: EvidenceRecord) -> str:
    given = dict(record.query.parameters)
    return given.get("file") or ("statement.dsse.json" if given.get("form") == "dsse" else "report.json")


def _compared(here: ReleaseDocument, there: ReleaseDocument) -> Compared:
    """Issues are the same where line and package are, and they share an id."""
    known_there = {key for each in there.issues for key in _keys(each)}
    known_here = {key for each in here.issues for key in _keys(each)}
    only_here = tuple(each for each in here.issues if known_there.isdisjoint(_keys(each)))
    only_there = tuple(each for each in there.issues if known_here.isdisjoint(_keys(each)))
    return Compared(
        other=there.release,
        only_here=only_here,
        only_there=only_there,
        in_both=len(here.issues) - len(only_here),
    )


def _keys(issue: IssueDocument) -> set[tuple[Line, Family, str]]:
    return {(issue.line, issue.family, name) for name in issue.ids}
