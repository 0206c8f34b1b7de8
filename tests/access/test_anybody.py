"""Whoever comes from another account has the names and tags that this account gives: of choice in one's own."""

import pytest

from tests.access.accounts import (
    FOREIGN,
    REACHABLE,
    UNKNOWN,
    UNREACHABLE,
    Json,
    allow,
    answer,
    role,
    snapshot,
    trust,
)


def admin(who: object, **condition: Json) -> Json:
    """An administrator's role that somebody outside may take under a condition."""
    return snapshot(role("admin", trust(who, when=condition), allow("*")))


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:username": "deploy"}},
        {"StringLike": {"aws:username": "ci-*"}},
        {"StringNotEquals": {"aws:username": "anybody"}},
        {"Null": {"aws:username": "true"}},
        {"StringEquals": {"aws:PrincipalTag/team": "ops"}},
        {"Null": {"aws:PrincipalTag/team": "true"}},
        {"StringEquals": {"aws:username": "deploy", "aws:PrincipalTag/team": "ops"}},
    ],
)
def test_names_and_tags_keep_nobody_out_who_has_an_account(condition: dict[str, Json]) -> None:
    assert answer(admin("*", **condition)) == REACHABLE


def test_what_two_statements_ask_of_one_name_is_asked_of_one_person() -> None:
    both: dict[str, Json] = {
        "StringEquals": {"aws:username": "deploy"},
        "StringNotEquals": {"aws:username": "deploy"},
    }
    assert answer(admin("*", **both)) != REACHABLE


@pytest.mark.parametrize("condition", [{"aws:username": "deploy"}, {"aws:PrincipalType": "AssumedRole"}])
def test_who_acts_in_another_account_is_not_known(condition: Json) -> None:
    assert answer(admin({"AWS": FOREIGN}, StringEquals=condition)) == UNKNOWN


def test_a_user_of_another_account_has_one_name() -> None:
    deploy = {"AWS": f"arn:aws:iam::{FOREIGN}:user/deploy"}
    assert answer(admin(deploy, StringEquals={"aws:username": "deploy"})) == UNKNOWN
    assert answer(admin(deploy, StringEquals={"aws:username": "other"})) == UNREACHABLE
