from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.ids import ResourceId, TestId
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined
from auditwright.core.run import Finding
from auditwright.engine.findings import follow
from tests.engine.builders import NOW, OUTCOMES, gap, result, scope

DAY = timedelta(days=1)
P0 = ResourceId("person:p0@acme.example")


def followed(*runs: Sequence[Outcome], gaps_on: Sequence[int] = ()) -> dict[ResourceId, Finding]:
    """The findings after one run a day."""
    known: dict[ResourceId, Finding] = {}
    for day, seen in enumerate(runs):
        gaps = [gap()] if day in gaps_on else []
        for finding in follow(result(seen, gaps=gaps, at=NOW + day * DAY), known.values()):
            known[finding.item] = finding
    return known


def test_a_deviation_opens_one_finding_with_its_first_day() -> None:
    (opened,) = follow(result([Deviation("no"), Satisfied()]), [])
    assert opened == Finding(
        test=opened.test,
        item=P0,
        name="p0",
        account="people.csv",
        region="",
        what="no",
        first_seen_at=NOW,
        last_seen_at=NOW,
        closed_at=None,
        reopened=0,
    )


def test_a_finding_that_is_seen_again_keeps_its_first_day_and_takes_the_newest_words() -> None:
    found = followed([Deviation("no")], [Deviation("still no")])[P0]
    assert (found.first_seen_at, found.last_seen_at, found.what) == (NOW, NOW + DAY, "still no")
    assert found.reopened == 0


@pytest.mark.parametrize("good", [Satisfied(), NotApplicable("has left")])
def test_a_finding_closes_when_its_item_was_seen_in_order(good: Outcome) -> None:
    found = followed([Deviation("no")], [good], [good])[P0]
    assert found.closed_at == NOW + DAY


def test_a_finding_that_comes_back_is_the_same_one_reopened() -> None:
    found = followed([Deviation("no")], [Satisfied()], [Deviation("no")], [Satisfied()], [Deviation("no")])[
        P0
    ]
    assert (found.first_seen_at, found.closed_at, found.reopened) == (NOW, None, 2)


def test_what_could_not_be_determined_closes_nothing() -> None:
    assert followed([Deviation("no")], [Undetermined("refused")])[P0].closed_at is None


def test_an_item_that_is_gone_closes_its_finding_only_where_everything_was_seen() -> None:
    assert followed([Deviation("no")], [])[P0].closed_at == NOW + DAY
    assert followed([Deviation("no")], [], gaps_on=[1])[P0].closed_at is None


@pytest.mark.parametrize(
    ("account", "region", "closes"),
    [
        ("people.csv", "", True),
        ("people.csv", "eu-west-1", False),
        ("another.csv", "", False),
    ],
)
def test_an_item_of_a_place_that_is_no_longer_asked_is_not_taken_for_gone(
    account: str, region: str, *, closes: bool
) -> None:
    known = follow(result([Deviation("no")]), [])
    closed = follow(result([]), known, asked=[scope(account, region)])
    assert bool(closed) is closes


def test_an_item_in_a_region_is_gone_where_its_whole_account_was_asked() -> None:
    (known,) = follow(result([Deviation("no")]), [])
    in_region = replace(known, region="eu-west-1")
    assert follow(result([]), [in_region], asked=[scope(region="us-east-1")]) == []
    assert len(follow(result([]), [in_region], asked=[scope(region="eu-west-1")])) == 1
    assert len(follow(result([]), [in_region], asked=[scope()])) == 1


def test_findings_of_another_test_are_a_mistake_of_the_caller() -> None:
    (known,) = follow(result([Deviation("no")]), [])
    with pytest.raises(AssertionError):
        follow(result([]), [replace(known, test=TestId("another"))])


runs = st.lists(
    st.tuples(st.lists(st.sampled_from(OUTCOMES), max_size=3), st.booleans()), min_size=1, max_size=8
)


@given(runs)
def test_over_any_history_findings_say_what_was_seen(history: list[tuple[list[Outcome], bool]]) -> None:
    """The reference: each item's last word, read from the whole history at once."""
    gaps_on = [day for day, (_, denied) in enumerate(history) if denied]
    found = followed(*(seen for seen, _ in history), gaps_on=gaps_on)
    for place in range(3):
        item = ResourceId(f"person:p{place}@acme.example")
        words = [seen[place] if place < len(seen) else None for seen, _ in history]
        deviant = [day for day, outcome in enumerate(words) if isinstance(outcome, Deviation)]
        if not deviant:
            assert item not in found
            continue
        finding = found[item]
        assert finding.first_seen_at == NOW + deviant[0] * DAY
        assert finding.last_seen_at == NOW + deviant[-1] * DAY
        good = [
            day
            for day in range(deviant[-1] + 1, len(words))
            if isinstance(words[day], Satisfied | NotApplicable)
            or (words[day] is None and day not in gaps_on)
        ]
        assert finding.closed_at == (NOW + good[0] * DAY if good else None)
