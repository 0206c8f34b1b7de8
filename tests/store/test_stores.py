from pathlib import Path

import pytest

from auditwright.core.ports import StoreError
from auditwright.store import create_stores, open_stores, sqlite_url
from tests.store.samples import fill


def test_stores_are_made_once_and_opened_again(tmp_path: Path) -> None:
    with create_stores(tmp_path) as stores:
        digest = stores.evidence.put(b"{}")
        fill(stores.records, 2)
    with open_stores(tmp_path) as stores:
        assert stores.evidence.get(digest) == b"{}"
        assert stores.records.log_size() == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evidence", "inventory", "records.db"]
    with pytest.raises(StoreError, match="already"):
        create_stores(tmp_path)


def test_an_interrupted_creation_can_be_finished(tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    with pytest.raises(StoreError, match="auditwright init"):
        open_stores(tmp_path)
    create_stores(tmp_path).close()
    open_stores(tmp_path).close()


def test_stores_that_lost_a_folder_do_not_open_as_empty_ones(tmp_path: Path) -> None:
    create_stores(tmp_path).close()
    (tmp_path / "inventory").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="no inventory folder"):
        open_stores(tmp_path)


def test_the_records_can_lie_in_another_database(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    create_stores(tmp_path / "state", database_url=sqlite_url(elsewhere)).close()
    open_stores(tmp_path / "state", database_url=sqlite_url(elsewhere)).close()
    assert (elsewhere / "records.db").is_file()
    assert not (tmp_path / "state" / "records.db").exists()
