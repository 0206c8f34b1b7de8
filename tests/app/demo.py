"""The demo on the real emulator, run once for all tests that look at it, as its own process."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditwright.app.workspace import DATABASE_URL

REAL_KEY = "AKIAREALKEYOFSOMEBODY"
TIME_LIMIT_S = 240
AUDITWRIGHT = (sys.executable, "-c", "from auditwright.cli.main import main; main()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What a demo left, which nobody changes: who wants to change it takes a copy."""

    out: Path
    printed: str
    said: str
    trap: Path
    """A file that is there where credentials of somebody real were asked for."""


def finished_demo(factory: pytest.TempPathFactory) -> Demo:
    """The demo of this session of tests, whichever of its processes asks first."""
    base = factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo-of-the-session"
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = home / "printed.json"
        if not kept.exists():
            kept.write_text(json.dumps(_run(home)))
        printed, said = json.loads(kept.read_text())
    return Demo(out=home / "demo", printed=printed, said=said, trap=home / "asked")


def _run(home: Path) -> tuple[str, str]:
    """Run it as somebody whose environment leads to real credentials by every known way."""
    (home / ".aws").mkdir()
    (home / ".aws" / "credentials").write_text(
        f"[default]\naws_access_key_id = {REAL_KEY}\naws_secret_access_key = real\n"
    )
    (home / ".aws" / "config").write_text(f"[profile work]\ncredential_process = touch {home / 'asked'}\n")
    (home / ".gitconfig").write_text("[user]\n\tname = Real Person\n\temail = real@person.example\n")
    done = subprocess.run(
        [*AUDITWRIGHT, "demo", "--out", str(home / "demo")],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIME_LIMIT_S,
        cwd=home,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, done.stderr


def environment(home: Path) -> Mapping[str, str]:
    """An environment that leads to somebody's own cloud, proxy and database."""
    return {
        **os.environ,
        "HOME": str(home),
        "AWS_PROFILE": "work",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        DATABASE_URL: "postgresql://127.0.0.1:1/real",
    }
