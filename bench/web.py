"""Every page of the web app while somebody asks for 20 a second, over a year of a large organization.

The organization has 100,000 resources that were really collected and tested, 100,000 issues of vulnerabilities in its
register, and an hourly run for a year: 1,000,000 stored results, each with its leaf in the log. Pages are asked for at
a constant rate by a process of its own, and a page that comes late counts from when it was due. SQLite, then the same
rows in PostgreSQL.
"""

import os
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditwright.app.sessions import Browser, begin_session
from auditwright.app.workspace import DATABASE_URL, Workspace, open_workspace
from auditwright.core.account import Account, Role
from auditwright.core.ids import AccountId, EngagementId, RunId
from auditwright.core.log import LogEntry
from auditwright.core.run import ResultRecord, Run, RunKind
from bench import resources
from bench.child import AUDITWRIGHT, expect, run
from bench.rows import CannotMeasureError, Row
from bench.vulns import write_grype
from tests.postgres import cluster

RESULTS = 1_000_000
ISSUES = 100_000
RATE_PER_S = 20
SECONDS = 20
TARGET_P95_MS = 200.0
TARGET_KB = 100.0
TARGET_START_S = 2.0
TIMEOUT_S = 900.0
PORT = 8437
BATCH_RUNS = 200
TOOK = timedelta(minutes=1)
PATIENCE_S = 60
KB = 1_000

PAGES = (
    "/",
    "/criteria",
    "/criteria/CC6.1",
    "/controls",
    "/controls/NET-01",
    "/tests",
    "/tests/network.ssh-closed",
    "/findings",
    "/waivers",
    "/evidence",
    "/inventory",
    "/inventory/security_group",
    "/access",
    "/vulnerabilities",
    "/releases",
    "/integrations",
    "/runs",
    "/audit-log",
    "/people",
    "/settings",
    "/search?q=sg-1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One page that was asked for."""

    path: str
    ms: float
    size_bytes: int


def measure(scratch: Path, repeats: int) -> list[Row]:
    """Fill the organization once, and ask for its pages on both databases."""
    del repeats  # a rate is held for long enough to be a median of itself
    program = scratch / "program"
    token = fill(program, scratch)
    rows = [*_rows(program, token, "SQLite")]
    saved, moved = scratch / "backup.tar", scratch / "moved"
    _done("backup", saved, "--program", program, scratch=scratch)
    with cluster() as server, _records_in(server.new_database()):
        _done("restore", saved, moved, scratch=scratch)
        rows += _rows(moved, token, "PostgreSQL")
    return rows


def _done(command: str, *arguments: str | Path, scratch: Path) -> None:
    """Run a command of ours that has to succeed; raises CannotMeasureError."""
    ran = run([*AUDITWRIGHT, command, *arguments], scratch, timeout_s=TIMEOUT_S)
    expect(ran, (0,), f"`auditwright {command}`")


@contextmanager
def _records_in(address: str) -> Iterator[None]:
    """Whatever is started meanwhile keeps its records in another database."""
    os.environ[DATABASE_URL] = address
    try:
        yield
    finally:
        del os.environ[DATABASE_URL]


def fill(program: Path, scratch: Path) -> str:
    """Make the organization; returns the token of somebody who is signed in."""
    resources.prepare(program, scratch)
    expect(
        run([*AUDITWRIGHT, "run", "--program", program], scratch, timeout_s=TIMEOUT_S),
        (1,),
        "`auditwright run`",
    )
    report = scratch / "grype.json"
    write_grype(report, ISSUES)
    expect(
        run([*AUDITWRIGHT, "vulns", "triage", report, "--program", program], scratch, timeout_s=TIMEOUT_S),
        (0, 1, 3),
        "`auditwright vulns triage`",
    )
    with open_workspace(program) as workspace:
        _fill(workspace)
        return _sign_in(workspace)


def _fill(workspace: Workspace) -> None:
    """A finished run every hour before the real one, with a result of each test that the real one has."""
    records = workspace.stores.records
    real = next(each for each in reversed(records.runs()) if each.kind is RunKind.COLLECTION)
    results = list(records.results(real.id))
    count = -(-RESULTS // len(results))
    runs = [
        replace(
            real,
            id=RunId(f"bench-{number:06}"),
            started_at=real.started_at - timedelta(hours=number + 1),
            finished_at=real.started_at - timedelta(hours=number + 1) + TOOK,
        )
        for number in range(count)
    ]
    for first in range(0, count, BATCH_RUNS):
        with records.transaction() as write:
            for each in runs[first : first + BATCH_RUNS]:
                write.put_run(each)
                write.add_results(
                    [_result(each, result, write.append(_entry(each, result))) for result in results]
                )


def _result(run: Run, like: ResultRecord, seq: int) -> ResultRecord:
    return replace(like, run=run.id, concluded_at=run.started_at + TOOK, seq=seq)


def _entry(run: Run, like: ResultRecord) -> LogEntry:
    return LogEntry(
        kind="result",
        at=run.started_at + TOOK,
        fields={"run": run.id, "test": like.test, "sha256": like.document},
    )


def _sign_in(workspace: Workspace) -> str:
    now = datetime.now(UTC)
    account = Account(
        id=AccountId(f"acc-{secrets.token_hex(4)}"),
        email="bench@example.com",
        name="Bench",
        role=Role.OWNER,
        engagement=EngagementId(""),
        made_at=now,
        ended_at=None,
        password="",
        seed=b"",
        step=0,
    )
    with workspace.stores.records.transaction() as write:
        write.keep([account])
    return begin_session(workspace, account, Browser(address="", agent="bench", method="bench"), now)


def _rows(program: Path, token: str, database: str) -> Iterator[Row]:
    with _served(program) as start_s:
        yield Row(
            name=f"web ({database}): from start to ready", unit="s", measured=start_s, target=TARGET_START_S
        )
        first = [_ask(path, token, time.perf_counter()) for path in PAGES]
        asked = _at_rate(token)
    slowest = max(asked, key=lambda each: each.ms)
    largest = max(asked, key=lambda each: each.size_bytes)
    p95 = sorted(each.ms for each in asked)[int(len(asked) * 0.95)]
    worst = max(PAGES, key=lambda path: _p95([each for each in asked if each.path == path]))
    yield Row(
        name=f"web ({database}): p95 of {len(asked)} pages at {RATE_PER_S}/s",
        unit="ms",
        measured=p95,
        target=TARGET_P95_MS,
        note=f"slowest {slowest.path} {slowest.ms:.0f} ms",
    )
    yield Row(
        name=f"web ({database}): p95 of the slowest page",
        unit="ms",
        measured=_p95([each for each in asked if each.path == worst]),
        target=TARGET_P95_MS,
        note=f"{worst}; cold {max(each.ms for each in first):.0f} ms at most",
    )
    yield Row(
        name=f"web ({database}): HTML of the largest page",
        unit="kB",
        measured=largest.size_bytes / KB,
        target=TARGET_KB,
        note=largest.path,
    )


def _p95(asked: Sequence[Asked]) -> float:
    return sorted(each.ms for each in asked)[int(len(asked) * 0.95)] if asked else 0.0


@contextmanager
def _served(program: Path) -> Iterator[float]:
    """Serve in a process of its own; gives the seconds until it was ready."""
    begun = time.perf_counter()
    server = subprocess.Popen(
        [*AUDITWRIGHT, "serve", "--program", str(program), "--port", str(PORT)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ,
    )
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://localhost:{PORT}/readyz", timeout=5):
                    break
            except (urllib.error.URLError, ConnectionError):
                if server.poll() is not None or time.perf_counter() - begun > PATIENCE_S:
                    raise CannotMeasureError("the server did not start") from None
                time.sleep(0.02)
        yield time.perf_counter() - begun
    finally:
        server.terminate()
        server.wait(timeout=30)


def _at_rate(token: str) -> list[Asked]:
    """Ask for every page in turn at the rate; a page is due at its time, whether the one before came or not."""
    begun = time.perf_counter() + 0.2
    total = RATE_PER_S * SECONDS
    with ThreadPoolExecutor(max_workers=RATE_PER_S) as pool:
        due = ((PAGES[number % len(PAGES)], begun + number / RATE_PER_S) for number in range(total))
        return list(pool.map(lambda each: _ask(each[0], token, each[1]), due))


def _ask(path: str, token: str, due: float) -> Asked:
    time.sleep(max(due - time.perf_counter(), 0))
    request = urllib.request.Request(
        f"http://localhost:{PORT}{path}", headers={"cookie": f"auditwright={token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310  # http, to this machine
            body = answer.read()
    except urllib.error.HTTPError as error:
        raise CannotMeasureError(f"{path} answered {error.code}") from error
    return Asked(path=path, ms=(time.perf_counter() - max(due, 0)) * 1000, size_bytes=len(body))
