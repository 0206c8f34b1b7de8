"""What needs attention: each test that stops the organization from being ready, since when, and who owes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from auditwright.app.queries.board import Board, TestStanding, board
from auditwright.app.queries.days import fine_until
from auditwright.app.queries.program import TestRow, test_row
from auditwright.app.queries.view import View
from auditwright.core.act import OwedFinding
from auditwright.core.control_test import Severity
from auditwright.core.evidence import Gap
from auditwright.core.ids import CriterionId, TestId
from auditwright.core.question import AnyOf, Before, Is, Question, Since
from auditwright.core.run import GapRecord
from auditwright.engine.readiness import Status

SOON = timedelta(days=14)

MAX_AHEAD = 8
"""What comes next; the lists of waivers and findings have the rest."""

IS_OPEN = Is("closed_at", None)
"""The condition of findings that are open, or were at the time that is asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """One test that deviates or cannot be determined."""

    row: TestRow
    criteria: tuple[CriterionId, ...]
    owner: str
    """Who owes it: the one person who was named for its findings, else the role that owns its control."""
    is_named: bool
    """True where a person was named."""
    since: datetime | None
    """Of a deviation, when the oldest open finding was first seen; else when the test was last fine, if ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Something that happens within the next days."""

    at: datetime
    what: str
    path: str
    parameters: tuple[tuple[str, str], ...] = ()


def attention(view: View) -> tuple[Attention, ...]:
    """Everything that needs attention: deviations by severity and age, then what cannot be determined."""
    held = board(view)
    wanted = [each for each in held.tests.values() if each.status in {Status.DEVIATION, Status.UNDETERMINED}]
    deviating = [each.test for each in wanted if each.status is Status.DEVIATION]
    first = view.workspace.stores.records.least(
        OwedFinding, ["test"], "first_seen_at", IS_OPEN, as_of=view.known_at
    )
    owners = _owners(view)
    fine = fine_until(view, [each.test for each in wanted if each.test not in deviating])
    found = [_attention(view, held, each, owners) for each in wanted]
    dated = [
        _dated(each, cast("datetime | None", first.get((each.row.id,))) or fine.get(each.row.id))
        for each in found
    ]
    return tuple(sorted(dated, key=_urgency))


def _owners(view: View) -> Mapping[TestId, str]:
    """By test, the person named for its findings, where it is one person."""
    named: dict[TestId, set[str]] = {}
    counted = view.workspace.stores.records.tally(
        OwedFinding, ["test", "owner"], IS_OPEN, as_of=view.known_at
    )
    for test, owner in counted:
        if owner:
            named.setdefault(TestId(str(test)), set()).add(str(owner))
    return {test: next(iter(owners)) for test, owners in named.items() if len(owners) == 1}


def _attention(view: View, held: Board, standing: TestStanding, owners: Mapping[TestId, str]) -> Attention:
    test = view.workspace.catalogue.tests[standing.test]
    row = test_row(view, held, test.id)
    controls = [held.controls[each] for each in test.controls if each in held.controls]
    met = {criterion for control in controls for criterion in control.entry.control.criteria}
    return Attention(
        row=row,
        criteria=tuple(each for each in held.criteria if each in met),
        owner=owners.get(test.id) or next((each.entry.control.owner_role for each in controls), ""),
        is_named=test.id in owners,
        since=None,
    )


def _dated(each: Attention, since: datetime | None) -> Attention:
    return Attention(
        row=each.row,
        criteria=each.criteria,
        owner=each.owner,
        is_named=each.is_named,
        since=since,
    )


_SEVERITIES = list(reversed(Severity))


def _urgency(each: Attention) -> tuple[bool, int, bool, datetime | None, str]:
    undetermined = each.row.status is Status.UNDETERMINED
    return (undetermined, _SEVERITIES.index(each.row.severity), each.since is None, each.since, each.row.id)


def ahead(view: View) -> tuple[Ahead, ...]:
    """What ends or falls due within the next days: waivers, and findings with a due date."""
    until = view.as_of + SOON
    found = [
        Ahead(
            at=waiver.ends_at, what=f"Waiver {waiver.id} of {waiver.test} ends", path=f"/waivers/{waiver.id}"
        )
        for waiver in board(view).waivers
        if waiver.ends_at < until
    ]
    due = Question(
        where=(
            AnyOf("test", tuple(board(view).tests)),
            IS_OPEN,
            Since("due_at", view.as_of),
            Before("due_at", until),
        ),
        order=("due_at",),
        limit=MAX_AHEAD,
    )
    found += [
        Ahead(
            at=each.due_at,
            what=f"{each.owner or 'Somebody'} owes: {each.what}",
            path="/findings/one",
            parameters=(("test", each.test), ("item", each.item)),
        )
        for each in view.workspace.stores.records.answer(OwedFinding, due, as_of=view.known_at).rows
        if each.due_at is not None
    ]
    return tuple(sorted(found, key=lambda each: (each.at, each.what))[:MAX_AHEAD])


def gaps_of_run(view: View) -> tuple[Gap, ...]:
    """What the newest run could not see; nothing for an auditor, whose scope may not hold the place of a gap."""
    run = board(view).run
    if run is None or view.engagement is not None:
        return ()
    key = ("gaps", run.id)
    return view.memo.get(
        key,
        lambda: tuple(each.gap for each in view.workspace.stores.records.kept(GapRecord, Is("run", run.id))),
    )
