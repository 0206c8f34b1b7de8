"""Runs on pages: finished ones, one that another process does, and one that nobody works on."""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditwright.app.running import LOCK_FILE
from auditwright.core.evidence import Gap, GapReason, Scope, digest_of
from auditwright.core.ids import IntegrationId, JobId, RunId, StreamId
from auditwright.core.log import LogEntry
from auditwright.core.run import GapRecord, JobRecord, Run, RunKind, RunState
from tests.app.programs import auditwright, roster_program
from tests.web.served import Served, served

HOSTILE = "<script>alert(1)</script>\u202e" + "x" * 10_000

HOLD = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR, 0o600)
fcntl.flock(descriptor, fcntl.LOCK_EX)
os.pwrite(descriptor, f"{os.getpid()}\\n".encode(), 0)
print("held", flush=True)
sys.stdin.read()
"""

BEGUN = RunId("run-begun")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = roster_program(tmp_path_factory.mktemp("runs") / "acme")
    assert auditwright("run", "--program", folder).code in {0, 1, 3}
    with served(folder) as running:
        begin(running)
        yield running


def begin(site: Served) -> None:
    """A run that was begun, asked one of four places, and was refused there."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    scope = Scope(source=IntegrationId("aws"), account=HOSTILE)
    stream, job = StreamId("aws.iam"), JobId("job")
    gap = Gap(
        stream=stream,
        scope=scope,
        operation="iam:ListUsers",
        reason=GapReason.REFUSED,
        detail=HOSTILE,
        remedy="Grant iam:ListUsers.",
        hides_items=True,
        at=at,
    )
    with site.site.workspace().stores.records.transaction() as write:
        write.put_run(
            Run(
                id=BEGUN,
                kind=RunKind.COLLECTION,
                started_at=at,
                finished_at=None,
                state=RunState.RUNNING,
                program_sha256=digest_of(b""),
                planned=4,
            )
        )
        done = JobRecord(run=BEGUN, job=job, stream=stream, scope=scope, finished_at=at, complete=False)
        assert write.finish_job(done)
        seq = write.append(LogEntry(kind="gap", at=at, fields={}))
        write.add_gaps([GapRecord(run=BEGUN, job=job, gap=gap, seq=seq)])


@contextmanager
def another_process(site: Served) -> Iterator[int]:
    """Another process that does a run, as far as anybody can see."""
    path = site.site.workspace().state / LOCK_FILE
    holding = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holding.stdin is not None
    assert holding.stdout is not None
    try:
        assert holding.stdout.readline() == "held\n"
        yield holding.pid
    finally:
        holding.communicate("")


def test_a_finished_run_shows_what_it_asked_and_what_came_of_it(site: Served) -> None:
    client = site.visitor()
    runs = client.get("/runs.json").json()
    assert [each["state"] for each in runs] == ["finished", "interrupted"]
    page = client.get(f"/runs/{runs[0]['run']}").text
    assert "tests with exceptions" in page or "test with exceptions" in page
    assert "What came of it" in page
    assert "/tests/people." in page
    assert "hx-get" not in page.partition('id="main"')[2]


def test_a_run_that_nobody_works_on_offers_to_be_taken_up(site: Served) -> None:
    client = site.visitor()
    assert "A run was interrupted, and can be taken up" in client.get("/runs").text
    page = client.get(f"/runs/{BEGUN}").text
    assert "Nobody works on this run" in page
    assert "Take it up again" in page
    assert "<progress" not in page


def test_a_run_by_another_process_is_shown_and_none_is_started_beside_it(site: Served) -> None:
    client = site.visitor()
    with another_process(site) as process:
        page = client.get("/runs").text
        assert "A run is under way" in page
        assert f"Process {process} on this machine" in page
        assert "Run now" not in page
        page = client.get(f"/runs/{BEGUN}").text
        assert '<progress value="1" max="4"' in page
        assert 'hx-trigger="every 2s"' in page
        assert f"Process {process} works on it" in page
        assert "Stop after" not in page
        answer = client.post("/runs/start")
        assert answer.status_code == 409
        assert f"Another run is under way here (process {process})" in answer.text
        assert client.post("/runs/stop").headers["location"] == "/runs"
    assert "Take it up again" in client.get("/runs").text


def test_looking_at_runs_never_keeps_one_from_starting(site: Served) -> None:
    state = site.site.workspace().state
    with (state / LOCK_FILE).open() as file:
        site.visitor().get("/runs")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_gaps_are_rows_with_their_words_and_hostile_ones_do_no_harm(site: Served) -> None:
    client = site.visitor()
    for path in (f"/runs/{BEGUN}", f"/runs/{BEGUN}/gaps", "/runs"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "\u202e" not in answer.text
        assert len(answer.content) < 100_000
    assert "Grant iam:ListUsers." in client.get(f"/runs/{BEGUN}/gaps").text
    (gap,) = client.get(f"/runs/{BEGUN}/gaps.json").json()
    assert gap["detail"] == HOSTILE
    assert "'<script>" not in client.get(f"/runs/{BEGUN}/gaps.csv").text[:20]
    narrowed = client.get(f"/runs/{BEGUN}/gaps?reason=throttled").text
    assert "Nothing meets these filters" in narrowed


def test_what_began_later_is_not_seen_as_of_a_day_before(site: Served) -> None:
    client = site.visitor()
    assert client.get("/runs.json?as_of=2026-02-28").json() == []
    assert client.get(f"/runs/{BEGUN}?as_of=2026-02-28").status_code == 404
    assert client.get(f"/runs/{BEGUN}/gaps?as_of=2026-02-28").status_code == 404
    assert client.get("/runs/no-such-run").status_code == 404
