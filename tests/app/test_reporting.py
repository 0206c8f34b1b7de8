from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditwright.app.collecting import begin, collect, plan
from auditwright.app.concluding import conclude
from auditwright.app.reporting import chosen, readiness_report
from auditwright.app.running import latest_run
from auditwright.app.workspace import open_workspace
from auditwright.core.ids import RunId
from auditwright.core.outcome import Deviation
from auditwright.engine.readiness import Status
from tests.app.programs import auditwright, roster_program


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("eu-central-1", ("eu-central-1",)),
        (["a", "b"], ("a", "b")),
        ("", ()),
        ([], ()),
        (7, ("7",)),
        (
            [{"id": "1", "name": "production", "role_arn": "arn:x", "external_id": "planted"}, {"id": "2"}],
            ("production 1", "2"),
        ),
        ({"token": "planted"}, ("set",)),
        ("https://ada:planted@git.example/x.git?token=planted#planted", ("https://git.example/x.git",)),
        ("https://ada:plan?ted@git.example/x.git", ("https://git.example/x.git",)),
        ("git@git.example:x.git", ("git@git.example:x.git",)),
    ],
)
def test_a_setting_is_shown_by_what_it_names_and_never_with_a_secret(
    value: object, shown: tuple[str, ...]
) -> None:
    assert chosen(value) == shown
    assert "planted" not in repr(chosen(value))


def test_a_report_holds_what_was_asked_and_the_controls_that_do_not_apply(tmp_path: Path) -> None:
    folder = roster_program(tmp_path / "program")
    (folder / "controls").mkdir(exist_ok=True)
    (folder / "controls" / "choices.yaml").write_text(
        "- id: PHY-02\n  not_applicable:\n    reason: There is no office.\n    approver: ada@example.com\n"
    )
    auditwright("run", "--program", folder)
    with open_workspace(folder) as workspace:
        run = latest_run(workspace)
        report = readiness_report(workspace, run, as_of=run.finished_at or run.started_at)
    view = next(each for each in report.controls if each.control.id == "PHY-02")
    assert view.status is Status.NOT_APPLICABLE
    assert [(source.id, [choice.name for choice in source.choices]) for source in report.sources] == [
        ("people", ["roster"])
    ]


def test_results_at_hand_and_results_read_back_make_the_same_report(tmp_path: Path) -> None:
    folder = roster_program(tmp_path / "program")
    (folder / "tests/one.sql").write_text(
        "-- id: acme.one\n-- title: One\n-- controls: HR-01\n-- severity: low\n-- population: person\n"
        "-- remediation: None.\nSELECT id, 'deviation' AS outcome, 'wrong' AS reason FROM person\n"
    )
    name, now = RunId("run-1"), datetime.now(UTC)
    with open_workspace(folder) as workspace:
        begin(workspace, name, now)
        for group in plan(workspace, name, now).groups:
            collect(workspace, name, group, told=lambda *_: None)
        results = conclude(workspace, name, now)
        run = latest_run(workspace)
        assert {type(each.outcome) for result in results for each in result.observations} >= {Deviation}
        assert any(result.gaps for result in results)
        at_hand = readiness_report(workspace, run, as_of=now, results=results)
        assert at_hand == readiness_report(workspace, run, as_of=now)
        assert conclude(workspace, name, now) == ()
