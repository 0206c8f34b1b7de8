"""Webhooks: add one, try it, see what was sent, end it."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from auditwright.app import webhooks
from auditwright.app.delivering import deliver
from auditwright.app.rights import Right
from auditwright.app.webhooks import (
    Event,
    MadeWebhook,
    WantedWebhook,
    add_webhook,
    end_webhook,
    problems_of,
    slack_text,
)
from auditwright.core.act import Delivery, Webhook
from auditwright.core.log import iso
from auditwright.core.question import Is, Question
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

MAX_DELIVERIES = 5
"""The newest messages that the page shows of each webhook."""

DONE: Mapping[str, tuple[str, str]] = {
    "ended": ("ok", "The webhook was ended. Nothing more is sent to it."),
    "sent": ("ok", "The test message was taken."),
    "unsent": (
        "und",
        "The test message was not taken. What it met stands beside the webhook; it is tried again.",
    ),
}

TEST = "test"
"""The event of a message that somebody sends to see whether it arrives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWebhook:
    """A webhook with what was sent to it last."""

    webhook: Webhook
    deliveries: Sequence[Delivery]


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
    held = _found(visit, webhook)
    message = _test_message(visit, held)
    with visit.workspace.stores.records.transaction() as write:
        write.keep([message])
    tried = deliver(visit.workspace, message.id, visit.now)
    done = "sent" if tried is not None and tried.delivered_at is not None else "unsent"
    return RedirectResponse(f"{PATH}?done={done}", status_code=303)


@router.post(f"{PATH}/end")
def end(
    visit: Annotated[Visit, may(Right.MANAGE_SETTINGS)], webhook: Annotated[str, Form()] = ""
) -> Response:
    """End a webhook."""
    end_webhook(visit.workspace, visit.actor, _found(visit, webhook), visit.now)
    return RedirectResponse(f"{PATH}?done=ended", status_code=303)


def _found(visit: Visit, webhook: str) -> Webhook:
    held = [each for each in webhooks.live(visit.workspace) if each.id == webhook]
    if not held:
        raise HTTPException(404)
    return held[0]


def _test_message(visit: Visit, webhook: Webhook) -> Delivery:
    address = f"{visit.site.address.url}{PATH}"
    title = f"A test of the webhook, sent by {visit.account.name}"
    told = {"type": TEST, "timestamp": iso(visit.now), "data": {"title": title, "url": address}}
    is_slack = webhook.form == webhooks.Form.SLACK
    return Delivery(
        id=f"msg-{secrets.token_hex(16)}",
        webhook=webhook.id,
        event=TEST,
        subject=webhook.id,
        body=slack_text(title, address) if is_slack else json.dumps(told, ensure_ascii=False),
        made_at=visit.now,
        attempts=0,
        next_at=visit.now,
        delivered_at=None,
        problem="",
    )


def _page(
    visit: Visit,
    *,
    wanted: WantedWebhook | None = None,
    problems: Mapping[str, str] | None = None,
    made: MadeWebhook | None = None,
) -> Response:
    records = visit.workspace.stores.records
    shown = [
        ShownWebhook(
            webhook=each,
            deliveries=records.answer(
                Delivery,
                Question(where=(Is("webhook", each.id),), order=("-made_at",), limit=MAX_DELIVERIES),
            ).rows,
        )
        for each in webhooks.live(visit.workspace)
    ]
    return visit.page(
        "webhooks.html",
        status=422 if problems else 200,
        wanted=wanted or WantedWebhook(url="", form=webhooks.Form.SIGNED, events=(Event.FINDING_OPENED,)),
        problems=problems or {},
        made=made,
        done=DONE.get(visit.request.query_params.get("done", "")),
        shown=shown,
        events=EVENT_TEXTS,
        forms=FORM_TEXTS,
    )
