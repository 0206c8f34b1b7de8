"""A name that a cluster still knows is free to be made anew only where every user and role was listed."""

from dataclasses import replace

import pytest

from auditwright.access.verdict import Undecided, target_of
from auditwright.access.world import World
from tests.access.accounts import (
    ACCOUNT,
    FOREIGN,
    REACHABLE,
    Json,
    allow,
    arn,
    cluster,
    held,
    named,
    snapshot,
    user,
    verdict_on,
    world,
)

MAKING = ["iam:CreateUser", "iam:CreateAccessKey"]


def knowing(gone: str, on: str = "*", **beside: object) -> World:
    """A user who may make users, and a cluster that still knows one who is not among those that were seen."""
    mapped: Json = {"mapUsers": [{"userarn": gone, "username": "gone", "groups": ["system:masters"]}]}
    here = cluster("CONFIG_MAP", creator=f"arn:aws:iam::{FOREIGN}:root")
    here |= {"aws_auth": mapped, **beside}
    return world(snapshot(user("ops", allow(MAKING, on)), credentials=(held("ops"),), clusters=[here]))


def verdict(here: World) -> str:
    return named(verdict_on(here, target_of(here, "prod:cluster-admin"), "key:ops"))


def test_a_name_that_nobody_has_can_be_made_anew() -> None:
    assert verdict(knowing(arn("user", "gone"))) == REACHABLE


def test_a_policy_may_spell_out_the_name_that_nobody_has() -> None:
    assert verdict(knowing(arn("user", "gone"), on=arn("user", "gone"))) == REACHABLE


def test_a_name_may_be_taken_where_not_everybody_was_listed() -> None:
    here = replace(knowing(arn("user", "gone")), unlisted_accounts=frozenset({ACCOUNT}))
    found = verdict_on(here, target_of(here, "prod:cluster-admin"), "key:ops")
    assert isinstance(found, Undecided)
    assert "name-free" in {each.id for each in found.assumptions}


@pytest.mark.parametrize("cut", [{"IsTruncated": True}, {"RoleDetailList": None}])
def test_details_that_were_cut_off_leave_every_account_unlisted(cut: Json) -> None:
    document = snapshot(user("ops", allow(MAKING)))
    gaad = document["gaad"]
    assert isinstance(gaad, dict)
    assert world(document).unlisted_accounts == frozenset()
    assert world({**document, "gaad": {**gaad, **cut}}).unlisted_accounts == {ACCOUNT}


def test_an_account_that_only_a_cluster_names_was_not_listed() -> None:
    abroad = f"arn:aws:eks:us-east-1:{FOREIGN}:cluster/prod"
    here = knowing(f"arn:aws:iam::{FOREIGN}:user/gone", arn=abroad)
    assert here.unlisted_accounts == {FOREIGN}
    assert verdict(here) != REACHABLE
