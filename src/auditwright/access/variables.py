"""Policy variables: `${aws:username}`, `${aws:userid, 'nobody'}`, and `${*}`, `${?}`, `${$}` for the characters.

AWS: variables exist in version 2012-10-17 and only there; before, `${…}` is text. What becomes of a statement whose
variable is not in the request is said in two ways: the value matches nothing, and the entire statement may be invalid.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from auditwright.access.context import Absent, Context, Entry, OneOf, Present
from auditwright.access.glob import Piece, Wild, compile_pieces, pieces_of
from auditwright.access.kleene import Truth
from auditwright.core.outcome import Unknown

Matcher: TypeAlias = Callable[[Sequence[Piece]], Callable[[str], Truth]]
"""From a pattern to what it matches: no more than the pattern does as a glob."""

_VARIABLE = re.compile(r"\$\{(?:([*?$])|([^{}',*?$]+?)\s*(?:,\s*'([^'{}]*)')?)\}")


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A condition key whose value is put in its place."""

    key: str
    fallback: str | None


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """A template with the values of a context put in."""

    pieces: tuple[Piece, ...]
    """What is not known of a value is left open: what does not match them does not match, whatever it is."""
    exact: bool
    """False where a value was left open."""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A value with variables in it."""

    pieces: tuple[Piece | Variable, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The condition keys that it takes its text from, in lower case."""
        return tuple(piece.key for piece in self.pieces if isinstance(piece, Variable))

    @property
    def opened(self) -> str:
        """The pattern of all that it may match, whatever the variables' values are."""
        pieces = (Wild.ANY_RUN if isinstance(piece, Variable) else piece for piece in self.pieces)
        return "".join(piece if isinstance(piece, str) else piece.value for piece in pieces)

    def may_void(self, context: Context) -> bool:
        """True where a variable without a default is not sure to be in the request.

        Such a value matches nothing, or else the whole statement is invalid.
        """
        needed = (piece for piece in self.pieces if isinstance(piece, Variable) and piece.fallback is None)
        values = (_value(context.get(piece.key)) for piece in needed)
        return any(
            isinstance(value, Absent) or (isinstance(value, _Open) and value.may_be_absent)
            for value in values
        )

    def resolve(self, context: Context) -> Resolved | None:
        """The pattern that the variables' values make, or None where one is absent and has no default."""
        pieces: list[Piece] = []
        exact = True
        for piece in self.pieces:
            if not isinstance(piece, Variable):
                pieces.append(piece)
                continue
            value = _value(context.get(piece.key))
            if isinstance(value, Absent):
                if piece.fallback is None:
                    return None
                pieces.append(piece.fallback)
            elif isinstance(value, str):
                pieces.append(value)
            else:
                pieces.append(Wild.ANY_RUN)
                exact = False
        return Resolved(pieces=tuple(pieces), exact=exact)

    def compare(self, text: str, context: Context, matcher: Matcher, *, fold: bool = False) -> Truth:
        """Whether the text matches, where `matcher` says what a pattern without variables matches.

        With `fold`, case does not count.
        """
        resolved = self.resolve(context)
        if resolved is None:
            return Truth.FALSE
        pieces = resolved.pieces
        if fold:
            pieces = tuple(piece.lower() if isinstance(piece, str) else piece for piece in pieces)
            text = text.lower()
        if not _may_match(pieces, text):
            return Truth.FALSE
        if resolved.exact:
            return matcher(pieces)(text)
        return Truth.UNKNOWN if compile_pieces(pieces).matches(text) else Truth.FALSE


def _may_match(pieces: Sequence[Piece], text: str) -> bool:
    """False where a text begins or ends otherwise than a pattern: most do, and it is soon seen."""
    first, last = (pieces[0], pieces[-1]) if pieces else ("", "")
    return not (
        (isinstance(first, str) and not text.startswith(first))
        or (isinstance(last, str) and not text.endswith(last))
    )


@dataclass(frozen=True, slots=True)
class _Open:
    """A value that is not known."""

    may_be_absent: bool


def _value(entry: Entry) -> str | Absent | _Open:
    match entry:
        case Present(()) | Absent():
            return Absent()
        case Present((only,)) if "*" not in only and "?" not in only:
            return only
        case Present():
            # AWS: a key with several values cannot be a variable. Whether a star in a value is a wildcard is not said.
            return _Open(may_be_absent=False)
        case OneOf(alternatives):
            values = {_value(each) for each in alternatives}
            return values.pop() if len(values) == 1 else _Open(may_be_absent=Absent() in values)
        case Unknown():
            return _Open(may_be_absent=True)


def has_variables(text: str) -> bool:
    """True where a text would be a template in version 2012-10-17."""
    return "${" in text


def parse_template(text: str, *, wildcards: bool) -> Template | None:
    """The template of a text; its own `*` and `?` are wildcards or not. None where `${` begins no variable."""
    pieces: list[Piece | Variable] = []
    place = 0
    for found in _VARIABLE.finditer(text):
        if not _add_text(pieces, text[place : found.start()], wildcards=wildcards):
            return None
        character, key, fallback = found.groups()
        pieces.append(character or Variable(key=key.strip().lower(), fallback=fallback))
        place = found.end()
    if not _add_text(pieces, text[place:], wildcards=wildcards):
        return None
    return Template(pieces=tuple(pieces))


def _add_text(pieces: list[Piece | Variable], text: str, *, wildcards: bool) -> bool:
    if "${" in text:
        return False
    if wildcards:
        pieces += pieces_of(text)
    elif text:
        pieces.append(text)
    return True
