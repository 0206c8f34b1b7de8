"""`auditwright access` on snapshot files, through the real entry point."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner, Result

from auditwright.app.errors import AppError
from auditwright.cli.main import cli
from tests.access.published import decoded

EXAMPLES = Path(__file__).parents[2] / "examples/access"
HOLE, CREATOR, CLOSED = (EXAMPLES / f"{name}.json" for name in ("1-hole", "2-hidden-creator", "3-closed"))
EXIT = {"UNREACHABLE": 0, "REACHABLE": 1, "UNKNOWN": 3}


def access(*arguments: str | Path, given: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["access", *map(str, arguments)], input=given)


def proved(*arguments: str | Path) -> Mapping[str, object]:
    return cast("Mapping[str, object]", json.loads(access("prove", *arguments, "--json").stdout))


def test_every_published_scenario_has_its_verdict_and_exit_code(tmp_path: Path) -> None:
    for scenario in cast("list[Mapping[str, object]]", decoded("mfa", "eks-no-mfa-scenarios.json")):
        file = tmp_path / "snapshot.json"
        file.write_text(json.dumps(scenario))
        result = access("prove", file, "--json")
        assert json.loads(result.stdout)["verdict"] == scenario["expected"], scenario["id"]
        assert result.exit_code == EXIT[str(scenario["expected"])]


def test_the_story_the_hole_then_the_creator_then_the_proof() -> None:
    hole, creator, closed = map(proved, (HOLE, CREATOR, CLOSED))
    assert hole["witness"] == ["key:maya", "sts:GetCallerIdentity (presigned), prod: maya in system:masters"]
    assert creator["witness"] == [
        "key:noor",
        "sts:GetCallerIdentity (presigned), prod: kubernetes-admin in system:masters",
    ]
    assert (closed["verdict"], closed["witness"]) == ("UNREACHABLE", None)


def test_one_credential_is_answered_by_itself() -> None:
    assert proved(CREATOR, "--from", "key:maya")["verdict"] == "UNREACHABLE"
    assert proved(CREATOR, "--from", "key:noor")["verdict"] == "REACHABLE"


def test_a_certificate_holds_until_a_fact_is_taken_out_or_the_snapshot_is_another(tmp_path: Path) -> None:
    file = tmp_path / "certificate.json"
    assert access("certify", CLOSED, "--out", file).exit_code == 0
    assert access("check", file).exit_code == 0
    assert access("check", file, CLOSED).exit_code == 0
    other = access("check", file, HOLE)
    assert other.exit_code == 1
    assert "another snapshot" in other.stdout
    document = json.loads(file.read_text())
    for number in range(len(document["held"])):
        held = [fact for place, fact in enumerate(document["held"]) if place != number]
        file.write_text(json.dumps({**document, "held": held}))
        assert access("check", file).exit_code == 1
    file.write_text(json.dumps({**document, "target": document["held"][0]}))
    assert "is held" in access("check", file).stdout
    file.write_text(json.dumps({**document, "snapshot": HOLE.read_text()}))
    assert "is not the one" in access("check", file).stdout


def test_a_certificate_that_supposes_nothing_proves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "certificate.json"
    access("certify", CLOSED, "--out", file)
    document = json.loads(file.read_text())
    for whose in ([], ["session:eks-admin"], ["key:nobody"], ["key:maya"]):
        file.write_text(json.dumps({**document, "whose": whose, "start": [], "held": []}))
        assert access("check", file).exit_code == 1


def test_nothing_is_certified_where_nothing_is_proved(tmp_path: Path) -> None:
    result = access("certify", HOLE, "--out", tmp_path / "certificate.json")
    assert result.exit_code == 1
    assert not (tmp_path / "certificate.json").exists()


def test_a_request_is_decided_with_its_statements() -> None:
    role = "arn:aws:iam::111122223333:role/eks-admin"
    asked = (
        "simulate",
        CLOSED,
        "--as",
        "user:maya",
        "--action",
        "sts:AssumeRole",
        "--resource",
        role,
        "--json",
    )
    without, with_factor = access(*asked), access(*asked, "--mfa")
    assert (json.loads(without.stdout)["decision"], without.exit_code) == ("explicitly denied", 1)
    assert (json.loads(with_factor.stdout)["decision"], with_factor.exit_code) == ("allowed", 0)


def test_who_can_names_principals_and_sessions() -> None:
    role = "arn:aws:iam::111122223333:role/eks-admin"
    rows = json.loads(access("who-can", "sts:GetFederationToken", role, CLOSED, "--json").stdout)
    assert rows == []
    rows = json.loads(access("who-can", "iam:ChangePassword", role, CLOSED, "--without-mfa", "--json").stdout)
    assert rows == []


def test_a_fix_is_proved_before_it_is_offered_and_nothing_is_changed_where_all_is_closed() -> None:
    for open_file in (HOLE, CREATOR):
        result = access("fix", open_file, "--json")
        found = json.loads(result.stdout)
        assert (result.exit_code, found["before"], found["after"]) == (0, "REACHABLE", "UNREACHABLE")
        assert found["changes"]
        assert "UNREACHABLE with them made" in access("fix", open_file).stdout
    assert json.loads(access("fix", CLOSED, "--json").stdout)["changes"] == []


def test_lint_shows_the_request_that_gets_through() -> None:
    result = access("lint", HOLE, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert "iam:EnableMFADevice" in {each["request"]["action"] for each in found}


def test_a_path_is_drawn_and_hostile_names_stay_text(tmp_path: Path) -> None:
    hostile = '<script>alert(1)</script>\x1b[31m"'
    file = tmp_path / "snapshot.json"
    file.write_text(HOLE.read_text().replace('"username": "maya"', f'"username": {json.dumps(hostile)}'))
    drawing = tmp_path / "path.svg"
    result = access("prove", file, "--svg", drawing)
    assert "\x1b[31m" not in result.stdout
    assert "<script" not in drawing.read_text()
    assert "&lt;script&gt;" in drawing.read_text()


BAD: list[tuple[str, bytes, str]] = [
    ("empty", b"", "is empty"),
    ("cut off", b'{"gaad": {', "no JSON"),
    ("not UTF-8", b"\xff\xfe\x00", "no UTF-8"),
    ("another shape", b'{"a": 1}', "get-account-authorization-details"),
    ("a list", b"[]", "get-account-authorization-details"),
    ("deep", b"[" * 200_000, "no JSON"),
    ("no ARN", b'{"gaad": {"UserDetailList": [{"UserName": "a"}]}}', "expected an Arn"),
]


@pytest.mark.parametrize(("body", "said"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
def test_a_bad_file_is_refused_in_words(tmp_path: Path, body: bytes, said: str) -> None:
    file = tmp_path / "snapshot.json"
    file.write_bytes(body)
    assert said in refused("prove", file)


def refused(*arguments: str | Path) -> str:
    result = access(*arguments)
    assert isinstance(result.exception, AppError), result.output
    return str(result.exception)


MISTAKES: list[tuple[str, Callable[[], str], str]] = [
    ("no file", lambda: refused("prove", "nowhere.json"), "cannot be read"),
    ("no such target", lambda: refused("prove", HOLE, "--to", "staging"), "no target 'staging'"),
    ("no such level", lambda: refused("prove", HOLE, "--to", "prod:king"), "the levels are"),
    ("no such credential", lambda: refused("prove", HOLE, "--from", "key:zoe"), "no credential 'key:zoe'"),
    ("no certificate", lambda: refused("check", HOLE), "is no certificate"),
]


@pytest.mark.parametrize(
    ("mistaken", "said"), [each[1:] for each in MISTAKES], ids=[each[0] for each in MISTAKES]
)
def test_a_mistake_is_said_with_what_there_is(mistaken: Callable[[], str], said: str) -> None:
    assert said in mistaken()
