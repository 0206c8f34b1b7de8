"""Integrations: connected in a browser, asked by a run that is watched there, and refused what a browser may not name."""

import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from auditwright.core.account import Role
from auditwright.core.act import Act
from auditwright.core.ids import IntegrationId, RunId
from auditwright.core.run import RunState
from tests.app.programs import BARE, bare_program, roster_program
from tests.web.served import Served, served
from tests.web.waiting import eventually


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    """A program of its own for each test, with no integration."""
    with served(bare_program(tmp_path / "acme")) as running:
        running.site.look_again()
        yield running


def settings(site: Served) -> str:
    return (site.site.folder / "auditwright.toml").read_text()


def connect(client: httpx2.Client, **fields: str) -> httpx2.Response:
    return client.post("/integrations/people", data=fields)


def titles(page: str) -> str:
    (found,) = re.findall(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", found)).strip()


def test_the_roster_is_connected_run_live_and_its_results_are_seen(site: Served) -> None:
    client = site.visitor()
    assert "0 of" in titles(client.get("/integrations").text)
    assert "Connect one" in client.get("/runs").text
    answer = connect(client, roster="people.csv")
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "It is connected" in page
    assert "Roster is connected, and was never asked" in titles(page)
    started = client.post("/runs/start")
    assert started.status_code == 303
    run = started.headers["location"].partition("?")[0]
    page = eventually(lambda: client.get(run).text, lambda text: "What came of it" in text)
    assert "Finished" in page
    assert "People on the roster" in page
    assert "ada@example.com" not in page
    assert "Roster is connected, and hid nothing" in titles(client.get("/integrations/people").text)
    assert "Ada Lovelace" in client.get("/inventory/person").text
    verbs = [act.verb for act in site.site.workspace().stores.records.kept(Act)]
    assert verbs[-2:] == ["integration.connect", "run.start"]


def test_only_the_table_of_the_integration_is_written(site: Served) -> None:
    before = settings(site)
    client = site.visitor()
    connect(client, roster="people.csv")
    after = settings(site)
    assert after.startswith(before.rstrip())
    assert tomllib.loads(after)["integrations"] == {"people": {"roster": "people.csv"}}
    (site.site.folder / "staff").mkdir()
    site.site.look_again()
    answer = connect(client, roster="staff")
    assert answer.headers["location"].endswith("?done=changed")
    assert settings(site) == after.replace('"people.csv"', '"staff"')


def test_letting_go_says_what_is_lost_and_leaves_the_rest(site: Served) -> None:
    before = settings(site)
    client = site.visitor()
    connect(client, roster="people.csv")
    page = client.get("/integrations/people/disconnect").text
    assert "What is lost" in page
    assert "nothing else that is connected shows what they examine" in page
    answer = client.post("/integrations/people/disconnect")
    assert answer.headers["location"] == "/integrations?done=disconnected"
    assert settings(site) == before.rstrip("\n") + "\n"


@pytest.mark.parametrize(
    "roster",
    [
        "/etc/passwd",
        "../acme/../../secret.csv",
        ".auditwright/log-key.pem",
        "./x/../.auditwright",
        "file:///etc/passwd",
        "ssh://127.0.0.1/x",
        "https://localhost./x",
        "root@127.0.0.1:x",
        "a\x00b",
        "link/log-key.pem",
    ],
)
def test_a_browser_names_no_file_beyond_the_program_folder(site: Served, roster: str) -> None:
    (site.site.folder / "link").symlink_to(site.site.folder / ".auditwright")
    before = settings(site)
    answer = connect(site.visitor(), roster=roster)
    assert answer.status_code == 422
    assert "<title>Error:" in answer.text
    assert settings(site) == before


def test_a_file_that_somebody_named_in_the_settings_stays(site: Served) -> None:
    path = site.site.folder / "auditwright.toml"
    path.write_text(f'{BARE}\n[integrations.git]\nrepositories = ["../elsewhere"]\n')
    site.site.look_again()
    client = site.visitor()
    answer = client.post("/integrations/git", data={"repositories": "../elsewhere\n.", "branch": ""})
    assert answer.status_code == 303
    assert 'repositories = ["../elsewhere", "."]' in settings(site)
    answer = client.post("/integrations/git", data={"repositories": "../other", "branch": ""})
    assert "lies outside of the program folder" in answer.text


def test_what_sends_credentials_or_runs_programs_is_not_set_in_a_browser(site: Served) -> None:
    client = site.visitor()
    evil = '{ name = "prod", kubeconfig = "people.csv" }'
    answer = client.post("/integrations/kubernetes", data={"clusters": evil})
    assert answer.status_code == 422
    assert "it can name a program to run" in answer.text
    client.post("/integrations/aws", data={"regions": "eu-central-1", "endpoint_url": "https://evil.example"})
    assert tomllib.loads(settings(site))["integrations"]["aws"]["regions"] == ["eu-central-1"]
    assert "evil.example" not in settings(site)


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("aws", {"accounts": "123456789012"}, "Enter one table on each line"),
        ("aws", {"accounts": '{ id = "12" }'}, "write the 12 digits as text"),
        ("aws", {"timeout_s": "soon"}, "Enter a whole number"),
        ("git", {"repositories": ""}, "Enter repositories."),
        ("git", {"repositories": ".", "branch": "a b"}, "branch must be the name of a branch"),
        ("git", {"repositories": "<script>alert(1)</script>://x"}, "repositories"),
    ],
)
def test_what_the_integration_would_refuse_is_said_beside_its_field(
    site: Served, name: str, fields: dict[str, str], said: str
) -> None:
    before = settings(site)
    answer = site.visitor().post(f"/integrations/{name}", data=fields)
    assert answer.status_code == 422
    assert said in answer.text.replace("&#39;", "'")
    assert "<script>alert" not in answer.text
    assert settings(site) == before


def test_settings_that_cannot_be_kept_with_their_act_are_as_they_were(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from auditwright.core.ports import StoreError
    from auditwright.store.records import SqlTransaction

    client = site.visitor()
    before = settings(site)

    def full(*_: object) -> None:
        message = "the disk is full"
        raise StoreError(message)

    monkeypatch.setattr(SqlTransaction, "append", full)
    answer = connect(client, roster="people.csv")
    assert answer.status_code == 500
    assert "the disk is full" in answer.text
    assert settings(site) == before


def test_a_check_says_each_problem_and_what_to_do(site: Served) -> None:
    client = site.visitor()
    connect(client, roster="gone.csv")
    assert client.post("/integrations/people/check").status_code == 303
    page = eventually(
        lambda: client.get("/integrations/people").text, lambda text: "1 question of 1 not answered" in text
    )
    assert "gone.csv" in page
    examined = site.site.examinations.of(IntegrationId("people"))
    assert examined is not None
    assert examined.checks[0].remedy[:60] in page.replace("&#39;", "'")


@pytest.mark.parametrize("value", ["2026-01-01", "2026-01-01T00:00:00Z", "10:00:00", "nan"])
def test_a_setting_of_another_kind_is_shown_as_the_file_has_it(site: Served, value: str) -> None:
    path = site.site.folder / "auditwright.toml"
    path.write_text(f"{settings(site)}\n[integrations.people]\nroster = {value}\n")
    site.site.look_again()
    page = site.visitor().get("/integrations/people")
    assert page.status_code == 200
    assert f'value="{value.replace("Z", "+00:00")}"' in page.text


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.AUDITOR])
def test_who_may_not_connect_reaches_nothing_of_it(site: Served, role: Role) -> None:
    client = site.visitor(role)
    before = settings(site)
    asked: tuple[Callable[[], httpx2.Response], ...] = (
        lambda: client.get("/integrations"),
        lambda: connect(client, roster="people.csv"),
        lambda: client.post("/integrations/people/check"),
        lambda: client.post("/integrations/people/disconnect"),
        lambda: client.post("/runs/start"),
    )
    assert [ask().status_code for ask in asked] == [403] * 5
    assert settings(site) == before


def test_a_run_that_is_stopped_is_taken_up_again(site: Served) -> None:
    client = site.visitor()
    connect(client, roster="people.csv")
    records = site.site.workspace().stores.records
    run = RunId(client.post("/runs/start").headers["location"].partition("?")[0].rpartition("/")[2])
    client.post("/runs/stop")
    eventually(site.site.background.at_work, lambda work: work is None)
    held = records.run(run)
    assert held is not None
    if held.state is RunState.RUNNING:  # stopped before it was through; else it was quicker than the stop
        page = client.get(f"/runs/{run}").text
        assert "Nobody works on this run" in page
        assert "Take it up again" in client.get("/runs").text
        again = client.post("/runs/start").headers["location"]
        assert again.startswith(f"/runs/{run}")
        eventually(
            lambda: records.run(run), lambda each: each is not None and each.state is RunState.FINISHED
        )
    assert "What came of it" in client.get(f"/runs/{run}").text


def test_settings_ask_for_a_fresh_second_factor_before_anything_is_typed(tmp_path: Path) -> None:
    ahead = [timedelta(0)]
    with served(roster_program(tmp_path / "acme"), lambda: datetime.now(UTC) + ahead[0]) as site:
        client = site.visitor()
        ahead[0] = timedelta(minutes=20)
        page = client.get("/integrations/git").text
        assert 'href="/account/prove?next=/integrations/git"' in page
        assert 'method="post" action="/integrations/git"' not in page
        before = (site.site.folder / "auditwright.toml").read_text()
        for path in ("/integrations/git", "/integrations/people/disconnect"):
            answer = client.post(path, data={"repositories": "../code"})
            assert answer.headers["location"].startswith("/account/prove?next=%2Fintegrations%2F")
        assert (site.site.folder / "auditwright.toml").read_text() == before
