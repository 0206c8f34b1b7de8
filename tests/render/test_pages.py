"""The HTML report in a real browser: it fits, it is quiet, and it runs nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Request, sync_playwright

from auditwright.render.html import render_html
from tests.render import samples

CHROMIUM = "/usr/bin/chromium"


CONTRAST = """() => {
  const c = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const known = new Map();
  const parse = color => {
    if (!known.has(color)) {
      c.clearRect(0, 0, 1, 1); c.fillStyle = color; c.fillRect(0, 0, 1, 1);
      known.set(color, [...c.getImageData(0, 0, 1, 1).data]);
    }
    return known.get(color);
  };
  const light = rgb => rgb.slice(0, 3).map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, k) => sum + v * [.2126, .7152, .0722][k], 0);
  const grounds = new Map();
  const ground = node => {
    for (let at = node; at; at = at.parentElement) {
      if (!grounds.has(at)) grounds.set(at, parse(getComputedStyle(at).backgroundColor));
      if (grounds.get(at)[3] === 255) return grounds.get(at);
    }
    return [255, 255, 255, 255];
  };
  const poor = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.checkVisibility() || node.closest('.skip, .vh')) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.add(node.className + ': ' + ratio.toFixed(2) + ' ' + node.textContent.slice(0, 40));
  }
  return [...poor];
}"""

NAMELESS = """() => [...document.querySelectorAll('a, summary, [role=group], section')]
  .filter(node => !(node.textContent.trim() || node.getAttribute('aria-label')))
  .map(node => node.outerHTML.slice(0, 120))"""

UNLABELED = """() => [
  ...[...document.querySelectorAll('[aria-labelledby]')]
    .filter(node => !document.getElementById(node.getAttribute('aria-labelledby'))),
  ...[...document.querySelectorAll('svg')].filter(node => node.getAttribute('aria-hidden') !== 'true'),
  ...[...document.querySelectorAll('thead th')].filter(node => node.scope !== 'col'),
  ...[...document.querySelectorAll('tbody th')].filter(node => !['row', 'rowgroup'].includes(node.scope)),
].map(node => node.outerHTML.slice(0, 120))"""

HEADINGS = "() => [...document.querySelectorAll('h1,h2,h3,h4')].map(node => Number(node.tagName[1]))"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    for name, build in samples.BUILDERS.items():
        (folder / f"{name}.html").write_bytes(render_html(build()))
    return folder


@pytest.mark.parametrize("name", list(samples.BUILDERS))
def test_a_report_fits_every_width_runs_nothing_and_asks_for_nothing(
    browser: Browser, folder: Path, name: str
) -> None:
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        said.append(message.text)

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", note)
    address = (folder / f"{name}.html").as_uri()
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    for width in (360, 840, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert "owned" not in page.title().replace("document.title='owned'", "")
    assert said == []
    assert [url for url in asked if url not in {address, "data:,"}] == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_can_be_read_by_everybody(
    browser: Browser, folder: Path, scheme: Literal["light", "dark"]
) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.goto((folder / "northwind.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(UNLABELED) == []
    levels = page.evaluate(HEADINGS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    page.close()


def test_a_link_to_a_test_opens_everything_around_it(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "northwind.html").as_uri())
    page.click("section[aria-labelledby=h-att] a[href='#test-network.admin-ports-closed']")
    assert page.is_visible("text=Administrative ports are tried within minutes of being opened.")
    page.close()


def test_on_paper_every_fold_is_open(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "northwind.html").as_uri())
    page.emulate_media(media="print")
    assert page.is_visible("text=A stolen password alone must not open a session.")
    page.close()
