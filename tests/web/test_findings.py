"""Findings as people see them: the list, one of them, its owner, its comments."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from auditwright.core.account import Role
from auditwright.core.act import Act, Assignment, Comment
from auditwright.core.ids import ResourceId, TestId
from auditwright.core.question import Is
from auditwright.core.run import ClosedSpell, Finding
from tests.app.programs import run_program
from tests.web.hostile import HOSTILE, assert_harmless, assert_no_formula, hostile_finding
from tests.web.served import Served, served

TITLED = TestId("acme.titled")


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_program(tmp_path_factory.mktemp("findings") / "acme")


@pytest.fixture
def site(folder: Path) -> Iterator[Served]:
    with served(folder) as running:
        yield running


def eve(site: Served) -> Finding:
    (found,) = site.site.workspace().stores.records.kept(Finding, Is("test", TITLED), Is("name", "Eve Lane"))
    return found


def one(item: str, **more: str) -> str:
    extra = "".join(f"&{name}={value}" for name, value in more.items())
    return f"/findings/one?test={TITLED}&item={quote(item, safe='')}{extra}"


def test_the_list_says_what_is_wrong_with_whom_and_since_when(site: Served) -> None:
    page = site.visitor().get("/findings").text
    assert "1 finding is open</h1>" in page
    assert "Eve Lane is a Designer" in page
    assert "Deviation" in page
    assert f"since {eve(site).first_seen_at.day} " in page
    assert "Nobody" in page


def test_filters_leave_what_they_say(site: Served) -> None:
    visitor = site.visitor()
    for query in (
        "severity=low",
        f"test={TITLED}",
        "control=HR-01",
        "owner=nobody",
        "due=none",
        "q=designer",
    ):
        assert "Eve Lane is a Designer" in visitor.get(f"/findings?{query}").text, query
    for query in ("severity=high", "test=no.such", "control=HR-99", "owner=Lena", "due=past", "state=closed"):
        page = visitor.get(f"/findings?{query}").text
        assert "Eve Lane is a Designer" not in page, query
        assert "Nothing meets these filters" in page, query
    for sort in ("gravest", "-gravest", "first_seen_at", "-due_at", "owner", "account", "test", "name"):
        assert "Eve Lane is a Designer" in visitor.get(f"/findings?sort={sort}").text, sort
    refused = visitor.get("/findings?state=odd")
    assert refused.status_code == 400
    assert "it is one of: open, closed" in refused.text


def test_the_export_has_the_rows_of_the_page(site: Served) -> None:
    rows = json.loads(site.visitor().get("/findings.json").content)
    assert [(row["test"], row["name"], row["state"]) for row in rows] == [(TITLED, "Eve Lane", "deviation")]
    assert '"Eve Lane is a Designer"' in site.visitor().get("/findings.csv").text


def test_one_finding_says_where_since_when_and_how_to_put_it_right(site: Served) -> None:
    page = site.visitor().get(one(eve(site).item)).text
    assert "Eve Lane is a Designer</h1>" in page
    assert "Hire an engineer." in page
    assert 'class="strip"' in page
    assert "/evidence/" in page
    assert "Ask for a waiver" in page


def test_what_is_not_there_is_not_found(site: Served) -> None:
    visitor = site.visitor()
    for path in ("/findings/one", one("nobody"), "/findings/one?test=no.such&item=x"):
        assert visitor.get(path).status_code == 404


def test_somebody_owns_a_finding_until_a_day_and_the_log_has_it(folder: Path) -> None:
    clock = Clock()
    with served(folder, clock) as site:
        visitor, found = site.visitor(Role.ENGINEER, "Lena Vogt"), eve(site)
        due = (clock() + timedelta(days=3)).date()
        sent = {"test": found.test, "item": found.item, "owner": "Lena  Vogt", "due": str(due)}
        answer = visitor.post("/findings/one/owner", data=sent)
        assert answer.status_code == 303
        page = visitor.get(answer.headers["location"]).text
        assert "The owner and the due date are recorded" in page
        assert "Lena Vogt" in page
        records = site.site.workspace().stores.records
        (held,) = records.kept(Assignment)
        assert (held.owner, held.due_at and held.due_at.date()) == ("Lena Vogt", due)
        (act,) = records.kept(Act, Is("verb", "finding.assign"))
        assert act.actor_name == "Lena Vogt"
        assert "Lena Vogt owes" in act.detail
        assert "Eve Lane is a Designer" in visitor.get("/findings?owner=Lena%20Vogt").text
        clock.ahead = timedelta(days=5)
        later = site.visitor()
        assert "1 past its due date" in later.get("/findings").text
        assert "Late, " in later.get(one(found.item)).text
        assert "Eve Lane is a Designer" in later.get("/findings?due=past").text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("due", "tomorrow", "Write a day as 2026-11-23."),
        ("due", "2020-01-01", "Choose a day that is not past."),
        ("owner", "x" * 121, "Write a name of at most 120 characters."),
    ],
)
def test_what_cannot_be_assigned_is_said_beside_its_field(
    site: Served, field: str, value: str, said: str
) -> None:
    sent = {"test": TITLED, "item": eve(site).item, "owner": "Lena", "due": "", field: value}
    answer = site.visitor().post("/findings/one/owner", data=sent)
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert said in answer.text
    assert f'value="{value}"' in answer.text


def test_a_comment_stays_and_its_markup_is_text(site: Served) -> None:
    item = eve(site).item
    visitor = site.visitor()
    for text in HOSTILE:
        sent = {"test": TITLED, "item": item, "text": text}
        answer = visitor.post("/findings/one/comments", data=sent)
        assert answer.status_code == (303 if text.strip() and len(text) <= 4_000 else 422)
    page = visitor.get(one(item)).text
    assert_harmless(page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    records = site.site.workspace().stores.records
    assert len(records.kept(Comment)) == len(records.kept(Act, Is("verb", "finding.comment"))) == 6


def test_who_may_not_own_reads_and_is_offered_nothing(site: Served) -> None:
    auditor = site.visitor(Role.AUDITOR)
    page = auditor.get(one(eve(site).item))
    assert page.status_code == 200
    assert "Assign" not in page.text
    assert "Add comment" not in page.text
    sent = {"test": TITLED, "item": eve(site).item, "owner": "Me", "text": "hello"}
    assert auditor.post("/findings/one/owner", data=sent).status_code == 403
    assert auditor.post("/findings/one/comments", data=sent).status_code == 403
    assert site.visitor(Role.EMPLOYEE).get("/findings").status_code == 403


def test_before_it_was_seen_it_was_no_finding(site: Served) -> None:
    found = eve(site)
    day = f"{found.first_seen_at - timedelta(days=2):%Y-%m-%d}"
    visitor = site.visitor()
    assert "0 findings are open" in visitor.get(f"/findings?as_of={day}").text
    assert visitor.get(one(found.item, as_of=day)).status_code == 404


def test_what_the_newest_run_did_not_see_again_is_undetermined_and_what_closed_is_closed(
    tmp_path: Path,
) -> None:
    with served(run_program(tmp_path / "acme")) as site:
        found, now = eve(site), datetime.now(UTC)
        earlier = found.first_seen_at - timedelta(days=9)
        unseen = Finding(
            test=TITLED, item=ResourceId("gone"), name="gone", account="", region="", what="unseen",
            first_seen_at=earlier, last_seen_at=earlier, closed_at=None, reopened=0,
        )  # fmt: skip
        closed = Finding(
            test=TITLED, item=ResourceId("fixed"), name="fixed", account="", region="", what="repaired",
            first_seen_at=earlier, last_seen_at=earlier, closed_at=now - timedelta(minutes=1), reopened=1,
        )  # fmt: skip
        with site.site.workspace().stores.records.transaction() as write:
            write.put_findings([unseen, closed])
        visitor = site.visitor()
        states = {
            row["what"]: row["state"] for row in visitor.get("/findings.json?state=open&state=closed").json()
        }
        assert states == {
            "unseen": "undetermined",
            "repaired": "closed",
            "Eve Lane is a Designer": "deviation",
        }
        assert "repaired" not in visitor.get("/findings").text
        page = visitor.get(one("fixed")).text
        assert "Closed " in page
        assert "reopened 1 time" in page
        assert "Assign" not in page
        sent = {"test": TITLED, "item": "fixed", "owner": "Lena", "due": ""}
        answer = visitor.post("/findings/one/owner", data=sent)
        assert answer.status_code == 422
        assert "This finding is closed" in answer.text


def test_a_day_that_is_past_shows_who_owed_it_then_and_what_was_closed_then(tmp_path: Path) -> None:
    with served(run_program(tmp_path / "acme")) as site:
        item, now = ResourceId("kept"), datetime.now(UTC)
        days = timedelta(days=1)
        held = Finding(
            test=TITLED, item=item, name="kept", account="", region="", what="came back",
            first_seen_at=now - 20 * days, last_seen_at=now, closed_at=None, reopened=1,
        )  # fmt: skip
        spell = ClosedSpell(test=TITLED, item=item, closed_at=now - 10 * days, reopened_at=now - 5 * days)
        lena = Assignment(
            test=TITLED, item=item, owner="Lena Vogt", due_at=now - 12 * days, made_by="Ada",
            made_at=now - 18 * days, until=now - 15 * days,
        )  # fmt: skip
        omar = replace(lena, owner="Omar Ito", due_at=now + days, made_at=now - 15 * days, until=None)
        with site.site.workspace().stores.records.transaction() as write:
            write.put_findings([held])
            write.keep([spell])
            write.keep([lena, omar])
        visitor = site.visitor()

        def page(ago: int) -> str:
            return visitor.get(one(item, as_of=f"{now - ago * days:%Y-%m-%d}")).text

        assert "Nobody" in page(19)
        assert "Lena Vogt" in page(16)
        assert "Omar Ito" not in page(16)
        assert "Late, was due" not in page(13)
        assert "Omar Ito" in page(13)
        assert "Closed " in page(7)
        assert "reopened" not in page(7)
        today = visitor.get(one(item)).text
        assert "reopened 1 time" in today
        assert "Lena Vogt" in today.partition("<summary>Before</summary>")[2]
        listed = visitor.get(f"/findings.json?as_of={now - 7 * days:%Y-%m-%d}&state=open").json()
        assert "came back" not in [row["what"] for row in listed]


def test_hostile_texts_do_no_harm_in_pages_and_exports(tmp_path: Path) -> None:
    with served(run_program(tmp_path / "acme")) as site:
        held = [hostile_finding(number, text) for number, text in enumerate(HOSTILE)]
        with site.site.workspace().stores.records.transaction() as write:
            write.put_findings(held)
        visitor = site.visitor()
        page = visitor.get("/findings")
        assert page.status_code == 200
        assert_harmless(page.text)
        assert_no_formula(visitor.get("/findings.csv").text)
        assert len(visitor.get("/findings.json").json()) == len(HOSTILE) + 1
        for each in held:
            opened = visitor.get(one(each.item))
            assert opened.status_code == 200
            assert_harmless(opened.text)
            assert len(opened.content) < 100_000


def test_pages_by_severity_neither_overlap_nor_miss_a_row(tmp_path: Path) -> None:
    with served(run_program(tmp_path / "acme")) as site:
        tests = ["acme.titled", "identity.root-has-no-keys", "identity.policies-via-groups"]
        known = site.site.workspace().catalogue.tests
        held = [
            hostile_finding(number, f"n{number}", test)
            for test in tests
            if TestId(test) in known
            for number in range(40)
        ]
        with site.site.workspace().stores.records.transaction() as write:
            write.put_findings(held)
        visitor = site.visitor()
        for sort in ("", "sort=-gravest", "sort=owner"):
            pages = [visitor.get(f"/findings?page={page}&{sort}").text for page in (1, 2, 3)]
            items = [text.count('<th scope="row">') for text in pages]
            assert sum(items) == len(held) + 1, sort
        rows = visitor.get("/findings.json").json()
        assert len({(row["test"], row["item"]) for row in rows}) == len(held) + 1
        order = ["critical", "high", "medium", "low"]
        ranks = [order.index(row["severity"]) for row in rows]
        assert ranks == sorted(ranks)
