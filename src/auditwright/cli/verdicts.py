"""Verdicts on access, repairs and certificates, printed for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

import click

from auditwright.cli.output import console, indented, shown, write_new

if TYPE_CHECKING:
    from auditwright.access.repair import Repair
    from auditwright.access.repair_elsewhere import Elsewhere
    from auditwright.access.repair_script import Script
    from auditwright.access.starts import Start
    from auditwright.access.verdict import Verdict
    from auditwright.access.witness import Witness
    from auditwright.app.certifying import AboutRun, AboutSnapshot, Checked
    from auditwright.render.access import Written


def draw(file: Path, target: str, verdict: "Verdict", starts: Sequence["Start"]) -> None:
    """Write the path of a verdict as SVG, where there is one."""
    from auditwright.render.access import assumptions_of, path_of, word_of
    from auditwright.render.path_svg import path_svg

    path = path_of(verdict)
    if path is None:
        click.echo(f"There is no path to draw; {file} was not written.", err=True)
        return
    drawing = path_svg(word_of(verdict), target, path, assumptions_of(verdict, starts))
    write_new(file, drawing.encode(), on_written=lambda _: None)


def print_verdict(target: str, verdict: "Verdict", starts: Sequence["Start"]) -> None:
    """Print a verdict with its path, and with what it takes for granted or would need to know."""
    from auditwright.access.verdict import Undecided, Unreachable
    from auditwright.render.access import assumptions_of, path_of, word_of

    colors = {"REACHABLE": "red", "UNREACHABLE": "green", "UNKNOWN": "yellow"}
    word = word_of(verdict)
    console().print(
        f"[bold {colors[word]}]{'PROVED ' if word == 'UNREACHABLE' else ''}{word}[/]  {shown(target)}"
    )
    path = path_of(verdict)
    if path is not None:
        _print_path(path, heading="" if word == "REACHABLE" else "A path that cannot be ruled out:")
    if isinstance(verdict, Unreachable):
        held, closed = len(verdict.certificate.held), len(verdict.certificate.crossings)
        indented(
            f"Whatever is done, {held} facts can be held and the target is not among them; {closed} ways that are "
            "open in part are closed. `auditwright access certify` writes the certificate.",
            by=2,
        )
    for each in assumptions_of(verdict, starts):
        indented(f"[dim]assumes[/] {shown(each.says)} [dim]({each.id})[/]", by=2, hanging=8)
    for missing in verdict.missing if isinstance(verdict, Undecided) else ():
        indented(f"[dim]not known[/] {shown(missing)}", by=2, hanging=10)


def _print_path(path: "Witness", *, heading: str) -> None:
    console().print(heading)
    for number, line in enumerate(path.lines):
        indented(f"{'   ' if number < len(path.start) else '└─ '}{shown(line)}", by=2, hanging=3)


def print_repair(
    repair: "Repair", changes: Sequence["Written"], others: Sequence["Elsewhere"], *, terraform: bool
) -> None:
    """Print what a repair changes, how that is done by hand, and what it comes to, here and elsewhere."""
    from auditwright.render.access import elsewhere_line, needs_of, target_words, word_of

    out = console()
    out.print(f"[bold]{word_of(repair.before)}[/]  {shown(target_words(repair.target))}")
    for number, written in enumerate(changes, start=1):
        out.print()
        indented(f"[bold]{number}. {shown(written.change.title)}[/]", by=2, hanging=3)
        indented(f"[dim]cuts[/] {shown(written.change.reason)}", by=5, hanging=2)
        if written.change.supposes:
            indented(f"[dim]supposes[/] {shown(written.change.supposes)}", by=5, hanging=2)
        for line in written.diff.split("\n") if written.diff else ():
            color = {"+": "green", "-": "red"}.get(line[:1], "dim")
            out.print(f"     [{color}]{shown(line)}[/]", soft_wrap=True)
        _print_script(written.terraform if terraform else written.commands)
    for each in repair.evidence:
        closes = "" if each.closes else ", which does not suffice by itself"
        indented(f"[dim]or show[/] {shown(each.says)} [dim]({each.id}{closes})[/]", by=2, hanging=8)
    if repair.changes:
        least = "; no set of the changes that were considered disrupts less" if repair.least else ""
        out.print()
        indented(f"[bold]{word_of(repair.after)}[/] with them made{least}.", by=2, hanging=2)
    for other in others:
        word = "[red]opens[/]" if other.worse else "[dim]also[/]"
        indented(f"{word} {shown(elsewhere_line(other))}", by=2, hanging=6)
    for need in () if terraform else needs_of(changes):
        indented(f"[dim]to supply[/] {shown(need)}", by=2, hanging=10)
    for line in repair.left:
        indented(f"[dim]left open[/] {shown(line)}", by=2, hanging=10)


def _print_script(script: "Script") -> None:
    """A block that can be copied: its lines are not wrapped."""
    out = console()
    out.print()
    for line in script.text.split("\n"):
        style = "dim" if line.startswith("# ") else "cyan"
        out.print(f"     [{style}]{shown(line)}[/]", soft_wrap=True)


def print_checked(checked: "Checked") -> None:
    """Print whether a certificate holds, and what it is about."""
    from auditwright.render.access import target_words

    for problem in checked.problems:
        indented(f"[red]DOES NOT HOLD[/] {shown(problem)}", by=0, hanging=2)
    if not checked.problems:
        console().print("[green]HOLDS[/]: out of reach without a second factor.")
    says = checked.certificate
    indented(f"[dim]target[/]   {shown(target_words(says.target))}", by=2, hanging=9)
    indented(f"[dim]from[/]     {shown(', '.join(says.whose))}", by=2, hanging=9)
    for name, value in about_value(checked.about).items():
        words = {"snapshot_sha256": "[dim]snapshot[/] sha256", "run": "[dim]run[/]     "}
        indented(f"{words.get(name, '[dim]saw[/]      sha256')} {shown(value)}", by=2, hanging=9)


def about_value(about: "AboutSnapshot | AboutRun") -> Mapping[str, str]:
    """What a certificate is about, as plain values."""
    from auditwright.app.certifying import AboutRun, AboutSnapshot

    match about:
        case AboutSnapshot(sha256=sha256):
            return {"snapshot_sha256": sha256}
        case AboutRun(run=run, seen_sha256=seen):
            return {"run": run, "seen_sha256": seen}
        case _:
            assert_never(about)
