"""Integrations: what is connected and how it stands, and one with its settings, permissions, check and last run."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from auditwright.app.connecting import (
    SettingError,
    Wiring,
    configure,
    disconnect,
    given_as_text,
    read_given,
    read_only_policy,
)
from auditwright.app.errors import AppError
from auditwright.app.queries.integrations import (
    Connection,
    Health,
    IntegrationPage,
    connections,
    integration_page,
)
from auditwright.app.rights import Right
from auditwright.core.ids import IntegrationId
from auditwright.core.integration import Integration
from auditwright.web.forms import Told
from auditwright.web.visit import Visit, may

router = APIRouter()

HEALTH: Mapping[Health, tuple[str, str]] = {
    Health.NOT_CONNECTED: ("none", "Not connected"),
    Health.NEVER_ASKED: ("und", "Not collected yet"),
    Health.BROKEN: ("bad", "Cannot be asked"),
    Health.GAPS: ("und", "Something is hidden"),
    Health.COMPLETE: ("ok", "Sees everything"),
}
"""The kind of status and the words of each (design guide 6)."""

DONE: Mapping[str, str] = {
    "connected": "It is connected. Whether it sees what it needs is being asked now.",
    "changed": "The settings were changed. Whether it sees what it needs is being asked now.",
    "disconnected": "It is no longer asked. What was collected of it stays, and ages.",
}

CONFLICT = 409
UNPROCESSABLE = 422


async def sent_fields(request: Request) -> Mapping[str, str]:
    """The texts of a form whose fields the integration's own value names."""
    form: FormData = await request.form()
    return {name: value for name, value in form.items() if not isinstance(value, UploadFile)}


Sent = Annotated[Mapping[str, str], Depends(sent_fields)]


@router.get("/integrations")
def listed(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Response:
    """Every integration, those that are connected first."""
    held = connections(visit.view, visit.site.checks.found())
    return visit.page(
        "integrations.html",
        connected=[each for each in held if each.settings],
        others=[each for each in held if not each.settings],
        health=HEALTH,
        hidden=sum(each.health in {Health.GAPS, Health.BROKEN, Health.NEVER_ASKED} for each in held),
    )


@router.get("/integrations/{integration}")
def one(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], integration: str, done: str = "") -> Response:
    """One integration."""
    return _page(visit, _found(visit, integration), Told(done=DONE.get(done, "")))


@router.post("/integrations/{integration}/settings")
def change(visit: Annotated[Visit, may(Right.CONNECT)], integration: str, sent: Sent) -> Response:
    """Connect an integration, or change its settings, and ask whether it sees what it needs."""
    page = _found(visit, integration)
    what = page.connection.integration
    visit.prove(f"/integrations/{what.id}")
    try:
        wiring = Wiring(integration=what, values=read_given(what, sent))
        configure(visit.workspace, visit.actor, wiring, visit.now)
    except SettingError as error:
        return _page(visit, page, Told(problems=error.problems, given=sent, status=UNPROCESSABLE))
    except AppError as error:
        return _page(visit, page, Told(problems={"settings": str(error)}, given=sent, status=CONFLICT))
    visit.site.look_again()
    _start_check(visit, what)
    return _to(visit, what, "changed" if page.connection.settings else "connected")


@router.post("/integrations/{integration}/check")
def check(visit: Annotated[Visit, may(Right.CONNECT)], integration: str) -> Response:
    """Ask whether an integration sees what it needs; the page follows."""
    what = _found(visit, integration).connection.integration
    _start_check(visit, what)
    return _to(visit, what)


@router.get("/integrations/{integration}/disconnect")
def disconnect_form(visit: Annotated[Visit, may(Right.CONNECT)], integration: str) -> Response:
    """Ask whether to disconnect an integration, and say what follows."""
    page = _found(visit, integration)
    if page.connection.settings is None:
        raise HTTPException(404)
    return visit.page("integration_disconnect.html", connection=page.connection)


@router.post("/integrations/{integration}/disconnect")
def end(visit: Annotated[Visit, may(Right.CONNECT)], integration: str) -> Response:
    """Ask an integration no longer."""
    page = _found(visit, integration)
    what = page.connection.integration
    visit.prove(f"/integrations/{what.id}/disconnect")
    try:
        disconnect(visit.workspace, visit.actor, what, visit.now)
    except AppError as error:
        return _page(visit, page, Told(problems={"settings": str(error)}, status=CONFLICT))
    visit.site.look_again()
    return _to(visit, what, "disconnected")


def _found(visit: Visit, integration: str) -> IntegrationPage:
    found = integration_page(visit.view, IntegrationId(integration), visit.site.checks.found())
    if found is None:
        raise HTTPException(404)
    return found


def _start_check(visit: Visit, integration: Integration) -> None:
    workspace = visit.site.workspace()
    for settings in workspace.program.integrations:
        if settings.id == integration.id:
            visit.site.checks.start(workspace, settings)


def _to(visit: Visit, integration: Integration, done: str = "") -> Response:
    return RedirectResponse(visit.link(f"/integrations/{integration.id}", done=done), status_code=303)


def _page(visit: Visit, page: IntegrationPage, told: Told) -> Response:
    connection = page.connection
    return visit.page(
        "integration.html",
        status=told.status,
        page=page,
        connection=connection,
        integration=connection.integration,
        health=HEALTH[connection.health],
        given={**_given(connection), **told.given},
        problems=told.problems,
        done=told.done,
        policy=read_only_policy(connection.integration),
        may_change=visit.may(Right.CONNECT) and not visit.view.looks_back,
    )


def _given(connection: Connection) -> Mapping[str, str]:
    values = connection.settings.values if connection.settings else {}
    return {field.name: given_as_text(field, values) for field in connection.integration.fields}
