"""auditwright import."""

from datetime import UTC, datetime
from pathlib import Path

import click

from auditwright.app.importing import SavedAnswer, import_aws
from auditwright.app.workspace import open_workspace
from auditwright.cli.output import AS_JSON, PROGRAM, print_json
from auditwright.render.words import visible


@click.group("import")
def command() -> None:
    """Take in saved answers as evidence, for accounts without a connection."""


@command.command("aws")
@click.argument("service")
@click.argument("aws_command", metavar="COMMAND")
@click.argument("file", type=click.Path(path_type=Path))
@PROGRAM
@click.option("--account", default="", help="The account's number, where the answer does not name it.")
@click.option("--region", default="", help="The region that was asked.")
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="What the command was given, such as Bucket=logs.",
)
@click.option(
    "--effective",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="When it was asked (UTC); the file's own time unless given.",
)
@AS_JSON
def aws(  # noqa: PLR0913  # the options of one command
    service: str,
    aws_command: str,
    file: Path,
    program: Path,
    account: str,
    region: str,
    parameters: tuple[str, ...],
    effective: datetime | None,
    as_json: bool,
) -> None:
    r"""Take in FILE, which holds what `aws SERVICE COMMAND` printed as JSON.

    \b
    aws iam get-account-authorization-details > details.json
    auditwright import aws iam get-account-authorization-details details.json
    """
    given = dict(_parameter(each) for each in parameters)
    with open_workspace(program) as workspace:
        taken = import_aws(
            workspace,
            SavedAnswer(
                service=service,
                command=aws_command,
                file=file,
                parameters=given,
                account=account,
                region=region,
                effective_at=effective.replace(tzinfo=UTC) if effective else None,
            ),
            now=datetime.now(UTC),
        )
    if as_json:
        print_json(
            [
                {
                    "stream": each.stream,
                    "scope": str(each.scope),
                    "sha256": each.digest,
                    "size_bytes": each.size_bytes,
                }
                for each in taken.evidence
            ]
        )
        return
    for note in taken.notes:
        click.echo(visible(note))
    for each in taken.evidence:
        click.echo(
            f"{visible(each.query.operation)} of {visible(str(each.scope))}: {each.size_bytes:,} bytes, SHA-256 {each.digest}"
        )
    click.echo(f"The next run tests it: auditwright run --program {program}")


def _parameter(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--parameter")
    return name, value
