"""The style sheets hold to their rules, and every symbol that a page may name is drawn."""

import re
from importlib import resources

import pytest

from auditwright.web.parts import ICONS, TONES

WEB = resources.files("auditwright.web")


def sheet(name: str) -> str:
    text = WEB.joinpath("static", name).read_text(encoding="utf-8")
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def templates() -> dict[str, str]:
    return {
        each.name: each.read_text(encoding="utf-8")
        for each in WEB.joinpath("templates").iterdir()
        if each.name.endswith(".html")
    }


def tokens(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", text))


def test_every_color_and_every_font_is_a_token() -> None:
    literal = re.compile(
        r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|oklch|light-dark)\(|font-family:(?!var)|url\(", re.IGNORECASE
    )
    assert literal.findall(sheet("app.css")) == []


def test_every_token_that_is_used_is_defined() -> None:
    defined = tokens(sheet("tokens.css"))
    used = set(re.findall(r"var\(--([\w-]+)\)", sheet("app.css") + sheet("tokens.css")))
    assert used - defined.keys() == set()


def test_the_reports_have_the_colors_of_the_app() -> None:
    folder = resources.files("auditwright.render").joinpath("templates/tokens.css")
    of_reports, of_app = tokens(folder.read_text(encoding="utf-8")), tokens(sheet("tokens.css"))
    assert {name: value for name, value in of_reports.items() if of_app.get(name) != value} == {}


def test_no_rule_stands_twice() -> None:
    rules = [line.strip() for line in sheet("app.css").splitlines() if "{" in line and "}" in line]
    assert sorted(rule for rule in set(rules) if rules.count(rule) > 1) == []


@pytest.mark.parametrize("name", ["app.css", "tokens.css"])
def test_a_sheet_loads_nothing_from_elsewhere(name: str) -> None:
    addresses = re.findall(r"url\(\"?([^)\"]*)", sheet(name))
    assert all(address.startswith("vendor/") for address in addresses)
    assert "@import" not in sheet(name)


def test_no_template_has_a_style_or_a_script_of_its_own() -> None:
    inline = re.compile(r"\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)|javascript:", re.IGNORECASE)
    assert {name: inline.findall(text) for name, text in templates().items() if inline.search(text)} == {}


def test_every_symbol_that_is_named_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', templates()["_sprite.html"]))
    python = "".join(
        each.read_text(encoding="utf-8")
        for folder in (WEB, WEB.joinpath("pages"))
        for each in folder.iterdir()
        if each.name.endswith(".py")
    )
    named = set(re.findall(r"\"([sn]-[a-z]+)\"", "".join(templates().values()) + python))
    assert (named | set(ICONS.values())) - drawn == set()
    assert set(TONES) <= set(ICONS)
