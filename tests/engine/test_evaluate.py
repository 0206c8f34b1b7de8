from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.evidence import Gap, GapReason
from auditwright.core.outcome import (
    Conclusion,
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resource import Population, Related, Resource
from auditwright.core.resources import Change, Person
from auditwright.engine.evaluate import conclude, evaluate, hiding_gaps
from tests.engine.builders import (
    NOW,
    OUTCOMES,
    change,
    control_test,
    everybody,
    gap,
    outcomes,
    people,
    person,
    scope,
    told,
)
from tests.reference import conclude as reference

gaps = st.lists(st.sampled_from([gap("denied"), gap("throttled"), gap("no answer", of="ada")]), max_size=3)
CLEAN = {Conclusion.NO_EXCEPTIONS, Conclusion.DID_NOT_OCCUR}


@pytest.mark.parametrize(
    ("seen", "missing", "conclusion"),
    [
        ((), 0, Conclusion.DID_NOT_OCCUR),
        ((), 1, Conclusion.INCONCLUSIVE),
        ((Satisfied(),), 0, Conclusion.NO_EXCEPTIONS),
        ((Satisfied(),), 1, Conclusion.INCONCLUSIVE),
        ((NotApplicable("x"),), 0, Conclusion.DID_NOT_OCCUR),
        ((NotApplicable("x"), Satisfied()), 0, Conclusion.NO_EXCEPTIONS),
        ((Undetermined("x"), Satisfied()), 0, Conclusion.INCONCLUSIVE),
        ((Undetermined("x"), NotApplicable("x")), 0, Conclusion.INCONCLUSIVE),
        ((Satisfied(), Deviation("x")), 0, Conclusion.EXCEPTIONS),
        ((Undetermined("x"), Deviation("x")), 1, Conclusion.EXCEPTIONS),
    ],
)
def test_a_conclusion_follows_from_outcomes_and_gaps(
    seen: Sequence[Outcome], missing: int, conclusion: Conclusion
) -> None:
    assert conclude(seen, gaps=[gap()] * missing) is conclusion


@given(outcomes, gaps)
def test_the_conclusion_is_that_of_the_plain_reading(seen: list[Outcome], missing: list[Gap]) -> None:
    assert conclude(seen, gaps=missing) is reference.conclude(seen, len(missing))


@given(st.permutations(OUTCOMES * 2), gaps)
def test_the_order_of_outcomes_and_gaps_does_not_matter(seen: list[Outcome], missing: list[Gap]) -> None:
    assert conclude(seen, gaps=missing) is conclude(list(OUTCOMES) * 2, gaps=missing[::-1])


@given(outcomes, gaps, st.sampled_from(OUTCOMES))
def test_what_is_wrong_or_not_seen_never_improves_a_conclusion(
    seen: list[Outcome], missing: list[Gap], more: Outcome
) -> None:
    before = conclude(seen, gaps=missing)
    if isinstance(more, Deviation | Undetermined):
        assert conclude([*seen, more], gaps=missing) not in CLEAN
    worse = conclude(seen, gaps=[*missing, gap("another")])
    assert worse not in CLEAN
    if before is Conclusion.EXCEPTIONS:
        assert worse is Conclusion.EXCEPTIONS
        assert conclude([*seen, more], gaps=missing) is Conclusion.EXCEPTIONS


# --- over populations


@given(outcomes, gaps, st.randoms(use_true_random=False))
def test_the_order_of_items_and_gaps_never_changes_a_result(
    seen: list[Outcome], missing: list[Gap], random: Random
) -> None:
    items = list(everybody(seen))
    ordered = evaluate(control_test(), people(*items, gaps=missing), now=NOW, settings={})
    random.shuffle(items)
    random.shuffle(missing)
    assert evaluate(control_test(), people(*items, gaps=missing), now=NOW, settings={}) == ordered


@given(outcomes, gaps)
def test_denying_more_calls_never_makes_a_result_clean(seen: list[Outcome], missing: list[Gap]) -> None:
    for denied in range(len(seen) + 1):
        # One call after the other is denied, and its item is no longer shown.
        hidden = [*missing, *(gap(f"denied {place}") for place in range(denied))]
        populations = people(*everybody(seen[denied:]), gaps=hidden)
        found = evaluate(control_test(), populations, now=NOW, settings={})
        assert found.conclusion is reference.conclude(seen[denied:], len(hidden))
        assert not hidden or found.conclusion not in CLEAN


def test_everything_denied_gives_not_one_pass() -> None:
    denied = evaluate(control_test(), people(gaps=[gap()], asked=False), now=NOW, settings={})
    assert (denied.conclusion, denied.observations, denied.gaps) == (Conclusion.INCONCLUSIVE, (), (gap(),))


@pytest.mark.parametrize("populations", [{}, people(asked=False)])
def test_a_population_that_nobody_pulled_is_not_an_empty_one(
    populations: dict[str, Population[Resource]],
) -> None:
    found = evaluate(control_test(), populations, now=NOW, settings={})
    assert found.conclusion is Conclusion.INCONCLUSIVE
    (missing,) = found.gaps
    assert (missing.reason, missing.at, missing.hides_items) == (GapReason.NOT_COLLECTED, NOW, True)
    assert missing.detail.startswith("no source of ")


def test_an_empty_list_whose_pull_was_recorded_did_not_occur() -> None:
    assert evaluate(control_test(), people(), now=NOW, settings={}).conclusion is Conclusion.DID_NOT_OCCUR


def test_a_gap_that_hides_only_facts_does_not_touch_the_population() -> None:
    found = evaluate(
        control_test(), people(*everybody([Satisfied()]), gaps=[gap(hides=False)]), now=NOW, settings={}
    )
    assert (found.conclusion, found.gaps) == (Conclusion.NO_EXCEPTIONS, ())


def test_each_population_of_a_test_must_be_whole() -> None:
    both = control_test(lambda _: Satisfied(), populations=(Person, Change))
    found = evaluate(both, people(person("ada")), now=NOW, settings={})
    assert found.population == "person | change"
    assert found.conclusion is Conclusion.INCONCLUSIVE
    whole: Population[Resource] = Population(
        kind=Change, items=(change("c"),), gaps=(), scopes=(scope("code"),)
    )
    found = evaluate(both, {**people(person("ada")), "change": whole}, now=NOW, settings={})
    assert found.conclusion is Conclusion.NO_EXCEPTIONS
    assert [observation.item for observation in found.observations] == [
        "change:code@c",
        "person:ada@acme.example",
    ]


def test_an_observation_names_its_item_and_evidence() -> None:
    ada = person("ada", title="Deviation", place=scope("acme", "eu-west-1"))
    (observation,) = evaluate(control_test(), people(ada), now=NOW, settings={}).observations
    assert (observation.item, observation.name, observation.evidence) == (ada.id, "ada", ada.evidence)
    assert (observation.account, observation.region) == ("acme", "eu-west-1")
    assert observation.outcome == Deviation("no")


def test_gaps_of_a_population_are_ordered_whatever_their_order() -> None:
    one, two = gap("a"), gap("b", of="ada")
    either = [
        hiding_gaps(Population(kind=Person, items=(), gaps=given, scopes=()), now=NOW)
        for given in ((one, two), (two, one))
    ]
    assert either[0] == either[1]


# --- looking things up


@pytest.mark.parametrize(
    ("missing", "asked", "why"),
    [
        ((), True, None),
        ((gap(hides=False),), True, None),
        ((gap(),), True, "not every person was seen: people:roster in people/people.csv: refused, denied"),
        ((gap(),), False, "not every person was seen"),
        ((), False, "no person was collected"),
    ],
)
def test_what_was_not_found_is_absent_only_where_everything_was_seen(
    missing: tuple[Gap, ...], why: str | None, *, asked: bool
) -> None:
    related = Related(people(person("ada"), gaps=missing, asked=asked)["person"])
    absence = related.get("person:eve@acme.example")
    assert related.get("person:ada@acme.example") == person("ada")
    assert absence == related.absence()
    if why is None:
        assert absence is None
    else:
        assert isinstance(absence, Unknown)
        assert why in absence.why


def test_related_items_given_in_an_example_are_complete() -> None:
    related = Related.of(Person, (person("ada"),))
    assert related.get("person:eve@acme.example") is None
    assert [item.id for item in related] == ["person:ada@acme.example"]
    assert Related.of(Person, ()).absence() is None


def test_told_gives_every_outcome() -> None:
    assert [told(item) for item in everybody(OUTCOMES)] == list(OUTCOMES)
