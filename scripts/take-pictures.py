# ruff: noqa: INP001  # a program, and no package
"""Take pictures of every page of the demo's company into docs/pictures/, in four variants: `make pictures`.

They are small, so that a change of a page shows in a review, and docs/pictures.md lists them. Pages whose address has a
day or a digest in it are found by following the first link to them.
"""

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import DEVNULL, run

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from auditwright.core.account import Role  # noqa: E402  # found by the path above
from auditwright.web.visit import SESSION_COOKIE  # noqa: E402
from tests.web.served import Served, served, signed_in_as  # noqa: E402

OUT = ROOT / "docs/pictures"

CHROMIUM = "/usr/bin/chromium"

QUALITY = 60

PAGES: Mapping[str, str] = {
    "overview": "/",
    "criteria": "/criteria",
    "criterion": "/criteria/CC6.1",
    "controls": "/controls",
    "control": "/controls/IAM-01",
    "tests": "/tests",
    "test": "/tests/identity.access-keys-rotated",
    "findings": "/findings",
    "finding": "/findings → /findings/one",
    "waivers": "/waivers",
    "evidence": "/evidence",
    "evidence-one": "/evidence → /evidence/",
    "inventory": "/inventory",
    "inventory-kind": "/inventory/access_key",
    "access": "/access",
    "access-fix": "/access → /access/fix",
    "vulnerabilities": "/vulnerabilities",
    "vulnerability": "/vulnerabilities → /vulnerabilities/one",
    "releases": "/releases",
    "release": "/releases → /releases/one",
    "integrations": "/integrations",
    "integration": "/integrations/aws",
    "runs": "/runs",
    "run": "/runs → /runs/run-",
    "people": "/people",
    "audit-log": "/audit-log",
    "search": "/search?q=bucket",
    "settings": "/settings",
    "webhooks": "/settings/webhooks",
    "account": "/account",
    "tokens": "/account/tokens",
    "api": "/api",
    "sign-in": "/sign-in",
}
"""By name, the address; behind an arrow, how the first link of that page begins which is followed."""

WORKING = "[hx-trigger^=every]"
"""What a page shows while it waits for something that is worked out."""

VARIANTS: Mapping[str, tuple[int, int, str, float]] = {
    "wide": (1280, 900, "light", 0.5),
    "wide-dark": (1280, 900, "dark", 0.5),
    "narrow": (360, 760, "light", 0.75),
    "narrow-dark": (360, 760, "dark", 0.75),
}
"""Width, height, color scheme, and how much of each pixel stays."""

README: Mapping[str, tuple[int, int]] = {
    "overview": (1280, 860),
    "access": (1280, 760),
    "vulnerabilities": (1280, 760),
}
"""Pictures that the README shows, in full size."""


def main() -> None:
    """Make the demo, serve its company, and take the pictures."""
    OUT.mkdir(exist_ok=True)
    for old in OUT.iterdir():
        old.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        demo = Path(scratch) / "demo"
        command = [sys.executable, "-c", "from auditwright.cli.main import main; main()"]
        run([*command, "demo", "--no-serve", "--out", str(demo)], check=True, stdout=DEVNULL, stderr=DEVNULL)
        with served(demo / "northwind") as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            token = signed_in_as(site.site.workspace(), Role.OWNER, "Mira Okafor", site.site.clock())
            for variant in VARIANTS:
                page = _page(browser, site, token, VARIANTS[variant])
                for name, address in PAGES.items():
                    page.goto(site.url + _followed(site, address))
                    page.locator(WORKING).wait_for(state="detached")
                    page.screenshot(path=OUT / f"{name}.{variant}.jpg", type="jpeg", quality=QUALITY)
                page.context.close()
            for name, (width, height) in README.items():
                page = _page(browser, site, token, (width, height, "light", 1.0))
                page.goto(site.url + _followed(site, PAGES[name]))
                page.screenshot(path=OUT / f"{name}.png")
                page.context.close()
            browser.close()
    (ROOT / "docs/pictures.md").write_text("\n".join(_index()))


def _page(browser: Browser, site: Served, token: str, variant: tuple[int, int, str, float]) -> Page:
    width, height, scheme, scale = variant
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=scale,
    )
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": site.url}])
    return context.new_page()


def _followed(site: Served, address: str) -> str:
    start, _, wanted = address.partition(" → ")
    if not wanted:
        return start
    links = re.findall(r'href="([^"]*)"', site.visitor().get(start).text)
    return next(link.replace("&amp;", "&").replace("&#39;", "'") for link in links if link.startswith(wanted))


def _index() -> Iterator[str]:
    """The list of all pictures, as Markdown."""
    yield "# Pages, in four variants"
    yield ""
    yield "The demo's fictional company on an emulated cloud, taken by `make pictures`."
    yield ""
    yield "| page | wide | wide, dark | narrow | narrow, dark |"
    yield "|---|---|---|---|---|"
    for name in PAGES:
        cells = (f"![{name}, {variant}](pictures/{name}.{variant}.jpg)" for variant in VARIANTS)
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""


if __name__ == "__main__":
    main()
