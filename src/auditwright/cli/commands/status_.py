"""auditwright status."""

from datetime import UTC, datetime
from pathlib import Path

import click

from auditwright.app.running import latest_run
from auditwright.app.standing import period_standing, standing
from auditwright.app.workspace import open_workspace
from auditwright.cli.output import AS_JSON, PROGRAM, print_json
from auditwright.cli.standing import period_json, print_period, print_standing, standing_json


@click.command("status")
@PROGRAM
@AS_JSON
@click.option(
    "--period",
    "over_period",
    is_flag=True,
    help="Conclude over the period of auditwright.toml, not the last run alone.",
)
def command(program: Path, as_json: bool, over_period: bool) -> None:
    """Say how things stand after the last run, or over the whole period. Asks no source."""
    with open_workspace(program) as workspace:
        now = datetime.now(UTC)
        if over_period:
            over = period_standing(workspace, now=now)
            if as_json:
                print_json(period_json(over))
            else:
                print_period(over)
            raise SystemExit(over.exit_code)
        stands = standing(workspace, latest_run(workspace), at=now)
        if as_json:
            print_json(standing_json(stands, resumed=False))
        else:
            print_standing(stands, resumed=False)
    raise SystemExit(stands.exit_code)
