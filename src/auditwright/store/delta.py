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
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from auditwright.core.ids import RunId
from auditwright.core.ports import StoreError
from auditwright.store.codec import literal, quoted
from auditwright.store.disk import (
    TEMPORARY_FOLDER,
    Disk,
    discard,
    disk_error,
    make_folders,
    publish,
    temporary_name,
)
from auditwright.store.query import connect, storage_errors
from auditwright.store.spool import Spool

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

ROWS_COMPARED = 50_000
"""Rows that stand beside what is known of them at once, where groups can be compared apart; they take some 30 MB."""

READ_ATTEMPTS = 3
"""A reader whose files were merged meanwhile lists them again; merges are far apart."""

LOST = "coalesce(erased, false) AND len(evidence) > 0"
"""The SQL of a row whose evidence was erased; one of an item that was gone names none."""

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
    identity: str
    """The column that says which item a row is about; `name` says it too."""
    erased: Mapping[str, str | None]
    """What stands in columns of a row whose evidence was erased; None for nothing."""
    outlives: bool = False
    """True where a row whose evidence was erased still counts; else the item is not known any more."""
    apart: bool = False
    """True where no key is of two groups, so that groups can be compared one after the other."""

    @property
    def stored(self) -> Mapping[str, str]:
        """Every column of a file."""
        return {
            **self.columns,
            "shape": "VARCHAR",
            "seq": "BIGINT",
            "run": "VARCHAR",
            "known_from": "TIMESTAMP",
            "gone": "BOOLEAN",
            "erased": "BOOLEAN",
        }


@dataclass(frozen=True, slots=True)
class _File:
    first: int
    last: int
    path: Path

    @property
    def merged(self) -> bool:
        """True for a file that takes the place of those it covers."""
        return _COMPACT.fullmatch(self.path.name) is not None


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
        found = sorted(_parsed(self.folder), key=lambda file: (file.first, -file.last, not file.merged))
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
        """The SQL of the last row of each key among the rows that a condition admits.

        Most keys have one row, from the first file: only those that came after it are looked for.
        """
        key = self.layout.key
        return (
            f"(WITH admitted AS (SELECT *, {key} AS key FROM {source} WHERE {where}), "  # noqa: S608
            "after AS (SELECT key, seq FROM admitted WHERE seq > (SELECT min(seq) FROM admitted)) "
            "SELECT * FROM admitted ANTI JOIN after ON admitted.key = after.key AND admitted.seq < after.seq)"
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
        """Write the rows of a query to a file that survives a crash; no file where there are none, or on an error.

        Raises StoreError.
        """
        temporary = self.scratch / f"{temporary_name()}.parquet"
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP}"
        try:
            with storage_errors(f"write to {self.folder}"):
                copy = f"COPY ({select}) TO {literal(str(temporary))} ({options})"
                ((count,),) = connection.execute(copy).fetchall()
            if not count:
                return
            make_folders(self._home.disk, self._home.root, self.folder)
            publish(self._home.disk, temporary, self.folder / name)
        except OSError as error:
            raise disk_error("write to", self.folder, error) from error
        finally:
            discard(temporary)

    def write_merged(
        self, connection: "duckdb.DuckDBPyConnection", select: str, files: Sequence[_File]
    ) -> None:
        """Write the rows of a query to one file that takes the place of others; raises StoreError."""
        self.write(connection, select, f"compact-{files[0].first:08}-{files[-1].last:08}.parquet")

    def drop_covered(self) -> None:
        """Take files away, durably, whose place a merged one took; raises StoreError."""
        if not self.folder.is_dir():
            return
        kept = {file.path for file in self.files()}
        try:
            for file in _parsed(self.folder):
                if file.path not in kept:
                    self._home.disk.remove(file.path)
            self._home.disk.sync(self.folder)
        except OSError as error:
            raise disk_error("erase from", self.folder, error) from error

    def compact(self) -> None:
        """Merge the files into one with the same rows, where they are many, and drop what a merged one covers."""
        files = self.files()
        if len(files) > MAX_FILES:
            with self.connection() as connection:
                rows = self.source(connection, files)
                self.write_merged(connection, f"SELECT * FROM {rows} ORDER BY {self.layout.key}, seq", files)  # noqa: S608
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


def is_delta_file(name: str) -> bool:
    """True for the name of a file of changes, merged or not."""
    return bool(_DELTA.fullmatch(name) or _COMPACT.fullmatch(name))


def naive_utc(at: datetime) -> datetime:
    """A time as Parquet's TIMESTAMP holds it: in UTC, without saying so."""
    assert at.tzinfo is not None, "a time without a zone"
    return at.astimezone(UTC).replace(tzinfo=None)


def check_run(run: RunId) -> None:
    """Refuse a run whose id cannot be a part of a file's name."""
    if not _RUN.fullmatch(run):
        message = f"{run!r} cannot name a run: letters, digits, '.', '_' and '-', at most 128 of them"
        raise StoreError(message)


@dataclass(slots=True, kw_only=True)
class _Part:
    """What is compared at once: the rows of some groups, from one file of the spool to where the next part begins."""

    first_file: int
    first_row: int
    groups: set[Group] = field(default_factory=set)


class Changes:
    """What one run changes in one folder: gathered as it comes, compared and written at the end as one file.

    1. Of a key that was seen twice the last row counts.
    2. Each key that was seen stands beside what is known of it by now.
    3. It is written where it is new, was gone, or differs in anything but its evidence.
    4. A key that a whole group lacks is gone.
    5. What a run of a later time said stays as it is.
    """

    __slots__ = ("_at", "_folder", "_parts", "_spool")

    def __init__(self, folder: DeltaFolder, at: datetime) -> None:
        self._folder = folder
        self._at = naive_utc(at)
        self._spool = Spool(folder.scratch, folder.layout.kind, folder.layout.columns)
        self._parts = [_Part(first_file=0, first_row=0)]

    def add(self, group: Group, rows: Mapping[str, Sequence[object]]) -> None:
        """Items that were seen in a group, as columns; raises StoreError."""
        while any(group in part.groups for part in self._parts[:-1]):
            # It comes back: all that was seen since is compared with it.
            last = self._parts.pop()
            self._parts[-1].groups |= last.groups
        last = self._parts[-1]
        enough = self._spool.rows - last.first_row >= ROWS_COMPARED
        if enough and self._folder.layout.apart and group not in last.groups:
            last = _Part(first_file=self._spool.next_file(), first_row=self._spool.rows)
            self._parts.append(last)
        last.groups.add(group)
        self._spool.add(rows)

    def finish(self, run: RunId, whole: AbstractSet[Group]) -> None:
        """Write what changed as one file, or none; what a whole group lacks is gone. Raises StoreError."""
        files = self._folder.files()
        if not files and not self._spool.rows:
            return
        seq = files[-1].last + 1 if files else 1
        stamp = {
            "shape": literal(self._folder.layout.shape),
            "seq": str(seq),
            "run": literal(run),
            "known_from": self._now,
            "erased": "false",
        }
        with self._folder.connection() as connection:
            with storage_errors(f"write to {self._folder.folder}"):
                if files:
                    self._compare(connection, whole, stamp)
                    select = "FROM changed"
                else:
                    seen = self._seen(connection, self._spool.source())
                    select = f"SELECT {self._listed({**stamp, 'gone': 'false'})} FROM {seen}"  # noqa: S608
            self._folder.write(connection, select, f"{seq:08}-{run}.parquet")

    def close(self) -> None:
        """Drop what was gathered."""
        self._spool.close()

    @property
    def _now(self) -> str:
        return f"TIMESTAMP {literal(self._at.isoformat(sep=' '))}"

    def _seen(self, connection: "duckdb.DuckDBPyConnection", source: str) -> str:
        """The SQL of what was seen, each key once."""
        rows = f"(SELECT *, {self._folder.layout.key} AS key FROM {source})"  # noqa: S608
        # Equal keys have equal hashes, which take a tenth of the memory; two keys that share one only cost time.
        ((twice,),) = connection.execute(
            f"SELECT count(*) > count(DISTINCT hash(key)) FROM {rows}"  # noqa: S608
        ).fetchall()
        if not twice:
            return rows
        return f"(SELECT * FROM {rows} QUALIFY line = max(line) OVER (PARTITION BY key))"  # noqa: S608  # (1)

    def _compare(
        self,
        connection: "duckdb.DuckDBPyConnection",
        whole: AbstractSet[Group],
        stamp: Mapping[str, str],
    ) -> None:
        """Fill the table `changed` with the rows to write, of what was seen beside what is known."""
        layout = self._folder.layout
        groups = [[group[place] for group in whole] for place in range(len(layout.group))]
        connection.execute(
            "CREATE TEMP TABLE whole AS SELECT "
            + ", ".join(f"unnest(?::VARCHAR[]) AS {quoted(name)}" for name in layout.group),
            groups,
        )
        stored = ", ".join(f"{quoted(name)} {kind}" for name, kind in layout.stored.items())
        connection.execute(f"CREATE TEMP TABLE changed ({stored})")
        source = self._folder.source(connection, self._folder.files())
        ends = [part.first_file for part in self._parts[1:]]
        for part, end in zip_longest(self._parts, ends):
            seen = self._seen(connection, self._spool.source(part.first_file, end))
            known = self._folder.state(source, _among(layout.group, part.groups) if layout.apart else "true")
            connection.execute(f"INSERT INTO changed {self._differing(seen, known, stamp)}")

    def _differing(self, seen: str, state: str, stamp: Mapping[str, str]) -> str:
        """The SQL of the rows to write, of what was seen and the last row of each key that may be among it."""
        layout = self._folder.layout
        compared = [quoted(name) for name in layout.columns if name != "evidence"]
        known = f"(SELECT key, shape, gone, {LOST} AS lost, known_from > {self._now} AS late, {', '.join(compared)} FROM {state})"  # noqa: S608
        differs = " OR ".join(f"seen.{name} IS DISTINCT FROM known.{name}" for name in compared)
        place = ", ".join(f"known.{quoted(name)}" for name in layout.group)
        values = {
            **{name: self._either(name) for name in layout.columns},
            **stamp,
            "gone": "seen.key IS NULL",
        }
        return (
            f"SELECT {self._listed(values)} FROM {seen} AS seen FULL JOIN {known} AS known ON seen.key = known.key "  # noqa: S608  # (2)
            f"WHERE CASE WHEN known.key IS NULL THEN true WHEN known.late THEN false "  # (5)
            f"WHEN seen.key IS NULL THEN (NOT known.gone OR known.lost) AND ({place}) IN (FROM whole) "  # (4)
            f"ELSE known.gone OR known.shape <> {stamp['shape']} OR {differs} END"  # (3)
        )

    def _either(self, name: str) -> str:
        """The SQL of a column of what was seen, or of what still stands of what is gone."""
        if name == "evidence":
            gone = "[]"
        else:
            gone = f"known.{quoted(name)}" if name in self._folder.layout.kept_when_gone else "NULL"
        return f"CASE WHEN seen.key IS NULL THEN {gone} ELSE seen.{quoted(name)} END"

    def _listed(self, values: Mapping[str, str]) -> str:
        """Every stored column in order: as given, or read by its name."""
        return ", ".join(
            f"({values.get(name) or quoted(name)})::{kind} AS {quoted(name)}"
            for name, kind in self._folder.layout.stored.items()
        )


def _among(columns: Sequence[str], groups: AbstractSet[Group]) -> str:
    """The SQL of a row being of one of some groups."""
    listed = ", ".join(f"({', '.join(map(literal, group))})" for group in sorted(groups))
    return f"({', '.join(map(quoted, columns))}) IN ({listed})" if groups else "false"
