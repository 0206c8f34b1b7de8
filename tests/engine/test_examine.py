from datetime import datetime
from typing import cast

import pytest

from auditwright.core.outcome import (
    Conclusion,
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    words_of,
)
from auditwright.core.resource import Related, Resource
from auditwright.core.resources import Change, Person
from auditwright.engine.evaluate import evaluate
from auditwright.engine.examine import MAX_SENTENCE, bind, examine, population_of
from tests.engine.builders import NOW, OUTCOMES, control_test, everybody, people, person


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_outcome_of_a_test_is_passed_on(outcome: Outcome) -> None:
    assert examine(control_test(lambda _: outcome), person("ada"), {}) == outcome


def test_a_test_that_raises_leaves_its_item_undetermined_and_the_others_examined() -> None:
    def fails_for_p1(item: Resource) -> Outcome:
        if item.name == "p1":
            raise LookupError("no such key")
        return Satisfied()

    found = evaluate(control_test(fails_for_p1), people(*everybody([Satisfied()] * 3)), now=NOW, settings={})
    assert [observation.outcome for observation in found.observations] == [
        Satisfied(),
        Undetermined("the test acme.people-are-fine failed: LookupError: no such key"),
        Satisfied(),
    ]
    assert found.conclusion is Conclusion.INCONCLUSIVE


class EqualToEverything:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # nothing puts it into a set


@pytest.mark.parametrize(
    "answer", [EqualToEverything(), None, True, "satisfied", Satisfied, [Satisfied()], cast("Outcome", 0)]
)
def test_an_answer_that_is_no_outcome_is_undetermined(answer: object) -> None:
    outcome = examine(control_test(lambda _: cast("Outcome", answer)), person("ada"), {})
    assert isinstance(outcome, Undetermined)
    assert "not an outcome" in outcome.why


class Loud(str):
    """A text that does not write itself down as it is."""

    __slots__ = ()

    def __str__(self) -> str:
        return "other words"


@pytest.mark.parametrize("kind", [Satisfied, Deviation, NotApplicable, Undetermined])
def test_a_reason_that_is_more_than_a_text_is_kept_as_the_text_it_is(kind: type[Deviation]) -> None:
    outcome = examine(control_test(lambda _: kind(Loud("its words"))), person("ada"), {})
    assert outcome == kind("its words")
    assert type(words_of(outcome)[1]) is str


def test_one_outcome_for_many_items_stays_one() -> None:
    said = NotApplicable("not a default group")
    assert examine(control_test(lambda _: said), person("ada"), {}) is said


class Refined(Deviation):
    """An outcome of a kind that the organization made."""


def test_an_outcome_of_a_kind_of_ones_own_is_the_kind_it_is_made_from() -> None:
    outcome = examine(control_test(lambda _: Refined("wrong")), person("ada"), {})
    assert type(outcome) is Deviation
    assert outcome == Deviation("wrong")


@pytest.mark.parametrize("kind", [Satisfied, Deviation, NotApplicable, Undetermined])
@pytest.mark.parametrize("why", [None, 7, ["x"]])
def test_an_outcome_whose_reason_is_no_text_is_undetermined(kind: type[Deviation], why: object) -> None:
    outcome = examine(control_test(lambda _: kind(cast("str", why))), person("ada"), {})
    assert isinstance(outcome, Undetermined)
    assert "says why in a text" in outcome.why


@pytest.mark.parametrize("kind", [Satisfied, Deviation, NotApplicable, Undetermined])
def test_the_text_of_an_outcome_is_bounded(kind: type[Deviation]) -> None:
    outcome = examine(control_test(lambda _: kind("x" * 10_000)), person("ada"), {})
    assert outcome == kind("x" * (MAX_SENTENCE - 1) + "…")


def test_a_test_is_given_the_time_its_settings_and_what_it_looks_things_up_in() -> None:
    seen: dict[str, object] = {}

    def look(_: Resource, *, now: datetime, days: int, word: str, changes: Related[Change]) -> Outcome:
        seen.update(now=now, days=days, word=word, absence=changes.absence())
        return Satisfied()

    test = control_test(look, takes_now=True, settings={"days": 90, "word": "a"}, related={"changes": Change})
    supplied = bind(test, now=NOW, populations=people(), settings={"days": 30})
    assert examine(test, person("ada"), supplied) == Satisfied()
    assert (seen["now"], seen["days"], seen["word"]) == (NOW, 30, "a")
    assert "no change was collected" in str(seen["absence"])


def test_a_setting_that_the_test_does_not_have_is_refused() -> None:
    with pytest.raises(KeyError, match=r"acme.people-are-fine has no setting dayz, wordz"):
        bind(control_test(settings={"days": 90}), now=NOW, populations={}, settings={"wordz": 1, "dayz": 2})


def test_a_kind_that_nothing_was_collected_for_is_empty_and_not_complete() -> None:
    population = population_of(Person, {})
    assert (population.items, population.complete) == ((), False)
