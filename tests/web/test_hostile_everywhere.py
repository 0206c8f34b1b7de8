"""A program in which every text that comes from outside is hostile: no page, export, report, answer of the API or line
on a terminal lets any of it be more than text.
"""

import csv
import io
import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import httpx2
import pytest
from click.testing import CliRunner
from fastapi.routing import APIRoute
from playwright.sync_api import sync_playwright

from auditwright.app.workspace import DATABASE_URL
from auditwright.cli.main import cli
from auditwright.core.account import Role
from auditwright.core.evidence import digest_of
from auditwright.web.application import ROUTERS
from auditwright.web.visit import SESSION_COOKIE
from tests.cli.test_access import HOLE
from tests.postgres import Cluster
from tests.web.hostile import CORPUS, MARK, PRODUCT, Judge, assert_no_formula, is_hidden
from tests.web.hostile_program import RELEASES, fill_program, item_id
from tests.web.served import Served, served, signed_in_as
from tests.web.test_every_page import FLAGS

ONE_OF_EACH = len(CORPUS) + 4
"""Addresses opened of a route that shows one thing: one with each text, and some more."""

ENOUGH = 4
"""Addresses opened of a list or an export, which holds all of them at once."""

SERVER_ERROR = 500


@dataclass(frozen=True, kw_only=True)
class Found:
    """What an address answered."""

    answer: httpx2.Response
    judge: Judge | None
    """None for what is no page."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What somebody reached by following links, by route and address."""

    site: Served
    found: Mapping[str, Mapping[str, Found]]

    def pages(self) -> Iterator[tuple[str, str, Judge]]:
        for route, held in self.found.items():
            yield from ((route, address, each.judge) for address, each in held.items() if each.judge)

    def of_type(self, media_type: str) -> Mapping[str, httpx2.Response]:
        each = (pair for held in self.found.values() for pair in held.items())
        return {address: found.answer for address, found in each if type_of(found.answer) == media_type}


def type_of(answer: httpx2.Response) -> str:
    return answer.headers.get("content-type", "").partition(";")[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("hostile") / "acme"
    fill_program(made)
    return made


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Served]:
    with served(folder) as running:
        yield running


@pytest.fixture(scope="module")
def seen(site: Served) -> Seen:
    return crawled(site, Role.OWNER)


def page_routes() -> Mapping[str, re.Pattern[str]]:
    """What each route of a page looks like; what stands for itself comes before what a parameter could stand for."""
    paths = [route.path for route in routes_of("GET") if not route.path.startswith("/api/")]
    ordered = sorted(dict.fromkeys(paths), key=lambda path: path.count("{"))
    return {path: re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$") for path in ordered}


def crawled(site: Served, role: Role, *, most: int = ONE_OF_EACH) -> Seen:
    """Follow links from the overview, and keep what they lead to; of a route that shows one thing, `most` addresses."""
    client, routes = site.visitor(role), page_routes()
    found: dict[str, dict[str, Found]] = {}
    waiting, known = ["/"], {"/"}
    while waiting:
        address = waiting.pop(0)
        path = urlsplit(address).path
        route = next((name for name, pattern in routes.items() if pattern.match(path)), "")
        held = found.setdefault(route, {})
        if len(held) >= (most if shows_one(route) else ENOUGH):
            continue
        answer = client.get(address)
        judge = Judge(answer.text) if type_of(answer) == "text/html" else None
        held[address] = Found(answer=answer, judge=judge)
        links = [link.partition("#")[0] for link in judge.links] if judge else []
        new = dict.fromkeys(link for link in links if link.startswith("/") and link not in known)
        waiting += [link for link in new if not link.startswith("/static/")]
        known.update(new)
    return Seen(site=site, found=found)


def shows_one(route: str) -> bool:
    """Whether pages of a route are about one thing each."""
    return not route.endswith((".csv", ".json", ".{suffix}")) and (
        "{" in route or route.endswith(("/one", "/item"))
    )


def problems_of(seen: Seen) -> dict[str, list[str]]:
    return {address[:200]: judge.problems[:3] for _, address, judge in seen.pages() if judge.problems}


def broken(seen: Seen) -> dict[str, int]:
    # Nothing of what was proved here is a target of this program: what would close it cannot be worked out.
    followed = (held for route, held in seen.found.items() if route != NOT_WORKED_OUT)
    statuses = ((address, each.answer.status_code) for held in followed for address, each in held.items())
    return {address[:200]: status for address, status in statuses if status not in {200, 303}}


NOT_WORKED_OUT = "/access/fix"


@pytest.mark.parametrize(
    "page",
    [
        "<x-hostile>",
        "<p>\u202e</p>",
        "<p title='\x1b[31m'>",
        "<a href='javascript:hostile()'>",
        "<a href='//evil.example'>",
        "<a href=/ onmouseover=hostile()>",
        "<p style='color: red'>",
        "<img src=x>",
        "<script>hostile()</script>",
        "<!-- hostile -->",
        f"<p>{PRODUCT}</p>",
        "<input value='[U+202E]'>",
    ],
)
def test_the_judge_sees_what_a_text_could_become(page: str) -> None:
    assert Judge(page).problems != []
    assert Judge("<p title='a'>a</p><input value='\u202e'><a href='/a?b=%0A'>a</a>").problems == []


def test_every_link_leads_somewhere_whatever_the_names(seen: Seen) -> None:
    assert broken(seen) == {}


def test_no_page_has_more_of_a_hostile_text_than_its_letters(seen: Seen) -> None:
    assert problems_of(seen) == {}
    shown = {route for route, _, judge in seen.pages() if MARK in " ".join(judge.texts)}
    assert shown >= SHOWING


SHOWING = {
    "/access",
    "/access/credentials",
    "/account",
    "/account/tokens",
    "/audit-log",
    "/audit-log/{seq}",
    "/controls/{control}",
    "/evidence",
    "/evidence/{digest}",
    "/findings",
    "/findings/one",
    "/integrations/{name}",
    "/inventory/{kind}",
    "/inventory/{kind}/one",
    "/people",
    "/releases",
    "/releases/one",
    "/runs/{run}",
    "/runs/{run}/gaps",
    "/settings/webhooks",
    "/tests",
    "/tests/{test}",
    "/tests/{test}/item",
    "/vulnerabilities",
    "/vulnerabilities/one",
    "/waivers",
    "/waivers/{waiver:path}",
}
"""Pages on which the texts were seen as letters; one that no longer shows them would prove nothing."""


def test_what_an_auditor_sees_is_no_less_harmless(site: Served) -> None:
    seen = crawled(site, Role.AUDITOR, most=ENOUGH)
    assert broken(seen) == {}
    assert problems_of(seen) == {}


def test_with_the_records_in_postgresql_it_is_the_same(
    tmp_path: Path, postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE_URL, postgres.new_database())
    fill_program(tmp_path / "acme")
    with served(tmp_path / "acme") as running:
        seen = crawled(running, Role.OWNER, most=ENOUGH)
    assert broken(seen) == {}
    assert problems_of(seen) == {}


ADDRESSES = {
    "everything": quote(f"../{CORPUS['everything']}", safe=""),
    "long": quote(CORPUS["long"][:2_000], safe=""),
    "bytes": "%ED%A0%80%FF%00",
}

ASKED = (
    "q",
    "done",
    "next",
    "account",
    "state",
    "status",
    "severity",
    "source",
    "owner",
    "verdict",
    "stream",
)

ALONE = ("sort", "page", "as_of", "seq")
"""What is refused before anything else is looked at."""


@pytest.mark.parametrize("text", ADDRESSES.values(), ids=ADDRESSES)
def test_no_address_breaks_a_page_or_the_api(site: Served, text: str) -> None:
    browser, program = site.visitor(), site.program()
    failed: dict[str, object] = {}
    for route in routes_of("GET"):
        client = program if route.path.startswith("/api/") else browser
        for address in addresses_of(route, text):
            answer = client.get(address)
            if answer.status_code >= SERVER_ERROR:
                failed[address[:200]] = answer.status_code
            elif type_of(answer) == "text/html":
                failed.update({address[:200]: each for each in Judge(answer.text).problems})
    assert failed == {}


def addresses_of(route: APIRoute, text: str) -> Iterator[str]:
    path = re.sub(r"\{[^}]+\}", text, route.path)
    yield path
    names = {*ASKED, *(each.name for each in route.dependant.query_params)} - {*ALONE}
    if path == route.path:
        yield f"{path}?{'&'.join(f'{name}={text}' for name in sorted(names))}"
    if path == route.path and text == ADDRESSES["bytes"]:
        yield from (f"{path}?{name}={text}" for name in ALONE)


def routes_of(method: str) -> list[APIRoute]:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return [route for route in routes if method in (route.methods or ())]


def test_every_export_is_whole_and_no_spreadsheet_computes_it(seen: Seen) -> None:
    tables = seen.of_type("text/csv")
    assert {urlsplit(address).path for address in tables} >= {
        f"/{name}.csv"
        for name in ("findings", "waivers", "evidence", "audit-log", "tests", "runs", "vulnerabilities")
    }
    for address, answer in tables.items():
        assert_no_formula(answer.text)
        assert len({len(row) for row in csv.reader(io.StringIO(answer.text))}) == 1, address
    documents = seen.of_type("application/json")
    assert len(documents) > len(tables) // 2
    for answer in documents.values():
        json.loads(answer.content)


def test_the_api_answers_with_the_texts_as_they_are(site: Served) -> None:
    client = site.program()
    for text in CORPUS.values():
        about = client.get("/api/v1/findings/one", params={"test": "acme.titled", "item": item_id(text)})
        assert about.status_code == 200, about.text
        assert about.json()["row"]["name"] == text
        for address in (
            f"/api/v1/inventory/user_account/one?{urlencode({'id': item_id(text)})}",
            f"/api/v1/access/target?{urlencode({'target': text})}",
            f"/api/v1/access/credentials?{urlencode({'target': text})}",
            f"/api/v1/search?{urlencode({'q': text.replace(chr(0), '')[:100]})}",
        ):
            assert client.get(address).status_code == 200, address[:200]
    for path in [
        route.path for route in routes_of("GET") if route.path.startswith("/api/v1") and "{" not in route.path
    ]:
        answer = client.get(path)
        assert answer.status_code in {200, 422}, path
        answer.json()


@pytest.mark.parametrize("name", ["everything", "long"])
def test_no_form_breaks_a_page(site: Served, name: str) -> None:
    failed: dict[str, object] = {}
    for route in routes_of("POST"):
        if route.path.startswith("/api/") or route.path in STARTING:
            continue
        path = re.sub(r"\{[^}]+\}", quote(CORPUS[name][:500], safe=""), route.path)
        # One visitor for each: some of the forms end the session.
        answer = site.visitor().post(path, data=dict.fromkeys(sent_to(route), CORPUS[name]) | ABOUT)
        if answer.status_code >= SERVER_ERROR:
            failed[route.path] = answer.status_code
        elif type_of(answer) == "text/html":
            failed |= {f"{route.path}: {each}": 0 for each in Judge(answer.text).problems}
    assert failed == {}


ABOUT = {"test": "acme.titled", "item": "+1+1"}

STARTING = {"/runs/start"}


def sent_to(route: APIRoute) -> Iterator[str]:
    """The names of what a form sends."""
    for each in route.dependant.body_params:
        kind = each.field_info.annotation
        yield from getattr(kind, "model_fields", (each.name,))


def test_half_a_character_is_refused_or_kept_and_breaks_nothing(site: Served) -> None:
    client, half = site.program(), "\\ud800 \\udc00\\ud800"
    about = f'"test": "acme.titled", "item": "{half}"'
    calls = {
        "findings/comments": (
            '{"test": "acme.titled", "item": "=cmd|' + "' /C calc'!A0" + f'", "text": "{half}"}}',
            f'{{{about}, "text": "x"}}',
        ),
        "findings/owner": (
            f'{{{about}, "owner": "Ada"}}',
            '{"test": "acme.titled", "item": "+1+1", "owner": "' + half + '"}',
        ),
        "waivers": (
            f'{{"test": "acme.titled", "items": ["{half}"], "reason": "{half}", "ends": "2027-01-01"}}',
        ),
    }
    for path, bodies in calls.items():
        for body in bodies:
            answer = client.post(
                f"/api/v1/{path}", content=body, headers={"content-type": "application/json"}
            )
            assert answer.status_code < SERVER_ERROR, (path, body, answer.text)
            assert client.get(f"/api/v1/{path.partition('/')[0]}").status_code == 200


def test_a_browser_runs_nothing_of_it_and_stays_within_the_screen(seen: Seen) -> None:
    token = signed_in_as(seen.site.site.workspace(), Role.OWNER, "Mira Okafor", seen.site.site.clock())
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        page = browser.new_page(viewport={"width": NARROW, "height": 900})
        page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": seen.site.url}])
        page.on("console", lambda message: problems.append(f"{page.url[:160]}: {message.text}"))
        page.on("pageerror", lambda error: problems.append(f"{page.url[:160]}: {error}"))
        page.on("dialog", lambda dialog: problems.append(f"{page.url[:160]}: a dialog, {dialog.message}"))
        for address in two_of_a_kind(seen):
            page.goto(seen.site.url + address)
            problems += [f"{address[:160]}: {each}" for each in page.evaluate(LOOKED_FOR, [BROUGHT, NARROW])]
        browser.close()
    assert problems == []


NARROW = 360

LOOKED_FOR = """([brought, width]) => [
    ...(window.hostile === undefined ? [] : [`it ran: ${window.hostile}`]),
    ...[...document.querySelectorAll(brought)].map(each => each.outerHTML.slice(0, 200)),
    ...(document.documentElement.scrollWidth > width ? [`${document.documentElement.scrollWidth} pixels wide`] : []),
]"""

BROUGHT = (
    "x-hostile, [data-hostile], [onerror], [onload], [onfocus], [onmouseover], img, a[href^='javascript' i]"
)


def two_of_a_kind(seen: Seen) -> Iterator[str]:
    """Of each route the longest page, and the one with most of what could be markup."""
    for route, held in seen.found.items():
        pages = {address: each.judge.texts for address, each in held.items() if each.judge}
        if pages and route != NOT_WORKED_OUT:
            longest = max(pages, key=lambda address: len(held[address].answer.text))
            fullest = max(pages, key=lambda address: "".join(pages[address]).count(MARK))
            yield from {longest: 0, fullest: 0}


COMMANDS = (
    ("status",),
    ("status", "--json"),
    ("tests", "list"),
    ("inventory", "SELECT name, account, unknown FROM user_account"),
    ("inventory", "SELECT * FROM proved_access", "--json"),
    ("vulns", "list"),
    ("vulns", "list", "--json"),
    ("vulns", "diff", *RELEASES),
    (
        "evidence",
        digest_of(json.dumps({"a": CORPUS["controls"], CORPUS["controls"]: [CORPUS["controls"]]}).encode()),
    ),
    ("people", "list"),
    ("people", "list", "--json"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_letter_of_it_moves_a_terminal(folder: Path, command: Sequence[str]) -> None:
    done = CliRunner().invoke(cli, [*command, "--program", str(folder)])
    assert set(filter(is_hidden, done.output + done.stderr)) == set()
    assert len(done.output) > 0


@pytest.mark.parametrize("command", ["prove", "fix", "lint"])
def test_no_name_in_a_proof_moves_a_terminal(tmp_path: Path, command: str) -> None:
    # A snapshot with U+0000 in a name is refused.
    text = json.dumps(CORPUS["controls"].replace("\0", ""))[1:-1]
    (tmp_path / "snapshot.json").write_text(HOLE.read_text().replace("maya", text))
    for options in ((), ("--json",)):
        done = CliRunner().invoke(cli, ["access", command, str(tmp_path / "snapshot.json"), *options])
        assert set(filter(is_hidden, done.output + done.stderr)) == set()
        assert "[U+001B]" in done.output or "\\u001b" in done.output


def test_reports_are_made_and_have_the_texts_as_letters(folder: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["report", "--program", str(folder), "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    releases = (folder.parent / f"out-{number}" for number in range(len(RELEASES)))
    for out in (tmp_path, *releases):
        assert {file.suffix for file in out.iterdir()} == {".html", ".pdf", ".json", ".csv"}
        for file in out.iterdir():
            harmless(file)


def harmless(file: Path) -> None:
    """Read a file of a report as its reader does: it holds the texts, and nothing that they could have become."""
    match file.suffix:
        case ".html":
            judge = Judge(file.read_text(), alone=True)
            assert judge.problems == []
            assert MARK in " ".join(judge.texts)
        case ".pdf":
            text = subprocess.run(
                ["pdftotext", "-raw", file, "-"], capture_output=True, check=True, text=True
            ).stdout
            squeezed = re.sub(r"[\s\u200b\u00ad]+", "", text)
            assert "<script>window.hostile=" in squeezed
            assert "root:x:0" not in squeezed
            assert PRODUCT not in squeezed
        case ".csv":
            assert_no_formula(file.read_text())
            assert len({len(row) for row in csv.reader(io.StringIO(file.read_text()))}) == 1
        case _:
            document = json.loads(file.read_bytes())
            assert "payload" in document or MARK in json.dumps(document), file
