"""What every HTML page of a report shares: its style as one sheet, and templates whose text is made visible and escaped."""

import base64
import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from auditwright.render import remedies, words

if TYPE_CHECKING:
    from jinja2 import Environment


def style(*sheets: str) -> Markup:
    """Style sheets of the templates folder, one after the other, after the design's tokens."""
    folder = resources.files("auditwright.render").joinpath("templates")
    texts = (folder.joinpath(name).read_text(encoding="utf-8") for name in ("tokens.css", *sheets))
    return Markup("".join(texts))  # noqa: S704  # our own files, which nobody else writes


def style_digest(sheet: Markup) -> str:
    """The digest by which a content security policy allows an inline style."""
    return base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()


def environment() -> "Environment":
    """Jinja2 for reports: everything is escaped, nothing may be undefined, and no template can forget to make text visible."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("auditwright.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters.update(
        block=_block,
        remedy=remedies.parts,
        day=words.day,
        moment=words.moment,
        second=words.second,
        n=words.number,
        size=words.size,
        short=words.short,
        kind=words.KINDS.__getitem__,
        say=words.visible,
    )
    return made


def _shown(value: object) -> object:
    """Every value that a template writes passes here; markup of our own is left as it is."""
    return words.visible(value) if type(value) is str else value


def _block(text: str) -> Markup:
    return escape(words.visible_block(text))
