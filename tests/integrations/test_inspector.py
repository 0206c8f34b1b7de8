"""Inspector's findings collected from the emulator with boto3, and written as a report that the reader reads."""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from auditwright.core.evidence import Evidence, Gap, GapReason
from auditwright.core.integration import ConfigError
from auditwright.integrations.inspector import INTEGRATION, collect, targets
from auditwright.vulns.readers import read_report
from tests.app.programs import auditwright, roster_program

REGION = "eu-central-1"


def finding(number: int) -> Mapping[str, object]:
    return {
        "awsAccountId": "123456789012",
        "findingArn": f"arn:aws:inspector2:{REGION}:123456789012:finding/{number:032}",
        "type": "PACKAGE_VULNERABILITY",
        "status": "ACTIVE",
        "severity": "HIGH",
        "title": f"CVE-2024-{number:04} - openssl",
        "fixAvailable": "YES",
        "firstObservedAt": 1717000000.5,
        "lastObservedAt": 1717500000,
        "updatedAt": 1717500000,
        "packageVulnerabilityDetails": {
            "vulnerabilityId": f"CVE-2024-{number:04}",
            "source": "DEBIAN_CVE",
            "vulnerablePackages": [
                {
                    "name": "openssl",
                    "version": "3.0.11",
                    "release": "1",
                    "epoch": 0,
                    "packageManager": "OS",
                    "fixedInVersion": "0:3.0.12-1",
                }
            ],
        },
        "resources": [
            {
                "type": "AWS_ECR_CONTAINER_IMAGE",
                "id": "arn:aws:ecr:eu-central-1:123456789012:repository/acme/api/sha256:" + "a" * 64,
                "region": REGION,
                "details": {
                    "awsEcrContainerImage": {
                        "repositoryName": "acme/api",
                        "imageHash": "sha256:" + "a" * 64,
                        "imageTags": ["1.0"],
                        "architecture": "amd64",
                        "platform": "DEBIAN_12",
                    }
                },
            }
        ],
    }


def seeded(url: str, *pages: list[Mapping[str, object]]) -> None:
    """Give the emulator what it answers next; it has no Inspector of its own."""
    body = {"region": REGION, "results": list(pages)}
    request = Request(  # noqa: S310  # the emulator of the test
        f"{url}/moto-api/static/inspector2/findings-results", data=json.dumps(body).encode(), method="POST"
    )
    urlopen(request).read()  # noqa: S310  # the emulator of the test


def asked(url: str) -> list[Evidence | Gap]:
    (target,) = targets({"regions": [REGION], "endpoint_url": url})
    return list(collect(target))


def test_what_inspector_answers_is_kept_and_read_as_a_report(aws: str) -> None:
    seeded(aws, [finding(1), finding(2)])
    (evidence,) = asked(aws)
    assert isinstance(evidence, Evidence)
    report = read_report(evidence.body)
    assert [(row.id, row.package.name, row.package.version) for row in report.rows] == [
        ("CVE-2024-0001", "openssl", "3.0.11-1"),
        ("CVE-2024-0002", "openssl", "3.0.11-1"),
    ]
    assert report.targets[0].tags == ("acme/api:1.0",)
    assert report.rows[0].first_seen is not None


def test_an_account_without_findings_is_a_recorded_nought(aws: str) -> None:
    (evidence,) = asked(aws)
    assert isinstance(evidence, Evidence)
    assert json.loads(evidence.body)["findings"] == []


def test_what_cannot_be_reached_is_a_gap_that_hides_all() -> None:
    (gap,) = asked("http://127.0.0.1:9")
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.hides_items) == (GapReason.UNREACHABLE, True)


@pytest.mark.parametrize(
    "config", [{}, {"regions": []}, {"regions": "eu-central-1"}, {"regions": [REGION], "region": "x"}]
)
def test_settings_that_are_none_are_refused(config: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="inspector"):
        list(targets(config))


def test_a_run_keeps_the_findings_and_writes_them_as_files_to_merge(aws: str, tmp_path: Path) -> None:
    seeded(aws, [finding(1)])
    program = roster_program(tmp_path / "program")
    with (program / "auditwright.toml").open("a") as settings:
        settings.write(f'\n[integrations.inspector]\nregions = ["{REGION}"]\nendpoint_url = "{aws}"\n')
    auditwright("run", "--program", program)
    written = auditwright("vulns", "collected", tmp_path / "out", "--program", program)
    assert written.code == 0, written.err
    (file,) = (tmp_path / "out").iterdir()
    assert auditwright("vulns", "read", file, "--json").json["rows"] == 1


def test_findings_that_were_not_read_to_the_end_are_not_written(tmp_path: Path, aws: str) -> None:
    del aws
    program = roster_program(tmp_path / "program")
    with (program / "auditwright.toml").open("a") as settings:
        settings.write(
            f'\n[integrations.inspector]\nregions = ["{REGION}"]\nendpoint_url = "http://127.0.0.1:9"\n'
        )
    auditwright("run", "--program", program)
    refused = auditwright("vulns", "collected", tmp_path / "out", "--program", program)
    assert refused.code == 2
    assert "were not read to the end" in refused.err


def test_its_one_question_is_its_one_permission() -> None:
    (stream,) = INTEGRATION.streams
    assert [operation.permission for operation in stream.operations] == ["inspector2:ListFindings"]
