"""Search as people see it: everything that they may see, the exact thing first, and nothing that they may not."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from auditwright.core.account import Role
from auditwright.core.question import Question
from auditwright.core.run import EvidenceRecord, Run
from tests.app.programs import run_program
from tests.web.hostile import HOSTILE, assert_harmless, hostile_finding
from tests.web.served import Served, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(run_program(tmp_path_factory.mktemp("search") / "acme")) as running:
        yield running


def groups(page: str) -> list[str]:
    return re.findall(r'<h2 id="h-(?:exact|g\d+)">([^<]+)</h2>', page)


def found(site: Served, text: str, role: Role = Role.OWNER) -> str:
    answer = site.visitor(role).get(f"/search?q={quote(text)}")
    assert answer.status_code == 200
    return answer.text


def test_a_person_is_found_as_a_resource_and_in_what_is_wrong(site: Served) -> None:
    page = found(site, "eve lane")
    assert groups(page) == ["Exact", "Open findings", "Resources"]
    assert "Eve Lane is a Designer" in page
    assert "/inventory/person/one?id=" in page


def test_the_exact_id_comes_first_and_is_no_redirect(site: Served) -> None:
    page = found(site, "cc6.1")
    assert groups(page)[:2] == ["Exact", "Criteria"]
    assert 'href="/criteria/CC6.1"' in page
    assert groups(found(site, "acme.titled"))[0] == "Exact"
    assert groups(found(site, "HR-01"))[:1] == ["Exact"]


def test_evidence_is_found_by_its_digest_by_its_beginning_and_by_its_operation(site: Served) -> None:
    records = site.site.workspace().stores.records
    evidence = records.answer(EvidenceRecord, Question(limit=1)).rows[0]
    assert groups(found(site, evidence.digest)) == ["Exact", "Evidence"]
    for text in (evidence.digest[:8], evidence.digest[:8].upper(), f"sha256:{evidence.digest[:12]}"):
        page = found(site, text)
        assert "Evidence" in groups(page)
        assert f"/evidence/{evidence.digest}" in page
    assert f"/evidence/{evidence.digest}" in found(site, evidence.query.operation)


def test_a_run_is_found_by_its_id(site: Served) -> None:
    run = site.site.workspace().stores.records.answer(Run, Question(limit=1)).rows[0]
    assert groups(found(site, run.id)) == ["Exact", "Runs"]


def test_each_sees_what_they_may_see(site: Served) -> None:
    site.visitor(Role.OWNER, "Eve Owner")
    assert groups(found(site, "eve owner")) == ["Exact", "People with access"]
    assert groups(found(site, "eve owner", Role.ENGINEER)) == []
    assert groups(found(site, "eve lane", Role.ENGINEER)) == ["Exact", "Open findings", "Resources"]
    assert groups(found(site, "eve lane", Role.AUDITOR)) == ["Exact", "Open findings"]
    assert groups(found(site, "A1.1", Role.AUDITOR)) == []
    assert site.visitor(Role.EMPLOYEE).get("/search?q=eve").status_code == 403


def test_groups_are_capped_and_lead_to_the_whole_list(site: Served) -> None:
    page = found(site, "access")
    assert re.search(r'<a href="/controls\?q=access">All \d+</a>', page)
    assert len(page) < 60_000


def test_nothing_found_and_nothing_asked_say_what_to_do(site: Served) -> None:
    assert "Nothing is called so</h1>" in found(site, "no such thing anywhere")
    assert "What are you looking for?</h1>" in found(site, "  ")
    assert "What are you looking for?</h1>" in site.visitor().get("/search").text


def test_the_day_that_is_looked_at_stays(site: Served) -> None:
    page = site.visitor().get("/search?q=eve%20lane&as_of=2020-01-01").text
    assert groups(page) == []
    assert 'name="as_of" value="2020-01-01"' in page


@pytest.mark.parametrize(
    "text", [*HOSTILE, "%", "_", "\\", "'", '"; DROP TABLE acts; --', "\ud7ff\U0001f600", "f" * 64]
)
def test_hostile_texts_do_no_harm(site: Served, text: str) -> None:
    with site.site.workspace().stores.records.transaction() as write:
        write.put_findings([hostile_finding(0, text)])
    answer = site.visitor().get("/search", params={"q": text[:3_000]})
    assert answer.status_code == 200
    assert_harmless(answer.text)
