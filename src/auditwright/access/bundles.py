"""What many sessions, or many facts, have in common: everything that they lead to, kept once.

With n sessions of the same rights and m roles that each of them may take, a bundle makes n + m steps of n times m.
"""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from auditwright.access.facts import Fact


class Leads(Protocol):
    """A move, or what follows of itself: what it gives, and what else it takes."""

    @property
    def gains(self) -> tuple[Fact, ...]:
        """What is held then."""
        ...

    @property
    def needs(self) -> tuple[Fact, ...]:
        """What has to be held besides."""
        ...

    @property
    def certain(self) -> bool:
        """True where it surely works."""
        ...


class Needing(msgspec.Struct, frozen=True, eq=False):
    """Facts that come of a bundle to whoever has others as well."""

    needs: tuple[Fact, ...]
    gains: tuple[Fact, ...]
    certain: bool


class Bundle(msgspec.Struct, frozen=True, eq=False):
    """What comes to whoever has got here. It is told by identity."""

    certain: tuple[Fact, ...] = ()
    possible: tuple[Fact, ...] = ()
    """Those that are not certain."""
    needing: tuple[Needing, ...] = ()
    parts: tuple["Bundle", ...] = ()
    """Bundles that come with it."""


def bundle_of(leads: Iterable[Leads], *, given: Fact | None = None) -> Bundle | None:
    """All that leads on from one place, at which a fact may be given; None where nothing does."""
    certain: dict[Fact, None] = {}
    possible: dict[Fact, None] = {}
    needing: dict[tuple[tuple[Fact, ...], bool], dict[Fact, None]] = {}
    for each in leads:
        into = certain if each.certain else possible
        if each.needs:
            needs = tuple(need for need in each.needs if need != given)
            if needs:
                into = needing.setdefault((needs, each.certain), {})
        for gain in each.gains:
            into[gain] = None
    if not (certain or possible or needing):
        return None
    return Bundle(
        certain=tuple(certain),
        possible=tuple([fact for fact in possible if fact not in certain]),
        needing=tuple(
            [
                Needing(needs=needs, gains=tuple(gains), certain=sure)
                for (needs, sure), gains in needing.items()
            ]
        ),
    )


def together(parts: Iterable[Bundle | None]) -> Bundle | None:
    """Several bundles as one; None of none."""
    found = tuple([part for part in parts if part is not None])
    if len(found) > 1:
        return Bundle(parts=found)
    return found[0] if found else None
