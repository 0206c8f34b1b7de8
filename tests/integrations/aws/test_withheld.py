import json

from hypothesis import given
from hypothesis import strategies as st

from auditwright.integrations.aws.withheld import WITHHELD, withheld

SECRET = "hunter2"  # noqa: S105  # planted, to be looked for
NAMES = st.sampled_from(["Environment", "Variables", "name", "value", "other"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.just(SECRET) | st.just(42),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@given(VALUES)
def test_no_text_or_number_is_left_in_a_named_member(value: object) -> None:
    kept = withheld({"Environment": value}, ("Environment",))
    assert SECRET not in json.dumps(kept)
    assert "42" not in json.dumps(kept)


@given(VALUES)
def test_what_is_not_named_stays_as_it_is(value: object) -> None:
    assert withheld(value, ()) == value
    assert withheld(value, ("absent",)) == value


@given(VALUES)
def test_taking_out_twice_is_taking_out_once(value: object) -> None:
    names = ("Environment", "value")
    assert withheld(withheld(value, names), names) == withheld(value, names)


def test_the_shape_stays_so_that_the_answer_can_still_be_read() -> None:
    answer = {"Functions": [{"Role": "r", "Environment": {"Variables": {"A": "1", "B": None}}}]}
    kept = {"Functions": [{"Role": "r", "Environment": {"Variables": {"A": WITHHELD, "B": None}}}]}
    assert withheld(answer, ("Environment",)) == kept
