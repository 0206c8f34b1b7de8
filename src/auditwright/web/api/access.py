"""Access: what was proved of every target and credential, what closes a target, and what any change would come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeAlias, cast

from fastapi import APIRouter, Query
from pydantic import JsonValue
from starlette.exceptions import HTTPException

from auditwright.access.lint import LintFinding
from auditwright.app.queries import access
from auditwright.app.queries.access import TargetRow
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.ids import Digest
from auditwright.core.question import Answer, Question
from auditwright.core.resources import ProvedAccess
from auditwright.render.access import Written, elsewhere_line, needs_of
from auditwright.web.api.rows import PREFIX, Name, Rows, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Systems"])

MAX_CHANGES = 100
"""Ids in one call; fewer are offered."""

ChangeId: TypeAlias = Annotated[str, Query(pattern="^[0-9a-f]{12}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Every target with its verdict, the worst first."""

    proved_at: datetime | None
    credentials: int
    targets: Sequence[TargetRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholePath:
    """How somebody without a second factor gets to a target."""

    start: Sequence[str]
    """The credentials that it begins with."""
    steps: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeTarget:
    """One target: what the verdict takes for granted, what is missing for one, and the evidence."""

    row: TargetRow
    path: WholePath | None
    """A path that was replayed; None where none is known."""
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
    """One change, as it is written out. Nothing of it is run here."""

    id: str
    """Of what it does: the same in every run."""
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
    least: bool
    """True where no set of the changes that were considered disrupts less."""
    changes: Sequence[ChangeToMake]
    """Each as it is made after those before it."""
    considered: Sequence[ChangeToMake]
    """What can be tried: those changes and others that cut some path, each as it is made alone."""
    left: Sequence[str]
    """What stays open."""
    elsewhere: Sequence[str]
    """What the changes do to other targets."""
    evidence: Sequence[str]
    """What could be shown instead of changed."""
    needs: Sequence[str]
    """Facts that are to be supplied before the commands can run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetThen:
    """A target, its verdict now, and with the changes made."""

    target: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """What some of the changes that were considered would come to at every target."""

    ready: bool
    """False while it is worked out, which takes seconds, in a large account minutes."""
    targets: Sequence[TargetThen]
    left_off: int
    """Targets beyond those, of which nothing was proved again."""
    strange: Sequence[str]
    """Ids that name no change that is offered any more; they were left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LooseCondition:
    """A condition on MFA that reads as if it asked for a second factor and does not, with a request that shows it."""

    policy: str
    """Where it stands."""
    statement: str
    title: str
    why: str
    action: str
    resource: str
    caller: str
    instead: Sequence[Mapping[str, JsonValue]]
    """Statements to put in its place; none where no correction was proved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LooseConditions:
    """Every such condition of the newest run's policies."""

    ready: bool
    """False while the policies are read."""
    found: Sequence[LooseCondition]


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
        path=WholePath(start=found.path.start, steps=found.path.steps) if found.path else None,
        open_path=found.open_path,
        assumptions=found.assumptions,
        missing=found.missing,
        evidence=found.evidence,
    )


@router.get("/access/fix")
def fix(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], target: Name) -> Closing:
    """The least that closes a target; ask again while it is worked out."""
    _known(visit, target)
    found = access.fix(visit.view, target)
    if found is None:
        return _UNREADY
    return Closing(
        ready=True,
        before=found.before,
        after=found.after,
        least=found.repair.least,
        changes=[_change(each) for each in found.written],
        considered=[_change(each) for each in found.offered],
        left=found.repair.left,
        elsewhere=[elsewhere_line(each) for each in found.elsewhere],
        evidence=[each.says for each in found.repair.evidence],
        needs=needs_of(found.written),
    )


_UNREADY = Closing(
    ready=False,
    before="",
    after="",
    least=False,
    changes=(),
    considered=(),
    left=(),
    elsewhere=(),
    evidence=(),
    needs=(),
)


def _change(written: Written) -> ChangeToMake:
    return ChangeToMake(
        id=written.change.id,
        title=written.change.title,
        cuts=written.change.reason,
        supposes=written.change.supposes,
        diff=written.diff,
        commands=written.commands.text,
        terraform=written.terraform.text,
    )


@router.get("/access/what-if")
def what_if(
    visit: Annotated[Visit, may(Right.READ_SYSTEMS)],
    target: Name,
    change: Annotated[list[ChangeId], Query(min_length=1, max_length=MAX_CHANGES)],
) -> Supposed:
    """What some changes that were considered would come to; ask again while it is worked out.

    Each is named by its id; in whatever order they stand, they are made together.
    """
    _known(visit, target)
    found = access.what_if(visit.view, target, change)
    if found is None:
        return Supposed(ready=False, targets=[], left_off=0, strange=[])
    rows = [TargetThen(target=words, before=before, after=after) for words, before, after in found.rows]
    return Supposed(ready=True, targets=rows, left_off=found.left_off, strange=found.strange)


@router.get("/access/lint")
def lint(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> LooseConditions:
    """Conditions on MFA that look right and are not; ask again while the policies are read."""
    linted = access.lint(visit.view)
    return LooseConditions(
        ready=linted is not None,
        found=[_loose(each.where, found) for each in linted or () for found in each.findings],
    )


@router.get("/access/credentials", openapi_extra=asks(access.CREDENTIALS))
def credentials(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], target: Name) -> Rows[VerdictRow]:
    """What was proved of each credential by itself, for a target."""

    def answer(view: View, question: Question) -> Answer[VerdictRow]:
        found = access.credentials(view, target, question)
        return Answer(rows=[_verdict(each) for each in found.rows], total=found.total)

    return listed(visit, access.CREDENTIALS, answer, more=("target",))


def _known(visit: Visit, target: str) -> None:
    if access.target_page(visit.view, target) is None:
        raise HTTPException(404)


def _loose(where: str, found: LintFinding) -> LooseCondition:
    return LooseCondition(
        policy=where,
        statement=found.sid or str(found.index),
        title=found.title,
        why=found.why,
        action=found.request.action,
        resource=found.request.resource,
        caller=found.request.caller.arn,
        instead=[cast("Mapping[str, JsonValue]", each) for each in found.corrected],
    )


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
