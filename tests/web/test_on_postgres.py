"""The web app with its records in PostgreSQL: people act, and no text breaks a query. Every page: test_hostile_everywhere."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import pytest

from auditwright.app.workspace import DATABASE_URL
from auditwright.core.account import Role
from auditwright.core.act import OwedFinding
from auditwright.core.question import Holds, Question
from tests.app.programs import ROSTER, SETTINGS, TITLED, auditwright
from tests.postgres import Cluster
from tests.web.hostile import HOSTILE, assert_harmless, hostile_finding
from tests.web.served import Served, served

LISTS = (
    "/criteria",
    "/controls",
    "/tests",
    "/findings",
    "/waivers",
    "/evidence",
    "/runs",
    "/audit-log",
    "/search",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, postgres: Cluster) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("postgres") / "acme"
    (folder / "tests").mkdir(parents=True)
    (folder / "auditwright.toml").write_text(SETTINGS)
    (folder / "people.csv").write_text(ROSTER)
    (folder / "tests/titled.sql").write_text(TITLED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATABASE_URL, postgres.new_database())
        assert auditwright("init", folder, "--name", "Acme").code == 0
        assert auditwright("run", "--program", folder).code == 1
        with served(folder) as running:
            yield running


def finding(site: Served) -> OwedFinding:
    return site.site.workspace().stores.records.answer(OwedFinding, Question(limit=1)).rows[0]


def test_a_finding_is_owned_and_waived_by_two_people(site: Served) -> None:
    found = finding(site)
    about = {"test": found.test, "item": found.item}
    engineer, owner = site.visitor(Role.ENGINEER, "Ada Stone"), site.visitor()
    due = (datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%d")
    assert (
        engineer.post("/findings/one/owner", data={**about, "owner": "Ada Stone", "due": due}).status_code
        == 303
    )
    assert "Ada Stone" in owner.get("/findings?q=Ada Stone").text
    asked = engineer.post(
        "/waivers/ask",
        data={"test": found.test, "items": found.item, "reason": "She leaves in a week.", "ends": due},
    )
    assert asked.status_code == 303, asked.text
    waiver = urlsplit(asked.headers["location"]).path.rpartition("/")[2]
    decision = {"waiver": waiver, "decision": "approved", "note": ""}
    assert engineer.post("/waivers/decide", data=decision).status_code == 403
    assert owner.post("/waivers/decide", data=decision).status_code == 303
    assert "Waived" in owner.get(f"/tests/{found.test}").text


@pytest.mark.parametrize("text", ["\0", "\ud7ff\U0001f600", "%", "_", "\\", "'", *HOSTILE])
def test_no_text_breaks_a_list_or_a_search(site: Served, text: str) -> None:
    client = site.visitor()
    for path in LISTS:
        answer = client.get(f"{path}?q={quote(text[:200])}")
        assert answer.status_code in {200, 400}, path
        assert_harmless(answer.text)
    assert client.get(f"/findings/one?test=acme.titled&item={quote(text[:200])}").status_code in {400, 404}


def test_a_name_with_a_text_that_postgresql_has_not_is_kept_and_found(site: Served) -> None:
    records = site.site.workspace().stores.records
    with records.transaction() as write:
        write.put_findings([hostile_finding(0, "zero \0 byte")])
    client = site.visitor()
    assert "zero" in client.get("/findings?q=zero").text
    (kept,) = records.answer(
        OwedFinding, Question(where=(Holds(("name", "item", "what"), "zero"),), limit=5)
    ).rows
    about = f"test={kept.test}&item={quote(kept.item)}"
    assert client.get(f"/findings/one?{about}").status_code == 200
