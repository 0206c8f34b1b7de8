"""100,000 resources imported, collected, stored and tested through the real use cases; then again, unchanged."""

import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditwright.app.importing import SavedAnswer, import_aws
from auditwright.app.setup import Answers, set_up
from auditwright.app.workspace import STATE_FOLDER, open_workspace
from bench.answers import ACCOUNT, RESOURCES, answers
from bench.child import AUDITWRIGHT, MB, Ran, expect, run, timed
from bench.rows import Beside, Row, median

TARGET_S = 10.0
TARGET_MB = 300.0
TARGET_DISK_MB = 60.0
TARGET_ADDED_MB = 1.0
TIMEOUT_S = 900.0

CODES = (1,)
"""The account has what deviates, so a run that tested it says so."""


def measure(scratch: Path, repeats: int) -> list[Row]:
    """Import once; run on copies of that program, and on the last of them once more."""
    imported = scratch / "imported"
    size = prepare(imported, scratch)
    program = imported
    runs: list[Ran] = []
    for number in range(repeats):
        program = scratch / f"program-{number}"
        shutil.copytree(imported, program)
        runs.append(_run(program, scratch))
    kept = _bytes_in(program / STATE_FOLDER)
    again = _run(program, scratch)
    added = _bytes_in(program / STATE_FOLDER) - kept
    limit = median(_decoding(scratch / "answers") for _ in range(repeats))
    what = f"resources: {RESOURCES:,}"
    return [
        Row(
            name=f"{what} collected and tested",
            unit="s",
            measured=median(ran.wall_s for ran in runs),
            target=TARGET_S,
            beside=Beside(name="json.loads of the same bytes", value=limit),
            note=f"{size / MB:.0f} MB of answers; median of {repeats}",
        ),
        Row(
            name=f"{what}, peak memory",
            unit="MB",
            measured=median(ran.peak_mb for ran in runs),
            target=TARGET_MB,
            beside=Beside(name="the answers", value=size / MB),
        ),
        Row(
            name=f"{what}, on disk",
            unit="MB",
            measured=kept / MB,
            target=TARGET_DISK_MB,
            beside=Beside(name="the answers", value=size / MB),
        ),
        Row(name=f"{what}, run again unchanged", unit="s", measured=again.wall_s, target=TARGET_S),
        Row(name=f"{what}, added on disk by that", unit="MB", measured=added / MB, target=TARGET_ADDED_MB),
    ]


def prepare(program: Path, scratch: Path) -> int:
    """Set up a program and import every answer; returns the size of the answers in bytes."""
    set_up(program, Answers(organization="Bench", categories=("security",), integrations=()))
    folder = scratch / "answers"
    folder.mkdir()
    # A saved answer is older than its import.
    effective_at = datetime.now(UTC) - timedelta(minutes=1)
    size = 0
    with open_workspace(program) as workspace:
        for number, answer in enumerate(answers()):
            file = folder / f"{number}.json"
            file.write_bytes(answer.body)
            size += len(answer.body)
            import_aws(
                workspace,
                SavedAnswer(
                    service="ec2",
                    command=answer.command,
                    file=file,
                    parameters=answer.parameters,
                    account=ACCOUNT,
                    region=answer.region,
                    effective_at=effective_at,
                ),
                now=datetime.now(UTC),
            )
    return size


def _run(program: Path, scratch: Path) -> Ran:
    ran = run([*AUDITWRIGHT, "run", "--program", program], scratch, timeout_s=TIMEOUT_S)
    return expect(ran, CODES, "`auditwright run`")


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _decoding(folder: Path) -> float:
    bodies = [path.read_bytes() for path in folder.iterdir()]
    start = time.perf_counter()
    for body in bodies:
        json.loads(body)
    return timed(start)
