"""Writers that are killed at any moment lose nothing that they were told is kept, and double nothing."""

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from auditwright.core.evidence import digest_of
from auditwright.core.ids import ResourceId, RunId
from auditwright.core.log import leaf_hash
from auditwright.core.ports import Records
from auditwright.core.resources import BlockVolume, CloudRegion
from auditwright.store.evidence_folder import FolderEvidence
from auditwright.store.inventory import FolderInventory
from auditwright.store.memory_inventory import MemoryInventory
from auditwright.store.records import create_records, open_records
from tests.store.samples import NOON
from tests.store.writer import body_of, snapshots_of

KILLS = 7
"""Of each store: starting a process is what takes the time."""

ENOUGH = 1_000_000


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.writer", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "start\n"
    return process


def release(process: subprocess.Popen[str]) -> None:
    """Let a writer begin, so that two begin together."""
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.close()


def kill_after(process: subprocess.Popen[str], writes: int) -> list[int]:
    """Kill a writer somewhere after a number of writes; what it said is kept."""
    assert process.stdout
    release(process)
    said = [int(process.stdout.readline()) for _ in range(writes)]
    process.kill()
    said += [int(line) for line in process.stdout if line.endswith("\n")]
    process.wait()
    process.stdout.close()
    return said


def check_log(records: Records) -> list[str]:
    """Every leaf holds its own index; every evidence record its own leaf. Gives the texts."""
    size = records.log_size()
    leaves = list(records.leaves(0, size))
    assert [json.loads(leaf)["seq"] for leaf in leaves] == list(range(size))
    assert [leaf_hash(leaf) for leaf in leaves] == list(records.leaf_hashes(0, size))
    return [json.loads(leaf)["text"] for leaf in leaves]


def check_written(records: Records, names: Sequence[str], said: dict[str, list[int]]) -> None:
    texts = check_log(records)
    assert len(set(texts)) == len(texts), "nothing is doubled"
    for name in names:
        kept = [record.digest for record in records.evidence(RunId(name))]
        expected = [digest_of(body_of(name, number)) for number in range(len(kept))]
        assert kept == expected
        # One more may be there than was said: killed between the commit and the word.
        assert len(said[name]) <= len(kept) <= len(said[name]) + 1
        assert sum(text.startswith(f"{name}-") for text in texts) == 2 * len(kept)


def test_a_killed_writer_of_records_loses_and_doubles_nothing(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/records.db"
    create_records(address).close()
    said: dict[str, list[int]] = {}
    chance = random.Random(7)  # noqa: S311  # not a secret
    for kill in range(KILLS):
        process = start("records", address, f"w{kill}", str(ENOUGH))
        said[f"w{kill}"] = kill_after(process, chance.randrange(40))
    records = open_records(address)
    check_written(records, list(said), said)
    records.close()


def test_a_killed_writer_of_evidence_leaves_only_whole_files(tmp_path: Path) -> None:
    root = tmp_path / "evidence"
    FolderEvidence.create(root)
    chance = random.Random(7)  # noqa: S311  # not a secret
    for kill in range(KILLS):
        process = start("evidence", str(root), f"w{kill}", str(ENOUGH))
        said = kill_after(process, chance.randrange(60))
        held = FolderEvidence(root)
        for number in said:
            assert held.get(digest_of(body_of(f"w{kill}", number))) == body_of(f"w{kill}", number)
    store = FolderEvidence(root)
    for digest in store.digests():
        assert digest_of(store.get(digest)) == digest


def test_a_killed_writer_of_the_inventory_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Runs follow each other; each killed one is recorded again, as a resumed run would."""
    root = tmp_path / "inventory"
    FolderInventory.create(root)
    chance = random.Random(7)  # noqa: S311  # not a secret
    reached = -1
    for _ in range(KILLS):
        process = start("inventory", str(root), "run", str(ENOUGH))
        said = kill_after(process, reached + 1 + chance.randrange(4))
        reached = max(reached, *said, -1)
    durable, reference = FolderInventory(root), MemoryInventory()
    for number in range(reached + 2):
        run, at = RunId(f"run-{number}"), NOON + number * timedelta(hours=1)
        durable.record(run, at, snapshots_of(number))
        reference.record(run, at, snapshots_of(number))
    for kind in (BlockVolume, CloudRegion):
        assert list(durable.resources(kind)) == list(reference.resources(kind))
    for item in [ResourceId(f"vol-{number}") for number in range(reached + 5)]:
        assert list(durable.history(BlockVolume, item)) == list(reference.history(BlockVolume, item))
    region = ResourceId("region")
    assert list(durable.history(CloudRegion, region)) == list(reference.history(CloudRegion, region))
