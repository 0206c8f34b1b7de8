"""Webhooks are told once of each thing, in messages that can be checked, and are tried a few times."""

import base64
import hashlib
import hmac
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditwright.app.acting import TERMINAL
from auditwright.app.delivering import ATTEMPTS, WAITS, deliver_due, telling
from auditwright.app.notifying import STALE, announce
from auditwright.app.queries.memo import Memo
from auditwright.app.queries.view import View
from auditwright.app.queries.vulnerabilities import falling_due
from auditwright.app.webhooks import Event, Form, WantedWebhook, add_webhook, end_webhook, live, problems_of
from auditwright.app.workspace import Workspace, open_workspace
from auditwright.core.act import Act, Assignment, Decision, Delivery, WaiverRequest, Webhook
from auditwright.core.ids import AccountId, Digest, ResourceId, RunId, TestId, WaiverId
from auditwright.core.log import LogEntry
from auditwright.core.outcome import Conclusion, Deviation, Observation, Outcome, Result, Satisfied
from auditwright.core.run import ResultRecord, Run, RunKind, RunState
from tests.app.programs import SETTINGS, auditwright, roster_program
from tests.app.receiver import Receiver, receiving
from tests.cli.test_vulns import grype

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "https://audit.example.com"
HOUR = timedelta(hours=1)
TEST = TestId("identity.mfa-enrolled")
ADA, BOB = ResourceId("arn:ada"), ResourceId("arn:<bob>")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = roster_program(tmp_path_factory.mktemp("program") / "acme")
    (folder / "auditwright.toml").write_text(f'{SETTINGS}\n[webhooks]\nallow = ["127.0.0.1"]\n')
    return folder


@pytest.fixture
def workspace(program: Path, tmp_path: Path) -> Iterator[Workspace]:
    folder = tmp_path / "acme"
    shutil.copytree(program, folder)
    with open_workspace(folder) as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def added(workspace: Workspace, receiver: Receiver, form: Form, *events: Event) -> tuple[Webhook, str]:
    wanted = WantedWebhook(url=f"{receiver.url}/T00/secret-path", form=form, events=events)
    made = add_webhook(workspace, TERMINAL, wanted, NOON)
    return made.webhook, made.secret


def look(workspace: Workspace, at: datetime) -> int:
    view = View(workspace=workspace, now=at, as_of=at, engagement=None, memo=Memo())
    return announce(view, URL)


def finished(workspace: Workspace, at: datetime, outcomes: dict[ResourceId, Outcome]) -> None:
    """A run that finished, with what a test said of some items."""
    from auditwright.engine.findings import follow, reopened

    run = RunId(f"run-{at:%d%H}")
    result = Result(
        test=TEST,
        population="user_account",
        concluded_at=at,
        conclusion=Conclusion.EXCEPTIONS,
        observations=tuple(
            Observation(item=item, name=item, account="", region="", outcome=outcome, evidence=())
            for item, outcome in outcomes.items()
        ),
        gaps=(),
    )
    records = workspace.stores.records
    with records.transaction() as write:
        write.put_run(
            Run(
                id=run,
                kind=RunKind.COLLECTION,
                started_at=at - HOUR,
                finished_at=at,
                state=RunState.FINISHED,
                program_sha256=Digest("0" * 64),
            )
        )
        seq = write.append(LogEntry(kind="result", at=at, fields={"run": run}))
        write.add_results(
            [
                ResultRecord(
                    run=run,
                    test=TEST,
                    concluded_at=at,
                    conclusion=result.conclusion,
                    satisfied=0,
                    deviations=len(outcomes),
                    not_applicable=0,
                    undetermined=0,
                    gaps=0,
                    waived=0,
                    document=workspace.stores.evidence.put(b"{}"),
                    seq=seq,
                )
            ]
        )
        known = records.findings(include_closed=True)
        followed = follow(result, known)
        write.put_findings(followed)
        write.keep(reopened(known, followed))
    workspace.stores.inventory.observe(run, at, [result])


def waiver(ends_at: datetime) -> WaiverRequest:
    return WaiverRequest(
        id=WaiverId("ask-1"),
        test=TEST,
        items=("*",),
        reason="It leaves soon.",
        requested_by=AccountId("acc-1"),
        requested_name="Lena",
        requested_at=NOON,
        ends_at=ends_at,
        decision=Decision.APPROVED,
        decided_by=AccountId("acc-2"),
        decided_name="Mira",
        decided_at=NOON,
        note="",
        ended_at=None,
        ended_name="",
    )


def messages(workspace: Workspace) -> list[Delivery]:
    return sorted(workspace.stores.records.kept(Delivery), key=lambda each: (each.made_at, each.event))


def test_what_a_run_opens_and_closes_is_one_message_each_and_told_once(
    workspace: Workspace, receiver: Receiver
) -> None:
    added(workspace, receiver, Form.SIGNED, Event.FINDING_OPENED, Event.FINDING_CLOSED, Event.RUN_FINISHED)
    bad = Deviation("no second factor")
    finished(workspace, NOON + HOUR, {ADA: bad, BOB: bad})
    assert look(workspace, NOON + HOUR) == 2
    assert look(workspace, NOON + 2 * HOUR) == 0
    finished(workspace, NOON + 3 * HOUR, {ADA: bad, BOB: Satisfied()})
    assert look(workspace, NOON + 3 * HOUR) == 2
    told = [json.loads(each.body) for each in messages(workspace)]
    assert [each["type"] for each in told] == [
        "finding.opened",
        "run.finished",
        "finding.closed",
        "run.finished",
    ]
    opened, _, closed, _ = (each["data"] for each in told)
    assert opened["title"] == "2 findings opened: no second factor, and 1 more"
    assert [each["item"] for each in opened["findings"]] == [BOB, ADA]
    assert [each["item"] for each in closed["findings"]] == [BOB]
    assert opened["url"] == f"{URL}/findings"


def test_a_finding_that_comes_back_is_told_again_and_one_that_stays_is_not(
    workspace: Workspace, receiver: Receiver
) -> None:
    added(workspace, receiver, Form.SIGNED, Event.FINDING_OPENED)
    bad = Deviation("no second factor")
    said: list[Outcome] = [bad, Satisfied(), bad, bad, Deviation("no factor at all")]
    for hours, outcome in enumerate(said, start=1):
        finished(workspace, NOON + hours * HOUR, {ADA: outcome})
        look(workspace, NOON + hours * HOUR)
    assert [each.subject for each in messages(workspace)] == ["run-2313", "run-2315"]


def test_what_happened_before_a_webhook_was_made_or_long_ago_is_no_news(
    workspace: Workspace, receiver: Receiver
) -> None:
    finished(workspace, NOON - HOUR, {ADA: Deviation("x")})
    added(workspace, receiver, Form.SIGNED, Event.FINDING_OPENED, Event.RUN_FINISHED)
    assert look(workspace, NOON) == 0
    finished(workspace, NOON + HOUR, {BOB: Deviation("x")})
    assert look(workspace, NOON + STALE + 2 * HOUR) == 0


def test_a_lapse_a_deadline_and_the_end_of_a_waiver_are_said_ahead(
    workspace: Workspace, receiver: Receiver
) -> None:
    added(workspace, receiver, Form.SIGNED, Event.EVIDENCE_LAPSED, Event.DEADLINE_AHEAD, Event.WAIVER_ENDS)
    finished(workspace, NOON + HOUR, {ADA: Deviation("x"), BOB: Deviation("y")})
    due = [
        Assignment(test=TEST, item=item, owner="Lena", due_at=at, made_by="acc-1", made_at=NOON)
        for item, at in ((ADA, NOON + timedelta(days=4)), (BOB, NOON + timedelta(days=40)))
    ]
    with workspace.stores.records.transaction() as write:
        write.keep(due)
        write.keep([waiver(NOON + timedelta(days=8, hours=12))])
    assert look(workspace, NOON + 2 * HOUR) == 1
    assert look(workspace, NOON + timedelta(days=2)) == 2
    assert look(workspace, NOON + timedelta(days=3)) == 0
    titles = [json.loads(each.body)["data"]["title"] for each in messages(workspace)]
    assert titles == [
        "Due 27 Nov 2026, owed by Lena: x",
        "Evidence lapsed: nothing was collected since 23 Nov 2026",
        "The waiver ask-1 of identity.mfa-enrolled ends 2 Dec 2026",
    ]


def test_what_is_due_on_a_day_on_an_asset_line_is_one_message(
    workspace: Workspace, receiver: Receiver, tmp_path: Path
) -> None:
    report = tmp_path / "grype.json"
    report.write_text(
        json.dumps(grype("CVE-2024-0001", "CVE-2024-0002", made_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"))
    )
    ran = auditwright("vulns", "triage", report, "--program", workspace.folder)
    assert ran.code in {0, 1, 3}, ran.err
    now = datetime.now(UTC)
    view = View(workspace=workspace, now=now, as_of=now, engagement=None, memo=Memo())
    due = {row.due_at for row in falling_due(view, now + timedelta(days=365))}
    (deadline,) = {each for each in due if each is not None}
    added(workspace, receiver, Form.SIGNED, Event.DEADLINE_AHEAD)
    assert deadline - now < timedelta(days=7)
    assert look(workspace, now) == 1
    assert look(workspace, now + HOUR) == 0
    assert look(workspace, deadline + HOUR) == 0
    (told,) = [json.loads(each.body)["data"] for each in messages(workspace)]
    assert told["title"].endswith("CVE-2024-0001 in openssl, and 1 more")
    assert told["total"] == 2
    assert told["url"].startswith(f"{URL}/vulnerabilities?line=")


def test_a_message_is_signed_as_standard_webhooks_has_it(workspace: Workspace, receiver: Receiver) -> None:
    _, secret = added(workspace, receiver, Form.SIGNED, Event.RUN_FINISHED)
    finished(workspace, NOON + HOUR, {ADA: Deviation("x")})
    look(workspace, NOON + HOUR)
    assert deliver_due(workspace, NOON + HOUR) == 1
    (got,) = receiver.got
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"
    assert got.headers["webhook-timestamp"] == str(int((NOON + HOUR).timestamp()))
    (kept,) = messages(workspace)
    assert (kept.id, kept.delivered_at, kept.next_at) == (got.headers["webhook-id"], NOON + HOUR, None)
    assert deliver_due(workspace, NOON + 2 * HOUR) == 0


def test_slack_gets_a_text_in_which_nothing_is_markup(workspace: Workspace, receiver: Receiver) -> None:
    hook, secret = added(workspace, receiver, Form.SLACK, Event.FINDING_OPENED)
    assert (secret, hook.url) == ("", receiver.url)
    finished(workspace, NOON + HOUR, {ADA: Deviation("<!channel> & <https://evil|x>\u202e")})
    look(workspace, NOON + HOUR)
    deliver_due(workspace, NOON + HOUR)
    (got,) = receiver.got
    text = json.loads(got.body)["text"]
    assert text.startswith(f"<{URL}/findings|1 finding opened: &lt;!channel&gt; &amp; &lt;https://evil¦x&gt;")
    assert text.count("<") == text.count(">") == 1
    assert "\u202e" not in text
    assert got.path == "/T00/secret-path"
    assert "webhook-signature" not in got.headers


def test_the_address_of_slack_lies_nowhere_in_the_clear(workspace: Workspace, receiver: Receiver) -> None:
    added(workspace, receiver, Form.SLACK, Event.RUN_FINISHED)
    kept = b"".join(path.read_bytes() for path in workspace.state.glob("records.db*"))
    assert b"secret-path" not in kept
    (act,) = workspace.stores.records.kept(Act)
    assert act.detail == "Added a webhook to 127.0.0.1 for run.finished."


def test_a_receiver_that_refuses_is_tried_five_times_with_growing_waits(
    workspace: Workspace, receiver: Receiver
) -> None:
    added(workspace, receiver, Form.SIGNED, Event.RUN_FINISHED)
    receiver.status = 500
    at = NOON + HOUR
    finished(workspace, at, {})
    look(workspace, at)
    for wait in WAITS:
        assert deliver_due(workspace, at) == 1
        (kept,) = messages(workspace)
        assert (kept.problem, kept.next_at) == ("It answered 500.", at + wait)
        assert deliver_due(workspace, at + wait - timedelta(seconds=1)) == 0
        at += wait
    assert deliver_due(workspace, at) == 1
    (kept,) = messages(workspace)
    assert (kept.attempts, kept.next_at, kept.delivered_at) == (ATTEMPTS, None, None)
    assert deliver_due(workspace, at + timedelta(days=1)) == 0
    assert len(receiver.got) == ATTEMPTS
    assert len({each.headers["webhook-id"] for each in receiver.got}) == 1


def test_a_redirect_counts_as_not_taken(workspace: Workspace, receiver: Receiver) -> None:
    added(workspace, receiver, Form.SIGNED, Event.RUN_FINISHED)
    receiver.status, receiver.location = 302, f"{receiver.url}/elsewhere"
    finished(workspace, NOON + HOUR, {})
    look(workspace, NOON + HOUR)
    deliver_due(workspace, NOON + HOUR)
    assert messages(workspace)[0].problem == "It answered 302, and redirects are not followed."
    assert [got.path for got in receiver.got] == ["/T00/secret-path"]


def test_a_process_that_dies_while_it_sends_has_used_up_an_attempt(
    workspace: Workspace, receiver: Receiver
) -> None:
    hook, _ = added(workspace, receiver, Form.SIGNED, Event.RUN_FINISHED)
    finished(workspace, NOON + HOUR, {})
    look(workspace, NOON + HOUR)
    with workspace.stores.records.transaction() as write:
        (held,) = write.kept(Delivery)
        write.keep([replace(held, attempts=ATTEMPTS, next_at=NOON + HOUR)])
    assert deliver_due(workspace, NOON + HOUR) == 1
    assert receiver.got == []
    assert messages(workspace)[0].next_at is None
    assert hook in live(workspace)


def test_nothing_is_sent_to_a_webhook_that_was_ended(workspace: Workspace, receiver: Receiver) -> None:
    hook, _ = added(workspace, receiver, Form.SIGNED, Event.RUN_FINISHED)
    finished(workspace, NOON + HOUR, {})
    look(workspace, NOON + HOUR)
    end_webhook(workspace, TERMINAL, hook, NOON + HOUR)
    deliver_due(workspace, NOON + HOUR)
    assert receiver.got == []
    assert look(workspace, NOON + 2 * HOUR) == 0


def test_what_is_wrong_with_a_webhook_is_said_by_field(workspace: Workspace) -> None:
    wanted = WantedWebhook(url="https://10.0.0.5/", form="fax", events=("finding.opened", "x"))
    assert sorted(problems_of(workspace, wanted)) == ["events", "form", "url"]


def test_a_serving_process_tells_by_itself(workspace: Workspace, receiver: Receiver) -> None:
    added(workspace, receiver, Form.SIGNED, Event.RUN_FINISHED)
    finished(workspace, NOON + HOUR, {})
    looked: list[datetime] = []

    def view() -> View:
        looked.append(NOON)
        at = NOON + HOUR
        return View(workspace=workspace, now=at, as_of=at, engagement=None, memo=Memo())

    receiver.hangs = True  # until it is let go, the message is under way
    with telling(view, URL):
        assert receiver.arrived.wait(30)
        receiver.released.set()
    assert looked
    assert len(receiver.got) == 1
