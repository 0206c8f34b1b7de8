"""Taking out of an answer what may be a secret: environment variables, parameters, seeds."""

from typing import Final, cast

WITHHELD: Final = "[withheld]"
"""What stands in the place of each text and number; objects and lists keep their shape."""


def withheld(value: object, names: tuple[str, ...]) -> object:
    """The same answer, with what stands in the named members at any depth taken out."""
    return _searched(value, frozenset(names)) if names else value


def _searched(value: object, names: frozenset[str]) -> object:
    match value:
        case dict():
            members = cast("dict[str, object]", value)
            return {
                name: _emptied(inner) if name in names else _searched(inner, names)
                for name, inner in members.items()
            }
        case list():
            return [_searched(inner, names) for inner in cast("list[object]", value)]
        case _:
            return value


def _emptied(value: object) -> object:
    match value:
        case dict():
            return {name: _emptied(inner) for name, inner in cast("dict[str, object]", value).items()}
        case list():
            return [_emptied(inner) for inner in cast("list[object]", value)]
        case None | bool():
            return value
        case _:
            return WITHHELD
