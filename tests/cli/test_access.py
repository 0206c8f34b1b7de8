"""`auditwright access` on snapshot files, through the real entry point."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner, Result
from inline_snapshot import snapshot

from auditwright.app.certifying import seal_of
from auditwright.app.errors import AppError
from auditwright.cli.main import cli
from auditwright.core.canonical import Json, canonical_json
from tests.access.published import decoded
from tests.app.programs import auditwright

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


def certificate_of(folder: Path) -> tuple[Path, dict[str, object]]:
    file = folder / "certificate.json"
    assert access("certify", CLOSED, "--out", file).exit_code == 0
    return file, json.loads(file.read_text())


def sealed(file: Path, document: Mapping[str, object]) -> Path:
    """The certificate of somebody who knows how it is sealed."""
    whole = {**document, "sha256": seal_of(cast("Mapping[str, Json]", document))}
    file.write_bytes(canonical_json(cast("Json", whole)))
    return file


def test_a_certificate_holds_by_itself_and_beside_its_snapshot(tmp_path: Path) -> None:
    file, document = certificate_of(tmp_path)
    assert file.read_bytes() == canonical_json(cast("Json", document)) + b"\n"
    assert document["snapshot_sha256"] == hashlib.sha256(CLOSED.read_bytes()).hexdigest()
    assert access("check", file).exit_code == 0
    assert access("check", file, CLOSED).exit_code == 0
    other = access("check", file, HOLE)
    assert other.exit_code == 1
    assert "another snapshot" in other.stdout
    said = json.loads(access("check", file, "--json").stdout)
    assert (said["holds"], said["target"], said["from"]) == (True, "level prod any", ["everybody"])


ROLE_SESSION: list[object] = ["session", "arn:aws:iam::111122223333:role/eks-admin", "role"]
Tampered = Callable[[dict[str, object]], Mapping[str, object]]
TAMPERED: list[tuple[str, Tampered, str]] = [
    *(
        (f"fact {number} taken out", lambda each, number=number: without(each, number), "not held")
        for number in range(4)
    ),
    (
        "a role's session put in",
        lambda each: {**each, "held": [*rows(each, "held"), ROLE_SESSION]},
        "signs in to prod",
    ),
    ("another target", lambda each: {**each, "target": rows(each, "held")[0]}, "is held"),
    ("another snapshot", lambda each: {**each, "snapshot": HOLE.read_text()}, "is not the one"),
    (
        "another snapshot with its digest",
        lambda each: {
            **each,
            "snapshot": HOLE.read_text(),
            "snapshot_sha256": hashlib.sha256(HOLE.read_bytes()).hexdigest(),
        },
        "is not held",
    ),
    (
        "a fact about nobody",
        lambda each: {**each, "held": [*rows(each, "held"), ["password", "arn:x", ""]]},
        "about nothing",
    ),
    ("a start left out", lambda each: {**each, "start": rows(each, "start")[1:]}, "leaves out"),
    ("nobody's proof", lambda each: {**each, "whose": []}, "names no start"),
    ("somebody who is not there", lambda each: {**each, "whose": ["key:zoe"]}, "no credential key:zoe"),
    ("ways that are said to be closed", lambda each: {**each, "crossings": []}, "is not what closes them"),
]


def rows(document: Mapping[str, object], name: str) -> list[object]:
    return cast("list[object]", document[name])


def without(document: Mapping[str, object], number: int) -> Mapping[str, object]:
    return {
        **document,
        "held": [each for place, each in enumerate(rows(document, "held")) if place != number],
    }


@pytest.mark.parametrize(
    ("tamper", "said"), [each[1:] for each in TAMPERED], ids=[each[0] for each in TAMPERED]
)
def test_a_certificate_that_was_tampered_with_fails_with_its_cause(
    tmp_path: Path, tamper: Tampered, said: str
) -> None:
    file, document = certificate_of(tmp_path)
    changed = tamper(document)
    file.write_text(json.dumps(changed))
    plain = access("check", file)
    assert plain.exit_code == 1
    assert "was changed after it was written" in plain.stdout
    result = access("check", sealed(file, changed), "--json")
    assert result.exit_code == 1
    problems = json.loads(result.stdout)["problems"]
    assert any(said in each for each in problems), problems


def test_a_fact_that_changes_nothing_and_was_put_in_breaks_the_seal(tmp_path: Path) -> None:
    file, document = certificate_of(tmp_path)
    file.write_text(json.dumps({**document, "held": [*rows(document, "held"), ["allow", "arn:x", ""]]}))
    result = access("check", file)
    assert result.exit_code == 1
    assert "was changed after it was written" in result.stdout


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
    requests = {one["request"]["action"] for each in found for one in each["findings"]}
    assert "iam:EnableMFADevice" in requests
    assert all("inline policy ask-for-mfa of" in each["where"] for each in found)


def written(folder: Path, name: str, value: object) -> Path:
    file = folder / name
    file.write_text(json.dumps(value))
    return file


OPEN_TO_KEYS = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    },
}


def test_lint_reads_a_trust_policy_by_itself_and_says_what_it_does_not_understand(tmp_path: Path) -> None:
    found = access("lint", written(tmp_path, "trust.json", OPEN_TO_KEYS), "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)[0]["findings"]
    odd = {"Version": "2012-10-17", "Statement": [{"Effect": "Permit", "Action": "*", "Resource": "*"}]}
    unread = access("lint", written(tmp_path, "odd.json", odd))
    assert unread.exit_code == 3
    assert "not understood" in unread.stdout
    fine = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    assert access("lint", written(tmp_path, "fine.json", fine)).exit_code == 0


def test_lint_reads_guardrails_and_policies_of_resources_of_a_snapshot(tmp_path: Path) -> None:
    document = json.loads(CLOSED.read_text())
    document["resourcePolicies"] = {"arn:aws:s3:::customers": OPEN_TO_KEYS}
    found = json.loads(access("lint", written(tmp_path, "all.json", document), "--json").stdout)
    assert "policy of arn:aws:s3:::customers" in {each["where"] for each in found}


def test_who_can_says_in_which_session_and_takes_the_trust_policy_into_account() -> None:
    role = "arn:aws:iam::111122223333:role/eks-admin"
    found = json.loads(access("who-can", "sts:AssumeRole", role, CLOSED, "--json").stdout)
    assert {(each["principal"].rpartition("/")[2], each["session"], each["certain"]) for each in found} == {
        ("maya", "mfa", True),
        ("noor", "mfa", True),
    }
    assert access("who-can", "sts:AssumeRole", role, CLOSED, "--without-mfa").exit_code == 0


def test_a_repair_is_printed_with_the_verdict_that_it_was_proved_to_have() -> None:
    result = access("fix", HOLE, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["before"], found["after"], found["complete"]) == ("REACHABLE", "UNREACHABLE", True)
    assert all(each["title"] and each["cuts"] for each in found["changes"])
    assert "aws-auth" in access("fix", HOLE).stdout
    closed = access("fix", CLOSED, "--json")
    assert (closed.exit_code, json.loads(closed.stdout)["changes"]) == (0, [])


def test_a_repair_of_a_policy_shows_what_changes_in_it(tmp_path: Path) -> None:
    scenarios = cast("list[Mapping[str, object]]", decoded("mfa", "eks-no-mfa-scenarios.json"))
    enrolling = next(each for each in scenarios if each["id"] == "enrol-3-other-can-deactivate")
    result = access("fix", written(tmp_path, "snapshot.json", enrolling))
    assert '+      "Sid": "EnrollInTheConsoleOnly",' in result.stdout


def test_each_change_of_a_repair_is_shown_as_commands_or_as_terraform() -> None:
    commands, terraform = access("fix", HOLE).stdout, access("fix", HOLE, "--terraform").stdout
    for text in ("kubectl -n kube-system patch configmap aws-auth", "aws eks update-cluster-config"):
        assert text in commands
        assert text not in terraform
    assert 'resource "aws_eks_cluster" "prod"' in terraform
    assert 'resource "aws_eks_cluster" "prod"' not in commands
    changes = json.loads(access("fix", HOLE, "--json").stdout)["changes"]
    assert all(each["commands"]["text"] and each["terraform"]["text"] for each in changes)


def test_what_a_repair_needs_to_know_is_listed_and_not_made_up(tmp_path: Path) -> None:
    document = json.loads(CREATOR.read_text())
    document["cluster"]["creator"] = None
    file = written(tmp_path, "snapshot.json", document)
    found = json.loads(access("fix", file, "--json").stdout)
    assert [each.partition(",")[0] for each in found["needs"]] == ["REGION", "CREATOR"]
    assert [each["supposes"] != "" for each in found["changes"]] == [True]
    shown = access("fix", file).stdout
    assert "# needs: CREATOR" in shown
    assert "supposes whoever created prod is found" in shown
    assert "to supply CREATOR, the ARN of whoever created the cluster prod" in shown


def test_a_repair_says_what_it_does_to_other_targets() -> None:
    found = json.loads(access("fix", HOLE, "--json").stdout)
    assert found["elsewhere"] == [
        {"target": "level prod cluster-admin", "before": "REACHABLE", "after": "UNREACHABLE", "worse": False}
    ]
    assert (
        "also cluster prod, as cluster-admin: REACHABLE before, UNREACHABLE after"
        in access("fix", HOLE).stdout
    )


def test_the_text_of_a_repair_stays_readable_in_a_terminal_of_100_columns() -> None:
    for arguments in ((HOLE,), (HOLE, "--terraform"), (CREATOR,)):
        lines = access("fix", *arguments).stdout.splitlines()
        assert all(len(line) <= 100 for line in lines)


def test_a_snapshot_comes_from_standard_input_too() -> None:
    result = access("prove", "-", "--json", given=CREATOR.read_bytes())
    assert json.loads(result.stdout)["witness"][0] == "key:noor"


def test_the_answer_in_json_says_everything_that_the_text_does() -> None:
    found = proved(HOLE)
    assert set(found) >= {
        "verdict",
        "witness",
        "assumptions",
        "missing",
        "target",
        "from",
        "requests",
        "credentials",
        "workloads",
        "scope",
        "as_of",
        "semantics",
    }
    credentials = cast("list[Mapping[str, object]]", found["credentials"])
    assert {str(each["from"]): each["verdict"] for each in credentials} == {
        "key:maya": "REACHABLE",
        "key:noor": "REACHABLE",
    }


def test_keys_that_were_not_seen_are_named_as_an_assumption(tmp_path: Path) -> None:
    document = json.loads(HOLE.read_text())
    del document["credentials"]
    found = proved(written(tmp_path, "snapshot.json", document))
    named = {each["id"] for each in cast("list[Mapping[str, str]]", found["assumptions"])}
    assert found["verdict"] == "REACHABLE"
    assert "credentials-unseen" in named
    assert any("credentials of users were not given" in each for each in cast("list[str]", found["scope"]))


def test_the_text_gives_the_verdict_first_then_the_path() -> None:
    assert access("prove", HOLE).stdout[:112] == snapshot("""\
REACHABLE  cluster prod, at any level

     key:maya
  └─ sts:GetCallerIdentity (presigned), prod: maya in syste\
""")


ESCAPES = "\x1b[2J\x1b]0;owned\x07\u202e\n[red]"


@pytest.mark.parametrize(
    "asked",
    [("prove", "--from", "key:zoe"), ("prove", "--to", "role:zoe"), ("prove",), ("fix",)],
    ids=["a start that is not there", "a target that is not there", "prove", "fix"],
)
def test_no_name_of_the_account_reaches_the_terminal_raw(tmp_path: Path, asked: tuple[str, ...]) -> None:
    text = HOLE.read_text().replace("maya", json.dumps(f"maya{ESCAPES}")[1:-1])
    file = tmp_path / "snapshot.json"
    file.write_text(text)
    ran = auditwright("access", asked[0], file, *asked[1:])
    assert ran.code in {0, 1, 2}
    shown = ran.out + ran.err
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert "[U+001B]" in shown or "there is" in shown or "no role" in shown


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
    ("NaN", b'{"gaad": {"UserDetailList": [], "x": NaN}}', "NaN is no JSON"),
    ("half a character", b'{"gaad": {"UserDetailList": []}, "x": "\\ud800"}', "half a character"),
    ("a name twice", b'{"gaad": {"UserDetailList": []}, "rcps": [], "rcps": []}', "stands twice"),
    ("a target that is none", b'{"gaad": {"UserDetailList": []}, "target": 5}', "`target`"),
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


ASKING = ("--action", "s3:GetObject", "--resource", "*")

MISTAKES: list[tuple[str, Callable[[], str], str]] = [
    ("no file", lambda: refused("prove", "nowhere.json"), "cannot be read"),
    ("no such target", lambda: refused("prove", HOLE, "--to", "staging"), "no target 'staging'"),
    ("no such level", lambda: refused("prove", HOLE, "--to", "prod:king"), "the levels are"),
    ("no such credential", lambda: refused("prove", HOLE, "--from", "key:zoe"), "no credential 'key:zoe'"),
    ("no certificate", lambda: refused("check", HOLE), "is no certificate"),
    ("no action", lambda: refused("who-can", "GetObject", "*", HOLE), "SERVICE:OPERATION"),
    ("no principal", lambda: refused("simulate", HOLE, *ASKING, "--as", "user:zoe"), "user:zoe"),
    ("no snapshot and no program", lambda: refused("prove", "--program", "nowhere"), "name a snapshot file"),
]


@pytest.mark.parametrize(
    ("mistaken", "said"), [each[1:] for each in MISTAKES], ids=[each[0] for each in MISTAKES]
)
def test_a_mistake_is_said_with_what_there_is(mistaken: Callable[[], str], said: str) -> None:
    assert said in mistaken()
