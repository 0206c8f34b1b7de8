"""Records in SQLite or PostgreSQL: what happened, and the leaves of the log that vouch for it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, Engine, Insert, RowMapping, Select, Table, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from auditwright.core.ids import Digest, RunId, TestId
from auditwright.core.log import LogEntry, leaf_hash
from auditwright.core.ports import StoreError
from auditwright.core.question import MAX_PAGE_ROWS, Answer, Condition, Question
from auditwright.core.run import Checkpoint, EvidenceRecord, Finding, GapRecord, JobRecord, ResultRecord, Run
from auditwright.store import rows
from auditwright.store.asking import all_of, page
from auditwright.store.database import (
    LOCK_TIMEOUT_S,
    create_engine_and_tables,
    errors,
    open_engine,
    place_of,
    store_error,
    writing,
)
from auditwright.store.lists import listed
from auditwright.store.memory import HASH_BYTES, abandoned, assert_checkpoint, assert_tile, check_range
from auditwright.store.schema import (
    CHECKPOINTS,
    EVIDENCE,
    FINDINGS,
    GAPS,
    JOBS,
    LEAVES,
    RESULTS,
    RUNS,
    TILES,
)

LEAF_BATCH = 2_000
"""Leaves written by one statement: enough to cost little each, few enough to hold in memory at 64 KiB."""

READ_BATCH = 4_000
"""Leaves read by one statement while a log is streamed."""

T = TypeVar("T")
K = TypeVar("K")


def open_records(url: str, *, lock_timeout_s: float = LOCK_TIMEOUT_S) -> "SqlRecords":
    """Open records that are there, migrating them forward where they are older.

    Raises StoreError where there are none, NewerStoreError where a newer version wrote them.
    A writer waits `lock_timeout_s` for its turn.
    """
    return SqlRecords(open_engine(url, lock_timeout_s))


def create_records(url: str) -> "SqlRecords":
    """Make records where there are none; raises StoreError where there are."""
    return SqlRecords(create_engine_and_tables(url))


class SqlTransaction:
    """Writes of one transaction. After one of them failed, none is kept."""

    __slots__ = ("_connection", "_leaves", "_place", "_size", "failed")

    def __init__(self, connection: Connection, place: str) -> None:
        self._connection = connection
        self._place = place
        self._leaves: list[dict[str, object]] = []
        self._size: int | None = None
        self.failed = ""

    def append(self, entry: LogEntry) -> int:
        """Add a leaf; returns its index."""
        self._go_on()
        if self._size is None:
            self._size = _size(self._connection)
        seq = self._size
        leaf = entry.leaf(seq)
        self._leaves.append({"seq": seq, "leaf": leaf, "hash": leaf_hash(leaf)})
        self._size += 1
        if len(self._leaves) >= LEAF_BATCH:
            self.flush()
        return seq

    def put_run(self, run: Run) -> None:
        """Add a run, or replace it by its id."""
        self._write(self._upsert(RUNS), [rows.of_run(run)])

    def finish_job(self, job: JobRecord) -> bool:
        """Record a job as finished; False, and nothing written, where it already was."""
        self.flush()
        there = select(JOBS.c.job).where(JOBS.c.run == job.run, JOBS.c.job == job.job)
        if self._connection.execute(there).first():
            return False
        self._write(insert(JOBS), [rows.of_job(job)])
        return True

    def add_evidence(self, records: Sequence[EvidenceRecord]) -> None:
        """Add evidence whose leaves are in the log."""
        self._write(insert(EVIDENCE), [rows.of_evidence(record) for record in records])

    def add_gaps(self, records: Sequence[GapRecord]) -> None:
        """Add gaps whose leaves are in the log."""
        self._write(insert(GAPS), [rows.of_gap(record) for record in records])

    def add_results(self, records: Sequence[ResultRecord]) -> None:
        """Add results; one that is there for its (run, test) raises StoreError."""
        self._write(insert(RESULTS), [rows.of_result(record) for record in records])

    def put_findings(self, findings: Sequence[Finding]) -> None:
        """Add findings, or replace them by their (test, item)."""
        self._write(self._upsert(FINDINGS), [rows.of_finding(finding) for finding in findings])

    def put_tiles(self, tiles: Iterable[tuple[int, int, Sequence[bytes]]]) -> None:
        """Keep complete tiles of the log's tree; one that is there stays."""
        new = []
        for level, index, hashes in tiles:
            assert_tile(hashes)
            new.append({"level": level, "tile": index, "hashes": b"".join(hashes)})
        self._write(self._insert_new(TILES), new)

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Add a checkpoint."""
        assert_checkpoint(checkpoint)
        self._write(insert(CHECKPOINTS), [rows.of_checkpoint(checkpoint)])

    def keep(self, records: Sequence[object]) -> None:
        """Add records of accounts and acts, all of one type, or replace them by their key."""
        if records:
            form = _kept_form(type(records[0]))
            self._write(self._upsert(form), [listed(type(record)).write(record) for record in records])

    def drop(self, kind: type[K], where: Sequence[Condition]) -> None:
        """Take away records that meet every condition."""
        self.flush()
        table = _kept_form(kind)
        with errors("write to", self._place):
            self._connection.execute(delete(table).where(all_of(table, where)))

    def kept(self, kind: type[K], *where: Condition) -> Sequence[K]:
        """Every record of a type that meets the conditions, by key, as this transaction sees them."""
        self.flush()
        with errors("read", self._place):
            return _kept(self._connection, kind, where)

    def flush(self) -> None:
        """Write the leaves that were appended so far."""
        self._go_on()
        if self._leaves:
            leaves, self._leaves = self._leaves, []
            self._execute(insert(LEAVES), leaves)

    def _write(self, statement: Insert, values: Sequence[Mapping[str, object]]) -> None:
        self.flush()
        if values:
            self._execute(statement, values)

    def _execute(self, statement: Insert, values: Sequence[Mapping[str, object]]) -> None:
        try:
            self._connection.execute(statement, values)
        except (SQLAlchemyError, UnicodeError, OverflowError) as error:
            self.failed = str(store_error("write to", self._place, error))
            raise StoreError(self.failed) from error

    def _go_on(self) -> None:
        if self.failed:
            raise StoreError(abandoned(self.failed))

    def _upsert(self, table: Table) -> Insert:
        """Insert a row, or replace the one of the same key where it stands."""
        statement = self._dialect_insert(table)
        changed = {
            column.name: statement.excluded[column.name] for column in table.c if not column.primary_key
        }
        return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)

    def _insert_new(self, table: Table) -> Insert:
        return self._dialect_insert(table).on_conflict_do_nothing(index_elements=list(table.primary_key))

    def _dialect_insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        if self._connection.dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)


class SqlRecords:
    """Records in a database."""

    __slots__ = ("_engine", "_place")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._place = place_of(engine)

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """Begin; commits at the end of the block, rolls back when it raises. One writer at a time."""
        with errors("write to", self._place), writing(self._engine) as connection:
            transaction = SqlTransaction(connection, self._place)
            yield transaction
            transaction.flush()

    def runs(self) -> Sequence[Run]:
        """Every run, the oldest first."""
        return self._all(select(RUNS).order_by(RUNS.c.started_at, RUNS.c.id), rows.run)

    def run(self, run: RunId) -> Run | None:
        """The run with this id."""
        return next(iter(self._all(select(RUNS).where(RUNS.c.id == run), rows.run)), None)

    def jobs(self, run: RunId) -> Sequence[JobRecord]:
        """A run's finished jobs, by id."""
        return self._all(select(JOBS).where(JOBS.c.run == run).order_by(JOBS.c.job), rows.job)

    def evidence(self, run: RunId) -> Sequence[EvidenceRecord]:
        """A run's evidence in the order of the log."""
        return self._all(
            select(EVIDENCE).where(EVIDENCE.c.run == run).order_by(EVIDENCE.c.seq), rows.evidence
        )

    def evidence_by_digest(self, digest: Digest) -> Sequence[EvidenceRecord]:
        """Every record of these bytes, in the order of the log."""
        wanted = select(EVIDENCE).where(EVIDENCE.c.digest == digest).order_by(EVIDENCE.c.seq)
        return self._all(wanted, rows.evidence)

    def gaps(self, run: RunId) -> Sequence[GapRecord]:
        """A run's gaps in the order of the log."""
        return self._all(select(GAPS).where(GAPS.c.run == run).order_by(GAPS.c.seq), rows.gap)

    def results(self, run: RunId) -> Sequence[ResultRecord]:
        """A run's results, by test id."""
        return self._all(select(RESULTS).where(RESULTS.c.run == run).order_by(RESULTS.c.test), rows.result)

    def results_of(self, test: TestId, since: datetime, until: datetime) -> Sequence[ResultRecord]:
        """A test's results with since <= concluded_at < until, the oldest first."""
        at = RESULTS.c.concluded_at
        wanted = select(RESULTS).where(RESULTS.c.test == test, at >= since, at < until)
        return self._all(wanted.order_by(at, RESULTS.c.seq), rows.result)

    def findings(self, *, include_closed: bool = False) -> Sequence[Finding]:
        """Findings by (first seen, test, item)."""
        wanted = select(FINDINGS).order_by(FINDINGS.c.first_seen_at, FINDINGS.c.test, FINDINGS.c.item)
        if not include_closed:
            wanted = wanted.where(FINDINGS.c.closed_at.is_(None))
        return self._all(wanted, rows.finding)

    def log_size(self) -> int:
        """How many leaves the log has."""
        with self._reading() as connection:
            return _size(connection)

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        """The exact leaves of [start, stop), in order, streamed; raises StoreError beyond the log's end."""
        check_range(start, stop, self.log_size())
        return (
            leaf
            for first in range(start, stop, READ_BATCH)
            for leaf in self._leaves(first, min(first + READ_BATCH, stop))
        )

    def leaf_hashes(self, start: int, stop: int) -> Sequence[bytes]:
        """The leaf hashes of [start, stop), 32 bytes each; raises StoreError beyond the log's end."""
        check_range(start, stop, self.log_size())
        return self._column(select(LEAVES.c.seq, LEAVES.c.hash), start, stop)

    def tile(self, level: int, index: int) -> Sequence[bytes] | None:
        """A complete tile of the log's tree."""
        wanted = select(TILES.c.hashes).where(TILES.c.level == level, TILES.c.tile == index)
        with self._reading() as connection:
            found = connection.execute(wanted).scalar_one_or_none()
        return None if found is None else _split(found)

    def checkpoints(self) -> Sequence[Checkpoint]:
        """Every checkpoint, the smallest first."""
        return self._all(select(CHECKPOINTS).order_by(CHECKPOINTS.c.size, CHECKPOINTS.c.id), rows.checkpoint)

    def kept(self, kind: type[K], *where: Condition) -> Sequence[K]:
        """Every record of a type that meets the conditions, by key."""
        with self._reading() as connection:
            return _kept(connection, kind, where)

    def answer(self, kind: type[K], question: Question, *, as_of: datetime | None = None) -> Answer[K]:
        """One page of the records of a type, and how many there are in all."""
        assert question.limit <= MAX_PAGE_ROWS, f"a page has at most {MAX_PAGE_ROWS} rows"
        form = listed(kind)
        source = form.source_as_of(as_of)
        counted = select(func.count()).select_from(source).where(all_of(source, question.where))
        with self._reading() as connection:
            found = connection.execute(page(source, form.key, question)).mappings() if question.limit else ()
            rows = [form.read(row) for row in found]
            # A page that is not full is the last: it says itself how many rows there are.
            is_last = len(rows) < question.limit and (bool(rows) or not question.offset)
            total = question.offset + len(rows) if is_last else connection.execute(counted).scalar_one()
            return Answer(rows=rows, total=total)

    def tally(
        self, kind: type[K], by: Sequence[str], *where: Condition, as_of: datetime | None = None
    ) -> Mapping[tuple[object, ...], int]:
        """How many records that meet the conditions have each combination of the fields' values."""
        source = listed(kind).source_as_of(as_of)
        fields = [source.c[name] for name in by]
        wanted = select(*fields, func.count()).where(all_of(source, where)).group_by(*fields)
        with self._reading() as connection:
            return {tuple(values): count for *values, count in connection.execute(wanted)}

    def least(
        self,
        kind: type[K],
        by: Sequence[str],
        field: str,
        *where: Condition,
        as_of: datetime | None = None,
    ) -> Mapping[tuple[object, ...], object]:
        """The least value of a field among the records that meet the conditions, by other fields' values."""
        source = listed(kind).source_as_of(as_of)
        fields = [source.c[name] for name in by]
        least = func.min(source.c[field], type_=source.c[field].type)
        wanted = select(*fields, least).where(all_of(source, where)).group_by(*fields)
        with self._reading() as connection:
            return {tuple(values): found for *values, found in connection.execute(wanted)}

    def greatest(self, kind: type[K], field: str, *where: Condition) -> object:
        """The greatest value of a field among the records that meet the conditions; None where none does."""
        source = listed(kind).source
        wanted = select(func.max(source.c[field], type_=source.c[field].type)).where(all_of(source, where))
        with self._reading() as connection:
            return connection.execute(wanted).scalar_one()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _leaves(self, start: int, stop: int) -> Sequence[bytes]:
        return self._column(select(LEAVES.c.seq, LEAVES.c.leaf), start, stop)

    def _column(self, wanted: Select[int, bytes], start: int, stop: int) -> list[bytes]:
        """One column of [start, stop), every row of it."""
        ranged = wanted.where(LEAVES.c.seq >= start, LEAVES.c.seq < stop).order_by(LEAVES.c.seq)
        with self._reading() as connection:
            found = connection.execute(ranged).all()
        for expected, (seq, _) in enumerate(found, start):
            if seq != expected:
                message = f"leaf {expected} is missing from the log in {self._place}; restore the records from a backup"
                raise StoreError(message)
        return [value for _, value in found]

    def _all(self, wanted: Select[*tuple[object, ...]], read: Callable[[RowMapping], T]) -> list[T]:
        with self._reading() as connection:
            return [read(row) for row in connection.execute(wanted).mappings()]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with errors("read", self._place), self._engine.connect() as connection:
            yield connection


def _kept(connection: Connection, kind: type[K], where: Sequence[Condition]) -> list[K]:
    form = listed(kind)
    wanted = select(form.source).where(all_of(form.source, where))
    ordered = wanted.order_by(*(form.source.c[name] for name in form.key))
    return [form.read(row) for row in connection.execute(ordered).mappings()]


def _kept_form(kind: type[object]) -> Table:
    form = listed(kind)
    assert form.kept, f"{kind.__name__} has its own way into the records"
    assert isinstance(form.source, Table)
    return form.source


def _size(connection: Connection) -> int:
    last = connection.execute(select(func.max(LEAVES.c.seq))).scalar()
    return 0 if last is None else last + 1


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
