"""Signing in, from the first link of the terminal on, in a real browser and by hand."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pyotp
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from auditwright.app.acting import TERMINAL
from auditwright.app.people import Guest, invite
from auditwright.app.sessions import IDLE
from auditwright.core.account import Account, Role, Session
from auditwright.core.act import Act
from auditwright.core.question import Is
from tests.app.programs import auditwright, roster_program
from tests.web.served import Served, served
from tests.web.test_every_page import FLAGS

WORDS = "violet harbor stanza 41"


class Clock:
    """The time of the site, which a test moves."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Iterator[Served]:
    with served(roster_program(tmp_path / "acme"), clock) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        yield running
        running.close()


@contextmanager
def page_with_authenticator(browser: Browser) -> Iterator[Page]:
    """A page whose browser has a passkey authenticator that verifies its user."""
    context = browser.new_context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
            }
        },
    )
    yield page
    context.close()


def link_for(site: Served, role: Role = Role.OWNER, email: str = "mira@example.com") -> str:
    guest = Guest(email=email, name="Mira Okafor", role=role)
    return invite(site.site.workspace(), guest, TERMINAL, site.site.clock()).path


def enrolled(
    site: Served, role: Role = Role.OWNER, email: str = "mira@example.com"
) -> tuple[httpx2.Client, str]:
    """Somebody who accepted an invitation with a password and codes: their client, and the seed."""
    client, link = site.stranger(), link_for(site, role, email)
    page = client.post(f"{link}/password", data={"password": WORDS, "again": WORDS}).text
    found = re.search(r"Seed <code[^>]*>([A-Z2-7 ]+)<", page)
    assert found is not None, page
    seed = found[1].replace(" ", "")
    code = pyotp.TOTP(seed).at(site.site.clock())
    answer = client.post(f"{link}/codes", data={"code": code})
    assert "Keep these recovery codes" in answer.text
    return client, seed


def begun(site: Served, email: str = "mira@example.com") -> httpx2.Client:
    """A client that showed the password, and owes the second factor."""
    client = site.stranger()
    answer = client.post("/sign-in", data={"email": email, "password": WORDS, "next": "/controls"})
    assert answer.headers.get("location") == "/sign-in/code", answer.text
    return client


def test_the_owner_comes_by_the_link_of_the_terminal_and_signs_in_with_a_passkey(
    site: Served, browser: Browser
) -> None:
    folder = site.site.folder
    ran = auditwright(
        "people",
        "invite",
        "mira@example.com",
        "--name",
        "Mira Okafor",
        "--url",
        site.url,
        "--program",
        folder,
    )
    assert ran.code == 0, ran.err
    with page_with_authenticator(browser) as page:
        page.goto(ran.out.strip())
        page.get_by_label("Name of the passkey").fill("laptop")
        page.get_by_role("button", name="Make a passkey").click()
        page.wait_for_url(f"{site.url}/")
        assert "criteria" in page.get_by_role("heading", level=1).inner_text()
        page.goto(f"{site.url}/account")
        assert page.get_by_role("row", name=re.compile("laptop")).is_visible()
        page.get_by_role("button", name=re.compile("your account and theme")).click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{site.url}/sign-in")
        page.goto(f"{site.url}/controls")
        page.get_by_role("button", name="Continue with a passkey").click()
        page.wait_for_url(f"{site.url}/controls")
        assert page.goto(ran.out.strip()).status == 404  # type: ignore[union-attr]  # a page was opened


def test_a_password_alone_opens_nothing_and_with_a_code_it_does(site: Served, clock: Clock) -> None:
    _, seed = enrolled(site)
    client = begun(site)
    assert client.get("/").status_code == 303
    clock.ahead += timedelta(seconds=60)
    answer = client.post("/sign-in/code", data={"code": pyotp.TOTP(seed).at(clock())})
    assert answer.headers["location"] == "/controls"
    assert client.get("/controls").status_code == 200


def test_a_code_counts_once(site: Served, clock: Clock) -> None:
    _, seed = enrolled(site)
    clock.ahead += timedelta(seconds=60)
    code = pyotp.TOTP(seed).at(clock())
    assert begun(site).post("/sign-in/code", data={"code": code}).status_code == 303
    again = begun(site).post("/sign-in/code", data={"code": code})
    assert again.status_code == 422
    assert "has already been used" in again.text


def test_a_recovery_code_stands_in_once(site: Served) -> None:
    client, link = site.stranger(), link_for(site)
    page = client.post(f"{link}/password", data={"password": WORDS, "again": WORDS}).text
    seed = re.search(r"Seed <code[^>]*>([A-Z2-7 ]+)<", page)[1].replace(" ", "")  # type: ignore[index]  # it stands there
    shown = client.post(f"{link}/codes", data={"code": pyotp.TOTP(seed).at(site.site.clock())}).text
    code = re.findall(r"[a-z2-7]{4}(?:-[a-z2-7]{4}){5}", shown)[0]
    assert begun(site).post("/sign-in/recovery", data={"code": code}).status_code == 303
    assert begun(site).post("/sign-in/recovery", data={"code": code}).status_code == 422


def test_a_stranger_and_a_wrong_password_are_told_the_same(site: Served) -> None:
    enrolled(site)
    stranger = site.stranger()
    wrong = stranger.post("/sign-in", data={"email": "mira@example.com", "password": "x" * 12})
    nobody = stranger.post("/sign-in", data={"email": "nobody@example.com", "password": "x" * 12})
    assert wrong.status_code == nobody.status_code == 422
    assert wrong.text.replace("mira", "nobody") == nobody.text


def test_who_guesses_is_held_up_and_the_owner_still_gets_in_from_her_browser(
    site: Served, clock: Clock
) -> None:
    own, seed = enrolled(site)
    attacker = site.stranger()
    statuses = [
        attacker.post(
            "/sign-in", data={"email": "mira@example.com", "password": f"guess {n} guess"}
        ).status_code
        for n in range(8)
    ]
    assert statuses[:5] == [422] * 5
    assert statuses[-1] == 429
    own.post("/sign-out")
    answer = own.post("/sign-in", data={"email": "mira@example.com", "password": WORDS})
    assert answer.headers["location"] == "/sign-in/code"
    clock.ahead += timedelta(seconds=60)
    code = pyotp.TOTP(seed).at(clock())
    assert own.post("/sign-in/code", data={"code": code}).status_code == 303


def test_an_invitation_counts_once_and_lapses(site: Served, clock: Clock) -> None:
    link = link_for(site)
    assert site.stranger().get(link).status_code == 200
    clock.ahead += timedelta(days=4)
    assert site.stranger().get(link).status_code == 404
    assert site.stranger().get("/invitation/guess").status_code == 404


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "password password",
        "acme acme acme",
        "qwertyuiop1234",
        "a" * 40,
        "Summer2026!!",
        "Correct-Horse_battery staple",
        "long " * 26,
    ],
)
def test_a_weak_password_is_not_taken(site: Served, password: str) -> None:
    answer = site.stranger().post(
        f"{link_for(site)}/password", data={"password": password, "again": password}
    )
    assert answer.status_code == 422
    assert "Error: invitation" in answer.text


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_address_leads_elsewhere_after_signing_in(site: Served, clock: Clock, elsewhere: str) -> None:
    _, seed = enrolled(site)
    client = site.stranger()
    client.post("/sign-in", data={"email": "mira@example.com", "password": WORDS, "next": elsewhere})
    clock.ahead += timedelta(seconds=60)
    answer = client.post("/sign-in/code", data={"code": pyotp.TOTP(seed).at(clock())})
    assert answer.headers["location"] == "/"


def test_signing_in_gives_a_new_token_and_signing_out_ends_it(site: Served, clock: Clock) -> None:
    client, seed = enrolled(site)
    before = client.cookies["auditwright"]
    client.post("/sign-in", data={"email": "mira@example.com", "password": WORDS})
    clock.ahead += timedelta(seconds=60)
    client.post("/sign-in/code", data={"code": pyotp.TOTP(seed).at(clock())})
    after = client.cookies["auditwright"]
    assert before != after
    fixed = site.stranger()
    fixed.cookies.set("auditwright", before)
    assert fixed.get("/").status_code == 303
    client.post("/sign-out")
    fixed.cookies.set("auditwright", after)
    assert fixed.get("/").status_code == 303


def test_an_idle_session_ends_by_itself(site: Served, clock: Clock) -> None:
    client, _ = enrolled(site)
    assert client.get("/").status_code == 200
    clock.ahead += IDLE
    assert client.get("/").status_code == 303


def test_what_is_grave_asks_for_a_second_factor_again(site: Served, clock: Clock) -> None:
    client, seed = enrolled(site)
    clock.ahead += timedelta(minutes=11)
    invitation = {"email": "lena@example.com", "name": "Lena", "role": "engineer"}
    answer = client.post("/people/invite", data=invitation)
    assert urlsplit(answer.headers["location"]).path == "/account/prove"
    code = pyotp.TOTP(seed).at(clock())
    assert (
        client.post("/account/prove", data={"code": code, "next": "/people"}).headers["location"] == "/people"
    )
    assert "counts once" in client.post("/people/invite", data=invitation).text


def test_the_last_owner_can_neither_be_ended_nor_demoted(site: Served) -> None:
    client, _ = enrolled(site)
    (account,) = site.site.workspace().stores.records.kept(Account)
    assert "only owner" in client.post(f"/people/{account.id}/end").text
    assert "only owner" in client.post(f"/people/{account.id}/role", data={"role": "engineer"}).text


def test_an_ended_account_is_out_at_once(site: Served) -> None:
    owner, _ = enrolled(site)
    lena, _ = enrolled(site, Role.ENGINEER, "lena@example.com")
    assert lena.get("/").status_code == 200
    records = site.site.workspace().stores.records
    (account,) = records.kept(Account, Is("email", "lena@example.com"))
    assert owner.post(f"/people/{account.id}/end").headers["location"] == "/people?done=ended"
    assert lena.get("/").status_code == 303
    assert (
        site.stranger().post("/sign-in", data={"email": "lena@example.com", "password": WORDS}).status_code
        == 422
    )


def test_an_employee_lands_on_the_own_account_and_sees_nothing_else(site: Served) -> None:
    employee, _ = enrolled(site, Role.EMPLOYEE, "eve@example.com")
    assert employee.get("/account").status_code == 200
    assert employee.get("/").status_code == 403
    assert "Controls" not in employee.get("/account").text


def test_what_is_done_stands_in_the_audit_log_and_holds_no_secret(site: Served) -> None:
    _, seed = enrolled(site)
    acts = site.site.workspace().stores.records.kept(Act)
    assert {each.verb for each in acts} >= {"account.invite", "account.accept", "session.start"}
    whole = repr(acts) + repr(site.site.workspace().stores.records.kept(Session))
    assert WORDS not in whole
    assert seed not in whole
