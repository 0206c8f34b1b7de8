"""An S3-compatible server for tests: moto, in a process of its own on the loopback interface."""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

READY = "Running on "


@contextmanager
def s3_server() -> Iterator[str]:
    """Start a server; gives its address."""
    # The cloud's own variables must not point a test at a real account.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        try:
            ready = next((line for line in process.stderr if READY in line), "")
            assert ready, "the moto server did not start"
            # Its log has to be read, or it stops when the pipe is full.
            Thread(target=deque, args=(process.stderr,), kwargs={"maxlen": 0}, daemon=True).start()
            yield ready.partition(READY)[2].split()[0]
        finally:
            process.kill()
