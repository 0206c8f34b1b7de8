"""Vulnerabilities: what is to be done, by when, and where the scanners disagree."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from markupsafe import Markup
from starlette.exceptions import HTTPException

from auditwright.app.queries import releases, vulnerabilities
from auditwright.app.queries.releases import OverlapDocument, UpgradeDocument
from auditwright.app.queries.vulnerabilities import IssueRow, VulnerabilitiesPage
from auditwright.app.rights import Right
from auditwright.core.log import parse_iso
from auditwright.render import words
from auditwright.render.release.words import REASONS
from auditwright.vulns.grounds import Origin
from auditwright.web.charts import Deadline, Overlap, deadline_clock, overlap_bars
from auditwright.web.listing import Cell, Column, Listing, exports, show
from auditwright.web.visit import Visit, may

router = APIRouter()

STATES: Mapping[str, tuple[str, str]] = {
    "past": ("bad", "Past deadline"),
    "within": ("due", "Within deadline"),
    "unbound": ("due", "With the next upgrade"),
    "accepted": ("wav", "Accepted"),
    "not affected": ("na", "Not affected"),
    "met": ("ok", "Gone in time"),
    "missed": ("bad", "Gone late"),
}
"""By state, its kind of status and its words."""


ORIGINS: Mapping[Origin, str] = {
    Origin.SETTINGS: "The program's settings",
    Origin.INVENTORY: "What was collected",
    Origin.NOBODY: "Nobody",
}
"""Who says what is known of an asset."""


def _name(row: IssueRow) -> str:
    return f"{row.line} {row.architecture}".strip()


def _state(visit: Visit, row: IssueRow) -> Cell:
    state = row.state(visit.view.as_of)
    kind, said = STATES[state]
    if state == "accepted" and row.accepted_until:
        said = f"Accepted until {words.day(row.accepted_until)}"
    return Cell(text=said, status=kind, sub=_left(row, visit.view.as_of, state))


def _left(row: IssueRow, at: datetime, state: str) -> str:
    if state not in {"past", "within"} or row.due_at is None or row.allowed is None:
        return row.not_affected if state == "not affected" else ""
    days = abs((row.due_at - at).days)
    allowed = row.allowed.days
    return f"{days} d past, of {allowed}" if state == "past" else f"{days} d left of {allowed}"


ISSUES: Listing[IssueRow] = Listing(
    path="/vulnerabilities",
    noun="issue",
    form=vulnerabilities.ISSUES,
    answer=vulnerabilities.issues,
    offered=vulnerabilities.offered,
    columns=(
        Column(
            name="vulnerability",
            title="Vulnerability",
            value=lambda row: row.id,
            cell=lambda visit, row: Cell(
                text=row.id,
                href=visit.link(
                    "/vulnerabilities/one",
                    line=row.line,
                    architecture=row.architecture,
                    id=row.id,
                    package=row.package,
                ),
            ),
            sort="id",
        ),
        Column(
            name="package",
            title="Package",
            value=lambda row: row.package,
            cell=lambda _, row: Cell(text=words.clipped(row.package, 80), sub=row.ecosystem),
            sort="package",
        ),
        Column(name="asset", title="Asset", value=_name, sort="line"),
        Column(
            name="severity",
            title="Severity",
            value=lambda row: row.severity,
            cell=lambda _, row: Cell(text=row.severity.capitalize(), severity=row.severity),
            sort="gravest",
        ),
        Column(name="state", title="State", value=lambda row: row.label, cell=_state, sort="due_at"),
        Column(
            name="due_at",
            title="Due",
            value=lambda row: row.due_at,
            cell=lambda _, row: Cell(text=words.day(row.due_at) if row.due_at else row.label),
            sort="due_at",
        ),
        Column(name="tools", title="Shown by", value=lambda row: row.tools),
        Column(name="ids", title="", value=lambda row: row.ids),
        Column(name="detected_at", title="", value=lambda row: row.detected_at, sort="detected_at"),
        Column(name="gone_at", title="", value=lambda row: row.gone_at),
        Column(name="accepted_until", title="", value=lambda row: row.accepted_until),
        Column(name="not_affected", title="", value=lambda row: row.not_affected),
    ),
)

exports(router, ISSUES, Right.READ_SYSTEMS)

SHOWN_UPGRADES = 12


@router.get("/vulnerabilities")
def overview(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Response:
    """Every issue, and the upgrades that clear them."""
    page = vulnerabilities.vulnerabilities_page(visit.view)
    document = releases.newest_document(visit.view)
    upgrades = document.upgrades if document else ()
    return visit.page(
        "vulnerabilities.html",
        page=page,
        headline=_headline(page, upgrades),
        list=show(visit, ISSUES),
        document=document,
        upgrades=[(each, due_of(each, visit.view.as_of)) for each in upgrades[:SHOWN_UPGRADES]],
        left_out=max(len(upgrades) - SHOWN_UPGRADES, 0),
        overlaps=[(each, overlap_of(each)) for each in document.disagreement] if document else [],
        reasons=REASONS,
    )


NAMED_BY = ("line", "architecture", "id", "package")
"""What names one issue in an address."""


@router.get("/vulnerabilities/one")
def one(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Response:
    """One issue on one asset line."""
    asked = [visit.request.query_params.get(name, "") for name in NAMED_BY]
    found = vulnerabilities.issue_page(visit.view, asked)
    if found is None:
        raise HTTPException(404)
    state = found.row.state(visit.view.as_of)
    return visit.page(
        "vulnerability.html",
        page=found,
        state=STATES[state],
        left=_left(found.row, visit.view.as_of, state),
        clock=_clock(found.row, visit.view.as_of),
        place=_name(found.row),
        names=_name,
        states=STATES,
        origins=ORIGINS,
    )


def _headline(page: VulnerabilitiesPage, upgrades: tuple[UpgradeDocument, ...]) -> str:
    if not page.lines:
        return "No scanner's report was taken in yet"
    opened = words.many(page.open, "open issue")
    if page.past:
        return f"{words.number(page.past)} of {opened} {'is' if page.past == 1 else 'are'} past the deadline"
    if upgrades:
        return f"{opened}, {words.many(len(upgrades), 'upgrade')} to make, none past its deadline"
    return f"{opened}, none past its deadline"


def due_of(upgrade: UpgradeDocument, at: datetime) -> str:
    """When the soonest of an upgrade's issues is due, in words."""
    if upgrade.due_at is None:
        return "with the next upgrade"
    due = parse_iso(upgrade.due_at)
    days = abs((due - at).days)
    return f"{words.many(days, 'day')} past" if due < at else f"{words.many(days, 'day')} left"


def overlap_of(overlap: OverlapDocument) -> Markup:
    """Two scanners on one scale."""
    return overlap_bars(
        Overlap(
            first=overlap.left,
            second=overlap.right,
            only_first=overlap.left_only,
            both=overlap.both,
            only_second=overlap.right_only,
        )
    )


def _clock(row: IssueRow, at: datetime) -> Markup | None:
    if row.due_at is None or row.allowed is None or not row.is_open:
        return None
    return deadline_clock(Deadline(left_days=(row.due_at - at).days, allowed_days=row.allowed.days))
