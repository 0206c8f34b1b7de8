"""Runs: what each collected and concluded, one that is under way as it goes, and the button that starts it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from auditwright.app.acting import Deed, acting
from auditwright.app.background import AtWork
from auditwright.app.errors import AppError
from auditwright.app.queries import runs as queries
from auditwright.app.queries.runs import FORM, GAPS_FORM, Course, Now, RunRow
from auditwright.app.queries.view import View
from auditwright.app.registry import streams
from auditwright.app.rights import Right
from auditwright.app.running import under_way
from auditwright.core.ids import RunId
from auditwright.core.outcome import Conclusion
from auditwright.core.question import Answer, Question
from auditwright.core.run import GapRecord, RunKind
from auditwright.render.words import moment
from auditwright.web.listing import Cell, Column, Listing, export, show
from auditwright.web.visit import Visit, may

router = APIRouter()

COURSES: Mapping[Course, tuple[str, str]] = {
    Course.FINISHED: ("ok", "Finished"),
    Course.UNDER_WAY: ("run", "Under way"),
    Course.ELSEWHERE: ("run", "Under way elsewhere"),
    Course.INTERRUPTED: ("und", "Interrupted"),
}
"""The kind of status and the word of each (design guide 6)."""

CONCLUSIONS: Mapping[Conclusion, tuple[str, str]] = {
    Conclusion.EXCEPTIONS: ("bad", "Exceptions"),
    Conclusion.INCONCLUSIVE: ("und", "Inconclusive"),
    Conclusion.DID_NOT_OCCUR: ("zero", "Did not occur"),
    Conclusion.NO_EXCEPTIONS: ("ok", "No exceptions"),
}

DONE: Mapping[str, tuple[str, str]] = {
    "started": (
        "The run is under way",
        "You can leave this page; it goes on, and everybody sees how far it is.",
    ),
    "stopping": (
        "The run stops after the question that is under way",
        "What was answered is kept. Whoever runs next takes it up there.",
    ),
}
"""What is said after an act, by the code that the address carries."""


def took(value: timedelta | None) -> str:
    """A duration in words: `41 s`, `3 min 12 s`, `2 h 5 min`."""
    if value is None:
        return ""
    seconds = max(int(value.total_seconds()), 0)
    minutes, hours = seconds // 60, seconds // 3600
    if not minutes:
        return f"{seconds} s"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min {seconds % 60} s"


def _started(visit: Visit, row: RunRow) -> Cell:
    what = "Took in a saved answer" if row.run.kind is RunKind.IMPORT else "Collected and tested"
    return Cell(text=moment(row.run.started_at), href=visit.link(f"/runs/{row.run.id}"), sub=what)


def _course(visit: Visit, row: RunRow) -> Cell:
    del visit
    kind, word = COURSES[row.course]
    return Cell(status=kind, text=word)


def _came_of_it(visit: Visit, row: RunRow) -> Cell:
    del visit
    if not row.results:
        return Cell(text="" if row.run.kind is RunKind.COLLECTION else "Tested by the next run")
    first, *rest = (f"{count} {each}" for each, count in row.results.items())
    return Cell(text=first, sub=", ".join(rest))


def _gaps(visit: Visit, row: RunRow) -> Cell:
    return Cell(text=str(row.gaps), href=visit.link(f"/runs/{row.run.id}/gaps") if row.gaps else "")


def _listing(now: Now) -> Listing[RunRow]:
    def answer(view: View, question: Question) -> Answer[RunRow]:
        return queries.runs(view, question, now)

    return Listing(
        path="/runs",
        noun="run",
        form=FORM,
        answer=answer,
        columns=(
            Column(
                name="started_at",
                title="Started",
                value=lambda row: row.run.started_at,
                cell=_started,
                sort="started_at",
            ),
            Column(name="run", title="", value=lambda row: row.run.id),
            Column(name="kind", title="", value=lambda row: row.run.kind.value),
            Column(name="state", title="State", value=lambda row: row.course.value, cell=_course),
            Column(name="finished_at", title="", value=lambda row: row.run.finished_at),
            Column(name="took", title="Took", value=lambda row: took(row.took), numeric=True),
            Column(name="jobs", title="Scopes asked", value=lambda row: row.jobs, numeric=True),
            Column(name="gaps", title="Not seen", value=lambda row: row.gaps, cell=_gaps, numeric=True),
            Column(
                name="results",
                title="What came of it",
                value=lambda row: tuple(f"{count} {each}" for each, count in row.results.items()),
                cell=_came_of_it,
            ),
        ),
    )


@router.get("/runs")
def listed(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], done: str = "") -> Response:
    """All runs, the newest first, and what is at work."""
    now = _now(visit)
    return visit.page(
        "runs.html",
        list=show(visit, _listing(now)),
        now=now,
        problem=visit.site.background.problem if now.here is None else "",
        done=DONE.get(done),
    )


@router.get("/runs.csv")
def as_csv(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Response:
    """Every run, as CSV."""
    return export(visit, _listing(_now(visit)), "csv")


@router.get("/runs.json")
def as_json(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Response:
    """Every run, as JSON."""
    return export(visit, _listing(_now(visit)), "json")


@router.post("/runs/start")
def start(visit: Annotated[Visit, may(Right.RUN)]) -> Response:
    """Start a run, or take up the one that was interrupted."""
    now = _now(visit)
    try:
        run = begin(visit, now)
    except AppError as error:
        return visit.page(
            "runs.html", status=409, list=show(visit, _listing(now)), now=now, problem=str(error), done=None
        )
    return RedirectResponse(f"/runs/{run}?done=started" if run else "/runs?done=started", status_code=303)


def begin(visit: Visit, now: queries.Now) -> RunId | None:
    """Begin what is to be run; raises AppError where something is under way."""
    if now.here is None and now.process:
        raise AppError(under_way(now.process))
    if now.here is None:
        resumed = now.unfinished
        deed = Deed(
            actor=visit.actor,
            verb="run.start",
            subject=resumed.id if resumed else "run",
            detail=f"Took up {resumed.id}." if resumed else "Started a run.",
        )
        with acting(visit.workspace, deed, visit.now):
            pass  # the act is the whole of it: nothing begins without its leaf
    return visit.site.background.start(visit.workspace, visit.site.look_again)


@router.post("/runs/stop")
def stop(visit: Annotated[Visit, may(Right.RUN)]) -> Response:
    """Stop the run of this process after the question that is under way."""
    at_work = halt(visit)
    if at_work is None:
        return RedirectResponse("/runs", status_code=303)
    where = f"/runs/{at_work.run}" if at_work.run else "/runs"
    return RedirectResponse(f"{where}?done=stopping", status_code=303)


def halt(visit: Visit) -> AtWork | None:
    """Stop what this process runs; None where it runs nothing."""
    at_work = visit.site.background.at_work()
    if at_work is None:
        return None
    deed = Deed(actor=visit.actor, verb="run.stop", subject=at_work.run or "run", detail="Stopped a run.")
    with acting(visit.workspace, deed, visit.now):
        visit.site.background.stop()
    return at_work


@router.get("/runs/{run}")
def one(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], run: str, done: str = "") -> Response:
    """One run: how far it is, or what came of it."""
    now = _now(visit)
    page = queries.run_page(visit.view, RunId(run), now)
    if page is None:
        if now.here is None or now.here.run != run:
            raise HTTPException(404)
        return visit.page("run_begins.html", run=run)
    return visit.page(
        "run_one.html",
        page=page,
        run=page.row.run,
        now=now,
        course=COURSES[page.row.course],
        is_live=page.row.course in {Course.UNDER_WAY, Course.ELSEWHERE},
        took=took(page.row.took or (visit.now - page.row.run.started_at)),
        conclusions=CONCLUSIONS,
        done=DONE.get(done),
    )


@router.get("/runs/{run}/gaps")
def gaps(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], run: str) -> Response:
    """Everything that a run could not see, and why."""
    return visit.page("run_gaps.html", run=run, list=show(visit, _gap_listing(visit, run)))


@router.get("/runs/{run}/gaps.csv")
def gaps_csv(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], run: str) -> Response:
    """The same as CSV."""
    return export(visit, _gap_listing(visit, run), "csv")


@router.get("/runs/{run}/gaps.json")
def gaps_json(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], run: str) -> Response:
    """The same as JSON."""
    return export(visit, _gap_listing(visit, run), "json")


def _now(visit: Visit) -> Now:
    return queries.what_is_at_work(visit.view, visit.site.background.at_work())


def _gap_listing(visit: Visit, run: str) -> Listing[GapRecord]:
    held = visit.workspace.stores.records.run(RunId(run))
    if held is None or held.started_at > visit.view.as_of:
        raise HTTPException(404)

    def answer(view: View, question: Question) -> Answer[GapRecord]:
        return queries.gaps_of(view, RunId(run), question)

    def offered(view: View) -> Mapping[str, tuple[str, ...]]:
        return queries.gaps_offered(view, RunId(run))

    return Listing(
        path=f"/runs/{quote(run, safe='')}/gaps",
        noun="gap",
        form=GAPS_FORM,
        answer=answer,
        offered=offered,
        columns=GAP_COLUMNS,
    )


def _question(visit: Visit, record: GapRecord) -> Cell:
    del visit
    known = streams().get(record.gap.stream)
    about = f" of {record.gap.subject}" if record.gap.subject else ""
    return Cell(text=f"{record.gap.operation}{about}"[:300], sub=known.title if known else record.gap.stream)


def _why(visit: Visit, record: GapRecord) -> Cell:
    del visit
    return Cell(text=f"{record.gap.reason}: {record.gap.detail}"[:600], sub=record.gap.remedy[:600])


GAP_COLUMNS: tuple[Column[GapRecord], ...] = (
    Column(
        name="operation",
        title="Question",
        value=lambda each: each.gap.operation,
        cell=_question,
        sort="operation",
    ),
    Column(name="subject", title="", value=lambda each: each.gap.subject),
    Column(name="stream", title="", value=lambda each: each.gap.stream),
    Column(
        name="scope",
        title="Where",
        value=lambda each: str(each.gap.scope),
        cell=lambda _, each: Cell(text=str(each.gap.scope)[:200]),
    ),
    Column(
        name="hides",
        title="Hides",
        value=lambda each: "items" if each.gap.hides_items else "facts",
    ),
    Column(
        name="reason",
        title="Why, and what to do",
        value=lambda each: each.gap.reason.value,
        cell=_why,
        sort="reason",
    ),
    Column(name="detail", title="", value=lambda each: each.gap.detail),
    Column(name="remedy", title="", value=lambda each: each.gap.remedy),
    Column(name="at", title="", value=lambda each: each.gap.at),
)
