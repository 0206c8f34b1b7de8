"""Waivers: the list, asking for one, deciding as another person, and ending one before its time."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from auditwright.app import waiving
from auditwright.app.queries import waivers
from auditwright.app.queries.program import test_rows
from auditwright.app.queries.waivers import WaiverRow, WaiverState
from auditwright.app.rights import Right
from auditwright.app.waiving import AskingError, Ruling, WaivingError, Wish
from auditwright.core.act import Decision
from auditwright.core.ids import TestId, WaiverId
from auditwright.render import words
from auditwright.web.forms import Sent, Told, beginning_of, day_of, lines_of
from auditwright.web.listing import Cell, Column, Listing, exports, show
from auditwright.web.visit import Visit, may

router = APIRouter()

KINDS = {
    WaiverState.OPEN: "due",
    WaiverState.IN_FORCE: "wav",
    WaiverState.NOT_YET: "due",
    WaiverState.LAPSED: "na",
    WaiverState.ENDED: "na",
    WaiverState.DECLINED: "na",
}

DONE = {
    "asked": "Another person decides it. Until then nothing changes.",
    "approved": "It counts from now on: the items that it covers are shown as waived until it ends.",
    "declined": "It never counts. Whoever asked reads the note.",
    "ended": "What it covered is shown as a deviation again.",
}


def state_word(row: WaiverRow) -> str:
    """The state of a waiver in words, with the day that goes with it."""
    match row.state:
        case WaiverState.IN_FORCE:
            return f"In force until {words.day(row.ends_at)}"
        case WaiverState.ENDED:
            return f"Ended {words.day(row.ended_at or row.ends_at)}"
        case _:
            return row.state.capitalize()


def _title(visit: Visit, row: WaiverRow) -> Cell:
    return Cell(
        text=words.clipped(row.reason, 120),
        href=visit.link(address(row.id)),
        sub=f"{words.clipped(row.id, 60)} · {row.title or f'{words.clipped(row.test, 80)}, a test that does not exist any more'}",
    )


def address(waiver: WaiverId) -> str:
    """The page of a waiver."""
    return f"/waivers/{quote(waiver, safe='')}"


WAIVERS: Listing[WaiverRow] = Listing(
    path="/waivers",
    noun="waiver",
    form=waivers.WAIVERS,
    answer=waivers.waivers,
    columns=(
        Column(name="reason", title="Waiver", value=lambda row: row.reason, cell=_title, sort="test"),
        Column(name="id", title="", value=lambda row: row.id),
        Column(name="test", title="", value=lambda row: row.test),
        Column(
            name="items",
            title="Items",
            value=lambda row: row.items,
            cell=lambda _, row: Cell(text=words.some(row.items, 2), code=True),
        ),
        Column(
            name="state",
            title="State",
            value=lambda row: row.state.value,
            cell=lambda _, row: Cell(text=state_word(row), status=KINDS[row.state]),
            sort="rank",
        ),
        Column(
            name="requested_by",
            title="Asked by",
            value=lambda row: row.requested_by,
            cell=lambda _, row: Cell(
                text=words.clipped(row.requested_by, 60),
                sub=f"decided by {words.clipped(row.approved_by, 60)}" if row.approved_by else "",
            ),
            sort="requested_by",
        ),
        Column(name="approved_by", title="", value=lambda row: row.approved_by),
        Column(name="decided_at", title="", value=lambda row: row.decided_at),
        Column(
            name="ends_at",
            title="Ends",
            value=lambda row: row.ends_at,
            cell=lambda _, row: Cell(text=words.day(row.ended_at or row.ends_at)),
            sort="ends_at",
        ),
        Column(name="ended_at", title="", value=lambda row: row.ended_at),
        Column(name="note", title="", value=lambda row: row.note),
        Column(name="place", title="", value=lambda row: row.place),
    ),
)

exports(router, WAIVERS, Right.READ_PROGRAM)


@router.get("/waivers")
def listed(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Response:
    """The waivers."""
    rows = waivers.waiver_rows(visit.view)
    return visit.page(
        "waivers.html",
        list=show(visit, WAIVERS),
        waiting=sum(row.state is WaiverState.OPEN for row in rows),
        in_force=sum(row.state is WaiverState.IN_FORCE for row in rows),
        may_ask=visit.may(Right.ASK_WAIVERS) and not visit.view.looks_back,
    )


class WishSent(Sent):
    """A waiver that is asked for, as the form sends it."""

    test: str = ""
    item: str = ""
    """One item, where a finding's page leads here."""
    items: str = ""
    reason: str = ""
    ends: str = ""

    @property
    def given(self) -> dict[str, str]:
        """The fields of the form."""
        items = self.items or self.item
        return {"test": self.test, "items": items, "reason": self.reason, "ends": self.ends}


class DecisionSent(Sent):
    """A decision, as the form sends it."""

    waiver: str = ""
    decision: str = ""
    note: str = ""


@router.get("/waivers/ask")
def ask_form(visit: Annotated[Visit, may(Right.ASK_WAIVERS)], sent: Annotated[WishSent, Query()]) -> Response:
    """Ask for a waiver: the form, and what it would cover now."""
    return _form(visit, Told(given=sent.given))


@router.post("/waivers/ask")
def ask(visit: Annotated[Visit, may(Right.ASK_WAIVERS)], sent: Annotated[WishSent, Form()]) -> Response:
    """Ask for a waiver."""
    day = day_of(sent.ends)
    wish = Wish(
        test=TestId(sent.test),
        items=lines_of(sent.items),
        reason=sent.reason,
        ends_at=beginning_of(day) if day else None,
    )
    try:
        request = waiving.ask(visit.workspace, visit.actor, wish, visit.now)
    except AskingError as error:
        return _form(visit, Told(problems=error.problems, given=sent.given, status=422))
    return _to(visit, request.id, "asked")


def _form(visit: Visit, told: Told) -> Response:
    wanted = lines_of(told.given["items"])
    return visit.page(
        "waiver_ask.html",
        status=told.status,
        given=told.given,
        problems=told.problems,
        tests=test_rows(visit.view),
        covered=waivers.covered(visit.view, TestId(told.given["test"]), wanted) if wanted else None,
        first_day=visit.now,
        last_day=visit.now + waiving.LONGEST,
    )


@router.post("/waivers/decide")
def decide(
    visit: Annotated[Visit, may(Right.DECIDE_WAIVERS)], sent: Annotated[DecisionSent, Form()]
) -> Response:
    """Approve what another person asked for, or decline it."""
    row = _row(visit, sent.waiver)
    if sent.decision not in {Decision.APPROVED, Decision.DECLINED}:
        return _refused(visit, sent, "Choose to approve it or to decline it.")
    ruling = Ruling(request=row.id, decision=Decision(sent.decision), note=sent.note)
    try:
        waiving.decide(visit.workspace, visit.actor, ruling, visit.now)
    except WaivingError as error:
        return _refused(visit, sent, str(error))
    return _to(visit, row.id, sent.decision)


def _refused(visit: Visit, sent: DecisionSent, why: str) -> Response:
    """The page as it is now, with why nothing was changed, and the note for another try."""
    told = Told(problems={"decision": why}, given={"note": sent.note}, status=409)
    return _page(visit, _row(visit, sent.waiver), told)


@router.get("/waivers/end")
def end_form(visit: Annotated[Visit, may(Right.DECIDE_WAIVERS)], waiver: str = "") -> Response:
    """Ask whether to end a waiver, and say what is lost."""
    row = _row(visit, waiver)
    if row.place or row.state is not WaiverState.IN_FORCE:
        raise HTTPException(404)
    held = waivers.covered(visit.view, row.test, row.items)
    return visit.page("waiver_end.html", row=row, covered=held, state=state_word(row))


@router.post("/waivers/end")
def end(
    visit: Annotated[Visit, may(Right.DECIDE_WAIVERS)], sent: Annotated[DecisionSent, Form()]
) -> Response:
    """End a waiver before its time."""
    row = _row(visit, sent.waiver)
    try:
        waiving.end(visit.workspace, visit.actor, row.id, visit.now)
    except WaivingError as error:
        return _refused(visit, sent, str(error))
    return _to(visit, row.id, "ended")


@router.get("/waivers/{waiver:path}")
def one(visit: Annotated[Visit, may(Right.READ_PROGRAM)], waiver: str, done: str = "") -> Response:
    """One waiver."""
    return _page(visit, _row(visit, waiver), Told(done=DONE.get(done, "")))


def _row(visit: Visit, waiver: str) -> WaiverRow:
    found = waivers.waiver_row(visit.view, WaiverId(waiver))
    if found is None:
        raise HTTPException(404)
    return found


def _to(visit: Visit, waiver: WaiverId, done: str) -> Response:
    return RedirectResponse(visit.link(address(waiver), done=done), status_code=303)


def _page(visit: Visit, row: WaiverRow, told: Told) -> Response:
    decides = visit.may(Right.DECIDE_WAIVERS) and not visit.view.looks_back and not row.place
    asked_it = row.requested_account == visit.actor.person
    return visit.page(
        "waiver.html",
        status=told.status,
        row=row,
        state=state_word(row),
        kind=KINDS[row.state],
        covered=waivers.covered(visit.view, row.test, row.items),
        is_own=decides and asked_it and row.state is WaiverState.OPEN,
        may_decide=decides and not asked_it and row.state is WaiverState.OPEN,
        may_end=decides and row.state is WaiverState.IN_FORCE,
        done=told.done,
        problem=told.problems.get("decision", ""),
        note=told.given.get("note", ""),
    )
