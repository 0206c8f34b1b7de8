"""Releases: each vulnerability report as it was published, its issues, and two of them side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from auditwright.app.queries import releases as queries
from auditwright.app.queries.releases import (
    ISSUES_OF,
    RELEASES,
    File,
    IssueDocument,
    OverlapDocument,
    ReleasePage,
    ReleaseRow,
    UpgradeDocument,
)
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.question import Answer, Question
from auditwright.web.api.rows import PREFIX, Line, Rows, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Systems"])


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeToMake:
    """An upgrade that clears issues, as a report has it."""

    line: str
    architecture: str
    what: str
    """Empty for the base image of the asset."""
    place: str
    installed: Sequence[str]
    to: str
    candidates: Sequence[str]
    packages: Sequence[str]
    issues: Sequence[str]
    rows: int
    """Of scanners' reports that it clears."""
    severity: str
    known_exploited: bool
    due_at: str | None
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyOne:
    """Why one scanner shows what the other does not, and of how many issues."""

    reason: str
    tool: str
    issues: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannersCompared:
    """How far two scanners agree."""

    left: str
    right: str
    both: int
    left_only: int
    right_only: int
    unexplained: int
    reasons: Sequence[WhyOne]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestsOn:
    """A scanner's report that the release report rests on."""

    name: str
    sha256: str
    tool: str
    tool_version: str
    rows: int
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedIssue:
    """An issue, as a report has it."""

    ids: Sequence[str]
    """The leading one first."""
    package: str
    ecosystem: str
    line: str
    architecture: str
    severity: str
    group: str
    change: str
    open: bool
    tools: Sequence[str]
    fix_versions: Sequence[str]
    known_exploited_since: str
    because: str
    deadline: str
    due_at: str | None
    status: str
    justification: str
    reason: str
    by: str
    until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneIssue:
    """An issue of the release before that is gone."""

    ids: Sequence[str]
    package: str
    line: str
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeRelease:
    """One report: what it says in figures, what is to be done, and what it rests on. Its issues are a list of their own."""

    row: ReleaseRow
    previous: str
    headline: str
    not_known: Sequence[str]
    """What the report could not know."""
    decision_table: str
    counts: Mapping[str, int]
    upgrades: Sequence[UpgradeToMake]
    disagreement: Sequence[ScannersCompared]
    gone: Sequence[GoneIssue]
    sources: Sequence[RestsOn]
    files: Sequence[File]
    """As published; each is evidence by its digest."""
    others: Sequence[str]
    """Releases that it can be compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasesCompared:
    """Two reports side by side, in figures; `not_in` of the list of issues names those of one alone."""

    release: str
    other: str
    only_here: int
    only_there: int
    in_both: int


@router.get("/releases", openapi_extra=asks(RELEASES))
def published(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Rows[ReleaseRow]:
    """The release reports that were published, the newest first."""
    return listed(visit, RELEASES, queries.releases)


@router.get("/releases/{release}")
def one(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], release: str) -> WholeRelease:
    """One release report, without its issues."""
    page = _page(visit, release)
    document = page.document
    return WholeRelease(
        row=page.row,
        previous=document.previous,
        headline=document.headline,
        not_known=document.not_known,
        decision_table=document.decision_table,
        counts=document.counts,
        upgrades=[upgrade_to_make(each) for each in document.upgrades],
        disagreement=[scanners_compared(each) for each in document.disagreement],
        gone=[
            GoneIssue(ids=each.ids, package=each.family.name, line=each.line.name, severity=each.severity)
            for each in document.gone
        ],
        sources=[
            RestsOn(
                name=each.name,
                sha256=each.sha256,
                tool=each.tool,
                tool_version=each.tool_version,
                rows=each.rows,
                skipped=each.skipped,
            )
            for each in document.sources
        ],
        files=page.files,
        others=page.others,
    )


@router.get("/releases/{release}/issues", openapi_extra=asks(ISSUES_OF))
def issues(
    visit: Annotated[Visit, may(Right.READ_SYSTEMS)], release: str, not_in: Line = ""
) -> Rows[ReportedIssue]:
    """The issues of a release report, or those alone that another release has not."""
    page = _page(visit, release, not_in)

    def answer(view: View, question: Question) -> Answer[ReportedIssue]:
        del view
        found = queries.release_issues(page, question)
        return Answer(rows=[_issue(each) for each in found.rows], total=found.total)

    return listed(visit, ISSUES_OF, answer, more=("not_in",))


@router.get("/releases/{release}/compared")
def compared(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], release: str, other: Line) -> ReleasesCompared:
    """Two release reports side by side: how many issues one has and the other has not."""
    found = _page(visit, release, other).compared
    if found is None:
        raise HTTPException(404)
    return ReleasesCompared(
        release=release,
        other=found.other,
        only_here=len(found.only_here),
        only_there=len(found.only_there),
        in_both=found.in_both,
    )


def upgrade_to_make(upgrade: UpgradeDocument) -> UpgradeToMake:
    """An upgrade of a report, for an answer."""
    return UpgradeToMake(
        line=upgrade.line.name,
        architecture=upgrade.line.architecture,
        what=upgrade.what,
        place=upgrade.place,
        installed=upgrade.installed,
        to=upgrade.to,
        candidates=upgrade.candidates,
        packages=upgrade.packages,
        issues=upgrade.issues,
        rows=upgrade.rows,
        severity=upgrade.severity,
        known_exploited=upgrade.known_exploited,
        due_at=upgrade.due_at,
        owner=upgrade.owner,
    )


def scanners_compared(overlap: OverlapDocument) -> ScannersCompared:
    """Two scanners of a report side by side, for an answer."""
    return ScannersCompared(
        left=overlap.left,
        right=overlap.right,
        both=overlap.both,
        left_only=overlap.left_only,
        right_only=overlap.right_only,
        unexplained=overlap.unexplained,
        reasons=[WhyOne(reason=each.reason, tool=each.tool, issues=each.issues) for each in overlap.reasons],
    )


def _page(visit: Visit, release: str, other: str = "") -> ReleasePage:
    found = queries.release_page(visit.view, release, other)
    if found is None or (other and found.compared is None):
        raise HTTPException(404)
    return found


def _issue(issue: IssueDocument) -> ReportedIssue:
    return ReportedIssue(
        ids=issue.ids,
        package=issue.family.name,
        ecosystem=issue.family.ecosystem,
        line=issue.line.name,
        architecture=issue.line.architecture,
        severity=issue.severity,
        group=issue.group,
        change=issue.change,
        open=issue.open,
        tools=issue.tools,
        fix_versions=issue.fix_versions,
        known_exploited_since=issue.known_exploited_since,
        because=issue.because,
        deadline=issue.deadline,
        due_at=issue.due_at,
        status=issue.status,
        justification=issue.justification,
        reason=issue.reason,
        by=issue.by,
        until=issue.until,
    )
