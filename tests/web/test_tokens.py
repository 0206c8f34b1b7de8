"""Tokens: made on a page, shown once, used on the API alone, and ended at once."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditwright.app.rights import SCOPES, Right, TokenScope, scopes_for, token_may
from auditwright.app.tokens import LONGEST
from auditwright.core.account import Account, ApiToken, Role
from auditwright.core.act import Act
from auditwright.core.question import Is
from tests.app.programs import roster_program
from tests.web.served import Served, account_of, served


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Served]:
    folder: Path = roster_program(tmp_path_factory.mktemp("site") / "acme")
    with served(folder, clock) as running:
        yield running


def made(site: Served, role: Role = Role.OWNER, **fields: str | list[str]) -> str:
    form = {"name": "pipeline", "scopes": ["read"], "days": "30", **fields}
    answer = site.visitor(role).post("/account/tokens", data=form)
    assert answer.status_code == 200, answer.text
    found = re.search(r"awt_[\w-]{43}", answer.text)
    assert found
    return found[0]


def called(site: Served, secret: str, path: str = "/api/v1/whoami") -> int:
    return site.stranger().get(path, headers={"authorization": f"Bearer {secret}"}).status_code


def kept(site: Served, secret_name: str) -> ApiToken:
    (token,) = site.site.workspace().stores.records.kept(ApiToken, Is("name", secret_name))
    return token


def test_a_token_is_shown_once_and_kept_only_as_its_digest(site: Served) -> None:
    secret = made(site, name="once")
    assert called(site, secret) == 200
    assert secret not in site.visitor().get("/account/tokens").text
    acts = site.site.workspace().stores.records.kept(Act, Is("verb", "token.make"))
    assert not any(secret in act.detail for act in acts)
    assert secret.encode() not in b"".join(
        path.read_bytes() for path in site.site.opened.state.glob("records.db*")
    )


def test_a_token_says_when_it_was_used_last_to_the_minute(site: Served, clock: Clock) -> None:
    secret = made(site, name="seen")
    assert "never" in site.visitor().get("/account/tokens").text
    first = clock.now
    assert called(site, secret) == 200
    clock.now += timedelta(seconds=59)
    assert called(site, secret) == 200
    assert kept(site, "seen").used_at == first
    clock.now += timedelta(seconds=2)
    assert called(site, secret) == 200
    assert kept(site, "seen").used_at == clock.now


def test_an_ended_an_expired_and_a_wrong_token_are_refused_alike(site: Served, clock: Clock) -> None:
    ended = made(site, name="ended")
    page = site.visitor()
    answer = page.post("/account/tokens/end", data={"token": kept(site, "ended").id})
    assert answer.headers["location"] == "/account/tokens?done=ended"
    assert "The token was ended" in page.get(answer.headers["location"]).text
    expired = made(site, name="expired", days="1")
    clock.now += timedelta(days=1)
    answers = {
        site.stranger().get("/api/v1/whoami", headers={"authorization": given}).text
        for given in (f"Bearer {ended}", f"Bearer {expired}", "Bearer awt_x", "Bearer", "Basic YTpi", "x")
    }
    assert answers == {site.stranger().get("/api/v1/whoami").text}
    assert called(site, ended) == called(site, expired) == 401


def test_a_token_of_somebody_whose_access_ended_is_refused(site: Served) -> None:
    secret = made(site, Role.ENGINEER, name="left")
    workspace = site.site.workspace()
    account = account_of(workspace, Role.ENGINEER, "Mira Okafor", site.site.clock())
    with workspace.stores.records.transaction() as write:
        write.keep(
            [
                Account(
                    **{name: getattr(account, name) for name in Account.__slots__}
                    | {"ended_at": account.made_at}
                )
            ]
        )
    assert called(site, secret) == 401


def test_a_token_never_opens_a_page(site: Served) -> None:
    secret = made(site, name="page")
    answer = site.stranger().get("/", headers={"authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_a_session_reads_the_api_and_changes_nothing(site: Served) -> None:
    visitor = site.visitor()
    assert visitor.get("/api/v1/whoami").json()["token"] is None
    wrong = {"authorization": "Bearer awt_wrong"}
    assert visitor.get("/api/v1/whoami", headers=wrong).status_code == 401


def test_what_a_token_may_is_said_by_whoami(site: Served) -> None:
    told = site.program(Role.OWNER, [TokenScope.READ, TokenScope.RUNS]).get("/api/v1/whoami").json()
    assert told["rights"] == ["self", "read-program", "read-systems", "run"]
    assert told["token"]["scopes"] == ["read", "runs"]


def test_nobody_gives_a_token_what_their_role_has_not(site: Served) -> None:
    answer = site.visitor(Role.AUDITOR).post(
        "/account/tokens", data={"name": "more", "scopes": ["read", "runs"], "days": "1"}
    )
    assert answer.status_code == 422
    assert "Your role can give a token: read" in answer.text
    assert "Your role has nothing" in site.visitor(Role.EMPLOYEE).get("/account/tokens").text


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", Right)
def test_a_token_adds_nothing_to_a_role_and_takes_away_what_its_scopes_lack(role: Role, right: Right) -> None:
    everything = tuple(TokenScope)
    assert token_may(role, everything, right) <= token_may(Role.OWNER, everything, right)
    for scope in TokenScope:
        if token_may(role, [scope], right) and right is not Right.SELF:
            assert right in SCOPES[scope]
            assert scope in scopes_for(role)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": " "}, "Say what the token is for"),
        ({"days": "0"}, "A token counts for 1 to 365 days"),
        ({"days": str(LONGEST.days + 1)}, "A token counts for 1 to 365 days"),
        ({"days": "x"}, "A token counts for 1 to 365 days"),
        ({"scopes": []}, "Choose what the token is good for"),
        ({"scopes": ["everything"]}, "Your role can give a token"),
    ],
)
def test_what_is_wrong_with_a_token_is_said_beside_the_form(
    site: Served, fields: dict[str, str | list[str]], says: str
) -> None:
    form = {"name": "pipeline", "scopes": ["read"], "days": "30", **fields}
    answer = site.visitor().post("/account/tokens", data=form)
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert says in answer.text


def test_the_tokens_of_others_are_ended_by_who_manages_settings_alone(site: Served) -> None:
    made(site, Role.OWNER, name="another's")
    token = kept(site, "another's").id
    auditor = site.visitor(Role.AUDITOR)
    assert token not in auditor.get("/account/tokens").text
    assert auditor.post("/account/tokens/end", data={"token": token}).status_code == 404
    manager = site.visitor(Role.COMPLIANCE, "Lena Roth")
    assert token in manager.get("/account/tokens").text
    assert manager.post("/account/tokens/end", data={"token": token}).status_code == 303
    assert kept(site, "another's").ended_at == site.site.clock()
