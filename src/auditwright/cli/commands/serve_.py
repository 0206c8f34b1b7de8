"""auditwright serve."""

from pathlib import Path

import click

from auditwright.cli.output import PROGRAM, console, shown


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

    It listens on this machine alone unless told otherwise. Who sets it up signs in first with a link
    from `auditwright people invite`.
    """
    from auditwright.app.people import is_unclaimed
    from auditwright.web.serving import Listen, address_of, serve

    listen = Listen(host=host, port=port, url=url, proxies=proxies, metrics_port=metrics_port)
    out = console(stderr=True)
    address = address_of(listen).url
    if is_unclaimed(program):
        out.print(
            "Nobody has access yet. In another terminal, make a link for the first owner:", soft_wrap=True
        )
        out.print(
            f"  auditwright people invite YOUR-EMAIL --name YOUR-NAME --url {address} --program {shown(str(program))}",
            soft_wrap=True,
        )
    out.print(f"Auditwright is at {address} (Ctrl-C stops it)")
    serve(program, listen)
