"""Deltas: a folder of immutable Parquet files for one kind, each with what one run changed.

A row is the state of one key from `known_from` on; the state of any day is the last row of each key up to that
day. Rows of a key never go back in time from one file to the next, so that the largest `seq` is the last.

`00000007-<run>.parquet` is the seventh change; `compact-00000001-00000064.parquet` holds the same rows as the
files 1 to 64 and takes their place: a reader that sees both counts only the one that covers the other.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, TextIO, TypeAlias, TypeVar

from auditwright.core.ids import RunId
from auditwright.core.ports import StoreError
from auditwright.store.codec import line_of, literal, quoted
from auditwright.store.disk import (
    TEMPORARY_FOLDER,
    Disk,
    discard,
    disk_error,
    make_folders,
    publish,
    temporary_name,
)
from auditwright.store.query import connect, read_lines, storage_errors

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")

MAX_FILES = 64
"""Files of one kind before they are merged: opening a file costs about a millisecond."""

ROWS_PER_GROUP = 20_480
"""Small groups of rows bound the memory of writing and let a reader skip most of a file."""

MEMORY = "512MB"
"""DuckDB writes beyond it into the scratch folder."""

THREADS = 1
"""Every further thread sets buffers aside: with two, writing 100,000 resources takes 50 MB more and is no faster."""

READ_ATTEMPTS = 3
"""A reader whose files were merged meanwhile lists them again; merges are far apart."""

_FETCH = 10_000

_DELTA = re.compile(r"(\d{8})-([A-Za-z0-9][A-Za-z0-9._-]{0,127})\.parquet")
_COMPACT = re.compile(r"compact-(\d{8})-(\d{8})\.parquet")
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

Group: TypeAlias = tuple[str, ...]
"""What is seen at once: a scope, or a test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a kind's files hold, and how a row is told from another."""

    kind: str
    columns: Mapping[str, str]
    """Name and type of what is compared and read back; evidence and unknown among them."""
    key: str
    """The SQL of a row's key."""
    group: tuple[str, ...]
    """The columns that say what it was seen with."""
    kept_when_gone: tuple[str, ...]
    """The columns that still stand when the item is gone."""
    shape: str
    """The fields that this version records."""

    @property
    def stored(self) -> Mapping[str, str]:
        """Every column of a file."""
        return {
            **self.columns,
            "hash": "BLOB",
            "shape": "VARCHAR",
            "seq": "BIGINT",
            "run": "VARCHAR",
            "known_from": "TIMESTAMP",
            "gone": "BOOLEAN",
        }


@dataclass(frozen=True, slots=True)
class _File:
    first: int
    last: int
    path: Path


class Home:
    """The folder of all kinds, and one DuckDB for all that happens in it."""

    __slots__ = ("_database", "_starting", "disk", "root")

    def __init__(self, root: Path, disk: Disk) -> None:
        self.root = root
        self.disk = disk
        self._database: duckdb.DuckDBPyConnection | None = None
        self._starting = Lock()

    @property
    def scratch(self) -> Path:
        """Where files are written before they are whole."""
        return self.root / TEMPORARY_FOLDER

    def connection(self) -> "duckdb.DuckDBPyConnection":
        """A connection of one's own: threads do not share one."""
        with self._starting:
            if self._database is None:
                self._database = connect(memory=MEMORY, threads=THREADS, scratch=self.scratch)
            return self._database.cursor()


class DeltaFolder:
    """The files of one kind."""

    __slots__ = ("_home", "folder", "layout")

    def __init__(self, home: "Home", layout: Layout) -> None:
        self.layout = layout
        self.folder = home.root / layout.kind
        self._home = home

    @property
    def scratch(self) -> Path:
        """Where files are written before they are whole."""
        return self._home.scratch

    def files(self) -> list[_File]:
        """The files to read, in order: what a merged file covers is left out."""
        if not self.folder.is_dir():
            return []
        found = sorted(_parsed(self.folder), key=lambda file: (file.first, -file.last))
        kept: list[_File] = []
        for file in found:
            if not kept or file.last > kept[-1].last:
                kept.append(file)
        return kept

    def source(self, connection: "duckdb.DuckDBPyConnection", files: Sequence[_File]) -> str:
        """The SQL that gives every row of files, with every column of this version."""
        if not files:
            empty = ", ".join(f"NULL::{kind} AS {quoted(name)}" for name, kind in self.layout.stored.items())
            return f"(SELECT {empty} WHERE false)"
        paths = ", ".join(literal(str(file.path)) for file in files)
        read = f"read_parquet([{paths}], union_by_name = true)"
        described = connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()  # noqa: S608
        there = {str(column[0]) for column in described}
        selected = ", ".join(
            f"{f'CAST({quoted(name)} AS {kind})' if name in there else f'NULL::{kind}'} AS {quoted(name)}"
            for name, kind in self.layout.stored.items()
        )
        return f"(SELECT {selected} FROM {read})"  # noqa: S608

    def state(self, source: str, where: str) -> str:
        """The SQL of the last row of each key among the rows that a condition admits."""
        key = self.layout.key
        return (
            f"(WITH admitted AS (SELECT *, {key} AS key FROM {source} WHERE {where}), "  # noqa: S608
            "newest AS (SELECT key, max(seq) AS seq FROM admitted GROUP BY key) "
            "SELECT * FROM admitted SEMI JOIN newest USING (key, seq))"
        )

    def rows(self, make: Callable[[str], str], values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """The rows of a query over the SQL of every row; raises StoreError."""
        with self.connection() as connection:
            return self.reading(
                connection, lambda source: connection.execute(make(source), list(values)).fetchall()
            )

    def reading(self, connection: "duckdb.DuckDBPyConnection", use: Callable[[str], T]) -> T:
        """Use the SQL of every row; lists the files again where they were merged meanwhile. Raises StoreError."""
        for attempt in range(READ_ATTEMPTS):
            files = self.files()
            try:
                with storage_errors(f"read {self.folder}"):
                    return use(self.source(connection, files))
            except StoreError:
                if attempt + 1 == READ_ATTEMPTS or all(file.path.exists() for file in files):
                    raise
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def connection(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """A database in memory that reads and writes this folder."""
        with storage_errors("start DuckDB"):
            connection = self._home.connection()
        try:
            yield connection
        finally:
            connection.close()

    def write(self, connection: "duckdb.DuckDBPyConnection", select: str, name: str) -> None:
        """Write the rows of a query to a file that survives a crash, or leave nothing; raises StoreError."""
        temporary = self.scratch / f"{temporary_name()}.parquet"
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP}"
        try:
            with storage_errors(f"write to {self.folder}"):
                connection.execute(f"COPY ({select}) TO {literal(str(temporary))} ({options})")
            make_folders(self._home.disk, self._home.root, self.folder)
            publish(self._home.disk, temporary, self.folder / name)
        except OSError as error:
            raise disk_error("write to", self.folder, error) from error
        finally:
            discard(temporary)

    def compact(self) -> None:
        """Merge the files into one with the same rows, where they are many, and drop what a merged one covers."""
        files = self.files()
        if len(files) > MAX_FILES:
            name = f"compact-{files[0].first:08}-{files[-1].last:08}.parquet"
            with self.connection() as connection:
                rows = self.source(connection, files)
                self.write(connection, f"SELECT * FROM {rows} ORDER BY {self.layout.key}, seq", name)  # noqa: S608
            files = self.files()
        kept = {file.path for file in files}
        for file in _parsed(self.folder) if self.folder.is_dir() else ():
            if file.path not in kept:
                discard(file.path)


def _parsed(folder: Path) -> Iterator[_File]:
    for path in folder.iterdir():
        if delta := _DELTA.fullmatch(path.name):
            yield _File(int(delta[1]), int(delta[1]), path)
        elif compact := _COMPACT.fullmatch(path.name):
            yield _File(int(compact[1]), int(compact[2]), path)


def naive_utc(at: datetime) -> datetime:
    """A time as Parquet's TIMESTAMP holds it: in UTC, without saying so."""
    assert at.tzinfo is not None, "a time without a zone"
    return at.astimezone(UTC).replace(tzinfo=None)


def check_run(run: RunId) -> None:
    """Refuse a run whose id cannot be a part of a file's name."""
    if not _RUN.fullmatch(run):
        message = f"{run!r} cannot name a run: letters, digits, '.', '_' and '-', at most 128 of them"
        raise StoreError(message)


class _Latest(NamedTuple):
    """What was known of a key before this run."""

    content: bytes
    group: Group
    late: bool
    """True where a run of a later time said it."""
    gone: bool


class Changes:
    """What one run changes in one folder: gathered as it comes, written at the end as one file."""

    __slots__ = ("_at", "_folder", "_latest", "_lines", "_path", "_present", "_superseded", "_written")

    def __init__(self, folder: DeltaFolder, at: datetime) -> None:
        """Load what is known by now; raises StoreError."""
        self._folder = folder
        self._at = naive_utc(at)
        self._path = folder.scratch / f"{temporary_name()}.json"
        self._lines: TextIO | None = None
        self._written = 0
        self._present: dict[str, int] = {}
        self._superseded: list[int] = []
        self._latest = self._load()

    def add(self, key: str, content: bytes, row: Callable[[], Mapping[str, object]]) -> None:
        """An item that was seen. Of one that was seen twice the last counts."""
        earlier = self._present.get(key, _UNCHANGED)
        if earlier != _UNCHANGED:
            self._superseded.append(earlier)
        known = self._latest.get(key)
        self._present[key] = _UNCHANGED
        # What a later run said stays; an earlier one that comes late does not overwrite it.
        if known and (known.late or (known.content == content and not known.gone)):
            return
        self._present[key] = self._written
        self._write_line({"line": self._written, **row(), "hash": content.hex()})
        self._written += 1

    def finish(self, run: RunId, whole: AbstractSet[Group]) -> None:
        """Write what changed as one file, or none; what a whole group lacks is gone. Raises StoreError."""
        gone = [
            key
            for key, known in self._latest.items()
            if known.group in whole and key not in self._present and not known.gone and not known.late
        ]
        if len(self._superseded) == self._written and not gone:
            return
        files = self._folder.files()
        seq = files[-1].last + 1 if files else 1
        with self._folder.connection() as connection:
            with storage_errors(f"write to {self._folder.folder}"):
                select = " UNION ALL ".join(self._selects(connection, gone, run, seq))
            self._folder.write(connection, select, f"{seq:08}-{run}.parquet")

    def close(self) -> None:
        """Drop what was gathered."""
        if self._lines:
            self._lines.close()
        discard(self._path)

    def _selects(
        self, connection: "duckdb.DuckDBPyConnection", gone: list[str], run: RunId, seq: int
    ) -> Iterator[str]:
        layout = self._folder.layout
        stamp = {
            "shape": literal(layout.shape),
            "seq": str(seq),
            "run": literal(run),
            "known_from": f"TIMESTAMP {literal(self._at.isoformat(sep=' '))}",
        }
        if self._lines:
            self._lines.flush()
            connection.execute(
                "CREATE TEMP TABLE superseded AS SELECT unnest(?::BIGINT[]) AS line", [self._superseded]
            )
            columns = {"line": "BIGINT", **layout.columns, "hash": "VARCHAR"}
            values = {**stamp, "hash": "unhex(hash)", "gone": "false"}
            yield (
                f"SELECT {_listed(layout, values, set(layout.columns))} FROM {read_lines(self._path, columns)} "  # noqa: S608
                "ANTI JOIN superseded USING (line)"
            )
        if gone:
            connection.execute("CREATE TEMP TABLE gone AS SELECT unnest(?::VARCHAR[]) AS key", [gone])
            rows = self._folder.state(self._folder.source(connection, self._folder.files()), "true")
            values = {**stamp, "evidence": "[]", "gone": "true"}
            yield f"SELECT {_listed(layout, values, set(layout.kept_when_gone))} FROM {rows} SEMI JOIN gone USING (key)"  # noqa: S608

    def _write_line(self, row: Mapping[str, object]) -> None:
        try:
            if self._lines is None:
                self._lines = self._path.open("x", encoding="utf-8")
            self._lines.write(line_of(row))
        except OSError as error:
            raise disk_error("write to", self._path.parent, error) from error
        except UnicodeError as error:
            message = (
                f"{row.get('id')!r} of {self._folder.layout.kind} holds text that is not Unicode: {error}"
            )
            raise StoreError(message) from error

    def _load(self) -> dict[str, _Latest]:
        files = self._folder.files()
        latest: dict[str, _Latest] = {}
        if not files:
            return latest
        groups: dict[Group, Group] = {}
        columns = ", ".join(quoted(name) for name in self._folder.layout.group)
        with storage_errors(f"read {self._folder.folder}"), self._folder.connection() as connection:
            state = self._folder.state(self._folder.source(connection, files), "true")
            connection.execute(f"SELECT key, hash, known_from > ?, gone, {columns} FROM {state}", [self._at])  # noqa: S608
            while found := connection.fetchmany(_FETCH):
                for key, content, late, gone, *group in found:
                    # One tuple for each scope, not for each item.
                    held = groups.setdefault(tuple(group), tuple(group))
                    latest[key] = _Latest(content, held, late, gone)
        return latest


_UNCHANGED = -1
"""In place of a line's number: the item was seen, and nothing is written for it."""


def _listed(layout: Layout, values: Mapping[str, str], read: AbstractSet[str]) -> str:
    """Every stored column in order: given as SQL, read by its name, or NULL."""
    return ", ".join(
        f"{values.get(name) or (quoted(name) if name in read else 'NULL')}::{kind} AS {quoted(name)}"
        for name, kind in layout.stored.items()
    )
