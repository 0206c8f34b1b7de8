"""The records' tables as plain rows, the same for every database: what a backup carries, and restores into another.

A part is some rows of one table, a JSON list a line, compressed: numbers, texts, truth values and null as themselves,
bytes in Base64. Which tables and columns there are is read from the schema when writing, and from the database at the
backup's revision when reading, so that an older backup is filled into the tables of its day and then migrated.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeAlias, cast

import msgspec
from sqlalchemy import (
    Boolean,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    exists,
    func,
    or_,
    select,
    text,
    type_coerce,
    union,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from auditwright.core.ids import Digest
from auditwright.core.ports import StoreError
from auditwright.core.run import Checkpoint
from auditwright.store import rows
from auditwright.store.database import errors, filled_engine, open_engine, place_of, store_error
from auditwright.store.migrations import HEAD
from auditwright.store.schema import CHECKPOINTS, ERASURES, EVIDENCE, LEAVES, METADATA, RESULTS, without_zero

ROWS_PER_READ = 1_000

PART_BYTES = 4 * 1024 * 1024
"""A part ends after the rows that reach it: enough to compress well, little to hold."""

MAX_PART_BYTES = 256 * 1024 * 1024
"""No thousand rows come near this; it bounds what a hostile part can make us allocate."""

COMPRESSION_LEVEL = 3

_ZERO = rb"\u0000"
"""How JSON writes U+0000; a text may spell the same."""

Plain: TypeAlias = int | float | str | bytes | None
Columns: TypeAlias = Mapping[str, Sequence[str]]
"""The columns of each table, in the order of its rows; the tables in the order in which they can be filled."""

_KINDS: Sequence[tuple[type, type]] = (
    (Boolean, bool),
    (Integer, int),
    (Float, float),
    (Text, str),
    (LargeBinary, bytes),
)
"""What a column holds, in any database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some rows of one table."""

    table: str
    rows: int
    packed: bytes


class Log(Protocol):
    """The log as it stands in one view of the records."""

    def leaves(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Every leaf: its index, its bytes and the hash that is kept of it."""
        ...

    def newest_checkpoint(self) -> Checkpoint | None:
        """The checkpoint of the most leaves."""
        ...


class _View:
    """One transaction's view of the records."""

    __slots__ = ("_connection", "_place")

    def __init__(self, connection: Connection, place: str) -> None:
        self._connection = connection
        self._place = place

    def leaves(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Every leaf: its index, its bytes and the hash that is kept of it; raises StoreError."""
        wanted = select(LEAVES.c.seq, LEAVES.c.leaf, LEAVES.c.hash).order_by(LEAVES.c.seq)
        for found in self._streamed(wanted):
            yield from (cast("tuple[int, bytes, bytes]", row) for row in found)

    def newest_checkpoint(self) -> Checkpoint | None:
        """The checkpoint of the most leaves; raises StoreError."""
        wanted = select(CHECKPOINTS).order_by(CHECKPOINTS.c.size.desc(), CHECKPOINTS.c.id.desc()).limit(1)
        with errors("read", self._place):
            found = self._connection.execute(wanted).mappings().first()
        return None if found is None else rows.checkpoint(found)

    def _streamed(self, wanted: Select[*tuple[object, ...]]) -> Iterator[Sequence[tuple[object, ...]]]:
        with errors("read", self._place):
            streamed = self._connection.execution_options(yield_per=ROWS_PER_READ).execute(wanted)
            for found in streamed.partitions():
                yield [tuple(row) for row in found]


class Snapshot(_View):
    """The records as they stood at one moment, whoever writes meanwhile."""

    __slots__ = ()

    revision = HEAD

    @property
    def columns(self) -> Columns:
        """The tables and their columns."""
        return {
            str(table.name): tuple(str(column.name) for column in table.c) for table in METADATA.sorted_tables
        }

    def parts(self) -> Iterator[Part]:
        """Every row of every table; raises StoreError."""
        for table in METADATA.sorted_tables:
            yield from self._parts(table)

    def named_evidence(self) -> Iterator[Digest]:
        """Every digest that the records name as evidence or as the document of a result, ascending; raises StoreError."""
        named = union(select(EVIDENCE.c.digest), select(RESULTS.c.document)).subquery()
        for found in self._streamed(select(named.c[0]).order_by(named.c[0])):
            yield from (Digest(str(digest)) for (digest,) in found)

    def erased(self) -> AbstractSet[Digest]:
        """Every digest that was erased, and not collected or concluded again since; raises StoreError."""
        stone = ERASURES.c
        again = (
            exists().where(EVIDENCE.c.digest == stone.digest, EVIDENCE.c.seq > stone.seq),
            exists().where(RESULTS.c.document == stone.digest, RESULTS.c.seq > stone.seq),
        )
        wanted = select(stone.digest).where(~or_(*again))
        return {Digest(str(digest)) for found in self._streamed(wanted) for (digest,) in found}

    def _parts(self, table: Table) -> Iterator[Part]:
        encode = msgspec.json.Encoder().encode_lines
        wanted = select(*(type_coerce(column, plain_type(column.type)) for column in table.c))
        text, count = bytearray(), 0
        for found in self._streamed(wanted.order_by(*(table.primary_key or table.c))):
            text += encode(found)
            count += len(found)
            if len(text) > MAX_PART_BYTES:
                raise StoreError(
                    f"{table.name} holds rows too large for a backup: {len(text)} bytes in {count}"
                )
            if len(text) >= PART_BYTES:
                yield Part(table=str(table.name), rows=count, packed=_packed(text))
                text, count = bytearray(), 0
        if count:
            yield Part(table=str(table.name), rows=count, packed=_packed(text))


class Filling(_View):
    """Records that are being filled: one transaction, of which all is kept or nothing."""

    __slots__ = ("_columns", "_decoders", "_finish", "_tables", "rows")

    def __init__(
        self, connection: Connection, place: str, columns: Columns, finish: Callable[[], None]
    ) -> None:
        """Take the tables that are there; raises StoreError where the backup's columns are not theirs."""
        super().__init__(connection, place)
        self.rows: dict[str, int] = dict.fromkeys(columns, 0)
        self._columns = columns
        self._finish = finish
        there = MetaData()
        there.reflect(connection, only=lambda name, _: name in columns)
        self._tables = there.tables
        for name, listed in columns.items():
            found = self._tables.get(name)
            if found is None or sorted(found.c.keys()) != sorted(listed):
                raise StoreError(
                    f"the backup's table {name!r} has not the columns of its revision; it was changed"
                )
        self._decoders = {name: _decoder(self._tables[name], listed) for name, listed in columns.items()}

    def add(self, name: str, packed: bytes) -> None:
        """Add the rows of a part; raises StoreError."""
        if name not in self._tables:
            raise StoreError(
                f"the backup holds rows of a table {name!r} that it does not announce; it was changed"
            )
        lines = _unpacked(packed)
        try:
            found = self._decoders[name].decode_lines(lines)
        except msgspec.MsgspecError as error:
            raise StoreError(f"rows of the table {name!r} cannot be read: {error}") from None
        if self._connection.dialect.name == "postgresql" and _ZERO in lines:
            found = [tuple(map(_without_zero, row)) for row in found]
        with errors("write to", self._place):
            self._insert(self._tables[name], self._columns[name], found)
        self.rows[name] += len(found)

    def finish(self) -> None:
        """Migrate what was filled forward, let new rows follow the old ones, and count for the planner of queries.

        Raises StoreError. A database that never counted reads whole tables where it has an index.
        """
        with errors("write to", self._place):
            if self._connection.dialect.name == "postgresql":
                for table in self._tables.values():
                    self._continue_numbers(table)
            self._finish()
            self._connection.execute(text("ANALYZE"))

    def _insert(self, table: Table, columns: Sequence[str], found: Sequence[tuple[Plain, ...]]) -> None:
        quote = self._connection.dialect.identifier_preparer.quote
        listed = ", ".join(quote(name) for name in columns)
        if self._connection.dialect.name == "postgresql":
            self._copy(f"COPY {quote(table.name)} ({listed}) FROM STDIN", found)
            return
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {quote(table.name)} ({listed}) VALUES ({marks})"  # noqa: S608  # names of the schema
        raw = self._connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        try:
            raw.executemany(statement, found)
        except (sqlite3.Error, OverflowError) as error:
            raise store_error("write to", self._place, error) from error

    def _copy(self, statement: str, found: Sequence[tuple[Plain, ...]]) -> None:
        import psycopg

        raw = self._connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        try:
            with raw.cursor() as cursor, cursor.copy(statement.encode()) as copy:
                for row in found:
                    copy.write_row(row)
        except (psycopg.Error, UnicodeError) as error:
            raise store_error("write to", self._place, error) from error

    def _continue_numbers(self, table: Table) -> None:
        for column in table.primary_key:
            numbers = func.pg_get_serial_sequence(table.name, column.name)
            if self._connection.execute(select(numbers)).scalar() is not None:
                last = select(func.max(column)).scalar_subquery()
                self._connection.execute(select(func.setval(numbers, last)))


@contextmanager
def snapshot(url: str) -> Iterator[Snapshot]:
    """The records as they stand now, for the time of the block; raises StoreError, NewerStoreError."""
    engine = open_engine(url)
    place = place_of(engine)
    try:
        with errors("read", place), _repeatable(engine) as connection, connection.begin():
            # SQLite's view begins with the first read, not with BEGIN.
            connection.execute(select(func.count()).select_from(LEAVES)).scalar()
            yield Snapshot(connection, place)
    finally:
        engine.dispose()


@contextmanager
def filling(url: str, revision: str, columns: Columns) -> Iterator[Filling]:
    """Make records at a revision, to be filled and finished in the block; what it raises leaves nothing.

    Raises StoreError where there are records already, NewerStoreError where a newer version wrote the backup.
    """
    with filled_engine(url, revision) as (connection, place, finish):
        yield Filling(connection, place, columns, finish)


def plain_type(kind: TypeEngine[object]) -> TypeEngine[object]:
    """The type of what the database holds, below what we make of it."""
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


def python_type(kind: TypeEngine[object]) -> type:
    """What a column's values are in a backup; raises TypeError for a type that backups cannot carry."""
    below = plain_type(kind)
    for known, held in _KINDS:
        if isinstance(below, known):
            return held
    raise TypeError(f"a backup cannot carry a column of the type {kind!r}; add it to store/tables.py")


def _repeatable(engine: Engine) -> Connection:
    """SQLite shows one transaction one state of the file anyway."""
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection


def _decoder(table: Table, columns: Sequence[str]) -> "msgspec.json.Decoder[tuple[Plain, ...]]":
    """Reads rows, each value of its column's type and no other."""
    kinds = tuple(
        python_type(table.c[name].type) | None if table.c[name].nullable else python_type(table.c[name].type)
        for name in columns
    )
    return cast("msgspec.json.Decoder[tuple[Plain, ...]]", msgspec.json.Decoder(tuple[kinds]))  # type: ignore[valid-type]


def _packed(text: bytearray) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(level=COMPRESSION_LEVEL, write_content_size=True).compress(bytes(text))


def _without_zero(value: Plain) -> Plain:
    return without_zero(value) if isinstance(value, str) else value


def _unpacked(packed: bytes) -> bytes:
    import zstandard

    try:
        size = zstandard.frame_content_size(packed)
        if not 0 <= size <= MAX_PART_BYTES:
            raise StoreError(
                f"rows of the backup claim to have {size} bytes, where at most {MAX_PART_BYTES} can be"
            )
        return zstandard.ZstdDecompressor().decompress(
            packed, max_output_size=MAX_PART_BYTES, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise StoreError(f"rows of the backup cannot be decompressed: {error}") from None
