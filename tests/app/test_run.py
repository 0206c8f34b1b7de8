"""A run from the outside: what it keeps, what it says, and what survives being killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

from auditwright.app.workspace import DATABASE_URL, open_workspace
from auditwright.core.run import RunState
from tests.app.programs import auditwright, roster_program
from tests.postgres import Cluster


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return roster_program(tmp_path / "acme")


def leaves(program: Path) -> list[dict[str, object]]:
    with open_workspace(program) as workspace:
        records = workspace.stores.records
        return [json.loads(leaf) for leaf in records.leaves(0, records.log_size())]


def test_a_run_keeps_evidence_logs_it_and_names_what_it_could_not_see(program: Path) -> None:
    ran = auditwright("run", "--program", program, "--json")
    assert ran.code == 3, ran.err  # no cloud is connected: nearly everything is inconclusive
    assert ran.json["evidence"] == 1
    assert ran.json["criteria"]["satisfied"] == 0
    logged = leaves(program)
    assert [leaf["seq"] for leaf in logged] == list(range(len(logged)))
    assert {leaf["kind"] for leaf in logged} == {"log", "run", "evidence", "result", "run-finished"} | (
        {"gap"} if any(leaf["kind"] == "gap" for leaf in logged) else set()
    )


def test_an_unchanged_second_run_adds_leaves_and_no_bytes(program: Path) -> None:
    auditwright("run", "--program", program)
    blobs = sorted((program / ".auditwright/evidence").rglob("*"))
    parquet = sorted((program / ".auditwright/inventory").rglob("*.parquet"))
    auditwright("run", "--program", program)
    # The definitions and every document are the same bytes, so nothing is kept twice.
    assert sorted((program / ".auditwright/evidence").rglob("*")) == blobs
    assert sorted((program / ".auditwright/inventory").rglob("*.parquet")) == parquet


def test_a_findings_first_day_stays_from_run_to_run(program: Path) -> None:
    (program / "tests/named.sql").write_text(
        "-- id: acme.titled\n-- title: Everybody is an engineer\n-- controls: HR-01\n-- severity: low\n"
        "-- population: person\n-- remediation: Hire an engineer.\n"
        "SELECT id, CASE WHEN title = 'Engineer' THEN 'satisfied' ELSE 'deviation' END AS outcome,\n"
        "name || ' is a ' || title AS reason FROM person\n"
    )
    first = auditwright("run", "--program", program, "--json")
    second = auditwright("run", "--program", program, "--json")
    assert first.code == second.code == 1
    (before,) = first.json["findings"]
    (after,) = second.json["findings"]
    assert before["what"] == "Eve Lane is a Designer"
    assert after["first_seen_at"] == before["first_seen_at"]


def test_a_waiver_changes_how_it_is_shown_and_not_the_outcome_until_it_ends(program: Path) -> None:
    (program / "tests/named.sql").write_text(
        "-- id: acme.titled\n-- title: Everybody is an engineer\n-- controls: HR-01\n-- severity: low\n"
        "-- population: person\n-- remediation: Hire an engineer.\n"
        "SELECT id, CASE WHEN title = 'Engineer' THEN 'satisfied' ELSE 'deviation' END AS outcome,\n"
        "name || ' is a ' || title AS reason FROM person\n"
    )
    waiver = (
        "id: W-1\ntest: acme.titled\nitems: ['person:eve@example.com']\nreason: She left.\n"
        "requested_by: bob@example.com\napproved_by: ada@example.com\napproved_at: 2026-01-01\nends_at: {end}\n"
    )
    (program / "waivers/w1.yaml").write_text(waiver.format(end="2999-01-01"))
    waived = auditwright("run", "--program", program, "--json")
    (test,) = [each for each in waived.json["tests"] if each["id"] == "acme.titled"]
    assert (test["status"], test["conclusion"]) == ("waived", "exceptions")
    assert waived.code == 3  # no deviation is left unaccepted, but much was not seen
    (program / "waivers/w1.yaml").write_text(waiver.format(end="2026-01-02"))
    ended = auditwright("run", "--program", program, "--json")
    (test,) = [each for each in ended.json["tests"] if each["id"] == "acme.titled"]
    assert (test["status"], test["conclusion"], ended.code) == ("deviation", "exceptions", 1)


def test_a_query_that_leaves_out_an_item_leaves_it_undetermined(program: Path) -> None:
    (program / "tests/narrow.sql").write_text(
        "-- id: acme.narrow\n-- title: Nobody is a contractor\n-- controls: HR-01\n-- severity: low\n"
        "-- population: person\n-- remediation: None.\n"
        "SELECT id, 'deviation' AS outcome, 'a contractor' AS reason FROM person WHERE employment = 'intern'\n"
    )
    ran = auditwright("run", "--program", program, "--json")
    (test,) = [each for each in ran.json["tests"] if each["id"] == "acme.narrow"]
    assert (test["conclusion"], test["undetermined"]) == ("inconclusive", 3)


def test_an_own_test_that_raises_stops_neither_other_items_nor_other_tests(program: Path) -> None:
    (program / "tests/broken.py").write_text(
        "from auditwright.core.control_test import Example, Remediation, Severity, control_test\n"
        "from auditwright.core.outcome import Deviation, Outcome, Satisfied\n"
        "from auditwright.core.resources import Person\n\n"
        "@control_test(id='acme.broken', controls=('HR-01',), severity=Severity.LOW,\n"
        "    remediation=Remediation(console='-', command='-', terraform='-'),\n"
        "    examples=(Example(None, Deviation('x')),))\n"
        "def broken(person: Person) -> Outcome:\n"
        "    '''Nobody is called Eve.'''\n"
        "    if person.name.startswith('Eve'):\n"
        "        raise ZeroDivisionError('oh')\n"
        "    return Satisfied()\n"
    )
    ran = auditwright("run", "--program", program, "--json")
    (test,) = [each for each in ran.json["tests"] if each["id"] == "acme.broken"]
    assert (test["conclusion"], test["satisfied"], test["undetermined"]) == ("inconclusive", 2, 1)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("auditwright.toml", "[organization\n", "auditwright.toml:1: not valid TOML"),
        ("auditwright.toml", '[organization]\nname = "A"\n[scope]\ncategorys = []\n', "auditwright.toml:4: scope.categorys: unknown key; did you mean 'categories'?"),
        ("waivers/w.yaml", "id: W\ntest: nope\nitems: ['*']\nreason: r\nrequested_by: a\napproved_by: b\napproved_at: 2026-01-01\nends_at: 2026-02-01\n", "waivers/w.yaml:1: there is no test 'nope'"),
        ("waivers/w.yaml", "id: W\ntest: people.roster-reconciled\nitems: ['*']\nreason: r\nrequested_by: a\napproved_by: a\napproved_at: 2026-01-01\nends_at: 2026-02-01\n", "approved by the person who asked for it"),
        ("controls/c.yaml", "id: IAM-99\nstatement: x\n", "controls/c.yaml:1: there is no control 'IAM-99'"),
        ("tests/t.py", "def (:\n", "tests/t.py:1: not valid Python"),
        ("tests/t.sql", "SELECT 1\n", "tests/t.sql:1: begin with comments that declare"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_definition_is_said_with_its_file_and_line(
    program: Path, file: str, text: str, said: str
) -> None:
    (program / file).write_text(text)
    ran = auditwright("run", "--program", program)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_mistyped_path_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    ran = auditwright("run", "--program", tmp_path / "nowhere")
    assert ran.code == 2
    assert "auditwright init" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_empty_roster_is_a_gap_and_not_an_organization_without_leavers(program: Path) -> None:
    (program / "people.csv").write_text("email,name,employment,title,manager,started_on,ended_on,accounts\n")
    ran = auditwright("run", "--program", program, "--json")
    assert any(gap["reason"] == "empty" for gap in ran.json["gaps"])
    assert ran.code == 3


def test_an_item_whose_id_no_store_can_keep_hides_its_kind_and_stops_nothing(
    program: Path, postgres: Cluster
) -> None:
    # What repeats is compressed before it is a key, and would fit.
    name = "".join(sha256(bytes([number])).hexdigest() for number in range(100))
    with (program / "people.csv").open("a") as roster:
        roster.write(f"{name}@example.com,Long,employee,Engineer,,2024-01-01,,\n")
    shutil.rmtree(program / ".auditwright")
    database = {DATABASE_URL: postgres.new_database()}
    assert auditwright("init", program, env=database).code == 0
    ran = auditwright("run", "--program", program, "--json", env=database)
    assert ran.code in {1, 3}, ran.err
    assert any("an id of more than 2,000 bytes" in gap["detail"] for gap in ran.json["gaps"])


def test_a_second_run_at_the_same_time_is_refused_with_the_reason(program: Path) -> None:
    import fcntl

    with (program / ".auditwright/run.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        ran = auditwright("run", "--program", program)
    assert ran.code == 2
    assert "Another run is under way" in ran.err


def test_killed_anywhere_a_run_is_taken_up_and_nothing_is_lost_or_doubled(program: Path) -> None:
    """SIGKILL after growing times, each followed by whatever the next start finds."""
    deadline = time.monotonic() + 60
    for attempt in range(8):
        running = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from auditwright.cli.main import main; main()",
                "run",
                "--program",
                str(program),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ},
        )
        try:
            running.wait(timeout=0.8 + 0.25 * attempt)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
            running.wait()
        assert time.monotonic() < deadline
    final = auditwright("run", "--program", program, "--json")
    assert final.code == 3, final.err
    with open_workspace(program) as workspace:
        records = workspace.stores.records
        runs = records.runs()
        assert {run.state for run in runs} == {RunState.FINISHED}
        for run in runs:
            assert len(records.jobs(run.id)) == 1
            assert len(records.evidence(run.id)) == 1
            assert len({result.test for result in records.results(run.id)}) == len(records.results(run.id))
            assert len(records.results(run.id)) == len(workspace.catalogue.tests)
    logged = leaves(program)
    assert [leaf["seq"] for leaf in logged] == list(range(len(logged)))
    assert sum(leaf["kind"] == "run" for leaf in logged) == len(runs)
    assert sum(leaf["kind"] == "run-finished" for leaf in logged) == len(runs)


@pytest.mark.parametrize("limit_kb", [40, 150, 200])
def test_a_disk_that_takes_no_more_stops_the_run_and_loses_nothing(program: Path, limit_kb: int) -> None:
    """A bound on the size of files makes every write beyond it fail, as a full disk does."""
    limited = subprocess.run(
        [
            "bash",
            "-c",
            f'ulimit -f {limit_kb}; exec "$@"',
            "limited",
            sys.executable,
            "-c",
            "from auditwright.cli.main import main; main()",
            "run",
            "--program",
            str(program),
            "--json",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert limited.returncode == 2
    assert "Traceback" not in limited.stderr
    assert "Error: " in limited.stderr
    after = auditwright("run", "--program", program, "--json")
    assert after.code == 3, after.err
    with open_workspace(program) as workspace:
        records = workspace.stores.records
        assert {run.state for run in records.runs()} == {RunState.FINISHED}
        assert {len(records.evidence(run.id)) for run in records.runs()} == {1}
    logged = leaves(program)
    assert [leaf["seq"] for leaf in logged] == list(range(len(logged)))
