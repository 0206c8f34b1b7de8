"""The demo's chapter on access: a hole, its witness, what closes it, and the proof, with the commands that say the same.

1. The account is collected by a run, and the question asked as `auditwright access prove` asks it.
2. While a path stands, the first change that `auditwright access fix` offers is made in the emulated cloud or the
   cluster's files, and everything is collected again.
3. What is proved is certified and checked as `auditwright access certify` and `check` do it.

How often (2) is needed, and with what, is for the verdicts to say.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from auditwright.app.errors import AppError
from auditwright.cli.output import console, indented, shown, watched, write_new
from auditwright.cli.verdicts import draw, print_checked, print_verdict

if TYPE_CHECKING:
    from auditwright.access.verdict import Unreachable, Verdict
    from auditwright.app.demo.company import Folders
    from auditwright.app.demo.emulator import Emulator
    from auditwright.app.proving import Source

MAX_ROUNDS = 5
"""Two changes close the account of the demo; a repair that needs more than these is a defect."""

_BEGINNING = (
    "Northwind's clusters run in an account of their own, which is looked at by itself here: the company's own pages go on "
    "showing what the run above saw. moto has no access entries, so that the demo itself emulates Amazon EKS; the cluster's own "
    "lists are files as kubectl writes them. A policy denies the two engineers everything without a second factor. Is every "
    "path to the cluster behind one?"
)


def tell(folders: "Folders", out: Path, emulator: "Emulator", *, called: str) -> None:
    """Tell the story; `out` is the demo's folder and `called` the program as they were given. Raises AppError."""
    from auditwright.access.verdict import Unreachable
    from auditwright.app.demo.company import write_fleet_program

    write_fleet_program(folders, endpoint_url=emulator.url, now=datetime.now(UTC))
    console().print("[bold]Who reaches the cluster with a plain access key[/]")
    indented(_BEGINNING, by=0)
    story = _Story(folders=folders, out=out, emulator=emulator, called=called)
    for number in range(1, MAX_ROUNDS + 1):
        source, verdict = story.ask(number)
        if isinstance(verdict, Unreachable):
            story.certify(source, verdict)
            story.print_history()
            return
        story.repair(source)
    raise AppError(f"The cluster is within reach after {MAX_ROUNDS} repairs, which is a defect; report it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Story:
    """Where the story takes place, and how its commands are spelled."""

    folders: "Folders"
    out: Path
    emulator: "Emulator"
    called: str

    def ask(self, number: int) -> "tuple[Source, Verdict]":
        """(1) Collect, and ask whether the cluster is within reach."""
        from auditwright.app.proving import opened, proof_of, targeted
        from auditwright.app.running import run
        from auditwright.app.workspace import open_workspace
        from auditwright.render.access import path_of, target_words

        with open_workspace(self.folders.fleet) as workspace, watched(quiet=True) as progress:
            run(workspace, progress)
        source = opened(None, self.folders.fleet, now=datetime.now(UTC))
        target = targeted(source, None)
        verdict = proof_of(source, target).overall
        again = " again" if number > 1 else ""
        self._say(f"{number}. The account is collected{again}, and the question is asked{again}.", "prove")
        print_verdict(target_words(target), verdict, source.starts)
        if path_of(verdict) is not None:
            name = f"witness-{number}.svg"
            draw(self.folders.access / name, target_words(target), verdict, source.starts)
            indented(
                f"[dim]drawn[/] {shown(str(self.out / self.folders.access.name / name))}", by=2, hanging=6
            )
        return source, verdict

    def repair(self, source: "Source") -> None:
        """(2) Make the first change of a repair."""
        from auditwright.access.repair import repair
        from auditwright.app.demo.cloud import Cloud
        from auditwright.app.demo.cluster import make
        from auditwright.app.proving import targeted

        found = repair(source.world, targeted(source, None))
        if not found.changes:
            raise AppError("Nothing closes the path to the cluster, which is a defect; report it.")
        count = len(found.changes)
        offered = "offers one change, which" if count == 1 else f"offers {count} changes, of which the first"
        self._say(f"The repair {offered} is made.", "fix")
        change = found.changes[0]
        indented(shown(change.title), by=2, hanging=2)
        for line in make(change, Cloud(self.emulator.url), self.folders.fleet):
            indented(f"[dim]by hand[/] {shown(line)}", by=2, hanging=8)

    def certify(self, source: "Source", verdict: "Unreachable") -> None:
        """(3) Write the certificate, and check it as somebody else would."""
        from auditwright.app.certifying import certificate_file, check_file

        file = self.folders.access / "certificate.json"
        write_new(file, certificate_file(source, verdict.certificate), on_written=lambda _: None)
        given = self.out / self.folders.access.name / file.name
        self._say(
            "The certificate is checked on the evidence, trusting nothing of how the proof was found.",
            f"check {given}",
        )
        checked = check_file(file, None, self.folders.fleet)
        print_checked(checked)
        if checked.problems:
            raise AppError("The checker refuses the proof, which is a defect; report it.")

    def print_history(self) -> None:
        """End with what stays written down: since when it was open, and until when."""
        from auditwright.app.workspace import open_workspace
        from auditwright.core.ids import TestId
        from auditwright.render.words import second

        with open_workspace(self.folders.fleet) as workspace:
            findings = workspace.stores.records.findings(include_closed=True)
        console().print()
        for each in findings:
            if each.test == TestId("access.no-path-to-cluster-admin") and each.closed_at is not None:
                since, until = second(each.first_seen_at), second(each.closed_at)
                indented(
                    f"The finding of {each.test} stays in the history: open since {since}, closed {until} UTC.",
                    by=0,
                )

    def _say(self, what: str, command: str) -> None:
        """What was done, and the command that does the same."""
        out = console()
        out.print()
        indented(f"[bold]{shown(what)}[/]", by=0)
        spelled = f"{self.called} access {command} --program {self.out / self.folders.fleet.name}"
        out.print(f"[dim]$ {shown(spelled)}[/]", soft_wrap=True)
