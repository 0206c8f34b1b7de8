import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.outcome import Unknown
from auditwright.integrations.aws.documents import document_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(TEXTS, VALUES, max_size=4)


@given(DOCUMENTS)
def test_a_document_keeps_its_meaning_in_whichever_form_it_came(document: dict[str, object]) -> None:
    plain = json.dumps(document)
    for form in (document, plain, quote(plain, safe="")):
        text = document_text(form)
        assert isinstance(text, str)
        assert json.loads(text) == document


@given(DOCUMENTS)
def test_the_same_document_has_one_text_whatever_the_order_of_its_keys(document: dict[str, object]) -> None:
    turned = dict(reversed(document.items()))
    assert document_text(turned) == document_text(json.dumps(document, indent=2))


@pytest.mark.parametrize(
    "text", ["", "not JSON", '{"Statement":', '{"Effect":"Allow","Effect":"Deny"}', '{"a":{"b":1,"b":2}}']
)
def test_what_is_no_json_or_says_a_key_twice_is_kept_word_for_word(text: str) -> None:
    assert document_text(text) == text


@pytest.mark.parametrize("value", [None, 1, True, ["Statement"]])
def test_what_is_no_document_is_unknown(value: object) -> None:
    assert isinstance(document_text(value), Unknown)


def test_a_text_that_is_nested_without_end_is_kept_and_never_crashes() -> None:
    text = '{"a":' * 100_000
    assert document_text(text) == text
