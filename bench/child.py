"""Run a program in a process of its own, and measure it: wall time, peak memory, exit code.

Linux hands a process's peak memory on to what it starts, so a large parent would be measured with its child.
Between the two stands a small interpreter (this file, run as a program) that starts the child and waits for it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.rows import CannotMeasureError

KIB = 1024
MB = 1_000_000

MAX_SAID = 2_000
"""Characters of a child's last words that an error repeats."""

AUDITWRIGHT = (sys.executable, "-c", "from auditwright.cli.main import main; main()")
"""The command as its entry point calls it, with the interpreter of this process."""

_LAUNCH = """\
import json, os, subprocess, sys, time
start = time.perf_counter()
child = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(child.pid, 0)
wall = time.perf_counter() - start
with open(sys.argv[1], "w") as file:
    json.dump([wall, used.ru_maxrss, os.waitstatus_to_exitcode(status)], file)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a program ran."""

    wall_s: float
    peak_mb: float
    code: int
    said: str
    """What it wrote to standard error."""


def run(
    command: Sequence[str | Path], scratch: Path, *, env: Mapping[str, str] | None = None, timeout_s: float
) -> Ran:
    """Run a program and measure it; raises CannotMeasureError where it takes too long."""
    report = scratch / "measured.json"
    launcher = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _LAUNCH, str(report), *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
        start_new_session=True,  # so that it can be ended together with what it starts
    )
    try:
        _, said = launcher.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise CannotMeasureError(f"{command[0]} took longer than {timeout_s:.0f} s") from None
    finally:
        if launcher.poll() is None:
            os.killpg(launcher.pid, signal.SIGKILL)
            launcher.communicate()
    if launcher.returncode:
        raise CannotMeasureError(f"{command[0]} could not be started: {said[-MAX_SAID:]}")
    wall_s, peak_kib, code = json.loads(report.read_text())
    report.unlink()
    return Ran(wall_s=wall_s, peak_mb=peak_kib * KIB / MB, code=code, said=said)


def expect(ran: Ran, codes: Sequence[int], what: str) -> Ran:
    """The same, where it ended as it should; raises CannotMeasureError with its last words otherwise."""
    if ran.code not in codes:
        raise CannotMeasureError(f"{what} ended with {ran.code}: {ran.said[-MAX_SAID:]}")
    return ran


def timed(start: float) -> float:
    """Seconds since `start`."""
    return time.perf_counter() - start
