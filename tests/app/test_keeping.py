"""Answers are kept as they come: small ones together, large ones at once."""

from datetime import UTC, datetime
from pathlib import Path

from auditwright.app.collecting import KEEP_AFTER_BYTES, begin, collect, plan
from auditwright.app.workspace import open_workspace
from auditwright.core.ids import JobId, RunId
from auditwright.core.integration import Target
from tests.app.programs import roster_program

RUN = RunId("run")


def kept_when_told(program: Path) -> tuple[list[set[JobId]], set[JobId]]:
    """The jobs that were finished each time a target was reported, and at the end."""
    with open_workspace(program) as workspace:
        at = datetime.now(UTC)
        begin(workspace, RUN, at)

        def finished() -> set[JobId]:
            return {job.job for job in workspace.stores.records.jobs(RUN)}

        seen: list[set[JobId]] = []

        def told(_target: Target, _gaps: int) -> None:
            seen.append(finished())

        for group in plan(workspace, RUN, at).groups:
            collect(workspace, RUN, group, told=told)
        return seen, finished()


def test_whatever_was_asked_of_a_scope_is_kept_when_the_scope_is_done(tmp_path: Path) -> None:
    seen, finished = kept_when_told(roster_program(tmp_path / "acme"))
    assert len(finished) == len(seen) == 1


def test_a_large_answer_does_not_wait_for_others(tmp_path: Path) -> None:
    program = roster_program(tmp_path / "acme")
    roster = program / "people.csv"
    held = roster.read_bytes()
    roster.write_bytes(held + b"\n" * KEEP_AFTER_BYTES)
    seen, finished = kept_when_told(program)
    assert seen == [finished]
    assert len(finished) == 1
