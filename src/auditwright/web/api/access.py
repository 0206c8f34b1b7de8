"""Access: what was proved of every target, and of each credential."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from auditwright.app.queries import access
from auditwright.app.queries.access import TargetRow
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.ids import Digest
from auditwright.core.question import Answer, Question
from auditwright.core.resources import ProvedAccess
from auditwright.web.api.rows import PREFIX, Name, Rows, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Systems"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Every target with its verdict, the worst first."""

    proved_at: datetime | None
    credentials: int
    targets: Sequence[TargetRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeTarget:
    """One target: what the verdict takes for granted, what is missing for one, and the evidence."""

    row: TargetRow
    open_path: Sequence[str]
    """A path that cannot be ruled out, of an unknown verdict."""
    assumptions: Sequence[str]
    missing: Sequence[str]
    evidence: Sequence[Digest]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """What was proved of one credential by itself."""

    credential: str
    credential_type: str
    principal: str
    target: str
    verdict: str
    path: Sequence[str]
    assumptions: Sequence[str]
    missing: Sequence[str]
    certificate: str
    evidence: Sequence[Digest]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeToMake:
    """One change, as it is made after those before it. Nothing of it is run here."""

    title: str
    cuts: str
    supposes: str
    diff: str
    """How it changes a policy, as a unified difference; empty for none."""
    commands: str
    terraform: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The least set of changes that closes a target, proved with it made."""

    ready: bool
    """False while it is worked out, which takes seconds, in a large account minutes."""
    before: str
    after: str
    changes: Sequence[ChangeToMake]
    left: Sequence[str]
    """What stays open."""


@router.get("/access")
def verdicts(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Access:
    """Every target with its verdict, as the newest run proved it."""
    page = access.access_page(visit.view)
    return Access(proved_at=page.proved_at, credentials=page.credentials, targets=page.targets)


@router.get("/access/target")
def target(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], target: Name) -> WholeTarget:
    """One target, by its words."""
    found = access.target_page(visit.view, target)
    if found is None:
        raise HTTPException(404)
    return WholeTarget(
        row=found.row,
        open_path=found.open_path,
        assumptions=found.assumptions,
        missing=found.missing,
        evidence=found.evidence,
    )


@router.get("/access/fix")
def fix(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], target: Name) -> Closing:
    """The least that closes a target; ask again while it is worked out."""
    if access.target_page(visit.view, target) is None:
        raise HTTPException(404)
    found = access.fix(visit.view, target)
    if found is None:
        return Closing(ready=False, before="", after="", changes=[], left=[])
    return Closing(
        ready=True,
        before=found.before,
        after=found.after,
        changes=[
            ChangeToMake(
                title=each.change.title,
                cuts=each.change.reason,
                supposes=each.change.supposes,
                diff=each.diff,
                commands=each.commands.text,
                terraform=each.terraform.text,
            )
            for each in found.written
        ],
        left=found.repair.left,
    )


@router.get("/access/credentials", openapi_extra=asks(access.CREDENTIALS))
def credentials(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], target: Name) -> Rows[VerdictRow]:
    """What was proved of each credential by itself, for a target."""

    def answer(view: View, question: Question) -> Answer[VerdictRow]:
        found = access.credentials(view, target, question)
        return Answer(rows=[_verdict(each) for each in found.rows], total=found.total)

    return listed(visit, access.CREDENTIALS, answer, more=("target",))


def _verdict(proved: ProvedAccess) -> VerdictRow:
    return VerdictRow(
        credential=proved.credential,
        credential_type=proved.credential_type,
        principal=proved.principal,
        target=proved.target,
        verdict=proved.verdict,
        path=proved.path,
        assumptions=proved.assumptions,
        missing=proved.missing,
        certificate=proved.certificate,
        evidence=proved.evidence,
    )
