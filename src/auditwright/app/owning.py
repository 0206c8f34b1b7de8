"""Who owes a finding and by when, and what people say about it: each an act with its leaf in the log."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.errors import AppError
from auditwright.app.workspace import Workspace
from auditwright.core.act import Assignment, Comment
from auditwright.core.evidence import digest_of
from auditwright.core.ids import ResourceId, TestId
from auditwright.core.ports import Transaction
from auditwright.core.question import Is
from auditwright.core.run import Finding
from auditwright.render.words import clipped, day

MAX_OWNER = 120
"""Characters: the longest names of people and teams are shorter."""

MAX_COMMENT = 4_000
"""Characters: two pages; what is longer is a document, and belongs where those are."""

NAME_IN_LOG = 200
"""Characters of an item's name in a sentence of the audit log."""


class OwningError(AppError):
    """A finding cannot be assigned or commented on; `problems` says why, by the field of the form."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Who owes a finding, and until when."""

    test: TestId
    item: ResourceId
    owner: str
    """Empty: nobody."""
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What somebody says about a finding."""

    test: TestId
    item: ResourceId
    text: str


def assign(workspace: Workspace, actor: Actor, wanted: Owed, now: datetime) -> Assignment:
    """Name who owes a finding and by when; raises OwningError, StoreError."""
    owner = " ".join(wanted.owner.split())
    if len(owner) > MAX_OWNER:
        raise OwningError({"owner": f"Write a name of at most {MAX_OWNER} characters."})
    due = f", due {day(wanted.due_at)}" if wanted.due_at else ", without a due date"
    deed = Deed(
        actor=actor,
        verb="finding.assign",
        subject=_subject(wanted),
        detail=f"{owner or 'Nobody'} owes {clipped(wanted.item, NAME_IN_LOG)} of {wanted.test}{due}.",
    )
    with acting(workspace, deed, now) as write:
        if _finding(write, wanted).closed_at is not None:
            raise OwningError({"owner": "This finding is closed, so that nobody owes it."})
        before = _assignment(write, wanted)
        changed = before is None or before.due_at != wanted.due_at
        if wanted.due_at is not None and wanted.due_at < now and changed:
            raise OwningError({"due": "Choose a day that is not past."})
        made = Assignment(
            test=wanted.test,
            item=wanted.item,
            owner=owner,
            due_at=wanted.due_at,
            made_by=actor.name,
            made_at=now,
        )
        if before is not None and before.made_at != now:
            write.keep([replace(before, until=now)])
        write.keep([made])
    return made


def comment(workspace: Workspace, actor: Actor, remark: Remark, now: datetime) -> Comment:
    """Say something about a finding, for good; raises OwningError, StoreError."""
    text = remark.text.replace("\r\n", "\n").strip()
    if not text:
        raise OwningError({"text": "Write a comment first."})
    if len(text) > MAX_COMMENT:
        raise OwningError({"text": f"Write at most {MAX_COMMENT:,} characters; this has {len(text):,}."})
    said = digest_of(text.encode("utf-8", "surrogatepass"))
    deed = Deed(
        actor=actor,
        verb="finding.comment",
        subject=_subject(remark),
        detail=f"Commented on {clipped(remark.item, NAME_IN_LOG)} of {remark.test}; the text has the SHA-256 {said}.",
    )
    made = Comment(
        id=f"com-{secrets.token_hex(8)}",
        test=remark.test,
        item=remark.item,
        author=actor.person,
        author_name=actor.name,
        at=now,
        text=text,
    )
    with acting(workspace, deed, now) as write:
        _finding(write, remark)
        write.keep([made])
    return made


def _subject(about: Owed | Remark) -> str:
    return f"{about.test} {about.item}"


def _finding(write: Transaction, about: Owed | Remark) -> Finding:
    found = write.kept(Finding, Is("test", about.test), Is("item", about.item))
    if not found:
        raise OwningError({"item": f"{about.test} has no finding about this item."})
    return found[0]


def _assignment(write: Transaction, about: Owed) -> Assignment | None:
    found = write.kept(Assignment, Is("test", about.test), Is("item", about.item), Is("until", None))
    return found[0] if found else None
