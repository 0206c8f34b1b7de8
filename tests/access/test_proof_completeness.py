"""Paths that are easily left out of a proof: each of these was once taken for closed, or could have been."""

import pytest

from tests.access.accounts import (
    ACCOUNT,
    REACHABLE,
    ROOT_TRUST,
    UNKNOWN,
    UNREACHABLE,
    Json,
    allow,
    answer,
    arn,
    cluster,
    deny,
    entry,
    held,
    role,
    snapshot,
    trust,
    user,
)

BOB = arn("user", "bob")
EVERYTHING = allow("*")
FUNCTIONS = f"arn:aws:lambda:*:{ACCOUNT}:function:"
LAMBDA = trust({"Service": "lambda.amazonaws.com"})
RUNS = role("runs", LAMBDA, EVERYTHING)
MACHINE = role("runs", trust({"Service": "ec2.amazonaws.com"}), EVERYTHING)
ISSUER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABC"
POD = role("pod", trust({"Federated": ISSUER}, by="sts:AssumeRoleWithWebIdentity"), EVERYTHING)


def bobs(statements: list[Json], *details: Json, **beside: object) -> Json:
    bob = user("bob", *statements, tags=beside.pop("tags", {}))
    return snapshot(bob, *details, credentials=(held("bob"),), **beside)


def makes(resource: str | list[str], *more: Json) -> Json:
    create = allow(["lambda:CreateFunction", "lambda:InvokeFunction"], resource)
    return bobs([allow("iam:PassRole"), create, *more], RUNS, tags={"team": "red"})


NAMES: list[tuple[str, Json, str]] = [
    ("the tag of the caller", makes(f"{FUNCTIONS}${{aws:PrincipalTag/team}}-*"), REACHABLE),
    ("the name of the caller", makes(f"{FUNCTIONS}${{aws:username}}"), REACHABLE),
    ("a variable with a default", makes(f"{FUNCTIONS}${{aws:PrincipalTag/none, 'x'}}-*"), REACHABLE),
    ("all but some", makes("*", deny("lambda:*", [f"{FUNCTIONS}a*", f"{FUNCTIONS}p*"])), UNKNOWN),
    ("none that is left", makes("*", deny("lambda:*", f"{FUNCTIONS}*")), UNREACHABLE),
    (
        "the last of many",
        makes([f"{FUNCTIONS}{n:04}" for n in range(400)], deny("lambda:*", f"{FUNCTIONS}0*")),
        UNKNOWN,
    ),
]


@pytest.mark.parametrize(
    ("account", "expected"), [each[1:] for each in NAMES], ids=[each[0] for each in NAMES]
)
def test_a_name_of_choice_is_one_that_policies_leave_open(account: Json, expected: str) -> None:
    assert answer(account) == expected


PROFILES: list[tuple[str, list[str], str]] = [
    ("made", ["iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"], REACHABLE),
    ("found", ["iam:AddRoleToInstanceProfile"], UNKNOWN),
    ("neither", [], UNREACHABLE),
]


@pytest.mark.parametrize(
    ("actions", "expected"), [each[1:] for each in PROFILES], ids=[e[0] for e in PROFILES]
)
def test_a_role_without_an_instance_profile_is_given_one(actions: list[str], expected: str) -> None:
    assert answer(bobs([allow(["iam:PassRole", "ec2:RunInstances", *actions])], MACHINE)) == expected


def test_a_trust_that_cannot_be_read_may_let_a_service_in() -> None:
    passing = allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])
    closed = role("runs", trust({"Service": "ecs-tasks.amazonaws.com"}), EVERYTHING)
    assert answer(bobs([passing], closed)) == UNREACHABLE
    unread: Json = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": 7}]}
    assert answer(bobs([passing], role("runs", unread, EVERYTHING)), start="key:bob") == UNKNOWN


def test_a_password_that_was_not_seen_may_open_what_keys_do_not() -> None:
    absent: Json = {"Null": {"aws:MultiFactorAuthPresent": "true"}}
    asks: Json = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": absent}
    assert answer(snapshot(user("bob", EVERYTHING, asks), credentials=(held("bob"),))) == UNREACHABLE
    unseen = snapshot(user("bob", EVERYTHING, asks))
    del unseen["credentials"]
    assert answer(unseen) == UNKNOWN


@pytest.mark.parametrize("level", ["any", "view", "edit", "admin", "cluster-admin"])
def test_who_is_administrator_of_a_cluster_has_every_lower_level(level: str) -> None:
    account = bobs([allow(["eks:CreateAccessEntry", "eks:AssociateAccessPolicy"])], cluster=cluster())
    assert answer(account, f"prod:{level}") == REACHABLE


@pytest.mark.parametrize("policy", ["AmazonEKSClusterAdminPolicy", "AmazonEKSEditPolicy"])
def test_who_starts_pods_may_get_the_roles_of_pods_and_nodes(policy: str) -> None:
    node = role("node", trust({"Service": "ec2.amazonaws.com"}), EVERYTHING)
    nodes = {**entry(arn("role", "node")), "type": "EC2_LINUX"}
    inside = cluster("API", entry(BOB, policy))
    assert answer(bobs([], cluster=inside), start="key:bob") == UNREACHABLE
    assert answer(bobs([], POD, cluster=inside), start="key:bob") == UNKNOWN
    with_nodes = cluster("API", entry(BOB, policy), nodes)
    assert answer(bobs([], node, cluster=with_nodes), start="key:bob") == UNKNOWN


def test_guardrails_of_resources_are_asked_for_each_caller() -> None:
    hop = role("admin", ROOT_TRUST, EVERYTHING)
    only_bob: Json = {"ArnNotEquals": {"aws:PrincipalArn": BOB}}
    closed: Json = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sts:*",
        "Resource": "*",
        "Condition": only_bob,
    }
    everything: Json = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    guard = {"Version": "2012-10-17", "Statement": [everything, closed]}
    users = [user(name, allow("sts:AssumeRole")) for name in ("ada", "bob", "zoe")]
    account = snapshot(*users, hop, credentials=tuple(map(held, ("ada", "bob", "zoe"))), rcps=[guard])
    verdicts = {name: answer(account, start=f"key:{name}") for name in ("ada", "bob", "zoe")}
    assert verdicts == {"ada": UNREACHABLE, "bob": REACHABLE, "zoe": UNREACHABLE}
