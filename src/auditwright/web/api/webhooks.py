"""Webhooks: which are told, adding one, trying it, and ending it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from auditwright.app.delivering import Trial, send_test
from auditwright.app.queries.webhooks import WebhookRow, webhook_row, webhook_rows
from auditwright.app.rights import Right
from auditwright.app.webhooks import Event, Form, WantedWebhook, add_webhook, end_webhook, problems_of
from auditwright.core.act import Delivery
from auditwright.web.api.rows import PREFIX, Line
from auditwright.web.pages.webhooks import PATH
from auditwright.web.problems import refused
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Administration"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message to a webhook, and how far it came."""

    id: str
    event: str
    made_at: datetime
    attempts: int
    next_at: datetime | None
    """None where it was delivered, or given up."""
    delivered_at: datetime | None
    problem: str
    """What the last attempt met; empty where all went well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveWebhook:
    """An address that is told when something happens."""

    id: str
    url: str
    """Of a Slack address its host alone: the rest is a secret."""
    form: Form
    events: Sequence[Event]
    made_by: str
    """The account of who added it."""
    made_at: datetime
    sent: Sequence[Message]
    """The newest messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedHook:
    """A webhook that is to be added."""

    url: Line
    """Public, and with https."""
    form: Form = Form.SIGNED
    events: list[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeHook:
    """A new webhook, with the secret that is shown this once."""

    webhook: LiveWebhook
    secret: str
    """By which its messages are signed; empty for Slack."""


@router.get("/webhooks")
def hooks(visit: Annotated[Visit, may(Right.MANAGE_SETTINGS)]) -> Sequence[LiveWebhook]:
    """The webhooks, the oldest first, and what was sent to each last."""
    return [_webhook(row) for row in webhook_rows(visit.view)]


@router.post("/webhooks", status_code=201)
def add(visit: Annotated[Visit, may(Right.MANAGE_SETTINGS)], wanted: WantedHook) -> MadeHook:
    """Add a webhook; the secret that signs its messages is answered this once."""
    asked = WantedWebhook(url=wanted.url.strip(), form=wanted.form, events=tuple(wanted.events))
    if problems := problems_of(visit.workspace, asked):
        raise refused(problems)
    made = add_webhook(visit.workspace, visit.actor, asked, visit.now)
    return MadeHook(webhook=_webhook(WebhookRow(webhook=made.webhook, deliveries=())), secret=made.secret)


@router.post("/webhooks/{webhook}/test")
def try_out(visit: Annotated[Visit, may(Right.MANAGE_SETTINGS)], webhook: str) -> Message:
    """Send a message that says nothing but that it arrived, and say whether it did."""
    trial = Trial(sent_by=visit.account.name, address=f"{visit.site.address.url}{PATH}")
    return _message(send_test(visit.workspace, _row(visit, webhook).webhook, trial, visit.now))


@router.post("/webhooks/{webhook}/end", status_code=204)
def end(visit: Annotated[Visit, may(Right.MANAGE_SETTINGS)], webhook: str) -> None:
    """End a webhook: nothing more is sent to it."""
    end_webhook(visit.workspace, visit.actor, _row(visit, webhook).webhook, visit.now)


def _row(visit: Visit, webhook: str) -> WebhookRow:
    found = webhook_row(visit.view, webhook)
    if found is None:
        raise HTTPException(404)
    return found


def _webhook(row: WebhookRow) -> LiveWebhook:
    return LiveWebhook(
        id=row.webhook.id,
        url=row.webhook.url,
        form=Form(row.webhook.form),
        events=[Event(event) for event in row.webhook.events],
        made_by=row.webhook.made_by,
        made_at=row.webhook.made_at,
        sent=[_message(each) for each in row.deliveries],
    )


def _message(delivery: Delivery) -> Message:
    return Message(
        id=delivery.id,
        event=delivery.event,
        made_at=delivery.made_at,
        attempts=delivery.attempts,
        next_at=delivery.next_at,
        delivered_at=delivery.delivered_at,
        problem=delivery.problem,
    )
