"""Every route, for every role, for nobody, and for tokens of every scope: what is expected follows from the table of
rights alone. A route that a page adds is tried without a word here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from fastapi.routing import APIRoute

from auditwright.app.rights import Right, TokenScope, may, scopes_for, token_may
from auditwright.core.account import Role
from auditwright.web.api.description import description, operations, right_of
from auditwright.web.application import ROUTERS
from auditwright.web.problems import is_api
from auditwright.web.public import PUBLIC
from tests.app.programs import roster_program
from tests.web.served import Served, served

ANSWERED = frozenset({200, 201, 202, 303, 400, 404, 409, 422})
"""What a route may say to who has its right: also that a sample is nothing that it knows."""

Programs = Mapping[tuple[Role, TokenScope], httpx2.Client]

SAMPLE = "0" * 64
"""For each part of a path: the form of a digest, and the name of nothing."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One method of one route."""

    path: str
    method: str
    right: Right | None

    @property
    def address(self) -> str:
        return re.sub(r"\{[^}]*\}", SAMPLE, self.path)


def _routes() -> Iterator[Tried]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in sorted(route.methods or ()):
                yield Tried(path=route.path, method=method, right=right_of(route))


ROUTES: Sequence[Tried] = tuple(sorted(_routes(), key=lambda each: (each.method != "GET", each.path)))
"""What reads comes first: what changes may end what others read."""

GUARDED = [each for each in ROUTES if each.path not in PUBLIC]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = roster_program(tmp_path_factory.mktemp("site") / "acme")
    with served(folder) as running:
        yield running


@pytest.fixture(scope="module")
def readers(site: Served) -> Mapping[Role, httpx2.Client]:
    """A signed-in browser of each role, for what ends no session."""
    return {role: site.visitor(role) for role in Role}


@pytest.fixture(scope="module")
def stranger(site: Served) -> httpx2.Client:
    """A browser of nobody, which is let in nowhere."""
    return site.stranger()


@pytest.fixture(scope="module")
def programs(site: Served) -> Programs:
    """A client with a token, by the role of its maker and its scope."""
    return {(role, scope): site.program(role, [scope]) for role in Role for scope in scopes_for(role)}


def _named(tried: Iterable[Tried]) -> list[object]:
    return [pytest.param(each, id=f"{each.method} {each.path}") for each in tried]


def _status(client: httpx2.Client, tried: Tried) -> int:
    return client.request(tried.method, tried.address).status_code


@pytest.mark.parametrize("tried", _named(GUARDED))
def test_a_route_answers_the_roles_that_have_its_right_and_no_other(
    site: Served, readers: Mapping[Role, httpx2.Client], tried: Tried
) -> None:
    assert tried.right is not None
    for role in Role:
        # What changes something has a session of its own: the last one may just have signed out.
        status = _status(readers[role] if tried.method == "GET" else site.visitor(role), tried)
        if is_api(tried.path) and tried.method != "GET":
            assert status == 401, f"a browser's session changes nothing by the API: {role}"
        elif may(role, tried.right):
            assert status in ANSWERED, f"{role} has {tried.right}: {status}"
        else:
            assert status == 403, f"{role} has not {tried.right}: {status}"


@pytest.mark.parametrize("tried", _named(GUARDED))
def test_nobody_is_sent_to_sign_in(stranger: httpx2.Client, tried: Tried) -> None:
    answer = stranger.request(tried.method, tried.address)
    if is_api(tried.path):
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    else:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("tried", _named(each for each in GUARDED if is_api(each.path)))
def test_a_token_reaches_what_its_makers_role_and_its_scopes_both_allow(
    programs: Programs, tried: Tried
) -> None:
    assert tried.right is not None
    for (role, scope), program in programs.items():
        status = _status(program, tried)
        if token_may(role, [scope], tried.right):
            assert status in ANSWERED, f"{role} by {scope}: {status}"
        else:
            assert status == 403, f"{role} by {scope}: {status}"


@pytest.mark.parametrize("tried", _named(each for each in ROUTES if each.path in PUBLIC))
def test_what_is_public_breaks_for_nobody(site: Served, tried: Tried) -> None:
    assert _status(site.stranger(), tried) < 500


def test_a_method_that_no_route_has_does_nothing(site: Served) -> None:
    visitor, program = site.visitor(), site.program()
    methods: dict[str, set[str]] = {}
    for each in ROUTES:
        methods.setdefault(each.address, set()).add(each.method)
    for address, known in methods.items():
        assert "DELETE" not in known
        client = program if is_api(address) else visitor
        assert client.delete(address).status_code == 405, address


def test_the_description_names_the_right_that_each_route_asks_for() -> None:
    described = {(path, method.upper()): each["x-right"] for path, method, each in operations(description())}
    asked = {(each.path, each.method): each.right for each in ROUTES if each.path.startswith("/api/v1/")}
    asked.pop(("/api/v1/openapi.json", "GET"))
    assert described == asked


def test_each_scope_lets_somebody_do_something() -> None:
    assert {scope for role in Role for scope in scopes_for(role)} == set(TokenScope)
