"""`auditwright vulns` through the real entry point: read, merge, explain, triage, list, release, diff, feeds."""

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, cast

import msgspec
import pytest
from click.testing import CliRunner, Result

from auditwright.app.errors import AppError
from auditwright.app.workspace import open_workspace
from auditwright.cli.main import cli
from auditwright.core.ports import StoreError
from auditwright.sign.dsse import opened
from tests.app.programs import auditwright, roster_program

KEV = json.dumps(
    {
        "catalogVersion": "2026.11.19",
        "dateReleased": "2026-11-19T00:00:00Z",
        "vulnerabilities": [{"cveID": "CVE-2024-0001", "dateAdded": "2026-11-01"}],
    }
)
EPSS = "#model_version:v2026.06.15,score_date:2026-11-19T00:00:00+0000\ncve,epss,percentile\nCVE-2024-0001,0.9,0.99\n"


def grype(
    *ids: str, tag: str = "1.0", made_at: str = "2026-11-20T12:00:00Z", fixed: Sequence[str] = ("3.0.12-1",)
) -> Mapping[str, object]:
    """A report of Grype about openssl in an image."""
    return {
        "matches": [
            {
                "vulnerability": {
                    "id": id_,
                    "namespace": "debian:distro:debian:12",
                    "severity": "High",
                    "fix": {"versions": list(fixed), "state": "fixed" if fixed else "not-fixed"},
                },
                "relatedVulnerabilities": [{"id": id_, "namespace": "nvd:cpe"}],
                "matchDetails": [{"type": "exact-indirect-match"}],
                "artifact": {
                    "name": "libssl3",
                    "version": "3.0.11-1",
                    "type": "deb",
                    "purl": "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&upstream=openssl&distro=debian-12",
                },
            }
            for id_ in ids
        ],
        "source": {
            "type": "image",
            "target": {
                "userInput": f"acme/api:{tag}",
                "imageID": f"sha256:{tag}",
                "tags": [f"acme/api:{tag}"],
                "architecture": "amd64",
            },
        },
        "distro": {"name": "debian", "version": "12"},
        "descriptor": {
            "name": "grype",
            "version": "0.96.0",
            "timestamp": made_at,
            "db": {"built": "2026-11-19T00:00:00Z"},
        },
    }


def trivy(*ids: str, tag: str = "1.0", made_at: str = "2026-11-20T12:00:00Z") -> Mapping[str, object]:
    """A report of Trivy about the same."""
    return {
        "SchemaVersion": 2,
        "CreatedAt": made_at,
        "ArtifactName": f"acme/api:{tag}",
        "ArtifactType": "container_image",
        "Metadata": {
            "OS": {"Family": "debian", "Name": "12.5"},
            "ImageID": f"sha256:{tag}",
            "RepoTags": [f"acme/api:{tag}"],
            "ImageConfig": {"architecture": "amd64"},
        },
        "Results": [
            {
                "Target": f"acme/api:{tag} (debian 12.5)",
                "Class": "os-pkgs",
                "Type": "debian",
                "Vulnerabilities": [
                    {
                        "VulnerabilityID": id_,
                        "PkgName": "libssl3",
                        "InstalledVersion": "3.0.11-1",
                        "FixedVersion": "3.0.12-1",
                        "Status": "fixed",
                        "Severity": "MEDIUM",
                        "DataSource": {"ID": "debian"},
                    }
                    for id_ in ids
                ],
            }
        ],
    }


def saved(folder: Path, name: str, document: object, *, indent: int | None = 1) -> Path:
    file = folder / name
    file.write_text(json.dumps(document, indent=indent))
    return file


def vulns(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["vulns", *map(str, arguments)])


def value(*arguments: str | Path, code: int = 0) -> Any:  # noqa: ANN401  # tests read what they expect
    result = vulns(*arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return roster_program(tmp_path / "program")


def test_read_says_what_was_understood_and_what_was_skipped_and_why(tmp_path: Path) -> None:
    document = dict(grype("CVE-2024-0001"))
    document["matches"] = [*cast("list[object]", document["matches"]), {"vulnerability": 3}]
    said = value("read", saved(tmp_path, "grype.json", document))
    assert (said["format"], said["rows"]) == ("grype", 1)
    assert said["skipped"][0]["where"] == "matches[1]"
    assert said["skipped"][0]["why"]
    assert said["targets"][0]["name"] == "acme/api:1.0"


ADVISORY: dict[str, object] = {
    "document": {"category": "csaf_base", "csaf_version": "2.0", "title": "t"},
    "vulnerabilities": [
        {"cve": "CVE-2024-0001", "product_status": {"fixed": ["P1"], "known_affected": ["P1"]}},
    ],
    "product_tree": {"full_product_names": [{"product_id": "P1", "name": "one"}]},
}


def test_read_says_which_rules_a_csaf_document_breaks(tmp_path: Path) -> None:
    file = saved(tmp_path, "csaf.json", ADVISORY)
    assert [each["rule"] for each in value("read", file)["broken_rules"]] == ["6.1.6"]
    printed = " ".join(vulns("read", file).output.split())
    assert "breaks rule 6.1.6 of CSAF 2.0: the product P1 has statuses that contradict each other" in printed


def test_read_does_not_call_a_document_sound_whose_rules_are_not_known(tmp_path: Path) -> None:
    document = {**ADVISORY, "document": {"csaf_version": "9.9"}}
    file = saved(tmp_path, "csaf.json", document)
    assert value("read", file)["broken_rules"] is None
    assert "not checked" in vulns("read", file).output


def test_read_says_nothing_of_rules_for_other_formats(tmp_path: Path) -> None:
    assert "broken_rules" not in value("read", saved(tmp_path, "grype.json", grype("CVE-2024-0001")))


@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gzip"])
def test_a_report_is_read_however_it_was_saved(tmp_path: Path, indent: int | None, encoding: str) -> None:
    text = json.dumps(grype("CVE-2024-0001", "CVE-2024-0002"), indent=indent)
    file = tmp_path / "report.txt"
    file.write_bytes(gzip.compress(text.encode()) if encoding == "gzip" else text.encode(encoding))
    assert value("read", file)["rows"] == 2


def test_merge_gives_every_issue_with_its_rows_and_why_one_tool_is_silent(tmp_path: Path) -> None:
    said = value(
        "merge",
        saved(tmp_path, "g.json", grype("CVE-2024-0001", "CVE-2024-0002")),
        saved(tmp_path, "t.json", trivy("CVE-2024-0001", made_at="2026-11-18T12:00:00Z")),
    )
    both, one = said["issues"]
    assert both["ids"] == ["CVE-2024-0001"]
    assert [(each["tool"], each["row"], each["package"]) for each in both["rows"]] == [
        ("grype", 0, "libssl3"),
        ("trivy", 0, "libssl3"),
    ]
    assert both["paired"] == [{"left": "grype", "right": "trivy", "rule": "exact", "score": 1.0}]
    assert one["one_sided"][0]["reason"] == "db-snapshot-date"
    assert said["comparisons"][0]["unexplained"] == 0
    assert said["comparisons"][0]["differing"][0]["about"] == "severity"


def test_explain_shows_who_saw_it_and_what_decides(tmp_path: Path) -> None:
    file = saved(tmp_path, "g.json", grype("CVE-2024-0001"))
    kev = tmp_path / "kev.json"
    kev.write_text(KEV)
    result = vulns("explain", "cve-2024-0001", file, "--feed", f"kev={kev}")
    assert "grype row 0" in result.output
    assert "known exploited: yes" in result.output.replace("\n", " ")
    with pytest.raises(AppError, match="no report names CVE-1999-0001"):
        CliRunner().invoke(cli, ["vulns", "explain", "CVE-1999-0001", str(file)], catch_exceptions=False)


def test_a_clock_runs_from_the_first_scan_and_a_fix_is_proved_by_the_next(
    tmp_path: Path, program: Path
) -> None:
    first = saved(tmp_path, "1.json", grype("CVE-2024-0001", "CVE-2024-0002", made_at="2026-09-01T00:00:00Z"))
    assert vulns("triage", first, "--program", program).exit_code == 1, "a deadline of September has passed"
    later = saved(tmp_path, "2.json", grype("CVE-2024-0002", tag="1.1", made_at="2026-09-03T00:00:00Z"))
    vulns("triage", later, "--program", program)
    rows = {row["id"]: row for row in value("list", "--program", program, "--all", code=1)}
    assert rows["CVE-2024-0001"]["state"] == "met"
    assert rows["CVE-2024-0002"]["state"] == "past"
    assert rows["CVE-2024-0002"]["detected_at"].startswith("2026-09-01")


def test_taking_in_the_same_report_twice_changes_nothing(tmp_path: Path, program: Path) -> None:
    file = saved(tmp_path, "1.json", grype("CVE-2024-0001"))
    vulns("triage", file, "--program", program)
    before = value("list", "--program", program, code=1 if _past(program) else 0)
    vulns("triage", file, "--program", program)
    assert value("list", "--program", program, code=1 if _past(program) else 0) == before


def test_an_asset_out_of_use_needs_no_scan_and_what_it_missed_stays_missed(
    tmp_path: Path, program: Path
) -> None:
    said = ("--by", "ops@acme.example", "--reason", "shut down")
    first = saved(tmp_path, "1.json", grype("CVE-2024-0001", made_at="2026-09-01T00:00:00Z"))
    vulns("triage", first, "--program", program)
    unknown = vulns("retire", "acme/web", *said, "--program", program)
    assert unknown.exit_code != 0
    assert "there are: acme/api amd64" in str(unknown.exception), "it names those that there are"
    done = vulns("retire", "acme/api", *said, "--program", program)
    assert done.exit_code == 0, done.output
    assert "Retired acme/api amd64: shut down (ops@acme.example)." in done.stdout
    assert value("list", "--program", program) == []
    (row,) = value("list", "--program", program, "--all")
    assert row["state"] == "missed"
    vulns("triage", first, "--program", program)
    twice = vulns("retire", "acme/api", *said, "--program", program)
    assert "there are: none" in str(twice.exception), "the same report again is no new scan"
    auditwright("run", "--program", program)
    assets = auditwright("inventory", "SELECT name FROM scanned_asset", "--program", program, "--json").json
    assert assets == []
    issues = auditwright(
        "inventory", "SELECT out_of_use FROM vulnerability_issue", "--program", program, "--json"
    ).json
    assert issues == [{"out_of_use": "ops@acme.example: shut down"}], "an auditor sees that it was not fixed"
    again = saved(tmp_path, "2.json", grype("CVE-2024-0001", tag="2"))
    later = json.loads(again.read_text())
    later["descriptor"]["timestamp"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    again.write_text(json.dumps(later))
    vulns("triage", again, "--program", program)
    (row,) = value("list", "--program", program, code=1)
    assert row["detected_at"].startswith("2026-09-01"), "it is in use again, and was never fixed"


def _past(program: Path) -> bool:
    return vulns("list", "--program", program).exit_code == 1


def test_a_release_is_published_in_every_form_signed_and_compared(tmp_path: Path, program: Path) -> None:
    one = [
        saved(tmp_path, "g1.json", grype("CVE-2024-0001", "CVE-2024-0002")),
        saved(tmp_path, "t1.json", trivy("CVE-2024-0001")),
    ]
    two = [
        saved(tmp_path, "g2.json", grype("CVE-2024-0002", "CVE-2024-0003", tag="1.1")),
        saved(tmp_path, "t2.json", trivy("CVE-2024-0003", tag="1.1")),
    ]
    assert value("release", "1.0", *one, "--program", program, "--out", tmp_path / "out1")["previous"] == ""
    said = value("release", "1.1", *two, "--program", program, "--out", tmp_path / "out2")
    assert said["previous"] == "1.0"
    names = {Path(path).name for path in said["files"]}
    assert names == {
        *("report.html", "report.pdf", "report.json", "issues.csv", "upgrades.csv", "rows.csv"),
        *("openvex.json", "vex.cdx.json", "csaf.json", "csaf-2.1.json", "statement.dsse.json"),
    }
    document = json.loads((tmp_path / "out2/report.json").read_text())
    assert {each["ids"][0]: each["change"] for each in document["issues"]} == {
        "CVE-2024-0002": "still",
        "CVE-2024-0003": "new",
    }
    assert [each["ids"][0] for each in document["gone"]] == ["CVE-2024-0001"]
    difference = value("diff", "1.0", tmp_path / "out2/report.json", "--program", program)
    assert (difference["still"], difference["new"][0]["ids"]) == (1, ["CVE-2024-0003"])
    with open_workspace(program) as workspace:
        _, payload = opened((tmp_path / "out2/statement.dsse.json").read_bytes(), workspace.verifier_key)
    digests = {subject["name"]: subject["digest"]["sha256"] for subject in json.loads(payload)["subject"]}
    for name in names - {"statement.dsse.json"}:
        assert digests[name] == hashlib.sha256((tmp_path / "out2" / name).read_bytes()).hexdigest()


def test_the_same_release_again_is_the_next_issue_of_its_report(tmp_path: Path, program: Path) -> None:
    file = saved(tmp_path, "g.json", grype("CVE-2024-0001"))
    assert value("release", "1.0", file, "--program", program, "--out", tmp_path / "a")["issue"] == 1
    again = saved(
        tmp_path, "g2.json", grype("CVE-2024-0001", "CVE-2024-0009", made_at="2026-11-22T00:00:00Z")
    )
    assert (
        value("release", "1.0", again, "--program", program, "--out", tmp_path / "b", "--previous", "1.0")[
            "issue"
        ]
        == 2
    )
    document = json.loads((tmp_path / "b/report.json").read_text())
    assert {each["ids"][0]: each["change"] for each in document["issues"]} == {
        "CVE-2024-0001": "still",
        "CVE-2024-0009": "new",
    }


def test_a_gate_stops_a_release_with_its_reason(tmp_path: Path, program: Path) -> None:
    file = saved(tmp_path, "g.json", grype("CVE-2024-0001"))
    said = value(
        "release",
        "1.0",
        file,
        "--program",
        program,
        "--out",
        tmp_path / "o",
        "--fail-on",
        "high-fixable",
        code=1,
    )
    assert said["stopped_by"] == {"high-fixable": ["CVE-2024-0001 in openssl of acme/api"]}
    assert (
        vulns(
            "release", "1.1", file, "--program", program, "--out", tmp_path / "o", "--fail-on", "mood"
        ).exit_code
        == 2
    )
    unfixed = saved(tmp_path, "u.json", grype("CVE-2024-0001", fixed=()))
    value(
        "release", "1.2", unfixed, "--program", program, "--out", tmp_path / "p", "--fail-on", "high-fixable"
    )


def test_the_register_is_evidence_that_control_tests_examine_and_a_package_verifies(
    tmp_path: Path, program: Path
) -> None:
    file = saved(tmp_path, "g.json", grype("CVE-2024-0001", made_at="2026-09-01T00:00:00Z"))
    vulns("release", "1.0", file, "--program", program, "--out", tmp_path / "o")
    auditwright("run", "--program", program)
    status = auditwright("tests", "show", "vulnerabilities.high-in-time", "--program", program)
    assert status.code == 0
    rows = auditwright(
        "inventory",
        "SELECT vulnerability, asset, severity FROM vulnerability_issue",
        "--program",
        program,
        "--json",
    ).json
    assert rows == [{"vulnerability": "CVE-2024-0001", "asset": "acme/api amd64", "severity": "high"}]
    package = tmp_path / "package"
    assert auditwright("export", package, "--program", program).code == 0
    key = (program / ".auditwright/log.vkey").read_text().strip()
    assert auditwright("verify", package, "--key", key).code == 0


def test_a_decision_of_the_program_closes_an_issue_until_its_end(tmp_path: Path, program: Path) -> None:
    folder = program / "vulnerabilities"
    folder.mkdir()
    (folder / "decisions.yaml").write_text(
        "- id: D-1\n  vulnerability: CVE-2024-0001\n  status: accepted\n  reason: no input reaches it\n"
        "  author: ada@example.com\n  approver: bob@example.com\n  at: 2026-11-01T00:00:00Z\n  until: 2099-01-01T00:00:00Z\n"
    )
    said = value("triage", saved(tmp_path, "g.json", grype("CVE-2024-0001")), "--program", program)
    (issue,) = said["issues"]
    assert (issue["status"], issue["open"], said["upgrades"]) == ("accepted", False, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- id: D-1\n  vulnerability: CVE-1\n  status: maybe\n", "decisions.yaml:3"),
        (
            "- id: D-1\n  vulnerability: CVE-1\n  status: accepted\n  reason: r\n  author: a\n  at: 2026-01-01T00:00:00Z\n",
            "decisions.yaml:1: D-1 accepts a risk without an end",
        ),
    ],
)
def test_a_decision_that_is_none_is_refused_with_its_line(
    tmp_path: Path, program: Path, text: str, expected: str
) -> None:
    (program / "vulnerabilities").mkdir()
    (program / "vulnerabilities/decisions.yaml").write_text(text)
    ran = auditwright(
        "vulns", "triage", saved(tmp_path, "g.json", grype("CVE-2024-0001")), "--program", program
    )
    assert ran.code == 2
    assert expected in ran.err


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "is empty"),
        (b"   \n", "is empty"),
        (b"hello", "none of the formats"),
        (b'{"matches": [\n {"vulnerability": {"id": "CVE-1"', "cut off in the middle"),
        (json.dumps(grype("CVE-2024-0001"), indent=1).encode()[:400], "cut off in the middle"),
        (json.dumps(trivy("CVE-2024-0001")).encode()[:200], "cut off in the middle"),
        (gzip.compress(json.dumps(grype("CVE-2024-0001")).encode())[:-9], "gzip file is cut off"),
        (b"[" * 100_000, "nests deeper"),
        (b'{"matches": {"a": 1}, "descriptor": {}, "source": {}}', "`matches` is no list"),
        (b"\xff\xfe{", "begins as utf-16"),
    ],
)
def test_what_is_no_report_is_refused_and_nothing_is_kept(
    tmp_path: Path, program: Path, body: bytes, expected: str
) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(body)
    ran = auditwright("vulns", "triage", file, "--program", program)
    assert (ran.code, ran.out) == (2, "")
    assert expected in ran.err
    assert value("list", "--program", program) == []


def test_a_feed_is_kept_with_its_date_and_a_stale_one_is_said(tmp_path: Path, program: Path) -> None:
    kev = tmp_path / "kev.json"
    kev.write_text(KEV.replace("2026-11-19", "2025-01-01"))
    assert vulns("feeds", "import", "kev", kev, "--program", program).exit_code == 0
    said = value("feeds", "list", "--program", program)
    assert said["feeds"][0]["as_of"].startswith("2025-01-01")
    assert any(note.startswith("kev: of 01 Jan 2025") for note in said["not_known"])
    assert any(note.startswith("epss is missing") for note in said["not_known"])


@pytest.mark.parametrize(
    ("feed", "body"),
    [("kev", "{}"), ("kev", "a,b\n"), ("epss", "cve,epss,percentile\n"), ("ssvc", "x\n"), ("aliases", "")],
)
def test_a_file_that_is_not_the_feed_is_refused(tmp_path: Path, program: Path, feed: str, body: str) -> None:
    file = tmp_path / "feed"
    file.write_text(body)
    with pytest.raises((AppError, StoreError), match=feed):
        CliRunner().invoke(
            cli,
            ["vulns", "feeds", "import", feed, str(file), "--program", str(program)],
            catch_exceptions=False,
        )


class _Publisher(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # the name that http.server asks for
        body = {"/kev": KEV.encode(), "/epss": gzip.compress(EPSS.encode())}.get(self.path)
        self.send_response(200 if body else 404)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_feeds_are_downloaded_from_where_the_program_says(program: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Publisher) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with (program / "auditwright.toml").open("a") as settings:
            settings.write(
                f'\n[vulnerabilities.feeds]\nkev = "{url}/kev"\nepss = "{url}/epss"\nssvc = "{url}/gone"\n'
            )
        assert vulns("feeds", "update", "kev", "epss", "--program", program).exit_code == 0
        refused = auditwright("vulns", "feeds", "update", "ssvc", "--program", program)
        server.shutdown()
    assert refused.code == 2
    assert "404" in refused.err
    said = value("feeds", "list", "--program", program)
    assert {each["id"]: each["entries"] for each in said["feeds"]} == {"kev": 1, "epss": 1}


def test_hostile_texts_do_not_reach_a_terminal(tmp_path: Path) -> None:
    document = json.loads(
        json.dumps(grype("CVE-2024-0001")).replace("libssl3", "lib\\u001b[31m[red]ssl\\u202e")
    )
    for command in (("merge",), ("read",), ("explain", "CVE-2024-0001")):
        out = vulns(*command, saved(tmp_path, "g.json", document)).output
        assert "\x1b" not in out
        assert "\u202e" not in out


def test_two_tools_reports_survive_a_round_trip_of_their_register(tmp_path: Path, program: Path) -> None:
    vulns("triage", saved(tmp_path, "g.json", grype("CVE-2024-0001")), "--program", program)
    from auditwright.app.vulns.kept import register_of
    from auditwright.vulns.register import read, written

    with open_workspace(program) as workspace:
        register = register_of(workspace)
    assert read(written(register)) == register
    assert msgspec.json.encode(register) == written(register)
