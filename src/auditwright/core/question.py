"""Questions to a list of records: conditions, an order, and a page of the answer.

One question serves the page, its export and the API, so that they cannot disagree. Fields are those of the
record as a row: `source`, `account` and `region` of a scope, `operation` of a query.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Generic, TypeAlias, TypeVar, assert_never

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MAX_PAGE_ROWS = 1_000
"""Rows of one answer: an export asks page by page, so that none of it is in memory at once."""

ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
"""Databases fold these letters alone: SQLite by itself, PostgreSQL under the collation of our columns."""


@dataclass(frozen=True, slots=True)
class Is:
    """The field has this value; None asks for a field without one."""

    field: str
    value: str | int | bool | datetime | None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field has one of these values; of no values, nothing has."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holds:
    """One of the fields holds this text, whatever its case (of ASCII letters)."""

    fields: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Since:
    """The field has a time, number or digest at or after this."""

    field: str
    value: datetime | int | str


@dataclass(frozen=True, slots=True)
class Before:
    """The field has a time, number or digest before this."""

    field: str
    value: datetime | int | str


@dataclass(frozen=True, slots=True)
class Either:
    """One of these conditions holds."""

    conditions: "tuple[Condition, ...]"


Condition: TypeAlias = Is | AnyOf | Holds | Since | Before | Either


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is wanted of a list: every condition holds; `order` names fields, with a `-` for descending."""

    where: tuple[Condition, ...] = ()
    order: tuple[str, ...] = ()
    """Ends with the key where it does not name it, so that pages neither overlap nor miss a row."""
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T_co]):
    """One page of a list, and how many rows there are in all."""

    rows: Sequence[T_co]
    total: int


def meets(value: Callable[[str], object], condition: Condition) -> bool:
    """Whether a record, of which `value` gives a field by its name, meets a condition: what every store answers."""
    match condition:
        case Is(field=name, value=wanted):
            return value(name) == wanted
        case AnyOf(field=name, values=values):
            return value(name) in values
        case Holds(fields=names, text=text):
            lower = text.translate(ASCII_LOWER)
            fields = (value(name) for name in names)
            return any(lower in str(held).translate(ASCII_LOWER) for held in fields if held is not None)
        case Since(field=name, value=least):
            held = value(name)
            return held is not None and held >= least  # type: ignore[operator]  # both are times, numbers or digests
        case Before(field=name, value=end):
            held = value(name)
            return held is not None and held < end  # type: ignore[operator]  # both are times, numbers or digests
        case Either(conditions=members):
            return any(meets(value, member) for member in members)
        case unreachable:
            assert_never(unreachable)


def _lower(text: str) -> str:
    """The letters A to Z in lower case; `str.lower` does it faster where no other letter has a case."""
    return text.lower() if text.isascii() else text.translate(ASCII_LOWER)


def answered(
    records: Iterable[T], question: Question, *, value: Callable[[T, str], object], key: Sequence[str]
) -> Answer[T]:
    """Answer a question from records at hand, as a store would; what has no value comes first.

    `value` gives a field of a record by its name.
    """
    found = [
        each
        for each in records
        if not question.where or all(meets(partial(value, each), one) for one in question.where)
    ]
    named = [name.removeprefix("-") for name in question.order]
    for name in reversed((*question.order, *(name for name in key if name not in named))):
        found.sort(key=partial(_rank, value, name.removeprefix("-")), reverse=name.startswith("-"))
    return Answer(rows=found[question.offset : question.offset + question.limit], total=len(found))


def _rank(value: Callable[[T, str], object], name: str, record: T) -> tuple[bool, object]:
    held = value(record, name)
    return held is not None, held
