import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from auditwright.core.log import leaf_hash
from auditwright.core.ports import NewerStoreError, StoreError
from auditwright.store import database
from auditwright.store.migrations import HEAD, REVISIONS, VERSION_TABLE
from auditwright.store.records import create_records, open_records
from auditwright.store.schema import METADATA
from tests.store.samples import RUN, entry, evidence_record, fill, run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create_records(f"sqlite:///{tmp_path}/records.db").close()
    return tmp_path / "records.db"


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def execute(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.commit()
    connection.close()


def test_records_outlive_the_process_that_wrote_them(path: Path) -> None:
    records = open_records(url(path))
    fill(records, 3)
    records.close()
    again = open_records(url(path))
    assert again.log_size() == 3
    assert list(again.runs()) == [run()]
    again.close()


def test_a_mistyped_path_is_not_made_into_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="run `auditwright init`"):
        open_records(url(tmp_path / "recrods.db"))
    assert list(tmp_path.iterdir()) == []


def test_a_store_is_not_made_where_one_is(path: Path) -> None:
    with pytest.raises(StoreError, match="already"):
        create_records(url(path))


def test_a_store_is_not_made_where_there_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="make its folder"):
        create_records(url(tmp_path / "nowhere" / "records.db"))


def test_a_store_that_was_never_finished_can_be_made_again(tmp_path: Path) -> None:
    (tmp_path / "records.db").touch()
    with pytest.raises(StoreError, match="run `auditwright init`"):
        open_records(url(tmp_path / "records.db"))
    create_records(url(tmp_path / "records.db")).close()
    open_records(url(tmp_path / "records.db")).close()


def test_a_store_of_a_newer_version_is_left_alone(path: Path) -> None:
    execute(path, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")  # noqa: S608
    before = path.read_bytes()
    with pytest.raises(NewerStoreError, match=r"9999.*install that version"):
        open_records(url(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "address", ["", "mysql://h/d", "records.db", "nonsense://x", "sqlite://", "sqlite:///:memory:"]
)
def test_an_address_that_names_no_store_is_a_clear_error(address: str) -> None:
    with pytest.raises(StoreError, match=r"sqlite:///|auditwright init"):
        open_records(address)


def test_a_database_that_cannot_be_reached_is_an_error_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="see that the database runs") as raised:
        open_records(f"postgresql://ada:sesame@/acme?host={tmp_path}")
    assert "sesame" not in str(raised.value)
    assert "sesame" not in str(raised.value.__cause__)


def test_a_file_that_is_no_database_is_a_clear_error(path: Path) -> None:
    path.write_bytes(b"something else entirely " * 999)
    with pytest.raises(StoreError, match="restore it from a backup"):
        open_records(url(path))


def test_a_damaged_database_is_a_clear_error(path: Path) -> None:
    records = open_records(url(path))
    fill(records, 500)
    records.close()
    body = bytearray(path.read_bytes())
    body[4096:] = b"\xff" * (len(body) - 4096)
    path.write_bytes(bytes(body))
    with pytest.raises(StoreError, match="restore it from a backup"):
        _read_everything(path)


def _read_everything(path: Path) -> None:
    records = open_records(url(path))
    try:
        list(records.leaves(0, records.log_size() or 1))
    finally:
        records.close()


def test_a_leaf_that_was_deleted_is_noticed(path: Path) -> None:
    records = open_records(url(path))
    fill(records, 9)
    execute(path, "DELETE FROM leaves WHERE seq = 4")
    with pytest.raises(StoreError, match="leaf 4 is missing"):
        list(records.leaves(0, 9))
    with pytest.raises(StoreError, match="leaf 4 is missing"):
        records.leaf_hashes(2, 9)
    records.close()


def test_a_writer_that_never_gets_its_turn_says_so(path: Path) -> None:
    records = open_records(url(path), lock_timeout_s=0.05)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another process has been writing for too long"):
        fill(records, 1)
    assert records.log_size() == 0
    holder.execute("ROLLBACK")
    holder.close()
    fill(records, 1)
    records.close()


def test_the_migrations_make_the_schema(path: Path) -> None:
    """Column by column, key by key, index by index."""
    engine = create_engine(url(path))
    made = inspect(engine)
    assert set(made.get_table_names()) == {*METADATA.tables, VERSION_TABLE}
    for name, table in METADATA.tables.items():
        columns = {
            column["name"]: (str(column["type"]), column["nullable"]) for column in made.get_columns(name)
        }
        expected = {
            column.name: (column.type.compile(engine.dialect), bool(column.nullable))
            for column in table.columns
        }
        assert columns == expected, name
        keys = made.get_pk_constraint(name)["constrained_columns"]
        assert keys == [column.name for column in table.primary_key], name
        references = {
            (key["constrained_columns"][0], key["referred_table"]) for key in made.get_foreign_keys(name)
        }
        assert references == {(key.parent.name, key.column.table.name) for key in table.foreign_keys}, name
        indexes = {(index["name"], tuple(index["column_names"])) for index in made.get_indexes(name)}
        assert indexes == {(index.name, tuple(index.columns.keys())) for index in table.indexes}, name
    engine.dispose()


def test_the_revisions_known_by_name_are_those_of_alembic() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert tuple(revision.revision for revision in script.walk_revisions())[::-1] == REVISIONS
    assert script.get_heads() == [HEAD]


def test_importing_the_stores_and_opening_one_loads_nothing_that_it_does_not_need(path: Path) -> None:
    program = (
        "import sys, auditwright.store\n"
        "slow = {'sqlalchemy', 'alembic', 'duckdb', 'boto3', 'zstandard', 'psycopg'}\n"
        "assert not slow & set(sys.modules), slow & set(sys.modules)\n"
        "from auditwright.store.records import open_records\n"
        f"open_records({url(path)!r}).close()\n"
        "assert not (slow - {'sqlalchemy'}) & set(sys.modules), slow & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_few_records_take_little_room_and_a_second_run_adds_little(path: Path) -> None:
    records = open_records(url(path))
    fill(records, 20)
    with records.transaction() as transaction:
        transaction.add_evidence([evidence_record(seq) for seq in range(20)])
    records.close()
    first = _size(path)
    assert first < 288 * 1024  # a page of 4 KiB for each table and index, most of them empty
    records = open_records(url(path))
    with records.transaction() as transaction:
        transaction.put_run(run("run-2"))
        kept = [transaction.append(entry(str(number))) for number in range(20)]
        transaction.add_evidence([evidence_record(seq, run_id="run-2") for seq in kept])
    assert len(records.evidence(RUN)) == 20
    records.close()
    assert _size(path) - first < 32 * 1024


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in path.parent.iterdir())


def test_a_large_log_is_hashed_as_it_was_written(path: Path) -> None:
    records = open_records(url(path))
    fill(records, 5_000)
    leaves = list(records.leaves(0, 5_000))
    assert [leaf_hash(leaf) for leaf in leaves] == list(records.leaf_hashes(0, 5_000))
    records.close()
