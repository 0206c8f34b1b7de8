"""Questions to the inventory as DuckDB's SQL: the same questions as to the records, with the same answers.

A field is a column of the kind; `source`, `account` and `region` are always where it was seen. A list is asked as its
texts, one on each line, and what is structured as its JSON.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, assert_never

from auditwright.core.question import (
    ASCII_LOWER,
    AnyOf,
    Before,
    Condition,
    Either,
    Holds,
    Is,
    Question,
    Since,
)
from auditwright.core.resource import Resource
from auditwright.store.codec import SCOPE_COLUMNS, Codec, literal, quoted
from auditwright.store.delta import naive_utc

R = TypeVar("R", bound=Resource)

_UPPER = "".join(map(chr, ASCII_LOWER))
_LOWER = _UPPER.translate(ASCII_LOWER)


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL, and the values of its question marks."""

    text: str
    values: tuple[object, ...] = ()


def all_of(codec: Codec[R], where: Iterable[Condition]) -> Sql:
    """The SQL of every condition at once; of none, everything meets them."""
    return _joined(" AND ", [_condition(codec, each) for each in where], of_none="true")


def order_and_page(codec: Codec[R], question: Question) -> str:
    """The SQL of a question's order and page; what has no value comes first when ascending."""
    named = {name.removeprefix("-") for name in question.order}
    order = (*question.order, *(() if "id" in named else ("id",)))
    listed = ", ".join(_sorted(codec, name) for name in order)
    return f"ORDER BY {listed} LIMIT {question.limit:d} OFFSET {question.offset:d}"


def field_sql(codec: Codec[R], name: str) -> str:
    """A field as SQL: its column, or the texts of a list, one on each line."""
    held = _column(codec, name)
    return f"array_to_string({quoted(held)}, chr(10))" if codec.columns[held] == "VARCHAR[]" else quoted(held)


def value_of(codec: Codec[R], item: R, name: str) -> object:
    """A field of an item as questions see it: what every store has to answer with."""
    (held,) = codec.rows([item]).get(_column(codec, name), (None,))
    return "\n".join(held) if isinstance(held, tuple | list) else held


def _column(codec: Codec[R], name: str) -> str:
    held = dict(zip(SCOPE_COLUMNS, codec.scope, strict=True)).get(name, name)
    assert held in codec.columns, f"{codec.kind.kind} has no field {name!r}"
    return held


def _sorted(codec: Codec[R], name: str) -> str:
    return f"{field_sql(codec, name.removeprefix('-'))} {'DESC NULLS LAST' if name.startswith('-') else 'ASC NULLS FIRST'}"


def _condition(codec: Codec[R], condition: Condition) -> Sql:
    match condition:
        case Is(name, value):
            held = field_sql(codec, name)
            return Sql(f"{held} IS NULL") if value is None else Sql(f"{held} = ?", (_plain(value),))
        case AnyOf(name, values):
            marks = ", ".join("?" for _ in values)
            return Sql(f"{field_sql(codec, name)} IN ({marks})" if values else "false", values)
        case Holds(names, text):
            return _joined(" OR ", [_holds(field_sql(codec, name), text) for name in names], of_none="false")
        case Since(name, value):
            return Sql(f"{field_sql(codec, name)} >= ?", (_plain(value),))
        case Before(name, value):
            return Sql(f"{field_sql(codec, name)} < ?", (_plain(value),))
        case Either(members):
            return _joined(" OR ", [_condition(codec, each) for each in members], of_none="false")
        case unreachable:
            assert_never(unreachable)


def _holds(held: str, text: str) -> Sql:
    """ASCII letters alone are folded. DuckDB's lower() folds every alphabet, and is ten times as fast: it goes first."""
    wanted = text.translate(ASCII_LOWER)
    exact = f"contains(translate({held}, {literal(_UPPER)}, {literal(_LOWER)}), ?)"
    if not text.isascii():
        return Sql(exact, (wanted,))
    return Sql(f"CASE WHEN contains(lower({held}), ?) THEN {exact} ELSE false END", (wanted, wanted))


def _plain(value: str | int | datetime | None) -> object:
    return naive_utc(value) if isinstance(value, datetime) else value


def _joined(word: str, pieces: Sequence[Sql], *, of_none: str) -> Sql:
    text = word.join(f"coalesce({piece.text}, false)" for piece in pieces)
    return Sql(f"({text or of_none})", tuple(value for piece in pieces for value in piece.values))


def tallied(rows: Iterable[Sequence[object]]) -> Mapping[tuple[object, ...], int]:
    """Rows that end with a count, by what stands before it."""
    return {tuple(values): int(str(count)) for *values, count in rows}
