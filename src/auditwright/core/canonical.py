"""Canonical JSON (RFC 8785), so that the same value always has the same digest.

Only what Auditwright writes is accepted: objects with string keys, lists, strings, integers that a
double holds exactly, booleans and null. Floats are refused: their RFC 8785 form is the one part that
implementations get wrong, and nothing here needs them.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import TypeAlias, cast

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"
"""What canonical JSON can hold."""

MAX_EXACT_INTEGER = 2**53 - 1
"""RFC 8785 3.2.2.3: numbers are IEEE 754 doubles; beyond this an integer would change its value."""

MAX_KNOWN_SHAPES = 512
"""Sets of keys whose order is remembered; everything that is written has a few dozen."""


def canonical_json(value: Json) -> bytes:
    """Write a value as the one sequence of UTF-8 bytes that RFC 8785 gives it.

    Raises TypeError for a value it cannot hold, ValueError for an integer that a double cannot hold
    or a string with a lone surrogate.
    """
    return _written(value).encode()


def _written(value: Json) -> str:
    """The text of a value. Results hold a million values, nearly all of them texts: those are written on the spot."""
    kind = type(value)
    if kind is str:
        # RFC 8785 3.2.2.2 asks for the escapes that Python's own encoder makes.
        return encode_basestring(cast("str", value))
    if kind is dict:
        members = cast("dict[str, Json]", value)
        return _object(members, tuple(members))
    if kind is list or kind is tuple:
        return _array(cast("Sequence[Json]", value))
    return _written_rarely(value)


def _written_rarely(value: Json) -> str:
    """Numbers and constants, and what is a text, an object or a list without being Python's own."""
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case int():
            return _integer(value)
        case str():
            return encode_basestring(value)
        case Mapping():
            return _object(value, tuple(value))
        case Sequence() if not isinstance(value, (bytes, bytearray)):
            return _array(value)
        case _:
            message = f"canonical JSON cannot hold a {type(value).__name__}"
            raise TypeError(message)


def _object(members: Mapping[str, Json], keys: tuple[str, ...]) -> str:
    written = [
        f"{name}:{encode_basestring(item) if type(item := members[key]) is str else _written(item)}"
        for key, name in _in_order(keys)
    ]
    return f"{{{','.join(written)}}}"


def _array(items: Sequence[Json]) -> str:
    written = [encode_basestring(item) if type(item) is str else _written(item) for item in items]
    return f"[{','.join(written)}]"


def _integer(value: int) -> str:
    if abs(value) > MAX_EXACT_INTEGER:
        message = f"{value} is beyond the integers that JSON holds exactly; write it as a string"
        raise ValueError(message)
    return int.__repr__(value)


@lru_cache(maxsize=MAX_KNOWN_SHAPES)
def _in_order(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The keys of an object in their order, each as it is and as it is written."""
    for key in keys:
        if not isinstance(key, str):
            message = f"an object's keys are texts in JSON, not {key!r}"
            raise TypeError(message)
    # RFC 8785 3.2.3: keys are ordered by their UTF-16 code units.
    return tuple((key, encode_basestring(key)) for key in sorted(keys, key=_utf16))


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")
