"""The command `auditwright`. Each command's module is imported when it is called, so that help comes at once."""

import importlib
import os
import sys
import traceback
from collections.abc import Mapping
from typing import Final, NoReturn

import click

from auditwright import __version__
from auditwright.app.errors import AppError
from auditwright.core.ports import StoreError

COMMANDS: Final[Mapping[str, str]] = {
    "init": "Set up a program folder: definitions, stores and the log's key.",
    "connect": "Show what an integration needs, and add it to the program folder.",
    "doctor": "Ask each integration whether it can see what it needs.",
    "run": "Collect evidence, test controls and seal the log.",
    "import": "Take in a saved answer of the AWS CLI as evidence.",
    "status": "Say how things stand after the last run.",
    "report": "Write the readiness report: HTML, PDF, JSON, CSV, OSCAL.",
    "export": "Write a package that an outsider can verify offline.",
    "verify": "Verify a package, trusting nothing of this installation.",
    "backup": "Write all of a program into one file, while it is in use.",
    "restore": "Make a program folder anew from a backup.",
    "tests": "List, show and run control tests.",
    "frameworks": "List frameworks, criteria and the controls that meet them.",
    "evidence": "Show one piece of evidence by its digest, or erase what has to go.",
    "inventory": "Query what was collected with SQL, as of any day.",
    "access": "Prove that every path to what matters is behind a second factor.",
    "vulns": "Merge scanners' reports, and publish one with each release.",
    "people": "Invite people to the web app, list them, and end their access.",
    "serve": "Serve the web app: see everything, and act on what is found.",
    "mcp": "Answer an assistant on this machine: what is missing, and by which evidence.",
    "demo": "Run everything on an emulated cloud of a fictional company.",
}
"""Each command and its one line of help; the module of the same name in `commands` holds it."""

EXIT_USAGE: Final = 2

EXIT_STOPPED: Final = 130
"""128 and the number of SIGINT, as shells write it."""

EPILOG: Final = """\b
Exit codes:
  0  no exceptions
  1  exceptions: a control test found a deviation that no waiver covers
  2  nothing can be said: the command, a definition or a store is not as it must be
  3  inconclusive: something could not be seen
"""


class _Commands(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"auditwright.cli.commands.{cmd_name}_")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="auditwright")
def cli() -> None:
    """Self-hosted SOC 2: collect evidence, test controls, prove it to others."""


def main() -> None:
    """Run the command line; errors that a person can act on are one paragraph, not a traceback.

    Whatever is no conclusion exits with neither 0, 1 nor 3: Python's own 1 for a crash, and click's for an
    interruption, would say that a control test found a deviation.
    """
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = EXIT_USAGE
    except (AppError, StoreError) as error:
        from auditwright.render.words import visible_block

        # A message may quote what stands in a file or an account.
        click.echo(f"Error: {visible_block(str(error))}", err=True)
        code = EXIT_USAGE
    except (KeyboardInterrupt, click.Abort):
        _stopped()
    except Exception:  # noqa: BLE001  # a named boundary: whatever broke, the exit code must not pass for a conclusion
        traceback.print_exc()
        click.echo("Error: this is a defect of Auditwright. Please report it with the lines above.", err=True)
        code = EXIT_USAGE
    sys.exit(code)


def _stopped() -> NoReturn:
    """Leave at once: threads that wait for an answer of a source need not be waited for, a run resumes anyway."""
    click.echo("\nStopped. What was collected is kept; a run that was stopped resumes.", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_STOPPED)
