"""auditwright serve."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from auditwright.app.acting import TERMINAL
from auditwright.app.workspace import open_workspace
from auditwright.cli.output import PROGRAM, console, shown
from auditwright.core.account import Role


@click.command("serve")
@PROGRAM
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="The port.")
@click.option(
    "--url",
    default="",
    help="How people find it, such as https://audit.example.com; needed beyond this machine.",
)
@click.option(
    "--proxy", "proxies", multiple=True, help="The address of a reverse proxy in front, such as 10.0.0.2."
)
@click.option(
    "--metrics-port",
    default=0,
    type=click.IntRange(0, 65535),
    help="Answer Prometheus on this port of this machine.",
)
def command(  # noqa: PLR0913  # one parameter for each option
    program: Path, host: str, port: int, url: str, proxies: tuple[str, ...], metrics_port: int
) -> None:
    """Serve the web app: see the whole organization, and act on what is found.

    It listens on this machine alone unless told otherwise. While nobody has access it asks at the terminal
    who the first owner is, and shows the link by which they choose two factors.
    """
    from auditwright.app.people import claim_of
    from auditwright.web.serving import Listen, address_of, serve

    listen = Listen(host=host, port=port, url=url, proxies=proxies, metrics_port=metrics_port)
    out = console(stderr=True)
    address = address_of(listen).url
    claim = claim_of(program, datetime.now(UTC))
    if not claim.accounts:
        _first_owner(program, address, invited=[each.name for each in claim.invited])
    # Said once it is so: whoever stops it before then would stop an import in the middle.
    serve(program, listen, lambda: out.print(f"Auditwright is at {address} (Ctrl-C stops it)"))


def _first_owner(program: Path, address: str, *, invited: Sequence[str]) -> None:
    """Make the link of the first owner for who sits at the terminal, or say how to."""
    from auditwright.app.people import Guest, PeopleError, invite

    out = console(stderr=True)
    if invited or not sys.stdin.isatty():
        who = f", and {', '.join(invited)} did not open the link" if invited else ""
        out.print(shown(f"Nobody has access yet{who}. In another terminal, make a link for the first owner:"))
        command = f"auditwright people invite YOUR-EMAIL --name YOUR-NAME --url {address}"
        out.print(f"  {command} --program {shown(str(program))}", soft_wrap=True)
        return
    out.print("Nobody has access yet. Who is the first owner?")
    while True:
        guest = Guest(
            email=click.prompt("Email", err=True), name=click.prompt("Name", err=True), role=Role.OWNER
        )
        try:
            with open_workspace(program) as workspace:
                made = invite(workspace, guest, TERMINAL, datetime.now(UTC))
        except PeopleError as error:
            out.print(shown(str(error)))
            continue
        out.print(f"Open {address}{made.path} to choose two factors; it counts once.", soft_wrap=True)
        return
