"""auditwright connect."""

from pathlib import Path

import click

from auditwright.app.connecting import connect, integration_named, read_only_policy
from auditwright.cli.output import PROGRAM, console, shown


@click.command("connect")
@click.argument("integration")
@PROGRAM
@click.option(
    "--policy", "policy_only", is_flag=True, help="Print the read-only policy alone, and change nothing."
)
def command(integration: str, program: Path, policy_only: bool) -> None:
    """Add INTEGRATION to the program folder's settings, and say what it needs.

    It never asks for a right to change anything, and never takes a secret: credentials stay where the
    source's own tools keep them.
    """
    found = integration_named(integration)
    if policy_only:
        click.echo(read_only_policy(found))
        return
    needs = connect(program, found)
    out = console()
    state = "was added to" if needs.added else "stands already in"
    out.print(
        f"[bold]{shown(found.title)}[/] {state} {shown(str(program / 'auditwright.toml'))}.\n{shown(found.summary)}\n"
    )
    for field in found.fields:
        out.print(f"[bold]{field.name}[/]  {shown(field.help)}")
    if needs.policy:
        ending = "json" if needs.policy.startswith("{") else "yaml"
        out.print(
            f"\nAttach the read-only policy to the role or user that Auditwright uses:\n"
            f"  auditwright connect {found.id} --policy > auditwright-policy.{ending}"
        )
    out.print(
        f"\nThen ask whether it sees what it needs:\n  auditwright doctor --program {shown(str(program))}"
    )
