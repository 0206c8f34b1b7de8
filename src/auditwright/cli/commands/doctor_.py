"""auditwright doctor."""

from pathlib import Path

import click

from auditwright.app.examination import examine_integrations
from auditwright.app.workspace import open_workspace
from auditwright.cli.output import AS_JSON, PROGRAM, console, print_json, shown
from auditwright.render.words import many


@click.command("doctor")
@PROGRAM
@AS_JSON
def command(program: Path, as_json: bool) -> None:
    """Ask each integration whether it can see what it needs. Collects nothing; exits with 3 where something is hidden."""
    with open_workspace(program) as workspace:
        checks = examine_integrations(workspace)
    problems = [check for check in checks if check.problem]
    if as_json:
        print_json(
            [
                {
                    "name": check.name,
                    "scope": str(check.scope),
                    "problem": check.problem,
                    "remedy": check.remedy,
                }
                for check in checks
            ]
        )
    else:
        out = console()
        for check in checks:
            mark = "[yellow]?[/]" if check.problem else "[green]✓[/]"
            out.print(f"{mark} {shown(str(check.scope))}  {shown(check.name)}")
            if check.problem:
                out.print(f"    {shown(check.problem)}\n    [dim]{shown(check.remedy)}[/]", soft_wrap=True)
        out.print(f"\n{many(len(checks) - len(problems), 'question')} answered, {len(problems)} not.")
    raise SystemExit(3 if problems or not checks else 0)
