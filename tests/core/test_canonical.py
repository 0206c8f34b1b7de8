"""Canonical JSON: one value, one sequence of bytes."""

import json
from collections import ChainMap, UserDict, UserList
from collections.abc import Mapping, Sequence
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.canonical import MAX_EXACT_INTEGER, Json, canonical_json

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
plain = st.none() | st.booleans() | st.integers(-MAX_EXACT_INTEGER, MAX_EXACT_INTEGER) | texts
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(texts, inner, max_size=5)
        | st.dictionaries(texts, inner, max_size=3).map(UserDict)
    ),
    max_leaves=25,
)


def by_the_rule(value: Json) -> str:
    """RFC 8785 3.2 word by word, with nothing but the escapes left to the standard library."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{by_the_rule(key)}:{by_the_rule(value[key])}" for key in keys) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(by_the_rule(item) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


@given(values)
def test_any_value_has_the_bytes_that_the_rule_gives_it(value: Json) -> None:
    assert canonical_json(value) == by_the_rule(value).encode()


@given(st.dictionaries(texts, plain, max_size=6))
def test_the_order_in_which_members_were_put_in_does_not_matter(value: dict[str, Json]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


def test_keys_are_ordered_by_utf_16_code_units_and_not_by_code_points() -> None:
    # U+1F600 is written with surrogates (D83D DE00), which come before U+FB33 although its code point is higher.
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\u00f6"]
    found = json.loads(canonical_json(dict.fromkeys(keys, 0)))
    assert list(found) == ["\r", "1", "\x80", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


class Color(StrEnum):
    RED = "red"


def test_an_enumeration_of_texts_and_a_mapping_of_any_kind_are_written_as_what_they_hold() -> None:
    value: Json = {"b": Color.RED, "a": ChainMap({"y": 1}, {"x": UserList([None])})}
    assert canonical_json(value) == b'{"a":{"x":[null],"y":1},"b":"red"}'


@pytest.mark.parametrize("number", [MAX_EXACT_INTEGER + 1, -MAX_EXACT_INTEGER - 1])
@pytest.mark.parametrize("wrap", [lambda n: n, lambda n: [n], lambda n: {"a": {"b": n}}])
def test_an_integer_that_a_double_does_not_hold_is_refused(number: int, wrap: object) -> None:
    assert callable(wrap)
    with pytest.raises(ValueError, match="write it as a string"):
        canonical_json(wrap(number))


@pytest.mark.parametrize("value", [1.5, float("nan"), b"bytes", bytearray(b"x"), {1, 2}, object()])
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v], lambda v: {"a": v}])
def test_what_json_has_no_exact_form_for_is_refused(value: object, wrap: object) -> None:
    assert callable(wrap)
    with pytest.raises(TypeError, match="canonical JSON cannot hold"):
        canonical_json(wrap(value))


@pytest.mark.parametrize("key", [1, True, None, b"a"])
def test_a_key_that_is_no_text_is_refused_and_not_turned_into_one(key: object) -> None:
    broken: object = {key: "value"}
    with pytest.raises(TypeError, match="keys are texts"):
        canonical_json(broken)  # type: ignore[arg-type]  # what a caller without type checks may pass


def test_a_lone_surrogate_is_refused() -> None:
    for value in ("\ud800", {"\ud800": 1}, ["\udfff"]):
        with pytest.raises(ValueError, match="surrogates"):
            canonical_json(value)
