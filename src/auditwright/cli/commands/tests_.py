"""auditwright tests."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from auditwright.app.errors import AppError
from auditwright.app.folder import find_program_folder, load_program
from auditwright.app.workspace import all_tests, open_workspace
from auditwright.cli.output import AS_JSON, PROGRAM, console, print_json, shown, table
from auditwright.control_tests import load_builtin_tests
from auditwright.core.control_test import ControlTest
from auditwright.core.definition import closest_ids
from auditwright.core.ids import TestId
from auditwright.core.outcome import words_of
from auditwright.program.definitions import SETTINGS_FILE


@click.group("tests")
def command() -> None:
    """List, show and run control tests: the built-in ones, and the organization's own."""


@command.command("list")
@PROGRAM
@AS_JSON
def list_tests(program: Path, as_json: bool) -> None:
    """List every control test with the controls that it tests."""
    tests = _tests(program)
    if as_json:
        print_json([_as_json(test) for test in tests.values()])
        return
    table(
        ("Test", "Title", "Severity", "Controls"),
        (
            (shown(test.id), shown(test.title), str(test.severity), ", ".join(test.controls))
            for test in tests.values()
        ),
    )


@command.command("show")
@click.argument("test")
@PROGRAM
@AS_JSON
def show(test: str, program: Path, as_json: bool) -> None:
    """Show one TEST: why, what it examines, its settings, its examples, and how to put a deviation right."""
    found = _find(_tests(program), test)
    if as_json:
        print_json(_as_json(found))
        return
    out = console()
    out.print(
        f"[bold]{shown(found.title)}[/]\n{shown(found.id)}, {found.severity}, tests {', '.join(found.controls)}\n"
    )
    if found.rationale:
        out.print(f"{shown(found.rationale)}\n")
    out.print(f"[bold]Examines[/]  {', '.join(kind.kind for kind in found.populations)}")
    for name, value in found.settings.items():
        out.print(f"[bold]Setting[/]   {name} = {shown(str(value))}")
    out.print("\n[bold]Examples[/]")
    for example in found.examples:
        word, reason = words_of(example.outcome)
        out.print(f"  {word}: {shown(example.item.name)}{': ' if reason else ''}{shown(reason)}")
    remedy = found.remediation
    for title, text in (
        ("In the console", remedy.console),
        ("By command", remedy.command),
        ("In Terraform", remedy.terraform),
    ):
        if text:
            out.print(f"\n[bold]{title}[/]\n{shown_block(text)}")


@command.command("run")
@click.argument("tests", nargs=-1, required=True)
@PROGRAM
@AS_JSON
def run(tests: tuple[str, ...], program: Path, as_json: bool) -> None:
    """Run some TESTS on what the last run collected. Nothing is collected and nothing is recorded."""
    from auditwright.app.testing import try_tests

    with open_workspace(program) as workspace:
        for test in tests:
            _find(workspace.tests, test)
        tried = try_tests(workspace, [TestId(test) for test in tests], now=datetime.now(UTC))
    if as_json:
        print_json(
            [
                {
                    "id": result.test,
                    "conclusion": result.conclusion,
                    "items": [
                        {"item": each.item, "outcome": word, "reason": reason}
                        for each in result.observations
                        for word, reason in (words_of(each.outcome),)
                    ],
                    "gaps": [gap.sentence() for gap in result.gaps],
                }
                for result in tried.results
            ]
        )
    else:
        out = console()
        for result in tried.results:
            out.print(f"[bold]{shown(result.test)}[/]: {result.conclusion}")
            for gap in result.gaps:
                out.print(f"  not seen: {shown(gap.sentence())}", soft_wrap=True)
            for each in result.observations:
                word, reason = words_of(each.outcome)
                out.print(f"  {word}: {shown(each.name)} {shown(reason)}", soft_wrap=True)
    raise SystemExit(tried.exit_code)


def shown_block(text: str) -> str:
    """Several lines for the terminal, each safe."""
    return "\n".join(f"  {shown(line)}" for line in text.strip().splitlines())


def _tests(program: Path) -> Mapping[TestId, ControlTest]:
    """The program's tests where there is a program, else the built-in ones: the catalogue is readable without one."""
    if program == Path() and not (program / SETTINGS_FILE).exists():
        return dict(sorted(load_builtin_tests().items()))
    folder = find_program_folder(program)
    return dict(sorted(all_tests(folder, load_program(folder)).items()))


def _find(tests: Mapping[TestId, ControlTest], name: str) -> ControlTest:
    found = tests.get(TestId(name))
    if found is None:
        near = closest_ids(name, tests)
        hint = f"Did you mean {' or '.join(near)}?" if near else "`auditwright tests list` shows them all."
        raise AppError(f"There is no test {name!r}. {hint}")
    return found


def _as_json(test: ControlTest) -> dict[str, object]:
    return {
        "id": test.id,
        "title": test.title,
        "rationale": test.rationale,
        "severity": test.severity,
        "controls": list(test.controls),
        "populations": [kind.kind for kind in test.populations],
        "settings": dict(test.settings),
        "remediation": {
            "console": test.remediation.console,
            "command": test.remediation.command,
            "terraform": test.remediation.terraform,
        },
        "source": test.source,
    }
