"""auditwright report."""

from datetime import UTC, datetime
from pathlib import Path

import click

from auditwright.app.errors import AppError
from auditwright.app.reporting import readiness_report
from auditwright.app.running import latest_run
from auditwright.app.workspace import open_workspace
from auditwright.cli.output import PROGRAM
from auditwright.core.ids import RunId
from auditwright.render.bundle import FORMATS, render_all


@click.command("report")
@PROGRAM
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The folder to write into; a folder `reports` in the program folder unless given.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(FORMATS),
    help="Only this form; may be given again.",
)
@click.option("--run", "run_id", help="The run to report on; the last one unless given.")
def command(program: Path, out: Path | None, formats: tuple[str, ...], run_id: str | None) -> None:
    """Write the readiness report of the last run: HTML, PDF, JSON, CSV and OSCAL."""
    with open_workspace(program) as workspace:
        run = workspace.stores.records.run(RunId(run_id)) if run_id else latest_run(workspace)
        if run is None or run.finished_at is None:
            raise AppError(f"There is no finished run {run_id!r}.")
        as_of = run.finished_at if run_id else datetime.now(UTC)
        report = readiness_report(workspace, run, as_of=as_of)
        folder = out or workspace.folder / "reports"
        for name, body in render_all(report, formats=formats or FORMATS):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            click.echo(str(path))
