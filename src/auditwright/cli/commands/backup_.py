"""auditwright backup."""

from datetime import UTC, datetime
from pathlib import Path

import click

from auditwright.app.workspace import open_workspace
from auditwright.cli.output import AS_JSON, PROGRAM, console, print_json, shown
from auditwright.render.words import many, size

EXIT_INCOMPLETE = 3


@click.command("backup")
@click.argument("out", type=click.Path(path_type=Path))
@PROGRAM
@AS_JSON
def command(out: Path, program: Path, as_json: bool) -> None:
    """Write all of a program into the new file OUT, a tar: definitions, records, evidence, inventory and keys.

    It may be in use meanwhile. Exits with 3 where the records name evidence that could not be read.
    """
    from auditwright.app.backup import back_up

    with open_workspace(program) as workspace:
        done = back_up(workspace, out, now=datetime.now(UTC))
    held = done.manifest
    if as_json:
        print_json(
            {
                "path": str(done.path),
                "size_bytes": done.size_bytes,
                "log": {"size": held.log_size, "root": held.log_root},
                "evidence": held.evidence,
                "unreadable": [{"sha256": each.sha256, "reason": each.reason} for each in held.unreadable],
                "left_out": done.left_out,
            }
        )
        raise SystemExit(EXIT_INCOMPLETE if held.unreadable else 0)
    click.echo(
        f"{done.path}: {size(done.size_bytes)}, {many(held.evidence, 'piece')} of evidence, "
        f"log of {many(held.log_size, 'leaf', 'leaves')}, root {held.log_root}."
    )
    click.echo(
        "It contains the log's private key: whoever can read it can sign in the log's name. Keep it like that key."
    )
    out_of_it = console()
    for path in done.left_out:
        out_of_it.print(
            f"[yellow]Left out[/] {shown(path)}: no file in here; copy it here to have it backed up"
        )
    for each in held.unreadable:
        out_of_it.print(f"[red]Not in it[/] evidence {shown(each.reason)}", soft_wrap=True)
    click.echo(f"Restore it: auditwright restore {done.path} FOLDER")
    raise SystemExit(EXIT_INCOMPLETE if held.unreadable else 0)
