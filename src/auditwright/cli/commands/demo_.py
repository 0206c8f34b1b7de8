"""auditwright demo."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditwright.app.errors import AppError
from auditwright.cli.output import console, shown, watched, write_new

if TYPE_CHECKING:
    from auditwright.app.demo.company import Folders
    from auditwright.app.standing import Standing
    from auditwright.app.workspace import Workspace
    from auditwright.core.run import Run


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="The folder to write into; one of an earlier demo is replaced.",
)
def command(out: Path) -> None:
    """Run everything on an emulated cloud of a fictional company.

    It starts an emulator of AWS on this machine, fills three accounts with what a robotics company of 46 people
    has there, collects, tests, reports, exports a package and verifies it. It asks nothing of the internet
    and never reads your own credentials.

    Exits with 0 where all of that was done; the fictional company's exceptions are part of the demo.
    """
    from auditwright.app.demo.company import NOTICE, make_folders

    console().print(f"[reverse] {NOTICE} [/]\n")
    folders = make_folders(out)
    with tempfile.TemporaryDirectory(prefix="auditwright-demo-") as scratch:
        _run(folders, Path(scratch))
    _say_where(folders, out)


def _run(folders: "Folders", scratch: Path) -> None:
    """Do everything, by the same path as for a real company, cut off from the credentials of whoever runs it."""
    from auditwright.app.demo.emulator import no_real_credentials
    from auditwright.app.standing import standing
    from auditwright.app.workspace import open_workspace
    from auditwright.cli.standing import print_standing

    with no_real_credentials(scratch):
        done = _collect(folders, scratch)
        # From here on the emulator is gone: reports and packages are made from what was kept.
        with open_workspace(folders.program) as workspace:
            now = standing(workspace, done, at=datetime.now(UTC))
            print_standing(now, resumed=False)
            console().print()
            with _stage("Writing the reports, and the package"):
                _write(workspace, folders, now)
            key = workspace.verifier_key.text
        with _stage("Verifying the package"):
            _verify(folders.package_zip, key)


def _collect(folders: "Folders", scratch: Path) -> "Run":
    from auditwright.app.demo.company import make_code, write_program
    from auditwright.app.demo.emulator import emulated_cloud
    from auditwright.app.demo.world import fill
    from auditwright.app.running import run
    from auditwright.app.workspace import open_workspace

    now = datetime.now(UTC)
    with ExitStack() as emulation:
        with _stage("Starting the emulator"):
            emulator = emulation.enter_context(emulated_cloud(scratch))
        with _stage("Filling three accounts of Northwind Robotics"):
            fill(emulator)
        write_program(folders, endpoint_url=emulator.url, now=now)
        make_code(folders.code, now=now)
        with open_workspace(folders.program) as workspace, watched(quiet=False) as progress:
            done, _ = run(workspace, progress)
    return done


def _write(workspace: "Workspace", folders: "Folders", now: "Standing") -> None:
    from auditwright.app.exporting import export
    from auditwright.render.bundle import render_all

    for name, body in render_all(now.report):
        write_new(folders.reports / name, body, on_written=_ignore)
    for path in (folders.package, folders.package_zip):
        export(workspace, path, now=datetime.now(UTC))


def _ignore(_: Path) -> None:
    return


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
        (program / "auditwright.toml", "how it is set up: scope, integrations, waivers, own tests"),
        (out / "package.zip", "what an auditor gets, with the evidence and its proofs"),
    ):
        out_of.print(f"  {shown(str(path)):<36} {what}", soft_wrap=True)
    out_of.print("\n[bold]What to try[/]")
    for command_line in (
        f"auditwright status --program {program}",
        f"auditwright tests show identity.access-keys-rotated --program {program}",
        f'auditwright inventory "SELECT name, mfa_enrolled FROM user_account" --program {program}',
        f"auditwright verify {out / 'package.zip'}",
    ):
        out_of.print(f"  {shown(command_line)}", soft_wrap=True)
    out_of.print(
        "\nThe emulator has ended, so `auditwright run` in this folder would see nothing. "
        "For your own cloud: auditwright init"
    )


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
