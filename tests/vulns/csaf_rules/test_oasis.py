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


def test_files_of_the_other_chapters_break_no_mandatory_rule() -> None:
    folder = published("vex", FOLDER)
    files = [
        file
        for chapter in ("informative", "optional", "recommended")
        for file in sorted(folder.glob(f"*/{chapter}/*.json"))
        if not file.name.endswith(".result.json")
    ]
    broken = {
        file.name: {each.rule for each in found}
        for file in files
        if (found := broken_rules(file.read_bytes()))
    }
    assert len(files) > 300
    assert broken == {}, json.dumps({name: sorted(rules) for name, rules in broken.items()}, indent=1)
