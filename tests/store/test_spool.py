"""Rows come out of a spool as they were put in, in their order."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.core.ports import StoreError
from auditwright.store import spool
from auditwright.store.query import connect
from auditwright.store.spool import Spool
from tests.store.strategies import TEXT

COLUMNS = {"id": "VARCHAR", "size": "BIGINT", "evidence": "VARCHAR[]", "unknown": "MAP(VARCHAR, VARCHAR)"}
ROWS = st.lists(
    st.tuples(
        TEXT,
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.lists(TEXT, max_size=2),
        st.none() | st.dictionaries(TEXT, TEXT, max_size=2),
    ),
    max_size=5,
)


def read(source: str, listed: str = ", ".join(COLUMNS)) -> list[tuple[object, ...]]:
    with connect(memory="256MB", threads=1) as database:
        return database.execute(f"SELECT {listed} FROM {source} ORDER BY line").fetchall()  # noqa: S608


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


@settings(max_examples=50)
@given(st.lists(ROWS, max_size=3))
def test_rows_come_out_as_they_went_in(
    batches: list[list[tuple[str, int | None, list[str], dict[str, str] | None]]],
) -> None:
    with TemporaryDirectory() as folder, Spool(Path(folder), "thing", COLUMNS) as rows:
        for batch in batches:
            rows.add({name: [row[place] for row in batch] for place, name in enumerate(COLUMNS)})
        assert read(rows.source()) == [row for batch in batches for row in batch]
        assert rows.rows == sum(map(len, batches))


def test_a_column_that_is_not_named_is_null(tmp_path: Path) -> None:
    with Spool(tmp_path, "thing", COLUMNS) as rows:
        rows.add({"id": ["a", "b"]})
        assert read(rows.source()) == [("a", None, None, None), ("b", None, None, None)]


def test_many_rows_take_several_lines_and_files(tmp_path: Path) -> None:
    ids = [f"{number:0100}" for number in range(2 * spool.BYTES_PER_FILE // 100)]
    with Spool(tmp_path, "thing", COLUMNS) as rows:
        rows.add({"id": ids})
        assert [row[0] for row in read(rows.source(), "id")] == ids
        assert len(files(tmp_path)) > 1
    assert files(tmp_path) == []


def test_rows_that_are_large_share_a_line_with_few(tmp_path: Path) -> None:
    ids = [str(number) * (spool.MAX_LINE_BYTES // 3) for number in range(7)]
    with Spool(tmp_path, "thing", COLUMNS) as rows:
        rows.add({"id": ids})
        lines = [line for path in files(tmp_path) for line in path.read_bytes().splitlines()]
        assert [row[0] for row in read(rows.source(), "id")] == ids
    assert max(map(len, lines)) <= spool.MAX_LINE_BYTES


def test_what_follows_can_be_read_by_itself(tmp_path: Path) -> None:
    with Spool(tmp_path, "thing", COLUMNS) as rows:
        rows.add({"id": ["a"]})
        second = rows.next_file()
        rows.add({"id": ["b"]})
        third = rows.next_file()
        assert rows.next_file() == third
        assert read(rows.source(0, second), "id") == [("a",)]
        assert read(rows.source(second, third), "id") == [("b",)]
        assert read(rows.source(third), "id") == []
        assert read(rows.source(), "id") == [("a",), ("b",)]


def test_a_text_that_is_no_unicode_is_an_error_that_shows_it(tmp_path: Path) -> None:
    with Spool(tmp_path, "thing", COLUMNS) as rows:
        with pytest.raises(StoreError, match=r"a thing holds text that is not Unicode: 'x\\ud800'"):
            rows.add({"id": ["a", "x\ud800"]})
        assert rows.rows == 0


def test_a_folder_that_is_gone_is_a_clear_error(tmp_path: Path) -> None:
    with (
        Spool(tmp_path / "gone", "thing", COLUMNS) as rows,
        pytest.raises(StoreError, match="nothing was changed"),
    ):
        rows.add({"id": ["a"]})
