"""Criteria, controls and tests in the browser: what is asked, what came of it, and nothing that a name does."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from auditwright.core.account import Role
from tests.app.programs import TITLED, auditwright, roster_program
from tests.web.served import Served, served

HOSTILE = "<script>alert(1)</script>\u202e"
FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = roster_program(tmp_path_factory.mktemp("site") / "acme")
    with (folder / "people.csv").open("a") as roster:
        roster.write(f'mal@example.com,"{HOSTILE}",employee,Hacker,,2024-01-01,,\n')
        roster.write(f'for@example.com,"{FORMULA}",employee,Hacker,,2024-01-01,,\n')
    (folder / "tests/titled.sql").write_text(TITLED)
    ran = auditwright("run", "--program", folder)
    assert ran.code == 1, ran.err
    with served(folder) as running:
        yield running


@pytest.fixture
def owner(site: Served) -> httpx2.Client:
    return site.visitor()


def test_the_title_of_each_list_is_the_answer(owner: httpx2.Client) -> None:
    assert "of 33 criteria are satisfied</h1>" in owner.get("/criteria").text
    assert "<h1>1 of " in owner.get("/controls").text
    assert "<h1>1 of " in owner.get("/tests").text


def test_a_list_is_filtered_sorted_and_paged_by_its_address(owner: httpx2.Client) -> None:
    page = owner.get("/tests?status=deviation").text
    assert "Everybody is an engineer" in page
    assert "of 1 test<" in page
    assert "identity.mfa" not in page
    assert owner.get("/controls?sort=-id&page=2").status_code == 200
    assert 'aria-sort="descending"' in owner.get("/controls?sort=-id").text


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/tests?status=fine", "Status is never"),
        ("/tests?sort=color", "cannot be sorted by"),
        ("/tests?page=0", "A list has no page 0"),
        ("/tests?page=9999999999999", "is no page of a list"),
    ],
)
def test_an_address_that_no_list_has_says_what_it_may_be(
    owner: httpx2.Client, address: str, said: str
) -> None:
    answer = owner.get(address)
    assert answer.status_code == 400
    assert said in answer.text


def test_what_is_not_there_is_not_found(owner: httpx2.Client) -> None:
    for path in ("/criteria/CC99", "/controls/NO-1", "/tests/no.such", "/tests/acme.titled/item?item=nobody"):
        assert owner.get(path).status_code == 404


def test_a_test_shows_its_items_the_worst_first_and_each_its_history(owner: httpx2.Client) -> None:
    page = owner.get("/tests/acme.titled").text
    assert "3 of 5 items deviate." in page
    assert page.index("Eve Lane is a Designer") < page.index("Ada Lovelace")
    item = page.split('href="/tests/acme.titled/item?item=')[1].split('"')[0]
    history = owner.get(f"/tests/acme.titled/item?item={item}".replace("&amp;", "&")).text
    assert "What the test said of it" in history
    assert "Deviation" in history


def test_a_name_from_outside_runs_nowhere(owner: httpx2.Client) -> None:
    page = owner.get("/tests/acme.titled").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;[U+202E]" in page


def test_an_export_holds_every_row_its_digest_and_no_formula(owner: httpx2.Client) -> None:
    answer = owner.get("/tests/acme.titled.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 5
    assert {row["status"] for row in rows} == {"deviation", "satisfied"}
    assert [row["name"][0] for row in rows if "cmd" in row["name"]] == ["'"]
    assert answer.headers["repr-digest"].startswith("sha-256=:")
    assert answer.headers["content-disposition"] == 'attachment; filename="tests-acme.titled.csv"'
    assert len(json.loads(owner.get("/tests/acme.titled.json").text)) == 5
    assert len(json.loads(owner.get("/tests.json?status=deviation").text)) == 1


def test_a_day_before_the_first_run_shows_nothing_that_was_learned_later(owner: httpx2.Client) -> None:
    day = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
    page = owner.get(f"/?as_of={day}").text
    assert "Nothing was collected yet" in page
    assert "You look back at" in page
    assert f'href="/controls?as_of={day}"' in page
    assert "did not run" in owner.get(f"/tests/acme.titled?as_of={day}").text


def test_an_auditor_sees_the_criteria_of_the_engagement_and_no_systems(site: Served) -> None:
    auditor = site.visitor(Role.AUDITOR)
    page = auditor.get("/")
    assert page.status_code == 200
    assert "Inventory" not in page.text
    assert "Scope map" not in page.text
    assert auditor.get("/criteria/CC6.1").status_code == 200


def test_pages_of_the_program_are_not_for_employees(site: Served) -> None:
    employee = site.visitor(Role.EMPLOYEE)
    for path in ("/criteria", "/controls", "/tests", "/tests.csv", "/tests/acme.titled.json"):
        assert employee.get(path).status_code == 403
