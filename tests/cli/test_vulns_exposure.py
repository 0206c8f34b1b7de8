"""Exposure and criticality through the real entry point: saved answers of AWS, a run, and what `vulns` says of a machine."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from auditwright.cli.main import cli
from tests.app.programs import auditwright, roster_program

ACCOUNT = "111122223333"
INSTANCE = "i-0a1b2c3d4e5f60718"
BALANCER = f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:loadbalancer/app/front/1"

FINDING = {
    "findings": [
        {
            "awsAccountId": ACCOUNT,
            "findingArn": f"arn:aws:inspector2:eu-west-1:{ACCOUNT}:finding/1",
            "type": "PACKAGE_VULNERABILITY",
            "severity": "HIGH",
            "inspectorScore": 7.1,
            "lastObservedAt": "2026-11-20T12:00:00Z",
            "packageVulnerabilityDetails": {
                "vulnerabilityId": "CVE-2024-0001",
                "vulnerablePackages": [
                    {"name": "openssl", "version": "3.0.8", "release": "1", "packageManager": "OS"}
                ],
                "cvss": [{"baseScore": 8.1, "source": "NVD", "version": "3.1"}],
            },
            "resources": [
                {
                    "id": INSTANCE,
                    "type": "AWS_EC2_INSTANCE",
                    "region": "eu-west-1",
                    "details": {"awsEc2Instance": {"platform": "AMAZON_LINUX_2023"}},
                }
            ],
        }
    ]
}


def machine(*, address: str = "", tags: dict[str, str] | None = None) -> dict[str, object]:
    row = {
        "InstanceId": INSTANCE,
        "State": {"Name": "running"},
        "SecurityGroups": [{"GroupId": "sg-1"}],
        "PrivateIpAddress": "10.0.0.5",
        "Tags": [{"Key": name, "Value": value} for name, value in (tags or {}).items()],
        **({"PublicIpAddress": address} if address else {}),
    }
    return {"Reservations": [{"OwnerId": ACCOUNT, "Instances": [row]}]}


def groups(peer: str) -> dict[str, object]:
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": peer}]}
    group = {
        "GroupId": "sg-1",
        "GroupName": "web",
        "OwnerId": ACCOUNT,
        "IpPermissions": [rule],
        "IpPermissionsEgress": [],
    }
    return {"SecurityGroups": [group]}


def collected(program: Path, *answers: tuple[str, str, object]) -> None:
    for number, (service, command, answer) in enumerate(answers):
        file = program.parent / f"{number}.json"
        file.write_text(json.dumps(answer))
        taken = auditwright(
            *("import", "aws", service, command, file, "--program", program),
            *("--account", ACCOUNT, "--region", "eu-west-1"),
        )
        assert taken.code == 0, taken.err
    ran = auditwright("run", "--program", program)
    assert ran.code in {0, 1, 3}, ran.err


NO_BALANCERS: tuple[tuple[str, str, object], ...] = (
    ("elbv2", "describe-load-balancers", {"LoadBalancers": []}),
    ("elb", "describe-load-balancers", {"LoadBalancerDescriptions": []}),
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return roster_program(tmp_path / "program")


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "inspector.json"
    file.write_text(json.dumps(FINDING))
    return file


def value(*arguments: str | Path, codes: tuple[int, ...] = (0, 1)) -> Any:  # noqa: ANN401  # tests read what they expect
    result = CliRunner().invoke(cli, ["vulns", *map(str, arguments), "--json"])
    assert result.exit_code in codes, result.output
    return json.loads(result.stdout)


def facts(report: Path, program: Path) -> tuple[str, str, dict[str, Any]]:
    (explained,) = value("explain", "CVE-2024-0001", report, "--program", program)
    grounds = {each["point"]: each for each in explained["grounds"]}
    return explained["facts"]["exposed"], explained["deadline"], grounds


def settings(program: Path, text: str) -> None:
    file = program / "auditwright.toml"
    file.write_text(f"{file.read_text()}\n{text}")


def test_what_was_not_collected_is_unknown_and_taken_for_the_worst(program: Path, report: Path) -> None:
    exposed, _, grounds = facts(report, program)
    assert (exposed, grounds["exposed"]["origin"]) == ("unknown", "nobody")
    assert grounds["exposed"]["because"] == "nothing was collected that says it"


def test_a_machine_is_exposed_by_its_address_and_group_and_shown_with_its_evidence(
    program: Path, report: Path
) -> None:
    collected(
        program,
        ("ec2", "describe-instances", machine(address="198.51.100.7", tags={"criticality": "high"})),
        ("ec2", "describe-security-groups", groups("0.0.0.0/0")),
        *NO_BALANCERS,
    )
    exposed, _, grounds = facts(report, program)
    assert (exposed, grounds["exposed"]["origin"]) == ("yes", "inventory")
    assert "198.51.100.7" in grounds["exposed"]["because"]
    assert (grounds["criticality"]["value"], grounds["criticality"]["because"]) == (
        "high",
        "tag criticality = high",
    )
    shown = CliRunner().invoke(
        cli, ["vulns", "explain", "CVE-2024-0001", str(report), "--program", str(program)]
    )
    said = " ".join(shown.output.split())

    assert f"exposed: yes, by the inventory: {INSTANCE} has the public address" in said
    assert grounds["exposed"]["evidence"][0][:12] in said
    assert "scores: nvd CVSS 3.1 8.1, inspector's own for this asset 7.1" in said
    for digest in grounds["exposed"]["evidence"]:
        kept = auditwright("evidence", digest, "--program", program)
        assert kept.code == 0, kept.err


def test_settings_go_before_what_was_collected_and_are_shown_as_such(program: Path, report: Path) -> None:
    settings(
        program,
        f'[[vulnerabilities.line]]\nname = "{INSTANCE}"\nexposed = false\ncriticality = "low"\nbasis = "a honeypot"\n',
    )
    collected(
        program,
        ("ec2", "describe-instances", machine(address="198.51.100.7")),
        ("ec2", "describe-security-groups", groups("0.0.0.0/0")),
        *NO_BALANCERS,
    )
    exposed, _, grounds = facts(report, program)
    assert (exposed, grounds["exposed"]["origin"]) == ("no", "settings")
    assert grounds["exposed"]["because"].startswith("a honeypot (auditwright.toml:")
    assert grounds["exposed"]["otherwise"].startswith("yes: ")
    assert (grounds["criticality"]["value"], grounds["criticality"]["otherwise"]) == ("low", "")


def test_a_machine_that_nothing_leads_to_is_not_exposed_and_the_register_says_so(
    program: Path, report: Path, tmp_path: Path
) -> None:
    settings(program, f'[vulnerabilities.inventory]\nproduction = ["{ACCOUNT}"]\n')
    collected(
        program,
        ("ec2", "describe-instances", machine()),
        ("ec2", "describe-security-groups", groups("10.0.0.0/8")),
        *NO_BALANCERS,
    )
    exposed, _, grounds = facts(report, program)
    assert (exposed, grounds["exposed"]["origin"]) == ("no", "inventory")
    assert grounds["criticality"]["because"] == f"account {ACCOUNT} is production, as the program says"
    value("triage", report, "--program", program)
    (row,) = value("list", "--program", program)
    assert {each["point"]: each["value"] for each in row["grounds"]} == {
        "exposed": "no",
        "criticality": "high",
    }
    out = tmp_path / "out"
    value("release", "1.0", report, "--program", program, "--out", out)
    (asset,) = json.loads((out / "report.json").read_text())["assets"]
    assert asset["facts"][0] == {
        "point": "exposed",
        "value": "no",
        "known_from": "inventory",
        "evidence": grounds["exposed"]["evidence"],
        "collected_says_otherwise": False,
    }
    assert "no, by what was collected" in (out / "report.html").read_text()


def test_balancers_that_nobody_listed_leave_exposure_unknown(program: Path, report: Path) -> None:
    collected(
        program,
        ("ec2", "describe-instances", machine()),
        ("ec2", "describe-security-groups", groups("10.0.0.0/8")),
    )
    exposed, _, grounds = facts(report, program)
    assert (exposed, grounds["exposed"]["origin"]) == ("unknown", "nobody")
    assert "network entry" in grounds["exposed"]["because"]
