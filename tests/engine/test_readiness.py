"""The laws of status: what was not seen never makes anything look better."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.evidence import Gap, GapReason, Scope
from auditwright.core.ids import IntegrationId, ResourceId, StreamId, TestId, WaiverId
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Observation,
    Outcome,
    Result,
    Satisfied,
    Undetermined,
)
from auditwright.core.waiver import Waiver
from auditwright.engine.evaluate import conclude
from auditwright.engine.readiness import Status, Tally, combine, status_at

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
TEST = TestId("identity.mfa-enrolled")
SCOPE = Scope(source=IntegrationId("aws"), account="111122223333")

BADNESS = {
    Status.NOT_APPLICABLE: 0,
    Status.DID_NOT_OCCUR: 1,
    Status.SATISFIED: 2,
    Status.WAIVED: 3,
    Status.NO_TEST: 4,
    Status.UNDETERMINED: 5,
    Status.DEVIATION: 6,
}

OUTCOMES: list[Outcome] = [Satisfied(), Deviation("no"), NotApplicable("a robot"), Undetermined("refused")]
statuses = st.lists(st.sampled_from(Status), max_size=8)
outcomes = st.lists(st.sampled_from(OUTCOMES), max_size=8)
waived_places = st.sets(st.integers(min_value=0, max_value=9))


def gap(*, hides_items: bool = True) -> Gap:
    return Gap(
        stream=StreamId("aws.iam"),
        scope=SCOPE,
        operation="iam:ListUsers",
        reason=GapReason.REFUSED,
        detail="AccessDenied",
        remedy="Grant iam:ListUsers.",
        hides_items=hides_items,
        at=NOW,
    )


def result(seen: list[Outcome], *gaps: Gap) -> Result:
    return Result(
        test=TEST,
        population="user_account",
        concluded_at=NOW,
        conclusion=conclude(seen, gaps=gaps),
        observations=tuple(
            Observation(
                item=ResourceId(f"item-{place}"),
                name=f"item {place}",
                account="111122223333",
                region="",
                outcome=outcome,
                evidence=(),
            )
            for place, outcome in enumerate(seen)
        ),
        gaps=gaps,
    )


def waivers_for(places: set[int]) -> list[Waiver]:
    return [
        Waiver(
            id=WaiverId(f"W-{place}"),
            test=TEST,
            items=(f"item-{place}",),
            reason="accepted",
            requested_by="ada",
            approved_by="bob",
            approved_at=NOW - timedelta(days=1),
            ends_at=NOW + timedelta(days=30),
        )
        for place in places
    ]


@given(statuses, statuses)
def test_the_parts_of_a_whole_may_be_combined_in_any_order_and_grouping(
    left: list[Status], right: list[Status]
) -> None:
    assert combine(left + right) is combine(right + left)
    if left and right:
        assert combine([combine(left), combine(right)]) is combine(left + right)


@given(statuses, st.sampled_from([Status.DEVIATION, Status.UNDETERMINED]))
def test_a_further_deviation_or_unknown_never_improves_a_whole(parts: list[Status], worse: Status) -> None:
    assert BADNESS[combine([*parts, worse])] >= BADNESS[combine(parts)]
    assert combine([*parts, worse]) in {Status.DEVIATION, Status.UNDETERMINED}


@given(statuses)
def test_a_part_without_a_test_keeps_the_whole_from_being_satisfied(parts: list[Status]) -> None:
    assert combine([*parts, Status.NO_TEST]) in {Status.NO_TEST, Status.UNDETERMINED, Status.DEVIATION}


@given(statuses)
def test_a_whole_is_satisfied_only_where_a_part_is_and_none_is_bad_or_unknown(parts: list[Status]) -> None:
    harmless = {Status.SATISFIED, Status.DID_NOT_OCCUR, Status.NOT_APPLICABLE}
    assert (combine(parts) is Status.SATISFIED) == (Status.SATISFIED in parts and harmless.issuperset(parts))


def test_nothing_at_all_is_no_test_and_never_satisfied() -> None:
    assert combine([]) is Status.NO_TEST


@given(outcomes, waived_places)
def test_a_hidden_item_never_improves_a_test(seen: list[Outcome], waived: set[int]) -> None:
    waivers = waivers_for(waived)
    before = status_at(result(seen), waivers, at=NOW)
    after = status_at(result(seen, gap()), waivers, at=NOW)
    assert BADNESS[after] >= BADNESS[before]
    assert after in {Status.DEVIATION, Status.UNDETERMINED}


@given(outcomes, st.sampled_from([Deviation("no"), Undetermined("refused")]), waived_places)
def test_a_further_deviation_or_undetermined_item_never_improves_a_test(
    seen: list[Outcome], worse: Outcome, waived: set[int]
) -> None:
    waivers = waivers_for(waived)
    before = status_at(result(seen), waivers, at=NOW)
    after = status_at(result([*seen, worse]), waivers, at=NOW)
    assert BADNESS[after] >= BADNESS[before]
    assert after is not Status.SATISFIED


@given(outcomes, st.integers(min_value=0, max_value=7), waived_places)
def test_refusing_a_call_about_an_item_never_turns_a_test_satisfied(
    seen: list[Outcome], place: int, waived: set[int]
) -> None:
    if place >= len(seen):
        return
    refused = [*seen[:place], Undetermined("refused"), *seen[place + 1 :]]
    assert status_at(result(refused), waivers_for(waived), at=NOW) in {Status.DEVIATION, Status.UNDETERMINED}


@given(outcomes)
def test_with_everything_denied_nothing_passes(seen: list[Outcome]) -> None:
    denied: list[Outcome] = [Undetermined("refused") for _ in seen]
    assert status_at(result(denied, gap()), [], at=NOW) is Status.UNDETERMINED


@given(outcomes, waived_places)
def test_a_waiver_never_turns_a_deviation_into_satisfied(seen: list[Outcome], waived: set[int]) -> None:
    if any(isinstance(outcome, Deviation) for outcome in seen):
        assert status_at(result(seen), waivers_for(waived), at=NOW) is not Status.SATISFIED


def test_a_waiver_no_longer_counts_at_its_end() -> None:
    deviating = result([Deviation("no")])
    waivers = waivers_for({0})
    assert status_at(deviating, waivers, at=NOW) is Status.WAIVED
    assert status_at(deviating, waivers, at=waivers[0].ends_at) is Status.DEVIATION


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        ([], Status.DID_NOT_OCCUR),
        ([NotApplicable("a robot")], Status.NOT_APPLICABLE),
        ([NotApplicable("a robot"), Satisfied()], Status.SATISFIED),
        ([Satisfied(), Undetermined("refused")], Status.UNDETERMINED),
        ([Undetermined("refused"), Deviation("no")], Status.DEVIATION),
    ],
)
def test_each_population_has_the_word_of_its_own(seen: list[Outcome], status: Status) -> None:
    assert status_at(result(seen), [], at=NOW) is status


@given(statuses)
def test_a_tally_adds_up_to_the_whole(parts: list[Status]) -> None:
    tally = Tally.of(parts)
    assert tally.total == len(parts)
    assert all(tally.count(status) == parts.count(status) for status in Status)
