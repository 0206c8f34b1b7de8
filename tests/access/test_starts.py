"""Credentials have ids of their own: a short one where that is enough, one with the account where it is not."""

import pytest

from auditwright.access.starts import StartError, start_of, starts
from auditwright.access.verdict import TargetError, target_of
from auditwright.access.world import World
from tests.access.accounts import (
    ACCOUNT,
    CLOSED,
    FOREIGN,
    REACHABLE,
    UNREACHABLE,
    Json,
    allow,
    arn,
    held,
    named,
    role,
    snapshot,
    user,
    verdict_on,
    world,
)

ABROAD = f"arn:aws:iam::{FOREIGN}:user/alice"
OTHER_ROLE = f"arn:aws:iam::{FOREIGN}:role/deploy"


def alices(*beside: Json) -> World:
    """A powerless alice in one account, and an administrator of her name in another."""
    return world(
        snapshot(
            user("alice"),
            {**user("alice", allow("*")), "Arn": ABROAD},
            *beside,
            credentials=(held(arn("user", "alice")), held(ABROAD)),
        )
    )


def test_no_two_credentials_have_one_id() -> None:
    ids = [start.id for start in starts(alices())]
    assert sorted(ids) == [f"key:{ACCOUNT}/alice", f"key:{FOREIGN}/alice"]


def test_a_name_that_two_accounts_have_is_refused_with_the_ids_that_tell_them_apart() -> None:
    with pytest.raises(StartError, match=f"several: key:{ACCOUNT}/alice, key:{FOREIGN}/alice"):
        start_of(alices(), "key:alice")


def test_each_of_two_accounts_is_answered_for_its_own_user() -> None:
    here = alices()
    assert (
        named(verdict_on(here, target_of(here, f"account-admin:{ACCOUNT}"), f"key:{ACCOUNT}/alice"))
        == UNREACHABLE
    )
    assert (
        named(verdict_on(here, target_of(here, f"account-admin:{FOREIGN}"), f"key:{FOREIGN}/alice"))
        == REACHABLE
    )


@pytest.mark.parametrize("spelled", ["key:alice", f"key:{ACCOUNT}/alice"])
def test_a_name_that_one_account_has_is_known_with_the_account_and_without(spelled: str) -> None:
    here = world(snapshot(user("alice"), credentials=(held("alice"),)))
    assert start_of(here, spelled).id == "key:alice"


def test_a_supposed_session_of_a_name_that_two_accounts_have_needs_the_account() -> None:
    here = alices(role("deploy", CLOSED), {**role("deploy", CLOSED, allow("*")), "Arn": OTHER_ROLE})
    with pytest.raises(StartError, match=f"several: role:{arn('role', 'deploy')}, role:{OTHER_ROLE}"):
        start_of(here, "role:deploy")
    for spelled in (f"role:{OTHER_ROLE}", f"role:{FOREIGN}/deploy"):
        assert [fact.subject for fact in start_of(here, spelled).facts] == [OTHER_ROLE]
        assert named(verdict_on(here, target_of(here, f"account-admin:{FOREIGN}"), spelled)) == REACHABLE
    assert (
        named(verdict_on(here, target_of(here, f"account-admin:{ACCOUNT}"), f"role:{ACCOUNT}/deploy"))
        == UNREACHABLE
    )


def test_a_name_that_nobody_has_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(StartError, match=f"there are 2: key:{ACCOUNT}/alice"):
        start_of(alices(), "key:bob")


def test_a_target_of_a_name_that_two_accounts_have_needs_the_arn() -> None:
    here = alices(role("deploy", CLOSED), {**role("deploy", CLOSED), "Arn": OTHER_ROLE})
    with pytest.raises(TargetError, match=f"several: role:{arn('role', 'deploy')}, role:{OTHER_ROLE}"):
        target_of(here, "role:deploy")
    assert target_of(here, f"role:{OTHER_ROLE}").subject == OTHER_ROLE
