"""Three-valued logic: what cannot be seen is neither true nor false."""

from collections.abc import Iterable
from enum import Enum


class Truth(Enum):
    """Whether something holds, as far as what was seen tells."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        """Refuse: in an `if`, unknown would silently become yes or no."""
        raise TypeError("a Truth has three values; compare it with `is`")


# Python before 3.12 takes long to look up a member of an enum, and these are asked for by the million.
_TRUE, _FALSE, _UNKNOWN = Truth


def all_of(truths: Iterable[Truth]) -> Truth:
    """False if any is false, else unknown if any is unknown, else true; true of none."""
    seen = _TRUE
    for truth in truths:
        if truth is _FALSE:
            return truth
        if truth is _UNKNOWN:
            seen = truth
    return seen


def any_of(truths: Iterable[Truth]) -> Truth:
    """True if any is true, else unknown if any is unknown, else false; false of none."""
    seen = _FALSE
    for truth in truths:
        if truth is _TRUE:
            return truth
        if truth is _UNKNOWN:
            seen = truth
    return seen


def negate(truth: Truth) -> Truth:
    """The opposite; what is unknown stays unknown."""
    if truth is _UNKNOWN:
        return truth
    return _FALSE if truth is _TRUE else _TRUE


def known(truth: bool) -> Truth:  # noqa: FBT001  # its one argument is its meaning
    """What was seen, as a Truth."""
    return _TRUE if truth else _FALSE


def agreed(truths: Iterable[Truth]) -> Truth:
    """What all of them say, or unknown where they differ or there are none."""
    distinct = set(truths)
    return distinct.pop() if len(distinct) == 1 else _UNKNOWN
