"""Small program folders that tests run, without a cloud."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROSTER = """\
email,name,employment,title,manager,started_on,ended_on,accounts
ada@example.com,Ada Lovelace,employee,Engineer,,2020-01-06,,aws:ada
bob@example.com,Bob Marsh,employee,Engineer,ada@example.com,2021-03-01,,aws:bob
eve@example.com,Eve Lane,contractor,Designer,ada@example.com,2022-05-02,2023-01-31,
"""

SETTINGS = """\
[organization]
name = "Acme"

[scope]
framework = "soc2"
categories = ["security"]

[integrations.people]
roster = "people.csv"
"""

BARE = """\
# What Acme defines.
[organization]
name = "Acme"

[scope]
categories = ["security"]  # security alone

# Stricter than what is assumed.
[tests."identity.access-keys-rotated"]
max_age_days = 60
"""

TITLED = """\
-- id: acme.titled
-- title: Everybody is an engineer
-- controls: HR-01
-- severity: low
-- population: person
-- remediation: Hire an engineer.
SELECT id, CASE WHEN title = 'Engineer' THEN 'satisfied' ELSE 'deviation' END AS outcome,
name || ' is a ' || title AS reason FROM person
"""
"""A test of the organization's own: of the people in the roster, Eve deviates."""


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401  # tests read what they expect
        return json.loads(self.out)


def auditwright(*arguments: str | Path, env: dict[str, str] | None = None, timeout_s: float = 120) -> Ran:
    """Run the command line as a user does, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", "from auditwright.cli.main import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env={**os.environ, **(env or {})},
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def roster_program(folder: Path) -> Path:
    """A program with a roster and nothing else, set up."""
    return Path(shutil.copytree(_roster_program(), folder))


def bare_program(folder: Path) -> Path:
    """A program without any integration, set up, with a roster that nothing reads."""
    return Path(shutil.copytree(_bare_program(), folder))


def run_program(folder: Path) -> Path:
    """A program with a roster and a test that Eve deviates from, after its first run."""
    return Path(shutil.copytree(_run_program(), folder))


@cache
def _kept() -> Path:
    """Where the programs lie that are made once for all tests of a process."""
    folder = Path(tempfile.mkdtemp(prefix="programs-"))
    atexit.register(shutil.rmtree, folder)
    return folder


@cache
def _roster_program() -> Path:
    return _set_up("roster", SETTINGS)


@cache
def _bare_program() -> Path:
    return _set_up("bare", BARE)


def _set_up(name: str, settings: str) -> Path:
    folder = _kept() / name
    folder.mkdir()
    (folder / "auditwright.toml").write_text(settings)
    (folder / "people.csv").write_text(ROSTER)
    made = auditwright("init", folder, "--name", "Acme")
    assert made.code == 0, made.err
    return folder


@cache
def _run_program() -> Path:
    folder = roster_program(_kept() / "run")
    (folder / "tests/titled.sql").write_text(TITLED)
    ran = auditwright("run", "--program", folder)
    assert ran.code == 1, ran.err
    return folder
