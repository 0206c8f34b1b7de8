"""Waivers as people see them: asked for by one person, decided by another, and over by themselves."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from auditwright.app.queries.board import board
from auditwright.app.queries.memo import Memo
from auditwright.app.queries.view import View
from auditwright.app.waiving import pattern_of
from auditwright.core.account import Role
from auditwright.core.act import Act, Decision, WaiverRequest
from auditwright.core.ids import AccountId, ResourceId, TestId, WaiverId
from auditwright.core.question import Is
from auditwright.core.waiver import names
from auditwright.engine.readiness import Status
from tests.app.programs import run_program
from tests.web.hostile import HOSTILE, assert_harmless, assert_no_formula
from tests.web.served import Served, served

TITLED = TestId("acme.titled")

FILED = """\
- id: W/1 "quoted"
  test: acme.titled
  items: ["nothing-*"]
  reason: <script>alert(1)</script> it leaves with its owner
  requested_by: Ada
  approved_by: Bob
  approved_at: 2020-01-01
  ends_at: 2020-06-01
"""


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Iterator[Served]:
    folder = run_program(tmp_path / "acme")
    (folder / "waivers" / "w.yaml").write_text(FILED)
    with served(folder, clock) as running:
        yield running


def wish(site: Served, **changed: str) -> dict[str, str]:
    ends = (site.site.clock() + timedelta(days=20)).date()
    return {"test": TITLED, "items": "*", "reason": "A designer is fine.", "ends": str(ends), **changed}


def asked(site: Served, by: httpx2.Client, **changed: str) -> str:
    answer = by.post("/waivers/ask", data=wish(site, **changed))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0].rpartition("/")[2]


def status(site: Served) -> Status:
    now = site.site.clock()
    view = View(workspace=site.site.workspace(), now=now, as_of=now, engagement=None, memo=Memo())
    items = board(view).tests[TITLED].items
    return Status.WAIVED if items.waived and not items.deviation else Status.DEVIATION


def test_a_waiver_counts_once_another_person_approved_it_and_ends_by_itself(
    site: Served, clock: Clock
) -> None:
    lena = site.visitor(Role.ENGINEER, "Lena Vogt")
    request = asked(site, lena)
    assert status(site) is Status.DEVIATION
    mira = site.visitor(Role.COMPLIANCE, "Mira Okafor")
    page = mira.get(f"/waivers/{request}").text
    assert "It covers 1 of 1 deviating item now." in page
    assert "checked" not in page
    done = mira.post("/waivers/decide", data={"waiver": request, "decision": "approved", "note": ""})
    assert done.status_code == 303
    assert "It counts from now on" in mira.get(done.headers["location"]).text
    assert status(site) is Status.WAIVED
    assert "Waived until " in mira.get("/findings").text
    clock.ahead = timedelta(days=21)
    assert status(site) is Status.DEVIATION
    later = site.visitor()
    assert "Ended " in later.get(f"/waivers/{request}").text
    verbs = [act.verb for act in site.site.workspace().stores.records.kept(Act) if "waiver" in act.verb]
    assert verbs == ["waiver.ask", "waiver.approve"]


def test_nobody_decides_what_they_asked_for(site: Served) -> None:
    mira = site.visitor(Role.COMPLIANCE)
    request = asked(site, mira)
    page = mira.get(f"/waivers/{request}").text
    assert "Another person decides" in page
    assert 'name="decision"' not in page
    for decision in ("approved", "declined"):
        sent = {"waiver": request, "decision": decision, "note": "I say so"}
        answer = mira.post("/waivers/decide", data=sent)
        assert answer.status_code == 409
        assert "You asked for it, so another person decides." in answer.text
    (held,) = site.site.workspace().stores.records.kept(WaiverRequest)
    assert held.decision is Decision.OPEN
    assert status(site) is Status.DEVIATION


def test_who_may_not_decide_cannot(site: Served) -> None:
    request = asked(site, site.visitor(Role.ENGINEER, "Lena Vogt"))
    other = site.visitor(Role.ENGINEER, "Tomas Herrera")
    sent = {"waiver": request, "decision": "approved"}
    assert other.post("/waivers/decide", data=sent).status_code == 403
    assert other.post("/waivers/end", data=sent).status_code == 403
    auditor = site.visitor(Role.AUDITOR)
    assert auditor.get("/waivers").status_code == 200
    assert auditor.get("/waivers/ask").status_code == 403
    assert auditor.post("/waivers/ask", data=wish(site)).status_code == 403


def test_of_two_approvers_at_once_the_first_decision_stands(site: Served) -> None:
    request = asked(site, site.visitor(Role.ENGINEER, "Lena Vogt"))
    approvers = [site.visitor(Role.COMPLIANCE, name) for name in ("Mira Okafor", "Samir Haddad")]
    rulings = [{"decision": "approved"}, {"decision": "declined", "note": "No."}]

    def decide(place: int) -> httpx2.Response:
        return approvers[place].post("/waivers/decide", data={"waiver": request, **rulings[place]})

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(decide, range(2)))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    lost = next(answer for answer in answers if answer.status_code == 409)
    assert "the first decision stands. Yours was not recorded." in lost.text
    records = site.site.workspace().stores.records
    decided = [each for each in records.kept(Act) if each.verb in {"waiver.approve", "waiver.decline"}]
    assert len(decided) == 1
    (held,) = records.kept(WaiverRequest)
    assert held.decided_name == decided[0].actor_name


def test_two_people_of_one_name_are_told_apart(site: Served) -> None:
    request = asked(site, site.visitor(Role.ENGINEER, "Alex Kim"))
    other = site.visitor(Role.COMPLIANCE, "Alex Kim")
    assert other.post("/waivers/decide", data={"waiver": request, "decision": "approved"}).status_code == 303
    assert status(site) is Status.WAIVED


def test_declining_needs_a_reason_and_a_choice(site: Served) -> None:
    request = asked(site, site.visitor(Role.ENGINEER, "Lena Vogt"))
    mira = site.visitor(Role.COMPLIANCE)
    nothing = mira.post("/waivers/decide", data={"waiver": request, "note": "kept text"})
    assert nothing.status_code == 409
    assert "Choose to approve it or to decline it." in nothing.text
    assert "kept text" in nothing.text
    bare = mira.post("/waivers/decide", data={"waiver": request, "decision": "declined", "note": " "})
    assert "Say why it is declined" in bare.text
    sent = {"waiver": request, "decision": "declined", "note": "It is not fine."}
    assert mira.post("/waivers/decide", data=sent).status_code == 303
    page = mira.get(f"/waivers/{request}").text
    assert "It is not fine." in page
    assert "Declined by" in page
    assert status(site) is Status.DEVIATION


def test_ending_early_says_first_what_is_lost(site: Served) -> None:
    request = asked(site, site.visitor(Role.ENGINEER, "Lena Vogt"))
    mira = site.visitor(Role.COMPLIANCE)
    mira.post("/waivers/decide", data={"waiver": request, "decision": "approved"})
    page = mira.get(f"/waivers/end?waiver={request}").text
    assert "1 item is shown as a deviation again at once" in page
    assert "Eve Lane" in page
    assert mira.post("/waivers/end", data={"waiver": request}).status_code == 303
    assert status(site) is Status.DEVIATION
    again = mira.post("/waivers/end", data={"waiver": request})
    assert again.status_code == 409
    assert "ended it on" in again.text
    assert mira.get(f"/waivers/end?waiver={request}").status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("test", "no.such", "Choose a test of the list."),
        ("test", "", "Choose a test of the list."),
        ("items", " \n ", "Write an item&#39;s id or a pattern on each line"),
        ("items", "\n".join(map(str, range(101))), "Write at most 100 lines"),
        ("reason", "  ", "Say why the risk is accepted"),
        ("reason", "x" * 4_001, "Write at most 4,000 characters; this has 4,001."),
        ("ends", "", "Choose the day on which it ends."),
        ("ends", "soon", "Choose the day on which it ends."),
        ("ends", "2020-01-01", "Choose a day that is still ahead."),
        ("ends", "2999-01-01", "Choose a day at most 365 days ahead."),
    ],
)
def test_what_cannot_be_asked_for_is_said_beside_its_field(
    site: Served, field: str, value: str, said: str
) -> None:
    answer = site.visitor().post("/waivers/ask", data=wish(site, **{field: value}))
    assert answer.status_code == 422
    assert "<title>Error: Ask for a waiver" in answer.text
    assert said in answer.text
    assert list(site.site.workspace().stores.records.kept(WaiverRequest)) == []


def test_the_form_shows_what_it_would_cover(site: Served) -> None:
    visitor = site.visitor()
    assert "It covers 1 of 1 deviating item now." in visitor.get(f"/waivers/ask?test={TITLED}&items=*").text
    assert (
        "It covers no item that deviates now, of 1" in visitor.get(f"/waivers/ask?test={TITLED}&item=x").text
    )
    assert "The test has not run" in visitor.get("/waivers/ask?test=no.such&items=*").text


def test_a_waiver_of_a_file_is_shown_with_its_place_and_is_ended_there(site: Served) -> None:
    visitor = site.visitor(Role.COMPLIANCE)
    page = visitor.get("/waivers/W%2F1%20%22quoted%22")
    assert page.status_code == 200
    assert "waivers/w.yaml:1" in page.text
    assert "changed and ended in that file" in page.text
    assert_harmless(page.text)
    assert visitor.post("/waivers/end", data={"waiver": 'W/1 "quoted"'}).status_code == 409


def test_a_request_of_a_test_that_does_not_exist_any_more_is_said_to_be_one(site: Served) -> None:
    keep(site, "ask-old", test="acme.removed")
    page = site.visitor(Role.COMPLIANCE).get("/waivers/ask-old").text
    assert "Open request: a test that does not exist any more</h1>" in page
    assert "Nothing follows from it" in page
    assert "a test that does not exist any more" in site.visitor().get("/waivers").text
    assert site.visitor(Role.AUDITOR).get("/waivers/ask-old").status_code == 404


def test_a_request_whose_end_is_past_lapses_and_cannot_be_approved(site: Served) -> None:
    keep(site, "ask-late", test=TITLED, ends_at=site.site.clock() - timedelta(days=1))
    mira = site.visitor(Role.COMPLIANCE)
    assert "Lapsed" in mira.get("/waivers/ask-late").text
    refused = mira.post("/waivers/decide", data={"waiver": "ask-late", "decision": "approved"})
    assert refused.status_code == 409
    assert "which is past" in refused.text


def keep(site: Served, request: str, *, test: str, ends_at: datetime | None = None) -> None:
    now = site.site.clock()
    held = WaiverRequest(
        id=WaiverId(request),
        test=TestId(test),
        items=("*",),
        reason="because",
        requested_by=AccountId("acc-lena"),
        requested_name="Lena",
        requested_at=now - timedelta(days=3),
        ends_at=ends_at or now + timedelta(days=3),
        decision=Decision.OPEN,
        decided_by=AccountId(""),
        decided_name="",
        decided_at=None,
        note="",
        ended_at=None,
        ended_name="",
    )
    with site.site.workspace().stores.records.transaction() as write:
        write.keep([held])


def test_before_it_was_decided_it_was_a_request(site: Served, clock: Clock) -> None:
    request = asked(site, site.visitor(Role.ENGINEER, "Lena Vogt"))
    clock.ahead = timedelta(days=2)
    mira = site.visitor(Role.COMPLIANCE)
    mira.post("/waivers/decide", data={"waiver": request, "decision": "approved"})
    then = f"{datetime.now(UTC):%Y-%m-%d}"
    page = mira.get(f"/waivers/{request}?as_of={then}").text
    assert "Open request" in page
    assert 'name="decision"' not in page
    assert "In force until" in mira.get(f"/waivers/{request}").text


def test_hostile_reasons_items_and_notes_do_no_harm(site: Served) -> None:
    lena, mira = site.visitor(Role.ENGINEER, "Lena Vogt"), site.visitor(Role.COMPLIANCE)
    for text in HOSTILE:
        if not text.strip():
            continue
        request = asked(site, lena, reason=text[:4_000], items=text)
        sent = {"waiver": request, "decision": "declined", "note": text[:4_000]}
        assert mira.post("/waivers/decide", data=sent).status_code == 303
        page = mira.get(f"/waivers/{request}")
        assert page.status_code == 200
        assert_harmless(page.text)
    listed = mira.get("/waivers?state=declined").text
    assert_harmless(listed)
    assert_no_formula(mira.get("/waivers.csv").text)
    assert len(site.site.workspace().stores.records.kept(Act, Is("verb", "waiver.decline"))) == 7


@pytest.mark.parametrize("item", [*HOSTILE, "a[b]c*", " padded ", "line\u2028sep"])
def test_the_pattern_of_an_item_fits_on_a_line_and_names_it(item: str) -> None:
    pattern = pattern_of(ResourceId(item))
    assert pattern.splitlines() == [pattern]
    assert pattern.strip() == pattern
    assert names([pattern], ResourceId(item))
    assert not names([pattern], ResourceId(f"{item}x"))
