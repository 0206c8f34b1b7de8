"""Connections to the records' database: SQLite in a file, or PostgreSQL; made, opened, migrated forward.

Writers stand in line: SQLite by `BEGIN IMMEDIATE`, PostgreSQL by one advisory lock held until the
transaction ends. So the log's indexes have no gap and no double, whoever writes at once.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from auditwright.core.ports import NewerStoreError, StoreError
from auditwright.store.disk import PRIVATE_FILE
from auditwright.store.migrations import HEAD, REVISIONS, VERSION_TABLE

LOCK_TIMEOUT_S = 60
"""Longer than any one transaction takes; a writer that waits longer waits for one that hangs."""

WAL_BYTES = 4 * 1024 * 1024
"""What the write-ahead log shrinks to after a large transaction."""

_WRITES = "auditwright_writes"
_ADVISORY_LOCK = 0x41554449545752  # "AUDITWR": any number that other programs do not use on this database


def open_engine(url: str, lock_timeout_s: float = LOCK_TIMEOUT_S) -> Engine:
    """Open a store that is there, migrating it forward where it is older; raises StoreError, NewerStoreError."""
    engine, place = _engine(url, lock_timeout_s, create=False)
    try:
        with errors("open", place):
            with engine.connect() as connection:
                revision = _revision(connection)
            if _must_migrate(revision, place):
                _migrate(engine, place)
    except BaseException:
        engine.dispose()
        raise
    return engine


def create_engine_and_tables(url: str) -> Engine:
    """Make a store where none is; raises StoreError."""
    engine, place = _engine(url, LOCK_TIMEOUT_S, create=True)
    try:
        with errors("make", place):
            _refuse_existing(engine, place)
            if engine.dialect.name == "sqlite":
                _journal_ahead(engine)
            _migrate(engine, place)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def filled_engine(url: str, revision: str) -> Iterator[tuple[Connection, str, Callable[[], None]]]:
    """Make a store at a revision and fill it, in the one transaction of the block; raises StoreError, NewerStoreError.

    Gives the connection, the place for messages, and what brings the store to the newest revision.
    """
    _must_migrate(revision, "the records of this backup")
    engine, place = _engine(url, LOCK_TIMEOUT_S, create=True)
    try:
        with errors("make", place):
            _refuse_existing(engine, place)
            with writing(engine) as connection:
                _upgrade(connection, revision)
                yield connection, place, lambda: _upgrade(connection, HEAD)
            if engine.dialect.name == "sqlite":
                _journal_ahead(engine)
    finally:
        engine.dispose()


def _refuse_existing(engine: Engine, place: str) -> None:
    with engine.connect() as connection:
        if _revision(connection):
            message = f"there is a store at {place} already; open it, or choose another place"
            raise StoreError(message)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction with the one writer's place; commits at the end of the block."""
    with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        yield connection


@contextmanager
def errors(doing: str, place: str) -> Iterator[None]:
    """Say what the database refused, and what to do about it."""
    try:
        yield
    except SQLAlchemyError as error:
        raise store_error(doing, place, error) from error


def store_error(doing: str, place: str, error: Exception) -> StoreError:
    """What the database refused, without its connection string, and what to do about it."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    why = " ".join(str(cause).split())
    remedies = {
        "locked": "another process has been writing for too long; see what it does, or stop it",
        "lock timeout": "another process has been writing for too long; see what it does, or stop it",
        "malformed": "the file is damaged; restore it from a backup",
        "not a database": "the file is damaged or belongs to another program; restore it from a backup",
        "disk is full": "free some space on that disk and run again",
        "No space left": "free some space on that disk and run again",
        "disk I/O error": "check the disk; restore from a backup if it is damaged",
        "readonly": "give this user write permission to the file and its folder",
        "No module named 'psycopg": "install `auditwright[postgres]`",
        "onnection": "see that the database runs and can be reached from here",
    }
    remedy = next(
        (remedy for sign, remedy in remedies.items() if sign in why),
        "nothing was kept; correct it and run again",
    )
    return StoreError(f"cannot {doing} {place}: {why}; {remedy}")


def place_of(engine: Engine) -> str:
    """Where a store is, for messages: never with a password."""
    return _place(engine.url)


def _place(url: URL) -> str:
    return f"the records in {url.render_as_string(hide_password=True)}"


def _engine(url: str, lock_timeout_s: float, *, create: bool) -> tuple[Engine, str]:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        message = "the database's address cannot be read; write sqlite:///<file> or postgresql://<user>@<host>/<name>"
        raise StoreError(message) from error
    place = _place(parsed)
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed, lock_timeout_s, create=create), place
        case "postgresql":
            return _postgresql(parsed, lock_timeout_s, place), place
        case other:
            message = f"{other} is no database that holds records; use sqlite:///<file> or postgresql://<user>@<host>/<name>"
            raise StoreError(message)


def _sqlite(url: URL, lock_timeout_s: float, *, create: bool) -> Engine:
    path = Path(url.database or "")
    if not create and not path.is_file():
        message = f"there is no store at {path}; run `auditwright init`, or correct the path"
        raise StoreError(message)
    if create:
        try:
            path.touch(mode=PRIVATE_FILE)
        except OSError as error:
            message = (
                f"cannot make the store at {path}: {error.strerror}; make its folder, or correct the path"
            )
            raise StoreError(message) from error

    def connect() -> sqlite3.Connection:
        # mode=rw: a file that vanished must not come back empty.
        return sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=rw",
            uri=True,
            timeout=lock_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )

    engine = create_engine(url, creator=connect)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    del entry
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _journal_ahead(engine: Engine) -> None:
    """Write-ahead journal: readers do not wait for the writer. The file remembers it."""
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.execute("PRAGMA journal_mode = WAL")


def _postgresql(url: URL, lock_timeout_s: float, place: str) -> Engine:
    try:
        engine = create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except (ImportError, NoSuchModuleError) as error:
        raise store_error("open", place, error) from error

    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITES):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {round(lock_timeout_s * 1000)}")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")

    event.listen(engine, "begin", begin)
    return engine


def _revision(connection: Connection) -> str:
    """The revision that a store has; empty where there is no store."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return ""
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608  # a constant
    return str(found or "")


def _must_migrate(revision: str, place: str) -> bool:
    if not revision:
        message = f"{place}: it holds no store of Auditwright; run `auditwright init`, or correct the address"
        raise StoreError(message)
    if revision not in REVISIONS:
        message = f"{place} were written by a newer version of Auditwright (revision {revision}); install that version"
        raise NewerStoreError(message)
    return revision != HEAD


def _migrate(engine: Engine, place: str) -> None:
    """Bring a store to the newest revision, in one transaction, while nobody else writes."""
    with writing(engine) as connection:
        revision = _revision(connection)
        if revision and not _must_migrate(revision, place):
            return  # another process did it while this one waited
        _upgrade(connection, HEAD)


def _upgrade(connection: Connection, revision: str) -> None:
    """Bring a store forward to a revision, in the transaction of its connection."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
