"""SQL over the inventory by people: DuckDB in memory, cut off from everything, and bounded.

1. The tables that the query names are filled while files can still be read.
2. Then everything outside is closed, and the configuration locked.
3. One statement that only reads runs, in a read-only transaction, for a bounded time.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Self, TypeVar

from auditwright.core.ports import QueryError, Rows, StoreError
from auditwright.core.resource import Resource
from auditwright.store.codec import codec_of, quoted
from auditwright.store.spool import Spool

if TYPE_CHECKING:
    import duckdb

R = TypeVar("R", bound=Resource)

QUERY_TIMEOUT_S = 60
"""A question to a million resources takes seconds; what takes a minute is a join gone wrong."""

QUERY_MEMORY = "1GB"
"""Far above what tables of a large organization take, and below what hurts the machine."""

QUERY_THREADS = 2
"""A question must not take the whole machine from the others."""

MAX_ROWS = 1_000_000
"""More rows than anybody reads; a test or a page must not fill the memory with them."""

MAX_SQL_CHARACTERS = 100_000
"""Nobody writes as much by hand, and the parser need not try."""

MEMORY_HELD_BACK = "16MB"
"""What DuckDB may keep of memory that it used; by default it keeps up to 512 MB, which a run needs for other things."""

_FETCH = 10_000


def connect(*, memory: str, threads: int, scratch: Path | None = None) -> "duckdb.DuckDBPyConnection":
    """An empty database in memory, that fetches no extensions and sees no variables of this program."""
    import duckdb

    return duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            "enable_external_file_cache": False,
            "memory_limit": memory,
            "threads": threads,
            "allocator_flush_threshold": MEMORY_HELD_BACK,
            "allocator_bulk_deallocation_flush_threshold": MEMORY_HELD_BACK,
            # Without a folder of its own it would write into the current one.
            "temp_directory": str(scratch) if scratch else "",
        },
    )


def mentioned(sql: str, kinds: Iterable[str]) -> list[str]:
    """The kinds that a query names; all of them where it names none, as when it asks which tables there are."""
    names = list(kinds)
    words = set(re.findall(r"\w+", sql.lower()))
    return [name for name in names if name in words] or names


class Sandbox:
    """A database in memory for one query."""

    def __init__(self) -> None:
        self.connection = connect(memory=QUERY_MEMORY, threads=QUERY_THREADS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.connection.close()

    def add_table(
        self, name: str, columns: Mapping[str, str], select: str, values: Sequence[object] = ()
    ) -> None:
        """Make a table and fill it from a query that may still read files; raises StoreError."""
        declared = ", ".join(f"{quoted(column)} {sql_type}" for column, sql_type in columns.items())
        with storage_errors(f"read the {name}s of the inventory"):
            self.connection.execute(f"CREATE OR REPLACE TABLE {quoted(name)} ({declared})")
            if select:
                self.connection.execute(f"INSERT INTO {quoted(name)} {select}", list(values))

    def add_items(self, kind: type[R], items: Iterable[R]) -> None:
        """Make a table of a kind and fill it with items."""
        codec = codec_of(kind)
        rows = codec.rows(list(items))
        # A query sees an empty map where nothing is unknown.
        unknown = [reasons or {} for reasons in rows.get("unknown", [None] * len(rows["id"]))]
        with tempfile.TemporaryDirectory() as folder, Spool(Path(folder), kind.kind, codec.columns) as spool:
            spool.add({**rows, "unknown": unknown})
            listed = ", ".join(map(quoted, codec.columns))
            self.add_table(kind.kind, codec.columns, f"SELECT {listed} FROM {spool.source()} ORDER BY line")  # noqa: S608

    def run(self, sql: str) -> Rows:
        """Run one statement that only reads; raises QueryError."""
        self.connection.execute("SET enable_external_access = false")
        self.connection.execute("SET lock_configuration = true")
        _check_statement(self.connection, sql)
        timer = Timer(QUERY_TIMEOUT_S, self.connection.interrupt)
        timer.start()
        try:
            with _query_errors():
                self.connection.execute("BEGIN TRANSACTION READ ONLY")
                self.connection.execute(sql)
                return self._fetch()
        finally:
            timer.cancel()

    def _fetch(self) -> Rows:
        columns = tuple(str(column[0]) for column in self.connection.description or ())
        rows: list[tuple[object, ...]] = []
        while found := self.connection.fetchmany(_FETCH):
            rows.extend(found)
            if len(rows) > MAX_ROWS:
                message = (
                    f"the query gives more than {MAX_ROWS} rows; ask for fewer (WHERE, LIMIT) or count them"
                )
                raise QueryError(message)
        return Rows(columns=columns, rows=rows)


@contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Say what DuckDB could not read or write."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        message = (
            f"cannot {doing}: {_first_line(error)}; nothing was changed; free some space if the disk is full, "
            "restore the file from a backup if it is damaged"
        )
        raise StoreError(message) from error


def _check_statement(connection: "duckdb.DuckDBPyConnection", sql: str) -> None:
    import duckdb

    if len(sql) > MAX_SQL_CHARACTERS:
        raise QueryError(f"a query has at most {MAX_SQL_CHARACTERS} characters; this has {len(sql)}")
    try:
        sql.encode()
        statements = connection.extract_statements(sql)
    except (duckdb.Error, UnicodeError) as error:
        raise QueryError(f"this is not valid SQL: {_first_line(error)}") from error
    if len(statements) != 1:
        raise QueryError(f"a query is one SELECT; this has {len(statements)} statements")
    kind = statements[0].type
    if kind != duckdb.StatementType.SELECT:
        raise QueryError(f"a query is one SELECT that only reads; this is {kind.name}")


@contextmanager
def _query_errors() -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.InterruptException as error:
        message = f"the query took longer than {QUERY_TIMEOUT_S} s; join on more columns or ask for less"
        raise QueryError(message) from error
    except duckdb.OutOfMemoryException as error:
        message = f"the query needs more than {QUERY_MEMORY} of memory; join on more columns or ask for less"
        raise QueryError(message) from error
    except duckdb.PermissionException as error:
        message = f"a query reads the inventory and nothing else: {_first_line(error)}"
        raise QueryError(message) from error
    except duckdb.Error as error:
        raise QueryError(f"the query failed: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
