"""Vulnerabilities with their clocks, the upgrades that clear them, and where scanners disagree."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Generic, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from auditwright.app.queries import releases, vulnerabilities
from auditwright.app.queries.releases import ReleaseDocument
from auditwright.app.queries.view import View
from auditwright.app.queries.vulnerabilities import IssueRow
from auditwright.app.rights import Right
from auditwright.core.question import Answer, Question
from auditwright.vulns.ledger import Clock
from auditwright.web.api.releases import (
    ScannersCompared,
    UpgradeToMake,
    scanners_compared,
    upgrade_to_make,
)
from auditwright.web.api.rows import NO_NUL, PREFIX, Rows, asks, listed
from auditwright.web.visit import Visit, may

T = TypeVar("T")

router = APIRouter(prefix=PREFIX, tags=["Systems"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerabilities:
    """All issues in figures."""

    open: int
    past: int
    """Open after their deadline."""
    soon: int
    """Open, and due within a week."""
    accepted: int
    not_affected: int
    lines: int
    scanned_at: datetime | None
    """Of the asset that was looked at longest ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerabilityRow:
    """One issue of one asset, and where it stands."""

    id: str
    ids: tuple[str, ...]
    package: str
    ecosystem: str
    line: str
    architecture: str
    severity: str
    state: str
    detected_at: datetime
    due_at: datetime | None
    allowed: timedelta | None
    """From detection to the deadline."""
    gone_at: datetime | None
    accepted_until: datetime | None
    not_affected: str
    tools: tuple[str, ...]
    last_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A deadline of an issue, and why it is so."""

    set_at: datetime
    due_at: datetime | None
    """None: with the next planned upgrade."""
    label: str
    table: str
    """The decision table of that day."""
    reason: str
    facts: Mapping[str, str]
    """What the table was told; `unknown` where nobody knew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningClock:
    """One run of an issue, from detection until it was gone."""

    detected_at: datetime
    gone_at: datetime | None
    deadlines: Sequence[Deadline]
    """The first is that of detection, the last is in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision about an issue, as the program folder states it."""

    status: str
    justification: str
    reason: str
    author: str
    approver: str
    at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeVulnerability:
    """One issue of one asset, and all that is known of it."""

    row: VulnerabilityRow
    clocks: Sequence[RunningClock]
    """The last is the one that counts now."""
    decisions: Sequence[Decided]
    elsewhere: Sequence[VulnerabilityRow]
    """The same vulnerability on other assets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestReport(Generic[T]):
    """What the newest release report says."""

    release: str | None
    """None where none was published."""
    rows: Sequence[T]


@router.get("/vulnerabilities", openapi_extra=asks(vulnerabilities.ISSUES))
def rows(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Rows[VulnerabilityRow]:
    """Issues of every asset; what is to be done first comes first."""

    def answer(view: View, question: Question) -> Answer[VulnerabilityRow]:
        found = vulnerabilities.issues(view, question)
        return Answer(rows=[_row(each, view.as_of) for each in found.rows], total=found.total)

    return listed(visit, vulnerabilities.ISSUES, answer)


@router.get("/vulnerabilities/upgrades")
def upgrades(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> NewestReport[UpgradeToMake]:
    """The upgrades to make, each with the issues that it clears, by the newest release report."""
    return _newest(visit, lambda document: [upgrade_to_make(each) for each in document.upgrades])


@router.get("/vulnerabilities/disagreement")
def disagreement(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> NewestReport[ScannersCompared]:
    """Where scanners disagree and why, by the newest release report."""
    return _newest(visit, lambda document: [scanners_compared(each) for each in document.disagreement])


@router.get("/vulnerabilities/counts")
def counts(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Vulnerabilities:
    """All issues in figures."""
    page = vulnerabilities.vulnerabilities_page(visit.view)
    return Vulnerabilities(
        open=page.open,
        past=page.past,
        soon=page.soon,
        accepted=page.accepted,
        not_affected=page.not_affected,
        lines=page.lines,
        scanned_at=page.scanned_at,
    )


class WhichIssue(BaseModel):
    """What tells an issue from every other."""

    line: str = Field(pattern=NO_NUL, max_length=1_000)
    architecture: str = Field(default="", pattern=NO_NUL, max_length=1_000)
    id: str = Field(pattern=NO_NUL, max_length=1_000)
    package: str = Field(pattern=NO_NUL, max_length=1_000)


@router.get("/vulnerabilities/one")
def issue(
    visit: Annotated[Visit, may(Right.READ_SYSTEMS)], which: Annotated[WhichIssue, Query()]
) -> WholeVulnerability:
    """One issue of one asset, with what was decided about it and where else it is."""
    wanted = (which.line, which.architecture, which.id, which.package)
    found = vulnerabilities.issue_page(visit.view, wanted)
    if found is None:
        raise HTTPException(404)
    at = visit.view.as_of
    return WholeVulnerability(
        row=_row(found.row, at),
        clocks=[_clock(each) for each in found.entry.clocks],
        decisions=[
            Decided(
                status=each.status,
                justification=each.justification,
                reason=each.reason,
                author=each.author,
                approver=each.approver,
                at=each.at,
                until=each.until,
            )
            for each in found.decisions
        ],
        elsewhere=[_row(each, at) for each in found.elsewhere],
    )


def _newest(visit: Visit, told: Callable[[ReleaseDocument], Sequence[T]]) -> NewestReport[T]:
    document = releases.newest_document(visit.view)
    if document is None:
        return NewestReport(release=None, rows=[])
    return NewestReport(release=document.release, rows=told(document))


def _clock(clock: Clock) -> RunningClock:
    return RunningClock(
        detected_at=clock.detected_at,
        gone_at=clock.gone_at,
        deadlines=[
            Deadline(
                set_at=each.set_at,
                due_at=each.due_at,
                label=each.label,
                table=each.table,
                reason=each.reason,
                facts=each.facts,
            )
            for each in clock.terms
        ],
    )


def _row(row: IssueRow, at: datetime) -> VulnerabilityRow:
    return VulnerabilityRow(
        id=row.id,
        ids=row.ids,
        package=row.package,
        ecosystem=row.ecosystem,
        line=row.line,
        architecture=row.architecture,
        severity=row.severity,
        state=row.state(at),
        detected_at=row.detected_at,
        due_at=row.due_at,
        allowed=row.allowed,
        gone_at=row.gone_at,
        accepted_until=row.accepted_until,
        not_affected=row.not_affected,
        tools=row.tools,
        last_seen_at=row.last_seen_at,
    )
