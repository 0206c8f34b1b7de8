"""The board says, from counts alone, what the readiness report says from every item."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditwright.app.queries.board import board
from auditwright.app.queries.days import days_of, readiness_days
from auditwright.app.queries.memo import Memo
from auditwright.app.queries.view import View
from auditwright.app.reporting import readiness_report
from auditwright.app.running import latest_run
from auditwright.app.workspace import Workspace, open_workspace
from auditwright.core.ids import TestId
from auditwright.core.question import Is
from auditwright.core.run import Finding
from auditwright.engine.readiness import Status
from tests.app.programs import run_program

WAIVER = """\
- id: W-1
  test: {test}
  items: ["{item}"]
  reason: it leaves with its owner
  requested_by: Ada
  approved_by: Bob
  approved_at: {start}
  ends_at: {end}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(run_program(tmp_path / "acme")) as opened:
        yield opened


def view(workspace: Workspace, at: datetime) -> View:
    return View(workspace=workspace, now=at, as_of=at, engagement=None, memo=Memo())


@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=1), timedelta(days=3)])
def test_the_board_and_the_report_agree_on_every_test_control_and_criterion(
    workspace: Workspace, later: timedelta
) -> None:
    run = latest_run(workspace)
    assert run.finished_at is not None
    at = run.finished_at + later
    held, report = board(view(workspace, at)), readiness_report(workspace, run, as_of=at)
    assert {each.test: each.status for each in held.tests.values()} == {t.id: t.status for t in report.tests}
    assert {c: each.status for c, each in held.controls.items()} == {
        each.control.id: each.status for each in report.controls
    }
    assert {c: each.status for c, each in held.criteria.items()} == {
        each.criterion.id: each.status for each in report.criteria
    }
    assert held.criteria_tally == report.criteria_tally
    assert {each.test: each.items for each in held.tests.values() if each.conclusion} == {
        test.id: test.tally for test in report.tests if test.conclusion
    }


def test_before_anything_was_collected_every_test_is_undetermined(workspace: Workspace) -> None:
    run = latest_run(workspace)
    held = board(view(workspace, run.started_at - timedelta(days=1)))
    assert held.run is None
    assert {each.status for each in held.tests.values()} == {Status.UNDETERMINED}


def test_a_waiver_is_seen_on_the_board_and_stops_counting_at_its_end(workspace: Workspace) -> None:
    found = workspace.stores.records.kept(Finding, Is("closed_at", None))
    ((test, item),) = {(each.test, each.item) for each in found}
    start, end = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=20)
    file = workspace.folder / "waivers" / "w.yaml"
    file.write_text(WAIVER.format(test=test, item=item, start=start.isoformat(), end=end.isoformat()))
    with open_workspace(workspace.folder) as opened:
        now = board(view(opened, datetime.now(UTC))).tests[test]
        assert (now.status is Status.WAIVED) == (now.gaps == 0)
        assert (now.items.waived, now.items.deviation, now.waived_until) == (1, 0, end)
        after = board(view(opened, end)).tests[test]
        assert (after.items.waived, after.items.deviation) == (0, 1)
        assert after.status is Status.DEVIATION


def test_a_day_without_a_run_is_none_and_a_day_with_one_has_its_worst(workspace: Workspace) -> None:
    at = datetime.now(UTC)
    tests = board(view(workspace, at)).tests
    test = next(TestId(each) for each, standing in tests.items() if standing.status is Status.DEVIATION)
    days = days_of(view(workspace, at), test)
    assert len(days) == 90
    assert {each.status for each in days[:-2]} == {None}
    assert Status.DEVIATION in {each.status for each in days[-2:]}
    criteria = readiness_days(view(workspace, at))
    assert criteria[0].criteria is None
    assert criteria[-1].criteria == board(view(workspace, at)).criteria_tally
