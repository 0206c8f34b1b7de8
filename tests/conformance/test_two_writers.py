from pathlib import Path

import pytest

from auditwright.store.records import create_records, open_records
from tests.postgres import Cluster
from tests.store.test_kill import check_written, release, start


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_two_processes_append_at_once_and_both_succeed(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = f"sqlite:///{tmp_path}/records.db"
    if database == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres")
        address = cluster.new_database()
    create_records(address).close()
    writers = [start("records", address, name, "60") for name in ("a", "b")]
    for process in writers:
        release(process)
    said = {}
    for name, process in zip(("a", "b"), writers, strict=True):
        assert process.stdout
        with process.stdout as out:
            said[name] = [int(line) for line in out]
        assert process.wait() == 0
        assert said[name] == list(range(60))
    records = open_records(address)
    check_written(records, ["a", "b"], said)
    assert records.log_size() == 240
    records.close()
