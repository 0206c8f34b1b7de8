import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auditwright.access.glob import Wild, compile_glob, compile_globs, compile_pieces, lower

letters = st.text(alphabet="ab:/*?", max_size=12)
texts = st.text(alphabet="ab:/", max_size=14)


def plain(pattern: str) -> "re.Pattern[str]":
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(each) or re.escape(each) for each in pattern), re.DOTALL)


@settings(max_examples=1000)
@given(letters, texts)
@example("*a?b", "aabb")
@example("?*?", "a")
@example("", "")
@example("*?a*", "\n\na")
def test_a_pattern_matches_what_a_regular_expression_would(pattern: str, text: str) -> None:
    expected = bool(plain(pattern).fullmatch(text))
    assert compile_glob(pattern).matches(text) is expected
    assert compile_globs([pattern]).matches(text) is expected


@given(st.lists(letters, max_size=4), texts)
def test_a_set_matches_what_any_of_its_patterns_does(patterns: list[str], text: str) -> None:
    assert compile_globs(patterns).matches(text) is any(plain(each).fullmatch(text) for each in patterns)


@given(texts)
def test_a_star_alone_matches_everything(text: str) -> None:
    assert compile_globs(["*"]).everything
    assert compile_globs(["*"]).matches(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*?" * 5_000 + "!", "a" * 10_000),
        ("*a?" * 3_300 + "!", "a" * 10_000),
        ("*" + "a?" * 2_500 + "b*", "a" * 10_000),
        ("*a" * 5_000 + "!", "a" * 10_000),
        ("*" + "a" * 5_000 + "b*", "a" * 10_000),
    ],
)
def test_no_pattern_of_ten_thousand_characters_is_slow(pattern: str, text: str) -> None:
    # Each would take a matcher that goes back longer than the universe has lasted, or minutes at least.
    glob = compile_glob(pattern)
    assert not glob.matches(text)
    assert compile_glob(pattern.rstrip("!b*") + "*").matches(text)


def test_literal_pieces_are_no_wildcards() -> None:
    glob = compile_pieces(["a", "*", Wild.ANY_ONE, "?"])
    assert glob.matches("a*b?")
    assert not glob.matches("axb?")


def test_only_the_letters_from_a_to_z_have_another_case() -> None:
    assert lower("S3:GetObject") == "s3:getobject"
    assert lower("\u212ams:Decrypt") == "\u212ams:decrypt"  # the Kelvin sign is no K
