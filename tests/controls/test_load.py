from collections import Counter
from importlib import resources
from itertools import combinations
from pathlib import Path

import pytest

from auditwright.controls import load_controls, read_controls, uncovered, validate
from auditwright.controls.load import FILES
from auditwright.core.definition import DefinitionError
from auditwright.frameworks import criteria_in_scope, load_framework

SOC2 = load_framework("soc2")
LIBRARY = load_controls()
OPTIONAL = ("availability", "confidentiality", "processing_integrity", "privacy")
SCOPES = [scope for size in range(len(OPTIONAL) + 1) for scope in combinations(OPTIONAL, size)]
PREFIXES = [
    "GOV",
    "HR",
    "POL",
    "RSK",
    "VND",
    "COM",
    "AST",
    "IAM",
    "NET",
    "DAT",
    "CRY",
    "LOG",
    "VUL",
    "CHG",
    "INC",
    "BCP",
    "PHY",
    "CNF",
    "PIN",
    "PRV",
]
LONGEST_TITLE = 60
PAGE = """
[domain]
prefix = "IAM"
title = "Access"
[[control]]
id = "IAM-01"
version = 1
title = "A title"
statement = "A statement."
owner_role = "Somebody"
criteria = ["CC6.1"]
tested_by = "Look."
cadence = "annual"
kind = "manual"
"""


def read(tmp_path: Path, *pages: str) -> None:
    names = tuple(f"page{place}.toml" for place in range(1, len(pages) + 1))
    for name, page in zip(names, pages, strict=True):
        (tmp_path / name).write_text(page)
    read_controls(tmp_path, names)


@pytest.mark.parametrize("scope", SCOPES, ids="+".join)
def test_every_criterion_of_every_possible_scope_has_a_control(scope: tuple[str, ...]) -> None:
    criteria = criteria_in_scope(SOC2, scope)
    assert uncovered(LIBRARY, criteria) == ()
    for criterion in criteria:
        assert LIBRARY.for_criterion(criterion.id), criterion.id


def test_every_criterion_that_a_control_names_exists() -> None:
    validate(LIBRARY, SOC2)


def test_the_multi_factor_control_is_where_tests_look_for_it() -> None:
    assert (
        LIBRARY.control("IAM-02", named_in="here").title
        == "Multi-factor authentication is required for people"
    )


def test_the_domains_are_the_twenty_in_report_order() -> None:
    assert [domain.prefix for domain in LIBRARY.domains] == PREFIXES
    assert {LIBRARY.domain(control) for control in LIBRARY.controls} == set(LIBRARY.domains)


def test_controls_of_a_domain_are_numbered_from_one_without_holes() -> None:
    for prefix, size in Counter(control.domain for control in LIBRARY.controls).items():
        numbers = [control.id for control in LIBRARY.controls if control.domain == prefix]
        assert numbers == [f"{prefix}-{number:02}" for number in range(1, size + 1)]


def test_titles_are_short_and_wording_is_never_doubled() -> None:
    titles = [control.title for control in LIBRARY.controls]
    assert [title for title in titles if len(title) > LONGEST_TITLE or title.endswith(".")] == []
    sentences = [text for control in LIBRARY.controls for text in (control.statement, control.tested_by)]
    assert [text for text in sentences if not text.endswith(".") or not text[0].isupper()] == []
    assert [text for text, times in Counter(titles + sentences).items() if times > 1] == []


def test_statements_speak_of_the_organization_and_not_of_us() -> None:
    for control in LIBRARY.controls:
        words = set(
            f"{control.title} {control.statement} {control.tested_by}".lower().replace(".", " ").split()
        )
        assert not words & {"we", "our", "us", "shall"}, control.id


def test_a_scope_without_privacy_or_processing_brings_none_of_their_controls() -> None:
    domains = {control.domain for control in LIBRARY.for_criteria(criteria_in_scope(SOC2, ()))}
    assert domains.isdisjoint({"PRV", "PIN", "CNF"})


def test_every_data_file_is_read_and_inside_the_package() -> None:
    shipped = {file.name for file in resources.files("auditwright.controls").iterdir()}
    assert {name for name in shipped if name.endswith(".toml")} == set(FILES)


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (PAGE + 'owner = "x"', r"page1\.toml, control 1: unknown key 'owner'; did you mean owner_role\?"),
        (PAGE + PAGE[PAGE.index("[[control]]") :], r"control 2: the control 'IAM-01' is defined twice"),
        (PAGE.replace('["CC6.1"]', "[]"), r"control 1: criteria must list one or more"),
        (PAGE.replace('["CC6.1"]', '["CC6.1", "CC6.1"]'), r"criteria lists one entry twice"),
        (PAGE.replace('"annual"', '"yearly"'), r"cadence is 'yearly'; use one of continuous, per_event"),
        (PAGE.replace("version = 1", "version = true"), r"version must be a whole number of at least 1"),
        (PAGE.replace('"IAM-01"', '"NET-01"'), r"'NET-01' is not IAM with two digits, such as IAM-01"),
        (PAGE.replace('"IAM-01"', '"IAM-1"'), r"'IAM-1' is not IAM with two digits"),
        (PAGE.replace('"IAM-01"', '"IAM-\u0660\u0661"'), r"is not IAM with two digits"),
        (PAGE.replace('"A statement."', '""'), r"control 1: statement is empty"),
        (PAGE + 'kind = "manual"', r"page1\.toml: not valid TOML"),
        ("[domain]\nprefix = 'IAM'\ntitle = 'x'\n", r"page1\.toml: the key 'control' is missing"),
    ],
)
def test_a_faulty_control_is_reported_with_its_file_and_entry(
    tmp_path: Path, page: str, problem: str
) -> None:
    with pytest.raises(DefinitionError, match=problem):
        read(tmp_path, page)


def test_a_domain_has_one_file(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"page2\.toml: the domain 'IAM' has a file already"):
        read(tmp_path, PAGE, PAGE)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"^gone\.toml: the file is missing"):
        read_controls(tmp_path, ("gone.toml",))
