"""auditwright verify."""

from pathlib import Path

import click

from auditwright.app.errors import AppError
from auditwright.cli.output import AS_JSON


@click.command("verify")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--key", help="The log's public key, obtained from the organization by another way.")
@AS_JSON
def command(path: Path, key: str | None, as_json: bool) -> None:
    """Verify the package at PATH, a folder or a zip, offline.

    Exits with 0 where everything holds, and with 1 where something does not; each problem is named.
    """
    from auditwright.sign.verify import UsageError, as_text, verify_package
    from auditwright.sign.verify import as_json as report_json

    try:
        report = verify_package(path, key)
    except UsageError as error:
        raise AppError(str(error)) from None
    click.echo(report_json(report) if as_json else as_text(report))
    raise SystemExit(0 if report.is_verified else 1)
