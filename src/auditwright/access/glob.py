"""IAM wildcards: `*` for any run of characters, `?` for any one, across colons and slashes alike.

A pattern is cut at its stars. The first part must begin the text and the last must end it; each part between is
looked for from where the one before ended, and taking the leftmost place never loses a match. A part with `?` in it
is found by shifting a bit for each of its characters (Baeza-Yates and Gonnet), so no pattern makes a text slow.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import TypeAlias

import msgspec


class Wild(Enum):
    """What a pattern leaves open."""

    ANY_RUN = "*"
    ANY_ONE = "?"


Piece: TypeAlias = str | Wild
"""Literal text, or a wildcard."""

_UPPER_TO_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def lower(text: str) -> str:
    """The text with A to Z in lower case and nothing else changed, so that no other letter becomes one of them."""
    return text.lower() if text.isascii() else text.translate(_UPPER_TO_LOWER)


def pieces_of(pattern: str) -> list[Piece]:
    """The literal runs and wildcards of a pattern, in order."""
    pieces: list[Piece] = []
    start = 0
    for place, character in enumerate(pattern):
        if character in "*?":
            if start < place:
                pieces.append(pattern[start:place])
            pieces.append(Wild.ANY_RUN if character == "*" else Wild.ANY_ONE)
            start = place + 1
    if start < len(pattern):
        pieces.append(pattern[start:])
    return pieces


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """What stands between two stars: literal runs at offsets, with open characters between them."""

    length: int
    runs: tuple[tuple[int, str], ...]

    def stands_at(self, text: str, start: int) -> bool:
        return all(text.startswith(run, start + offset) for offset, run in self.runs)

    def find(self, text: str, start: int, end: int) -> int:
        """The leftmost place in text[start:end], or -1."""
        if not self.runs:
            return start if start + self.length <= end else -1
        if len(self.runs) == 1:
            ((offset, run),) = self.runs
            place = text.find(run, start + offset, end - (self.length - offset - len(run)))
            return place - offset if place >= 0 else -1
        return self._shift(text, start, end)

    def _shift(self, text: str, start: int, end: int) -> int:
        open_places = (1 << self.length) - 1
        masks: dict[str, int] = {}
        for offset, run in self.runs:
            open_places &= ~(((1 << len(run)) - 1) << offset)
            for place, character in enumerate(run, offset):
                masks[character] = masks.get(character, 0) | 1 << place
        last = 1 << (self.length - 1)
        state = 0
        for place in range(start, end):
            state = (state << 1 | 1) & (masks.get(text[place], 0) | open_places)
            if state & last:
                return place - self.length + 1
        return -1


class Glob(msgspec.Struct, frozen=True, kw_only=True):
    """A compiled pattern."""

    _parts: tuple[_Part, ...]

    @property
    def begins(self) -> str:
        """What every text of the pattern begins with, as far as it is one literal run."""
        runs = self._parts[0].runs
        return runs[0][1] if runs and runs[0][0] == 0 else ""

    def matches(self, text: str) -> bool:
        """True where the whole text is of the pattern."""
        first, last = self._parts[0], self._parts[-1]
        if len(self._parts) == 1:
            return len(text) == first.length and first.stands_at(text, 0)
        start, end = first.length, len(text) - last.length
        if start > end or not first.stands_at(text, 0) or not last.stands_at(text, end):
            return False
        for part in self._parts[1:-1]:
            place = part.find(text, start, end)
            if place < 0:
                return False
            start = place + part.length
        return True


def compile_pieces(pieces: Iterable[Piece]) -> Glob:
    """The glob of literal runs and wildcards."""
    parts: list[_Part] = []
    runs: list[tuple[int, str]] = []
    length = 0
    for piece in pieces:
        if isinstance(piece, str):
            if runs and runs[-1][0] + len(runs[-1][1]) == length:
                runs[-1] = (runs[-1][0], runs[-1][1] + piece)
            else:
                runs.append((length, piece))
            length += len(piece)
        elif piece is Wild.ANY_ONE:
            length += 1
        else:
            parts.append(_Part(length=length, runs=tuple(runs)))
            runs, length = [], 0
    parts.append(_Part(length=length, runs=tuple(runs)))
    return Glob(_parts=tuple(parts))


def compile_glob(pattern: str) -> Glob:
    """The glob of a pattern in which `*` and `?` are wildcards and all else is literal."""
    return compile_pieces(pieces_of(pattern))


class GlobSet(msgspec.Struct, frozen=True, kw_only=True):
    """Several patterns, asked at once; most are literal or end in their only star, which costs one look-up."""

    everything: bool
    literals: frozenset[str]
    prefixes: tuple[str, ...]
    globs: tuple[Glob, ...]

    def matches(self, text: str) -> bool:
        """True where any of the patterns matches the whole text."""
        return (
            self.everything
            or text in self.literals
            or text.startswith(self.prefixes)
            or any(glob.matches(text) for glob in self.globs)
        )


def compile_globs(patterns: Sequence[str]) -> GlobSet:
    """The patterns as one set."""
    literals, prefixes, globs = set[str](), set[str](), []
    for pattern in dict.fromkeys(patterns):
        if "*" not in pattern and "?" not in pattern:
            literals.add(pattern)
        elif pattern.endswith("*") and "*" not in pattern[:-1] and "?" not in pattern:
            prefixes.add(pattern[:-1])
        else:
            globs.append(compile_glob(pattern))
    return GlobSet(
        everything="" in prefixes,
        literals=frozenset(literals),
        prefixes=tuple(sorted(prefixes)),
        globs=tuple(globs),
    )


@dataclass(slots=True)
class Names:
    """Many texts, of which those that fit some patterns are found: most patterns are looked up, not tried on each."""

    every: Iterable[str]
    _set: frozenset[str] = field(init=False)
    _sorted: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._set = frozenset(self.every)
        self._sorted = sorted(self._set)

    def fitting(self, globs: GlobSet, *, negated: bool = False) -> frozenset[str]:
        """Those that any of some patterns matches; or none of them does."""
        found = self._set if globs.everything else self._matched(globs)
        return self._set - found if negated else found

    def _matched(self, globs: GlobSet) -> frozenset[str]:
        found = set(self._set & globs.literals)
        for prefix in globs.prefixes:
            found.update(self._beginning(prefix))
        for glob in globs.globs:
            found.update(text for text in self._beginning(glob.begins) if glob.matches(text))
        return frozenset(found)

    def _beginning(self, prefix: str) -> Iterator[str]:
        """Those that begin so: they stand together in order."""
        for text in islice(self._sorted, bisect_left(self._sorted, prefix), None):
            if not text.startswith(prefix):
                return
            yield text
