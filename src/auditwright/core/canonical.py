"""Canonical JSON (RFC 8785), so that the same value always has the same digest.

Only what Auditwright writes is accepted: objects with string keys, lists, strings, integers that a
double holds exactly, booleans and null. Floats are refused: their RFC 8785 form is the one part that
implementations get wrong, and nothing here needs them.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"
"""What canonical JSON can hold."""

MAX_EXACT_INTEGER = 2**53 - 1
"""RFC 8785 3.2.2.3: numbers are IEEE 754 doubles; beyond this an integer would change its value."""


def canonical_json(value: Json) -> bytes:
    """Write a value as the one sequence of UTF-8 bytes that RFC 8785 gives it.

    Raises TypeError for a value it cannot hold, ValueError for an integer that a double cannot hold
    or a string with a lone surrogate.
    """
    return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _ordered(value: Json) -> Json:
    match value:
        case None | bool() | str():
            return value
        case int():
            if abs(value) > MAX_EXACT_INTEGER:
                message = f"{value} is beyond the integers that JSON holds exactly; write it as a string"
                raise ValueError(message)
            return value
        case Mapping():
            # RFC 8785 3.2.3: keys are ordered by their UTF-16 code units.
            return {key: _ordered(value[key]) for key in sorted(value, key=_utf16)}
        case Sequence() if not isinstance(value, (bytes, bytearray)):
            return [_ordered(item) for item in value]
        case _:
            message = f"canonical JSON cannot hold a {type(value).__name__}"
            raise TypeError(message)


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")
