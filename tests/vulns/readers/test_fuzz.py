import subprocess
import sys
from pathlib import Path

RUNS = 40_000
"""As many as fit into half a minute; `fuzz.py` takes any number."""


def test_no_bytes_make_a_reader_crash(tmp_path: Path) -> None:
    fuzzer = Path(__file__).with_name("fuzz.py")
    done = subprocess.run(
        [sys.executable, str(fuzzer), str(RUNS)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Done {RUNS} runs" in done.stderr
