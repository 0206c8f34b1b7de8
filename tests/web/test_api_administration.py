"""Administration by the API: webhooks with a secret that is answered once, tokens that are ended, and settings to read."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditwright.app.rights import TokenScope
from auditwright.core.account import Role
from auditwright.core.act import Act
from tests.app.programs import SETTINGS, roster_program
from tests.app.receiver import Receiver, receiving
from tests.web.served import Served, served

HOOKS = "/api/v1/webhooks"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = roster_program(tmp_path_factory.mktemp("site") / "acme")
    (folder / "auditwright.toml").write_text(f'{SETTINGS}\n[webhooks]\nallow = ["127.0.0.1"]\n')
    with served(folder) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def test_a_webhook_is_added_tried_and_ended(site: Served, receiver: Receiver) -> None:
    caller = site.program(Role.COMPLIANCE, [TokenScope.ADMINISTRATION])
    made = caller.post(HOOKS, json={"url": f"{receiver.url}/hook", "events": ["run.finished"]})
    assert made.status_code == 201
    hook, secret = made.json()["webhook"], made.json()["secret"]
    assert secret.startswith("whsec_")
    assert secret not in caller.get(HOOKS).text
    assert hook["id"] in site.visitor(Role.COMPLIANCE).get("/settings/webhooks").text
    tried = caller.post(f"{HOOKS}/{hook['id']}/test").json()
    assert (tried["event"], tried["problem"], bool(tried["delivered_at"])) == ("test", "", True)
    assert json.loads(receiver.got[0].body)["data"]["url"].endswith("/settings/webhooks")
    receiver.status = 500
    assert caller.post(f"{HOOKS}/{hook['id']}/test").json()["problem"] == "It answered 500."
    (shown,) = caller.get(HOOKS).json()
    assert [each["event"] for each in shown["sent"]] == ["test", "test"]
    assert caller.post(f"{HOOKS}/{hook['id']}/end").status_code == 204
    assert caller.post(f"{HOOKS}/{hook['id']}/test").status_code == 404
    assert caller.get(HOOKS).json() == []
    verbs = [act.verb for act in site.site.workspace().stores.records.kept(Act)]
    assert [verb for verb in verbs if verb.startswith("webhook.")] == ["webhook.add", "webhook.end"]


def test_the_address_of_slack_is_not_answered_again(site: Served, receiver: Receiver) -> None:
    caller = site.program()
    wanted = {"url": f"{receiver.url}/T00/secret-path", "form": "slack", "events": ["finding.opened"]}
    made = caller.post(HOOKS, json=wanted)
    assert made.json()["secret"] == ""
    assert "secret-path" not in made.text + caller.get(HOOKS).text


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"url": "https://169.254.169.254/latest"}, "body.url"),
        ({"url": "http://hooks.example.com/"}, "body.url"),
        ({"events": []}, "body.events"),
        ({"events": ["x"]}, "body.events.0"),
        ({"form": "fax"}, "body.form"),
    ],
)
def test_what_is_wrong_with_a_webhook_is_said_by_field(
    site: Served, change: dict[str, object], where: str
) -> None:
    wanted = {"url": "https://hooks.example.com/", "events": ["run.finished"], **change}
    answer = site.program().post(HOOKS, json=wanted)
    assert answer.status_code == 422
    assert [each["where"] for each in answer.json()["errors"]] == [where]


def test_tokens_are_named_without_their_secret_and_ended_at_once(site: Served) -> None:
    lost = site.program(Role.ENGINEER)
    caller = site.program(Role.COMPLIANCE)
    told = caller.get("/api/v1/tokens")
    assert lost.headers["authorization"].removeprefix("Bearer ") not in told.text
    token = lost.get("/api/v1/whoami").json()["token"]["id"]
    (row,) = [each for each in told.json() if each["id"] == token]
    assert (row["maker"], row["scopes"]) == (
        "Mira Okafor",
        ["read", "findings", "waivers", "runs", "administration"],
    )
    assert token in site.visitor(Role.COMPLIANCE).get("/account/tokens").text
    assert caller.post(f"/api/v1/tokens/{token}/end").status_code == 204
    assert lost.get("/api/v1/whoami").status_code == 401
    assert caller.post(f"/api/v1/tokens/{token}/end").status_code == 404


def test_no_token_makes_a_token_or_changes_how_somebody_signs_in(site: Served) -> None:
    caller = site.program()
    assert caller.post("/api/v1/tokens", json={"name": "more", "days": 365}).status_code == 405
    for path in ("/account/tokens", "/account/password", "/account/passkeys", "/account/recovery"):
        answer = caller.post(path, headers={"origin": site.url})
        assert answer.headers["location"] == "/sign-in"


def test_settings_are_those_of_the_page(site: Served) -> None:
    told = site.program(Role.ENGINEER).get("/api/v1/settings").json()
    page = site.visitor(Role.ENGINEER).get("/settings").text
    for name in ("organization", "framework", "digest", "verifier_key", "version"):
        assert str(told[name]) in page.replace("&#43;", "+")
