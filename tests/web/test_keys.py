"""The keys, in a real browser: they walk rows that can be opened, and leave fields alone."""

from collections.abc import Iterator
from importlib import resources

import pytest
from playwright.sync_api import Page, sync_playwright

SCRIPT = resources.files("auditwright.web").joinpath("static/keys.js").read_text(encoding="utf-8")

PAGE = """<input id="q"><div id="keys" popover>keys</div>
<table data-rows>
<tbody class="grp"><tr><th>a head without a link</th></tr></tbody>
<tbody><tr><td><a href="#one" id="one">1</a></td></tr><tr><td><a href="#two" id="two">2</a> <a href="#more" id="more">more</a></td></tr></tbody>
<tbody><tr><td><a href="#three" id="three">3</a></td></tr></tbody>
</table>"""


@pytest.fixture
def page() -> Iterator[Page]:
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*quiet, "--disable-sync", "--no-first-run"]
        )
        opened = browser.new_page()
        opened.set_content(PAGE)
        opened.add_script_tag(content=SCRIPT)
        yield opened
        browser.close()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_keys_walk_the_rows_search_and_show_themselves(page: Page) -> None:
    walked = []
    for key in "jjjjkk":
        page.keyboard.press(key)
        walked.append(focused(page))
    assert walked == ["one", "two", "three", "three", "two", "one"]

    page.locator("#more").focus()
    page.keyboard.press("j")
    assert focused(page) == "three"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#three"

    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("?")
    assert page.locator("#keys").is_hidden()

    page.keyboard.press("/")
    page.keyboard.type("jk/?")
    assert page.locator("#q").input_value() == "jk/?"
    assert focused(page) == "q"


def test_rows_that_were_exchanged_meanwhile_are_walked_from_the_first(page: Page) -> None:
    page.keyboard.press("j")
    page.evaluate(
        "document.querySelector('[data-rows]').innerHTML = '<tbody><tr><td><a href=#new id=new>n</a></td></tr></tbody>'"
    )
    page.keyboard.press("j")
    assert focused(page) == "new"
