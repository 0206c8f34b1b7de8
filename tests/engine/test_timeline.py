from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.evidence import digest_of
from auditwright.core.ids import RunId
from auditwright.core.outcome import Conclusion
from auditwright.core.period import Period
from auditwright.core.run import ResultRecord
from auditwright.engine.timeline import DEFAULT_CADENCE, PeriodResult, Unobserved, over_period
from tests.engine.builders import TEST

START = datetime(2026, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TEN_DAYS = Period(start=START, end=START + 10 * DAY)
AFTER = START + 20 * DAY
CLEAN, BAD, BLIND, NONE = (
    Conclusion.NO_EXCEPTIONS,
    Conclusion.EXCEPTIONS,
    Conclusion.INCONCLUSIVE,
    Conclusion.DID_NOT_OCCUR,
)


def record(at: datetime, conclusion: Conclusion) -> ResultRecord:
    return ResultRecord(
        run=RunId(f"run-{at.isoformat()}"),
        test=TEST,
        concluded_at=at,
        conclusion=conclusion,
        satisfied=0,
        deviations=0,
        not_applicable=0,
        undetermined=0,
        gaps=0,
        waived=0,
        document=digest_of(b""),
        seq=0,
    )


def daily(*conclusions: Conclusion | None) -> list[ResultRecord]:
    """A run at noon of each day; None for a day without one."""
    noon = timedelta(hours=12)
    return [
        record(START + day * DAY + noon, found) for day, found in enumerate(conclusions) if found is not None
    ]


def over(*conclusions: Conclusion | None, now: datetime = AFTER) -> PeriodResult:
    return over_period(daily(*conclusions), TEN_DAYS, now=now)


def test_a_clean_run_every_day_makes_a_clean_period() -> None:
    found = over(*[CLEAN] * 10)
    assert (found.conclusion, found.runs, found.unobserved) == (CLEAN, 10, ())
    assert [conclusion for _, conclusion in found.days] == [CLEAN] * 10
    assert found.days[0][0] == date(2026, 7, 1)


def test_two_bad_days_in_the_middle_are_exceptions_although_the_newest_run_is_clean() -> None:
    found = over(*[CLEAN] * 4, BAD, BAD, *[CLEAN] * 4)
    assert (found.conclusion, found.runs_with_exceptions) == (BAD, 2)
    assert found.first_exception_at == START + 4 * DAY + timedelta(hours=12)
    assert [conclusion for _, conclusion in found.days].count(BAD) == 2


def test_days_on_which_nobody_looked_make_a_period_inconclusive() -> None:
    found = over(*[CLEAN] * 4, None, None, *[CLEAN] * 4)
    assert found.conclusion is BLIND
    noon = timedelta(hours=12)
    assert found.unobserved == (Unobserved(start=START + 3 * DAY + noon, end=START + 6 * DAY + noon),)
    assert [day for day, conclusion in found.days if conclusion is None] == [
        date(2026, 7, 5),
        date(2026, 7, 6),
    ]


@pytest.mark.parametrize("missed", ["first", "last"])
def test_days_missed_at_either_end_count_too(missed: str) -> None:
    found = over(*[None] * 3, *[CLEAN] * 7) if missed == "first" else over(*[CLEAN] * 7)
    assert found.conclusion is BLIND
    assert len(found.unobserved) == 1


def test_an_inconclusive_run_is_no_look_and_makes_the_period_inconclusive() -> None:
    assert over(*[CLEAN] * 9, BLIND).conclusion is BLIND
    found = over(CLEAN, CLEAN, BLIND, BLIND, *[CLEAN] * 6)
    assert (found.conclusion, found.inconclusive_runs, len(found.unobserved)) == (BLIND, 2, 1)


def test_nothing_occurred_in_a_period_only_where_it_did_on_no_day() -> None:
    assert over(*[NONE] * 10).conclusion is NONE
    assert over(*[NONE] * 9, CLEAN).conclusion is CLEAN


def test_a_period_without_any_run_is_inconclusive() -> None:
    assert over().conclusion is BLIND
    short = Period(start=START, end=START + timedelta(hours=1))
    assert over_period([], short, now=AFTER).conclusion is BLIND


def test_a_period_is_concluded_as_far_as_it_has_passed() -> None:
    found = over(CLEAN, CLEAN, now=START + 2 * DAY)
    assert found.conclusion is CLEAN
    assert len(found.days) == 3  # the third day has begun
    assert over(now=START - DAY).days == ()


def test_runs_outside_of_the_period_do_not_count() -> None:
    outside = [record(START - timedelta(seconds=1), BAD), record(TEN_DAYS.end, BAD)]
    assert over_period([*outside, *daily(*[CLEAN] * 10)], TEN_DAYS, now=AFTER).conclusion is CLEAN
    assert over_period([record(START, BAD)], TEN_DAYS, now=AFTER).conclusion is BAD


def test_a_day_shows_the_worst_of_its_runs() -> None:
    noon = START + timedelta(hours=12)
    found = over_period(
        [
            record(noon, CLEAN),
            record(noon + timedelta(hours=1), BLIND),
            record(noon + timedelta(hours=2), NONE),
        ],
        TEN_DAYS,
        now=AFTER,
    )
    assert found.days[0] == (date(2026, 7, 1), BLIND)


def test_a_gap_as_long_as_the_cadence_is_allowed_and_a_longer_one_is_not() -> None:
    period = Period(start=START, end=START + DEFAULT_CADENCE)
    assert over_period([record(START, CLEAN)], period, now=AFTER).conclusion is CLEAN
    longer = Period(start=START, end=START + DEFAULT_CADENCE + timedelta(seconds=1))
    assert over_period([record(START, CLEAN)], longer, now=AFTER).conclusion is BLIND


conclusions = st.lists(st.none() | st.sampled_from(Conclusion), max_size=10)


@given(conclusions, st.data())
def test_the_order_of_results_never_matters(found: list[Conclusion | None], data: st.DataObject) -> None:
    held = daily(*found)
    shuffled = data.draw(st.permutations(held))
    assert over_period(shuffled, TEN_DAYS, now=AFTER) == over_period(held, TEN_DAYS, now=AFTER)


@given(conclusions)
def test_a_period_is_never_better_than_its_days(found: list[Conclusion | None]) -> None:
    conclusion = over(*found).conclusion
    assert (conclusion is BAD) == (BAD in found)
    if BLIND in found or not any(found):
        assert conclusion in {BAD, BLIND}
    if conclusion is CLEAN:
        assert set(found) <= {CLEAN, NONE, None}
        assert CLEAN in found


@given(conclusions, st.integers(0, 9))
def test_a_run_that_was_missed_or_denied_never_improves_a_period(
    found: list[Conclusion | None], place: int
) -> None:
    if place >= len(found) or found[place] is BAD:
        return
    before = over(*found).conclusion
    for worse in (None, BLIND):
        after = over(*found[:place], worse, *found[place + 1 :]).conclusion
        # Taking a run away from days on which nothing else occurred may leave that nothing occurred.
        assert after is before or after is BLIND or (before, after, worse) == (CLEAN, NONE, None)
