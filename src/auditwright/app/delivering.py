"""Sending: messages to webhooks, each tried a few times with growing waits, and at most so often whatever breaks.

An attempt is counted before it is made, so that a process that dies in the middle of one does not send for ever.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from auditwright import __version__
from auditwright.app.errors import AppError
from auditwright.app.notifying import announce
from auditwright.app.queries.view import View
from auditwright.app.webhooks import Form, allowed_hosts, secret_of, slack_text
from auditwright.app.workspace import Workspace
from auditwright.core.act import Delivery, Webhook
from auditwright.core.log import iso
from auditwright.core.ports import StoreError
from auditwright.core.question import Before, Is, Question

WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""Between one attempt and the next."""

ATTEMPTS = len(WAITS) + 1

MAX_AT_ONCE = 20
"""Messages of one look; the next one follows at once."""

LOOK_EVERY_S = 20.0
"""How often it is looked for what is new."""

TEST = "test"
"""The event of a message that somebody sends to see whether it arrives."""

STOP_S = 12.0
"""How long a stop waits for a message that is under way."""


def deliver(workspace: Workspace, delivery_id: str, now: datetime) -> Delivery | None:
    """Try to send one message, and keep how that went; None where it is not due. Raises AppError, StoreError."""
    claimed = _claimed(workspace, delivery_id, now)
    if claimed is None:
        return None
    delivery, webhook = claimed
    problem = _sent(workspace, webhook, delivery, now) if webhook else "The webhook was ended."
    tried = replace(
        delivery,
        problem=problem,
        delivered_at=None if problem else now,
        next_at=delivery.next_at if problem and webhook and delivery.attempts < ATTEMPTS else None,
    )
    with workspace.stores.records.transaction() as write:
        write.keep([tried])
    return tried


def deliver_due(workspace: Workspace, now: datetime) -> int:
    """Try every message that is due, up to a number; how many were tried. Raises AppError, StoreError."""
    due = Question(
        where=(Before("next_at", now + timedelta.resolution),), order=("next_at",), limit=MAX_AT_ONCE
    )
    found = workspace.stores.records.answer(Delivery, due).rows
    return sum(deliver(workspace, each.id, now) is not None for each in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a message says that is sent to see whether it arrives."""

    sent_by: str
    address: str
    """Of the page of webhooks."""


def send_test(workspace: Workspace, webhook: Webhook, trial: Trial, now: datetime) -> Delivery:
    """Send a message that says nothing but that it arrived, and keep how that went; raises AppError, StoreError."""
    title = f"A test of the webhook, sent by {trial.sent_by}"
    told = {"type": TEST, "timestamp": iso(now), "data": {"title": title, "url": trial.address}}
    is_slack = webhook.form == Form.SLACK
    message = Delivery(
        id=f"msg-{secrets.token_hex(16)}",
        webhook=webhook.id,
        event=TEST,
        subject=webhook.id,
        body=slack_text(title, trial.address) if is_slack else json.dumps(told, ensure_ascii=False),
        made_at=now,
        attempts=0,
        next_at=now,
        delivered_at=None,
        problem="",
    )
    with workspace.stores.records.transaction() as write:
        write.keep([message])
    return deliver(workspace, message.id, now) or message


def signature(secret: str, delivery: str, at: int, body: bytes) -> str:
    """The signature of a message (Standard Webhooks 1.0: HMAC-SHA256 over id, time in seconds, and body)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{delivery}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


@contextmanager
def telling(view: Callable[[], View], url: str) -> Iterator[None]:
    """Look for what is new and send it, in a thread of its own, until the block ends."""
    stopping = threading.Event()
    thread = threading.Thread(target=_tell, args=(view, url, stopping), name="webhooks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(timeout=STOP_S)


def _tell(view: Callable[[], View], url: str, stopping: threading.Event) -> None:
    log = structlog.get_logger("auditwright.webhooks")
    looked_at: datetime | None = None
    while not stopping.is_set():
        tried = 0
        try:
            now = view()
            announce(now, url, looked_at)
            looked_at = now.now
            tried = deliver_due(now.workspace, now.now)
        except (AppError, StoreError) as error:
            log.warning("webhooks wait", problem=str(error))
        stopping.wait(0 if tried == MAX_AT_ONCE else LOOK_EVERY_S)


def _claimed(workspace: Workspace, delivery_id: str, now: datetime) -> tuple[Delivery, Webhook | None] | None:
    """A message with one attempt more, and its webhook where that is still told; None where it is not due."""
    with workspace.stores.records.transaction() as write:
        held = next(iter(write.kept(Delivery, Is("id", delivery_id))), None)
        if held is None or held.next_at is None or held.next_at > now:
            return None
        wait = WAITS[min(held.attempts, len(WAITS) - 1)]
        delivery = replace(held, attempts=held.attempts + 1, next_at=now + wait)
        write.keep([delivery])
        hooks = write.kept(Webhook, Is("id", held.webhook), Is("ended_at", None))
    if delivery.attempts > ATTEMPTS:
        return replace(delivery, attempts=ATTEMPTS), None
    return delivery, next(iter(hooks), None)


def _sent(workspace: Workspace, webhook: Webhook, delivery: Delivery, now: datetime) -> str:
    """Post a message; what went wrong, empty where it was taken."""
    from auditwright.app.outgoing import Message, UnsentError, send

    secret = secret_of(workspace, webhook)
    body = delivery.body.encode("utf-8", "backslashreplace")
    url = webhook.url if webhook.form == Form.SIGNED else secret
    message = Message(url=url, headers=_headers(webhook, secret, delivery, now), body=body)
    try:
        status = send(message, allowed_hosts(workspace))
    except UnsentError as error:
        return str(error)
    if 200 <= status < 300:  # noqa: PLR2004  # RFC 9110 15.3: successful
        return ""
    return f"It answered {status}{', and redirects are not followed' if 300 <= status < 400 else ''}."  # noqa: PLR2004


def _headers(webhook: Webhook, secret: str, delivery: Delivery, now: datetime) -> Mapping[str, str]:
    headers = {"content-type": "application/json", "user-agent": f"auditwright/{__version__}"}
    if webhook.form != Form.SIGNED:
        return headers
    at = int(now.timestamp())
    body = delivery.body.encode("utf-8", "backslashreplace")
    return {
        **headers,
        "webhook-id": delivery.id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(secret, delivery.id, at, body),
    }
