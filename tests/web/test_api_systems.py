"""Access, vulnerabilities, releases and what leads to them, by the API: what the pages show of the systems."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.app.programs import auditwright
from tests.app.test_proofs import story
from tests.cli.test_vulns import grype, saved, trivy
from tests.web.served import Served, served
from tests.web.waiting import eventually

TARGET = "administrator of cluster prod"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A company with a cluster that a key reaches, and with two releases of an image."""
    folder = tmp_path_factory.mktemp("site")
    program = story(folder / "acme")
    reports = {
        "1.0": (grype("CVE-2024-0001", "CVE-2024-0002"), trivy("CVE-2024-0001")),
        "1.1": (grype("CVE-2024-0002", "CVE-2024-0003", tag="1.1"), trivy("CVE-2024-0003", tag="1.1")),
    }
    for release, documents in reports.items():
        files = [saved(folder, f"{release}-{at}.json", each) for at, each in enumerate(documents)]
        out = folder / f"out-{release}"
        ran = auditwright("vulns", "release", release, *files, "--program", program, "--out", out)
        assert ran.code == 0, ran.err
    with served(program) as running:
        yield running


@pytest.fixture(scope="module")
def caller(site: Served) -> httpx2.Client:
    return site.program()


def ready(caller: httpx2.Client, path: str, **asked: str) -> dict[str, object]:
    """The answer of what is worked out apart from the request, once it is there."""
    return eventually(
        lambda: caller.get(f"/api/v1/access/{path}", params={"target": TARGET, **asked}).json(),
        lambda told: bool(told["ready"]),
    )


def test_a_target_is_told_with_its_path(caller: httpx2.Client) -> None:
    targets = caller.get("/api/v1/access").json()["targets"]
    assert TARGET in [each["target"] for each in targets if each["verdict"] == "reachable"]
    told = caller.get("/api/v1/access/target", params={"target": TARGET}).json()
    assert told["path"]["start"] == ["key:alice"]
    assert told["path"]["steps"][-1].endswith("prod: alice in system:masters")


def test_what_closes_a_target_is_tried_before_it_is_made(caller: httpx2.Client) -> None:
    fix = ready(caller, "fix")
    changes = fix["changes"]
    assert isinstance(changes, list)
    assert "aws-auth mapUsers" in changes[0]["title"]
    tried = ready(caller, "what-if", change=changes[0]["id"])["targets"]
    assert isinstance(tried, list)
    assert (tried[0]["before"], tried[0]["after"]) == ("REACHABLE", "UNKNOWN")
    considered = fix["considered"]
    assert isinstance(considered, list)
    other = next(each["id"] for each in considered if each["title"] == "Delete the access keys of alice")
    assert other not in {each["id"] for each in changes}
    tried = ready(caller, "what-if", change=other)["targets"]
    assert isinstance(tried, list)
    assert (tried[0]["target"], tried[0]["before"]) == (TARGET, "REACHABLE")
    assert tried[0]["after"] != "REACHABLE"
    assert ready(caller, "what-if", change="0" * 12)["strange"] == ["0" * 12]
    asked = {"target": TARGET}
    for wrong in (asked, {**asked, "change": "-1"}):
        assert caller.get("/api/v1/access/what-if", params=wrong).status_code == 422
    assert caller.get("/api/v1/access/what-if?target=the moon&change=000000000000").status_code == 404


def test_a_condition_that_asks_for_no_second_factor_is_told_with_its_correction(
    caller: httpx2.Client,
) -> None:
    told = ready(caller, "lint")["found"]
    assert isinstance(told, list)
    assert all(each["action"] and each["why"] for each in told)
    assert "DenyAllExceptListedIfNoMFA" in [each["statement"] for each in told]


def test_upgrades_and_disagreement_are_those_of_the_newest_report(
    site: Served, caller: httpx2.Client
) -> None:
    upgrades = caller.get("/api/v1/vulnerabilities/upgrades").json()
    assert upgrades["release"] == "1.1"
    assert upgrades["rows"] == caller.get("/api/v1/releases/1.1").json()["upgrades"]
    assert {"CVE-2024-0002", "CVE-2024-0003"} <= {id_ for each in upgrades["rows"] for id_ in each["issues"]}
    (compared,) = caller.get("/api/v1/vulnerabilities/disagreement").json()["rows"]
    assert (compared["both"], compared["left_only"], compared["right_only"]) == (1, 1, 0)
    page = site.visitor().get("/vulnerabilities").text
    assert f"{compared['left']} and {compared['right']}" in page


def test_the_clock_of_an_issue_says_why_it_is_as_it_is(caller: httpx2.Client) -> None:
    rows = caller.get("/api/v1/vulnerabilities?q=cve-2024-0002").json()["rows"]
    which = {name: rows[0][name] for name in ("line", "architecture", "id", "package")}
    told = caller.get("/api/v1/vulnerabilities/one", params=which).json()
    deadline = told["clocks"][-1]["deadlines"][-1]
    assert deadline["due_at"] == told["row"]["due_at"]
    assert deadline["reason"]
    assert deadline["facts"]


def test_a_report_is_told_with_its_issues_and_files(site: Served, caller: httpx2.Client) -> None:
    told = caller.get("/api/v1/releases/1.1").json()
    assert [each["ids"] for each in told["gone"]] == [["CVE-2024-0001"]]
    assert len(told["sources"]) == 2
    new = caller.get("/api/v1/releases/1.1/issues?change=new").json()["rows"]
    assert [each["ids"][0] for each in new] == ["CVE-2024-0003"]
    named = {each["name"]: each["digest"] for each in told["files"]}
    raw = caller.get(f"/api/v1/evidence/{named['report.json']}/raw").content
    assert raw == site.visitor().get("/releases/one/report.json?name=1.1").content


def test_two_releases_are_compared(caller: httpx2.Client) -> None:
    told = caller.get("/api/v1/releases/1.1/compared?other=1.0").json()
    assert (told["only_here"], told["only_there"], told["in_both"]) == (1, 1, 1)
    only = caller.get("/api/v1/releases/1.0/issues?not_in=1.1").json()
    assert [each["ids"][0] for each in only["rows"]] == ["CVE-2024-0001"]
    assert caller.get("/api/v1/releases/1.0/compared?other=9").status_code == 404
    assert caller.get("/api/v1/releases/1.0/issues?not_in=9").status_code == 404


def test_a_piece_of_evidence_is_proved_and_read_again(caller: httpx2.Client) -> None:
    rows = caller.get("/api/v1/evidence?q=describe-cluster").json()["rows"]
    rows = rows or caller.get("/api/v1/evidence?q=DescribeCluster").json()["rows"]
    path = f"/api/v1/evidence/{rows[0]['digest']}"
    proved = caller.get(f"{path}/proof").json()
    assert (proved["holds"], proved["problem"]) == (True, "")
    assert proved["record"] == rows[0]
    assert caller.get(f"{path}/proof?seq=999999").status_code == 404
    derived = caller.get(f"{path}/derived").json()
    assert derived["problem"] == ""
    assert "prod" in [each["name"] for each in derived["items"]]
