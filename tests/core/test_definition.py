import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.definition import (
    MAX_DEFINITION_BYTES,
    MAX_SUGGESTIONS,
    DefinitionError,
    Table,
    UnknownIdError,
    closest_ids,
    read_table,
)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a = 1\na = 2\n", "not valid TOML"),
        (b"[x]\n[x]\n", "not valid TOML"),
        (b"a = ", "not valid TOML"),
        (b"\xff\xfe", "byte 0 is not UTF-8"),
        (b"a = " + b"[" * 50_000, "nested too deeply|not valid TOML"),
        (b"#" * (MAX_DEFINITION_BYTES + 1), "at most 1000000; split it"),
    ],
)
def test_content_that_cannot_be_read_is_reported_with_its_file(content: bytes, problem: str) -> None:
    with pytest.raises(DefinitionError, match=rf"^hostile\.toml: .*({problem})"):
        read_table(content, file="hostile.toml")


@given(st.binary(max_size=200))
def test_any_bytes_give_a_table_or_a_definition_error(content: bytes) -> None:
    try:
        said = read_table(content, file="any.toml").where
    except DefinitionError as error:
        said = str(error)
    assert said.startswith("any.toml")


@pytest.mark.parametrize("value", [0, -1, True, 1.0, "1"])
def test_a_positive_number_is_a_whole_number_from_one(value: object) -> None:
    with pytest.raises(DefinitionError, match="whole number of at least 1"):
        Table(where="t", fields={"n": value}).positive("n")


@pytest.mark.parametrize("value", [[], ["a", ""], ["a", 1], ["a", "a"], "a"])
def test_a_list_of_strings_has_one_or_more_distinct_strings(value: object) -> None:
    with pytest.raises(DefinitionError, match=r"^t: names"):
        Table(where="t", fields={"names": value}).texts("names")


def test_a_table_under_a_key_says_where_it_stands() -> None:
    with pytest.raises(DefinitionError, match=r"^t, inner: the key 'a' is missing"):
        Table(where="t", fields={"inner": {}}).table("inner").text("a")
    with pytest.raises(DefinitionError, match=r"^t: inner must be a table, not str"):
        Table(where="t", fields={"inner": "x"}).table("inner")


def test_an_unknown_key_without_a_near_one_lists_the_keys() -> None:
    with pytest.raises(DefinitionError, match="unknown key 'zzz'; the keys are id, title"):
        Table(where="t", fields={"zzz": 1}).only("id", "title")


@given(st.text(max_size=12), st.lists(st.text(min_size=1, max_size=12)))
def test_suggestions_are_known_ids_and_few(unknown: str, known: list[str]) -> None:
    closest = closest_ids(unknown, known)
    assert set(closest) <= set(known)
    assert len(closest) <= MAX_SUGGESTIONS


@given(st.lists(st.from_regex(r"[A-Z]{3}-[0-9]{2}", fullmatch=True), unique=True), st.data())
def test_an_id_in_the_wrong_case_is_suggested_first(known: list[str], data: st.DataObject) -> None:
    if known:
        meant = data.draw(st.sampled_from(known))
        assert closest_ids(meant.lower(), known)[0] == meant


def test_an_unknown_id_without_a_near_one_says_what_to_do() -> None:
    error = UnknownIdError(what="control", unknown="??", named_in="a.yaml:3", known=["IAM-02"])
    assert str(error) == "a.yaml:3: there is no control '??'; correct or remove it"
    assert (error.unknown, error.named_in, error.closest) == ("??", "a.yaml:3", ())
