"""Integrations: connect an outside system, see what it shows and what it refuses, check it, and let it go."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from auditwright.app import connecting
from auditwright.app.errors import AppError
from auditwright.app.queries.integrations import IntegrationPage, integration_page, integrations_page
from auditwright.app.rights import Right
from auditwright.core.ids import IntegrationId
from auditwright.core.integration import ConfigField, Takes
from auditwright.web.visit import Visit, may

router = APIRouter()

MAX_FIELDS = 50
"""No integration has as many settings."""

DONE: Mapping[str, tuple[str, str]] = {
    "connected": (
        "It is connected",
        "Give it the permissions that are listed here, check whether it sees what it needs, and run.",
    ),
    "changed": ("The settings were changed", "They count from the next run on."),
    "disconnected": ("It is disconnected", "Nothing more is collected from it. Evidence and results stay."),
}
"""What is said after an act, by the code that the address carries."""

HINTS: Mapping[Takes, str] = {
    Takes.TEXT: "",
    Takes.NUMBER: "A whole number.",
    Takes.TEXTS: "One on each line.",
    Takes.TABLES: "One table on each line.",
}


async def sent(request: Request) -> Mapping[str, str]:
    """The fields of a form that follows from an integration's own settings."""
    async with request.form(max_files=0, max_fields=MAX_FIELDS) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


def address(integration: str) -> str:
    """The page of an integration."""
    return f"/integrations/{quote(integration, safe='')}"


@router.get("/integrations")
def listed(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], done: str = "") -> Response:
    """Every integration."""
    return visit.page("integrations.html", page=integrations_page(visit.view), done=DONE.get(done))


@router.get("/integrations/{name}")
def one(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], name: str) -> Response:
    """One integration: its settings, what it needs, and what it was seen to show."""
    page = _found(visit, name)
    return _shown(visit, page, _as_entered(page), {})


@router.post("/integrations/{name}")
def save(
    visit: Annotated[Visit, may(Right.CONNECT)], name: str, given: Annotated[Mapping[str, str], Depends(sent)]
) -> Response:
    """Connect it, or change its settings."""
    page = _found(visit, name)
    integration = page.row.integration
    if not page.row.can_be_connected:
        raise HTTPException(404)
    visit.prove(address(name))
    read = connecting.entered(visit.workspace, integration, given)
    if read.problems:
        return _shown(visit, page, {**_as_entered(page), **given}, read.problems)
    try:
        connecting.save(visit.workspace, integration, read.changes, (visit.actor, visit.now))
    except AppError as error:
        problems = {integration.fields[0].name: str(error)}
        return _shown(visit, page, {**_as_entered(page), **given}, problems)
    visit.site.look_again()
    done = "changed" if page.row.connected else "connected"
    return RedirectResponse(f"{address(name)}?done={done}", status_code=303)


@router.post("/integrations/{name}/check")
def check(visit: Annotated[Visit, may(Right.CONNECT)], name: str) -> Response:
    """Ask it now, once and cheaply, whether it shows what is needed."""
    page = _found(visit, name)
    visit.site.examinations.start(visit.workspace, page.row.integration.id, visit.site.clock)
    return RedirectResponse(f"{address(name)}#checked", status_code=303)


@router.get("/integrations/{name}/disconnect")
def ask_to_disconnect(visit: Annotated[Visit, may(Right.CONNECT)], name: str) -> Response:
    """What is lost by letting it go."""
    page = _found(visit, name)
    if not page.row.connected:
        raise HTTPException(404)
    return visit.page("integration_disconnect.html", page=page, problem="")


@router.post("/integrations/{name}/disconnect")
def disconnect(visit: Annotated[Visit, may(Right.CONNECT)], name: str) -> Response:
    """Let it go."""
    page = _found(visit, name)
    if not page.row.connected:
        raise HTTPException(404)
    visit.prove(f"{address(name)}/disconnect")
    try:
        connecting.disconnect(visit.workspace, page.row.integration, (visit.actor, visit.now))
    except AppError as error:
        return visit.page("integration_disconnect.html", status=409, page=page, problem=str(error))
    visit.site.look_again()
    return RedirectResponse("/integrations?done=disconnected", status_code=303)


def _found(visit: Visit, name: str) -> IntegrationPage:
    page = integration_page(visit.view, IntegrationId(name))
    if page is None:
        raise HTTPException(404)
    return page


def _as_entered(page: IntegrationPage) -> Mapping[str, str]:
    return {field.name: connecting.as_entered(field, page.values) for field in page.row.integration.fields}


def _shown(
    visit: Visit, page: IntegrationPage, given: Mapping[str, str], problems: Mapping[str, str]
) -> Response:
    integration = page.row.integration
    return visit.page(
        "integration.html",
        status=422 if problems else 200,
        page=page,
        integration=integration,
        given=given,
        problems=problems,
        hints={field.name: _hint(field) for field in integration.fields},
        checked=visit.site.examinations.of(integration.id),
        may_connect=visit.may(Right.CONNECT) and not visit.view.looks_back,
        done=DONE.get(visit.request.query_params.get("done", "")),
    )


def _hint(field: ConfigField) -> str:
    return " ".join(part for part in (field.help, HINTS[field.takes]) if part)
