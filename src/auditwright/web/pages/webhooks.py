"""Webhooks: add one, try it, see what was sent, end it."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from auditwright.app import webhooks
from auditwright.app.delivering import Trial, send_test
from auditwright.app.queries.webhooks import webhook_row, webhook_rows
from auditwright.app.rights import Right
from auditwright.app.webhooks import (
    Event,
    MadeWebhook,
    WantedWebhook,
    add_webhook,
    end_webhook,
    problems_of,
)
from auditwright.core.act import Webhook
from auditwright.web.visit import Visit, may

router = APIRouter()

PATH = "/settings/webhooks"

EVENT_TEXTS: Mapping[Event, str] = {
    Event.FINDING_OPENED: "A run found something new, or something that is back",
    Event.FINDING_CLOSED: "A run saw findings put right",
    Event.EVIDENCE_LAPSED: "Nothing was collected for too long",
    Event.DEADLINE_AHEAD: "A finding or a vulnerability is due within a week",
    Event.RUN_FINISHED: "A run finished, with what it came to",
    Event.WAIVER_ENDS: "A waiver ends within a week",
}

FORM_TEXTS: Mapping[webhooks.Form, str] = {
    webhooks.Form.SIGNED: "JSON with a signature (Standard Webhooks)",
    webhooks.Form.SLACK: "A text for Slack and its likes",
}

DONE: Mapping[str, tuple[str, str]] = {
    "ended": ("ok", "The webhook was ended. Nothing more is sent to it."),
    "sent": ("ok", "The test message was taken."),
    "unsent": (
        "und",
        "The test message was not taken. What it met stands beside the webhook; it is tried again.",
    ),
}


@router.get(PATH)
def page(visit: Annotated[Visit, may(Right.MANAGE_SETTINGS)]) -> Response:
    """The webhooks, and what was sent to each."""
    return _page(visit)


@router.post(PATH)
def add(
    visit: Annotated[Visit, may(Right.MANAGE_SETTINGS)],
    url: Annotated[str, Form()] = "",
    form: Annotated[str, Form()] = "",
    events: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Add a webhook, and show its secret this once."""
    visit.prove(PATH)
    wanted = WantedWebhook(url=url.strip(), form=form, events=tuple(events or ()))
    problems = problems_of(visit.workspace, wanted)
    if problems:
        return _page(visit, wanted=wanted, problems=problems)
    return _page(visit, made=add_webhook(visit.workspace, visit.actor, wanted, visit.now))


@router.post(f"{PATH}/test")
def try_out(
    visit: Annotated[Visit, may(Right.MANAGE_SETTINGS)], webhook: Annotated[str, Form()] = ""
) -> Response:
    """Send a message that says nothing but that it arrived."""
    tried = send_test(visit.workspace, _found(visit, webhook), _trial(visit), visit.now)
    done = "sent" if tried.delivered_at else "unsent"
    return RedirectResponse(f"{PATH}?done={done}", status_code=303)


@router.post(f"{PATH}/end")
def end(
    visit: Annotated[Visit, may(Right.MANAGE_SETTINGS)], webhook: Annotated[str, Form()] = ""
) -> Response:
    """End a webhook."""
    end_webhook(visit.workspace, visit.actor, _found(visit, webhook), visit.now)
    return RedirectResponse(f"{PATH}?done=ended", status_code=303)


def _found(visit: Visit, webhook: str) -> Webhook:
    row = webhook_row(visit.view, webhook)
    if row is None:
        raise HTTPException(404)
    return row.webhook


def _trial(visit: Visit) -> Trial:
    return Trial(sent_by=visit.account.name, address=f"{visit.site.address.url}{PATH}")


def _page(
    visit: Visit,
    *,
    wanted: WantedWebhook | None = None,
    problems: Mapping[str, str] | None = None,
    made: MadeWebhook | None = None,
) -> Response:
    return visit.page(
        "webhooks.html",
        status=422 if problems else 200,
        wanted=wanted or WantedWebhook(url="", form=webhooks.Form.SIGNED, events=(Event.FINDING_OPENED,)),
        problems=problems or {},
        made=made,
        done=DONE.get(visit.request.query_params.get("done", "")),
        shown=webhook_rows(visit.view),
        events=EVENT_TEXTS,
        forms=FORM_TEXTS,
    )
