"""OASIS's own files: the invalid ones break the rule that they are named after, the valid ones break none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from auditwright.vulns.csaf_rules import RULES, broken_rules
from tests.vulns.published import CORPUS, published

FOLDER = "csaf-test"


class _Case(msgspec.Struct):
    name: str
    valid: bool


class _Test(msgspec.Struct):
    id: str
    group: str
    failures: list[_Case] = []
    valid: list[_Case] = []


class _Tests(msgspec.Struct):
    tests: list[_Test]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    rule: str
    path: Path
    valid: bool


def _mandatory(version: str) -> list[_Test]:
    listed = CORPUS / "vex" / FOLDER / version / "testcases.json"
    if not listed.exists():
        return []
    said = msgspec.json.decode(listed.read_bytes(), type=_Tests)
    return [test for test in said.tests if test.group == "mandatory"]


CASES = [
    Case(rule=test.id, path=CORPUS / "vex" / FOLDER / version / case.name, valid=case.valid)
    for version in ("2.0", "2.1")
    for test in _mandatory(version)
    if any(rule.number == test.id and version in rule.versions for rule in RULES)
    for case in (*test.failures, *test.valid)
]

NOT_DONE: Mapping[str, frozenset[str]] = {
    "2.0": frozenset({"6.1.11", "6.1.12"}),
    "2.1": frozenset(
        {"6.1.11", "6.1.12", "6.1.27.13", "6.1.48", "6.1.54", "6.1.60.1", "6.1.60.2", "6.1.60.3"}
    ),
}

SLIPS = {
    "oasis_csaf_tc-csaf_2_1-2024-6-1-10-13.json": {"6.1.9"},  # 9.0 is the temporal score, named baseScore
    "oasis_csaf_tc-csaf_2_1-2024-6-1-50-14.json": {"6.1.2"},  # two products of one id
    "oasis_csaf_tc-csaf_2_1-2024-6-1-50-15.json": {"6.1.2"},  # likewise
}
"""Valid by the rule that they are named after, and breaking another."""

NEEDS_A_TABLE = {"oasis_csaf_tc-csaf_2_1-2024-6-1-09-04.json"}
"""A score of CVSS 4.0 that is not the one of its vector."""

ANOTHER_RULE = {"oasis_csaf_tc-csaf_2_1-2024-6-1-14-32.json": "6.1.30"}
"""Listed as invalid; by the result that lies beside it, it passes the rule that it is named after and fails this one."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path.stem)
def test_an_invalid_file_breaks_its_rule_and_a_valid_file_breaks_none(case: Case) -> None:
    broken = {each.rule for each in broken_rules(case.path.read_bytes())}
    if case.valid:
        assert broken == SLIPS.get(case.path.name, set())
    elif case.path.name in NEEDS_A_TABLE:
        assert broken == set()
    else:
        assert ANOTHER_RULE.get(case.path.name, case.rule) in broken


@pytest.mark.parametrize(("version", "least"), [("2.0", 41), ("2.1", 73)])
def test_every_mandatory_test_is_made_or_listed_as_not_made(version: str, least: int) -> None:
    published("vex", FOLDER, version, "testcases.json")
    made = {rule.number for rule in RULES if version in rule.versions}
    assert {test.id for test in _mandatory(version)} - made == NOT_DONE[version]
    assert len(made) >= least


def test_what_is_not_made_is_said_in_the_docstring() -> None:
    import auditwright.vulns.csaf_rules as module

    assert all(
        number in str(module.__doc__)
        for number in frozenset().union(*NOT_DONE.values()) - {"6.1.60.2"}  # within a range there
    )


BREAKING: Mapping[str, frozenset[str]] = {
    "2_0-2021-6-2-08-02": frozenset({"6.1.25"}),  # two hashes of md5 for one file
    "2_0-2021-6-2-09-02": frozenset({"6.1.25"}),  # two of sha1
    "2_1-2024-6-2-08-02": frozenset({"6.1.25"}),
    "2_1-2024-6-2-09-02": frozenset({"6.1.25"}),
    "2_1-2024-6-2-21-02": frozenset({"6.1.14", "6.1.21"}),  # version 6 is a day older than version 5
    "2_1-2024-6-2-38-02": frozenset({"6.1.26"}),  # as the result beside it says
    "2_1-2024-6-2-38-13": frozenset({"6.1.26"}),  # likewise
    "2_1-2024-6-2-39-02-01": frozenset({"6.1.27.14"}),  # its only note is a summary
    "2_1-2024-6-2-39-03-01": frozenset({"6.1.27.14"}),  # likewise
    "2_1-2024-6-2-42-02": frozenset({"6.1.42"}),  # one package URL without the version
    "2_1-2024-6-2-54-03-01": frozenset({"6.1.1"}),  # a product that the tree lacks
    "2_1-2024-6-3-21-01-02": frozenset({"6.1.1"}),  # likewise
    "2_1-2024-6-3-21-01-12": frozenset({"6.1.1"}),  # likewise
}
"""Files of the other chapters that do break a mandatory rule."""


def test_files_of_the_other_chapters_break_no_mandatory_rule_but_these() -> None:
    folder = published("vex", FOLDER)
    files = [
        file
        for chapter in ("informative", "optional", "recommended")
        for file in sorted(folder.glob(f"*/{chapter}/*.json"))
        if not file.name.endswith(".result.json")
    ]
    assert len(files) > 400
    broken = {
        file.stem.removeprefix("oasis_csaf_tc-csaf_"): frozenset(each.rule for each in found)
        for file in files
        if (found := broken_rules(file.read_bytes()))
    }
    assert broken == BREAKING


def test_the_places_are_those_of_the_results_that_lie_beside() -> None:
    """The result of 27-08-02 is left out: of its first vulnerability it names the one product that has an id."""
    folder = published("vex", FOLDER, "2.1", "mandatory")
    compared = 0
    for rule in ("01-03", "04-03"):
        file = folder / f"oasis_csaf_tc-csaf_2_1-2024-6-1-{rule}.json"
        said = json.loads(file.with_name(f"{file.stem}.result.json").read_bytes())["primary_result"]
        expected = {error["instance_path"] for error in said["errors"]}
        found = {each.path for each in broken_rules(file.read_bytes()) if each.rule == said["id"]}
        assert found == expected
        compared += len(expected)
    assert compared > 5
