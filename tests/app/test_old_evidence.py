"""A saved answer of weeks ago is no evidence of the days since, and a fresh one is."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditwright.app.collecting import begin, collect, plan
from auditwright.app.concluding import conclude
from auditwright.app.importing import SavedAnswer, import_aws
from auditwright.app.testing import try_tests
from auditwright.app.workspace import open_workspace
from auditwright.core.ids import RunId, TestId
from auditwright.core.outcome import Conclusion, Deviation, NotApplicable, Result, Undetermined
from tests.app.programs import roster_program

COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
ROOT_LINE = (
    "<root_account>,arn:aws:iam::111122223333:root,2020-01-02T03:04:05+00:00,not_supported,{used},not_supported,"
    "not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
)
TESTS = tuple(
    TestId(name)
    for name in ("identity.root-unused", "identity.root-mfa-enrolled", "people.roster-reconciled")
)
NEVER = "no_information"


def take_in(program: Path, used: str, *, days_old: int) -> str:
    """Import a credential report that was saved that long ago; returns its day as reports write it."""
    at = datetime.now(UTC) - timedelta(days=days_old)
    report = program.parent / f"report-{days_old}.csv"
    report.write_text(f"{COLUMNS}\n{ROOT_LINE.format(used=used)}\n")
    answer = SavedAnswer(
        service="iam",
        command="get-credential-report",
        file=report,
        parameters={},
        account="",
        region="",
        effective_at=at,
    )
    with open_workspace(program) as workspace:
        import_aws(workspace, answer, now=datetime.now(UTC))
    return f"{at:%d %b %Y}"


def after_a_run(program: Path, name: str) -> tuple[Result, ...]:
    with open_workspace(program) as workspace:
        at = datetime.now(UTC)
        begin(workspace, RunId(name), at)
        for group in plan(workspace, RunId(name), at).groups:
            collect(workspace, RunId(name), group, told=lambda *_: None)
        conclude(workspace, RunId(name), datetime.now(UTC))
        return try_tests(workspace, TESTS, now=datetime.now(UTC)).results


def test_what_a_saved_answer_shows_is_said_as_of_its_day_until_it_is_saved_again(tmp_path: Path) -> None:
    program = roster_program(tmp_path / "acme")
    long_ago = (datetime.now(UTC) - timedelta(days=200)).timestamp()
    os.utime(program / "people.csv", (long_ago, long_ago))

    day = take_in(program, (datetime.now(UTC) - timedelta(days=63, hours=1)).isoformat(), days_old=60)
    unused, enrolled, reconciled = after_a_run(program, "first")
    (root,) = unused.observations
    assert isinstance(root.outcome, Deviation)
    assert root.outcome.what.startswith(f"as of {day}: the root user was last used 3 days ago")
    # What is configured is said as of its evidence, as ever.
    assert enrolled.conclusion is Conclusion.NO_EXCEPTIONS
    # The accounts of those who left were not seen lately; a roster that nobody had to change is not old.
    assert {type(each.outcome) for each in reconciled.observations} == {NotApplicable, Undetermined}
    assert reconciled.gaps == ()

    day = take_in(program, NEVER, days_old=40)
    unused = after_a_run(program, "second")[0]
    (root,) = unused.observations
    assert isinstance(root.outcome, Undetermined)
    assert day in root.outcome.why
    assert [day in gap.detail for gap in unused.gaps] == [True]
    assert unused.conclusion is Conclusion.INCONCLUSIVE

    take_in(program, NEVER, days_old=0)
    assert after_a_run(program, "third")[0].conclusion is Conclusion.NO_EXCEPTIONS
