"""Releases: each vulnerability report as it was published, and two of them side by side."""

from typing import Annotated

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from auditwright.app.queries import releases
from auditwright.app.queries.releases import IssueDocument, ReleaseRow
from auditwright.app.rights import Right
from auditwright.core.ids import Digest
from auditwright.render.release.words import GROUPS, REASONS
from auditwright.vulns.release import Group
from auditwright.web.listing import Cell, Column, Listing, exports, show
from auditwright.web.pages.vulnerabilities import due_of, overlap_of
from auditwright.web.visit import Visit, may

router = APIRouter()

SHOWN = 20
"""Issues of one group on the page; the report's files have all."""

RELEASES: Listing[ReleaseRow] = Listing(
    path="/releases",
    noun="release",
    form=releases.RELEASES,
    answer=releases.releases,
    columns=(
        Column(
            name="release",
            title="Release",
            value=lambda row: row.release,
            cell=lambda visit, row: Cell(
                text=row.release,
                href=visit.link("/releases/one", name=row.release),
                sub=f"issue {row.issue} of its report" if row.issue > 1 else "",
            ),
            sort="release",
        ),
        Column(
            name="published_at",
            title="Published, UTC",
            value=lambda row: row.made_at,
            cell=lambda _, row: Cell(text=f"{row.made_at:%Y-%m-%d %H:%M}"),
            sort="made_at",
        ),
        Column(name="assets", title="Assets", value=lambda row: row.lines),
        Column(name="open", title="Open issues", value=lambda row: row.open, sort="open", numeric=True),
        Column(
            name="upgrades", title="Upgrades", value=lambda row: row.upgrades, sort="upgrades", numeric=True
        ),
    ),
)

exports(router, RELEASES, Right.READ_SYSTEMS)


@router.get("/releases")
def overview(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Response:
    """Every release that was reported."""
    return visit.page("releases.html", list=show(visit, RELEASES))


@router.get("/releases/one")
def one(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], name: str = "", other: str = "") -> Response:
    """One report."""
    found = releases.release_page(visit.view, name, other)
    if found is None:
        raise HTTPException(404)
    document = found.document
    return visit.page(
        "release.html",
        page=found,
        document=document,
        new=[each for each in document.issues if each.change == "new"],
        groups=_groups(document.issues),
        upgrades=[(each, due_of(each, visit.view.as_of)) for each in document.upgrades],
        overlaps=[(each, overlap_of(each)) for each in document.disagreement],
        reasons=REASONS,
        shown=SHOWN,
    )


@router.get("/releases/one/{file}")
def file(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], file: str, name: str = "") -> Response:
    """One form of a report, byte by byte as it was published."""
    found = releases.release_page(visit.view, name)
    kept = next((each for each in found.files if each.name == file), None) if found else None
    if kept is None:
        raise HTTPException(404)
    return Response(
        visit.workspace.stores.evidence.get(Digest(kept.digest)),
        media_type="application/octet-stream",
        headers={
            "content-disposition": f'attachment; filename="{file}"',
            "content-security-policy": "sandbox; default-src 'none'",
        },
    )


def _groups(issues: tuple[IssueDocument, ...]) -> list[tuple[str, str, list[IssueDocument]]]:
    """The issues by where they stand, in the order of the printed report."""
    found = []
    for group in Group:
        members = [each for each in issues if each.group == group.value]
        if members:
            title, how = GROUPS[group]
            found.append((title, how, members))
    return found
