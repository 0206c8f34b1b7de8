"""Whether an administrator of one account may become root of another: only where it belongs to an organization."""

from dataclasses import replace

import pytest

from auditwright.access.facts import Fact, Kind
from auditwright.access.repair import verdict_in
from auditwright.access.snapshot import read_snapshot
from auditwright.access.verdict import Undecided, Unreachable
from auditwright.access.world import World
from auditwright.core.outcome import Unknown
from tests.access.accounts import AT, FOREIGN, allow, held, snapshot, user
from tests.access.test_picture import pictured, scenarios

OTHER = Fact(Kind.ADMINISTRATOR, FOREIGN)


def two_accounts(*, organization: str | Unknown | None) -> World:
    """An administrator with a plain key, and another account with a user who may do nothing."""
    bob = {**user("bob"), "Arn": f"arn:aws:iam::{FOREIGN}:user/bob"}
    world = read_snapshot(snapshot(user("alice", allow("*")), bob, credentials=(held("alice"),)), at=AT)
    accounts = {id_: replace(each, organization=organization) for id_, each in world.accounts.items()}
    return replace(world, accounts=accounts)


def test_root_of_an_account_without_an_organization_is_out_of_reach_of_other_accounts() -> None:
    assert isinstance(verdict_in(two_accounts(organization=None), OTHER, None), Unreachable)


@pytest.mark.parametrize("organization", ["o-1", Unknown("it was refused")])
def test_root_of_an_account_that_may_be_a_member_is_within_reach_as_far_as_is_known(
    organization: str | Unknown,
) -> None:
    verdict = verdict_in(two_accounts(organization=organization), OTHER, None)
    assert isinstance(verdict, Undecided)
    assert "central-root" in {each.id for each in verdict.assumptions}


def test_a_snapshot_does_not_say_whether_its_accounts_belong_to_an_organization() -> None:
    world = read_snapshot(snapshot(user("alice")), at=AT)
    assert all(isinstance(each.organization, Unknown) for each in world.accounts.values())


def test_what_was_collected_says_whether_an_account_belongs_to_an_organization() -> None:
    (free,) = pictured(scenarios()["seed-1-user-in-aws-auth"]).accounts.values()
    (member,) = pictured(scenarios()["scp-1-deny-does-not-help"]).accounts.values()
    (unseen,) = pictured(
        scenarios()["seed-1-user-in-aws-auth"], refused=["aws.organizations"]
    ).accounts.values()
    assert (free.organization, member.organization) == (None, "o-1")
    assert isinstance(unseen.organization, Unknown)
