"""The door: documents cut by lines are the same as documents read whole, in every form of print."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.vulns.readers.door import Cut, Refused, UnreadableReportError, as_utf8, json_document

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
ELEMENTS = st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=3), max_size=6)
REST = st.dictionaries(
    st.text(max_size=5).filter(lambda name: name != "matches"), VALUES | ELEMENTS, max_size=3
)


@given(ELEMENTS, REST, REST, st.sampled_from([None, 1, 2, 4, "\t"]))
def test_a_document_that_is_cut_is_the_document(
    elements: list[dict[str, object]],
    before: dict[str, object],
    after: dict[str, object],
    indent: int | str | None,
) -> None:
    document = {
        **before,
        "matches": elements,
        **{name: value for name, value in after.items() if name not in before},
    }
    cut = Cut(json.dumps(document, indent=indent, ensure_ascii=False).encode(), "matches")
    found = list(cut.decoded(dict))
    rest = {name: msgspec.json.decode(raw) for name, raw in cut.rest.items()}
    assert [*found] == elements
    assert rest == {name: value for name, value in document.items() if name != "matches"}


@given(st.lists(st.integers(0, 400), min_size=1, max_size=5))
def test_an_element_that_is_no_finding_is_one_refusal(places: list[int]) -> None:
    elements: list[object] = [{"n": number} for number in range(400)]
    for place in places:
        elements.insert(place, "odd")
    cut = Cut(json.dumps({"matches": elements}, indent=1).encode(), "matches")
    found = list(cut.decoded(dict))
    assert len(found) == len(elements)
    assert [number for number, each in enumerate(found) if isinstance(each, Refused)] == [
        number for number, each in enumerate(elements) if each == "odd"
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_text_is_the_same_in_every_encoding(encoding: str) -> None:
    assert json_document(as_utf8('{"a": "é\u20ac"}'.encode(encoding)), dict[str, str]) == {"a": "é\u20ac"}


def test_what_some_tools_write_instead_of_json_is_read() -> None:
    assert json_document(b'{"a": NaN, "b": Infinity}', dict[str, object]) == {"a": None, "b": None}
    assert json_document(b'{"a": "\xff"}', dict[str, str]) == {"a": "\ufffd"}
    assert json_document(b'{"a": 1, "a": 2}', dict[str, int]) == {"a": 2}


@pytest.mark.parametrize("body", [b"{" * 100_000, b"[" * 200_000, b'{"a": ' + b"9" * 10_000 + b"}x"])
def test_bombs_are_refused(body: bytes) -> None:
    with pytest.raises(UnreadableReportError):
        json_document(body, object)


def test_an_element_larger_than_a_piece_is_read() -> None:
    large = {"text": "x" * (9 << 20)}
    cut = Cut(json.dumps({"matches": [{"a": 1}, large, {"b": 2}]}, indent=1).encode(), "matches")
    assert list(cut.decoded(dict)) == [{"a": 1}, large, {"b": 2}]
