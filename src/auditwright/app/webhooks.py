"""Webhooks: addresses that are told when something happens, kept by acts."""

import base64
import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.sealing_secrets import open_secret, seal_secret
from auditwright.app.workspace import Workspace
from auditwright.core.act import Webhook
from auditwright.core.question import Is

MAX_LIVE = 20
"""Webhooks at a time: what tells more systems than these is one of them."""

SECRET_BYTES = 32


class Form(StrEnum):
    """How a message is written."""

    SIGNED = "signed"
    """JSON with a signature, as Standard Webhooks has it."""
    SLACK = "slack"
    """A text that Slack and its likes read."""


class Event(StrEnum):
    """What a webhook can be told of."""

    FINDING_OPENED = "finding.opened"
    FINDING_CLOSED = "finding.closed"
    EVIDENCE_LAPSED = "evidence.lapsed"
    DEADLINE_AHEAD = "deadline.ahead"
    RUN_FINISHED = "run.finished"
    WAIVER_ENDS = "waiver.ends"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedWebhook:
    """A webhook as somebody asks for it."""

    url: str
    form: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeWebhook:
    """A new webhook, and the secret that its messages are signed with, which is shown once; empty where none is."""

    webhook: Webhook
    secret: str


def problems_of(workspace: Workspace, wanted: WantedWebhook) -> Mapping[str, str]:
    """What is wrong with a wanted webhook, by field; nothing where it can be made."""
    from auditwright.app.outgoing import problem_of

    found = {
        "url": problem_of(wanted.url, allowed_hosts(workspace)),
        "form": "" if wanted.form in set(Form) else f"Choose one of: {', '.join(Form)}",
        "events": "" if wanted.events and set(wanted.events) <= set(Event) else "Choose what it is told of",
    }
    if len(live(workspace)) >= MAX_LIVE:
        found["url"] = f"There are {MAX_LIVE} webhooks; end one first"
    return {name: text for name, text in found.items() if text}


def add_webhook(workspace: Workspace, actor: Actor, wanted: WantedWebhook, now: datetime) -> MadeWebhook:
    """Make a webhook in which `problems_of` finds nothing; raises AppError, StoreError.

    An address of Slack is itself a secret, so that it is sealed whole, and only its host is kept to be shown.
    """
    assert not problems_of(workspace, wanted), "the door checks what is asked for"
    parts = urlsplit(wanted.url)
    webhook_id = f"hook-{secrets.token_hex(4)}"
    is_signed = wanted.form == Form.SIGNED
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}" if is_signed else ""
    sealed = seal_secret(workspace.state, secret or wanted.url, purpose=_purpose(webhook_id))
    webhook = Webhook(
        id=webhook_id,
        url=wanted.url if is_signed else f"{parts.scheme}://{parts.netloc}",
        form=wanted.form,
        secret=sealed,
        events=tuple(event for event in Event if event in wanted.events),
        made_by=actor.person,
        made_at=now,
        ended_at=None,
    )
    said = f"Added a webhook to {parts.hostname} for {', '.join(webhook.events)}."
    with acting(
        workspace, Deed(actor=actor, verb="webhook.add", subject=webhook.id, detail=said), now
    ) as write:
        write.keep([webhook])
    return MadeWebhook(webhook=webhook, secret=secret)


def end_webhook(workspace: Workspace, actor: Actor, webhook: Webhook, now: datetime) -> None:
    """End a webhook: nothing more is sent to it; raises StoreError."""
    said = f"Ended the webhook to {urlsplit(webhook.url).hostname}."
    with acting(
        workspace, Deed(actor=actor, verb="webhook.end", subject=webhook.id, detail=said), now
    ) as write:
        write.keep([replace(webhook, ended_at=now)])


def live(workspace: Workspace) -> Sequence[Webhook]:
    """The webhooks that are told, the oldest first."""
    found = workspace.stores.records.kept(Webhook, Is("ended_at", None))
    return sorted(found, key=lambda webhook: (webhook.made_at, webhook.id))


def secret_of(workspace: Workspace, webhook: Webhook) -> str:
    """What is sealed of a webhook: the secret of its signatures, or its whole address; raises AppError."""
    return open_secret(workspace.state, webhook.secret, purpose=_purpose(webhook.id))


def allowed_hosts(workspace: Workspace) -> Collection[str]:
    """Hosts that may be told though they are not public."""
    return workspace.program.webhook_hosts


def slack_text(title: str, url: str) -> str:
    """A body for Slack and its likes: a title that leads to a page, and in which nothing is markup."""
    return json.dumps({"text": f"<{url}|{_escaped(title)}>"}, ensure_ascii=False)


def _escaped(text: str) -> str:
    # Slack asks for these three; a bar would end the title of a link.
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("|", "\N{BROKEN BAR}")


def _purpose(webhook_id: str) -> str:
    return f"webhook:{webhook_id}"
