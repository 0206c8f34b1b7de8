"""Settings are edited as a careful person would: the change, and not a character beside it."""

import tomllib
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.program.document import ProgramError
from auditwright.program.editing import Change, Setting, toml, with_settings, without_table

FILE = "auditwright.toml"
AWS = ("integrations", "aws")

TEXT = """\
# Acme
[organization]
name = "Acme # not a comment"

# AWS: three accounts.
[integrations.aws]
accounts = [
  { id = "410983217705" },  # production
  { id = "286417730952" },
]  # all of them
regions = ["eu-central-1"]  # policies forbid the others
# Not used any more:
# profile = "old"

# The roster.
[integrations.people]
roster = "people.csv"
"""


def changed(settings: dict[str, Change], text: str = TEXT) -> str:
    return with_settings(text, AWS, settings, file=FILE)


def test_one_key_changes_and_its_comment_stays() -> None:
    assert changed({"regions": ["eu-north-1"]}) == TEXT.replace('["eu-central-1"]', '["eu-north-1"]')


def test_a_value_over_several_lines_is_replaced_whole() -> None:
    found = changed({"accounts": [{"id": "1", "role_arn": "arn:x"}]})
    assert 'accounts = [{ id = "1", role_arn = "arn:x" }]  # all of them\nregions' in found
    assert "410983217705" not in found


def test_a_new_key_stands_behind_the_last_one_of_its_table() -> None:
    assert 'others\nhome_region = "eu"\n# Not used' in changed({"home_region": "eu"})


def test_a_key_is_taken_out() -> None:
    assert changed({"regions": None}) == TEXT.replace(
        'regions = ["eu-central-1"]  # policies forbid the others\n', ""
    )


def test_what_is_set_already_changes_nothing() -> None:
    assert changed({"regions": ["eu-central-1"], "profile": None}) == TEXT


def test_a_table_goes_with_the_comment_on_it_and_others_stay() -> None:
    found = without_table(TEXT, AWS, file=FILE)
    assert found == TEXT[: TEXT.index("# AWS")] + TEXT[TEXT.index("# The roster") :]
    assert without_table(found, ("integrations", "people"), file=FILE) == TEXT[: TEXT.index("\n# AWS")]


@pytest.mark.parametrize(
    "text",
    [
        'integrations = { aws = { regions = "all" } }\n',
        '[integrations]\naws.regions = "all"\n',
        '[integrations.people]\nroster = "x"\n',
        '[integrations.aws]\n[integrations.aws.deeper]\nregions = "all"\n[[integrations.aws.regions]]\nx = 1\n',
    ],
)
def test_a_form_that_is_not_known_is_refused_and_not_guessed(text: str) -> None:
    with pytest.raises(ProgramError, match=r"edit the file|Cannot"):
        changed({"regions": ["x"]}, text)


VALUES: st.SearchStrategy[Setting] = st.recursive(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False),
        st.booleans(),
        st.dates(),
        st.times(),
        st.datetimes(timezones=st.none() | st.just(UTC)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text("ab é.\"'#"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_whatever_is_set_is_read_back_and_every_other_line_stays(first: Setting, second: Setting) -> None:
    once = changed({"regions": first, "extra": second})
    assert tomllib.loads(once)["integrations"]["aws"]["regions"] == first
    assert tomllib.loads(once)["integrations"]["aws"]["extra"] == second
    again = changed({"regions": ["eu-central-1"], "extra": None}, once)
    assert again == TEXT


@given(VALUES)
def test_every_value_is_written_as_toml(value: Setting) -> None:
    assert tomllib.loads(f"x = {toml(value)}") == {"x": value}
