"""Typesetting with typst: data and a template become PDF/A-2a and PDF/UA-1, byte-identical each time.

1. Text arrives in the template as data, never as markup.
2. A character that no font at hand can draw is shown as its code, as these standards ask: a probe finds them.
3. Only the fonts that are given, and those inside the typesetter, are used: the machine changes nothing.
"""

import json
import re
import string
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from auditwright.core.canonical import Json

if TYPE_CHECKING:
    from typst import Fonts

MAX_PROBES = 3
"""How often to look for characters that cannot be drawn, before anything beyond ASCII is shown as codes."""

_PREFERRED = (("body", "Inter", "Libertinus Serif"), ("mono", "JetBrains Mono", "DejaVu Sans Mono"))

Object = Mapping[str, Json]


class PdfError(RuntimeError):
    """The typesetter refused the report; the message has its words."""


def typeset(template: str, data: Object, *, fonts: Path | None, timestamp: int) -> bytes:
    """A template of this package with its data as PDF; `fonts` is a folder with Inter and JetBrains Mono, else fonts of the
    typesetter serve, and `timestamp` is in seconds since 1970. Raises PdfError.
    """
    held = _fonts(fonts)
    families = _families(held)
    hidden: frozenset[str] = frozenset()
    for attempt in range(MAX_PROBES + 1):
        shown = _drawable(data, hidden, ascii_only=attempt == MAX_PROBES)
        missing = _undrawable(_text_of(shown), families, held) if attempt < MAX_PROBES else frozenset()
        if not missing:
            break
        hidden |= missing
    else:
        shown = _drawable(data, hidden, ascii_only=True)
    assert isinstance(shown, Mapping)
    body = resources.files("auditwright.render").joinpath("templates", template).read_bytes()
    return _typeset(body, {**shown, **families}, fonts=held, timestamp=timestamp)


def _fonts(folder: Path | None) -> "Fonts":
    """(3) The fonts of the folder and of the typesetter, and none of the machine."""
    import typst

    paths: list[Path] = [] if folder is None else [folder]
    return typst.Fonts(include_system_fonts=False, font_paths=paths)


def _families(fonts: "Fonts") -> Object:
    held = set(fonts.families())
    chosen: dict[str, Json] = {use: best if best in held else spare for use, best, spare in _PREFERRED}
    # A serif of the same size looks smaller than Inter.
    return {**chosen, "size": 9 if chosen["body"] == "Inter" else 10}


def _typeset(template: bytes, data: Object, *, fonts: "Fonts", timestamp: int) -> bytes:
    import typst

    try:
        return typst.compile(
            template,
            format="pdf",
            font_paths=fonts,
            ignore_system_fonts=True,
            sys_inputs={"report": json.dumps(data)},
            # ISO 19005-2 level A and ISO 14289-1: for archives, and readable by assistive technology.
            pdf_standards=["a-2a", "ua-1"],
            timestamp=timestamp,
        )
    except typst.TypstError as error:
        raise PdfError(f"the PDF could not be typeset: {error.diagnostic}") from error


_PROBE = b"""#set document(title: "probe", date: datetime(year: 2026, month: 1, day: 1))
#set text(font: json(bytes(sys.inputs.report)).font, lang: "en")
#json(bytes(sys.inputs.report)).text
"""

_MISSING = re.compile(r'the text `"((?:[^"\\]|\\.|\\u\{[0-9a-f]+\})*)"` could not be displayed')
_CODE = re.compile(r"\\u\{([0-9a-f]+)\}")


def _undrawable(text: str, families: Object, fonts: "Fonts") -> frozenset[str]:
    """(2) The characters that no font at hand can draw: the typesetter names them all when it refuses."""
    unusual = " ".join(sorted(set(text) - set(string.printable)))
    if not unusual:
        return frozenset()
    missing: set[str] = set()
    for use in ("body", "mono"):
        try:
            _typeset(_PROBE, {"text": unusual, "font": families[use]}, fonts=fonts, timestamp=0)
        except PdfError as error:
            named = (
                _CODE.sub(lambda code: chr(int(code[1], 16)), found) for found in _MISSING.findall(str(error))
            )
            missing.update(letter for cluster in named for letter in cluster if letter in unusual)
            if not missing:
                raise
    return frozenset(missing - {" "})


def _drawable(value: Json, hidden: frozenset[str], *, ascii_only: bool) -> Json:
    match value:
        case str():
            return "".join(
                f"[U+{ord(letter):04X}]"
                if letter in hidden or (ascii_only and not letter.isascii() and letter != _BREAK)
                else letter
                for letter in value
            )
        case Mapping():
            return {key: _drawable(held, hidden, ascii_only=ascii_only) for key, held in value.items()}
        case Sequence():
            return [_drawable(held, hidden, ascii_only=ascii_only) for held in value]
        case _:
            return value


def _text_of(value: Json) -> str:
    match value:
        case str():
            return value
        case Mapping():
            return "".join(_text_of(held) for held in value.values())
        case Sequence():
            return "".join(_text_of(held) for held in value)
        case _:
            return ""


_BREAK = "\u200b"
"""Zero-width space: where a line may end. It is ours; `visible` leaves none of a source's."""

_LONG_WORD = re.compile(r"(?<!\S)(?!--[\w-]{1,30}(?:\s|$))\S{18,}")
"""A word that may not fit a column; the name of an option is kept whole."""

_PIECE = re.compile(r"[/:._@=,-]{0,4}[^/:._@=,-]{1,18}[/:._@=,-]{1,4}(?=.{4})|.{18}(?=.{4})")
"""What stays on one line: up to a separator, so that an account number is not broken; never less than 4 letters last."""


def breakable(text: str) -> str:
    """The same text with places at which a long word may be broken."""
    return _LONG_WORD.sub(lambda word: _PIECE.sub(lambda piece: piece[0] + _BREAK, word[0]), text)
