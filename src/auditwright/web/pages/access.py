"""Access: does every path to what matters need a second factor, and what would close those that do not."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from markupsafe import Markup
from starlette.exceptions import HTTPException

from auditwright.app.queries import access
from auditwright.app.queries.access import AccessPage, TargetPage
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.question import Answer, Question
from auditwright.core.resources import ProvedAccess
from auditwright.render import words
from auditwright.render.access import elsewhere_line, needs_of
from auditwright.render.path_svg import proved_path_svg, steps_shown
from auditwright.web.listing import Cell, Column, Listing, export, show
from auditwright.web.visit import Visit, may

router = APIRouter()

MAX_TRIED = 100
"""Ids in one address; fewer are offered."""

VERDICTS: Mapping[str, tuple[str, str]] = {
    "reachable": ("bad", "REACHABLE"),
    "unknown": ("und", "UNKNOWN"),
    "unreachable": ("ok", "PROVED UNREACHABLE"),
}
"""By verdict, its kind of status and its words (design guide 6)."""


def _credentials(target: str) -> Listing[ProvedAccess]:
    def answer(view: View, question: Question) -> Answer[ProvedAccess]:
        return access.credentials(view, target, question)

    return Listing(
        path="/access/credentials",
        noun="credential",
        form=access.CREDENTIALS,
        answer=answer,
        keeps=(("target", target),),
        columns=(
            Column(
                name="credential",
                title="Credential",
                value=lambda row: row.credential,
                cell=lambda _, row: Cell(
                    text=words.clipped(row.credential, 160), sub=words.clipped(row.principal, 200)
                ),
                sort="credential",
            ),
            Column(name="principal", title="", value=lambda row: row.principal),
            Column(name="type", title="Kind", value=lambda row: row.credential_type, sort="credential_type"),
            Column(
                name="verdict",
                title="Verdict",
                value=lambda row: row.verdict,
                cell=lambda _, row: Cell(text=VERDICTS[row.verdict][1], status=VERDICTS[row.verdict][0]),
                sort="worst",
            ),
            Column(
                name="path",
                title="How",
                value=lambda row: row.path,
                cell=lambda _, row: Cell(
                    text=words.clipped(row.path[-1], 200) if row.path else "",
                    sub="; ".join(words.clipped(each, 160) for each in row.missing[:2]),
                ),
            ),
            Column(name="target", title="", value=lambda row: row.target),
            Column(name="missing", title="", value=lambda row: row.missing),
            Column(name="assumptions", title="", value=lambda row: row.assumptions),
            Column(name="certificate", title="", value=lambda row: row.certificate),
        ),
    )


@router.get("/access")
def overview(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], target: str = "") -> Response:
    """Every target, and the one that is chosen."""
    page = access.access_page(visit.view)
    wanted = target or next((each.target for each in page.targets), "")
    chosen = access.target_page(visit.view, wanted) if wanted else None
    if target and chosen is None:
        raise HTTPException(404)
    return visit.page(
        "access.html",
        page=page,
        headline=_headline(page),
        lede=_lede(page),
        chosen=chosen,
        drawing=_drawing(chosen),
        steps=steps_shown(chosen.path) if chosen and chosen.path else (),
        verdicts=VERDICTS,
    )


@router.get("/access/credentials")
def credentials(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], target: str = "") -> Response:
    """What each credential by itself comes to."""
    chosen = access.target_page(visit.view, target)
    if chosen is None:
        raise HTTPException(404)
    return visit.page(
        "access_credentials.html", chosen=chosen, list=show(visit, _credentials(target)), verdicts=VERDICTS
    )


@router.get("/access/credentials.{suffix}")
def credentials_file(
    visit: Annotated[Visit, may(Right.READ_SYSTEMS)], suffix: Literal["csv", "json"], target: str = ""
) -> Response:
    """The same as a file."""
    return export(visit, _credentials(target), suffix)


@router.get("/access/fix")
def fix(
    visit: Annotated[Visit, may(Right.READ_SYSTEMS)],
    target: str = "",
    change: Annotated[list[str] | None, Query(max_length=MAX_TRIED)] = None,
) -> Response:
    """The least that closes a target, and what any of the changes that were considered would come to."""
    chosen = access.target_page(visit.view, target)
    if chosen is None:
        raise HTTPException(404)
    found = access.fix(visit.view, target)
    tried = access.what_if(visit.view, target, change) if found and change else None
    return visit.page(
        "access_fix.html",
        chosen=chosen,
        fix=found,
        picked=set(change or ()),
        fixing={each.id for each in found.repair.changes} if found else set(),
        tried=tried,
        waiting=found is None or bool(change and tried is None),
        verdicts={word: VERDICTS[word.lower()] for word in ("REACHABLE", "UNKNOWN", "UNREACHABLE")},
        elsewhere=[(each, elsewhere_line(each)) for each in found.elsewhere] if found else [],
        needs=needs_of(found.written) if found else (),
    )


@router.get("/access/lint")
def lint(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Response:
    """Conditions on MFA that look right and are not."""
    return visit.page("access_lint.html", linted=access.lint(visit.view))


def _headline(page: AccessPage) -> str:
    what = "a cluster or an account's administrator" if page.clusters else "an account's administrator"
    if not page.targets:
        return "Nothing was proved of access yet"
    if page.count("reachable"):
        return f"Does every path to {what} need a second factor? No."
    if page.count("unknown"):
        return f"Does every path to {what} need a second factor? Not every one is known."
    return f"Every path to {what} needs a second factor"


def _lede(page: AccessPage) -> str:
    parts = [
        f"{words.number(count)} of {words.many(len(page.targets), 'target')} {said}"
        for count, said in (
            (page.count("reachable"), "can be reached with every first factor and no second one"),
            (page.count("unreachable"), "proved unreachable"),
            (page.count("unknown"), "unknown, because facts are missing"),
        )
        if count
    ]
    return (
        f"{'; '.join(parts)}. {words.many(page.credentials, 'credential')} were tried, alone and together."
        if parts
        else ""
    )


def _drawing(chosen: TargetPage | None) -> Markup | None:
    if chosen is None or chosen.path is None:
        return None
    return Markup(proved_path_svg(chosen.path, inline=True))  # noqa: S704  # each text in it is made visible and escaped
