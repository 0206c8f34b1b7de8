"""Roles of another account are told apart by that account's own guardrails."""

from dataclasses import replace

import pytest

from auditwright.access.facts import Fact, session
from auditwright.access.policy import parse_policy
from auditwright.access.repair import verdict_in
from auditwright.access.sessions import SessionClass
from auditwright.access.verdict import Reachable, Unreachable
from auditwright.access.world import World
from tests.access.accounts import (
    ACCOUNT,
    FOREIGN,
    ROOT_TRUST,
    Json,
    allow,
    document,
    held,
    role,
    snapshot,
    trust,
    user,
    world,
)

TRUSTING = trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})


def other(name: str) -> str:
    return f"arn:aws:iam::{FOREIGN}:role/{name}"


def in_the_other(name: str) -> Json:
    return {**role(name, TRUSTING, allow("s3:*")), "Arn": other(name)}


def guarded(*kept: str) -> World:
    """A user who may take every role, and another account, which keeps some of its roles from everybody."""
    here = world(
        snapshot(
            user("ada", allow("sts:AssumeRole")),
            role("hop", ROOT_TRUST, allow("s3:*")),
            in_the_other("one"),
            in_the_other("two"),
            credentials=(held("ada"),),
        )
    )
    guardrail = document(
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sts:AssumeRole",
            "Resource": [other(name) for name in kept],
        },
    )
    levels = ((parse_policy(guardrail, name="guardrail"),),)
    account = replace(here.accounts[FOREIGN], resource_policies=levels)
    return replace(here, accounts={**here.accounts, FOREIGN: account})


@pytest.mark.parametrize(("kept", "open_"), [("one", "two"), ("two", "one")])
def test_a_guardrail_of_the_other_account_tells_its_roles_apart(kept: str, open_: str) -> None:
    here = guarded(kept)
    assert isinstance(verdict_in(here, _role(kept), None), Unreachable)
    assert isinstance(verdict_in(here, _role(open_), None), Reachable)


def _role(name: str) -> Fact:
    return session(other(name), SessionClass.ROLE)
