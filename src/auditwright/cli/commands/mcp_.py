"""auditwright mcp."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from auditwright.cli.output import PROGRAM


@click.command("mcp")
@PROGRAM
def command(program: Path) -> None:
    """Answer an assistant on this machine: the Model Context Protocol over standard input and output.

    It reads and changes nothing. Answers cite the digests of the evidence that they rest on, and say as of when they
    are. It sees the whole program, as whoever starts it does.
    """
    from auditwright.app.mcp import MAX_LINE, answer
    from auditwright.app.queries.memo import Memo
    from auditwright.app.queries.view import View
    from auditwright.app.workspace import open_workspace

    memo = Memo()
    with open_workspace(program) as workspace:
        workspace.catalogue  # noqa: B018  # what the program names wrongly is said before anything is asked

        def view() -> View:
            now = datetime.now(UTC)
            return View(workspace=workspace, now=now, as_of=now, engagement=None, memo=memo)

        while line := sys.stdin.buffer.readline(4 * MAX_LINE):
            text = line.decode("utf-8", "replace").strip()
            told = answer(text, view) if text else None
            if told is not None:
                sys.stdout.write(f"{told}\n")
                sys.stdout.flush()
