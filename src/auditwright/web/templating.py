"""Templates: everything is escaped, nothing may be undefined, and no template can forget to make text visible."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup, escape

from auditwright.core.log import iso
from auditwright.render import words
from auditwright.web.parts import ICONS, TONES

if TYPE_CHECKING:
    from jinja2 import Environment

STATIC = "/static"

RELATIVE_UNTIL = timedelta(hours=48)
"""Design guide 7: ages under 48 hours may be relative; what is older has its day."""


def render(template: str, context: Mapping[str, object]) -> str:
    """A template with its values, as text for a browser."""
    return environment().get_template(template).render(context)


@cache
def environment() -> "Environment":
    """Jinja2 for pages."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("auditwright.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    # `edit` is for what a form gives back: text that was made visible would be saved otherwise than it was.
    made.filters.update(
        block=_block,
        edit=escape,
        segment=segment,
        day=words.day,
        moment=words.moment,
        second=words.second,
        n=words.number,
        size=words.size,
        short=words.short,
        kind=words.KINDS.__getitem__,
        word=words.WORDS.__getitem__,
        clip=words.clipped,
        age=age,
        span=words.span,
        initials=initials,
        isotime=iso,
        json=_json,
        iso_day=lambda at: f"{at:%Y-%m-%d}",
    )
    made.globals.update(asset=asset, ICONS=ICONS, TONES=TONES, many=words.many)
    return made


def asset(name: str) -> str:
    """The address of a static file; it changes with the file's bytes, so that browsers may keep it for ever."""
    return f"{STATIC}/{name}?v={_digest(name)}"


@cache
def _digest(name: str) -> str:
    file = resources.files("auditwright.web").joinpath("static", *name.split("/"))
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "none"


def age(at: datetime, now: datetime) -> str:
    """How long ago something was, or its day where that is long ago: `4 min ago`, `9 hours ago`, `23 Nov 2026`."""
    past = now - at
    if past >= RELATIVE_UNTIL or past < timedelta(0):
        return words.day(at)
    minutes = int(past.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    return f"{minutes} min ago" if minutes < 60 else f"{words.many(minutes // 60, 'hour')} ago"  # noqa: PLR2004


def _json(value: object) -> Markup:
    """A JSON document, laid out."""
    return _block(json.dumps(value, indent=2, ensure_ascii=False))


def segment(text: str) -> str:
    """A text as one part of a path, whatever it holds: a browser follows `../` before it asks for anything."""
    return quote(text, safe="")


def initials(name: str) -> str:
    """The letters of an avatar: MO of Mira Okafor."""
    parts = name.split()
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper()


def _shown(value: object) -> object:
    """Every value that a template writes passes here; markup of our own is left as it is."""
    return words.visible(value) if type(value) is str else value


def _block(text: str) -> Markup:
    return escape(words.visible_block(text))
