"""The stores of records that every test of the suite runs on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditwright.core.ports import Records
from auditwright.store.memory import MemoryRecords
from auditwright.store.records import create_records
from tests.postgres import Cluster


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    opened: Records
    match request.param:
        case "memory":
            opened = MemoryRecords()
        case "sqlite":
            opened = create_records(f"sqlite:///{tmp_path}/records.db")
        case _:
            cluster: Cluster = request.getfixturevalue("postgres")
            opened = create_records(cluster.new_database())
    yield opened
    opened.close()
