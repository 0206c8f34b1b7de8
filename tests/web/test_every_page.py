"""Every page that can be reached from the overview, in a real browser: it loads whole, breaks no rule of its own
policy, fits the screen, and axe finds nothing serious in it.

The company is the demo's, as `auditwright demo` makes it. Of each route the first addresses that a page links to are
opened; the variants are light and dark, wide and narrow.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Browser, Page, sync_playwright

from auditwright.core.account import Role
from auditwright.web.application import ROUTERS
from auditwright.web.visit import SESSION_COOKIE
from tests.app.demo import finished_demo
from tests.web.served import Served, served, signed_in_as

AXE = Path(__file__).parent / "vendor/axe.min.js"


SAMPLES = 2
"""Addresses opened of each route: one may be empty where the other is not."""

FIRST_PAINT_BYTES = 50_000
"""The page, its sheets and its symbols, as they travel; scripts are deferred, and fonts swapped in."""

MOST_SHIFT = 0.01
"""Of what Chromium counts as layout shift: a good page may have ten times as much."""

WIDTHS = (1440, 1024, 840, 360)

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass(frozen=True, kw_only=True)
class Company:
    site: Served
    browser: Browser
    token: str
    pages: Mapping[str, tuple[str, ...]]
    """By route, the addresses to open."""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    made = finished_demo(tmp_path_factory).out / "northwind"
    program = Path(shutil.copytree(made, tmp_path_factory.mktemp("company") / "northwind"))
    with served(program) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        token = signed_in_as(site.site.workspace(), Role.OWNER, "Mira Okafor", site.site.clock())
        yield Company(site=site, browser=browser, token=token, pages=_crawled(site))
        browser.close()


def _crawled(site: Served) -> Mapping[str, tuple[str, ...]]:
    """Follow links from the overview, and keep the first addresses of each route."""
    client = site.visitor()
    routes = {path: re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$") for path in _page_routes()}
    found: dict[str, list[str]] = {}
    waiting, seen = ["/"], {"/"}
    while waiting:
        address = waiting.pop(0)
        path = urlsplit(address).path
        route = next((name for name, pattern in routes.items() if pattern.match(path)), "")
        if not route or len(found.get(route, ())) >= SAMPLES:
            continue
        answer = client.get(address)
        if answer.headers.get("content-type", "").partition(";")[0] != "text/html":
            continue
        found.setdefault(route, []).append(address)
        for link in re.findall(r'href="(/[^"#]*)"', answer.text):
            following = link.replace("&amp;", "&").replace("&#39;", "'")
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return {route: tuple(addresses) for route, addresses in found.items()}


def _page_routes() -> list[str]:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    paths = [route.path for route in routes if "GET" in (route.methods or ())]
    # What stands for itself comes before what a parameter could stand for.
    return sorted((path for path in paths if not path.startswith("/api")), key=lambda path: path.count("{"))


def _page(company: Company, *, dark: bool, width: int) -> Page:
    context = company.browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
    )
    context.add_cookies([{"name": SESSION_COOKIE, "value": company.token, "url": company.site.url}])
    return context.new_page()


def test_every_part_of_the_navigation_has_a_page(company: Company) -> None:
    links = re.findall(
        r'<a href="(/[^"]*)"', company.site.visitor().get("/").text.partition('class="side-foot"')[0]
    )
    empty = [link for link in links if company.site.visitor().get(link).status_code != 200]
    assert empty == []


def test_no_link_of_a_page_leads_nowhere(company: Company) -> None:
    client = company.site.visitor()
    addresses = [address for found in company.pages.values() for address in found]
    assert {
        address: status for address in addresses if (status := client.get(address).status_code) != 200
    } == {}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_loads_whole_and_breaks_no_rule_of_its_policy(company: Company, *, dark: bool) -> None:
    page = _page(company, dark=dark, width=1440)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    for addresses in company.pages.values():
        for address in addresses:
            page.goto(company.site.url + address)
    page.context.close()
    assert problems == []


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_screen(company: Company, width: int) -> None:
    page = _page(company, dark=False, width=width)
    wide = {}
    for addresses in company.pages.values():
        page.goto(company.site.url + addresses[0])
        found = page.evaluate("document.documentElement.scrollWidth")
        if found > width:
            wide[addresses[0]] = found
    page.context.close()
    assert wide == {}


# Colors follow the theme and places the width, and neither the other: each is looked at once.
@pytest.mark.parametrize(("dark", "width"), [(True, 1440), (False, 360)])
def test_axe_finds_nothing_serious(company: Company, *, dark: bool, width: int) -> None:
    page = _page(company, dark=dark, width=width)
    found: dict[str, list[str]] = {}
    for addresses in company.pages.values():
        page.goto(company.site.url + addresses[0])
        page.evaluate(AXE.read_text(encoding="utf-8"))
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        grave = [
            f"{each['id']}: {json.dumps(each['nodes'][0]['target'])} {each['nodes'][0]['failureSummary'][:200]}"
            for each in result["violations"]
            if each["impact"] in {"serious", "critical"}
        ]
        if grave:
            found[addresses[0]] = grave
    page.context.close()
    assert found == {}


def test_pages_are_small(company: Company) -> None:
    client = company.site.visitor()
    large = {
        address: size
        for addresses in company.pages.values()
        for address in addresses
        if (size := len(client.get(address).content)) > 100_000
    }
    assert large == {}


def test_the_overview_is_small_to_load_and_nothing_on_it_shifts(company: Company) -> None:
    page = _page(company, dark=False, width=1440)
    loaded: dict[str, float] = {}
    network = page.context.new_cdp_session(page)
    addresses: dict[str, str] = {}
    network.on(
        "Network.requestWillBeSent",
        lambda each: addresses.update({each["requestId"]: each["request"]["url"]}),
    )
    network.on(
        "Network.loadingFinished",
        lambda each: loaded.update({addresses[each["requestId"]]: each["encodedDataLength"]}),
    )
    network.send("Network.enable")
    page.goto(company.site.url + "/", wait_until="networkidle")
    shifts = page.evaluate(
        """() => new Promise(done => {
            let sum = 0;
            new PerformanceObserver(list => {
                for (const each of list.getEntries()) { sum += each.value; }
            }).observe({ type: "layout-shift", buffered: true });
            requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
        })"""
    )
    page.context.close()
    needed = {name: size for name, size in loaded.items() if not re.search(r"\.(?:js|woff2)(?:\?|$)", name)}
    assert len(needed) >= 3
    assert sum(needed.values()) <= FIRST_PAINT_BYTES, needed
    assert shifts <= MOST_SHIFT
