"""What the API changes: each change is an act in the log, by whoever made the token, and four eyes stay four."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from auditwright.app.rights import TokenScope
from auditwright.core.account import Role
from auditwright.core.act import Act
from auditwright.core.ids import ResourceId, TestId
from auditwright.core.run import Finding
from tests.app.programs import auditwright, roster_program
from tests.web.served import Served, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = roster_program(tmp_path_factory.mktemp("site") / "acme")
    ran = auditwright("run", "--program", folder)
    assert ran.code in {1, 3}, ran.err
    with served(folder) as running:
        yield running


@pytest.fixture(scope="module")
def finding(site: Served) -> dict[str, str]:
    """A finding that is open, by its test and its item."""
    workspace, now = site.site.workspace(), site.site.clock()
    test = next(iter(workspace.catalogue.tests))
    held = Finding(
        test=TestId(test),
        item=ResourceId("arn:<script>"),
        name="eve",
        account="",
        region="",
        what="eve still has an account",
        first_seen_at=now,
        last_seen_at=now,
        closed_at=None,
        reopened=0,
    )
    with workspace.stores.records.transaction() as write:
        write.put_findings([held])
    return {"test": held.test, "item": held.item}


def test_a_finding_is_owned_and_commented_on(site: Served, finding: dict[str, str]) -> None:
    caller = site.program(Role.ENGINEER, [TokenScope.READ, TokenScope.FINDINGS])
    owned = caller.post("/api/v1/findings/owner", json={**finding, "owner": "Lena Roth", "due": "2031-01-02"})
    assert owned.json()["owner"] == "Lena Roth"
    said = caller.post("/api/v1/findings/comments", json={**finding, "text": "We look at it."})
    assert said.json()["author_name"].startswith("Mira Okafor (tok-")
    whole = caller.get("/api/v1/findings/one", params=finding).json()
    assert (whole["row"]["owner"], whole["row"]["due_at"][:10]) == ("Lena Roth", "2031-01-02")
    assert [each["text"] for each in whole["comments"]] == ["We look at it."]
    newest = site.site.workspace().stores.records.kept(Act)[-1]
    assert (newest.verb, newest.actor[:4]) == ("finding.comment", "tok-")
    assert caller.get("/api/v1/findings?owner=Lena Roth").json()["total"] == 1


def test_what_is_wrong_with_a_body_is_said_by_field(site: Served, finding: dict[str, str]) -> None:
    caller = site.program()
    answer = caller.post("/api/v1/findings/comments", json={**finding, "text": "  "})
    assert answer.status_code == 422
    assert [each["where"] for each in answer.json()["errors"]] == ["body.text"]
    answer = caller.post("/api/v1/findings/owner", json={**finding, "owner": "x\0"})
    assert answer.status_code == 422
    assert caller.post("/api/v1/findings/owner", content=b"{").status_code == 422
    nothing = {**finding, "item": "arn:none", "owner": ""}
    assert caller.post("/api/v1/findings/owner", json=nothing).status_code == 404


def test_nobody_decides_by_token_what_they_asked_for(site: Served, finding: dict[str, str]) -> None:
    asker = site.program(Role.COMPLIANCE)
    ends = site.site.clock() + timedelta(days=30)
    wish = {"test": finding["test"], "items": ["*"], "reason": "It leaves soon.", "ends": f"{ends:%Y-%m-%d}"}
    made = asker.post("/api/v1/waivers", json=wish)
    assert (made.status_code, made.json()["state"]) == (201, "open request")
    path = f"/api/v1/waivers/{made.json()['id']}"
    for same in (asker, site.program(Role.COMPLIANCE)):
        refused = same.post(f"{path}/decision", json={"approve": True})
        assert refused.status_code == 409
        assert "another person decides" in refused.json()["detail"]
    other = site.program(Role.OWNER)
    assert other.post(f"{path}/decision", json={"approve": True}).json()["state"] == "in force"
    assert other.post(f"{path}/decision", json={"approve": False, "note": "No."}).status_code == 409
    assert other.post(f"{path}/end").json()["state"] == "ended"
    late = asker.post("/api/v1/waivers", json={**wish, "ends": "2020-01-01"})
    assert [each["where"] for each in late.json()["errors"]] == ["body.ends"]


def test_a_run_is_started_and_seen(site: Served) -> None:
    caller = site.program(Role.ENGINEER, [TokenScope.READ, TokenScope.RUNS])
    started = caller.post("/api/v1/runs")
    assert started.status_code == 202
    site.site.background.close()
    newest = caller.get("/api/v1/runs").json()["rows"][0]
    assert started.json()["run"] == newest["run"]["id"]
    assert caller.post("/api/v1/runs").status_code == 409
