"""Canonical JSON (RFC 8785), so that the same value always has the same digest.

Only what Auditwright writes is accepted: objects with string keys, lists, strings, integers that a
double holds exactly, booleans and null. Floats are refused: their RFC 8785 form is the one part that
implementations get wrong, and nothing here needs them.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
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
    return _encode(_ordered(value)).encode()


_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False
).encode


def _ordered(value: Json) -> Json:
    """The value as dicts and lists whose keys are in order. Results hold a million values, nearly all of them plain."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is dict:
        held = cast("dict[str, Json]", value)
        return {
            key: item if type(item := held[key]) is str else _ordered(item) for key in _in_order(tuple(held))
        }
    if kind is list or kind is tuple:
        return [item if type(item) is str else _ordered(item) for item in cast("Sequence[Json]", value)]
    return _ordered_other(value)


def _ordered_other(value: Json) -> Json:
    """Numbers, and texts, mappings and sequences that are not Python's own."""
    match value:
        case None | bool() | str():
            return value
        case int():
            if abs(value) > MAX_EXACT_INTEGER:
                message = f"{value} is beyond the integers that JSON holds exactly; write it as a string"
                raise ValueError(message)
            return value
        case Mapping():
            return {key: _ordered(value[key]) for key in _in_order(tuple(value))}
        case Sequence() if not isinstance(value, (bytes, bytearray)):
            return [_ordered(item) for item in value]
        case _:
            message = f"canonical JSON cannot hold a {type(value).__name__}"
            raise TypeError(message)


@lru_cache(maxsize=MAX_KNOWN_SHAPES)
def _in_order(keys: tuple[str, ...]) -> tuple[str, ...]:
    for key in keys:
        if not isinstance(key, str):
            message = f"an object's keys are texts in JSON, not {key!r}"
            raise TypeError(message)
    # RFC 8785 3.2.3: keys are ordered by their UTF-16 code units.
    return tuple(sorted(keys, key=_utf16))


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")
