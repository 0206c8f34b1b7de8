"""auditwright frameworks."""

from pathlib import Path

import click

from auditwright.app.errors import AppError
from auditwright.app.folder import find_program_folder, load_program
from auditwright.app.workspace import all_tests
from auditwright.cli.output import AS_JSON, PROGRAM, console, print_json, shown, table
from auditwright.control_tests import load_builtin_tests
from auditwright.controls import load_controls, with_overrides
from auditwright.core.definition import DefinitionError, UnknownIdError
from auditwright.core.ids import CriterionId
from auditwright.frameworks import available_frameworks, load_framework
from auditwright.program.definitions import SETTINGS_FILE


@click.group("frameworks")
def command() -> None:
    """List frameworks and their criteria, and the controls and tests that meet them."""


@command.command("list")
@click.argument("framework", default="")
@AS_JSON
def list_criteria(framework: str, as_json: bool) -> None:
    """List the frameworks, or the criteria of one FRAMEWORK, in words of our own."""
    if not framework:
        held = [load_framework(name) for name in available_frameworks()]
        if as_json:
            print_json(
                [{"id": each.id, "title": each.title, "criteria": len(each.criteria)} for each in held]
            )
            return
        table(
            ("Framework", "Title", "Criteria"),
            ((each.id, each.title, str(len(each.criteria))) for each in held),
        )
        return
    try:
        found = load_framework(framework)
    except (DefinitionError, UnknownIdError) as error:
        raise AppError(str(error)) from None
    if as_json:
        print_json(
            [
                {"id": each.id, "category": each.category, "title": each.title, "meaning": each.meaning}
                for each in found.criteria
            ]
        )
        return
    table(
        ("Criterion", "Title", "Category"),
        ((each.id, each.title, each.category) for each in found.criteria),
    )


@command.command("show")
@click.argument("criterion")
@PROGRAM
@AS_JSON
def show(criterion: str, program: Path, as_json: bool) -> None:
    """Show one CRITERION: what it asks for, the controls that meet it, and the tests of those."""
    framework = load_framework("soc2")
    found = framework.criterion(CriterionId(criterion.upper()))
    if found is None:
        raise AppError(
            f"There is no criterion {criterion!r}; `auditwright frameworks list soc2` shows them all."
        )
    library, tests = load_controls(), load_builtin_tests()
    if program != Path() or (program / SETTINGS_FILE).exists():
        folder = find_program_folder(program)
        held = load_program(folder)
        library = with_overrides(library, held.control_overrides, held.own_controls)
        tests = all_tests(folder, held)
    controls = library.for_criterion(found.id)
    if as_json:
        print_json(
            {
                "id": found.id,
                "title": found.title,
                "meaning": found.meaning,
                "controls": [each.id for each in controls],
            }
        )
        return
    out = console()
    out.print(f"[bold]{found.id}  {shown(found.title)}[/]\n\n{shown(found.meaning)}\n")
    out.print(f"Typical evidence: {shown(found.typical_evidence)}\n")
    for control in controls:
        out.print(f"[bold]{control.id}[/]  {shown(control.title)}")
        for test in tests.values():
            if control.id in test.controls:
                out.print(f"        {shown(test.id)}: {shown(test.title)}")
