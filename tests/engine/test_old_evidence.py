"""A test that asks about the time up to now never passes on days that nobody saw."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.core.evidence import GapReason, Scope
from auditwright.core.outcome import (
    Conclusion,
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
)
from auditwright.core.resource import Population, Resource
from auditwright.core.resources import Change, Person
from auditwright.engine.evaluate import MAX_AGE, evaluate
from auditwright.engine.examine import MAX_SENTENCE
from tests.engine.builders import NOW, OUTCOMES, change, control_test, person, scope

OLD = NOW - timedelta(days=60)
CLEAN = {Conclusion.NO_EXCEPTIONS, Conclusion.DID_NOT_OCCUR}


def populations(
    *items: Person,
    people_at: Mapping[Scope, datetime] | None = None,
    changes_at: Mapping[Scope, datetime] | None = None,
) -> Mapping[str, Population[Resource]]:
    scopes = tuple({item.scope for item in items} or {scope()})
    return {
        "person": Population(kind=Person, items=items, gaps=(), scopes=scopes, true_at=people_at or {}),
        "change": Population(
            kind=Change,
            items=(change("c"),),
            gaps=(),
            scopes=(change("c").scope,),
            true_at=changes_at or {},
        ),
    }


def outcome(
    examine: Callable[..., Outcome], held: Mapping[str, Population[Resource]], *, takes_now: bool = True
) -> Outcome:
    def examined(item: Person, changes: object, now: datetime = NOW) -> Outcome:
        del item, changes
        return examine(now)

    test = control_test(examined, takes_now=takes_now, related={"changes": Change})
    (observation,) = evaluate(test, held, now=NOW, settings={}).observations
    return observation.outcome


def satisfied_always(now: datetime) -> Outcome:
    del now
    return Satisfied("never used")


def deviating_then(now: datetime) -> Outcome:
    return Deviation("used 3 days ago") if now == OLD else Satisfied()


def concerned_now(now: datetime) -> Outcome:
    return NotApplicable("has not left") if now == OLD else Satisfied()


def concerned_never(now: datetime) -> Outcome:
    del now
    return NotApplicable("switched off")


@pytest.mark.parametrize(
    ("examine", "expected"),
    [
        (satisfied_always, "what is known of it is of 02 May 2026, and the days since were not seen"),
        (deviating_then, "as of 02 May 2026: used 3 days ago"),
        (concerned_now, "what is known of it is of 02 May 2026, and the days since were not seen"),
    ],
)
def test_an_item_is_examined_as_of_the_day_it_was_seen(
    examine: Callable[[datetime], Outcome], expected: str
) -> None:
    found = outcome(examine, populations(person("ada"), people_at={scope(): OLD}))
    assert found in (Undetermined(expected), Deviation(expected))
    assert isinstance(found, Deviation) == (examine is deviating_then)


def test_what_a_test_concerns_neither_then_nor_now_stays_so() -> None:
    found = outcome(concerned_never, populations(person("ada"), people_at={scope(): OLD}))
    assert found == NotApplicable("switched off")


def test_what_does_not_ask_about_time_is_said_as_of_its_evidence() -> None:
    held = populations(person("ada"), people_at={scope(): OLD})
    assert outcome(satisfied_always, held, takes_now=False) == Satisfied("never used")


@pytest.mark.parametrize(
    ("age", "expected"), [(MAX_AGE, Satisfied), (MAX_AGE + timedelta(seconds=1), Undetermined)]
)
def test_evidence_of_yesterday_is_not_old(age: timedelta, expected: type[Outcome]) -> None:
    found = outcome(satisfied_always, populations(person("ada"), people_at={scope(): NOW - age}))
    assert isinstance(found, expected)


@pytest.mark.parametrize(
    ("place", "elsewhere", "expected"),
    [
        (scope("a"), scope("b"), Satisfied),
        (scope("a", "eu-west-1"), scope("a", "us-east-1"), Satisfied),
        (scope("a", "eu-west-1"), scope("a"), Undetermined),
        (scope("a"), scope("a", "us-east-1"), Undetermined),
    ],
)
def test_only_what_may_show_the_item_makes_it_old(
    place: Scope, elsewhere: Scope, expected: type[Outcome]
) -> None:
    found = outcome(satisfied_always, populations(person("ada", place=place), people_at={elsewhere: OLD}))
    assert isinstance(found, expected)


@pytest.mark.parametrize(
    ("looked_up", "expected"),
    [
        (
            scope("code", source="git"),
            Undetermined,
        ),  # whose accounts are in another system, and anywhere in it
        (scope(), Undetermined),
        (scope("another account"), Satisfied),
    ],
)
def test_what_is_looked_up_can_be_old_too(looked_up: Scope, expected: type[Outcome]) -> None:
    found = outcome(satisfied_always, populations(person("ada"), changes_at={looked_up: OLD}))
    assert isinstance(found, expected)


def test_an_old_empty_list_says_nothing_of_what_came_after_it() -> None:
    test = control_test(lambda item, now: Satisfied(), takes_now=True)  # noqa: ARG005  # the form of a test
    found = evaluate(test, populations(people_at={scope(): OLD}), now=NOW, settings={})
    assert found.conclusion is Conclusion.INCONCLUSIVE
    (missing,) = found.gaps
    assert (missing.scope, missing.reason, missing.hides_items) == (scope(), GapReason.NOT_COLLECTED, True)
    assert "02 May 2026" in missing.detail


def test_a_long_sentence_keeps_its_day() -> None:
    found = outcome(
        lambda _: Deviation("x" * MAX_SENTENCE), populations(person("ada"), people_at={scope(): OLD})
    )
    assert isinstance(found, Deviation)
    assert len(found.what) <= MAX_SENTENCE
    assert found.what.startswith("as of 02 May 2026: ")


@settings(deadline=None)
@given(
    then=st.sampled_from(OUTCOMES),
    now=st.sampled_from(OUTCOMES),
    age_hours=st.integers(min_value=37, max_value=2_160),
)
def test_old_evidence_never_gives_a_pass_and_never_a_clean_conclusion(
    then: Outcome, now: Outcome, age_hours: int
) -> None:
    true_at = NOW - timedelta(hours=age_hours)
    held = populations(person("ada"), people_at={scope(): true_at})
    assert not isinstance(outcome(lambda at: then if at == true_at else now, held), Satisfied)
    test = control_test(lambda item, now: then, takes_now=True)  # noqa: ARG005  # the form of a test
    assert evaluate(test, held, now=NOW, settings={}).conclusion not in CLEAN
