"""Snapshots that nobody should send: nothing hangs or crashes, and what cannot be read proves nothing."""

import contextlib
import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditwright.access.snapshot import SnapshotError
from auditwright.access.verdict import TargetError
from tests.access.accounts import (
    ACCOUNT,
    REACHABLE,
    UNKNOWN,
    UNREACHABLE,
    Json,
    allow,
    answer,
    arn,
    cluster,
    deny,
    document,
    entry,
    group,
    held,
    policy,
    role,
    snapshot,
    trust,
    user,
)

JUNK: tuple[object, ...] = (7, "x", True, [], [7], {"x": 7}, 1e308)
DENIED = deny("*", BoolIfExists={"aws:MultiFactorAuthPresent": "false"})


def whole() -> Json:
    """An account with something of everything, in which each path ends at a policy."""
    guarded = trust(
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, when={"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    )
    return snapshot(
        user("ada", allow("*"), DENIED, GroupList=["team"], attached="q", boundary="p"),
        group("team", DENIED),
        role("ops", guarded, allow("*")),
        policy("p", document(allow("*"), DENIED)),
        policy("q", document(DENIED)),
        credentials=(held("ada"),),
        cluster=cluster("API", entry(arn("role", "ops"), "AmazonEKSClusterAdminPolicy")),
        scps=[document(allow("*"), DENIED)],
        root={"access_keys": 0, "mfa_devices": 1, "password_enabled": True},
        rbac={},
    )


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, each in members:
        yield (*path, key)
        yield from places(each, (*path, key))


def with_junk(path: tuple[str | int, ...], junk: object, account: Json) -> Json:
    again: Json = json.loads(json.dumps(account))
    place: object = again
    for key in path[:-1]:
        assert isinstance(place, dict | list)
        place = place[key]  # type: ignore[index]  # a path leads through objects by text and lists by number
    assert isinstance(place, dict | list)
    place[path[-1]] = junk  # type: ignore[index]  # likewise
    return again


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(list(places(whole()))), st.sampled_from(JUNK), st.sampled_from(("account-admin", "prod"))
)
def test_junk_anywhere_is_an_answer_or_an_error_that_says_so(
    path: tuple[str | int, ...], junk: object, target: str
) -> None:
    with contextlib.suppress(SnapshotError, TargetError):
        assert answer(with_junk(path, junk, whole()), target)


def test_the_whole_is_proved() -> None:
    assert answer(whole()) == UNREACHABLE


def reachable() -> Json:
    """An account with one way to its administrator, through a user, a group, a policy, a role and its trust."""
    return snapshot(
        user("bob", GroupList=["team"]),
        group("team") | {"AttachedManagedPolicies": [{"PolicyArn": arn("policy", "hop")}]},
        policy("hop", document(allow("sts:AssumeRole", arn("role", "ops")))),
        role("ops", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), allow("*")),
        credentials=(held("bob"),),
        scps=[document(allow("*"))],
    )


WRONG: tuple[object, ...] = (7, [7], {"x": 7})


def test_a_part_of_the_wrong_type_never_turns_a_path_into_a_proof() -> None:
    assert answer(reachable()) == REACHABLE
    for path in places(reachable()):
        for wrong in WRONG:
            with contextlib.suppress(SnapshotError, TargetError):
                assert answer(with_junk(path, wrong, reachable())) != UNREACHABLE, (path, wrong)


def open_to(bob: Json, *details: Json, **beside: object) -> Json:
    return snapshot(bob, *details, credentials=(held("bob"),), **beside)


UNREADABLE: list[tuple[str, Json]] = [
    ("an inline policy", open_to(user("bob", UserPolicyList=[{"PolicyName": "p", "PolicyDocument": 7}]))),
    ("the list of inline policies", open_to(user("bob", UserPolicyList=7))),
    ("an item of inline policies", open_to(user("bob", UserPolicyList=[7]))),
    ("the list of attached policies", open_to(user("bob", AttachedManagedPolicies=7))),
    ("an item of attached policies", open_to(user("bob", AttachedManagedPolicies=[7]))),
    ("an attached policy that is not there", open_to(user("bob", attached="p"))),
    ("the list of groups", open_to(user("bob", GroupList=7))),
    ("a group that is not there", open_to(user("bob", GroupList=["team"]))),
    (
        "the list of users",
        {"gaad": {"UserDetailList": 7, "RoleDetailList": [role("r", document())]}, "credentials": []},
    ),
    (
        "an item of users",
        {"gaad": {"UserDetailList": [7], "RoleDetailList": [role("r", document())]}, "credentials": []},
    ),
    ("the credentials", {**open_to(user("bob", allow("*"))), "credentials": 7}),
    ("an item of credentials", {**open_to(user("bob", allow("*"))), "credentials": [7]}),
    (
        "the access keys",
        {
            **open_to(user("bob", allow("*"))),
            "credentials": [{"user": "bob", "access_keys": 7, "mfa_devices": 1, "password_enabled": False}],
        },
    ),
    ("root", {**open_to(user("bob")), "root": 7}),
    (
        "the workloads",
        open_to(
            user("bob", allow("lambda:UpdateFunctionCode")),
            role("r", trust({"Service": "lambda.amazonaws.com"}), allow("*")),
            workloads=7,
        ),
    ),
    ("a service control policy", open_to(user("bob", allow("*")), scps=[7])),
]


@pytest.mark.parametrize("account", [each[1] for each in UNREADABLE], ids=[each[0] for each in UNREADABLE])
def test_what_cannot_be_read_proves_nothing(account: Json) -> None:
    assert answer(account) != UNREACHABLE


def test_a_boundary_that_cannot_be_read_is_unknown() -> None:
    assert answer(open_to(user("bob", allow("*"), PermissionsBoundary=7))) == UNKNOWN


def test_many_statements_of_hostile_patterns_end() -> None:
    hostile = [allow("iam:*?*?*?*?*?*x", "*?*?*?*?*?*?*y") for _ in range(2_000)]
    assert answer(open_to(user("bob", *hostile))) == UNREACHABLE


def test_many_policies_that_can_be_detached_end() -> None:
    names = [f"p{number}" for number in range(40)]
    attached = [{"PolicyName": each, "PolicyArn": arn("policy", each)} for each in names]
    mixed = [
        policy(each, document(allow(f"s3:Get{each}"), deny(f"ec2:Run{each}"), deny("sts:AssumeRole")))
        for each in names
    ]
    bob = user("bob", allow("iam:DetachUserPolicy"), AttachedManagedPolicies=attached)
    assert answer(open_to(bob, *mixed)) == UNKNOWN
