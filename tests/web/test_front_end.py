"""What others made comes by a lock, is optional, and is in the wheel and in the browser where it was fetched."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.app.programs import roster_program
from tests.web.served import Served, served

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts/front-end"
LOCK = ROOT / "requirements/front-end.txt"
VENDOR = ROOT / "src/auditwright/web/static/vendor"

fetched = pytest.mark.skipif(
    not (VENDOR / "htmx.min.js").is_file(), reason="scripts/front-end fetched nothing"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The parts of a checkout that the script knows."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "requirements").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts")
    shutil.copy(LOCK, tmp_path / "requirements")
    return tmp_path


def run(checkout: Path, path: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": path}
    command = [sys.executable, str(checkout / "scripts/front-end")]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


def stand_in(folder: Path, answer: str) -> str:
    """A folder with an npm of our own, which packs what we say."""
    folder.mkdir()
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(folder)


def test_each_line_of_the_lock_is_a_package_a_version_and_a_digest() -> None:
    lines = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert len(lines) == 3
    for line in lines:
        assert re.fullmatch(r"(@[a-z-]+/)?[a-z.-]+ \d+\.\d+\.\d+ [0-9a-f]{128}", line), line


def test_no_address_of_a_registry_is_named() -> None:
    assert "://" not in SCRIPT.read_text(encoding="utf-8") + LOCK.read_text(encoding="utf-8")


def test_without_npm_one_line_says_what_is_lost_and_nothing_fails(checkout: Path) -> None:
    done = run(checkout, path="")
    assert done.returncode == 0
    assert done.stderr.startswith(
        "htmx and the fonts are not fetched (there is no npm); the web app works without"
    )
    assert done.stderr.count("\n") == 1


def test_an_npm_that_reaches_nothing_is_no_failure(checkout: Path) -> None:
    done = run(checkout, path=stand_in(checkout / "bin", "exit 1"))
    assert done.returncode == 0
    assert "npm could not fetch htmx.org@" in done.stderr


def test_a_package_that_is_another_one_is_refused_and_not_unpacked(checkout: Path) -> None:
    done = run(checkout, path=stand_in(checkout / "bin", "echo other > package.tgz"))
    assert done.returncode == 1
    assert done.stderr.startswith("Refused: htmx.org@")
    assert not (checkout / "src").exists()


def test_a_lock_that_says_something_else_is_refused(checkout: Path) -> None:
    (checkout / "requirements/front-end.txt").write_text("left-pad 1.0.0 00\n", encoding="utf-8")
    done = run(checkout, path="")
    assert done.returncode == 1
    assert "this line is no package" in done.stderr


@fetched
def test_what_is_there_by_the_same_lock_is_not_fetched_again(checkout: Path) -> None:
    kept = checkout / "src/auditwright/web/static/vendor"
    shutil.copytree(VENDOR, kept)
    (kept / "front-end.txt").write_text(LOCK.read_text(encoding="utf-8"), encoding="utf-8")
    done = run(checkout, path=stand_in(checkout / "bin", "exit 1"))
    assert (done.returncode, done.stderr) == (0, "")


def test_what_was_fetched_is_in_the_wheel_though_git_ignores_it(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    web = tmp_path / "src/auditwright/web"
    shutil.copytree(ROOT / "src/auditwright/web", web, ignore=shutil.ignore_patterns("vendor", "__pycache__"))
    (web / "static/vendor").mkdir()
    (web / "static/vendor/htmx.min.js").write_text("1", encoding="utf-8")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "out")]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
    assert {
        "auditwright/web/static/vendor/htmx.min.js",
        "auditwright/web/static/app.css",
        "auditwright/web/templates/_parts.html",
    } <= names


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(roster_program(tmp_path_factory.mktemp("site") / "acme")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*quiet, "--disable-sync", "--no-first-run"]
        )
        yield started
        started.close()


@fetched
def test_a_browser_loads_both_fonts_and_htmx_under_the_policy(site: Served, browser: Browser) -> None:
    page = browser.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.goto(f"{site.url}/no/such/page")
    loaded = page.evaluate(
        "Promise.all(['14px Inter', '14px \"JetBrains Mono\"'].map(font => document.fonts.load(font)))"
        ".then(all => all.map(faces => faces[0].status))"
    )
    assert loaded == ["loaded", "loaded"]
    assert page.evaluate("[typeof htmx, htmx.config.allowEval, htmx.config.includeIndicatorStyles]") == [
        "object",
        False,
        False,
    ]
    assert [text for text in told if "404" not in text] == []
    page.close()
