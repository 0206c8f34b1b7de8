"""The words of the design guide that templates share: which icon and which tone a status has."""

from collections.abc import Mapping

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
