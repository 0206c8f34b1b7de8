"""Running the `git` program: bounded in time and output, without hooks, prompts or configured commands."""

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditwright.core.evidence import GapReason

MAX_ERROR: Final = 500
"""Characters of git's own words that are kept: its first sentences say what is wrong."""

MAX_ERROR_BYTES: Final = 1_000_000
"""What git may write to its error output; a remote can make it write without end."""

CLONE_PROTOCOLS: Final = ("https", "ssh", "file")
"""Over http and git:// anybody on the way could change the history."""

_CHUNK_BYTES: Final = 1 << 16

_SAFE: Final = (
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "protocol.ext.allow=never"),
    *("-c", "trailer.separators=:"),
    "--no-pager",
    "--no-replace-objects",
)

_KEPT_VARIABLES: Final = re.compile(
    r"GIT_(SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS|SSL_CAINFO|SSL_CAPATH"
    r"|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+))"
)
"""Variables that say how to reach a host. The others say which repository is read (a hook sets them)."""

_USER_IN_URL: Final = re.compile(r"(?<=://)[^\s/]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why something of a repository cannot be seen, and what to do."""

    reason: GapReason
    detail: str
    remedy: str
    stopped: bool = False
    """True where git was stopped for its size or time; less of it may fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What git wrote, and its exit code."""

    output: bytes
    error: str
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long git may run and how much it may write."""

    time_s: float
    size_bytes: int


def redacted(text: str) -> str:
    """A text without the user names and passwords of the URLs in it."""
    return _USER_IN_URL.sub("", text)


def environment(*, protocols: Sequence[str] = (), ceiling: Path | None = None) -> Mapping[str, str]:
    """The variables for git: it may use these protocols only, and looks for a repository below `ceiling` only."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or _KEPT_VARIABLES.fullmatch(name)
    }
    own = {
        "LC_ALL": "C",  # errors are recognized by their words
        "GIT_TERMINAL_PROMPT": "0",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_ALLOW_PROTOCOL": ":".join(protocols) or "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_OPTIONAL_LOCKS": "0",
    }
    if ceiling is not None:
        own["GIT_CEILING_DIRECTORIES"] = str(ceiling)
    return {**kept, **own}


def ask(arguments: Sequence[str], *, variables: Mapping[str, str], limits: Limits) -> Answer | Problem:
    """Run git and take what it writes. A failure of git is an Answer with its code."""
    try:
        process = subprocess.Popen(  # noqa: S603  # a fixed program, with its arguments as a list
            ["git", *_SAFE, *arguments],  # noqa: S607  # where the user installed it
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=variables,
            start_new_session=True,  # no terminal to ask on, and one group to stop
        )
    except OSError as error:
        return Problem(
            reason=GapReason.UNAVAILABLE,
            detail=f"git cannot be started: {error.strerror}",
            remedy="Install git, and see that it is on the PATH of the user that runs Auditwright.",
        )
    written: tuple[bytes, bytes] | None = None
    with process:
        try:
            written = _read(process, limits)
        finally:
            if written is None:
                _stop(process)
    if written is None:
        return _stopped(limits)
    output, error_output = written
    words = redacted(error_output.decode(errors="replace").strip())
    return Answer(output=output, error=words[:MAX_ERROR], code=process.returncode)


def _read(process: subprocess.Popen[bytes], limits: Limits) -> tuple[bytes, bytes] | None:
    """Both outputs of a program; None once it is over its time or its size."""
    assert process.stdout is not None
    assert process.stderr is not None
    deadline = time.monotonic() + limits.time_s
    most = {process.stdout.fileno(): limits.size_bytes, process.stderr.fileno(): MAX_ERROR_BYTES}
    held = {descriptor: bytearray() for descriptor in most}
    with selectors.DefaultSelector() as still_open:
        for descriptor in most:
            still_open.register(descriptor, selectors.EVENT_READ)
        while still_open.get_map():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return None
            for key, _ in still_open.select(left_s):
                chunk = os.read(key.fd, _CHUNK_BYTES)
                held[key.fd] += chunk
                if not chunk:
                    still_open.unregister(key.fd)
                if len(held[key.fd]) > most[key.fd]:
                    return None
    output, error = held.values()
    return bytes(output), bytes(error)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End git and the programs that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _stopped(limits: Limits) -> Problem:
    return Problem(
        reason=GapReason.LIMIT,
        detail=f"git was stopped: it ran for {limits.time_s:g} s or wrote {limits.size_bytes} bytes, "
        "the most that it may",
        remedy="Clone the repository beside the program folder, keep that clone fetched, and name its path.",
        stopped=True,
    )
