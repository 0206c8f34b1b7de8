"""How long `auditwright --help` takes, beside an interpreter that does nothing."""

import sys
from pathlib import Path

from bench.child import AUDITWRIGHT, expect, run
from bench.rows import Beside, Row, median

STARTS = 15
TARGET_S = 0.15
TIMEOUT_S = 60


def measure(scratch: Path, repeats: int) -> list[Row]:
    """Start both in turn, so that a busy moment of the machine meets both."""
    del repeats  # starts are short: always the same number
    helps: list[float] = []
    bare: list[float] = []
    for _ in range(STARTS):
        bare.append(run([sys.executable, "-c", "pass"], scratch, timeout_s=TIMEOUT_S).wall_s)
        ran = expect(run([*AUDITWRIGHT, "--help"], scratch, timeout_s=TIMEOUT_S), [0], "--help")
        helps.append(ran.wall_s)
    return [
        Row(
            name="cli_start: `auditwright --help`",
            unit="s",
            measured=median(helps),
            target=TARGET_S,
            beside=Beside(name="`python -c pass`", value=median(bare)),
            note=f"median of {STARTS}",
        )
    ]
