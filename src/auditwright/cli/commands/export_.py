"""auditwright export."""

from datetime import UTC, datetime
from pathlib import Path

import click

from auditwright.app.workspace import open_workspace
from auditwright.cli.output import AS_JSON, PROGRAM, print_json
from auditwright.render.words import many


@click.command("export")
@click.argument("out", type=click.Path(path_type=Path))
@PROGRAM
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="Begin with the last checkpoint before this day (UTC)."
)
@AS_JSON
def command(out: Path, program: Path, since: datetime | None, as_json: bool) -> None:
    """Write a package to OUT: a new folder, or a zip where it ends with .zip.

    It holds the reports, the evidence, the log's leaves with their proofs, and verify.py, with which
    anybody can check all of it without Auditwright.
    """
    from auditwright.app.exporting import export

    with open_workspace(program) as workspace:
        done = export(
            workspace, out, now=datetime.now(UTC), since=since.replace(tzinfo=UTC) if since else None
        )
        key = workspace.verifier_key.text
    if as_json:
        print_json(
            {
                "path": str(done.path),
                "manifest_sha256": done.manifest,
                "leaves": done.leaves,
                "evidence": done.evidence,
                "size": done.checkpoint.size,
                "vkey": key,
            }
        )
        return
    click.echo(
        f"{done.path}: {many(done.evidence, 'piece')} of evidence, {many(done.leaves, 'leaf', 'leaves')} of the log."
    )
    click.echo(f"Verify it: auditwright verify {done.path} --key '{key}'")
    click.echo(
        f"Without Auditwright: python {done.path / 'verify.py' if done.path.suffix != '.zip' else 'verify.py (inside the zip)'}"
    )
