"""Where two patterns meet: a text that both of them match."""

from collections.abc import Iterator
from functools import lru_cache

from auditwright.access.glob import Wild, pieces_of


@lru_cache(maxsize=4096)
def common(left: str, right: str, fresh: str) -> str | None:
    """A text that both patterns match, `fresh` where both leave it open; None where there is none.

    Walks both patterns at once, by characters; the walk is no longer than the product of their lengths.
    """
    return _common(tuple(_symbols(left)), tuple(_symbols(right)), fresh)


def _symbols(pattern: str) -> Iterator[str | Wild]:
    for piece in pieces_of(pattern):
        if isinstance(piece, str):
            yield from piece
        else:
            yield piece


_Symbols = tuple[str | Wild, ...]


def _common(left: _Symbols, right: _Symbols, fresh: str) -> str | None:
    if len(left) * len(right) > MAX_WALK:
        return None
    start = (0, 0)
    came: dict[tuple[int, int], tuple[tuple[int, int], str] | None] = {start: None}
    todo = [start]
    end = (len(left), len(right))
    while todo:
        place = todo.pop()
        if place == end:
            return _text(came, place)
        for following, text in _steps(left, right, place, fresh):
            if following not in came:
                came[following] = (place, text)
                todo.append(following)
    return None


MAX_WALK = 250_000
"""Two patterns of 500 characters; an ARN is shorter."""


def _steps(
    left: _Symbols, right: _Symbols, place: tuple[int, int], fresh: str
) -> Iterator[tuple[tuple[int, int], str]]:
    """Where the walk can go on, least wanted first: a star that is left behind empty comes last."""
    i, j = place
    a = left[i] if i < len(left) else None
    b = right[j] if j < len(right) else None
    if a is Wild.ANY_RUN and b is Wild.ANY_RUN:
        yield (i + 1, j), ""
        yield (i, j + 1), ""
        yield (i + 1, j + 1), fresh
        return
    if a is Wild.ANY_RUN:
        yield (i + 1, j), ""
        if b is not None:
            yield (i, j + 1), "q" if b is Wild.ANY_ONE else str(b)
        return
    if b is Wild.ANY_RUN:
        yield (i, j + 1), ""
        if a is not None:
            yield (i + 1, j), "q" if a is Wild.ANY_ONE else str(a)
        return
    if a is None or b is None:
        return
    if a is Wild.ANY_ONE or b is Wild.ANY_ONE or a == b:
        literal = next((each for each in (a, b) if isinstance(each, str)), "q")
        yield (i + 1, j + 1), literal


def _text(came: dict[tuple[int, int], tuple[tuple[int, int], str] | None], place: tuple[int, int]) -> str:
    parts: list[str] = []
    step = came[place]
    while step is not None:
        place, text = step
        parts.append(text)
        step = came[place]
    return "".join(reversed(parts))


def may_meet(left: str, right: str) -> bool:
    """False where surely no text matches both patterns."""
    return len(left) * len(right) > MAX_WALK or common(left, right, "q") is not None
