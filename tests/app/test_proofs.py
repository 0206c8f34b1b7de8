"""A run proves access on what it collected: the story is found with its path, and what was not seen is no pass."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditwright.app.certifying import RUN_CERTIFICATE_TYPE, seal_of
from auditwright.app.importing import SavedAnswer, import_aws
from auditwright.app.picturing import picture, seen_sha256
from auditwright.app.proved import attestations_of
from auditwright.app.testing import try_tests
from auditwright.app.workspace import open_workspace
from auditwright.core.canonical import Json
from auditwright.core.ids import TestId
from auditwright.core.outcome import Conclusion, Deviation, Result, Satisfied
from auditwright.core.resources import ProvedAccess
from auditwright.program.definitions import read_program
from tests.app.programs import auditwright

ACCOUNT = "111122223333"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
EKS = f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/prod"
MADE = "2026-01-02T03:04:05+00:00"

SETTINGS = f"""\
[organization]
name = "Acme"

[scope]
categories = ["security"]

[integrations.kubernetes]
clusters = [{{ name = "prod", folder = "prod", eks = "{EKS}" }}]
"""

DENY = {
    "Sid": "DenyAllExceptListedIfNoMFA",
    "Effect": "Deny",
    "NotAction": ["iam:EnableMFADevice", "sts:GetSessionToken", "iam:ChangePassword"],
    "Resource": "*",
    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
}
DETAILS = {
    "UserDetailList": [
        {
            "Path": "/",
            "UserName": "alice",
            "UserId": "AIDAALICE",
            "Arn": ALICE,
            "CreateDate": MADE,
            "GroupList": [],
            "AttachedManagedPolicies": [],
            "UserPolicyList": [
                {"PolicyName": "mfa", "PolicyDocument": {"Version": "2012-10-17", "Statement": [DENY]}}
            ],
        }
    ],
    "GroupDetailList": [],
    "RoleDetailList": [],
    "Policies": [],
}
KEY_COLUMNS = "access_key_{0}_active,access_key_{0}_last_rotated,access_key_{0}_last_used_date"
REPORT = f"""\
user,arn,user_creation_time,password_enabled,mfa_active,{KEY_COLUMNS.format(1)},{KEY_COLUMNS.format(2)}
<root_account>,arn:aws:iam::{ACCOUNT}:root,{MADE},not_supported,true,false,N/A,N/A,false,N/A,N/A
alice,{ALICE},{MADE},false,true,true,{MADE},N/A,false,N/A,N/A
"""
CLUSTER = {
    "cluster": {
        "name": "prod",
        "arn": EKS,
        "createdAt": MADE,
        "accessConfig": {
            "authenticationMode": "CONFIG_MAP",
            "bootstrapClusterCreatorAdminPermissions": True,
        },
    }
}
MAP = f"- userarn: {ALICE}\n  username: alice\n  groups: [system:masters]\n"

PROVED = tuple(
    TestId(f"access.{name}")
    for name in (
        "every-credential-needs-a-second-factor",
        "no-path-to-cluster-admin",
        "no-path-to-account-administrator",
        "cluster-creator-holds-no-hidden-access",
        "administrators-use-phishing-resistant-factors",
        "no-privilege-escalation",
        "outside-parties-kept-out",
    )
)


def program(folder: Path) -> Path:
    """A program whose cluster is read from what kubectl printed."""
    (folder / "prod").mkdir(parents=True)
    (folder / "auditwright.toml").write_text(SETTINGS)
    map_ = {
        "metadata": {"name": "aws-auth", "namespace": "kube-system"},
        "data": {"mapUsers": MAP},
    }
    listed = {"apiVersion": "v1", "kind": "List", "items": [map_]}
    (folder / "prod" / "aws-auth.json").write_text(json.dumps(listed))
    assert auditwright("init", folder).code == 0
    return folder


def take_in(folder: Path, asked: str, body: str, **parameters: str) -> None:
    """Import what the CLI printed; `asked` is its service and command."""
    service, command = asked.split()
    file = folder.parent / f"{command}.txt"
    file.write_text(body)
    answer = SavedAnswer(
        service=service,
        command=command,
        file=file,
        parameters=parameters,
        account=ACCOUNT,
        region="eu-west-1" if service == "eks" else "",
        effective_at=None,
    )
    with open_workspace(folder) as workspace:
        import_aws(workspace, answer, now=datetime.now(UTC))


def tried(folder: Path) -> dict[str, Result]:
    auditwright("run", "--program", folder, "--json")
    with open_workspace(folder) as workspace:
        results = try_tests(workspace, PROVED, now=datetime.now(UTC)).results
        return {str(each.test): each for each in results}


def test_the_story_is_found_with_its_path_in_saved_answers(tmp_path: Path) -> None:
    folder = story(tmp_path / "acme")
    results = tried(folder)
    path = "key:alice, then sts:GetCallerIdentity (presigned), prod: alice in system:masters"
    found = results["access.every-credential-needs-a-second-factor"]
    assert found.conclusion is Conclusion.EXCEPTIONS
    deviations = {each.outcome.what for each in found.observations if isinstance(each.outcome, Deviation)}
    assert deviations == {
        f"cluster prod is within reach: {path}",
        f"administrator of cluster prod is within reach: {path}",
    }
    (creator,) = results["access.cluster-creator-holds-no-hidden-access"].observations
    assert isinstance(creator.outcome, Deviation)
    # Regions, guardrails and what is in service were not saved: nothing is proved out of reach.
    assert not any(
        isinstance(each.outcome, Satisfied) for result in results.values() for each in result.observations
    )
    with open_workspace(folder) as workspace:
        kept = workspace.stores.inventory.resources(ProvedAccess)
        assert {each.verdict for each in kept} == {"reachable", "unknown"}
        assert all(each.evidence for each in kept)
        assert picture(workspace, now=datetime.now(UTC)).users.keys() == {ALICE}


def story(folder: Path) -> Path:
    """A program that has collected the account of the story."""
    program(folder)
    take_in(folder, "iam get-account-authorization-details", json.dumps(DETAILS))
    take_in(folder, "iam get-credential-report", REPORT)
    take_in(folder, "eks list-clusters", json.dumps({"clusters": ["prod"]}))
    take_in(folder, "eks describe-cluster", json.dumps(CLUSTER), name="prod")
    auditwright("run", "--program", folder, "--json")
    return folder


def test_the_commands_answer_on_what_the_last_run_collected(tmp_path: Path) -> None:
    folder = story(tmp_path / "acme")
    drawing = tmp_path / "witness.svg"
    proved = auditwright("access", "prove", "--program", folder, "--json", "--svg", drawing)
    assert (proved.code, proved.json["verdict"]) == (1, "REACHABLE")
    assert proved.json["witness"] == [
        "key:alice",
        "sts:GetCallerIdentity (presigned), prod: alice in system:masters",
    ]
    assert {each["from"]: each["verdict"] for each in proved.json["credentials"]}["key:alice"] == "REACHABLE"
    assert "key:alice" in drawing.read_text()
    fixed = auditwright("access", "fix", "--program", folder, "--json")
    assert fixed.json["changes"][0]["title"] == f"Delete {ALICE} from aws-auth mapUsers in prod"
    file = tmp_path / "certificate.json"
    certified = auditwright("access", "certify", "--program", folder, "--out", file)
    assert (certified.code, file.exists()) == (1, False)
    assert auditwright("report", "--program", folder).code == 0
    read = json.loads((folder / "reports" / "readiness.json").read_text())
    paths = [each["path"] for each in read["findings"] if each["path"]]
    assert {
        "target": "cluster prod",
        "start": ["key:alice"],
        "steps": proved.json["witness"][1:],
    }.items() <= (next(each for each in paths if each["target"] == "cluster prod").items())


def test_no_certificate_stands_on_an_import_alone(tmp_path: Path) -> None:
    folder = program(tmp_path / "acme")
    take_in(folder, "iam get-credential-report", REPORT)
    with open_workspace(folder) as workspace:
        (run,) = workspace.stores.records.runs()
        seen = seen_sha256(workspace, run.id)
    document: dict[str, Json] = {
        "type": RUN_CERTIFICATE_TYPE,
        "at": datetime.now(UTC).isoformat(),
        "run": run.id,
        "seen_sha256": seen,
        "vouched": [],
        "whose": ["everybody"],
        "start": [],
        "target": ["level", "prod", "any"],
        "held": [],
        "crossings": [],
    }
    file = tmp_path / "certificate.json"
    file.write_text(json.dumps({**document, "sha256": seal_of(document)}))
    checked = auditwright("access", "check", file, "--program", folder, "--json")
    assert checked.code == 1
    assert checked.json["problems"] == [
        f"{run.id} is no finished collection, so that it shows a part at most"
    ]


def test_an_account_whose_principals_were_not_seen_has_no_pass(tmp_path: Path) -> None:
    folder = program(tmp_path / "acme")
    take_in(folder, "iam get-credential-report", REPORT)
    results = tried(folder)
    assert {each.conclusion for each in results.values()} == {Conclusion.INCONCLUSIVE}


def test_without_a_cloud_account_nothing_is_proved(tmp_path: Path) -> None:
    results = tried(program(tmp_path / "acme"))
    assert {each.conclusion for each in results.values()} == {Conclusion.INCONCLUSIVE}
    assert not any(result.observations for result in results.values())


def test_what_was_vouched_for_counts_until_its_day() -> None:
    text = SETTINGS + (
        '[[access.attestation]]\naccount = "444455556666"\nmfa_required = true\nevidence = "SEC-7"\n'
        "until = 2026-12-01\n"
    )
    read = read_program({"auditwright.toml": text.encode()})
    until = datetime(2026, 12, 1, tzinfo=UTC)
    (held,) = attestations_of(read, until - timedelta(seconds=1))
    assert (held.subject, held.mfa_required) == ("444455556666", True)
    assert attestations_of(read, until) == ()
