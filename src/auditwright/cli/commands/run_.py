"""auditwright run."""

from datetime import UTC, datetime
from pathlib import Path

import click

from auditwright.app.standing import standing
from auditwright.app.workspace import open_workspace
from auditwright.cli.output import AS_JSON, PROGRAM, print_json, watched
from auditwright.cli.standing import print_standing, standing_json


@click.command("run")
@PROGRAM
@AS_JSON
def command(program: Path, as_json: bool) -> None:
    """Collect from every integration, test the controls, and seal the log.

    A run that was interrupted is taken up where it stopped. The exit code says what came of it.
    """
    from auditwright.app.running import run

    with open_workspace(program) as workspace:
        with watched(quiet=as_json) as progress:
            done = run(workspace, progress)
        now = standing(workspace, done.run, at=datetime.now(UTC), results=done.results)
        if as_json:
            print_json(standing_json(now, resumed=done.resumed))
        else:
            print_standing(now, resumed=done.resumed)
    raise SystemExit(now.exit_code)
