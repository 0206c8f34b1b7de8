"""The page of webhooks: add one, try it, end it."""

import json
import re
from collections.abc import Iterator

import pytest

from auditwright.core.account import Role
from tests.app.programs import SETTINGS, roster_program
from tests.app.receiver import Receiver, receiving
from tests.web.served import Served, served

PATH = "/settings/webhooks"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = roster_program(tmp_path_factory.mktemp("site") / "acme")
    (folder / "auditwright.toml").write_text(f'{SETTINGS}\n[webhooks]\nallow = ["127.0.0.1"]\n')
    with served(folder) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def test_a_webhook_is_added_tried_and_ended(site: Served, receiver: Receiver) -> None:
    visitor = site.visitor(Role.COMPLIANCE)
    assert "Nobody is told" in visitor.get(PATH).text
    form = {"url": f"{receiver.url}/hook", "form": "signed", "events": ["finding.opened", "run.finished"]}
    added = visitor.post(PATH, data=form)
    assert added.status_code == 200
    secret = re.search(r"whsec_[\w+/=]+", added.text)
    assert secret
    shown = visitor.get(PATH).text
    assert "1 webhook is told" in shown
    assert secret[0] not in shown
    hook = re.search(r"hook-[0-9a-f]{8}", shown)
    assert hook
    sent = visitor.post(f"{PATH}/test", data={"webhook": hook[0]})
    assert "The test message was taken" in visitor.get(sent.headers["location"]).text
    assert json.loads(receiver.got[0].body)["type"] == "test"
    receiver.status = 500
    sent = visitor.post(f"{PATH}/test", data={"webhook": hook[0]})
    assert "It answered 500." in visitor.get(sent.headers["location"]).text
    ended = visitor.post(f"{PATH}/end", data={"webhook": hook[0]})
    assert "Nothing more is sent to it" in visitor.get(ended.headers["location"]).text
    assert visitor.post(f"{PATH}/test", data={"webhook": hook[0]}).status_code == 404


def test_the_address_of_slack_is_not_shown_again(site: Served, receiver: Receiver) -> None:
    visitor = site.visitor()
    form = {"url": f"{receiver.url}/T00/secret-path", "form": "slack", "events": ["finding.opened"]}
    assert "secret-path" not in visitor.post(PATH, data=form).text
    shown = visitor.get(PATH).text
    assert receiver.url in shown
    assert "secret-path" not in shown


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"url": "https://169.254.169.254/latest"}, "169.254.169.254 is not a public address"),
        ({"url": "http://hooks.example.com/"}, "begins with https"),
        ({"url": ""}, "This is no address"),
        ({"events": []}, "Choose what it is told of"),
        ({"events": ["x"]}, "Choose what it is told of"),
        ({"form": "fax"}, "Choose one of"),
    ],
)
def test_what_is_wrong_is_said_beside_the_form(
    site: Served, change: dict[str, str | list[str]], says: str
) -> None:
    form = {"url": "https://hooks.example.com/", "form": "signed", "events": ["run.finished"], **change}
    answer = site.visitor().post(PATH, data=form)
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert says in answer.text
