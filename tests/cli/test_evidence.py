"""Evidence at the terminal: what will be lost is said, and nothing goes before somebody says yes."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from auditwright.app.workspace import open_workspace
from auditwright.core.act import Erasure
from tests.app.programs import auditwright, run_program

COMMAND = (sys.executable, "-c", "from auditwright.cli.main import main; main()")


def answered(arguments: list[str], answer: bytes) -> tuple[int, str]:
    """The exit code and the text of a command on a terminal on which somebody answers its one question."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
        env={**os.environ, "COLUMNS": "200", "TERM": "dumb"},
    )
    os.close(theirs)
    said = b""
    asked = False
    try:
        while piece := read(ours):
            said += piece
            if not asked and b"[y/N]" in said:
                asked = True
                os.write(ours, answer)
    finally:
        code = process.wait(timeout=120)
        os.close(ours)
    assert asked, said.decode()
    return code, said.decode()


def read(terminal: int) -> bytes:
    """What comes next; nothing where the program ended."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


@pytest.mark.parametrize(("answer", "erased"), [(b"n\n", False), (b"\n", False), (b"y\n", True)])
def test_what_will_be_lost_is_said_and_only_a_yes_erases(
    tmp_path: Path, answer: bytes, *, erased: bool
) -> None:
    program = run_program(tmp_path / "acme")
    with open_workspace(program) as workspace:
        (run,) = workspace.stores.records.runs()
        (record,) = workspace.stores.records.evidence(run.id)
    code, said = answered(
        ["evidence", "erase", record.digest[:16], "--reason", "asked", "--program", str(program)], answer
    )
    assert "acme.titled" in said, "which conclusions rest on it"
    assert "Lost for good" in said
    assert "Not touched" in said
    with open_workspace(program) as workspace:
        assert bool(workspace.stores.records.kept(Erasure)) == erased
        assert (record.digest in workspace.stores.evidence) != erased
    assert (code == 0) == erased
    assert (f"Erased {record.digest}" in said) == erased


def test_a_digest_alone_shows_the_piece_and_help_names_the_commands(tmp_path: Path) -> None:
    program = run_program(tmp_path / "acme")
    with open_workspace(program) as workspace:
        (run,) = workspace.stores.records.runs()
        (record,) = workspace.stores.records.evidence(run.id)
    for arguments in (["show", record.digest], [record.digest], ["--program", program, record.digest]):
        shown = auditwright(
            "evidence", *arguments, *(() if "--program" in arguments else ("--program", program))
        )
        assert (shown.code, "Ada Lovelace" in shown.out) == (0, True), shown.err
    assert "erased" in auditwright("evidence", "--help").out
    assert "Nothing was erased." in auditwright("evidence", "erased", "--program", program).out
