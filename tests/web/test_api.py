"""The API: it answers what the pages show, a page at a time, and says what it cannot."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest

from auditwright.app.queries.board import board
from auditwright.app.queries.memo import Memo
from auditwright.app.queries.program import TESTS
from auditwright.app.queries.view import View
from auditwright.core.account import Role
from auditwright.core.control_test import Severity
from auditwright.core.evidence import digest_of
from auditwright.web.api.rows import NO_NUL, OWN
from auditwright.web.problems import PROBLEM
from tests.app.programs import run_program
from tests.web.served import Served, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(run_program(tmp_path_factory.mktemp("site") / "acme")) as running:
        yield running


@pytest.fixture(scope="module")
def caller(site: Served) -> httpx2.Client:
    return site.program()


def test_the_overview_counts_what_the_board_counts(site: Served, caller: httpx2.Client) -> None:
    now = site.site.clock()
    view = View(workspace=site.site.workspace(), now=now, as_of=now, engagement=None, memo=Memo())
    told = caller.get("/api/v1/overview").json()
    held = board(view)
    assert told["run"] == (held.run.id if held.run else None)
    assert told["tests"]["undetermined"] == held.tests_tally.undetermined > 0
    assert sum(told["criteria"].values()) == len(held.criteria)


@pytest.mark.parametrize("path", ["criteria", "controls", "tests", "evidence", "runs"])
def test_pages_of_a_list_hold_every_row_once(caller: httpx2.Client, path: str) -> None:
    whole = caller.get(f"/api/v1/{path}?per_page=1000").json()
    assert whole["pages"] == 1
    assert whole["total"] == len(whole["rows"]) > 0
    size = max(whole["total"] // 3, 1)
    pages = caller.get(f"/api/v1/{path}?per_page={size}").json()["pages"]
    parts = [caller.get(f"/api/v1/{path}?per_page={size}&page={page}").json() for page in range(1, pages + 1)]
    assert [row for part in parts for row in part["rows"]] == whole["rows"]


def test_a_list_is_filtered_searched_and_sorted(caller: httpx2.Client) -> None:
    asked = "status=no test&status=undetermined&sort=-worst&per_page=1000"
    statuses = [row["status"] for row in caller.get(f"/api/v1/controls?{asked}").json()["rows"]]
    assert set(statuses) == {"no test", "undetermined"}
    assert statuses == sorted(statuses)
    rows = caller.get("/api/v1/tests?sort=-gravest&per_page=1000").json()["rows"]
    severities = [row["severity"] for row in rows]
    assert severities == sorted(severities, key=list(Severity).index)
    found = caller.get("/api/v1/criteria?q=cc6.1").json()["rows"]
    assert [row["id"] for row in found] == ["CC6.1"]


def test_from_a_criterion_one_reaches_the_bytes_of_its_evidence(caller: httpx2.Client) -> None:
    tests = caller.get("/api/v1/tests?per_page=1000").json()["rows"]
    test = next(row for row in tests if sum(row["standing"]["items"].values()))
    assert caller.get(f"/api/v1/tests/{test['id']}").json()["row"] == test
    control = caller.get(f"/api/v1/controls/{test['controls'][0]}").json()
    assert test in control["tests"]
    criterion = caller.get(f"/api/v1/criteria/{control['criteria'][0]['id']}").json()
    assert control["row"] in criterion["controls"]
    result = caller.get(f"/api/v1/tests/{test['id']}/results").json()["rows"][0]
    assert result["conclusion"] == test["standing"]["conclusion"]
    item = caller.get(f"/api/v1/tests/{test['id']}/items").json()["rows"][0]
    digest = item["evidence"][0]
    assert caller.get(f"/api/v1/evidence/{digest}").json()["records"][0]["run"] == result["run"]
    raw = caller.get(f"/api/v1/evidence/{digest}/raw")
    assert digest_of(raw.content) == digest
    assert raw.headers["content-type"] == "application/octet-stream"
    assert raw.headers["content-disposition"].startswith("attachment")
    assert caller.get(f"/api/v1/runs/{result['run']}").json()["summary"]["course"] == "finished"
    assert all(
        gap["gap"]["remedy"] for gap in caller.get(f"/api/v1/runs/{result['run']}/gaps").json()["rows"]
    )


def test_before_the_first_run_nothing_was_known(caller: httpx2.Client) -> None:
    assert caller.get("/api/v1/overview?as_of=2020-01-01").json()["run"] is None
    assert caller.get("/api/v1/runs?as_of=2020-01-01").json()["total"] == 0
    rows = caller.get("/api/v1/tests?as_of=2020-01-01&per_page=1000").json()["rows"]
    assert {row["standing"]["status"] for row in rows} == {"undetermined"}


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("criteria/CC99.9", 404, "nothing of this name"),
        ("tests/none/results", 404, "nothing of this name"),
        ("runs/%00", 404, "nothing of this name"),
        ("nothing", 404, "nothing of this name"),
        ("criteria?statu=deviation", 422, "cannot be asked 'statu'"),
        ("criteria?status=", 422, "status is empty"),
        ("criteria?status=fine", 422, "Status is never 'fine'"),
        ("criteria?sort=color", 422, "cannot be sorted by 'color'"),
        ("criteria?page=0", 422, "pages are counted from 1"),
        (f"criteria?page=0000000001{'9' * 5000}", 422, "pages are counted from 1"),
        ("criteria?per_page=1001", 422, "it can be 1 to 1000"),
        ("evidence?account=%00", 422, "NUL"),
        ("overview?as_of=2026-02-30", 422, "is no day"),
        ("overview?as_of=9999-12-31", 200, ""),
        ("evidence/xyz", 422, "not of the form"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_that_says_why(
    caller: httpx2.Client, path: str, status: int, says: str
) -> None:
    answer = caller.get(f"/api/v1/{path}")
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["content-type"] == PROBLEM
        told = answer.json()
        assert told["status"] == status
        assert says in told["detail"]


def test_a_problem_never_repeats_a_value_of_the_body(caller: httpx2.Client) -> None:
    assert "not-for-logs" not in caller.get("/api/v1/evidence/not-for-logs").text


def test_a_method_that_a_path_has_not_is_said_with_those_that_it_has(caller: httpx2.Client) -> None:
    answer = caller.post("/api/v1/criteria")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.headers["content-type"] == PROBLEM


def test_a_body_that_is_too_large_is_a_problem_too(caller: httpx2.Client) -> None:
    answer = caller.post("/api/v1/criteria", content=b"x" * 1_000_001)
    assert (answer.status_code, answer.headers["content-type"]) == (413, PROBLEM)


def test_an_auditor_sees_what_they_were_engaged_for(site: Served) -> None:
    rows = site.program(Role.AUDITOR).get("/api/v1/criteria?per_page=1000").json()["rows"]
    assert {row["category"] for row in rows} == {"security"}


def test_the_description_names_what_a_list_can_be_asked(caller: httpx2.Client) -> None:
    described = caller.get("/api/v1/openapi.json").json()["paths"]["/api/v1/tests"]["get"]
    names = {each["name"] for each in described["parameters"]}
    assert names == OWN | {each.name for each in TESTS.filters}
    assert {"type": "string", "maxLength": 200, "pattern": NO_NUL} in [
        each["schema"] for each in described["parameters"]
    ]


def test_an_integration_says_whether_it_is_connected_and_nothing_of_its_settings(
    caller: httpx2.Client,
) -> None:
    rows = {row["id"]: row["connected"] for row in caller.get("/api/v1/integrations").json()}
    assert rows["people"]
    assert not rows["aws"]
    told = caller.get("/api/v1/integrations/people")
    assert told.json()["summary"]["source"]["id"] == "people"
    assert "settings" not in told.json()
    assert caller.get("/api/v1/integrations/none").status_code == 404


def test_the_reference_page_names_every_call_and_its_scope(site: Served) -> None:
    text = site.visitor(Role.AUDITOR).get("/api").text
    assert "GET /api/v1/tests/{test}/items" in text
    assert len(text) < 100_000
    shapes = site.visitor(Role.AUDITOR).get("/api-shapes").text
    assert "typical_evidence" in shapes
    assert len(shapes) < 100_000


def test_a_search_finds_what_the_page_finds(site: Served, caller: httpx2.Client) -> None:
    found = caller.get("/api/v1/search", params={"q": "eve lane"}).json()
    page = site.visitor().get("/search?q=eve lane").text
    assert found["total"] == sum(group["total"] for group in found["groups"]) > 0
    for group in found["groups"]:
        assert group["title"] in page
        for hit in group["hits"]:
            assert site.visitor().get(hit["address"]).status_code == 200


def test_an_act_is_answered_with_its_proof(site: Served, caller: httpx2.Client) -> None:
    asked = {"test": "identity.root-has-no-keys", "items": "*", "reason": "A trial.", "ends": "2027-01-01"}
    assert site.visitor().post("/waivers/ask", data=asked).status_code == 303
    seq = caller.get("/api/v1/acts").json()["rows"][0]["seq"]
    act = caller.get(f"/api/v1/acts/{seq}").json()
    assert act["holds"]
    leaf = base64.b64decode(act["leaf_base64"])
    assert hashlib.sha256(b"\0" + leaf).hexdigest() == act["leaf_sha256"]
    assert caller.get("/api/v1/acts/999999").status_code == 404


def test_the_overview_says_what_needs_attention_and_how_fresh_evidence_is(caller: httpx2.Client) -> None:
    tests = caller.get("/api/v1/tests?status=undetermined&status=deviation&per_page=1000").json()
    wanted = caller.get("/api/v1/overview/attention").json()
    assert {each["row"]["id"] for each in wanted} == {row["id"] for row in tests["rows"]}
    (people,) = caller.get("/api/v1/overview/freshness").json()["sources"]
    assert (people["id"], people["gaps"]) == ("people", 0)
    days = caller.get("/api/v1/overview/days").json()
    today = caller.get("/api/v1/overview").json()["criteria"]
    assert days[-1]["criteria"] == today
    assert days[0]["criteria"] is None


def test_what_comes_next_leads_to_its_page(site: Served, caller: httpx2.Client) -> None:
    ends = site.site.clock() + timedelta(days=5)
    wish = {
        "test": "identity.root-has-no-keys",
        "items": ["*"],
        "reason": "It ends soon.",
        "ends": f"{ends:%Y-%m-%d}",
    }
    made = site.program(Role.COMPLIANCE).post("/api/v1/waivers", json=wish).json()["id"]
    assert caller.get("/api/v1/overview/ahead").json() == []
    caller.post(f"/api/v1/waivers/{made}/decision", json={"approve": True})
    (told,) = caller.get("/api/v1/overview/ahead").json()
    assert made in told["what"]
    assert made in site.visitor().get(told["address"]).text


def test_an_item_is_told_over_time_and_what_a_waiver_of_it_would_cover(caller: httpx2.Client) -> None:
    test = "acme.titled"
    (row,) = caller.get(f"/api/v1/tests/{test}/items?status=deviation").json()["rows"]
    (said,) = caller.get(f"/api/v1/tests/{test}/item", params={"item": row["item"]}).json()
    assert (said["test"], said["outcome"], said["says"]) == (test, "deviation", "Eve Lane is a Designer")
    assert caller.get(f"/api/v1/tests/{test}/item?item=nobody").status_code == 404
    covered = caller.get(f"/api/v1/tests/{test}/covered", params={"items": ["nobody", row["item"]]}).json()
    assert covered == {"items": [row["item"]], "deviating": 1, "examined": 3, "ran": True}
    assert caller.get(f"/api/v1/tests/{test}/covered?items=nobody").json()["items"] == []
    statuses = [day["status"] for day in caller.get(f"/api/v1/tests/{test}").json()["days"]]
    # The run may have been before midnight.
    assert set(statuses[-2:]) != {None}
    assert set(statuses[:-2]) == {None}


def test_nothing_is_at_work_and_nothing_can_be_stopped(caller: httpx2.Client) -> None:
    told = caller.get("/api/v1/runs/now").json()
    assert (told["busy"], told["run"], told["problem"]) == (False, None, "")
    assert caller.post("/api/v1/runs/stop").status_code == 409
