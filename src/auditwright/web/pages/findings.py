"""Findings: the list, and one with its owner, its time, what would put it right, and what people say about it."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from auditwright.app.owning import Owed, OwningError, Remark, assign, comment
from auditwright.app.queries import findings
from auditwright.app.queries.findings import KINDS, FindingPage, FindingRow
from auditwright.app.rights import Right
from auditwright.app.waiving import pattern_of
from auditwright.core.ids import ResourceId, TestId
from auditwright.core.outcome import words_of
from auditwright.render import remedies, words
from auditwright.render.path_svg import proved_path_svg, steps_shown
from auditwright.render.readiness import PathView
from auditwright.web.charts import DayMark, day_strip
from auditwright.web.forms import DAY_WORDS, Sent, Told, day_of
from auditwright.web.listing import Cell, Column, Listing, exports, show
from auditwright.web.pages.program import fine_days
from auditwright.web.visit import Visit, may

router = APIRouter()

DONE = {
    "assigned": "The owner and the due date are recorded, and the audit log has who did it.",
    "commented": "The comment is recorded. It stays as it is.",
}


def state_word(row: FindingRow) -> str:
    """The state of a finding in words; a waiver and a closing always with their day."""
    if row.waived_until is not None:
        return f"Waived until {words.day(row.waived_until)}"
    if row.closed_at is not None:
        return f"Closed {words.day(row.closed_at)}"
    return row.state.capitalize()


def address(visit: Visit, row: FindingRow) -> str:
    """The page of a finding."""
    return visit.link("/findings/one", test=row.test, item=row.item)


def _place(row: FindingRow) -> str:
    return " ".join(each for each in (row.account, row.region) if each)


def _title(visit: Visit, row: FindingRow) -> Cell:
    name = words.clipped(row.name or "(empty)", 80)
    place = _place(row)
    return Cell(
        text=words.clipped(row.what, 160),
        href=address(visit, row),
        sub=f"{name}{' in ' + place if place else ''} · {row.test_title}",
    )


def _due(_: Visit, row: FindingRow) -> Cell:
    if row.due_at is None:
        return Cell(text="none")
    day = words.day(row.due_at)
    return Cell(text=f"Late, {day}", status="bad") if row.late else Cell(text=day)


FINDINGS: Listing[FindingRow] = Listing(
    path="/findings",
    noun="finding",
    form=findings.FINDINGS,
    answer=findings.findings,
    columns=(
        Column(name="what", title="Finding", value=lambda row: row.what, cell=_title, sort="name"),
        Column(name="test", title="", value=lambda row: row.test, sort="test"),
        Column(name="item", title="", value=lambda row: row.item),
        Column(name="name", title="", value=lambda row: row.name),
        Column(name="account", title="", value=lambda row: row.account, sort="account"),
        Column(name="region", title="", value=lambda row: row.region),
        Column(
            name="severity",
            title="Severity",
            value=lambda row: row.severity.value,
            cell=lambda _, row: Cell(text=row.severity.capitalize(), severity=row.severity.value),
            sort="gravest",
        ),
        Column(
            name="state",
            title="State, since",
            value=lambda row: row.state.value,
            cell=lambda _, row: Cell(
                text=state_word(row), status=KINDS[row.state], sub=f"since {words.day(row.first_seen_at)}"
            ),
            sort="first_seen_at",
        ),
        Column(name="waived_until", title="", value=lambda row: row.waived_until),
        Column(name="first_seen_at", title="", value=lambda row: row.first_seen_at),
        Column(name="last_seen_at", title="", value=lambda row: row.last_seen_at),
        Column(name="closed_at", title="", value=lambda row: row.closed_at),
        Column(
            name="owner",
            title="Owner",
            value=lambda row: row.owner,
            cell=lambda visit, row: Cell(
                text=row.owner or "Nobody", href=visit.link("/findings", owner=row.owner) if row.owner else ""
            ),
            sort="owner",
        ),
        Column(name="due_at", title="Due", value=lambda row: row.due_at, cell=_due, sort="due_at"),
        Column(name="controls", title="", value=lambda row: row.controls),
    ),
)

exports(router, FINDINGS, Right.READ_PROGRAM)


@router.get("/findings")
def listed(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Response:
    """The findings."""
    return visit.page("findings.html", list=show(visit, FINDINGS), counts=findings.finding_counts(visit.view))


class OwnerSent(Sent):
    """Who owes a finding, as the form sends it."""

    test: str = ""
    item: str = ""
    owner: str = ""
    due: str = ""


class CommentSent(Sent):
    """A comment, as the form sends it."""

    test: str = ""
    item: str = ""
    text: str = ""


@router.get("/findings/one")
def one(
    visit: Annotated[Visit, may(Right.READ_PROGRAM)], test: str = "", item: str = "", done: str = ""
) -> Response:
    """One finding."""
    return _page(visit, _found(visit, test, item), Told(done=DONE.get(done, "")))


@router.post("/findings/one/owner")
def own(visit: Annotated[Visit, may(Right.OWN_FINDINGS)], sent: Annotated[OwnerSent, Form()]) -> Response:
    """Name who owes a finding, and by when."""
    found = _found(visit, sent.test, sent.item)
    given = {"owner": sent.owner, "due": sent.due}
    day = day_of(sent.due)
    if sent.due.strip() and day is None:
        return _page(visit, found, Told(problems={"due": DAY_WORDS}, given=given, status=422))
    wanted = Owed(
        test=found.row.test,
        item=found.row.item,
        owner=sent.owner,
        due_at=findings.end_of(day) if day else None,
    )
    try:
        assign(visit.workspace, visit.actor, wanted, visit.now)
    except OwningError as error:
        return _page(visit, found, Told(problems=error.problems, given=given, status=422))
    return _back(visit, found, "assigned")


@router.post("/findings/one/comments")
def said(visit: Annotated[Visit, may(Right.OWN_FINDINGS)], sent: Annotated[CommentSent, Form()]) -> Response:
    """Comment on a finding."""
    found = _found(visit, sent.test, sent.item)
    remark = Remark(test=found.row.test, item=found.row.item, text=sent.text)
    try:
        comment(visit.workspace, visit.actor, remark, visit.now)
    except OwningError as error:
        return _page(visit, found, Told(problems=error.problems, given={"text": sent.text}, status=422))
    return _back(visit, found, "commented")


def _found(visit: Visit, test: str, item: str) -> FindingPage:
    found = findings.finding_page(visit.view, TestId(test), ResourceId(item))
    if found is None:
        raise HTTPException(404)
    return found


def _back(visit: Visit, found: FindingPage, done: str) -> Response:
    wanted = visit.link("/findings/one", test=found.row.test, item=found.row.item, done=done)
    return RedirectResponse(wanted, status_code=303)


def _page(visit: Visit, found: FindingPage, told: Told) -> Response:
    row = found.row
    due = f"{row.due_at:%Y-%m-%d}" if row.due_at else ""
    spans = [(span, *(words_of(span.outcome) if span.outcome else ("gone", ""))) for span in found.spans]
    marks = tuple(DayMark(day=each.day, status=each.status) for each in found.days)
    fine = fine_days(found.days)
    return visit.page(
        "finding.html",
        status=told.status,
        page=found,
        row=row,
        state=state_word(row),
        kind=KINDS[row.state],
        place=_place(row),
        told=spans,
        strip=day_strip(marks, label=fine),
        fine=fine,
        remedy=remedies.parts,
        drawing=_drawing(found.path),
        steps=steps_shown(found.path) if found.path else (),
        people=findings.people(visit.view) if visit.may(Right.OWN_FINDINGS) else (),
        pattern=pattern_of(row.item),
        may_own=visit.may(Right.OWN_FINDINGS) and not visit.view.looks_back,
        may_ask=visit.may(Right.ASK_WAIVERS) and not visit.view.looks_back,
        done=told.done,
        problems=told.problems,
        given={"owner": row.owner, "due": due, "text": "", **told.given},
    )


def _drawing(path: PathView | None) -> Markup | None:
    # Each text in the drawing is made visible and escaped there.
    return Markup(proved_path_svg(path, inline=True)) if path else None  # noqa: S704
