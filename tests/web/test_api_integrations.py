"""Integrations by the API: connected and changed as on their page, checked, let go, and refused what a page refuses."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from auditwright.app.rights import TokenScope
from auditwright.core.account import Role
from auditwright.core.act import Act
from tests.app.programs import bare_program
from tests.web.served import Served, served
from tests.web.waiting import eventually

PEOPLE = "/api/v1/integrations/people"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    """A program of its own for each test, with no integration."""
    with served(bare_program(tmp_path / "acme")) as running:
        running.site.look_again()
        yield running


@pytest.fixture
def caller(site: Served) -> httpx2.Client:
    return site.program(Role.ENGINEER, [TokenScope.READ, TokenScope.ADMINISTRATION])


def written(site: Served) -> dict[str, dict[str, object]]:
    held: dict[str, dict[str, dict[str, object]]] = tomllib.loads(
        (site.site.folder / "auditwright.toml").read_text()
    )
    return held.get("integrations", {})


def save(client: httpx2.Client, name: str, **settings: object) -> httpx2.Response:
    return client.post(f"/api/v1/integrations/{name}/settings", json={"settings": settings})


def value_of(told: dict[str, list[dict[str, object]]], name: str) -> object:
    (found,) = [each["value"] for each in told["settings"] if each["name"] == name]
    return found


def test_an_integration_is_connected_checked_and_let_go(site: Served, caller: httpx2.Client) -> None:
    before = (site.site.folder / "auditwright.toml").read_text()
    assert value_of(caller.get(f"{PEOPLE}/settings").json(), "roster") is None
    assert value_of(save(caller, "people", roster="people.csv").json(), "roster") == "people.csv"
    told = caller.get(PEOPLE).json()
    assert (told["summary"]["connected"], told["checked"]) == (True, None)
    assert "person" in [kind for stream in told["streams"] for kind in stream["kinds"]]
    assert caller.post(f"{PEOPLE}/check").status_code == 202
    checked = eventually(
        lambda: caller.get(PEOPLE).json()["checked"], lambda found: found["finished_at"] is not None
    )
    assert [each["problem"] for each in checked["questions"]] == [""]
    assert caller.post(f"{PEOPLE}/disconnect").status_code == 204
    assert (site.site.folder / "auditwright.toml").read_text() == before.rstrip("\n") + "\n"
    assert [caller.post(f"{PEOPLE}/{act}").status_code for act in ("check", "disconnect")] == [404, 404]
    acts = site.site.workspace().stores.records.kept(Act)
    assert [(act.verb, act.actor[:4]) for act in acts if act.subject == "people"] == [
        ("integration.connect", "tok-"),
        ("integration.disconnect", "tok-"),
    ]


def test_what_is_not_named_stays_and_null_unsets(site: Served, caller: httpx2.Client) -> None:
    accounts = [{"id": "123456789012", "role_arn": "arn:aws:iam::123456789012:role/audit"}]
    save(caller, "aws", accounts=accounts, regions=["eu-west-1", "eu-central-1"], timeout_s=30)
    told = save(caller, "aws", home_region="eu-west-1", timeout_s=None).json()
    assert value_of(told, "accounts") == accounts
    assert value_of(told, "timeout_s") is None
    aws = written(site)["aws"]
    assert (aws["accounts"], aws["regions"]) == (accounts, ["eu-west-1", "eu-central-1"])
    assert aws["home_region"] == "eu-west-1"
    assert "timeout_s" not in aws


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("people", {"roster": "/etc/passwd"}),
        ("people", {"roster": ".auditwright/log-key.pem"}),
        ("people", {"rooster": "people.csv"}),
        ("aws", {"endpoint_url": "https://evil.example"}),
        ("aws", {"accounts": [{"id": "12"}]}),
        ("git", {"repositories": None}),
        (
            "kubernetes",
            {"clusters": [{"name": "prod", "kubeconfig": "people.csv"}]},
        ),
    ],
)
def test_what_a_page_refuses_a_token_cannot_set(
    site: Served, caller: httpx2.Client, name: str, settings: dict[str, object]
) -> None:
    answer = save(caller, name, **settings)
    assert answer.status_code == 422
    assert [f"body.settings.{each}" for each in settings] == [
        each["where"] for each in answer.json()["errors"]
    ]
    assert written(site) == {}


def test_without_the_scope_settings_are_neither_told_nor_changed(site: Served) -> None:
    reader = site.program(Role.OWNER, [TokenScope.READ])
    assert save(reader, "people", roster="people.csv").status_code == 403
    assert reader.get(f"{PEOPLE}/settings").status_code == 403
    assert save(site.visitor(), "people", roster="people.csv").status_code == 401
    assert site.visitor().get(f"{PEOPLE}/settings").status_code == 200
    assert written(site) == {}
