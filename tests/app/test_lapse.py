"""What was collected long ago is said with its day, and is no longer a pass."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditwright.app.running import latest_run
from auditwright.app.standing import standing
from auditwright.app.workspace import open_workspace
from auditwright.cli.standing import standing_json
from tests.app.programs import auditwright, roster_program

OWN = """\
-- id: acme.known
-- title: Everybody has a name
-- controls: HR-01
-- severity: low
-- population: person
-- remediation: Give them one.
SELECT id, CASE WHEN name <> '' THEN 'satisfied' ELSE 'deviation' END AS outcome, 'no name' AS reason FROM person
"""


def test_ten_days_later_what_was_satisfied_is_undetermined_and_the_day_is_named(tmp_path: Path) -> None:
    program = roster_program(tmp_path / "acme")
    (program / "tests/known.sql").write_text(OWN)
    auditwright("run", "--program", program)
    with open_workspace(program) as workspace:
        run = latest_run(workspace)
        now = datetime.now(UTC)
        fresh = standing(workspace, run, at=now)
        later = standing(workspace, run, at=now + timedelta(days=10))
    statuses = [
        {str(test.id): test.status for test in each.report.tests}["acme.known"] for each in (fresh, later)
    ]
    assert statuses == ["satisfied", "undetermined"]
    assert later.exit_code == 3
    said = standing_json(later, resumed=False)
    assert run.finished_at is not None
    assert said["collected_at"] == run.finished_at.isoformat()
    (lapse,) = [view.gap for view in later.report.not_observable if view.gap.operation == "run"]
    assert f"{run.finished_at:%d %b %Y}" in lapse.detail
    assert "10 days" in lapse.detail


def test_a_small_run_leaves_a_small_store(tmp_path: Path) -> None:
    program = roster_program(tmp_path / "acme")
    auditwright("run", "--program", program)
    held_bytes = sum(path.stat().st_size for path in (program / ".auditwright").rglob("*") if path.is_file())
    assert held_bytes < 1_000_000
