"""Resources as rows and back, from the type hints of their kind.

| field's type | column |
|---|---|
| `str`, identifiers, enumerations of strings | VARCHAR |
| `int`, `bool`, `datetime`, `date` | BIGINT, BOOLEAN, TIMESTAMP (UTC), DATE |
| `tuple[str, ...]` | VARCHAR[] |
| dataclasses, tuples of anything else | VARCHAR, as JSON |

What is `Unknown` is NULL, and the column `unknown` maps the field to the reason. What is None is NULL.

A field that was added to a kind later is missing in older rows; it then comes back as `Unknown`, never as None.
So a field that is added has to admit `Unknown`, or to have a default.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Generic, NewType, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from auditwright.core.evidence import Scope
from auditwright.core.ids import Digest, IntegrationId, ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.ports import StoreError
from auditwright.core.resource import Resource

R = TypeVar("R", bound=Resource)

NOT_RECORDED = "the version of Auditwright that collected this did not record it"

SCOPE_COLUMNS = ("source", "account", "region")

INTERNAL_COLUMNS = frozenset(
    {"evidence", "unknown", "hash", "shape", "seq", "run", "known_from", "gone", "line", "key", "late"}
)
"""Columns that every file has; no field of a kind bears such a name."""

Reader = Callable[[object], object]
"""Makes a field's value from what its column holds."""

Writer = Callable[[object], object]
"""Makes what a column holds from a field's value."""


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field of a kind, and how it is kept."""

    field: str
    name: str
    sql_type: str
    read: Reader | None
    """None where the column's value is the field's value."""
    write: Writer | None
    """None where the field's value is the column's value."""
    may_be_unknown: bool
    may_be_none: bool
    default: object
    """What the field is where it was not given; MISSING where it has to be given."""


_FIRST = 5
"""A row starts with id, name and the scope's three columns; then come the kind's own."""


class Codec(Generic[R]):
    """How one kind is kept."""

    def __init__(self, kind: type[R]) -> None:
        """Read the kind's type hints; refuses types that have no column."""
        self.kind = kind
        hints = get_type_hints(kind)
        own = [field for field in fields(kind) if field.name not in {"id", "name", "scope", "evidence"}]
        clashes = INTERNAL_COLUMNS.intersection(field.name for field in own)
        assert not clashes, f"{kind.kind} has fields whose names the inventory needs: {sorted(clashes)}"
        self.own = tuple(_column(field.name, hints[field.name], field.default) for field in own)
        names = {column.name for column in self.own}
        # A kind's own `region` keeps its name; the scope's stands beside it.
        self.scope = tuple(f"scope_{name}" if name in names else name for name in SCOPE_COLUMNS)
        self.shape = ",".join(column.name for column in self.own)
        self._fields = tuple(column.field for column in self.own)
        self._reads = tuple((at, column.read) for at, column in enumerate(self.own) if column.read)

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns that a query sees, in order, and their types."""
        return {
            **dict.fromkeys(("id", "name", *self.scope), "VARCHAR"),
            **{column.name: column.sql_type for column in self.own},
            "evidence": "VARCHAR[]",
            "unknown": "MAP(VARCHAR, VARCHAR)",
        }

    def rows(self, items: Sequence[R]) -> dict[str, Sequence[object]]:
        """Items as the values of their columns, one list for each column, ready for JSON."""
        scopes = [item.scope for item in items]
        rows: dict[str, Sequence[object]] = {
            "id": [item.id for item in items],
            "name": [item.name for item in items],
            **{
                column: [getattr(scope, part) for scope in scopes]
                for column, part in zip(self.scope, SCOPE_COLUMNS, strict=True)
            },
        }
        unknown: dict[int, dict[str, str]] = {}
        for column in self.own:
            values = list(map(operator.attrgetter(column.field), items))
            if column.may_be_unknown and Unknown in map(type, values):
                for at, value in enumerate(values):
                    if isinstance(value, Unknown):
                        unknown.setdefault(at, {})[column.name] = value.why
                        values[at] = None
            write = column.write
            rows[column.name] = values if write is None else [v if v is None else write(v) for v in values]
        rows["evidence"] = [item.evidence for item in items]
        if unknown:
            rows["unknown"] = [unknown.get(at) for at in range(len(items))]
        return rows

    def read(self, shape: str, row: Sequence[object]) -> R:
        """An item from the values of its columns, in the order of `columns`; raises StoreError."""
        own = list(row[_FIRST:-2])
        for at, read in self._reads:
            if own[at] is not None:
                own[at] = read(own[at])
        if None in own:
            self._fill(own, shape, row)
        scope = _scope(str(row[2]), str(row[3]), str(row[4]))
        evidence = cast("tuple[Digest, ...]", tuple(cast("Sequence[str]", row[-2])))
        make = cast("Callable[..., R]", self.kind)
        held = dict(zip(self._fields, own, strict=True))
        return make(id=ResourceId(str(row[0])), name=row[1], scope=scope, evidence=evidence, **held)

    def _fill(self, own: list[object], shape: str, row: Sequence[object]) -> None:
        """Say of each NULL what it means."""
        unknown = cast("Mapping[str, str] | None", row[-1]) or {}
        recorded = None if shape == self.shape else set(shape.split(","))
        for at, column in enumerate(self.own):
            if own[at] is not None:
                continue
            if recorded is not None and column.name not in recorded:
                own[at] = self._missing(column)
            elif column.name in unknown:
                own[at] = Unknown(unknown[column.name])
            elif not column.may_be_none:
                message = f"the {self.kind.kind} {row[0]!r} has no {column.field}; restore the inventory from a backup"
                raise StoreError(message)

    def _missing(self, column: Column) -> object:
        """What an older row says of a field that it does not have."""
        if column.may_be_unknown:
            return Unknown(NOT_RECORDED)
        if column.default is not MISSING:
            return column.default
        message = (
            f"{self.kind.kind}.{column.field} is newer than what was recorded, and can be neither unknown nor left out; "
            "give the field a default, or the type `… | Unknown`"
        )
        raise StoreError(message)


def codec_of(kind: type[R]) -> Codec[R]:
    """The codec of a kind, made once."""
    if kind not in _CODECS:
        _CODECS[kind] = Codec(kind)
    return cast("Codec[R]", _CODECS[kind])


_CODECS: dict[type[Resource], object] = {}


def _members(hint: object) -> tuple[object, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _plain(hint: object) -> object:
    """The type behind an identifier's name."""
    return _plain(hint.__supertype__) if isinstance(hint, NewType) else hint


def _is_text(hint: object) -> bool:
    plain = _plain(hint)
    return isinstance(plain, type) and issubclass(plain, str)


@dataclass(frozen=True, slots=True)
class _Storage:
    """How the values of a type are kept."""

    sql_type: str
    read: Reader | None = None
    write: Writer | None = None


def _in_utc(value: object) -> datetime:
    at = cast("datetime", value)
    assert at.tzinfo is not None, "a time without a zone"
    return at.astimezone(UTC)


_PLAIN_TYPES: Mapping[object, _Storage] = {
    str: _Storage("VARCHAR"),
    bool: _Storage("BOOLEAN"),
    int: _Storage("BIGINT"),
    datetime: _Storage("TIMESTAMP", lambda value: cast("datetime", value).replace(tzinfo=UTC), _in_utc),
    date: _Storage("DATE"),
}


def _storage(hint: object) -> _Storage:
    """A type's column, and how its values are written and read back."""
    plain = _plain(hint)
    if plain in _PLAIN_TYPES:
        return _PLAIN_TYPES[plain]
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return _Storage("VARCHAR", cast("Reader", plain))
    if get_origin(plain) is tuple and get_args(plain)[1:] == (...,) and _plain(get_args(plain)[0]) is str:
        return _Storage("VARCHAR[]", cast("Reader", tuple))
    read = _structured(plain) or _as_it_is
    return _Storage("VARCHAR", lambda value: read(_decode(cast("str", value))), _as_text)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def _as_text(value: object) -> str:
    """A value as JSON; a dataclass is an object of its fields, and so is what is Unknown."""
    return _encode(value).decode()


def _structured(hint: object) -> Reader | None:
    """How a value inside JSON is read back; None where it is what it is."""
    plain = _plain(hint)
    if get_origin(plain) in (Union, UnionType):
        return _optional(plain)
    if get_origin(plain) is tuple:
        return _tuple(get_args(plain))
    if plain in (datetime, date) or (isinstance(plain, type) and issubclass(plain, StrEnum)):
        return _from_text(plain)
    if isinstance(plain, type) and is_dataclass(plain):
        return _nested(plain)
    assert plain in (str, int, bool), f"the inventory cannot keep the type {plain}"
    return None


def _as_it_is(value: object) -> object:
    return value


def _from_text(kind: type[datetime | date | StrEnum]) -> Reader:
    if issubclass(kind, (datetime, date)):
        return lambda value: kind.fromisoformat(cast("str", value))
    return cast("Reader", kind)


_UNKNOWN = {"why"}
"""The fields that tell what is Unknown from any other dataclass inside JSON."""


def _optional(hint: object) -> Reader:
    members = _members(hint)
    kept = [member for member in members if member not in (Unknown, NoneType)]
    assert len(kept) == 1, f"the inventory cannot keep the type {hint}"
    own = {field.name for field in fields(kept[0])} if is_dataclass(kept[0]) else set()
    assert own != _UNKNOWN, f"in JSON the type {kept[0]} would be taken for something unknown"
    read = _structured(kept[0]) or _as_it_is

    def read_optional(value: object) -> object:
        if isinstance(value, dict) and value.keys() == _UNKNOWN:
            return Unknown(str(value["why"]))
        return None if value is None else read(value)

    return read_optional


def _tuple(members: tuple[object, ...]) -> Reader:
    if members[1:] == (...,):
        each = _structured(members[0])
        if each is None:
            return cast("Reader", tuple)
        return lambda value: tuple(map(each, cast("Sequence[object]", value)))
    reads = [_structured(member) for member in members]
    if not any(reads):
        return cast("Reader", tuple)
    return lambda value: tuple(
        read(item) if read else item
        for read, item in zip(reads, cast("Sequence[object]", value), strict=True)
    )


def _nested(kind: type) -> Reader:
    hints = get_type_hints(kind)
    reads = {field.name: _structured(hints[field.name]) or _as_it_is for field in fields(kind)}

    def read(value: object) -> object:
        held = cast("Mapping[str, object]", value)
        return kind(**{name: reads[name](held[name]) for name in reads if name in held})

    return read


@lru_cache(maxsize=10_000)
def _scope(source: str, account: str, region: str) -> Scope:
    """One scope for all that is in it."""
    return Scope(source=IntegrationId(source), account=account, region=region)


def _column(name: str, hint: object, default: object) -> Column:
    members = _members(hint)
    kept = [member for member in members if member not in (Unknown, NoneType)]
    assert len(kept) == 1, f"the field {name} has more than one type that is kept: {kept}"
    storage = _storage(kept[0])
    return Column(
        field=name,
        name=name,
        sql_type=storage.sql_type,
        read=storage.read,
        write=storage.write,
        may_be_unknown=Unknown in members,
        may_be_none=NoneType in members,
        default=default,
    )
