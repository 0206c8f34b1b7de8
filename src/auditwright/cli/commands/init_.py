"""auditwright init."""

import sys
from pathlib import Path

import click

from auditwright.app.registry import integrations
from auditwright.app.setup import Answers, known_categories, set_up
from auditwright.core.ids import IntegrationId


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", help="The organization's name; asked for on a terminal.")
@click.option("--category", "categories", multiple=True, help="A category in scope beside security.")
@click.option("--integration", "names", multiple=True, help="An integration to write into the settings.")
def command(folder: Path, name: str | None, categories: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Set up FOLDER as a program folder.

    It gets a commented auditwright.toml, folders for controls, waivers and tests, and in .auditwright/
    the stores and the key of the log. What is there already is kept.
    """
    known = sorted(integrations())
    for each in names:
        if each not in known:
            raise click.BadParameter(f"{each!r} is none of {', '.join(known)}", param_hint="--integration")
    for each in categories:
        if each not in known_categories():
            raise click.BadParameter(
                f"{each!r} is none of {', '.join(known_categories())}", param_hint="--category"
            )
    if sys.stdin.isatty() and name is None:
        name, categories, names = _ask(folder, categories, names)
    answers = Answers(
        organization=name or folder.resolve().name,
        categories=tuple(dict.fromkeys(("security", *categories))),
        integrations=tuple(IntegrationId(each) for each in names),
    )
    state = set_up(folder, answers)
    click.echo(f"{folder} is set up. What is collected will lie in {state}.")
    click.echo("The log's public key, for your auditor to compare with:")
    click.echo((state / "log.vkey").read_text().strip())
    click.echo(
        f"\nNext:\n  auditwright connect aws --program {folder}\n  auditwright doctor --program {folder}"
    )
    click.echo(f"  auditwright run --program {folder}")
    click.echo(f"  auditwright serve --program {folder}")


def _ask(
    folder: Path, categories: tuple[str, ...], names: tuple[str, ...]
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    name: str = click.prompt("Name of the organization", default=folder.resolve().name)
    if not categories:
        others = [each for each in known_categories() if each != "security"]
        categories = tuple(each for each in others if click.confirm(f"Is {each} in scope?", default=False))
    if not names:
        names = tuple(
            each
            for each in sorted(integrations())
            if click.confirm(f"Use {integrations()[IntegrationId(each)].title}?", default=False)
        )
    return name, categories, names
