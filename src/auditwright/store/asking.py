"""Questions as SQL, the same in both databases."""

from collections.abc import Iterable
from typing import assert_never

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    UnaryExpression,
    and_,
    false,
    func,
    or_,
    select,
)

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


def page(source: FromClause, key: tuple[str, ...], question: Question) -> Select[*tuple[object, ...]]:
    """The rows of one page."""
    wanted = select(source).where(*conditions(source, question.where))
    return wanted.order_by(*_order(source, key, question)).offset(question.offset).limit(question.limit)


def conditions(source: FromClause, where: Iterable[Condition]) -> list[ColumnElement[bool]]:
    """The conditions of a question."""
    return [_condition(source, each) for each in where]


def _condition(source: FromClause, condition: Condition) -> ColumnElement[bool]:
    columns = source.c
    match condition:
        case Is(field, value):
            return columns[field].is_(None) if value is None else columns[field] == value
        case AnyOf(field, values):
            return columns[field].in_(values)
        case Holds(fields, text):
            pattern = f"%{_escaped(text.translate(ASCII_LOWER))}%"
            return or_(*(func.lower(columns[field]).like(pattern, escape="\\") for field in fields))
        case Since(field, value):
            return columns[field] >= value
        case Before(field, value):
            return columns[field] < value
        case Either(members):
            return or_(false(), *(_condition(source, member) for member in members))
        case unreachable:
            assert_never(unreachable)


def all_of(source: FromClause, where: Iterable[Condition]) -> ColumnElement[bool]:
    """Every condition at once; of none, everything meets them."""
    found = conditions(source, where)
    return and_(*found) if found else ~false()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _order(source: FromClause, key: tuple[str, ...], question: Question) -> list[UnaryExpression[object]]:
    named = [name.removeprefix("-") for name in question.order]
    order = (*question.order, *(name for name in key if name not in named))
    return [_sorted(source, name) for name in order]


def _sorted(source: FromClause, name: str) -> UnaryExpression[object]:
    column = source.c[name.removeprefix("-")]
    ordered = column.desc() if name.startswith("-") else column.asc()
    if isinstance(column, Column) and not column.nullable:
        return ordered
    # What has no value comes first when ascending, as in SQLite; PostgreSQL would put it last.
    return ordered.nulls_last() if name.startswith("-") else ordered.nulls_first()
