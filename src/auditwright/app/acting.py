"""Acts: what somebody does is written together with its leaf in the log, or not at all."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from auditwright.app.workspace import Workspace
from auditwright.core.act import Act
from auditwright.core.canonical import canonical_json
from auditwright.core.evidence import digest_of
from auditwright.core.ids import AccountId, Digest
from auditwright.core.log import LogEntry, iso
from auditwright.core.ports import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something."""

    id: str
    """The account's id, a token's id, or `terminal`."""
    name: str
    account: AccountId | None = None
    """Of a token, whose it is; else None."""

    @property
    def person(self) -> AccountId:
        """The account of whoever acts: one person is one, with whatever key."""
        return self.account or AccountId(self.id)

    @property
    def is_token(self) -> bool:
        """True for a program with a token, at which nobody sits who could show a second factor."""
        return self.account is not None


LEAF_KIND = "act"

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
        act = Act(
            seq=0,
            at=at,
            actor=deed.actor.id,
            actor_name=deed.actor.name,
            verb=deed.verb,
            subject=deed.subject,
            detail=deed.detail,
            salt=secrets.token_hex(16),
        )
        fields = {"actor": act.actor, "verb": act.verb, "sha256": vouched(act)}
        write.keep([replace(act, seq=write.append(LogEntry(kind=LEAF_KIND, at=at, fields=fields)))])


def vouched(act: Act) -> Digest:
    """The digest that an act's leaf holds: of everything in its record but the leaf's place."""
    body = canonical_json(
        {
            "at": iso(act.at),
            "actor": act.actor,
            "actor_name": act.actor_name,
            "verb": act.verb,
            "subject": act.subject,
            "detail": act.detail,
            "salt": act.salt,
        }
    )
    return digest_of(body)
