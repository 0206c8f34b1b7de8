"""A period is every run of it, not the newest."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.app.programs import SETTINGS, auditwright, roster_program

OWN = """\
-- id: acme.named
-- title: Everybody has a title
-- controls: HR-01
-- severity: low
-- population: person
-- remediation: Give them one.
SELECT id, CASE WHEN title = 'none' THEN 'deviation' ELSE 'satisfied' END AS outcome, name || ' has none' AS reason FROM person
"""


def test_a_deviation_that_was_put_right_stays_an_exception_of_the_period(tmp_path: Path) -> None:
    program = roster_program(tmp_path / "acme")
    today = datetime.now(UTC).date()
    period = f"period = {{ start = {today}, end = {today + timedelta(days=30)} }}\n"
    (program / "auditwright.toml").write_text(
        SETTINGS.replace('categories = ["security"]\n', f'categories = ["security"]\n{period}')
    )
    (program / "tests/named.sql").write_text(OWN)
    roster = (program / "people.csv").read_text()
    (program / "people.csv").write_text(roster.replace("Designer", "none"))
    assert auditwright("run", "--program", program).code == 1
    (program / "people.csv").write_text(roster)
    newest = auditwright("run", "--program", program, "--json")
    assert {test["id"]: test["status"] for test in newest.json["tests"]}["acme.named"] == "satisfied"
    assert newest.json["findings"] == []
    over = auditwright("status", "--period", "--program", program, "--json")
    (test,) = [each for each in over.json["tests"] if each["id"] == "acme.named"]
    assert (test["conclusion"], test["runs"], test["runs_with_exceptions"]) == ("exceptions", 2, 1)
    assert over.code == 1


def test_what_was_known_on_a_day_can_be_asked_after_it_changed(tmp_path: Path) -> None:
    program = roster_program(tmp_path / "acme")
    auditwright("run", "--program", program)
    between = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    roster = program / "people.csv"
    roster.write_text(roster.read_text().replace("Designer", "Lead"))
    auditwright("run", "--program", program)
    asked = "SELECT title FROM person WHERE name = 'Eve Lane'"
    before = auditwright("inventory", asked, "--as-of", between, "--program", program, "--json")
    now = auditwright("inventory", asked, "--program", program, "--json")
    assert (before.json, now.json) == ([{"title": "Designer"}], [{"title": "Lead"}])
