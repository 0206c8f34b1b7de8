"""auditwright demo."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditwright.app.errors import AppError
from auditwright.cli.output import console, indented, shown, watched

if TYPE_CHECKING:
    from auditwright.app.demo.company import Folders
    from auditwright.app.demo.emulator import Emulator
    from auditwright.app.demo.office import Office
    from auditwright.app.workspace import Workspace
    from auditwright.core.run import Run
    from auditwright.vulns.release import ReleaseReport

_QUESTION = "SELECT name, account, last_used_at FROM user_account WHERE NOT mfa_enrolled"
"""A first question to the inventory: whose accounts have no second factor."""


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="The folder to write into; one of an earlier demo is replaced.",
)
@click.option(
    "--serve/--no-serve",
    "serves",
    default=None,
    help="Serve the company's pages at the end, until Ctrl-C; by default on a terminal.",
)
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="The port of the pages."
)
def command(out: Path, serves: bool | None, port: int) -> None:
    """Run everything on an emulated cloud of a fictional company.

    It starts an emulator of AWS on this machine, fills four accounts with what a robotics company of 46 people
    has there, collects, tests, reports, exports a package and verifies it. In one of them it finds a path to a
    cluster around the second factor, closes it and proves that it is closed. It asks nothing of the internet and
    never reads your own credentials. In the end it serves the company's pages on this machine, with a sign-in ready.

    Exits with 0 where all of that was done; the fictional company's exceptions are part of the demo.
    """
    from auditwright.app.demo.company import NOTICE, make_folders

    console().print(f"[reverse] {NOTICE} [/]\n")
    folders = make_folders(out)
    with tempfile.TemporaryDirectory(prefix="auditwright-demo-") as scratch:
        office = _run(folders, Path(scratch), out)
    _say_where(folders, out)
    if sys.stdout.isatty() if serves is None else serves:
        _serve(folders, office, port)


def _run(folders: "Folders", scratch: Path, out: Path) -> "Office":
    """Do everything, by the same path as for a real company, cut off from the credentials of whoever runs it."""
    from auditwright.app.demo.emulator import emulated_cloud, no_real_credentials
    from auditwright.app.demo.office import open_office
    from auditwright.app.standing import standing
    from auditwright.app.workspace import open_workspace
    from auditwright.cli.access_story import tell
    from auditwright.cli.standing import print_standing

    with no_real_credentials(scratch):
        with ExitStack() as emulation:
            with _stage("Starting the emulator"):
                emulator = emulation.enter_context(emulated_cloud(scratch))
            done, report = _collect(folders, emulator)
            with open_workspace(folders.program) as workspace:
                print_standing(standing(workspace, done, at=datetime.now(UTC)), resumed=False)
            console().print()
            _say_release(report)
            tell(folders, out, emulator, called=_called())
        console().print()
        # From here on the emulator is gone: reports and packages are made from what was kept.
        with open_workspace(folders.program) as workspace, _stage("Writing the reports, and the package"):
            key = _write(workspace, folders)
        with _stage("Verifying the package"):
            _verify(folders.package_zip, key)
        with open_workspace(folders.program) as workspace, _stage("Giving four people access"):
            return open_office(workspace, datetime.now(UTC))


def _collect(folders: "Folders", emulator: "Emulator") -> "tuple[Run, ReleaseReport]":
    from auditwright.app.demo.company import make_code, write_program
    from auditwright.app.demo.releases import publish
    from auditwright.app.demo.world import fill
    from auditwright.app.running import run
    from auditwright.app.workspace import open_workspace

    now = datetime.now(UTC)
    with _stage("Filling four accounts of Northwind Robotics"):
        fill(emulator)
    write_program(folders, endpoint_url=emulator.url, now=now)
    make_code(folders.code, now=now)
    with open_workspace(folders.program) as workspace:
        with _stage("Publishing the vulnerability reports of two releases"):
            reports = [done.report for done in publish(workspace, folders.releases, now=now)]
        with watched(quiet=False) as progress:
            done = run(workspace, progress).run
    return done, reports[-1]


def _say_release(report: "ReleaseReport") -> None:
    """The headline of the last release's report, and how far the scanners agree."""
    from auditwright.render.release.words import headline, lede

    out = console()
    out.print(f"[bold]What release {report.release} carries[/]")
    indented(
        "Real reports of Grype and Trivy about public images stand for the company's own; the releases are dated back.",
        by=0,
    )
    out.print(f"  {headline(report)}")
    indented(shown(lede(report)), by=2)
    for overlap in report.overlaps:
        out.print(
            f"  {overlap.left} and {overlap.right} agree on {overlap.both} issues; "
            f"{overlap.left_only + overlap.right_only} are one-sided, {overlap.unexplained} unexplained"
        )
    out.print()


def _write(workspace: "Workspace", folders: "Folders") -> str:
    """Write the package as a folder and as a zip, and lay its reports beside it; returns the log's public key."""
    from auditwright.app.exporting import export
    from auditwright.sign.package import zip_package

    export(workspace, folders.package, now=datetime.now(UTC))
    try:
        zip_package(folders.package, folders.package_zip)
        shutil.copytree(folders.package / "reports", folders.reports)
    except OSError as error:
        raise AppError(f"{folders.out} cannot be written: {error.strerror or error}") from None
    return workspace.verifier_key.text


def _verify(package: Path, key: str) -> None:
    from auditwright.sign.verify import as_text, verify_package

    report = verify_package(package, key)
    click.echo(as_text(report))
    if not report.is_verified:
        raise AppError(
            f"{package} could not be verified, which is a defect of Auditwright; report it with this text."
        )


def _say_where(folders: "Folders", out: Path) -> None:
    """End with what there is to look at, and what to try."""
    program = out / folders.program.name
    out_of = console()
    out_of.print("[bold]Where to look[/]")
    for path, what in (
        (out / "reports" / "readiness.html", "the report, in a browser"),
        (out / "reports" / "readiness.pdf", "the same to print; beside it JSON, CSV and OSCAL"),
        (
            out / "releases" / "2026.11.2" / "report.html",
            "what the last release carries; beside it PDF, CSV, VEX and the signed statement",
        ),
        (
            out / "access" / "witness-1.svg",
            "how a plain key opened the cluster, drawn; beside it the certificate",
        ),
        (program / "auditwright.toml", "how it is set up: scope, integrations, waivers, own tests"),
        (out / "package.zip", "what an auditor gets, with the evidence and its proofs"),
    ):
        out_of.print(f"  {shown(str(path)):<38} {what}", soft_wrap=True)
    name = _called()
    out_of.print("\n[bold]What to try[/]")
    for command_line in (
        f"{name} serve --program {program}",
        f"{name} people invite you@example.com --name You --program {program}",
        f"{name} status --program {program}",
        f"{name} tests show identity.access-keys-rotated --program {program}",
        f"{name} inventory '{_QUESTION}' --program {program}",
        f"{name} access prove --to fleet:cluster-admin --program {out / 'fleet'}",
        f"{name} verify {out / 'package.zip'}",
    ):
        out_of.print(f"  {shown(command_line)}", soft_wrap=True)
    out_of.print(
        f"\nThe emulator has ended, so another run in {shown(str(program))} would see nothing. "
        f"To begin with your own cloud: {shown(name)} init FOLDER",
        soft_wrap=True,
    )


def _serve(folders: "Folders", office: "Office", port: int) -> None:
    """Serve the company's pages until they are stopped, and show how to sign in; on a terminal with the code of now."""
    from rich.live import Live
    from rich.text import Text

    from auditwright.app.signing_in.codes import code_at
    from auditwright.web.serving import Listen, address_of, serve

    listen = Listen(host="127.0.0.1", port=port, logs_requests=False)
    out = console()
    out.print(f"\n[bold]Open {address_of(listen).url}[/] and sign in, with whichever role you want to see")
    for account in office.accounts:
        out.print(f"  {account.role.value:<11} {shown(account.email)}")
    out.print(f"  password    {office.password}")
    out.print(f"  one-time codes of an authenticator app: {office.seed}", soft_wrap=True)

    def now() -> Text:
        code, left_s = code_at(office.seed, datetime.now(UTC))
        return Text(f"  code now    {code}  (for {left_s} s; Ctrl-C ends the demo)")

    if out.is_terminal:
        with Live(get_renderable=now, console=out, refresh_per_second=1, transient=True):
            serve(folders.program, listen, lambda: None)
    else:
        serve(folders.program, listen, lambda: click.echo(now().plain))


def _called() -> str:
    """How this program was called, so that what is printed can be typed: `make demo` puts nothing on the path."""
    called = Path(sys.argv[0])
    if called.name != "auditwright" or shutil.which("auditwright") == str(called):
        return "auditwright"
    return os.path.relpath(called)


@contextmanager
def _stage(text: str) -> Iterator[None]:
    """Say on stderr what is going on; on a terminal, until it is done."""
    progress = console(stderr=True)
    if progress.is_terminal:
        with progress.status(text):
            yield
    else:
        click.echo(text, err=True)
        yield
