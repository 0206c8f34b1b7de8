"""Waivers of the program folder and those that people asked for: where each stands, and what it covers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auditwright.app.queries.board import board
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.program import result_of, test_row
from auditwright.app.queries.view import View
from auditwright.core.act import Decision, WaiverRequest
from auditwright.core.ids import AccountId, ResourceId, TestId, WaiverId
from auditwright.core.outcome import Deviation, Observation
from auditwright.core.question import Answer, Question, answered
from auditwright.core.waiver import Waiver, names


class WaiverState(StrEnum):
    """Where a waiver stands; what waits for somebody comes first."""

    OPEN = "open request"
    IN_FORCE = "in force"
    NOT_YET = "not yet in force"
    LAPSED = "lapsed"
    """Nobody decided it before it would have ended."""
    ENDED = "ended"
    DECLINED = "declined"


WAIVERS = ListForm(
    sorts=("rank", "test", "ends_at", "requested_by"),
    order=("rank", "ends_at"),
    filters=(
        Filter(
            name="state", title="State", field="state", values=tuple(state.value for state in WaiverState)
        ),
        Filter(name="test", title="Test", field="test"),
    ),
    searched=("id", "test", "title", "reason", "requested_by", "approved_by", "listed"),
)

_RANK = list(WaiverState)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRow:
    """A waiver, wherever it was written."""

    id: WaiverId
    test: TestId
    title: str
    """Of the test; empty where it does not exist any more, or may not be seen."""
    items: tuple[str, ...]
    reason: str
    state: WaiverState
    requested_by: str
    requested_at: datetime | None
    """None where a file does not say it."""
    requested_account: AccountId | None
    """Who asked for it here; None of a file's."""
    approved_by: str
    """Who decided it; empty while nobody did."""
    decided_at: datetime | None
    ends_at: datetime
    """When it ends, or ended, by itself."""
    ended_at: datetime | None
    """When somebody ended it before."""
    ended_by: str
    note: str
    place: str
    """The file and line; empty where it was asked for here."""

    @property
    def rank(self) -> int:
        """What waits for somebody comes first."""
        return _RANK.index(self.state)

    @property
    def listed(self) -> str:
        """Its items as one text, for searches."""
        return "\n".join(self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """What ids and patterns stand for among the items that deviate now."""

    items: tuple[Observation, ...]
    deviating: int
    examined: int
    ran: bool
    """False where the test has not run, so that nothing can be said."""


def waivers(view: View, question: Question) -> Answer[WaiverRow]:
    """The waivers that may be seen."""
    return answered(waiver_rows(view), question, value=_field, key=("id",))


def _field(row: WaiverRow, name: str) -> object:
    return row.state.value if name == "state" else getattr(row, name)


def waiver_rows(view: View) -> Sequence[WaiverRow]:
    """Every waiver that may be seen, as of the view; an auditor sees those of tests that they see."""
    program = view.workspace.program
    filed = (_of_file(view, each, program.waiver_places[each.id]) for each in program.waivers)
    requests = view.workspace.stores.records.kept(WaiverRequest)
    asked = (_of_request(view, each) for each in requests if each.requested_at <= view.as_of)
    return [row for row in (*filed, *asked) if view.engagement is None or row.title]


def waiver_row(view: View, wanted: WaiverId) -> WaiverRow | None:
    """One waiver; None where there is none that may be seen."""
    return next((row for row in waiver_rows(view) if row.id == wanted), None)


def waivers_naming(view: View, test: TestId, item: ResourceId) -> tuple[WaiverRow, ...]:
    """The waivers that name an item of a test, in whatever state; what waits for somebody comes first."""
    found = (row for row in waiver_rows(view) if row.test == test and names(row.items, item))
    return tuple(sorted(found, key=lambda row: (row.rank, -row.ends_at.timestamp())))


def open_requests(view: View) -> int:
    """How many requests wait for a decision."""
    return sum(row.state is WaiverState.OPEN for row in waiver_rows(view))


def covered(view: View, test: TestId, items: Iterable[str]) -> Covered:
    """What ids and patterns stand for among the items that deviate in the newest run."""
    result = result_of(view, test) if test in board(view).tests else None
    if result is None:
        return Covered(items=(), deviating=0, examined=0, ran=False)
    patterns = tuple(items)
    deviating = [seen for seen in result.observations if isinstance(seen.outcome, Deviation)]
    return Covered(
        items=tuple(seen for seen in deviating if names(patterns, seen.item)),
        deviating=len(deviating),
        examined=len(result.observations),
        ran=True,
    )


def _title(view: View, test: TestId) -> str:
    held = board(view)
    return test_row(view, held, test).title if test in held.tests else ""


def _of_file(view: View, waiver: Waiver, place: str) -> WaiverRow:
    state = WaiverState.IN_FORCE
    if view.as_of < waiver.approved_at:
        state = WaiverState.NOT_YET
    elif waiver.ends_at <= view.as_of:
        state = WaiverState.ENDED
    return WaiverRow(
        id=waiver.id,
        test=waiver.test,
        title=_title(view, waiver.test),
        items=waiver.items,
        reason=waiver.reason,
        state=state,
        requested_by=waiver.requested_by,
        requested_at=None,
        requested_account=None,
        approved_by=waiver.approved_by,
        decided_at=waiver.approved_at,
        ends_at=waiver.ends_at,
        ended_at=None,
        ended_by="",
        note="",
        place=place,
    )


def _of_request(view: View, request: WaiverRequest) -> WaiverRow:
    decided = request.decided_at is not None and request.decided_at <= view.as_of
    ended = request.ended_at is not None and request.ended_at <= view.as_of
    return WaiverRow(
        id=request.id,
        test=request.test,
        title=_title(view, request.test),
        items=request.items,
        reason=request.reason,
        state=_state(request, view.as_of, decided=decided, ended=ended),
        requested_by=request.requested_name,
        requested_at=request.requested_at,
        requested_account=request.requested_by,
        approved_by=request.decided_name if decided else "",
        decided_at=request.decided_at if decided else None,
        ends_at=request.ends_at,
        ended_at=request.ended_at if ended else None,
        ended_by=request.ended_name if ended else "",
        note=request.note if decided else "",
        place="",
    )


def _state(request: WaiverRequest, at: datetime, *, decided: bool, ended: bool) -> WaiverState:
    if not decided:
        return WaiverState.OPEN if at < request.ends_at else WaiverState.LAPSED
    if request.decision is Decision.DECLINED:
        return WaiverState.DECLINED
    return WaiverState.ENDED if ended or request.ends_at <= at else WaiverState.IN_FORCE
