"""Findings: what is wrong with which item, who owes it, and what people say about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException

from auditwright.app.owning import MAX_COMMENT, MAX_OWNER, Owed, OwningError, Remark, assign, comment
from auditwright.app.queries import findings
from auditwright.app.queries.findings import FindingCounts, FindingPage, FindingRow
from auditwright.app.queries.waivers import WaiverRow
from auditwright.app.rights import Right
from auditwright.core.act import Assignment, Comment
from auditwright.core.control_test import Remediation
from auditwright.core.ids import Digest, ResourceId, TestId
from auditwright.core.outcome import words_of
from auditwright.core.ports import ObservedSpan
from auditwright.web.api.rows import PREFIX, Line, Name, Rows, Text, asks, listed
from auditwright.web.problems import refused
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Findings and waivers"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a test said of an item, from when on."""

    test: TestId
    from_at: datetime
    outcome: str
    """`satisfied`, `deviation`, `not applicable`, `undetermined`, or `gone`."""
    says: str
    evidence: Sequence[Digest]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeFinding:
    """A finding, how it stood over time, and what people say about it."""

    row: FindingRow
    remediation: Remediation
    history: Sequence[Said]
    """The newest first."""
    evidence: Sequence[Digest]
    """Of what was said last."""
    waivers: Sequence[WaiverRow]
    comments: Sequence[Comment]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOwner:
    """Who is to owe a finding, and until when."""

    test: Line
    item: Name
    owner: Annotated[Line, Query(max_length=MAX_OWNER)]
    """Empty for nobody."""
    due: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedComment:
    """What is to be said about a finding."""

    test: Line
    item: Name
    text: Annotated[Text, Query(min_length=1, max_length=MAX_COMMENT)]


@router.get("/findings", openapi_extra=asks(findings.FINDINGS))
def rows(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Rows[FindingRow]:
    """Findings, open ones unless asked otherwise, the gravest first."""
    return listed(visit, findings.FINDINGS, findings.findings)


@router.get("/findings/counts")
def counts(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> FindingCounts:
    """How many findings are open."""
    return findings.finding_counts(visit.view)


@router.get("/findings/one")
def one(visit: Annotated[Visit, may(Right.READ_PROGRAM)], test: Line, item: Name) -> WholeFinding:
    """One finding, by its test and its item."""
    found = _found(visit, test, item)
    return WholeFinding(
        row=found.row,
        remediation=found.test.remediation,
        history=[said(span) for span in found.spans],
        evidence=found.evidence,
        waivers=found.waivers,
        comments=found.comments,
    )


@router.post("/findings/owner")
def own(visit: Annotated[Visit, may(Right.OWN_FINDINGS)], wanted: WantedOwner) -> Assignment:
    """Name who owes a finding, and by when."""
    row = _found(visit, wanted.test, wanted.item).row
    due_at = findings.end_of(wanted.due) if wanted.due else None
    try:
        return assign(
            visit.workspace,
            visit.actor,
            Owed(test=row.test, item=row.item, owner=wanted.owner, due_at=due_at),
            visit.now,
        )
    except OwningError as error:
        raise refused(error.problems) from None


@router.post("/findings/comments")
def remark(visit: Annotated[Visit, may(Right.OWN_FINDINGS)], wanted: WantedComment) -> Comment:
    """Comment on a finding, for good."""
    row = _found(visit, wanted.test, wanted.item).row
    try:
        return comment(
            visit.workspace,
            visit.actor,
            Remark(test=row.test, item=row.item, text=wanted.text),
            visit.now,
        )
    except OwningError as error:
        raise refused(error.problems) from None


def said(span: ObservedSpan) -> Said:
    """A stretch of an item's history."""
    outcome, says = words_of(span.outcome) if span.outcome else ("gone", "")
    return Said(test=span.test, from_at=span.known_from, outcome=outcome, says=says, evidence=span.evidence)


def _found(visit: Visit, test: str, item: str) -> FindingPage:
    found = findings.finding_page(visit.view, TestId(test), ResourceId(item))
    if found is None:
        raise HTTPException(404)
    return found
