"""Texts as nobody should write them, and what a page must not let through."""

import csv
import io

from auditwright.core.ids import ResourceId, TestId
from auditwright.core.run import Finding
from tests.store.samples import NOON

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)> {{ 7 * 7 }} {% raw %}',
    "\u202egnp.exe \u2066bidi\x00\x1b[31m",
    '=HYPERLINK("https://evil.example")',
    "a" * 10_000,
    "javascript:alert(1)//%0d%0aSet-Cookie: a=b",
    "two\nlines\r\nand [*?] patterns",
    "   ",
)

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def hostile_finding(number: int, text: str, test: str = "acme.titled") -> Finding:
    """A finding that is hostile in every text that comes from outside."""
    return Finding(
        test=TestId(test),
        item=ResourceId(f"item-{number} {text}"),
        name=text,
        account=text,
        region=text,
        what=text or "nothing",
        first_seen_at=NOON,
        last_seen_at=NOON,
        closed_at=None,
        reopened=0,
    )


def assert_harmless(page: str) -> None:
    """Nothing of a hostile text is markup, and nothing hidden is left in it."""
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "49 {% raw" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert 'href="javascript:' not in page


def assert_no_formula(text: str) -> None:
    """No cell of a CSV is one that a spreadsheet computes."""
    for row in csv.reader(io.StringIO(text)):
        assert not any(cell.lstrip().startswith(FORMULA_STARTS) for cell in row)
