"""A whole run against an AWS that refuses: what was not seen is never a pass, and nothing gets better by it."""

from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.app.programs import Ran, auditwright
from tests.simulators.aws_proxy import AwsProxy, expired, hang, html, refuse

SETTINGS = """\
[organization]
name = "Acme"

[scope]
categories = ["security", "availability", "confidentiality"]

[integrations.aws]
regions = ["us-east-1"]
endpoint_url = "{url}"
timeout_s = "2"
attempts = "1"

[integrations.people]
roster = "people.csv"
"""
CLEAN = {"satisfied", "did not occur", "not applicable"}
OPEN_TO_ALL = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


@pytest.fixture
def program(tmp_path: Path, proxy: AwsProxy) -> Path:
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "auditwright.toml").write_text(SETTINGS.format(url=proxy.url))
    (folder / "people.csv").write_text(
        "email,name,employment,started_on,ended_on\nada@example.com,Ada,employee,2020-01-06,\n"
    )
    made = auditwright("init", folder)
    assert made.code == 0, made.err
    return folder


@pytest.fixture
def account(aws: str) -> str:
    """An account with something in it, good and bad."""
    iam = boto3.client("iam", endpoint_url=aws)
    iam.create_user(UserName="ada", Tags=[{"Key": "email", "Value": "ada@example.com"}])
    iam.create_login_profile(UserName="ada", Password="correct horse battery 1!")  # noqa: S106  # of an emulator
    s3 = boto3.client("s3", endpoint_url=aws)
    s3.create_bucket(Bucket="acme-logs")
    ec2 = boto3.client("ec2", endpoint_url=aws)
    ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, Encrypted=True)
    ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, Encrypted=False)
    group = ec2.create_security_group(GroupName="open", Description="open")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=OPEN_TO_ALL)
    return aws


def run(program: Path) -> Ran:
    return auditwright("run", "--program", program, "--json")


def of_cloud(ran: Ran) -> dict[str, Any]:
    """The tests by id, without those that a roster alone answers."""
    return {test["id"]: test for test in ran.json["tests"]}


def test_refused_every_call_nothing_passes_and_the_run_says_so(
    program: Path, account: str, proxy: AwsProxy
) -> None:
    del account
    # A roster is read from a file, which no cloud refuses.
    settings = (program / "auditwright.toml").read_text()
    (program / "auditwright.toml").write_text(settings.partition("[integrations.people]")[0])
    proxy.add(refuse())
    ran = run(program)
    assert ran.code == 3, ran.err
    statuses = {test["status"] for test in ran.json["tests"]}
    assert statuses == {"undetermined"}
    assert {count for name, count in ran.json["criteria"].items() if name in CLEAN} == {0}
    assert ran.json["gaps"]
    refused = [gap for gap in ran.json["gaps"] if gap["reason"] == "refused"]
    assert all("not authorized" in gap["detail"] or "denied" in gap["detail"].lower() for gap in refused)
    assert any("rant" in gap["remedy"] for gap in refused)


@pytest.mark.parametrize("service", ["iam", "s3", "ec2"])
def test_a_refused_service_improves_no_test_and_closes_no_finding(
    program: Path, account: str, proxy: AwsProxy, service: str
) -> None:
    del account
    before = run(program)
    proxy.add(refuse(), service=service)
    after = run(program)
    assert before.code == 1
    clean_before = {name for name, test in of_cloud(before).items() if test["status"] in CLEAN}
    clean_after = {name for name, test in of_cloud(after).items() if test["status"] in CLEAN}
    assert clean_after < clean_before
    known = {(finding["test"], finding["item"]) for finding in before.json["findings"]}
    still = {(finding["test"], finding["item"]) for finding in after.json["findings"]}
    assert known <= still
    assert after.json["criteria"]["satisfied"] <= before.json["criteria"]["satisfied"]
    assert after.code in {1, 3}


def test_one_refused_listing_leaves_the_other_kinds_of_its_service_determined(
    program: Path, account: str, proxy: AwsProxy
) -> None:
    del account
    proxy.add(refuse(), service="ec2", action="DescribeVolumes")
    tests = of_cloud(run(program))
    assert tests["data.volumes-encrypted"]["status"] == "undetermined"
    assert tests["network.ssh-closed"]["status"] == "deviation"
    assert tests["compute.images-not-public"]["status"] == "did not occur"


def test_an_answer_in_html_is_a_gap_and_never_none(program: Path, account: str, proxy: AwsProxy) -> None:
    del account
    proxy.add(html(404), service="s3", action="GetPublicAccessBlock")
    tests = of_cloud(run(program))
    assert tests["data.account-blocks-public-buckets"]["status"] == "undetermined"


def test_credentials_that_expire_midway_leave_gaps_and_what_was_read(
    program: Path, account: str, proxy: AwsProxy
) -> None:
    del account
    proxy.add(expired(), service="ec2")
    ran = run(program)
    assert any(gap["reason"] == "credentials" for gap in ran.json["gaps"])
    assert ran.json["evidence"] > 1
    assert ran.code in {1, 3}


def test_a_region_that_hangs_does_not_hang_the_run(program: Path, account: str, proxy: AwsProxy) -> None:
    del account
    proxy.add(hang(), service="rds")
    ran = run(program)
    assert any(gap["reason"] == "unreachable" and "rds" in gap["operation"] for gap in ran.json["gaps"])


def test_secrets_reach_neither_evidence_nor_log_nor_output(
    program: Path, account: str, proxy: AwsProxy
) -> None:
    del account
    proxy.add(refuse(), service="kms")
    ran = run(program)
    secrets = (b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", b"session-token-of-the-test")
    for path in (program / ".auditwright").rglob("*"):
        if path.is_file():
            assert not any(secret in path.read_bytes() for secret in secrets), path
    assert not any(secret.decode() in ran.out + ran.err for secret in secrets)


HOSTILE = ("<script>alert(1)</script>", "=cmd|'/c calc'!A1", "a\nb", "\u202egnp.exe", "x" * 10_000)


def test_hostile_names_pass_through_and_run_nowhere(program: Path, aws: str) -> None:
    del aws
    rows = "".join(
        f'p{number}@example.com,"{name.replace(chr(34), chr(34) * 2)}",employee,2020-01-06,\n'
        for number, name in enumerate(HOSTILE)
    )
    (program / "people.csv").write_text(
        f"email,name,employment,started_on,ended_on\n{rows}", encoding="utf-8"
    )
    ran = auditwright("run", "--program", program)
    assert "Traceback" not in ran.err
    written = auditwright("report", "--program", program)
    assert written.code == 0, written.err
    page = (program / "reports/readiness.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "\u202e" not in page
