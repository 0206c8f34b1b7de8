"""auditwright inventory."""

from datetime import UTC, datetime
from pathlib import Path

import click

from auditwright.app.errors import AppError
from auditwright.app.workspace import open_workspace
from auditwright.cli.output import AS_JSON, PROGRAM, print_json, shown, table
from auditwright.core.ports import QueryError
from auditwright.core.resources import kinds
from auditwright.render.words import many
from auditwright.store.query import mentioned


@click.command("inventory")
@click.argument("sql")
@PROGRAM
@click.option(
    "--as-of",
    "as_of",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"]),
    help="What was known at this time (UTC).",
)
@AS_JSON
def command(sql: str, program: Path, as_of: datetime | None, as_json: bool) -> None:
    r"""Run one SELECT over what was collected, read-only.

    \b
    auditwright inventory "SELECT name, mfa_enrolled FROM user_account" --as-of 2026-11-01
    """
    with open_workspace(program) as workspace:
        since = as_of.replace(tzinfo=UTC) if as_of else None
        try:
            answer = workspace.stores.inventory.query(sql, as_of=since)
        except QueryError as error:
            raise AppError(str(error)) from None
        lost = {
            name: workspace.stores.inventory.erased(kinds()[name], as_of=since)
            for name in mentioned(sql, kinds())
        }
    for kind, count in lost.items():
        if count:
            click.echo(
                f"Not shown: {many(count, 'row')} of {kind}, known by evidence that was erased.", err=True
            )
    if as_json:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
        return
    table(
        (shown(column) for column in answer.columns),
        ((shown("" if value is None else str(value)) for value in row) for row in answer.rows),
    )
