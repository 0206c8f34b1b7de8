"""Rows leave one database and come into another as they were, all of them or none."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
import zstandard
from sqlalchemy import create_engine, select, text

from auditwright.core.ports import NewerStoreError, StoreError
from auditwright.store.migrations import HEAD
from auditwright.store.records import create_records, open_records
from auditwright.store.schema import METADATA
from auditwright.store.tables import Part, filling, python_type, snapshot
from tests.postgres import Cluster
from tests.store import samples
from tests.store.test_kill import release, start

COLUMNS = {str(table.name): tuple(table.c.keys()) for table in METADATA.sorted_tables}


def fill_with_samples(url: str) -> None:
    """A row or more of what the records' own tests write, in each of their tables."""
    records = create_records(url)
    with records.transaction() as write:
        write.put_run(samples.run())
        write.finish_job(samples.job())
        write.finish_job(samples.job("job-2", complete=False))
        seqs = [write.append(samples.entry(f"é{number}")) for number in range(300)]
        write.add_evidence([samples.evidence_record(seqs[0])])
        write.add_gaps([samples.gap_record(seqs[1], detail='line\nbreak, "quote", tab\t and \\N')])
        write.add_results([samples.result_record(seqs[2])])
        write.put_tiles([(0, 0, list(records_hashes(seqs)))])
        write.add_checkpoint(samples.checkpoint(3))
        write.add_checkpoint(samples.checkpoint(5))
    records.close()


def records_hashes(seqs: Sequence[int]) -> list[bytes]:
    return [bytes([seq % 256]) * 32 for seq in seqs[:256]]


def parts_of(url: str) -> list[Part]:
    with snapshot(url) as view:
        return list(view.parts())


def fill(url: str, parts: Sequence[Part]) -> None:
    with filling(url, HEAD, COLUMNS) as target:
        for part in parts:
            target.add(part.table, part.packed)
        target.finish()


def test_every_column_of_the_schema_is_of_a_type_that_a_backup_carries() -> None:
    for table in METADATA.sorted_tables:
        for column in table.c:
            assert python_type(column.type) in {bool, int, float, str, bytes}, column


@pytest.mark.parametrize("way", ["sqlite-sqlite", "sqlite-postgres", "postgres-sqlite", "postgres-postgres"])
def test_rows_are_the_same_after_any_way(tmp_path: Path, postgres: Cluster, way: str) -> None:
    urls = [
        postgres.new_database() if kind == "postgres" else f"sqlite:///{tmp_path}/{number}.db"
        for number, kind in enumerate(way.split("-"))
    ]
    fill_with_samples(urls[0])
    before = parts_of(urls[0])
    fill(urls[1], before)
    assert parts_of(urls[1]) == before
    assert {part.table for part in before} >= {
        "leaves",
        "runs",
        "jobs",
        "evidence",
        "gaps",
        "results",
        "tiles",
    }


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_new_rows_follow_the_restored_ones(tmp_path: Path, postgres: Cluster, kind: str) -> None:
    source = f"sqlite:///{tmp_path}/source.db"
    fill_with_samples(source)
    target = postgres.new_database() if kind == "postgres" else f"sqlite:///{tmp_path}/target.db"
    fill(target, parts_of(source))
    records = open_records(target)
    with records.transaction() as write:
        assert write.append(samples.entry("next")) == 300
        write.add_checkpoint(samples.checkpoint(301))
    assert [each.size for each in records.checkpoints()] == [3, 5, 301]
    records.close()


def test_a_view_stays_as_it_was_while_a_writer_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    create_records(url).close()
    writer = start("records", url, "w", "1000000")
    assert writer.stdout is not None
    try:
        release(writer)
        writer.stdout.readline()
        with snapshot(url) as view:
            first = list(view.leaves())
            for _ in range(5):
                writer.stdout.readline()
            assert list(view.leaves()) == first
            assert sum(part.rows for part in view.parts() if part.table == "leaves") == len(first)
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()
    assert open_records(url).log_size() > len(first)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_filling_that_fails_leaves_no_store(tmp_path: Path, postgres: Cluster, kind: str) -> None:
    url = postgres.new_database() if kind == "postgres" else f"sqlite:///{tmp_path}/records.db"
    source = f"sqlite:///{tmp_path}/source.db"
    fill_with_samples(source)
    parts = parts_of(source)
    with pytest.raises(StoreError):
        fill(url, [*parts, parts[-1]])
    with pytest.raises(StoreError, match="no store"):
        open_records(url)
    fill(url, parts)
    assert parts_of(url) == parts


def test_records_that_are_there_are_never_filled_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    fill_with_samples(url)
    before = parts_of(url)
    with pytest.raises(StoreError, match="already"):
        fill(url, before)
    assert parts_of(url) == before


def test_a_newer_revision_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(NewerStoreError, match="newer version"),
        filling(f"sqlite:///{tmp_path}/records.db", "9999", COLUMNS),
    ):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "columns",
    [
        {"leaves": ("seq", "leaf")},
        {"leaves": ("seq", "leaf", "hash", "more")},
        {"leaves": ("seq", "seq", "hash")},
        {"sqlite_master": ("sql",)},
        {'leaves"; DROP TABLE runs; --': ("seq",)},
    ],
)
def test_columns_that_the_revision_does_not_have_are_refused(
    tmp_path: Path, columns: dict[str, tuple[str, ...]]
) -> None:
    with (
        pytest.raises(StoreError, match="columns of its revision"),
        filling(f"sqlite:///{tmp_path}/records.db", HEAD, columns),
    ):
        pass


BOMB = zstandard.ZstdCompressor().compress(bytes(300 * 1024 * 1024))
BLIND = zstandard.ZstdCompressor(write_content_size=False).compress(b'[0,"",""]\n')


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"no zstd",
        BOMB,
        BLIND,
        zstandard.compress(b'["0","",""]\n'),
        zstandard.compress(b'[0,""]\n'),
        zstandard.compress(b'[0,"",null]\n'),
        zstandard.compress(b'[0,"not Base64!",""]\n'),
        zstandard.compress(b'{"seq":0}\n'),
        zstandard.compress(b'[99999999999999999999999,"",""]\n'),
        zstandard.compress(b'[0,"",""]\n') + b"more",
    ],
)
def test_rows_that_no_backup_has_are_refused(tmp_path: Path, packed: bytes) -> None:
    with (
        pytest.raises(StoreError),
        filling(f"sqlite:///{tmp_path}/records.db", HEAD, COLUMNS) as target,
    ):
        target.add("leaves", packed)


def test_rows_of_a_table_that_was_not_announced_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match="does not announce"),
        filling(f"sqlite:///{tmp_path}/records.db", HEAD, {"leaves": COLUMNS["leaves"]}) as target,
    ):
        target.add("runs", zstandard.compress(b""))


def test_an_older_backup_is_filled_into_its_own_tables_and_migrated(tmp_path: Path) -> None:
    """Its rows have the columns of their day; afterwards the store is of today."""
    url = f"sqlite:///{tmp_path}/records.db"
    old = {"leaves": ("seq", "leaf", "hash")}
    line = msgspec.json.encode([0, b"leaf", bytes(32)]) + b"\n"
    with filling(url, "0001", old) as target:
        target.add("leaves", zstandard.compress(line))
        target.finish()
    assert open_records(url).log_size() == 1
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM auditwright_version")).scalar() == HEAD
        for table in METADATA.sorted_tables:
            connection.execute(select(table)).all()
    engine.dispose()
