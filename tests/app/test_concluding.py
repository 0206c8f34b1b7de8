"""What cannot be read or was never tested does not pass for fine."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditwright.app.collecting import keep
from auditwright.app.concluding import captures_of, exit_code
from auditwright.app.running import latest_run
from auditwright.app.standing import standing
from auditwright.app.workspace import open_workspace
from auditwright.core.evidence import Evidence, Query, Scope, digest_of
from auditwright.core.ids import IntegrationId, StreamId
from auditwright.core.outcome import Conclusion
from auditwright.engine.populations import assemble
from tests.app.programs import auditwright, roster_program


@pytest.mark.parametrize(
    ("conclusions", "deviations", "gaps", "code"),
    [
        ((), 0, 0, 3),
        ((Conclusion.NO_EXCEPTIONS,), 0, 0, 0),
        ((Conclusion.NO_EXCEPTIONS,), 0, 1, 3),
        ((Conclusion.NO_EXCEPTIONS, Conclusion.INCONCLUSIVE), 0, 0, 3),
        ((Conclusion.EXCEPTIONS, Conclusion.INCONCLUSIVE), 1, 1, 1),
        ((Conclusion.EXCEPTIONS,), 0, 0, 0),
    ],
)
def test_the_exit_code_is_0_only_where_something_was_tested_and_all_of_it_was_seen(
    conclusions: tuple[Conclusion, ...], deviations: int, gaps: int, code: int
) -> None:
    assert exit_code(conclusions, unwaived_deviations=deviations, gaps=gaps) == code


def test_evidence_of_a_stream_that_this_version_does_not_know_hides_every_kind(tmp_path: Path) -> None:
    program = roster_program(tmp_path / "acme")
    auditwright("run", "--program", program)
    now = datetime.now(UTC)
    with open_workspace(program) as workspace:
        run = latest_run(workspace)
        assert assemble(captures_of(workspace, run.id, now))["person"].complete
        foreign = Evidence(
            stream=StreamId("people.of-a-later-version"),
            scope=Scope(source=IntegrationId("people"), account="people.csv"),
            query=Query(operation="people:more"),
            principal="",
            collected_at=now,
            effective_at=now,
            collector="auditwright/99",
            body=b"more people",
            digest=digest_of(b"more people"),
        )
        keep(workspace, run.id, [foreign])
        people = assemble(captures_of(workspace, run.id, now))["person"]
        assert not people.complete
        assert "does not know the stream" in people.gaps[0].detail


def test_a_test_that_was_added_since_the_run_keeps_the_standing_inconclusive(tmp_path: Path) -> None:
    program = roster_program(tmp_path / "acme")
    auditwright("run", "--program", program)
    (program / "tests/new.sql").write_text(
        "-- id: acme.new\n-- title: New\n-- controls: HR-01\n-- severity: low\n-- population: person\n"
        "-- remediation: None.\nSELECT id, 'satisfied' AS outcome, '' AS reason FROM person\n"
    )
    with open_workspace(program) as workspace:
        now = standing(workspace, latest_run(workspace), at=datetime.now(UTC))
    (new,) = [test for test in now.report.tests if test.id == "acme.new"]
    assert new.conclusion is None
    assert new.status != "satisfied"
    assert now.exit_code == 3
