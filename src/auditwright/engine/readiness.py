"""From results to the status of each test, control, and criterion.

1. A deviation that no waiver covers decides everything above it.
2. Else anything that was not seen leaves it undetermined: an item, a gap that hides items, a control without a test.
3. Else a deviation that was accepted leaves it waived.
4. Only then is it satisfied, and only where an item was seen to satisfy it.

"Did not occur", "not applicable" and "no test" are words of their own: none of them counts as satisfied.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from auditwright.core.control_test import ControlTest
from auditwright.core.framework import Control, Criterion
from auditwright.core.ids import ControlId, CriterionId, ResourceId, TestId
from auditwright.core.outcome import (
    Conclusion,
    Deviation,
    NotApplicable,
    Outcome,
    Result,
    Satisfied,
    Undetermined,
)
from auditwright.core.waiver import Waiver


class Status(StrEnum):
    """Where an item, a test, a control, or a criterion stands; the worst comes first."""

    DEVIATION = "deviation"
    """The evidence shows the opposite of what is asked."""
    UNDETERMINED = "undetermined"
    """Not enough was seen to say."""
    NO_TEST = "no test"
    """Nothing tests it."""
    WAIVED = "waived"
    """It deviates, and a person accepted that until a date."""
    SATISFIED = "satisfied"
    """The evidence shows what is asked."""
    DID_NOT_OCCUR = "did not occur"
    """The population was pulled and is empty: neither a pass nor a failure."""
    NOT_APPLICABLE = "not applicable"
    """Every item examined is of a sort that the test does not concern."""


def combine(statuses: Iterable[Status]) -> Status:
    """The status of a whole from those of its parts: the worst of them; of no parts, `NO_TEST`.

    A whole of which a part has no test is undetermined: what was not tested was not seen.
    """
    found = set(statuses)
    if not found or found == {Status.NO_TEST}:
        return Status.NO_TEST
    worst = next(status for status in Status if status in found)
    return Status.UNDETERMINED if worst is Status.NO_TEST else worst


def item_status(outcome: Outcome, waiver: Waiver | None) -> Status:
    """The status of one item; a waiver changes how a deviation is shown and nothing else."""
    match outcome:
        case Deviation():
            return Status.WAIVED if waiver is not None else Status.DEVIATION
        case Undetermined():
            return Status.UNDETERMINED
        case Satisfied():
            return Status.SATISFIED
        case NotApplicable():
            return Status.NOT_APPLICABLE
        case unreachable:
            assert_never(unreachable)


def waiver_in_force(
    waivers: Iterable[Waiver], test: TestId, item: ResourceId, *, at: datetime
) -> Waiver | None:
    """The waiver that covers an item of a test at a time; of several, the one that ends last."""
    covering = [waiver for waiver in waivers if waiver.covers(test, item, at)]
    return max(covering, key=lambda waiver: (waiver.ends_at, waiver.id), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many of each status there are."""

    deviation: int = 0
    undetermined: int = 0
    no_test: int = 0
    waived: int = 0
    satisfied: int = 0
    did_not_occur: int = 0
    not_applicable: int = 0

    @classmethod
    def of(cls, statuses: Iterable[Status]) -> "Tally":
        """Count statuses."""
        counted = Counter(statuses)
        return cls(**{status.name.lower(): counted[status] for status in Status})

    def count(self, status: Status) -> int:
        """How many have this status."""
        return self.counts()[status]

    def counts(self) -> Mapping[Status, int]:
        """Every status with its count, the worst first."""
        return {
            Status.DEVIATION: self.deviation,
            Status.UNDETERMINED: self.undetermined,
            Status.NO_TEST: self.no_test,
            Status.WAIVED: self.waived,
            Status.SATISFIED: self.satisfied,
            Status.DID_NOT_OCCUR: self.did_not_occur,
            Status.NOT_APPLICABLE: self.not_applicable,
        }

    @property
    def total(self) -> int:
        """The whole that the counts add up to."""
        return sum(self.counts().values())


def status_of_result(result: Result, items: Iterable[Status]) -> Status:
    """The status of a test from the statuses of its items, its gaps, and its conclusion."""
    hidden = any(gap.hides_items for gap in result.gaps)
    return status_of_items(result.conclusion, items, hidden=hidden)


def status_of_items(conclusion: Conclusion, items: Iterable[Status], *, hidden: bool) -> Status:
    """The status of a test from those that its items have, how often does not matter; `hidden` where a gap hides some.

    The conclusion can only make it worse: one that claims more than the items show is not believed.
    """
    found = set(items)
    if Status.DEVIATION in found or (conclusion is Conclusion.EXCEPTIONS and Status.WAIVED not in found):
        return Status.DEVIATION
    if hidden or Status.UNDETERMINED in found or conclusion is Conclusion.INCONCLUSIVE:
        return Status.UNDETERMINED
    if Status.WAIVED in found:
        return Status.WAIVED
    if Status.SATISFIED in found:
        return Status.SATISFIED
    if conclusion is not Conclusion.DID_NOT_OCCUR:
        return Status.UNDETERMINED
    return Status.NOT_APPLICABLE if found else Status.DID_NOT_OCCUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The status of every test, control, and criterion in scope at one time."""

    tests: Mapping[TestId, Status]
    controls: Mapping[ControlId, Status]
    criteria: Mapping[CriterionId, Status]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What was to be tested: the criteria in scope, the controls that meet them, the tests of those."""

    criteria: Sequence[Criterion]
    controls: Sequence[Control]
    tests: Sequence[ControlTest]


def readiness(
    declared: Declared, results: Iterable[Result], waivers: Iterable[Waiver], *, at: datetime
) -> Readiness:
    """Where everything stands at a time. A test without a result is undetermined; a control without a test has none."""
    accepted = tuple(waivers)
    return readiness_of(declared, {result.test: status_at(result, accepted, at=at) for result in results})


def readiness_of(declared: Declared, concluded: Mapping[TestId, Status]) -> Readiness:
    """Where everything stands from what each test came to."""
    tests = {test.id: concluded.get(test.id, Status.UNDETERMINED) for test in declared.tests}
    testing: dict[ControlId, list[Status]] = {control.id: [] for control in declared.controls}
    for test in declared.tests:
        for control_id in test.controls:
            testing.setdefault(control_id, []).append(tests[test.id])
    controls = {control.id: combine(testing[control.id]) for control in declared.controls}
    meeting: dict[CriterionId, list[Status]] = {criterion.id: [] for criterion in declared.criteria}
    for control in declared.controls:
        for criterion_id in control.criteria:
            meeting.setdefault(criterion_id, []).append(controls[control.id])
    criteria = {criterion.id: combine(meeting[criterion.id]) for criterion in declared.criteria}
    return Readiness(tests=tests, controls=controls, criteria=criteria)


def status_at(result: Result, waivers: Iterable[Waiver], *, at: datetime) -> Status:
    """The status of one test's result at a time, under these waivers."""
    relevant = tuple(waiver for waiver in waivers if waiver.test == result.test)
    # Which item it is matters to a deviation alone; of every other outcome one stands for all.
    others = {type(observation.outcome): observation.outcome for observation in result.observations}
    deviating = others.pop(Deviation, None) and [
        observation for observation in result.observations if type(observation.outcome) is Deviation
    ]
    items = {item_status(outcome, None) for outcome in others.values()}
    items.update(
        item_status(seen.outcome, waiver_in_force(relevant, result.test, seen.item, at=at))
        for seen in deviating or ()
    )
    return status_of_result(result, items)
