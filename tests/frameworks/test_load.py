from collections import Counter
from importlib import resources
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.definition import DefinitionError, UnknownIdError
from auditwright.core.framework import Framework
from auditwright.frameworks import (
    UnknownCategoryError,
    UnknownFrameworkError,
    available_frameworks,
    criteria_in_scope,
    load_framework,
    read_framework,
)

SOC2 = load_framework("soc2")
COUNTS = {
    "security": 33,
    "availability": 3,
    "confidentiality": 2,
    "processing_integrity": 5,
    "privacy": 18,
}
NUMBERING = {
    "CC1": 5,
    "CC2": 3,
    "CC3": 4,
    "CC4": 2,
    "CC5": 3,
    "CC6": 8,
    "CC7": 5,
    "CC8": 1,
    "CC9": 2,
    "A1": 3,
    "C1": 2,
    "PI1": 5,
    "P1": 1,
    "P2": 1,
    "P3": 2,
    "P4": 3,
    "P5": 2,
    "P6": 7,
    "P7": 1,
    "P8": 1,
}
LONGEST_TITLE = 60
HEAD = """
id = "tiny"
title = "Tiny"
version = "1"
[[category]]
id = "security"
title = "Security"
description = "All of it."
required = true
[[group]]
id = "S1"
category = "security"
title = "One"
"""
PAGE = """
category = "security"
[[criterion]]
id = "S1.1"
group = "S1"
title = "A title"
meaning = "A meaning."
typical_evidence = "Evidence."
"""


def folder(tmp_path: Path, *, head: str = HEAD, page: str | None = PAGE) -> Path:
    (tmp_path / "framework.toml").write_text(head)
    if page is not None:
        (tmp_path / "security.toml").write_text(page)
    return tmp_path


def test_soc2_has_exactly_the_61_criteria_in_their_published_numbering() -> None:
    expected = [f"{group}.{number}" for group, size in NUMBERING.items() for number in range(1, size + 1)]
    assert len(expected) == 61
    assert [criterion.id for criterion in SOC2.criteria] == expected


def test_soc2_counts_per_category() -> None:
    assert Counter(criterion.category for criterion in SOC2.criteria) == COUNTS
    assert [category.id for category in SOC2.categories] == list(COUNTS)


def test_only_security_is_always_in_scope() -> None:
    assert [category.id for category in SOC2.categories if category.required] == ["security"]


def test_every_reference_between_categories_groups_and_criteria_resolves() -> None:
    for criterion in SOC2.criteria:
        group = SOC2.group(criterion.group)
        assert group is not None
        assert group.category == criterion.category
        assert SOC2.category(criterion.category) is not None
        assert SOC2.criterion(criterion.id) is criterion


def test_titles_are_short_unique_and_not_sentences() -> None:
    titles = [criterion.title for criterion in SOC2.criteria]
    titles += [group.title for group in SOC2.groups]
    assert [title for title in titles if len(title) > LONGEST_TITLE or title.endswith(".")] == []
    assert [title for title, times in Counter(titles).items() if times > 1] == []


def test_meanings_and_evidence_are_sentences_and_unique() -> None:
    texts = [text for criterion in SOC2.criteria for text in (criterion.meaning, criterion.typical_evidence)]
    assert [text for text in texts if not text.endswith(".") or not text[0].isupper()] == []
    assert [text for text, times in Counter(texts).items() if times > 1] == []


@pytest.mark.parametrize(
    "phrase",
    [
        "the entity",
        "coso",
        "to meet the entity",
        "to achieve the entity",
        "objectives related to",
        "logical access security",
        "data subject",
    ],
)
def test_the_publishers_turns_of_phrase_do_not_occur(phrase: str) -> None:
    """The criteria's text is copyrighted; each of these marks a sentence taken from it."""
    for criterion in SOC2.criteria:
        words = f"{criterion.title} {criterion.meaning} {criterion.typical_evidence}".casefold()
        assert phrase not in words, criterion.id


@given(st.sets(st.sampled_from(sorted(COUNTS))))
def test_scope_is_the_chosen_categories_and_security_in_the_frameworks_order(chosen: set[str]) -> None:
    scope = criteria_in_scope(SOC2, chosen)
    assert len(scope) == sum(COUNTS[category] for category in chosen | {"security"})
    places = [SOC2.criteria.index(criterion) for criterion in scope]
    assert places == sorted(places)


def test_scopes_only_grow_with_categories() -> None:
    for fewer, more in combinations([(), ("privacy",), ("privacy", "availability")], 2):
        assert set(criteria_in_scope(SOC2, fewer)) < set(criteria_in_scope(SOC2, more))


def test_an_unknown_category_is_named_with_the_closest_one() -> None:
    with pytest.raises(UnknownCategoryError, match=r"no category 'Privcy'; did you mean privacy\?"):
        criteria_in_scope(SOC2, ["Privcy"])


@pytest.mark.parametrize("hostile", ["", ".", "..", "../controls", "soc2/..", "soc2/", "SOC2", "soc3"])
def test_only_a_shipped_framework_can_be_loaded(hostile: str) -> None:
    with pytest.raises(UnknownFrameworkError, match="the framework to load"):
        load_framework(hostile)


def test_the_frameworks_are_data_of_the_package() -> None:
    assert available_frameworks() == ("soc2",)
    files = {file.name for file in resources.files("auditwright.frameworks").joinpath("soc2").iterdir()}
    assert files == {"framework.toml", *(f"{category}.toml" for category in COUNTS)}


def test_a_folder_reads_back_as_written(tmp_path: Path) -> None:
    tiny: Framework = read_framework(folder(tmp_path))
    assert (tiny.id, tiny.version, [criterion.id for criterion in tiny.criteria]) == ("tiny", "1", ["S1.1"])


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (
            PAGE + 'meening = "x"',
            r"security\.toml, criterion 1: unknown key 'meening'; did you mean meaning\?",
        ),
        (PAGE + PAGE.split("\n", 2)[2], r"criterion 2: the criterion 'S1\.1' is defined twice"),
        (PAGE.replace('"A title"', '"  "'), r"criterion 1: title is empty"),
        (PAGE.replace('title = "A title"', ""), r"criterion 1: the key 'title' is missing"),
        (PAGE.replace('"A meaning."', "3"), r"criterion 1: meaning must be a string, not int"),
        (PAGE.replace('"S1.1"', '"S2.1"'), r"'S2\.1' is not numbered within its group 'S1'"),
        (PAGE.replace('category = "security"', 'category = "privacy"'), r"security\.toml: the file is for"),
        ('category = "security"\ncriterion = []', r"security\.toml: criterion is empty"),
        ('category = "security"\ncriterion = [1]', r"criterion 1 must be a table, not int"),
        (None, r"security\.toml: the file is missing"),
    ],
)
def test_a_faulty_criterion_is_reported_with_its_file_and_entry(
    tmp_path: Path, page: str | None, problem: str
) -> None:
    with pytest.raises(DefinitionError, match=problem):
        read_framework(folder(tmp_path, page=page))


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (HEAD.replace('id = "security"', 'id = "../security"'), "must be letters, digits, and underscores"),
        (HEAD + HEAD[HEAD.index("[[category]]") : HEAD.index("[[group]]")], "'security' is defined twice"),
        (HEAD + HEAD[HEAD.index("[[group]]") :], "the group 'S1' is defined twice"),
        (HEAD + '[[group]]\nid = "S2"\ncategory = "security"\ntitle = "Two"', "'S2' has no criterion"),
        (HEAD.replace("required = true", 'required = "yes"'), "required must be true or false, not str"),
        ("id = 1\n" + HEAD, r"framework\.toml: not valid TOML"),
    ],
)
def test_a_faulty_head_is_reported(tmp_path: Path, head: str, problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem):
        read_framework(folder(tmp_path, head=head))


def test_a_group_that_does_not_exist_is_named_with_the_closest_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownIdError, match=r"criterion 1: there is no group 'S11'; did you mean S1\?"):
        read_framework(folder(tmp_path, page=PAGE.replace('group = "S1"', 'group = "S11"')))


def test_a_group_of_another_category_is_refused(tmp_path: Path) -> None:
    second = HEAD[HEAD.index("[[category]]") : HEAD.index("[[group]]")].replace("security", "privacy")
    head = HEAD.replace('category = "security"', 'category = "privacy"') + second
    with pytest.raises(DefinitionError, match="the group 'S1' belongs to privacy, not to security"):
        read_framework(folder(tmp_path, head=head))
