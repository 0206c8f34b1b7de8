"""Overview: what stops the organization from being ready, since when, who owes it, and what could not be seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Response
from markupsafe import Markup

from auditwright.app.queries.attention import Attention, ahead, attention
from auditwright.app.queries.board import Board, CriterionStanding, board
from auditwright.app.queries.days import readiness_days
from auditwright.app.queries.freshness import Freshness, freshness
from auditwright.app.rights import Right
from auditwright.core.framework import CriterionGroup
from auditwright.engine.readiness import Status
from auditwright.render import words
from auditwright.web.charts import Part, Series, System, meter, scope_map, stacked_days
from auditwright.web.visit import Visit, may

router = APIRouter()

SHOWN = 12
"""What needs attention first; the page of tests has the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """One row of the map of criteria."""

    group: CriterionGroup
    criteria: tuple[CriterionStanding, ...]
    satisfied_tests: int
    tests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What one owner owes of what is shown."""

    owner: str
    is_named: bool
    items: tuple[Attention, ...]


@router.get("/")
def overview(visit: Annotated[Visit, may(Right.READ_PROGRAM)]) -> Response:
    """The whole organization on one page."""
    held = board(visit.view)
    wanted = attention(visit.view)
    seen = freshness(visit.view)
    ends = [each.waived_until for each in held.criteria.values() if each.status is Status.WAIVED]
    return visit.page(
        "overview.html",
        board=held,
        headline=words.headline_of(held.criteria_tally),
        lede=words.summary_of(held.criteria_tally, min((end for end in ends if end), default=None)),
        groups=group_rows(visit, held),
        chart=_chart(visit),
        owed=_owed(wanted[:SHOWN]),
        wanted=len(wanted),
        left_out=max(len(wanted) - SHOWN, 0),
        ahead=ahead(visit.view),
        freshness=seen,
        meter=_meter(seen),
        scope=_scope(visit, seen),
        reason=_reason,
        status_word=words.status_word,
    )


def group_rows(visit: Visit, held: Board) -> list[GroupRow]:
    """The criteria in scope, by the framework's groups."""
    found: list[GroupRow] = []
    by_group = groupby(held.criteria.values(), key=lambda each: each.criterion.group)
    for group_id, members in by_group:
        criteria = tuple(members)
        controls = {control for each in criteria for control in each.controls}
        tests = {test for control in controls for test in held.controls[control].tests}
        group = visit.workspace.catalogue.framework.group(group_id)
        assert group is not None, f"the framework has no group {group_id}"
        found.append(
            GroupRow(
                group=group,
                criteria=criteria,
                satisfied_tests=sum(held.tests[test].status is Status.SATISFIED for test in tests),
                tests=len(tests),
            )
        )
    return found


def _owed(items: Sequence[Attention]) -> list[Owed]:
    """By owner, people first, those with the worst first."""
    by_owner: dict[tuple[bool, str], list[Attention]] = {}
    for each in items:
        by_owner.setdefault((each.is_named, each.owner), []).append(each)
    return [
        Owed(owner=owner, is_named=named, items=tuple(owned))
        for (named, owner), owned in sorted(by_owner.items(), key=lambda pair: not pair[0][0])
    ]


def _reason(each: Attention) -> str:
    standing = each.row.standing
    if standing.conclusion is None:
        return "The test did not run."
    return words.test_reason_of(standing.status, standing.items, gaps=standing.gaps)


STACKED = (
    (Status.DEVIATION, "Deviation"),
    (Status.UNDETERMINED, "Undetermined"),
    (Status.WAIVED, "Waived"),
    (Status.SATISFIED, "Satisfied"),
)


def _chart(visit: Visit) -> Markup | None:
    """Readiness over the last days; None where nothing was ever collected."""
    days = readiness_days(visit.view)
    known = [each for each in days if each.criteria is not None]
    if not known:
        return None
    first, last = known[0].criteria, known[-1].criteria
    assert first is not None
    assert last is not None
    series = tuple(
        Series(
            kind=words.KINDS[status],
            title=title,
            values=tuple(each.criteria.count(status) if each.criteria else 0 for each in days),
        )
        for status, title in reversed(STACKED)
    )
    label = (
        f"Tested criteria by state, {len(days)} days. Satisfied went from {first.satisfied} to {last.satisfied}; "
        f"with deviations from {first.deviation} to {last.deviation}."
    )
    return stacked_days(tuple(each.day for each in days), series, label=label)


def _meter(seen: Freshness) -> Markup:
    parts = (
        Part(kind="ok", title="fresh", count=seen.fresh),
        Part(kind="bad", title="lapsed", count=seen.lapsed),
        Part(kind="nob", title="not observable", count=seen.not_observable),
    )
    return meter(parts, label="Evidence by freshness")


def _scope(visit: Visit, seen: Freshness) -> Markup:
    """Every place of every source: what of it is observed."""
    systems = tuple(
        System(
            title=f"{source.title} {place.account}".strip(),
            observed=place.observed,
            declared=place.declared,
            kind="ok" if place.observed == place.declared else "und",
            href=visit.link(f"/integrations/{source.id}"),
        )
        for source in seen.sources
        for place in source.places
    )
    return scope_map(systems)
