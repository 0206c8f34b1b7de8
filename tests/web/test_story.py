"""The first weeks of an organization, told once in a real browser, with its records in each of the databases.

The owner comes by the link of the terminal with a passkey; an engineer connects the roster, runs it live, owns what is
found and asks for a waiver; the owner approves it, and it ends; an auditor reads one engagement and reaches nothing else.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from auditwright.app.workspace import DATABASE_URL
from tests.app.programs import ROSTER, TITLED, auditwright
from tests.postgres import Cluster
from tests.web.served import Served, served
from tests.web.test_every_page import FLAGS
from tests.web.test_sign_in import Clock, page_with_authenticator

WORDS = "violet harbor stanza 41"

SETTINGS = """\
[organization]
name = "Acme"

[scope]
framework = "soc2"
categories = ["security", "availability"]
"""

RUN_TIMEOUT_MS = 60_000


@dataclass(frozen=True, kw_only=True)
class Stage:
    site: Served
    browser: Browser
    clock: Clock


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def stage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: Cluster
) -> Iterator[Stage]:
    if request.param == "PostgreSQL":
        monkeypatch.setenv(DATABASE_URL, postgres.new_database())
    folder = tmp_path / "acme"
    (folder / "tests").mkdir(parents=True)
    (folder / "auditwright.toml").write_text(SETTINGS)
    (folder / "people.csv").write_text(ROSTER)
    (folder / "tests/titled.sql").write_text(TITLED)
    made = auditwright("init", folder, "--name", "Acme")
    assert made.code == 0, made.err
    clock = Clock()
    with served(folder, clock) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        yield Stage(site=site, browser=browser, clock=clock)
        browser.close()


@contextmanager
def page_of(stage: Stage) -> Iterator[Page]:
    context = stage.browser.new_context()
    yield context.new_page()
    context.close()


def day(stage: Stage, days: int) -> str:
    return f"{stage.clock() + timedelta(days=days):%Y-%m-%d}"


def first_sign_in(stage: Stage, owner: Page) -> None:
    """By the link of the terminal, with a passkey."""
    ran = auditwright(
        *("people", "invite", "mira@example.com", "--name", "Mira Okafor"),
        *("--url", stage.site.url, "--program", stage.site.site.folder),
    )
    assert ran.code == 0, ran.err
    owner.goto(ran.out.strip())
    owner.get_by_label("Name of the passkey").fill("laptop")
    owner.get_by_role("button", name="Make a passkey").click()
    owner.wait_for_url(f"{stage.site.url}/")
    expect(owner.get_by_text("Nothing was collected yet")).to_be_visible()


def invited(owner: Page, stage: Stage, name: str, role: str) -> str:
    """The link that the page of people shows once."""
    owner.goto(f"{stage.site.url}/people")
    owner.get_by_label("Email").fill(f"{name.split(maxsplit=1)[0].lower()}@example.com")
    owner.get_by_label("Name", exact=True).fill(name)
    owner.get_by_label(role, exact=True).check()
    if role == "Auditor":
        owner.get_by_label("Title").fill("Type 2")
        owner.get_by_label("Security").check()
        owner.get_by_label("First day").fill(day(stage, -30))
        owner.get_by_label("Last day").fill(day(stage, 90))
    owner.get_by_role("button", name="Make the invitation").click()
    return owner.locator("code.copy").inner_text()


def joined_with_codes(page: Page, stage: Stage, link: str) -> str:
    """Somebody accepts with a password and one-time codes; returns the seed."""
    page.goto(link)
    page.get_by_label("Password", exact=True).fill(WORDS)
    page.get_by_label("The same again").fill(WORDS)
    page.get_by_role("button", name="Continue to one-time codes").click()
    seed = page.locator("p:has-text('Seed') code").inner_text().replace(" ", "")
    page.get_by_label("Code from your authenticator").fill(pyotp.TOTP(seed).at(stage.clock()))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    return seed


def connected_and_run(page: Page, stage: Stage) -> None:
    """The roster is connected in the browser, and a run is followed to its end."""
    page.goto(f"{stage.site.url}/integrations/people")
    page.get_by_label("Roster file").fill("people.csv")
    page.get_by_role("button", name="Connect Roster").click()
    expect(page.get_by_text("It is connected")).to_be_visible()
    page.goto(f"{stage.site.url}/runs")
    page.get_by_role("button", name="Run now").click()
    ended = page.get_by_role("heading", name=re.compile("tests? with exceptions"))
    expect(ended).to_be_visible(timeout=RUN_TIMEOUT_MS)


def owned_and_asked(page: Page, stage: Stage) -> str:
    """The engineer owns the finding, comments, and asks for a waiver; returns where the finding is."""
    page.goto(f"{stage.site.url}/findings")
    page.get_by_role("link", name="Eve Lane is a Designer").click()
    finding = page.url
    page.get_by_role("combobox", name="Owner").fill("Ada Stone")
    page.locator("#due").fill(day(stage, 10))
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("Ada Stone").first).to_be_visible()
    page.get_by_label("Add a comment").fill("She is hired as one next month.")
    page.get_by_role("button", name="Comment").click()
    expect(page.get_by_text("She is hired as one next month.")).to_be_visible()
    page.get_by_role("link", name="Ask for a waiver").click()
    page.get_by_label("Reason").fill("She is hired as an engineer next month.")
    page.get_by_label("Ends on").fill(day(stage, 30))
    page.get_by_role("button", name="Ask for the waiver").click()
    expect(page.get_by_text("Another person decides")).to_be_visible()
    return finding


def approved(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.site.url}/waivers")
    page.get_by_role("link", name=re.compile("She is hired")).click()
    page.get_by_label("Approve: it counts at once").check()
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_text("It counts from now on")).to_be_visible()


def status_of(page: Page, stage: Stage) -> str:
    """What the page of the test says first."""
    page.goto(f"{stage.site.url}/tests/acme.titled")
    return page.locator(".page-h").inner_text()


def reached(stage: Stage, page: Page, others: set[str]) -> dict[str, int]:
    """The status of each address for whoever is signed in on a page."""
    return {path: page.request.get(stage.site.url + path).status for path in sorted(others)}


def links(page: Page) -> set[str]:
    found = page.eval_on_selector_all("a[href^='/']", "all => all.map(each => each.getAttribute('href'))")
    return {each.partition("#")[0] for each in found}


def test_from_the_first_link_to_the_auditor(stage: Stage) -> None:
    with (
        page_with_authenticator(stage.browser) as owner,
        page_of(stage) as engineer,
        page_of(stage) as auditor,
    ):
        first_sign_in(stage, owner)
        joined_with_codes(engineer, stage, invited(owner, stage, "Ada Stone", "Engineer"))
        seed = joined_with_codes(auditor, stage, invited(owner, stage, "Ines Calder", "Auditor"))
        connected_and_run(engineer, stage)
        finding = owned_and_asked(engineer, stage)
        assert "Deviation" in status_of(owner, stage)
        approved(owner, stage)
        assert "Waived" in status_of(owner, stage)

        owner.goto(f"{stage.site.url}/?as_of={day(stage, -1)}")
        expect(owner.get_by_text("Nothing was collected yet")).to_be_visible()

        auditor.goto(f"{stage.site.url}/")
        own = links(auditor)
        owner.goto(f"{stage.site.url}/")
        paths = {urlsplit(address).path for address in own}
        others = {address for address in links(owner) if urlsplit(address).path not in paths}
        assert {"/inventory", "/people", "/runs", "/settings"} <= others
        assert {path: status for path, status in reached(stage, auditor, own).items() if status != 200} == {}
        beyond = reached(stage, auditor, others)
        assert {path: status for path, status in beyond.items() if status not in {403, 404}} == {}
        assert auditor.goto(f"{stage.site.url}/criteria/A1.1").status == 404  # type: ignore[union-attr]  # it was opened
        assert auditor.goto(finding).status == 200  # type: ignore[union-attr]  # it was opened

        stage.clock.ahead = timedelta(days=31)
        owner.goto(f"{stage.site.url}/")
        owner.get_by_role("button", name="Continue with a passkey").click()
        owner.wait_for_url(f"{stage.site.url}/")
        owner.goto(finding)
        assert "Waived" not in owner.locator(".page-h").inner_text()

        auditor.goto(f"{stage.site.url}/")
        auditor.get_by_label("Work email").fill("ines@example.com")
        auditor.get_by_label("Password").fill(WORDS)
        auditor.get_by_role("button", name="Continue to the second factor").click()
        code = pyotp.TOTP(seed).at(datetime.now(UTC) + stage.clock.ahead)
        auditor.get_by_label("Code from your authenticator").fill(code)
        auditor.get_by_role("button", name="Sign in").click()
        auditor.wait_for_url(f"{stage.site.url}/")
