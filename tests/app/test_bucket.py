"""The whole path with evidence in a bucket."""

from pathlib import Path

import boto3

from tests.app.programs import ROSTER, SETTINGS, auditwright


def test_a_run_keeps_its_evidence_in_the_bucket_and_packages_it(tmp_path: Path, s3_endpoint: str) -> None:
    s3 = boto3.client("s3", endpoint_url=s3_endpoint)
    s3.create_bucket(Bucket="acme-evidence")
    program = tmp_path / "acme"
    program.mkdir()
    place = f'\n[evidence]\nbucket = "acme-evidence"\nendpoint_url = "{s3_endpoint}"\nregion = "us-east-1"\n'
    (program / "auditwright.toml").write_text(SETTINGS + place)
    (program / "people.csv").write_text(ROSTER)
    assert auditwright("init", program).code == 0
    ran = auditwright("run", "--program", program, "--json")
    assert ran.code == 3, ran.err
    assert not (program / ".auditwright/evidence").exists()
    assert s3.list_objects_v2(Bucket="acme-evidence")["KeyCount"] > 1
    package = tmp_path / "package.zip"
    assert auditwright("export", package, "--program", program).code == 0
    assert auditwright("verify", package).code == 0
