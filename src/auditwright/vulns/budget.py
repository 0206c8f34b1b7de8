"""How many decisions a person has left, and what would make them fewer.

A row is no decision: an upgrade is one, and so is each family whose open issues nobody can fix. What a person decided, what
the next upgrade clears anyway and what has gone costs nothing more.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from auditwright.vulns.triage import Fixability, Triaged
from auditwright.vulns.upgrades import BASE_IMAGE, Upgrade


@dataclass(frozen=True, slots=True, kw_only=True)
class Reducer:
    """Something that one person can do once, and how many decisions it takes away."""

    what: str
    saves: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The decisions that are left."""

    rows: int
    issues: int
    upgrades: int
    undecided: int
    """Families with open issues that no upgrade clears and that are due on a day: each wants one decision."""
    reducers: tuple[Reducer, ...]
    """The most helpful first."""

    @property
    def decisions(self) -> int:
        """Upgrades to make and families to decide about."""
        return self.upgrades + self.undecided


def budget(rows: int, triaged: Sequence[Triaged], upgrades: Sequence[Upgrade]) -> Budget:
    """Count what is left."""
    open_issues = [each for each in triaged if each.open()]
    unfixable = [
        each for each in open_issues if each.fixability not in {Fixability.FIXED, Fixability.PARTIAL}
    ]
    pressing = [each for each in unfixable if each.decision.deadline.days is not None]
    undecided = {(each.issue.line, each.issue.family) for each in pressing}
    reducers = sorted(_reducers(open_issues, pressing, upgrades), key=lambda each: (-each.saves, each.what))
    return Budget(
        rows=rows,
        issues=len(open_issues),
        upgrades=len(upgrades),
        undecided=len(undecided),
        reducers=tuple(reducers[:MAX_REDUCERS]),
    )


def _reducers(
    open_issues: Sequence[Triaged], pressing: Sequence[Triaged], upgrades: Sequence[Upgrade]
) -> list[Reducer]:
    found = [
        Reducer(what=f"rebuild {upgrade.line.name} on a newer base image", saves=len(upgrade.issues))
        for upgrade in upgrades
        if upgrade.place == BASE_IMAGE
    ]
    facts = Counter(
        (each.issue.line.name, point)
        for each in open_issues
        for point in each.decision.unknown
        if point in _SAYABLE
    )
    found += [
        Reducer(what=f"say whether {line} is {_SAYABLE[point]}", saves=count)
        for (line, point), count in facts.items()
    ]
    families = Counter((each.issue.line, each.issue.family) for each in pressing)
    found += [
        Reducer(what=f"remove or replace {family.name} in {line.name}", saves=count)
        for (line, family), count in families.items()
    ]
    return found


_SAYABLE = {"exposed": "reachable from public networks", "criticality": "critical"}
"""Points that the organization itself can answer."""

MAX_REDUCERS = 10
"""A longer list is no help."""
