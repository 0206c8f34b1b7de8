from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.ids import ResourceId, TestId, WaiverId
from auditwright.core.outcome import Deviation, Outcome
from auditwright.core.waiver import InvalidWaiverError, Waiver
from auditwright.engine.evaluate import evaluate
from auditwright.engine.readiness import Status, status_at
from tests.engine.builders import NOW, TEST, control_test, everybody, outcomes, people, result

WAIVER = Waiver(
    id=WaiverId("W-1"),
    test=TEST,
    items=("person:p0@acme.example", "person:x*"),
    reason="Moves in August",
    requested_by="ada@acme.example",
    approved_by="eve@acme.example",
    approved_at=NOW - timedelta(days=1),
    ends_at=NOW + timedelta(days=1),
)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"items": ()}, "names no item"),
        ({"reason": " "}, "gives no reason"),
        ({"approved_by": ""}, "has no approver"),
        ({"requested_by": " "}, "does not say who asked for it"),
        ({"approved_by": "ADA@acme.example "}, "was approved by the person who asked for it"),
        ({"ends_at": NOW - timedelta(days=1)}, "ends before it was approved"),
        ({"ends_at": NOW - timedelta(days=2)}, "ends before it was approved"),
    ],
)
def test_a_waiver_needs_an_approver_a_reason_and_an_end(changed: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidWaiverError, match=f"W-1 {said}"):
        replace(WAIVER, **changed)  # type: ignore[arg-type]  # the parameters name fields of Waiver


@pytest.mark.parametrize(
    ("item", "covered"),
    [
        ("person:p0@acme.example", True),
        ("person:xavier", True),
        ("person:p1@acme.example", False),
        ("person:P0@acme.example", False),
    ],
)
def test_a_waiver_covers_the_items_that_it_names(item: str, *, covered: bool) -> None:
    assert WAIVER.covers(TEST, ResourceId(item), NOW) is covered
    assert not WAIVER.covers(TestId("another"), ResourceId(item), NOW)


def test_a_waiver_counts_from_its_approval_up_to_its_end() -> None:
    item = ResourceId("person:p0@acme.example")
    instant = timedelta(microseconds=1)
    assert not WAIVER.covers(TEST, item, WAIVER.approved_at - instant)
    assert WAIVER.covers(TEST, item, WAIVER.approved_at)
    assert WAIVER.covers(TEST, item, WAIVER.ends_at - instant)
    assert not WAIVER.covers(TEST, item, WAIVER.ends_at)


@given(seen=outcomes, over=st.booleans())
def test_a_waiver_never_changes_an_outcome_or_a_conclusion(seen: list[Outcome], *, over: bool) -> None:
    everything = replace(WAIVER, items=("*",), ends_at=NOW if over else WAIVER.ends_at)
    found = evaluate(control_test(), people(*everybody(seen)), now=NOW, settings={})
    status = status_at(found, [everything], at=NOW)
    assert [observation.outcome for observation in found.observations] == seen
    assert (status is Status.WAIVED) == (not over and _only_deviations_stand(seen))
    assert found == evaluate(control_test(), people(*everybody(seen)), now=NOW, settings={})


def _only_deviations_stand(seen: list[Outcome]) -> bool:
    kinds = {type(outcome).__name__ for outcome in seen}
    return "Deviation" in kinds and "Undetermined" not in kinds


def test_a_deviation_counts_again_once_its_waiver_ends() -> None:
    found = result([Deviation("no")])
    assert status_at(found, [WAIVER], at=NOW) is Status.WAIVED
    assert status_at(found, [WAIVER], at=WAIVER.ends_at) is Status.DEVIATION
