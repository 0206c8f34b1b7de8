"""What templates share: which icon and which tone a status has, and the values that the macros of `_parts.html` take."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

ICONS: Mapping[str, str] = {
    "ok": "s-ok",
    "bad": "s-bad",
    "und": "s-und",
    "wav": "s-wav",
    "na": "s-na",
    "nob": "s-nob",
    "zero": "s-zero",
    "run": "s-run",
    "due": "s-due",
    "mis": "s-mis",
    "nt": "s-due",
}
"""By kind of status, the symbol of the sprite (design guide 6)."""

TONES: Mapping[str, str] = {"nob": "und", "zero": "na", "due": "na", "mis": "bad", "nt": "na"}
"""Kinds that are colored as another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A figure with its title: 312 rows."""

    title: str
    figure: str
    of: str = ""
    """What it is a part of, or its unit, in small type."""
    note: str = ""
    href: str = ""
    """Where the rows are that it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A row of a long job."""

    kind: str
    """A kind of status: ok, run, due, und, nob, bad."""
    text: str
    note: str
    """Pages and time, or the words of a refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a color of a chart means."""

    swatch: Markup
    text: str
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that happened, in a timeline."""

    at: datetime
    icon: str
    """A symbol of the sprite."""
    tone: str
    """ok, bad, und, wav or na."""
    text: str
