from itertools import product

import pytest

from auditwright.access.kleene import Truth, agreed, all_of, any_of, known, negate

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def possible(truth: Truth) -> set[bool]:
    return {TRUE: {True}, FALSE: {False}, UNKNOWN: {True, False}}[truth]


def seen(outcomes: set[bool]) -> Truth:
    return known(outcomes.pop()) if len(outcomes) == 1 else UNKNOWN


@pytest.mark.parametrize("truths", [each for length in range(4) for each in product(Truth, repeat=length)])
def test_a_truth_is_what_holds_in_every_case_that_it_leaves_open(truths: tuple[Truth, ...]) -> None:
    cases = list(product(*map(possible, truths)))
    assert all_of(truths) is seen({all(case) for case in cases})
    assert any_of(truths) is seen({any(case) for case in cases})


@pytest.mark.parametrize("truth", Truth)
def test_the_opposite_of_unknown_is_unknown(truth: Truth) -> None:
    assert negate(truth) is seen({not case for case in possible(truth)})


def test_those_who_do_not_say_the_same_leave_it_unknown() -> None:
    assert agreed([TRUE, TRUE]) is TRUE
    assert agreed([FALSE]) is FALSE
    assert agreed([TRUE, FALSE]) is agreed([UNKNOWN, TRUE]) is agreed([]) is UNKNOWN


@pytest.mark.parametrize("truth", Truth)
def test_a_truth_is_no_condition_of_an_if(truth: Truth) -> None:
    with pytest.raises(TypeError, match="three values"):
        bool(truth)
