"""What every request passes: host, origin, size, right; and what every answer bears."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter
from prometheus_client import generate_latest
from starlette.testclient import TestClient

from auditwright.core.account import Role
from auditwright.web.application import check_routes, create_app
from auditwright.web.safety.bodies import MAX_BODY_BYTES
from auditwright.web.site import Address, open_site
from auditwright.web.watching import Measures, OrganizationMeasures
from tests.app.programs import roster_program
from tests.web.served import Served, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = roster_program(tmp_path_factory.mktemp("site") / "acme")
    with served(folder) as running:
        yield running


def test_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back(site: Served) -> None:
    answer = site.stranger().get("/?q=a b")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2F%3Fq%3Da%2520b"


def test_the_overview_is_shown_to_its_owner(site: Served) -> None:
    answer = site.visitor().get("/")
    assert answer.status_code == 200
    assert "criteria are satisfied</h1>" in answer.text
    assert "Acme" in answer.text


def test_an_employee_does_not_reach_the_overview(site: Served) -> None:
    answer = site.visitor(Role.EMPLOYEE).get("/")
    assert answer.status_code == 403
    assert "You may not see this" in answer.text


@pytest.mark.parametrize("host", ["evil.example", "localhost", "LOCALHOST:1", ""])
def test_another_host_is_not_answered(site: Served, host: str) -> None:
    assert site.visitor().get("/", headers={"host": host}).status_code == 421


def test_another_name_of_this_machine_leads_to_the_one_that_cookies_are_bound_to(tmp_path: Path) -> None:
    hosts = frozenset({"localhost:8000", "127.0.0.1:8000"})
    with open_site(
        roster_program(tmp_path / "acme"), Address(url="http://localhost:8000", hosts=hosts)
    ) as site:
        client = TestClient(create_app(site), base_url="http://127.0.0.1:8000", follow_redirects=False)
        answer = client.get("/sign-in?next=%2Ftests%3Fq%3Dx")
        assert answer.headers["location"] == "http://localhost:8000/sign-in?next=%2Ftests%3Fq%3Dx"
        assert client.get("/healthz").text == "alive\n"


def test_every_answer_bears_the_safe_headers(site: Served) -> None:
    for path in ("/", "/no/such/page", "/static/app.css"):
        headers = site.visitor().get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none';")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert site.visitor().get("/").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_post_from_elsewhere_is_refused(site: Served, headers: dict[str, str]) -> None:
    assert site.visitor().post("/sign-out", headers=headers).status_code == 403


def test_a_body_that_is_too_large_is_refused(site: Served) -> None:
    body = b"x" * (MAX_BODY_BYTES + 1)
    assert site.visitor().post("/", content=body).status_code == 413


def test_an_address_that_means_nothing_says_what_it_may_be(site: Served) -> None:
    answer = site.visitor().get("/?as_of=yesterday")
    assert answer.status_code == 400
    assert "write one as 2026-11-23" in answer.text


def test_a_route_that_names_no_right_does_not_start() -> None:
    router = APIRouter()
    router.add_api_route("/open", lambda: None)
    with pytest.raises(AssertionError, match="/open names no right"):
        check_routes(router)


def test_health_is_answered_without_signing_in(site: Served) -> None:
    assert site.stranger().get("/healthz").text == "alive\n"
    assert site.stranger().get("/readyz").text == "ready\n"


def test_requests_are_measured_by_route_and_the_organization_is_told(site: Served) -> None:
    measures = Measures()
    measures.requests.labels("/", "GET", "200").inc()
    measures.registry.register(OrganizationMeasures(site.site))
    text = generate_latest(measures.registry).decode()
    assert 'auditwright_requests_total{method="GET",route="/",status="200"} 1.0' in text
    assert 'auditwright_tests{status="undetermined"}' in text
    assert "auditwright_log_leaves" in text
