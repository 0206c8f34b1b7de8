"""Findings over time: one problem is one finding, it opens once and keeps its first day."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import assert_never

from auditwright.core.evidence import Scope
from auditwright.core.ids import ResourceId
from auditwright.core.outcome import Deviation, NotApplicable, Observation, Result, Satisfied, Undetermined
from auditwright.core.run import ClosedSpell, Finding


def follow(
    result: Result, known: Iterable[Finding], *, asked: Iterable[Scope] | None = None
) -> Sequence[Finding]:
    """The findings of a test that a result opens, sees again, or closes; `known` are those of the test so far.

    A finding closes only when its item was seen to satisfy the test, or is gone from a population that
    was seen whole. What could not be seen closes nothing, and neither does what was not asked: with `asked`,
    the scopes of the result's populations, an item of an account or region that is no longer collected is
    not taken for gone.
    """
    places = None if asked is None else {(scope.account, scope.region) for scope in asked}
    before = {finding.item: finding for finding in known}
    assert all(finding.test == result.test for finding in before.values())
    changed: list[Finding] = []
    seen: set[ResourceId] = set()
    for observation in result.observations:
        seen.add(observation.item)
        finding = before.get(observation.item)
        match observation.outcome:
            case Deviation(what):
                changed.append(_seen(result, observation, what, finding))
            case Satisfied() | NotApplicable():
                if finding is not None and finding.closed_at is None:
                    changed.append(replace(finding, closed_at=result.concluded_at))
            case Undetermined():
                pass
            case unreachable:
                assert_never(unreachable)
    if not result.gaps:
        changed.extend(
            replace(finding, closed_at=result.concluded_at)
            for finding in before.values()
            if finding.item not in seen and finding.closed_at is None and _was_asked(finding, places)
        )
    return changed


def reopened(known: Iterable[Finding], followed: Iterable[Finding]) -> Sequence[ClosedSpell]:
    """The times in which findings were closed that came back with a result; `followed` are those that it changed."""
    closed = {finding.item: finding.closed_at for finding in known}
    spells: list[ClosedSpell] = []
    for finding in followed:
        closed_at = closed.get(finding.item)
        if closed_at is not None and finding.closed_at is None:
            spells.append(
                ClosedSpell(
                    test=finding.test,
                    item=finding.item,
                    closed_at=closed_at,
                    reopened_at=finding.last_seen_at,
                )
            )
    return spells


def _was_asked(finding: Finding, places: Collection[tuple[str, str]] | None) -> bool:
    """True where the finding's region was asked, or its whole account."""
    if places is None:
        return True
    return (finding.account, finding.region) in places or (finding.account, "") in places


def _seen(result: Result, observation: Observation, what: str, finding: Finding | None) -> Finding:
    if finding is None:
        return Finding(
            test=result.test,
            item=observation.item,
            name=observation.name,
            account=observation.account,
            region=observation.region,
            what=what,
            first_seen_at=result.concluded_at,
            last_seen_at=result.concluded_at,
            closed_at=None,
            reopened=0,
        )
    return replace(
        finding,
        name=observation.name,
        what=what,
        last_seen_at=result.concluded_at,
        closed_at=None,
        reopened=finding.reopened + (finding.closed_at is not None),
    )
