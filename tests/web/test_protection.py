"""What browsers and passwords are protected by, where no page shows it (see docs/asvs.md)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from importlib import resources
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from auditwright.app.sessions import Browser, begin_session
from auditwright.app.signing_in.codes import RECOVERY_BYTES, new_recovery_codes, new_seed
from auditwright.app.signing_in.passwords import MIN_LENGTH, hashed, matches, weakness
from auditwright.core.account import Role
from auditwright.web import cookies
from auditwright.web.application import create_app
from auditwright.web.site import Address, Site, open_site
from tests.app.programs import roster_program
from tests.web.served import Served, account_of, served

LONG = "a sentence that nobody else has thought of, with commas; and it goes on for a good while yet"

TOKENS = 200


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that people find by https."""
    address = Address(url="https://audit.example.com", hosts=frozenset({"audit.example.com"}))
    with open_site(roster_program(tmp_path_factory.mktemp("secure") / "acme"), address) as site:
        yield site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(roster_program(tmp_path_factory.mktemp("plain") / "acme")) as running:
        yield running


def test_by_https_every_cookie_is_of_this_host_alone_and_out_of_reach_of_scripts(secure: Site) -> None:
    for name in (cookies.SESSION, cookies.DEVICE, cookies.STEP, cookies.CHALLENGE):
        response = Response()
        cookies.put(response, secure, cookies.Cookie(name, "x" * 64, timedelta(hours=1)))
        ((key, morsel),) = SimpleCookie(response.headers["set-cookie"]).items()
        assert key == f"__Host-{name}"
        assert morsel["secure"]
        assert morsel["httponly"]
        assert morsel["samesite"] == "lax"
        assert (morsel["path"], morsel["domain"]) == ("/", "")


def test_by_https_every_answer_asks_for_https_for_a_year(secure: Site) -> None:
    client = TestClient(create_app(secure), base_url="https://audit.example.com", follow_redirects=False)
    for path in ("/", "/sign-in", "/no/such/page", "/static/app.css", "/api/v1/whoami"):
        assert client.get(path).headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_no_answer_is_for_other_origins_to_read(site: Served) -> None:
    visitor = site.visitor()
    for path in ("/", "/api/v1/whoami", "/static/app.css"):
        answer = visitor.get(path, headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_the_policy_frames_nothing_embeds_nothing_and_sends_no_addresses_away(site: Served) -> None:
    for path in ("/", "/sign-in", "/no/such/page", "/static/app.css", "/api/v1/whoami"):
        headers = site.visitor().get(path).headers
        policy = headers["content-security-policy"]
        for part in ("frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"):
            assert part in policy, path
        assert "unsafe" not in policy
        assert headers["referrer-policy"] == "same-origin"


def test_tokens_of_sessions_are_long_and_never_the_same(site: Served) -> None:
    workspace, now = site.site.workspace(), datetime.now(UTC)
    account = account_of(workspace, Role.ENGINEER, "Ada Stone", now)
    browser = Browser(address="", agent="", method="passkey")
    tokens = {begin_session(workspace, account, browser, now) for _ in range(TOKENS)}
    assert len(tokens) == TOKENS
    assert min(map(len, tokens)) >= 128 // 6


def test_a_long_password_counts_to_its_last_character_and_of_any_kind() -> None:
    assert len(LONG) > 64
    assert weakness(LONG, ()) == ""
    kept = hashed(LONG)
    assert matches(kept, LONG)
    assert not matches(kept, LONG[:-1])
    assert not matches(kept, LONG.upper())
    assert weakness("зелёный ключ под мостом", ()) == ""


@pytest.mark.parametrize("known", ["Northwind", "mira.okafor@example.com", "Mira Okafor"])
def test_what_anybody_knows_of_somebody_is_no_password(known: str) -> None:
    assert weakness("MiraOkafor-Northwind", (known, "northwind", "mira okafor"))


def test_no_common_password_is_taken_at_whatever_length() -> None:
    common = [each for each in FREQUENCY_LISTS["passwords"] if len(each) >= MIN_LENGTH]
    assert len(common) > 200
    assert [each for each in common if not weakness(each, ())] == []
    short = FREQUENCY_LISTS["passwords"][:3_000:20]
    assert [each for each in short if not weakness(each.ljust(MIN_LENGTH, each[-1]), ())] == []


def test_passwords_are_typed_unseen_and_password_managers_are_welcome() -> None:
    templates = resources.files("auditwright.web").joinpath("templates")
    fields = [
        field
        for template in Path(str(templates)).glob("*.html")
        for field in re.findall(r"<input[^>]*name=\"(?:password|current|again)\"[^>]*>", template.read_text())
    ]
    assert len(fields) > 3
    for field in fields:
        assert 'type="password"' in field
        assert re.search(r'autocomplete="(?:current|new)-password"', field)
    assert not any("onpaste" in template.read_text() for template in Path(str(templates)).glob("*.html"))


def test_recovery_codes_and_seeds_are_random_and_long() -> None:
    assert RECOVERY_BYTES * 8 >= 112
    codes = new_recovery_codes()
    assert len(set(codes)) == len(codes) == 10
    assert new_seed() != new_seed()
    assert len(new_seed()) * 5 >= 160


def test_a_password_is_changed_by_whoever_knows_the_one_before(site: Served) -> None:
    workspace, now = site.site.workspace(), datetime.now(UTC)
    visitor = site.visitor(Role.ENGINEER, "Nora Vale")
    account = replace(account_of(workspace, Role.ENGINEER, "Nora Vale", now), password=hashed(LONG))
    with workspace.stores.records.transaction() as write:
        write.keep([account])
    answer = visitor.post(
        "/account/password", data={"current": "not it at all", "password": f"{LONG} indeed"}
    )
    assert "This is not your current password." in answer.text
    assert matches(account.password, LONG)


@pytest.mark.parametrize("change", ["passkey", "removed", "password", "codes", "recovery"])
def test_a_change_of_factors_offers_to_end_other_sessions(site: Served, change: str) -> None:
    name = f"Ona {change.title()}"
    site.visitor(Role.ENGINEER, name)
    visitor = site.visitor(Role.ENGINEER, name)
    assert "1 other browser stays signed in" in visitor.get(f"/account?done={change}").text
    assert "stays signed in" not in visitor.get("/account?done=others").text
    visitor.post("/account/sessions/end", data={"session": "others"})
    assert "stays signed in" not in visitor.get(f"/account?done={change}").text


@pytest.mark.parametrize(
    ("address", "comes_from", "encoding"),
    [
        ("/", "none", "gzip"),
        ("/tests?q=acme", "same-origin", "gzip"),
        ("/tests?q=acme", "same-site", ""),
        ("/tests?q=acme", "cross-site", ""),
        ("/tests?q=acme", "", ""),
        ("/static/app.css", "", "gzip"),
    ],
)
def test_a_page_is_compressed_only_for_who_came_by_this_site(
    site: Served, address: str, comes_from: str, encoding: str
) -> None:
    headers = {"accept-encoding": "gzip", **({"sec-fetch-site": comes_from} if comes_from else {})}
    answer = site.visitor().get(address, headers=headers)
    assert answer.status_code == 200
    assert answer.headers.get("content-encoding", "") == encoding
