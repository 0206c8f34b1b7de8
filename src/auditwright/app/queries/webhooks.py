"""Webhooks: which are told, and what was sent to each last."""

from collections.abc import Sequence
from dataclasses import dataclass

from auditwright.app import webhooks
from auditwright.app.queries.view import View
from auditwright.core.act import Delivery, Webhook
from auditwright.core.question import Is, Question

MAX_DELIVERIES = 5
"""The newest messages that are shown of each webhook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRow:
    """A webhook with what was sent to it last."""

    webhook: Webhook
    deliveries: Sequence[Delivery]
    """The newest first."""


def webhook_rows(view: View) -> Sequence[WebhookRow]:
    """The webhooks that are told now, the oldest first; raises StoreError."""
    return [
        WebhookRow(webhook=each, deliveries=_newest(view, each)) for each in webhooks.live(view.workspace)
    ]


def webhook_row(view: View, webhook: str) -> WebhookRow | None:
    """A webhook by its id, where it is told now; raises StoreError."""
    held = next((each for each in webhooks.live(view.workspace) if each.id == webhook), None)
    return WebhookRow(webhook=held, deliveries=_newest(view, held)) if held else None


def _newest(view: View, webhook: Webhook) -> Sequence[Delivery]:
    asked = Question(where=(Is("webhook", webhook.id),), order=("-made_at",), limit=MAX_DELIVERIES)
    return view.workspace.stores.records.answer(Delivery, asked).rows
