"""Texts as nobody should write them, and what a page must not let through."""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping
from hashlib import sha256
from html.parser import HTMLParser

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


MARK = "x-hostile"
"""A tag, and a part of each text that holds markup, by which it is found again."""

PRODUCT = "810001800001"
"""What a template that ran would have written: 900001 * 900001."""

_SCRIPT = "<script>window.hostile='script'</script><x-hostile>"
_ATTRIBUTES = "\" onmouseover=\"window.hostile='double'\" data-hostile=\"' onfocus='window.hostile=1' autofocus data-hostile='"
_ENDS = "</title></textarea></style></pre></option><svg onload=window.hostile='svg' data-hostile><x-hostile>"
_JSON = "</script><!--<script>]]><x-hostile>--> &lt;x-hostile&gt; &#60;x-hostile&#62;"
_TEMPLATES = "{{ 900001 * 900001 }}{% raw %}{# ${900001 * 900001} #{900001 * 900001} <%= 900001 * 900001 %> %(x)s {0} %n"
_HIDDEN = "\u202egnp.exe\u2066isolated \u2067right \u200fmark\u061c ad\u200bmin\u200d\ufeff\u2060 \ufffe\U000e0041 \ufff9"
_CONTROLS = "zero\x00 \x01\x08\x7f \x85\x9b31m \x9d0;c1 \x1b[31mred \x1b]0;title\x07 \x1b]8;;https://evil.example\x1b\\"
_LINES = "two\nlines\r\nand\u2028sep\u2029\x0b\x0cend"
_LETTERS = (
    "Z" + "\u0351\u0489" * 30 + " \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627"
    " \U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f3f4\U000e0067\U000e0062\U000e007f \uff1cx-hostile\uff1e"
)
_QUERIES = "'; DROP TABLE findings; -- \" /* \\ [*?] patterns, 100% _like_"
_REQUESTS = (
    "%00 %0d%0aSet-Cookie:%20hostile=1 ../../../etc/passwd ..\\..\\ file:///etc/passwd ?as_of=x&done=x#y"
)
_PAPER = '#read("/etc/passwd") $x$ *b* _i_ `raw` ```block``` <label> @ref // comment /* block \\ ~ = head\n= head #import "x"'
_LINKS = "[x](javascript:window.hostile=1) https://evil.example/x-hostile <https://evil.example>"

EVERYTHING = " ".join(
    [
        *(_SCRIPT, _ATTRIBUTES, _ENDS, _JSON, _TEMPLATES, _HIDDEN, _CONTROLS, _LINES, _LETTERS),
        *(_QUERIES, _REQUESTS, _PAPER, _LINKS),
    ]
)
"""What harms wherever it stands in a text."""

_LONG = "".join(sha256(str(number).encode()).hexdigest() for number in range(160))
"""10 kB that no index and no page can make small."""

CORPUS: Mapping[str, str] = {
    "everything": EVERYTHING,
    "script": _SCRIPT,
    "breakout": f"\"'><img src=x onerror=\"window.hostile='img'\" data-hostile>{_ENDS}",
    "javascript": "javascript:window.hostile='url'//%0d%0adata-hostile",
    "data": "data:text/html,<script>window.hostile='data'</script>",
    "protocol-relative": "//evil.example/x-hostile",
    "equals": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-1+1",
    "at": "@SUM(1,1)",
    "tab": "\t=1+1",
    "return": "\r=1+1",
    "space": " =1+1",
    "wide": "\uff1d1+1",
    "path": "../../../../etc/passwd%00.csv",
    "bidi": "\u202egnp.exe",
    "controls": f"\x1b[31m\x9b31m{_CONTROLS}",
    "marks": _LETTERS,
    "long": f"{_LONG}<x-hostile>",
    "blank": "   ",
}
"""Texts by what they try. What harms only where a text begins stands alone; the rest is tried at once."""


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
    """Nothing of a hostile text is markup, and nothing hidden is left in what is seen of it."""
    assert Judge(page).problems == []
    assert "49 {% raw" not in page


def assert_no_formula(text: str) -> None:
    """No cell of a CSV is one that a spreadsheet computes."""
    for row in csv.reader(io.StringIO(text)):
        assert not any(cell.lstrip().startswith(FORMULA_STARTS) for cell in row)


_HIDDEN_LETTERS = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})

_LINKED = frozenset(
    {"href", "src", "action", "formaction", "xlink:href", "poster", "data", "hx-get", "hx-post"}
)

_ADDRESS = re.compile(r"(?:[/#?](?!/)|https://(?!evil)[a-z.]+/|mailto:|data:image/svg|data:,)", re.IGNORECASE)
"""How an address of a page of ours begins: on this site, or where a page of ours leads on its own account."""

_FOREIGN = frozenset({"iframe", "object", "embed", "base", "img", "style", "svg:script", "foreignobject"})

_KEPT_AS_IT_IS = frozenset({("input", "value"), ("option", "value"), ("button", "value")})
"""What a form sends back is what is kept, and not what is seen of it."""


def is_hidden(letter: str) -> bool:
    """Whether a letter shows nothing, or moves what stands beside it."""
    return letter != "\n" and unicodedata.category(letter) in _HIDDEN_LETTERS


class Judge(HTMLParser):
    """Reads a page, and says what of it is not text that a hostile text could have brought."""

    def __init__(self, page: str, *, alone: bool = False) -> None:
        """Read a page; one that stands alone brings its style with it."""
        super().__init__(convert_charrefs=True)
        self._alone = alone
        self.problems: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self._inside: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Judge an element by its name and its attributes."""
        held = {name: value or "" for name, value in attrs}
        if tag.startswith("x-") or (tag in _FOREIGN and not (self._alone and tag == "style")):
            self._blame(f"<{tag}>", held)
        if tag == "script" and not held.get("src", "").startswith("/static/"):
            self._blame("a script", held)
        if len(held) != len(attrs):
            self._blame(f"<{tag}> has an attribute twice", dict(held))
        for name, value in held.items():
            self._attribute(tag, name, value)
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        if tag in self._inside:
            del self._inside[len(self._inside) - 1 - self._inside[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        """Judge a text."""
        self.texts.append(data)
        if self._inside[-1:] == ["script"] and data.strip():
            self._blame("a script inside the page", data)
        if self._inside[-1:] != ["textarea"]:
            self._text(data)

    def handle_comment(self, data: str) -> None:
        """No page has a comment."""
        self._blame("a comment", data)

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name in {"style", "srcdoc"}:
            self._blame(f"{tag}[{name}]", value)
        if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9:-]*", name) or name == "data-hostile":
            self._blame(f"{tag} has an attribute {name[:60]!r}", value)
        if name == "href":
            self.links.append(value)
        if name in _LINKED and not _ADDRESS.match(value):
            self._blame(f"{tag}[{name}]", value)
        if (tag, name) not in _KEPT_AS_IT_IS:
            self._text(value)
        elif "[U+" in value:
            self._blame(f"{tag}[{name}] would send back what is shown, not what is kept", value)

    def _text(self, text: str) -> None:
        hidden = set() if text.isprintable() else set(filter(is_hidden, text))
        if hidden:
            self._blame(f"hidden letters {sorted(map(ascii, hidden))}", text)
        if PRODUCT in text:
            self._blame("a template that ran", text)

    def _blame(self, what: str, about: object) -> None:
        self.problems.append(f"{what}: {ascii(about)[:160]}")
