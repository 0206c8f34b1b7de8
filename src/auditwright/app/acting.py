"""Acts: what somebody does is written together with its leaf in the log, or not at all."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from auditwright.app.workspace import Workspace
from auditwright.core.act import Act
from auditwright.core.canonical import canonical_json
from auditwright.core.evidence import digest_of
from auditwright.core.log import LogEntry, iso
from auditwright.core.ports import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something."""

    id: str
    """The account's id, or `terminal`. By a token too somebody acts as who made it: nobody is two people."""
    name: str
    """As people know them, and by which token where it was by one."""


TERMINAL = Actor(id="terminal", name="somebody at the terminal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is done: by whom, what, to what, in a sentence that holds no secret."""

    actor: Actor
    verb: str
    subject: str
    detail: str


@contextmanager
def acting(workspace: Workspace, deed: Deed, at: datetime) -> Iterator[Transaction]:
    """Do something: what the block writes is kept together with the act and its leaf; raises StoreError.

    The leaf names the actor by id, and holds a salted digest of the rest, so that the sentence can be erased
    while it stays provable that it was there.
    """
    with workspace.stores.records.transaction() as write:
        yield write
        salt = secrets.token_hex(16)
        body = canonical_json(
            {
                "at": iso(at),
                "actor": deed.actor.id,
                "actor_name": deed.actor.name,
                "verb": deed.verb,
                "subject": deed.subject,
                "detail": deed.detail,
                "salt": salt,
            }
        )
        fields = {"actor": deed.actor.id, "verb": deed.verb, "sha256": digest_of(body)}
        seq = write.append(LogEntry(kind="act", at=at, fields=fields))
        write.keep(
            [
                Act(
                    seq=seq,
                    at=at,
                    actor=deed.actor.id,
                    actor_name=deed.actor.name,
                    verb=deed.verb,
                    subject=deed.subject,
                    detail=deed.detail,
                    salt=salt,
                )
            ]
        )
