"""The log is sealed once for each size, whoever seals it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

from auditwright.app.sealing import seal
from auditwright.app.workspace import open_workspace
from auditwright.core.log import LogEntry
from auditwright.core.run import Checkpoint
from auditwright.sign.checkpoint import open_checkpoint
from auditwright.sign.merkle import root_of
from tests.app.programs import roster_program

SEALERS = 4


def test_sealing_at_the_same_time_gives_one_checkpoint_that_holds(tmp_path: Path) -> None:
    """A run that was killed while sealing is taken up beside the next one."""
    with open_workspace(roster_program(tmp_path / "acme")) as workspace:
        records = workspace.stores.records
        for turn in range(5):
            at = datetime.now(UTC)
            with records.transaction() as write:
                write.append(LogEntry(kind="act", at=at, fields={"turn": turn}))
            together = Barrier(SEALERS)

            def sealed(_: int, at: datetime = at, together: Barrier = together) -> Checkpoint:
                together.wait()
                return seal(workspace, at)

            with ThreadPoolExecutor(SEALERS) as pool:
                assert len({made.root for made in pool.map(sealed, range(SEALERS))}) == 1
        sizes = [checkpoint.size for checkpoint in records.checkpoints()]
        assert sizes == sorted(set(sizes))
        newest = records.checkpoints()[-1]
        signed = open_checkpoint(newest.note, workspace.verifier_key)
        assert signed.root == newest.root == root_of(records.leaf_hashes(0, newest.size))
