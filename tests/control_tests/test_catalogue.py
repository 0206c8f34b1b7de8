"""Rules that every shipped control test keeps, and that each file of the package holds one."""

import tomllib
from importlib import resources
from importlib.resources.abc import Traversable

import pytest

from auditwright import control_tests
from auditwright.control_tests import load_builtin_tests
from auditwright.core.control_test import ControlTest
from auditwright.core.outcome import Deviation, NotApplicable, Satisfied, Undetermined

PACKAGE = "auditwright.control_tests"
TESTS = tuple(pytest.param(test, id=str(test.id)) for test in load_builtin_tests().values())
MAX_TITLE = 80
"""A title is one line of a report."""


def control_ids() -> frozenset[str]:
    """The ids of the default controls, read straight from their files."""
    files = resources.files("auditwright.controls").iterdir()
    return frozenset(
        control["id"]
        for file in files
        if file.name.endswith(".toml")
        for control in tomllib.loads(file.read_text(encoding="utf-8")).get("control", ())
    )


def modules(folder: Traversable, package: str) -> set[str]:
    """The modules that should define a test: every file that is not private."""
    found: set[str] = set()
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.name.startswith(("_", ".")):
            found |= modules(entry, f"{package}.{entry.name}")
        elif entry.name.endswith(".py") and not entry.name.startswith("_"):
            found.add(f"{package}.{entry.name.removesuffix('.py')}")
    return found


def test_every_file_defines_exactly_one_test() -> None:
    sources = [test.source for test in load_builtin_tests().values()]
    assert sorted(sources) == sorted(modules(resources.files(control_tests), PACKAGE))


def test_loading_twice_gives_the_same_tests_in_order() -> None:
    first = load_builtin_tests()
    assert list(first) == sorted(first)
    assert load_builtin_tests() == first


@pytest.mark.parametrize("test", TESTS)
def test_the_id_names_the_file(test: ControlTest) -> None:
    assert f"{PACKAGE}.{test.id.replace('-', '_')}" == test.source


@pytest.mark.parametrize("test", TESTS)
def test_it_names_controls_that_exist(test: ControlTest) -> None:
    assert test.controls
    assert set(test.controls) <= control_ids()
    assert len(set(test.controls)) == len(test.controls)


@pytest.mark.parametrize("test", TESTS)
def test_the_title_is_one_statement_and_the_rationale_says_why(test: ControlTest) -> None:
    assert 10 < len(test.title) <= MAX_TITLE
    assert test.title[0].isupper()
    assert "?" not in test.title
    assert len(test.rationale) > 40


@pytest.mark.parametrize("test", TESTS)
def test_remediation_is_given_in_all_three_ways(test: ControlTest) -> None:
    remediation = test.remediation
    for way in (remediation.console, remediation.command, remediation.terraform):
        assert len(way.strip()) > 20
    assert len({remediation.console, remediation.command, remediation.terraform}) == 3


@pytest.mark.parametrize("test", TESTS)
def test_examples_show_the_test_pass_fail_and_not_know(test: ControlTest) -> None:
    shown = {type(example.outcome) for example in test.examples}
    assert {Satisfied, Deviation, Undetermined} <= shown


@pytest.mark.parametrize("test", TESTS)
def test_every_outcome_but_satisfied_says_why(test: ControlTest) -> None:
    for example in test.examples:
        match example.outcome:
            case Deviation(text) | NotApplicable(text) | Undetermined(text):
                assert text.strip()
            case Satisfied():
                pass


@pytest.mark.parametrize("test", TESTS)
def test_examples_are_told_apart(test: ControlTest) -> None:
    seen = [(example.item, example.given, example.settings) for example in test.examples]
    assert all(one not in seen[:number] for number, one in enumerate(seen))


@pytest.mark.parametrize("test", TESTS)
def test_every_kind_of_its_populations_has_an_example_of_a_deviation(test: ControlTest) -> None:
    failing = {type(example.item) for example in test.examples if isinstance(example.outcome, Deviation)}
    assert failing == set(test.populations)
