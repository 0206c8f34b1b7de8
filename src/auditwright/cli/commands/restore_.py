"""auditwright restore."""

from pathlib import Path

import click

from auditwright.cli.output import AS_JSON, console, print_json, shown
from auditwright.render.words import many


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@AS_JSON
def command(file: Path, folder: Path, as_json: bool) -> None:
    """Make the new program folder FOLDER from FILE, which `auditwright backup` wrote.

    Records go into the database that AUDITWRIGHT_DATABASE_URL names, which must hold none yet, or into the folder.
    Everything is checked against the digests of the backup and the signed log, or nothing is restored.
    """
    from auditwright.app.restoring import restore

    done = restore(file, folder)
    held = done.manifest
    if as_json:
        print_json(
            {
                "path": str(done.folder),
                "backed_up_at": done.beginning.created_at,
                "log": {"size": done.head.size, "root": done.head.root.hex()},
                "evidence": held.evidence,
                "unreadable": [{"sha256": each.sha256, "reason": each.reason} for each in held.unreadable],
            }
        )
        return
    click.echo(
        f"{done.folder}: log of {many(done.head.size, 'leaf', 'leaves')}, root {done.head.root.hex()}, "
        f"the same as when it was backed up ({done.beginning.created_at}); {many(held.evidence, 'piece')} of evidence."
    )
    for each in held.unreadable:
        console().print(f"[red]Was not in the backup[/] evidence {shown(each.reason)}", soft_wrap=True)
    click.echo(f"See how things stand: auditwright status --program {done.folder}")
