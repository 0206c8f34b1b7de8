"""auditwright verify."""

from pathlib import Path

import click

from auditwright.app.errors import AppError
from auditwright.cli.output import AS_JSON
from auditwright.render.words import moment


@click.command("verify")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--key", help="The log's public key, obtained from the organization by another way.")
@click.option(
    "--timestamp-roots",
    "roots",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Root certificates (PEM) of the time-stamping authorities that you trust.",
)
@AS_JSON
def command(path: Path, key: str | None, roots: Path | None, as_json: bool) -> None:
    """Verify the package at PATH, a folder or a zip, offline.

    Exits with 0 where everything holds, and with 1 where something does not; each problem is named.
    """
    from auditwright.app.timestamping import check_stamps
    from auditwright.sign.verify import UsageError, as_text, verify_package
    from auditwright.sign.verify import as_json as report_json

    try:
        report = verify_package(path, key)
    except UsageError as error:
        raise AppError(str(error)) from None
    click.echo(report_json(report) if as_json else as_text(report))
    broken = False
    if roots is not None and report.is_verified:
        for stamp in check_stamps(path, report, roots.read_bytes()):
            broken = broken or stamp.at is None
            said = (
                f"the authority saw it at {moment(stamp.at)}"
                if stamp.at
                else f"DOES NOT HOLD: {stamp.problem}"
            )
            click.echo(f"Time stamp of the log at {stamp.size:,} leaves: {said}", err=as_json)
    raise SystemExit(1 if broken or not report.is_verified else 0)
