"""auditwright evidence."""

import sys
from pathlib import Path

import click

from auditwright.app.looking import look_up
from auditwright.app.workspace import open_workspace
from auditwright.cli.output import AS_JSON, PROGRAM, console, print_json, shown
from auditwright.core.log import iso
from auditwright.render.words import moment, visible_block

MAX_SHOWN = 4_000
"""Characters of the bytes that are shown; `--raw` gives them all."""


@click.command("evidence")
@click.argument("digest")
@PROGRAM
@click.option("--raw", is_flag=True, help="Write the bytes alone, as they were kept.")
@AS_JSON
def command(digest: str, program: Path, raw: bool, as_json: bool) -> None:
    """Show one piece of evidence by its SHA-256 DIGEST, or the beginning of it.

    What was asked, when, by whom, how to repeat it by hand, where it stands in the log, and the bytes
    themselves, checked against the digest.
    """
    with open_workspace(program) as workspace:
        found = look_up(workspace, digest)
    if raw:
        sys.stdout.buffer.write(found.body)
        return
    if as_json:
        print_json(
            {
                "sha256": found.digest,
                "size_bytes": len(found.body),
                "collected": [
                    {
                        "run": each.run,
                        "operation": each.query.operation,
                        "parameters": dict(each.query.parameters),
                        "command": each.query.command,
                        "scope": str(each.scope),
                        "principal": each.principal,
                        "collected_at": iso(each.collected_at),
                        "effective_at": iso(each.effective_at),
                        "log_index": each.seq,
                    }
                    for each in found.records
                ],
            }
        )
        return
    out = console()
    out.print(f"[bold]SHA-256[/]  {found.digest}, {len(found.body):,} bytes, checked\n")
    for each in found.records:
        out.print(f"[bold]{shown(each.query.operation)}[/] of {shown(str(each.scope))}")
        out.print(
            f"  asked {moment(each.collected_at)} by {shown(each.principal or 'nobody named')}, log index {each.seq}"
        )
        out.print(f"  [dim]{shown(each.query.command)}[/]\n")
    text = found.body.decode("utf-8", errors="backslashreplace")
    click.echo(visible_block(text[:MAX_SHOWN]))
    if len(text) > MAX_SHOWN:
        click.echo(f"… {len(text) - MAX_SHOWN:,} more characters: auditwright evidence {found.digest} --raw")
