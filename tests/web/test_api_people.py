"""People by the API: invited, given roles and ended as on their page, and no owner is made or touched by a token."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditwright.app.acting import TERMINAL
from auditwright.app.people import Guest, invite
from auditwright.app.rights import TokenScope
from auditwright.core.account import Role
from auditwright.core.act import Act
from tests.app.programs import roster_program
from tests.web.served import Served, account_of, served

GUEST = {"email": "Bo@example.com", "name": "Bo Lind", "role": "engineer"}

AUDIT = {"title": "Type 2, 2026", "categories": ["security"], "starts": "2026-01-01", "ends": "2026-12-31"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    with served(roster_program(tmp_path / "acme")) as running:
        yield running


def test_the_page_and_the_api_name_the_same_people(site: Served) -> None:
    for role in Role:
        site.visitor(role)
    rows = site.program().get("/api/v1/people").json()["rows"]
    assert {row["role"] for row in rows} == {role.value for role in Role}
    page = site.visitor().get("/people").text
    assert all(row["email"] in page for row in rows)
    (engineer,) = site.program().get("/api/v1/people?role=engineer").json()["rows"]
    assert (engineer["sessions"], engineer["how"]) == (1, "nothing yet")
    (auditor,) = site.program().get("/api/v1/people?role=auditor").json()["rows"]
    assert auditor["engagement"]["categories"] == ["security"]


def test_somebody_is_invited_by_a_link_that_is_answered_once(site: Served) -> None:
    caller = site.program(scopes=[TokenScope.ADMINISTRATION])
    made = caller.post("/api/v1/invitations", json=GUEST)
    assert made.status_code == 201
    link = made.json()["link"]
    assert "Bo Lind" in site.stranger().get(link).text
    (row,) = caller.get("/api/v1/invitations").json()["rows"]
    assert row == made.json()["invitation"]
    assert link.rpartition("/")[2] not in caller.get("/api/v1/invitations").text
    assert "bo@example.com" in site.visitor().get("/people").text
    newest = site.site.workspace().stores.records.kept(Act)
    assert any(act.verb == "account.invite" and act.actor.startswith("tok-") for act in newest)
    path = f"/api/v1/invitations/{row['id']}/withdraw"
    assert caller.post(path).status_code == 204
    assert site.stranger().get(link).status_code == 404
    assert caller.post(path).status_code == 409
    assert caller.get("/api/v1/invitations").json()["total"] == 0


def test_an_auditor_is_invited_for_an_engagement(site: Served) -> None:
    guest = {**GUEST, "role": "auditor"}
    made = site.program().post("/api/v1/invitations", json={**guest, "engagement": AUDIT})
    assert (made.status_code, made.json()["invitation"]["role"]) == (201, "auditor")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"email": "bo"}, "body.email"),
        ({"name": " "}, "body.name"),
        ({"role": "auditor"}, "body.engagement.title"),
        ({"engagement": AUDIT}, "body.engagement"),
        ({"role": "auditor", "engagement": {**AUDIT, "categories": []}}, "body.engagement.categories"),
        (
            {"role": "auditor", "engagement": {**AUDIT, "categories": ["safety"]}},
            "body.engagement.categories",
        ),
        ({"role": "auditor", "engagement": {**AUDIT, "ends": "2025-01-01"}}, "body.engagement.ends"),
        ({"role": "king"}, "body.role"),
    ],
)
def test_what_is_wrong_with_an_invitation_is_said_by_field(
    site: Served, change: dict[str, object], where: str
) -> None:
    answer = site.program().post("/api/v1/invitations", json={**GUEST, **change})
    assert answer.status_code == 422
    assert [each["where"] for each in answer.json()["errors"]] == [where]


def test_a_role_is_changed_and_counts_at_once(site: Served) -> None:
    visitor = site.visitor(Role.ENGINEER)
    account = account_of(site.site.workspace(), Role.ENGINEER, "Mira Okafor", site.site.clock())
    assert visitor.get("/settings").status_code == 200
    changed = site.program().post(f"/api/v1/people/{account.id}/role", json={"role": "employee"})
    assert changed.json()["role"] == "employee"
    assert visitor.get("/settings").status_code == 403
    refused = site.program().post(f"/api/v1/people/{account.id}/role", json={"role": "auditor"})
    assert [each["where"] for each in refused.json()["errors"]] == ["body.role"]


def test_access_is_ended_with_its_sessions_and_tokens(site: Served) -> None:
    visitor, program = site.visitor(Role.ENGINEER), site.program(Role.ENGINEER)
    account = account_of(site.site.workspace(), Role.ENGINEER, "Mira Okafor", site.site.clock())
    caller = site.program()
    ended = caller.post(f"/api/v1/people/{account.id}/sessions/end")
    assert ended.json() == {"sessions": 1}
    assert visitor.get("/").headers["location"].startswith("/sign-in")
    assert program.get("/api/v1/whoami").status_code == 200
    assert caller.post(f"/api/v1/people/{account.id}/end").status_code == 204
    assert program.get("/api/v1/whoami").status_code == 401
    assert caller.post(f"/api/v1/people/{account.id}/end").status_code == 404


def test_no_token_makes_changes_or_shuts_out_an_owner(site: Served) -> None:
    workspace, now = site.site.workspace(), site.site.clock()
    owner = account_of(workspace, Role.OWNER, "Ada Ek", now)
    engineer = account_of(workspace, Role.ENGINEER, "Eve Lane", now)
    visitor = site.visitor(Role.OWNER, "Ada Ek")
    pending = invite(workspace, Guest(email="bo@example.com", name="Bo", role=Role.OWNER), TERMINAL, now)
    caller = site.program()
    tries = [
        caller.post("/api/v1/invitations", json={**GUEST, "role": "owner", "email": "x@example.com"}),
        caller.post("/api/v1/invitations", json=GUEST),
        caller.post(f"/api/v1/invitations/{pending.invitation.digest}/withdraw"),
        caller.post(f"/api/v1/people/{engineer.id}/role", json={"role": "owner"}),
        caller.post(f"/api/v1/people/{owner.id}/role", json={"role": "employee"}),
        caller.post(f"/api/v1/people/{owner.id}/sessions/end"),
        caller.post(f"/api/v1/people/{owner.id}/end"),
    ]
    assert [each.status_code for each in tries] == [403] * len(tries)
    assert all("never by a token" in each.json()["detail"] for each in tries)
    assert visitor.get("/people").status_code == 200
    assert site.stranger().get(pending.path).status_code == 200
