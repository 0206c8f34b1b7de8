"""The emulated cloud of the demo: moto's server as a process of its own, and an environment without real credentials.

1. Every setting of AWS, of git and of Auditwright's own database is taken out of the environment, and made-up
   credentials are put in. Whatever the person who runs the demo may reach, the demo cannot.
2. The server takes a free port of the loopback address itself, says which, and ends when its standard input
   is closed: it outlives the demo in no case, not even where the demo is killed.
"""

import importlib.util
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from auditwright.app.demo import emulator_server
from auditwright.app.demo.emulator_server import Told
from auditwright.app.errors import AppError
from auditwright.app.workspace import DATABASE_URL

ANSWER_LIMIT_S: Final = 60.0
"""The server starts in about two seconds; a minute is a machine that is busy with something else."""

END_LIMIT_S: Final = 5.0
"""The server holds nothing that it would have to write; after this it is killed."""

MAX_SAID: Final = 2_000
"""Characters of the server's last words that an error repeats."""

HOME_REGION: Final = "eu-central-1"

_MISSING: Final = (
    "The demo runs on moto, an emulator of AWS, which is not installed. Install it with "
    "`make demo` in a checkout, or with: {python} -m pip install 'moto[server]>=5.2.5'"
)

_FOREIGN: Final = ("AWS_", "BOTO_", "GIT_", "MOTO_")
"""What the environment's settings begin with that lead to somebody's real accounts, or change the emulator."""


class Emulator:
    """The running emulator: its URL, and instructions that its API has no words for."""

    def __init__(self, process: subprocess.Popen[bytes], said: Path) -> None:
        """Wait until the emulator says where it listens; raises AppError."""
        self._process = process
        self._said = said
        self.url = self._line()

    def tell(self, instructions: Iterable[Told]) -> None:
        """Set what only time or a person sets, such as the age of keys; raises AppError."""
        assert self._process.stdin is not None
        for instruction in instructions:
            try:
                self._process.stdin.write(f"{json.dumps(instruction)}\n".encode())
                self._process.stdin.flush()
            except OSError:
                raise AppError(f"The emulator ended.{self._words()}") from None
            answer = self._line()
            assert answer == "done", answer

    def _line(self) -> str:
        assert self._process.stdout is not None
        deadline = time.monotonic() + ANSWER_LIMIT_S
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise AppError(
                    f"The emulator did not answer within {ANSWER_LIMIT_S:.0f} seconds.{self._words()}"
                )
            read = os.read(self._process.stdout.fileno(), 256)
            if not read:
                raise AppError(f"The emulator ended by itself.{self._words()}")
            line += read
        return line.decode("ascii").strip()

    def _words(self) -> str:
        words = self._said.read_text(encoding="utf-8", errors="replace").strip()[-MAX_SAID:]
        return f" It said:\n{words}" if words else ""


@contextmanager
def emulated_cloud(scratch: Path) -> Iterator[Emulator]:
    """Run the emulator while within; what it says goes to a file of the scratch folder. Raises AppError."""
    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
        raise AppError(_MISSING.format(python=sys.executable))
    said = scratch / "emulator.log"
    with said.open("wb") as log:
        server = subprocess.Popen(  # noqa: S603  # this program's own interpreter and module
            [sys.executable, "-W", "ignore", "-m", emulator_server.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"},
            start_new_session=True,  # Ctrl-C reaches the demo alone, which then ends the server
        )
    try:
        yield Emulator(server, said)
    finally:
        _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        server.stdin.close()
        server.wait(timeout=END_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired):
        server.kill()
        server.wait()
    finally:
        server.stdout.close()


@contextmanager
def no_real_credentials(scratch: Path) -> Iterator[None]:
    """Within it, this process and those that it starts have made-up credentials and no way to real ones."""
    before = dict(os.environ)
    empty = scratch / "empty"
    empty.write_bytes(b"")
    os.environ.clear()
    os.environ.update(_cleaned(before, empty))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _cleaned(environment: Mapping[str, str], empty: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environment.items()
        # A proxy of the environment would be asked for the loopback address too.
        if not name.startswith(_FOREIGN) and name != DATABASE_URL and not name.lower().endswith("_proxy")
    }
    return {
        **kept,
        # An empty file instead of the person's own: no profile, no single sign-on, no process that makes keys.
        "AWS_CONFIG_FILE": str(empty),
        "AWS_SHARED_CREDENTIALS_FILE": str(empty),
        "BOTO_CONFIG": str(empty),
        "AWS_EC2_METADATA_DISABLED": "true",
        # AWS's own example of a key, known to everybody and valid nowhere.
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_DEFAULT_REGION": HOME_REGION,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
