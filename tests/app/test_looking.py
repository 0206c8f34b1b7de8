"""From a digest in a report to the bytes."""

from pathlib import Path

import pytest

from tests.app.programs import ROSTER, auditwright, roster_program


@pytest.fixture
def program(tmp_path: Path) -> Path:
    made = roster_program(tmp_path / "acme")
    auditwright("run", "--program", made)
    return made


def test_evidence_is_found_by_the_beginning_of_its_digest_and_comes_out_as_it_was(program: Path) -> None:
    listed = auditwright(
        "inventory", "SELECT evidence[1] AS digest FROM person LIMIT 1", "--program", program, "--json"
    )
    digest = listed.json[0]["digest"]
    found = auditwright("evidence", digest[:12], "--program", program, "--json")
    assert found.json["sha256"] == digest
    assert found.json["collected"][0]["operation"] == "people:roster"
    assert auditwright("evidence", digest, "--program", program, "--raw").out == ROSTER


@pytest.mark.parametrize(
    ("given", "said"), [("0000000000", "No evidence"), ("../../etc", "is no digest"), ("ab", "is no digest")]
)
def test_what_is_no_evidence_is_refused_with_the_reason(program: Path, given: str, said: str) -> None:
    ran = auditwright("evidence", given, "--program", program)
    assert ran.code == 2
    assert said in ran.err


def test_every_command_that_help_names_has_help_of_its_own() -> None:
    from auditwright.cli.main import COMMANDS

    for command in COMMANDS:
        shown = auditwright(command, "--help")
        assert shown.code == 0, shown.err
        assert "Usage:" in shown.out
