"""The demo on the real emulator, run once for all tests of this file, as its own process."""

import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from auditwright.app.certifying import seal_of
from auditwright.app.demo.company import MARK, NOTICE, make_code, make_folders
from auditwright.app.demo.emulator import no_real_credentials
from auditwright.app.errors import AppError
from auditwright.app.linting import lint_world
from auditwright.app.picturing import picture, seen_sha256
from auditwright.app.workspace import open_workspace
from auditwright.core.ids import TestId
from auditwright.core.resources import ProvedAccess
from auditwright.sign.verify import verify_package
from tests.app.demo import AUDITWRIGHT, REAL_KEY, TIME_LIMIT_S, Demo, finished_demo

EXAMPLE = Path(__file__).parents[2] / "examples/access/3-closed.json"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return finished_demo(tmp_path_factory)


def test_it_says_that_the_cloud_is_emulated_before_all_else_and_where_to_look_at_the_end(demo: Demo) -> None:
    assert demo.printed.strip().startswith(NOTICE)
    for line in ("VERIFIED: no problems were found.", "Where to look", "What to try"):
        assert line in demo.printed
    assert "NOT VERIFIED" not in demo.printed


def test_its_package_verifies_and_one_changed_byte_is_found(demo: Demo, tmp_path: Path) -> None:
    assert verify_package(demo.out / "package").is_verified
    whole = demo.out / "package.zip"
    assert verify_package(whole).is_verified

    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(changed, "w") as target:
        names = source.namelist()
        victim = next(name for name in names if name.startswith("evidence/"))
        for name in names:
            body = source.read(name)
            target.writestr(name, bytes([body[0] ^ 1]) + body[1:] if name == victim else body)
    report = verify_package(changed)
    assert not report.is_verified
    assert any(victim in problem.place for problem in report.problems)


def test_the_notice_stands_on_every_report(demo: Demo) -> None:
    reports = demo.out / "reports"
    assert NOTICE in (reports / "readiness.html").read_text()
    assert json.loads((reports / "readiness.json").read_text())["demo_notice"] == NOTICE
    for name in ("readiness.json", "assessment-results.oscal.json"):
        assert NOTICE in (reports / name).read_text()
    printed = subprocess.run(
        ["pdftotext", str(reports / "readiness.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert NOTICE in " ".join(printed.split())


def test_no_real_credentials_are_read_and_none_are_in_what_it_writes(demo: Demo) -> None:
    assert not demo.trap.exists()
    for path in demo.out.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            assert REAL_KEY.encode() not in body, path
            assert b"wJalrXUtnFEMI" not in body, path
            assert b"real@person.example" not in body, path


def test_what_is_wrong_on_purpose_is_found_and_the_rest_is_in_order(demo: Demo) -> None:
    report = json.loads((demo.out / "reports" / "readiness.json").read_text())
    statuses = {test["id"]: test["status"] for test in report["tests"]}
    for test in (
        "identity.root-mfa-enrolled",
        "identity.access-keys-rotated",
        "identity.accounts-unique",
        "people.roster-reconciled",
        "people.accounts-map-to-people",
        "change.changes-reviewed",
        "data.buckets-not-public",
        "data.databases-encrypted",
        "network.ssh-closed",
        "access.no-path-to-cluster-admin",
        "access.cluster-creator-holds-no-hidden-access",
        "kubernetes.namespaces-isolated",
        "northwind.contractors-have-a-last-day",
    ):
        assert statuses[test] == "deviation", test
    for test in (
        "network.rdp-closed",
        "kubernetes.few-cluster-administrators",
        "identity.root-has-no-keys",
        "monitoring.trail-bucket-private",
        "northwind.production-databases-span-zones",
    ):
        assert statuses[test] == "satisfied", test
    # The role is refused in one region, and what nobody saw is no pass.
    assert [gap["operation"] for gap in report["not_observable"]] == ["ssm:DescribeInstanceInformation"]


def test_the_company_sees_a_hole_what_is_not_known_and_what_is_closed(demo: Demo) -> None:
    with open_workspace(demo.out / "northwind") as workspace:
        proofs = workspace.stores.inventory.resources(ProvedAccess, as_of=datetime.now(UTC))
        world = picture(workspace, now=datetime.now(UTC))
    assert {each.target: each.verdict for each in proofs if each.credential == "everybody"} == {
        "administrator of account 410983217705": "reachable",
        "administrator of account 286417730952": "reachable",
        "administrator of account 553120986641": "unreachable",
        "administrator of account 671904382215": "unreachable",
        "administrator of cluster fleet": "reachable",
        "cluster fleet": "reachable",
        "administrator of cluster depot": "unknown",
        "cluster depot": "unknown",
        "administrator of cluster assembly": "unreachable",
        "cluster assembly": "unreachable",
    }
    (hole,) = (
        each for each in proofs if (each.credential, each.target) == ("key:hanne.brandt", "cluster fleet")
    )
    assert hole.path[-1] == "sts:GetCallerIdentity (presigned), fleet: hanne in system:masters"
    missing = {text for each in proofs if each.target == "cluster depot" for text in each.missing}
    assert "the creator of the cluster is not known" in missing
    assert any(
        found.sid == "NoDeletionWithoutMfa" for linted in lint_world(world) for found in linted.findings
    )


def test_a_waiver_in_force_covers_its_item_and_one_that_ended_does_not(demo: Demo) -> None:
    report = json.loads((demo.out / "reports" / "readiness.json").read_text())
    waived = {
        item["name"]: item["status"]
        for test in report["tests"]
        if test["id"] in {"data.buckets-not-public", "data.databases-encrypted"}
        for item in test["observations"]
        if item["status"] in {"waived", "deviation"}
    }
    assert waived == {
        "northwind-firmware-releases": "waived",
        "northwind-lidar-recordings": "deviation",
        "staging-fleet": "deviation",
    }


def test_the_commands_that_it_proposes_work_on_what_it_left(demo: Demo) -> None:
    program = str(demo.out / "northwind")
    for arguments, expected in (
        (["status"], 1),
        (["tests", "show", "northwind.contractors-have-a-last-day"], 0),
        (["tests", "run", "identity.access-keys-rotated"], 1),
    ):
        done = subprocess.run(
            [*AUDITWRIGHT, *arguments, "--program", program],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIME_LIMIT_S,
        )
        assert done.returncode == expected, done.stderr


# --- the story of access


def access(demo: Demo, *arguments: str | Path, program: str = "fleet") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*AUDITWRIGHT, "access", *map(str, arguments), "--program", str(demo.out / program)],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIME_LIMIT_S,
    )


def test_the_story_is_the_hole_then_the_creator_then_the_proof(demo: Demo) -> None:
    verdicts = re.findall(r"^((?:PROVED )?[A-Z]+)  cluster fleet, at any level$", demo.printed, re.MULTILINE)
    assert verdicts == ["REACHABLE", "REACHABLE", "PROVED UNREACHABLE"]
    assert re.findall(r"^     (key:\S+)\n  └─ (.+)$", demo.printed, re.MULTILINE) == [
        ("key:hanne.brandt", "sts:GetCallerIdentity (presigned), fleet: hanne in system:masters"),
        ("key:nuno.silva", "sts:GetCallerIdentity (presigned), fleet: kubernetes-admin in system:masters"),
    ]
    assert "HOLDS: out of reach without a second factor." in demo.printed
    for number, key in ((1, "key:hanne.brandt"), (2, "key:nuno.silva")):
        drawing = (demo.out / "access" / f"witness-{number}.svg").read_text()
        assert key in "".join(ET.fromstring(drawing).itertext())  # noqa: S314  # what the demo drew
    assert not (demo.out / "access" / "witness-3.svg").exists()


def test_the_commands_say_at_the_end_what_the_story_says(demo: Demo) -> None:
    proved = access(demo, "prove", "--json")
    assert (proved.returncode, json.loads(proved.stdout)["verdict"]) == (0, "UNREACHABLE")
    fixed = access(demo, "fix", "--json")
    assert json.loads(fixed.stdout)["changes"] == []
    checked = access(demo, "check", demo.out / "access" / "certificate.json", "--json")
    assert (checked.returncode, json.loads(checked.stdout)["holds"]) == (0, True)


def test_the_finding_of_the_hole_stays_in_the_history_closed(demo: Demo) -> None:
    with open_workspace(demo.out / "fleet") as workspace:
        findings = workspace.stores.records.findings(include_closed=True)
    assert {each.test: each.closed_at is None for each in findings if each.test.startswith("access.")} == {
        TestId("access.no-path-to-cluster-admin"): False,
        TestId("access.every-credential-needs-a-second-factor"): False,
        TestId("access.cluster-creator-holds-no-hidden-access"): False,
    }


def test_a_certificate_about_a_run_can_be_written_again(demo: Demo, tmp_path: Path) -> None:
    file = tmp_path / "certificate.json"
    assert access(demo, "certify", "--to", "fleet:cluster-admin", "--out", file).returncode == 0
    assert access(demo, "check", file).returncode == 0
    beside = access(demo, "check", file, EXAMPLE)
    assert beside.returncode == 1
    assert "and for no snapshot" in beside.stdout


def test_a_certificate_about_a_run_needs_the_program_that_has_it(demo: Demo) -> None:
    elsewhere = access(demo, "check", demo.out / "access" / "certificate.json", program="northwind")
    assert elsewhere.returncode == 2
    assert "does not have" in elsewhere.stderr


Changed = Callable[[dict[str, Any]], Mapping[str, object]]
TAMPERED: Mapping[str, tuple[Changed, str]] = {
    "a fact taken out": (lambda each: {"held": each["held"][1:]}, "and not held"),
    "another target": (lambda each: {"target": each["held"][0]}, "is held"),
    "an account that nobody saw": (
        lambda _: {"target": ["administrator", "999999999999", ""]},
        "is about nothing that the picture has",
    ),
    "other evidence": (lambda _: {"seen_sha256": "0" * 64}, "its digest differs"),
    "another thing vouched for": (
        lambda _: {"vouched": [{"subject": "444455556666", "mfa_required": True}]},
        "vouches for",
    ),
    "ways that are said to be closed": (lambda _: {"crossings": []}, "is not what closes them"),
}


@pytest.mark.parametrize("name", list(TAMPERED))
def test_a_tampered_certificate_is_refused_even_where_it_is_sealed_again(
    demo: Demo, tmp_path: Path, name: str
) -> None:
    change, said = TAMPERED[name]
    document = json.loads((demo.out / "access" / "certificate.json").read_text())
    changed = {**document, **change(document)}
    file = tmp_path / "certificate.json"
    file.write_text(json.dumps(changed))
    unsealed = access(demo, "check", file)
    assert unsealed.returncode == 1
    assert "was changed after it was written" in unsealed.stdout
    file.write_text(json.dumps({**changed, "sha256": seal_of(changed)}))
    sealed = access(demo, "check", file, "--json")
    assert sealed.returncode == 1
    assert any(said in each for each in json.loads(sealed.stdout)["problems"]), sealed.stdout


def test_a_certificate_about_an_earlier_run_does_not_pass_for_the_last(demo: Demo, tmp_path: Path) -> None:
    """The run that still had the hole has other evidence, whatever the file says."""
    document = json.loads((demo.out / "access" / "certificate.json").read_text())
    with open_workspace(demo.out / "fleet") as workspace:
        first = workspace.stores.records.runs()[0].id
        changed = {**document, "run": first, "seen_sha256": seen_sha256(workspace, first)}
    file = tmp_path / "certificate.json"
    file.write_text(json.dumps({**changed, "sha256": seal_of(changed)}))
    checked = access(demo, "check", file, "--json")
    assert checked.returncode == 1
    assert any("is not held" in each for each in json.loads(checked.stdout)["problems"])


def test_a_report_draws_the_path_of_what_is_still_open(demo: Demo) -> None:
    reports = demo.out / "reports"
    page = (reports / "readiness.html").read_text()
    assert re.search(r'<svg [^>]*class="path path-bad">', page)
    findings = json.loads((reports / "readiness.json").read_text())["findings"]
    starts = {start for each in findings if each["path"] for start in each["path"]["start"]}
    assert "key:telemetry-import" in starts


# --- the company and its folders


def test_the_company_has_46_people_with_contractors_and_leavers(demo: Demo) -> None:
    with (demo.out / "northwind" / "people.csv").open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    assert len(people) == 46
    assert {person["employment"] for person in people} == {"employee", "contractor"}
    assert sum(bool(person["ended_on"]) for person in people) == 3


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(AppError, match="holds something that is no demo"):
        make_folders(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / MARK).write_text("")
    (real / "mine.txt").write_text("mine")
    (tmp_path / "link").symlink_to(real)
    with pytest.raises(AppError, match="is not a folder"):
        make_folders(tmp_path / "link")
    assert (real / "mine.txt").exists()


def test_an_earlier_demo_is_replaced(tmp_path: Path) -> None:
    first = make_folders(tmp_path / "demo")
    (first.out / "left-over").write_text("")
    second = make_folders(tmp_path / "demo")
    assert [path.name for path in second.out.iterdir()] == [MARK]


def test_the_environment_is_given_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("https_proxy", "http://proxy.example")
    before = dict(os.environ)
    with no_real_credentials(tmp_path):
        assert "AWS_PROFILE" not in os.environ
        assert "https_proxy" not in os.environ
        assert Path(os.environ["AWS_CONFIG_FILE"]).read_bytes() == b""
    assert dict(os.environ) == before


def test_the_same_day_gives_the_same_history(tmp_path: Path, demo: Demo) -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    heads = []
    for name in ("one", "two"):
        make_code(tmp_path / name, now=at)
        heads.append((tmp_path / name / ".git" / "refs" / "heads" / "main").read_text())
    assert heads[0] == heads[1]
    assert (demo.out / "fleet-api" / "CHANGES.md").read_text().count("\n") == 11


def test_the_emulator_ends_with_whoever_started_it_even_when_that_is_killed(tmp_path: Path) -> None:
    starter = (
        "import pathlib, sys\n"
        "from auditwright.app.demo.emulator import emulated_cloud\n"
        "with emulated_cloud(pathlib.Path(sys.argv[1])) as emulator:\n"
        "    print(emulator.url, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", starter, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        port = int(process.stdout.readline().rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=20)
            # The kernel ends the connection when the emulator is gone, one way or the other; until then this waits.
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""


# --- What the releases carry


def test_two_releases_are_published_and_the_second_says_what_has_changed(demo: Demo) -> None:
    report = json.loads((demo.out / "releases/2026.11.2/report.json").read_text())
    assert (report["release"], report["previous"]) == ("2026.11.2", "2026.11.1")
    changes = [issue["change"] for issue in report["issues"]]
    assert changes.count("new") > 0
    assert changes.count("still") > 0
    assert [each["unexplained"] for each in report["disagreement"]] == [0]
    assert report["counts"]["upgrades"] < report["counts"]["issues"] < report["counts"]["rows"]


def test_what_the_company_decided_stands_in_the_report(demo: Demo) -> None:
    report = json.loads((demo.out / "releases/2026.11.2/report.json").read_text())
    groups = {issue["group"] for issue in report["issues"]}
    assert {"accepted", "not-affected", "fixable", "wont-fix"} <= groups


def test_the_release_that_nobody_scanned_is_found_and_the_others_are_in_order(demo: Demo) -> None:
    (found,) = answered(
        "tests", "run", "vulnerabilities.releases-reported", "--program", demo.out / "northwind"
    )
    outcomes = {item["item"].rpartition(":")[2]: item["outcome"] for item in found["items"]}
    assert outcomes == {"2026.11.1": "satisfied", "2026.11.2": "satisfied", "2026.11.1-hotfix.1": "deviation"}


def test_its_scans_can_be_merged_again(demo: Demo) -> None:
    scans = sorted((demo.out / "releases/scans").glob("2026.11.2-*.json"))
    merged = answered("vulns", "merge", *scans)
    assert {each["unexplained"] for each in merged["comparisons"]} == {0}


def answered(*arguments: str | Path) -> Any:  # noqa: ANN401  # plain JSON
    done = subprocess.run(
        [*AUDITWRIGHT, *map(str, arguments), "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIME_LIMIT_S,
    )
    return json.loads(done.stdout)
