"""`auditwright serve` at a terminal, through the real entry point."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

from auditwright.app.workspace import open_workspace
from auditwright.core.account import Invitation, Role
from tests.app.programs import auditwright, roster_program

COMMAND = (sys.executable, "-c", "from auditwright.cli.main import main; main()")

TIMEOUT_S = 60


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def said_until(terminal: int, wanted: str) -> str:
    """What a program says on its terminal until it says something; fails where it ends first."""
    said = ""
    while not re.search(wanted, said):
        said += os.read(terminal, 4096).decode()
    return said


def test_the_first_owner_is_asked_for_and_gets_a_link_that_counts(tmp_path: Path) -> None:
    program, port = roster_program(tmp_path / "acme"), free_port()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "serve", "--program", str(program), "--port", str(port)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
        env={**os.environ, "COLUMNS": "200", "TERM": "dumb"},
    )
    os.close(theirs)
    try:
        said_until(ours, "Email")
        os.write(ours, b"not an email\n")
        said_until(ours, "Name")
        os.write(ours, b"Mira\n")
        assert "Enter an email address" in said_until(ours, "Email")
        os.write(ours, b"mira@example.com\n")
        said_until(ours, "Name")
        os.write(ours, b"Mira Okafor\n")
        said = said_until(ours, "Ctrl-C stops it")
        assert f"http://localhost:{port}/invitation/" in said
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=TIMEOUT_S)
        os.close(ours)
    with open_workspace(program) as workspace:
        (made,) = workspace.stores.records.kept(Invitation)
    assert (made.email, made.role) == ("mira@example.com", Role.OWNER)


def test_a_host_that_others_reach_needs_its_address(tmp_path: Path) -> None:
    program = roster_program(tmp_path / "acme")
    ran = auditwright("serve", "--program", program, "--host", "192.0.2.1")
    assert ran.code == 2
    assert "--url https://" in ran.err
