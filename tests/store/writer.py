"""A process that writes to the stores until it is killed; tests start it.

`python -m tests.store.writer records <address> <name> <transactions>` appends a leaf and its evidence record in each
transaction. `… evidence <folder> <name> <bodies>` puts bodies. `… inventory <folder> <name> <runs>` records runs.
It says `start`, waits for a line, and then says each number after it was committed.
"""

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from auditwright.core.ids import ResourceId, RunId
from auditwright.core.ports import Snapshot
from auditwright.core.resources import BlockVolume, CloudRegion
from auditwright.store.evidence_folder import FolderEvidence
from auditwright.store.inventory import FolderInventory
from auditwright.store.records import open_records
from tests.store.samples import NOON, SCOPE, entry, evidence_record, run


def body_of(name: str, number: int) -> bytes:
    return f"{name}-{number} ".encode() * 2_000


def snapshots_of(number: int) -> list[Snapshot]:
    """Two kinds whose items change with every run."""
    volumes = [
        BlockVolume(
            id=ResourceId(f"vol-{each}"),
            name=str(number),
            scope=SCOPE,
            evidence=(),
            encrypted=True,
            attached_to=(),
            tags=(),
        )
        for each in range(number, number + 3)
    ]
    region = CloudRegion(id=ResourceId("region"), name=str(number), scope=SCOPE, evidence=())
    return [
        Snapshot(kind=BlockVolume, scope=SCOPE, items=volumes, complete=True),
        Snapshot(kind=CloudRegion, scope=SCOPE, items=[region], complete=True),
    ]


def _records(address: str, name: str) -> Callable[[int], None]:
    records = open_records(address)
    with records.transaction() as transaction:
        transaction.put_run(run(name))

    def write(number: int) -> None:
        with records.transaction() as transaction:
            seq = transaction.append(entry(f"{name}-{number}"))
            transaction.append(entry(f"{name}-{number}-again"))
            transaction.add_evidence([evidence_record(seq, run_id=name, body=body_of(name, number))])

    return write


def _evidence(folder: str, name: str) -> Callable[[int], None]:
    store = FolderEvidence(Path(folder))

    def write(number: int) -> None:
        store.put(body_of(name, number))

    return write


def _inventory(folder: str, name: str) -> Callable[[int], None]:
    store = FolderInventory(Path(folder))

    def write(number: int) -> None:
        store.record(RunId(f"{name}-{number}"), NOON + number * timedelta(hours=1), snapshots_of(number))

    return write


def main() -> None:
    what, where, name, count = sys.argv[1:]
    write = {"records": _records, "evidence": _evidence, "inventory": _inventory}[what](where, name)
    _say("start")
    sys.stdin.readline()
    for number in range(int(count)):
        write(number)
        _say(str(number))


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
