"""A snapshot that is not as it should be is refused, or leaves open what it does not show: it never proves more."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.access.policy import json_object
from auditwright.access.snapshot import SnapshotError, named_target, read_snapshot
from tests.access.accounts import (
    AT,
    CLOSED,
    REACHABLE,
    UNKNOWN,
    UNREACHABLE,
    Json,
    allow,
    answer,
    arn,
    group,
    held,
    role,
    snapshot,
    user,
    world,
)

ASKED = "s3:GetObject@arn:aws:s3:::customers/a"


def opened() -> Json:
    """Alice's plain key reads the bucket."""
    return snapshot(
        user("alice", allow("s3:GetObject")),
        role("deploy", CLOSED),
        credentials=(held("alice"),),
        attestations=[{"account": "444455556666", "mfaRequired": True}],
    )


def closed() -> Json:
    """Nobody has a key, nor a password."""
    return snapshot(user("alice", allow("s3:GetObject")), credentials=(held("alice", keys=""),))


def at(document: object, *path: str | int) -> Json:
    for each in path:
        document = cast("dict[str | int, object]", document)[each]
    return cast("Json", document)


def changed(document: Json, *path: str | int, to: object) -> Json:
    made = copy.deepcopy(document)
    at(made, *path[:-1])[cast("str", path[-1])] = to
    return made


def paths(value: object, *above: str | int) -> Iterator[tuple[str | int, ...]]:
    if above:
        yield above
    if isinstance(value, dict):
        for key, each in cast("Json", value).items():
            yield from paths(each, *above, key)
    elif isinstance(value, list):
        for place, each in enumerate(cast("list[object]", value)):
            yield from paths(each, *above, place)


JUNK: tuple[object, ...] = (5, True, {}, {"a": 1}, [7], "", 1.5)


@given(st.sampled_from(list(paths(opened()))), st.sampled_from(JUNK))
def test_nothing_of_an_open_account_that_is_spoiled_makes_it_proved(
    path: tuple[str | int, ...], junk: object
) -> None:
    assert answer(opened(), ASKED) == REACHABLE
    try:
        found = answer(changed(opened(), *path, to=junk), ASKED)
    except SnapshotError:
        return
    assert found != UNREACHABLE


REFUSED: list[tuple[str, Callable[[], Json], str]] = [
    ("credentials twice", lambda: changed(closed(), "credentials", to=[held("alice")] * 2), "twice"),
    (
        "an ARN without an account",
        lambda: changed(closed(), "gaad", "UserDetailList", 0, "Arn", to="arn:x"),
        "an Arn",
    ),
    ("a principal twice", lambda: snapshot(user("a"), user("a")), f"{arn('user', 'a')} stands there twice"),
]


@pytest.mark.parametrize(
    ("document", "said"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED]
)
def test_what_says_two_things_or_nothing_is_refused_and_named(
    document: Callable[[], Json], said: str
) -> None:
    with pytest.raises(SnapshotError) as refused:
        read_snapshot(document(), at=AT)
    assert said in str(refused.value)


SPOILED: list[tuple[str, Callable[[], Json]]] = [
    ("users that are no list", lambda: changed(closed(), "gaad", "UserDetailList", to={})),
    ("users that are null", lambda: changed(closed(), "gaad", "UserDetailList", to=None)),
    ("a user that is a name", lambda: changed(closed(), "gaad", "UserDetailList", to=["alice"])),
    ("credentials that are no list", lambda: changed(closed(), "credentials", to="none")),
    ("keys that are a number", lambda: changed(closed(), "credentials", 0, "access_keys", to=1)),
    ("credentials of nobody", lambda: changed(closed(), "credentials", 0, "user", to=None)),
    ("clusters that are no list", lambda: changed(closed(), "clusters", to={"name": "prod"})),
    ("policies of resources in a list", lambda: changed(closed(), "resourcePolicies", to=["x"])),
]


@pytest.mark.parametrize("document", [each[1] for each in SPOILED], ids=[each[0] for each in SPOILED])
def test_what_has_another_shape_leaves_every_proof_open(document: Callable[[], Json]) -> None:
    assert answer(closed(), ASKED) == UNREACHABLE
    assert answer(document(), ASKED) != UNREACHABLE


def test_a_name_that_stands_twice_is_refused_but_in_a_policy_it_is_unread() -> None:
    text = json.dumps(closed())
    twice = json.loads(text.replace('"user"', '"access_keys": [], "user"'), object_pairs_hook=json_object)
    with pytest.raises(SnapshotError, match="stands twice"):
        read_snapshot(twice, at=AT)
    policy = json.dumps(opened()).replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"')
    assert answer(json.loads(policy, object_pairs_hook=json_object), ASKED) == UNKNOWN


@pytest.mark.parametrize("missing", ["UserDetailList", "RoleDetailList"])
def test_a_list_of_principals_that_is_missing_leaves_every_proof_open(missing: str) -> None:
    assert answer(closed(), ASKED) == UNREACHABLE
    document = closed()
    del at(document, "gaad")[missing]
    assert answer(document, ASKED) == UNKNOWN


def test_details_that_were_cut_off_leave_every_proof_open() -> None:
    assert answer(changed(closed(), "gaad", "IsTruncated", to=True), ASKED) == UNKNOWN
    assert answer(changed(closed(), "gaad", "IsTruncated", to=False), ASKED) == UNREACHABLE


def test_credentials_of_a_name_that_is_nobodys_leave_those_unknown_who_are_not_listed() -> None:
    misspelled = changed(closed(), "credentials", 0, "user", to="Alice")
    assert answer(misspelled, ASKED) != UNREACHABLE
    also = changed(closed(), "credentials", to=[held("alice", keys=""), held("somebody-who-left")])
    assert answer(also, ASKED) == UNREACHABLE


@pytest.mark.parametrize("status", ["", "Expired", "enabled"])
def test_a_key_in_a_state_of_no_known_name_is_taken_for_one_that_may_work(status: str) -> None:
    odd = changed(closed(), "credentials", 0, "access_keys", to=[{"status": status}])
    assert answer(odd, ASKED) != UNREACHABLE


def test_a_group_that_is_not_listed_may_allow_and_may_deny_anything() -> None:
    member = user("alice", GroupList=["readers"])
    listed = snapshot(member, group("readers", allow("s3:PutObject")), credentials=(held("alice"),))
    assert answer(listed, ASKED) == UNREACHABLE
    assert answer(snapshot(member, credentials=(held("alice"),)), ASKED) == UNKNOWN


def test_tags_that_cannot_be_read_are_unknown() -> None:
    tagged = allow("s3:GetObject", "*", StringEquals={"aws:PrincipalTag/team": "data"})
    seen = snapshot(user("alice", tagged, tags={"team": "web"}), credentials=(held("alice"),))
    assert answer(seen, ASKED) == UNREACHABLE
    assert answer(changed(seen, "gaad", "UserDetailList", 0, "Tags", to="team=data"), ASKED) == UNKNOWN


def test_a_target_that_is_no_text_is_refused_and_none_is_none() -> None:
    assert named_target(closed()) is None
    assert named_target({**closed(), "target": "prod"}) == "prod"
    with pytest.raises(SnapshotError, match="`target`"):
        named_target({**closed(), "target": 5})
    assert world({**closed(), "target": 5}).users
