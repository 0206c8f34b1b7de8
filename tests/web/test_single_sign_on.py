"""Single sign-on against a real OpenID Connect provider on loopback, which these tests start."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import pyotp
import pytest
from playwright.sync_api import sync_playwright

from auditwright.app.acting import TERMINAL
from auditwright.app.people import By, Guest, end_account, invite
from auditwright.core.account import Account, OutsideIdentity, Role, Session
from auditwright.core.act import Act
from tests.app.programs import roster_program
from tests.web.served import Served, account_of, served
from tests.web.test_every_page import FLAGS

HERE = Path(__file__).parent / "oidc"
SECRET = "a secret of these tests that is long enough"  # noqa: S105  # of a provider that lives as long as a test
VARIABLE = "AUDITWRIGHT_OIDC_SECRET"

USERS = {
    "ada": {"claims": {"email": "Ada@example.com", "email_verified": True}, "amr": ["mfa"]},
    "bob": {"claims": {"email": "bob@example.com", "email_verified": True}, "amr": ["pwd"]},
    "eve": {"claims": {"email": "ada@example.com", "email_verified": False}, "amr": ["mfa"]},
    "kim": {"claims": {"email": "kim@example.com", "email_verified": True}, "acr": "phr"},
}

pytestmark = pytest.mark.skipif(
    not shutil.which("node") or not (HERE / "node_modules").is_dir(),
    reason="needs node and oidc-provider, which scripts/test-needs fetches",
)


class Clock:
    """The time of the site, which a test moves."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A site with its provider."""

    site: Served
    issuer: str
    clock: Clock
    provider: "subprocess.Popen[str]"

    def invited(self, email: str, role: Role = Role.OWNER) -> None:
        guest = Guest(email=email, name="Ada Byron", role=role)
        invite(self.site.site.workspace(), guest, TERMINAL, self.clock())

    def left(self, client: httpx2.Client, wanted: str = "/controls") -> str:
        """The address that a click on the button leads to."""
        page = client.post("/sign-in/provider", data={"next": wanted})
        assert page.status_code == 200, page.text
        found = re.search(r'url=([^"]+)"', page.text)
        assert found is not None, page.text
        return found[1].replace("&amp;", "&")

    def came(self, address: str, user: str) -> str:
        """The address that the provider sends somebody back to."""
        with httpx2.Client(timeout=30) as browser:
            answer = browser.get(address)
            while True:
                address = urljoin(address, answer.headers["location"])
                if address.startswith(self.site.url):
                    return address
                if urlsplit(address).path.startswith("/interaction/"):
                    address += f"?as={user}"
                answer = browser.get(address)

    def signed_in(self, user: str) -> tuple[httpx2.Client, httpx2.Response]:
        client = self.site.stranger()
        return client, client.get(self.came(self.left(client), user))


@contextmanager
def running(redirect_uri: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The provider, and its address."""
    given = {"clientId": "auditwright", "secret": SECRET, "redirectUri": redirect_uri, "users": USERS}
    node = shutil.which("node")
    assert node is not None, "checked before"
    with subprocess.Popen(
        [node, "provider.mjs", json.dumps(given)],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None, "it is a pipe"
        assert process.stdout is not None, "it is a pipe"
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connected]:
    monkeypatch.setenv(VARIABLE, SECRET)
    folder, clock = roster_program(tmp_path / "acme"), Clock()
    with served(folder, clock) as site, running(f"{site.url}/sign-in/provider/back") as (process, issuer):
        settings = folder / "auditwright.toml"
        settings.write_text(
            f"{settings.read_text()}\n[sign_in.oidc]\n"
            f'title = "Acme ID"\nissuer = "{issuer}"\nclient_id = "auditwright"\n'
            f'client_secret_env = "{VARIABLE}"\nacr_values = ["phr"]\namr_values = ["mfa"]\n'
        )
        site.site.look_again()
        yield Connected(site=site, issuer=issuer, clock=clock, provider=process)


def test_who_is_invited_and_showed_two_factors_there_is_in_and_comes_again(at: Connected) -> None:
    at.invited("ada@example.com")
    assert "Continue with Acme ID" in at.site.stranger().get("/sign-in").text
    for _ in range(2):
        client, answer = at.signed_in("ada")
        assert (answer.status_code, answer.headers.get("location")) == (303, "/controls"), answer.text
        assert client.get("/controls").status_code == 200
    records = at.site.site.workspace().stores.records
    (bound,) = records.kept(OutsideIdentity)
    assert (bound.issuer, bound.subject) == (at.issuer, "ada")
    assert {each.method for each in records.kept(Session)} == {"single sign-on"}
    assert SECRET not in repr(records.kept(Act))


def test_a_class_of_authentication_counts_as_two_factors_where_it_is_configured(at: Connected) -> None:
    at.invited("kim@example.com")
    _, answer = at.signed_in("kim")
    assert answer.headers.get("location") == "/controls", answer.text


def test_who_showed_one_factor_there_sets_up_codes_and_is_asked_for_one_each_time(at: Connected) -> None:
    at.invited("bob@example.com")
    client, page = at.signed_in("bob")
    assert client.get("/controls").status_code == 303
    found = re.search(r"Seed <code[^>]*>([A-Z2-7 ]+)<", page.text)
    assert found is not None, page.text
    codes = pyotp.TOTP(found[1].replace(" ", ""))
    assert client.get("/sign-in/provider/picture.svg").status_code == 200
    assert client.post("/sign-in/provider/codes", data={"code": "000000"}).status_code == 422
    shown = client.post("/sign-in/provider/codes", data={"code": codes.at(at.clock())})
    assert "Keep these recovery codes" in shown.text
    again, answer = at.signed_in("bob")
    assert answer.headers.get("location") == "/sign-in/code"
    assert again.get("/controls").status_code == 303
    at.clock.ahead += timedelta(seconds=60)
    entered = again.post("/sign-in/code", data={"code": codes.at(at.clock())})
    assert entered.headers.get("location") == "/controls", entered.text
    assert again.get("/controls").status_code == 200


def test_nobody_comes_in_uninvited(at: Connected) -> None:
    client, answer = at.signed_in("ada")
    assert answer.status_code == 422
    assert "nobody invited you" in answer.text
    assert client.get("/").status_code == 303
    assert not at.site.site.workspace().stores.records.kept(Account)


def test_an_email_that_the_provider_did_not_verify_counts_for_nothing(at: Connected) -> None:
    at.invited("ada@example.com")
    _, answer = at.signed_in("eve")
    assert answer.status_code == 422
    assert "no email of yours that it verified" in answer.text


def test_an_account_that_was_ended_is_not_found_by_its_identity(at: Connected) -> None:
    at.invited("ada@example.com", Role.ENGINEER)
    client, _ = at.signed_in("ada")
    records = at.site.site.workspace().stores.records
    (account,) = records.kept(Account)
    end_account(at.site.site.workspace(), account, By(actor=TERMINAL, now=at.clock()))
    assert client.get("/controls").status_code == 303
    _, answer = at.signed_in("ada")
    assert answer.status_code == 422


def test_who_refuses_there_is_told_what_to_do(at: Connected) -> None:
    _, answer = at.signed_in("nobody")
    assert answer.status_code == 422
    assert "did not let you in" in answer.text


def test_an_answer_counts_once_and_in_the_browser_that_asked(at: Connected) -> None:
    at.invited("ada@example.com")
    client = at.site.stranger()
    address = at.came(at.left(client), "ada")
    assert "another browser" in at.site.stranger().get(address).text
    wrong = client.get(address.replace("state=", "state=x"))
    assert "another browser" in wrong.text
    assert client.get(address).status_code == 303
    assert client.get(address).status_code == 422


def test_a_code_that_was_used_gives_nothing(at: Connected) -> None:
    at.invited("ada@example.com")
    first, second = at.site.stranger(), at.site.stranger()
    used = at.came(at.left(first), "ada")
    assert first.get(used).status_code == 303
    state = parse_qs(urlsplit(at.left(second)).query)["state"][0]
    code = parse_qs(urlsplit(used).query)["code"][0]
    replayed = second.get("/sign-in/provider/back", params={"code": code, "state": state, "iss": at.issuer})
    assert replayed.status_code == 502
    assert "status 400" in replayed.text


@pytest.mark.parametrize("issuer", ["https://evil.example", ""])
def test_an_answer_of_another_issuer_or_of_none_is_refused(at: Connected, issuer: str) -> None:
    client = at.site.stranger()
    given = {
        name: values[0] for name, values in parse_qs(urlsplit(at.came(at.left(client), "ada")).query).items()
    }
    answer = client.get("/sign-in/provider/back", params={**given, "iss": issuer})
    assert answer.status_code == 422
    assert "not of Acme ID" in answer.text


def test_a_sign_in_that_took_too_long_begins_again(at: Connected) -> None:
    client = at.site.stranger()
    address = at.came(at.left(client), "ada")
    at.clock.ahead += timedelta(minutes=11)
    assert "took too long" in client.get(address).text


def test_a_token_of_a_clock_that_is_far_off_is_refused_and_the_clocks_are_named(at: Connected) -> None:
    at.invited("ada@example.com")
    at.clock.ahead += timedelta(minutes=12)
    _, answer = at.signed_in("ada")
    assert answer.status_code == 422
    assert "compare the clocks" in answer.text


def test_a_provider_that_is_down_is_named(at: Connected) -> None:
    at.provider.terminate()
    at.provider.wait(timeout=30)
    answer = at.site.stranger().post("/sign-in/provider")
    assert answer.status_code == 502
    assert "Acme ID did not do its part. It cannot be reached." in answer.text


def test_without_the_secret_it_is_said_which_variable_is_missing(
    at: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    _, answer = at.signed_in("ada")
    assert answer.status_code == 502
    assert VARIABLE in answer.text


def test_the_way_there_is_bound_by_pkce_and_leads_back_to_the_configured_site(at: Connected) -> None:
    asked = parse_qs(urlsplit(at.left(at.site.stranger())).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{at.site.url}/sign-in/provider/back"]
    assert asked["response_type"] == ["code"]
    assert len(asked["state"][0]) >= 43
    assert len(asked["nonce"][0]) >= 43


def test_who_comes_back_with_nothing_again_and_again_is_held_up(at: Connected) -> None:
    statuses = []
    client = at.site.stranger()
    for _ in range(32):
        state = parse_qs(urlsplit(at.left(client)).query)["state"][0]
        answer = client.get("/sign-in/provider/back", params={"error": "server_error", "state": state})
        statuses.append(answer.status_code)
    assert statuses[:30] == [422] * 30
    assert statuses[-1] == 429


def test_an_account_that_nobody_invited_for_it_is_not_taken_over_by_its_email(at: Connected) -> None:
    account_of(at.site.site.workspace(), Role.OWNER, "Kim", at.clock())
    records = at.site.site.workspace().stores.records
    (held,) = records.kept(Account)
    with records.transaction() as write:
        write.keep([replace(held, email="kim@example.com")])
    _, answer = at.signed_in("kim")
    assert answer.status_code == 422
    assert "nobody invited you" in answer.text
    assert not records.kept(OutsideIdentity)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_real_browser_goes_there_and_back_under_the_sites_policy(at: Connected, *, scripts: bool) -> None:
    at.invited("ada@example.com")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        page = browser.new_context(java_script_enabled=scripts).new_page()
        page.goto(f"{at.site.url}/controls")
        page.get_by_role("button", name="Continue with Acme ID").click()
        page.get_by_role("link", name="ada").click()
        page.wait_for_url(f"{at.site.url}/controls")
        browser.close()
