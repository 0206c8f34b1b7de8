import subprocess
import sys
from pathlib import Path

RUNS = 40_000
"""As many as fit into half a minute; `fuzz.py` takes any number."""


LAUNCH = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], check=False).returncode)"
"""Linux counts the memory that a process ever took as that of what it starts, and the fuzzer ends where that is too much:
so a small process stands between it and these tests.
"""


def test_no_bytes_make_a_reader_crash(tmp_path: Path) -> None:
    fuzzer = Path(__file__).with_name("fuzz.py")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCH, sys.executable, str(fuzzer), str(RUNS)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Done {RUNS} runs" in done.stderr
