"""What `auditwright init` writes is what `auditwright run` reads."""

import re
from pathlib import Path

import pytest

from auditwright.app.registry import integrations
from auditwright.core.ids import IntegrationId
from auditwright.program.definitions import SETTINGS_FILE, read_program
from tests.app.programs import auditwright


@pytest.mark.parametrize("name", sorted(integrations()))
def test_the_settings_that_are_written_for_an_integration_are_accepted_by_it(
    tmp_path: Path, name: str
) -> None:
    made = auditwright("init", tmp_path / "acme", "--name", 'A "quoted"\nname', "--integration", name)
    assert made.code == 0, made.err
    integration = integrations()[IntegrationId(name)]
    connected = auditwright("connect", name, "--program", tmp_path / "acme")
    assert f"{integration.title} stands already in" in connected.out
    asked = auditwright(
        "doctor", "--program", tmp_path / "acme", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    )
    assert asked.code in {0, 3}, asked.err


def test_a_folder_that_is_set_up_is_not_set_up_again(tmp_path: Path) -> None:
    assert auditwright("init", tmp_path / "acme").code == 0
    again = auditwright("init", tmp_path / "acme")
    assert again.code == 2
    assert "is set up already" in again.err


def test_definitions_that_came_out_of_version_control_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    folder.mkdir()
    text = '[organization]\nname = "Kept"\n[scope]\ncategories = ["security"]\n'
    (folder / "auditwright.toml").write_text(text)
    assert auditwright("init", folder, "--name", "Other").code == 0
    assert (folder / "auditwright.toml").read_text() == text


def test_the_key_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    auditwright("init", tmp_path / "acme")
    state = tmp_path / "acme/.auditwright"
    assert state.stat().st_mode & 0o077 == 0
    assert (state / "log-key.pem").stat().st_mode & 0o077 == 0


def test_the_settings_of_proofs_that_are_shown_as_comments_are_accepted(tmp_path: Path) -> None:
    assert auditwright("init", tmp_path / "acme").code == 0
    text = (tmp_path / "acme" / SETTINGS_FILE).read_text()
    shown = re.search(r"^# \[\[access\.attestation\]\].*?^# resource = .*?$", text, re.DOTALL | re.MULTILINE)
    assert shown is not None
    lines = (line.removeprefix("# ") for line in shown[0].splitlines())
    settings = [line for line in lines if line.startswith("[[") or re.match(r"\w+ = ", line)]
    program = read_program({SETTINGS_FILE: "\n".join([text, *settings]).encode()})
    assert [each.mfa_required for each in program.attestations] == [True]
    assert [each.name for each in program.access_targets] == ["customers"]
