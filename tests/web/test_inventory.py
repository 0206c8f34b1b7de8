"""The inventory on pages: kinds, items by place, text and tag, and one item as of any day."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditwright.core.evidence import Scope
from auditwright.core.ids import IntegrationId, ResourceId, RunId, TestId
from auditwright.core.outcome import Conclusion, Deviation, Observation, Result, Unknown
from auditwright.core.ports import Snapshot
from auditwright.core.resources import UserAccount
from auditwright.core.run import Run, RunKind, RunState
from tests.app.programs import roster_program
from tests.web.served import Served, served

DAY = timedelta(days=1)
FIRST = datetime.now(UTC) - 3 * DAY
HOSTILE = "<script>alert(1)</script>\u202e" + "x" * 10_000
AWS = Scope(source=IntegrationId("aws"), account="111122223333")
KNOWN = TestId("identity.console-users-have-mfa")
GONE = TestId("acme.no-longer-defined")


def user(name: str, *, mfa: bool | Unknown = True, team: str = "robots") -> UserAccount:
    return UserAccount(
        id=ResourceId(f"arn:{name}"),
        name=name,
        scope=AWS,
        evidence=(),
        system="aws",
        active=True,
        created_at=FIRST,
        console_access=True,
        mfa_enrolled=mfa,
        last_used_at=None,
        password_last_used_at=None,
        password_set_at=None,
        attached_policies=(),
        inline_policies=(),
        groups=Unknown("AccessDenied: iam:ListGroupsForUser"),
        tags=(("team", team),),
    )


def odd(test: TestId, at: datetime, users: Sequence[UserAccount]) -> Result:
    seen = tuple(
        Observation(
            item=each.id,
            name=each.name,
            account="",
            region="",
            outcome=Deviation(f"{test} finds it odd"),
            evidence=(),
        )
        for each in users
    )
    return Result(
        test=test,
        population=UserAccount.kind,
        concluded_at=at,
        conclusion=Conclusion.EXCEPTIONS,
        observations=seen,
        gaps=(),
    )


def saw(site: Served, day: int, *users: UserAccount) -> None:
    """What one run saw, and that two tests found it wanting, of which one is no longer defined."""
    workspace, at, run = site.site.workspace(), FIRST + day * DAY, RunId(f"run-{day}")
    workspace.stores.inventory.record(
        run, at, [Snapshot(kind=UserAccount, scope=AWS, items=users, complete=True)]
    )
    workspace.stores.inventory.observe(run, at, [odd(KNOWN, at, users), odd(GONE, at, users)])
    with workspace.stores.records.transaction() as write:
        write.put_run(
            Run(
                id=run,
                kind=RunKind.COLLECTION,
                started_at=at,
                finished_at=at,
                state=RunState.FINISHED,
                program_sha256=workspace.program.digest,
            )
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = roster_program(tmp_path_factory.mktemp("inventory") / "acme")
    with served(folder) as running:
        saw(running, 0, user("ada", mfa=False), user("bob"))
        saw(running, 1, user("ada"), user("eve", team="legs"), user(HOSTILE))
        yield running


def named(site: Served, query: str) -> list[str]:
    rows = site.visitor().get(f"/inventory/user_account.json{query}").json()
    return [each["name"] for each in rows]


def test_items_are_found_by_text_place_and_tag(site: Served) -> None:
    assert named(site, "") == [HOSTILE, "ada", "eve"]
    assert named(site, "?q=EVE") == ["eve"]
    assert named(site, "?q=legs") == ["eve"]
    assert named(site, "?account=111122223333&sort=-name") == ["eve", "ada", HOSTILE]
    assert named(site, "?account=2") == []


def test_every_kind_is_counted(site: Served) -> None:
    page = site.visitor().get("/inventory").text
    assert "/inventory/user_account" in page
    assert "User account" in page


def test_an_item_is_shown_as_of_any_day_with_what_was_not_seen(site: Served) -> None:
    client = site.visitor()
    now = client.get("/inventory/user_account/one?id=arn:ada").text
    assert "AccessDenied: iam:ListGroupsForUser" in now
    assert f"{KNOWN} finds it odd" in now
    assert "mfa enrolled: no → yes" in now
    assert GONE not in now
    then = f"{FIRST:%Y-%m-%d}"
    assert named(site, f"?as_of={then}") == ["ada", "bob"]
    assert client.get("/inventory/user_account/one?id=arn:eve").status_code == 200
    assert client.get(f"/inventory/user_account/one?id=arn:eve&as_of={then}").status_code == 404


def test_what_is_not_there_is_not_found_and_hostile_names_do_no_harm(site: Served) -> None:
    client = site.visitor()
    for path in ("/inventory/user_account/one?id=x", "/inventory/no_such_kind", "/inventory/..%2f.."):
        assert client.get(path).status_code == 404
    item = client.get("/inventory/user_account/one", params={"id": f"arn:{HOSTILE}"})
    for answer in (item, client.get("/inventory/user_account")):
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "\u202e" not in answer.text
        assert len(answer.content) < 100_000
