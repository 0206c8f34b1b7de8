"""Verdicts on published accounts, and on small ones of our own: each follows from what AWS and Amazon EKS document."""

import pytest

from auditwright.access.snapshot import named_target
from auditwright.access.verdict import Undecided, default_target, target_of
from tests.access.accounts import (
    ACCOUNT,
    CLOSED,
    CREATOR,
    ENROLLING,
    FOREIGN,
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
    document,
    entry,
    group,
    held,
    named,
    policy,
    role,
    snapshot,
    trust,
    user,
    verdict_on,
    without_mfa,
    world,
)
from tests.access.published import decoded
from tests.reference.kubernetes import get, listed

ALICE, BOB = arn("user", "alice"), arn("user", "bob")
EVERYTHING = allow("*")
ADMIN = role("admin", ROOT_TRUST, EVERYTHING)
MASTERS = ["system:masters"]


def mapped(principal: str, groups: list[str] = MASTERS, *, by: str = "user") -> Json:
    return {f"{by}arn": principal, "username": "ada", "groups": groups}


def bob(*statements: Json, **beside: object) -> Json:
    return user("bob", *statements, **beside)


def bobs(*details: Json, **beside: object) -> Json:
    """An account in which nobody but bob has a credential: a key."""
    return snapshot(*details, credentials=(held("bob"),), **beside)


def with_cluster(made: Json, *details: Json, **beside: object) -> Json:
    return snapshot(*details, CREATOR, credentials=(held("alice"),), cluster=made, **beside)


def test_every_published_scenario_has_its_verdict() -> None:
    scenarios = listed(decoded("mfa", "eks-no-mfa-scenarios.json"))
    assert len(scenarios) == 26
    for scenario in scenarios:
        here = world(scenario)
        target = target_of(here, named_target(scenario) or default_target(here))
        assert named(verdict_on(here, target)) == get(scenario, "expected"), get(scenario, "id")


# --- credentials

CREDENTIALS: list[tuple[str, Json, str]] = [
    ("keys of root show no factor", snapshot(ADMIN, root={"access_keys": 1, "mfa_devices": 1}), REACHABLE),
    (
        "root with a password alone",
        snapshot(ADMIN, root={"access_keys": 0, "mfa_devices": 0, "password_enabled": True}),
        REACHABLE,
    ),
    ("root with a device", snapshot(ADMIN, root={"access_keys": 0, "mfa_devices": 1}), UNREACHABLE),
    ("root that was not seen", snapshot(ADMIN, root={}), UNKNOWN),
    (
        "a password without a device",
        snapshot(user("alice", EVERYTHING), credentials=(held("alice", keys="", password=True, devices=0),)),
        REACHABLE,
    ),
    (
        "a password with a device",
        snapshot(user("alice", EVERYTHING), credentials=(held("alice", keys="", password=True),)),
        UNREACHABLE,
    ),
    (
        "a key behind a Deny that exempts enrollment, without a device",
        snapshot(user("alice", EVERYTHING, without_mfa(*ENROLLING)), credentials=(held("alice", devices=0),)),
        REACHABLE,
    ),
    (
        "a key behind a Deny that exempts enrollment, with a device",
        snapshot(user("alice", EVERYTHING, without_mfa(*ENROLLING)), credentials=(held("alice"),)),
        UNKNOWN,
    ),
    (
        "a key behind a Deny that exempts nothing",
        snapshot(user("alice", EVERYTHING, without_mfa()), credentials=(held("alice", devices=0),)),
        UNREACHABLE,
    ),
    (
        "a key behind Deny Bool false, which a key does not match",
        snapshot(
            user("alice", EVERYTHING, deny("*", Bool={"aws:MultiFactorAuthPresent": "false"})),
            credentials=(held("alice"),),
        ),
        REACHABLE,
    ),
    (
        "an inactive key that nobody may switch on",
        snapshot(user("alice", EVERYTHING), bob(), credentials=(held("alice", keys="Inactive"), held("bob"))),
        UNREACHABLE,
    ),
    (
        "an inactive key that bob may switch on",
        snapshot(
            user("alice", EVERYTHING),
            bob(allow("iam:UpdateAccessKey")),
            credentials=(held("alice", keys="Inactive"), held("bob")),
        ),
        REACHABLE,
    ),
    (
        "a device that bob may take off",
        snapshot(
            user("alice", EVERYTHING),
            bob(allow("iam:DeactivateMFADevice", ALICE)),
            credentials=(held("alice", keys="", password=True), held("bob")),
        ),
        REACHABLE,
    ),
    (
        "a device that bob may take off, of another user",
        snapshot(
            user("alice", EVERYTHING),
            bob(allow("iam:DeactivateMFADevice", BOB)),
            credentials=(held("alice", keys="", password=True), held("bob")),
        ),
        UNREACHABLE,
    ),
    (
        "a password that bob may set, of a user without a device",
        snapshot(
            user("alice", EVERYTHING),
            bob(allow("iam:UpdateLoginProfile")),
            credentials=(held("alice", keys="", password=True, devices=0), held("bob")),
        ),
        REACHABLE,
    ),
    (
        "a password that bob may set, of a user with a device",
        snapshot(
            user("alice", EVERYTHING),
            bob(allow("iam:UpdateLoginProfile")),
            credentials=(held("alice", keys="", password=True), held("bob")),
        ),
        UNREACHABLE,
    ),
    (
        "a password that bob may change only where there is one",
        snapshot(
            user("alice", EVERYTHING),
            bob(allow("iam:UpdateLoginProfile")),
            credentials=(held("alice", keys="", devices=0), held("bob")),
        ),
        UNREACHABLE,
    ),
    (
        "credentials that were not seen",
        {
            "gaad": {
                "UserDetailList": [user("alice", EVERYTHING, without_mfa())],
                **{name: [] for name in ("GroupDetailList", "RoleDetailList", "Policies")},
            },
            "workloads": [],
        },
        UNREACHABLE,
    ),
]


@pytest.mark.parametrize(
    ("account", "expected"),
    [each[1:] for each in CREDENTIALS],
    ids=[each[0] for each in CREDENTIALS],
)
def test_whose_credentials_reach_the_administrator(account: Json, expected: str) -> None:
    assert answer(account) == expected


def test_an_old_key_is_nobodys_but_its_owners() -> None:
    account = snapshot(
        user("alice", EVERYTHING),
        bob(allow("iam:UpdateAccessKey")),
        credentials=(held("alice", keys="Inactive"), held("bob")),
    )
    assert answer(account, start="key:bob") == UNREACHABLE
    assert answer(account, start="inactive-key:alice") == UNREACHABLE


# --- rights

PUT_OWN = allow("iam:PutUserPolicy", BOB)
UNBIND = allow("iam:DeleteUserPermissionsBoundary", BOB)
LIMITED = policy("limit", document(allow(["iam:PutUserPolicy", "s3:*"])))
LOOSE = policy("limit", document(allow(["iam:PutUserPolicy", "iam:DeleteUserPermissionsBoundary"])))
READING, ALL = document(allow("s3:GetObject")), document(EVERYTHING)
ADMINS = group("admins", EVERYTHING)
LAMBDA = trust({"Service": "lambda.amazonaws.com"})
FUNCTION = allow(["lambda:CreateFunction", "lambda:InvokeFunction"])
PODS = "pods.eks.amazonaws.com"
OF_PODS = role("of-pods", trust({"Service": PODS}), EVERYTHING)
RUNS = role("runs", LAMBDA, EVERYTHING)


def passing(service: str) -> Json:
    return allow("iam:PassRole", StringEquals={"iam:PassedToService": service})


def scp(*statements: Json) -> Json:
    return document(EVERYTHING, *statements)


def worker(role_name: str = "runs") -> Json:
    name = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:work"
    return {"arn": name, "service": "lambda", "role": arn("role", role_name)}


RIGHTS: list[tuple[str, Json, str]] = [
    ("a policy of one's own", bobs(bob(PUT_OWN)), REACHABLE),
    ("a policy of somebody else's", bobs(bob(allow("iam:PutUserPolicy", ALICE))), UNREACHABLE),
    ("a boundary stops it", bobs(bob(PUT_OWN, boundary="limit"), LIMITED), UNREACHABLE),
    ("a boundary that one may delete", bobs(bob(PUT_OWN, UNBIND, boundary="limit"), LOOSE), REACHABLE),
    (
        "a boundary that does not let itself be deleted",
        bobs(bob(PUT_OWN, UNBIND, boundary="limit"), LIMITED),
        UNREACHABLE,
    ),
    ("a boundary that was not seen", bobs(bob(PUT_OWN, boundary="limit")), UNKNOWN),
    (
        "a service control policy denies it",
        bobs(bob(PUT_OWN), scps=[scp(deny("iam:PutUserPolicy"))]),
        UNREACHABLE,
    ),
    ("a service control policy allows all", bobs(bob(PUT_OWN), scps=[scp()]), REACHABLE),
    ("service control policies that cannot be read", bobs(bob(PUT_OWN), scps=7), UNKNOWN),
    (
        "another version that allows more",
        bobs(bob(allow("iam:SetDefaultPolicyVersion"), attached="p"), policy("p", READING, ALL)),
        REACHABLE,
    ),
    (
        "another version that allows no more",
        bobs(bob(allow("iam:SetDefaultPolicyVersion"), attached="p"), policy("p", READING, READING)),
        UNREACHABLE,
    ),
    ("a group of administrators to join", bobs(bob(allow("iam:AddUserToGroup")), ADMINS), REACHABLE),
    (
        "a group of readers to join",
        bobs(bob(allow("iam:AddUserToGroup")), group("readers", allow("s3:GetObject"))),
        UNREACHABLE,
    ),
    (
        "a Deny without MFA that one may detach",
        bobs(bob(EVERYTHING, attached="mfa"), policy("mfa", document(without_mfa("iam:DetachUserPolicy")))),
        REACHABLE,
    ),
    (
        "a Deny without MFA that one may not detach",
        bobs(bob(EVERYTHING, attached="mfa"), policy("mfa", document(without_mfa("iam:DeleteUserPolicy")))),
        UNREACHABLE,
    ),
    (
        "a Deny without MFA of a group that one may leave",
        bobs(bob(EVERYTHING, GroupList=["all"]), group("all", without_mfa("iam:RemoveUserFromGroup"))),
        REACHABLE,
    ),
    ("a role passed to its service", bobs(bob(passing("lambda.amazonaws.com"), FUNCTION), RUNS), REACHABLE),
    (
        "a role that may be passed to others only",
        bobs(bob(passing("ec2.amazonaws.com"), FUNCTION), RUNS),
        UNREACHABLE,
    ),
    (
        "a role that does not trust the service",
        bobs(
            bob(passing("lambda.amazonaws.com"), FUNCTION),
            role("runs", trust({"Service": "ec2.amazonaws.com"}), EVERYTHING),
        ),
        UNREACHABLE,
    ),
    (
        "code in a function that is there",
        bobs(bob(allow("lambda:UpdateFunctionCode")), RUNS, workloads=[worker()]),
        REACHABLE,
    ),
    ("code where nothing is in service", bobs(bob(allow("lambda:UpdateFunctionCode")), RUNS), UNREACHABLE),
    (
        "code where what is in service was not seen",
        bobs(bob(allow("lambda:UpdateFunctionCode")), RUNS, workloads=None),
        UNKNOWN,
    ),
    (
        "a role for an association with a pod",
        bobs(bob(passing(PODS), allow("eks:CreatePodIdentityAssociation")), OF_PODS),
        REACHABLE,
    ),
    (
        "a role for an add-on, whose code Amazon chooses",
        bobs(bob(passing(PODS), allow("eks:CreateAddon")), OF_PODS),
        UNKNOWN,
    ),
    ("a role that only its service takes", bobs(bob(EVERYTHING, without_mfa()), RUNS), UNREACHABLE),
]


@pytest.mark.parametrize(
    ("account", "expected"), [each[1:] for each in RIGHTS], ids=[each[0] for each in RIGHTS]
)
def test_whether_rights_grow_to_those_of_the_administrator(account: Json, expected: str) -> None:
    assert answer(account) == expected


# --- trust

HOP = allow("sts:AssumeRole")
GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
CENTER = f"arn:aws:iam::{ACCOUNT}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"
WEB, SAML = "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"
MFA_SHOWN: dict[str, Json] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
BY_MFA = trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, when=MFA_SHOWN)


def admin(trusted: Json) -> Json:
    return role("admin", trusted, EVERYTHING)


def root_trust(**condition: Json) -> Json:
    return trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, when=condition)


TRUSTS: list[tuple[str, Json, str]] = [
    ("the account, and a policy of bob's", bobs(bob(HOP), ADMIN), REACHABLE),
    ("the account, without a policy", bobs(bob(), ADMIN), UNREACHABLE),
    ("bob, without a policy", bobs(bob(), admin(trust({"AWS": BOB}))), REACHABLE),
    ("alice only", bobs(bob(HOP), admin(trust({"AWS": ALICE}))), UNREACHABLE),
    ("with MFA", bobs(bob(HOP), admin(BY_MFA)), UNREACHABLE),
    ("his ARN", bobs(bob(HOP), admin(root_trust(ArnEquals={"aws:PrincipalArn": BOB}))), REACHABLE),
    ("another ARN", bobs(bob(HOP), admin(root_trust(ArnEquals={"aws:PrincipalArn": ALICE}))), UNREACHABLE),
    (
        "his tag",
        bobs(
            bob(HOP, tags={"team": "red"}), admin(root_trust(StringEquals={"aws:PrincipalTag/team": "red"}))
        ),
        REACHABLE,
    ),
    (
        "another tag",
        bobs(
            bob(HOP, tags={"team": "blue"}), admin(root_trust(StringEquals={"aws:PrincipalTag/team": "red"}))
        ),
        UNREACHABLE,
    ),
    (
        "a name of the session",
        bobs(bob(HOP), admin(root_trust(StringLike={"sts:RoleSessionName": "ops-*"}))),
        REACHABLE,
    ),
    ("an external id", bobs(bob(HOP), admin(root_trust(StringEquals={"sts:ExternalId": "x"}))), UNKNOWN),
    (
        "roles that chain",
        bobs(bob(HOP), role("hop", ROOT_TRUST, HOP), admin(trust({"AWS": arn("role", "hop")}))),
        REACHABLE,
    ),
    (
        "a session by its name",
        bobs(
            bob(HOP),
            role("hop", ROOT_TRUST, HOP),
            admin(trust({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/hop/ops"})),
        ),
        REACHABLE,
    ),
    ("another account", bobs(bob(), admin(trust({"AWS": FOREIGN}))), UNKNOWN),
    (
        "another account that asks for a factor, as evidence says",
        bobs(bob(), admin(trust({"AWS": FOREIGN})), attestations=[{"account": FOREIGN, "mfaRequired": True}]),
        UNREACHABLE,
    ),
    ("anybody", bobs(bob(), admin(trust("*"))), REACHABLE),
    (
        "anybody with MFA, which an account can make up",
        bobs(bob(), admin(trust("*", when=MFA_SHOWN))),
        REACHABLE,
    ),
    (
        "anybody of this account",
        bobs(admin(trust("*", when={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}))),
        UNREACHABLE,
    ),
    ("a program of GitHub", bobs(bob(), admin(trust({"Federated": GITHUB}, by=WEB))), UNKNOWN),
    ("Identity Center", bobs(bob(), admin(trust({"Federated": CENTER}, by=SAML))), UNKNOWN),
    (
        "Identity Center, which asks for a factor",
        bobs(
            bob(),
            admin(trust({"Federated": CENTER}, by=SAML)),
            attestations=[{"provider": CENTER, "mfaRequired": True}],
        ),
        UNREACHABLE,
    ),
    ("a trust that cannot be read", bobs(bob(), admin({"Version": "2012-10-17", "Statement": 7})), UNKNOWN),
    ("nobody", bobs(bob(EVERYTHING, without_mfa()), admin(CLOSED)), UNREACHABLE),
]


@pytest.mark.parametrize(
    ("account", "expected"), [each[1:] for each in TRUSTS], ids=[each[0] for each in TRUSTS]
)
def test_whom_the_trust_of_an_administrators_role_lets_in(account: Json, expected: str) -> None:
    assert answer(account) == expected


RED: Json = {"aws:PrincipalTag/team": "red"}
BY_TAG = root_trust(StringEquals=RED)
TAKING = document(
    {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": {"AWS": ACCOUNT}}
)
TAGS: list[tuple[str, Json, str]] = [
    ("nobody may set", bobs(bob(HOP), admin(BY_TAG)), UNREACHABLE),
    ("bob may set on users", bobs(bob(HOP, allow("iam:TagUser")), admin(BY_TAG)), UNKNOWN),
    ("bob may set on somebody else", bobs(bob(HOP, allow("iam:TagUser", ALICE)), admin(BY_TAG)), UNREACHABLE),
    (
        "bob may set on a role on the way",
        bobs(bob(HOP, allow("iam:TagRole")), role("hop", ROOT_TRUST, HOP), admin(BY_TAG)),
        UNKNOWN,
    ),
    (
        "a session on the way may have",
        bobs(bob(HOP, allow("sts:TagSession")), role("hop", TAKING, HOP), admin(BY_TAG)),
        UNKNOWN,
    ),
    ("a policy of bob's asks for", bobs(bob(allow("*", StringEquals=RED), allow("iam:TagUser"))), UNKNOWN),
    (
        "an account of the adversary's can give its users",
        snapshot(admin(trust("*", when={"StringEquals": RED}))),
        REACHABLE,
    ),
]


@pytest.mark.parametrize(("account", "expected"), [each[1:] for each in TAGS], ids=[each[0] for each in TAGS])
def test_whether_a_tag_keeps_somebody_out_that(account: Json, expected: str) -> None:
    assert answer(account) == expected


def test_a_factor_that_was_enrolled_opens_the_first_role_and_perhaps_the_second() -> None:
    enrolled = user("bob", allow(["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"]), HOP)
    first = snapshot(enrolled, admin(BY_MFA), credentials=(held("bob", devices=0),))
    assert answer(first) == REACHABLE
    hop = role("hop", BY_MFA, HOP)
    by_hop = trust({"AWS": arn("role", "hop")}, when=MFA_SHOWN)
    here = world(snapshot(enrolled, hop, admin(by_hop), credentials=(held("bob", devices=0),)))
    found = verdict_on(here, target_of(here, "account-admin"))
    assert isinstance(found, Undecided)
    assert "mfa-into-role-session" in {each.id for each in found.assumptions}


def test_of_two_policies_one_can_be_detached_for_what_the_other_allows() -> None:
    attached = [{"PolicyName": name, "PolicyArn": arn("policy", name)} for name in ("closed", "mixed")]
    detaching = "iam:DetachUserPolicy"
    closed: Json = {"Effect": "Deny", "NotAction": detaching, "Resource": "*"}
    account = bobs(
        bob(allow(detaching), AttachedManagedPolicies=attached),
        policy("closed", document(closed)),
        policy("mixed", document(allow("s3:*"), deny("ec2:*"))),
    )
    assert answer(account, "s3:GetObject@arn:aws:s3:::data/x") == REACHABLE
    assert answer(account, "ec2:RunInstances@*") == UNREACHABLE


def test_whoever_leaves_a_group_leaves_what_it_allows_too() -> None:
    leaving = "iam:RemoveUserFromGroup"
    everyone = group("all", EVERYTHING)
    own: Json = {"PolicyName": "mfa", "PolicyDocument": document(without_mfa(leaving))}
    policies = everyone["GroupPolicyList"]
    assert isinstance(policies, list)
    policies.append(own)
    assert answer(bobs(bob(allow(leaving), GroupList=["all"]), everyone)) == UNREACHABLE


def test_whoever_writes_a_buckets_policy_reads_its_objects_and_nothing_else() -> None:
    account = bobs(bob(allow("s3:PutBucketPolicy", "arn:aws:s3:::data")))
    assert answer(account, "s3:GetObject@arn:aws:s3:::data/x") == REACHABLE
    assert answer(account, "s3:GetObject@arn:aws:s3:::other/x") == UNREACHABLE
    anywhere = bobs(bob(allow("s3:PutBucketPolicy")))
    assert answer(anywhere, "ec2:RunInstances@*") == UNREACHABLE


JOINING, DETACHING = "iam:AddUserToGroup", "iam:DetachUserPolicy"
AT_ONCE: list[tuple[str, Json]] = [
    (
        "a Deny is detached, and a group joined",
        bobs(
            bob(allow([DETACHING, JOINING]), attached="mfa"),
            policy("mfa", document(without_mfa(DETACHING, JOINING))),
            ADMINS,
        ),
    ),
    (
        "a group is joined that one may write",
        bobs(bob(allow([JOINING, "iam:PutGroupPolicy"])), group("empty")),
    ),
    (
        "a group is joined whose policy one may write",
        bobs(
            bob(allow([JOINING, "iam:CreatePolicyVersion"])),
            group("readers") | {"AttachedManagedPolicies": [{"PolicyArn": arn("policy", "p")}]},
            policy("p", READING),
        ),
    ),
    (
        "a group is joined whose policy has another version",
        bobs(
            bob(allow([JOINING, "iam:SetDefaultPolicyVersion"])),
            group("readers") | {"AttachedManagedPolicies": [{"PolicyArn": arn("policy", "p")}]},
            policy("p", READING, ALL),
        ),
    ),
    (
        "a boundary has another version",
        bobs(
            bob(EVERYTHING, boundary="p"),
            policy("p", document(allow("iam:SetDefaultPolicyVersion")), ALL),
        ),
    ),
]


@pytest.mark.parametrize("account", [each[1] for each in AT_ONCE], ids=[each[0] for each in AT_ONCE])
def test_changes_count_together(account: Json) -> None:
    assert answer(account) == REACHABLE


def test_a_workload_alone_is_never_out_of_reach_of_its_own_rights() -> None:
    assert answer(bobs(bob(), RUNS), start="workload:runs") == UNKNOWN


# --- clusters

AUTH = "API_AND_CONFIG_MAP"
CLUSTER_ADMIN = "AmazonEKSClusterAdminPolicy"
DEPLOY = role("deploy", trust({"AWS": ALICE}), path="team/")
PLAIN = entry(ALICE)


def alice(*statements: Json) -> Json:
    return user("alice", *statements, without_mfa("eks:*"))


def raising(entries: str) -> Json:
    """The right to raise entries of the cluster, by what comes after its name."""
    return allow("eks:AssociateAccessPolicy", f"arn:aws:eks:*:*:access-entry/prod/{entries}")


CLUSTERS: list[tuple[str, Json, str, str]] = [
    (
        "a user",
        with_cluster(cluster("CONFIG_MAP", mapUsers=[mapped(ALICE)]), alice()),
        "prod:cluster-admin",
        REACHABLE,
    ),
    (
        "a user, in capitals",
        with_cluster(cluster("CONFIG_MAP", mapUsers=[mapped(ALICE.replace("alice", "ALICE"))]), alice()),
        "prod:cluster-admin",
        REACHABLE,
    ),
    (
        "a map that is not read",
        with_cluster(cluster("API", mapUsers=[mapped(ALICE)]), alice()),
        "prod",
        UNREACHABLE,
    ),
    (
        "a role with its path, which never matches",
        with_cluster(
            cluster("CONFIG_MAP", mapRoles=[mapped(arn("role", "team/deploy"), by="role")]), alice(), DEPLOY
        ),
        "prod",
        UNREACHABLE,
    ),
    (
        "a role without its path",
        with_cluster(
            cluster("CONFIG_MAP", mapRoles=[mapped(arn("role", "deploy"), by="role")]), user("alice"), DEPLOY
        ),
        "prod:cluster-admin",
        REACHABLE,
    ),
    (
        "an account, at any level",
        with_cluster(cluster("CONFIG_MAP", mapAccounts=[ACCOUNT]), alice()),
        "prod",
        REACHABLE,
    ),
    (
        "an account, as administrator",
        with_cluster(cluster("CONFIG_MAP", mapAccounts=[ACCOUNT]), alice()),
        "prod:cluster-admin",
        UNREACHABLE,
    ),
    (
        "an entry overrides the map",
        with_cluster(cluster(AUTH, PLAIN, mapUsers=[mapped(ALICE)]), alice()),
        "prod:cluster-admin",
        UNREACHABLE,
    ),
    (
        "an entry of any level",
        with_cluster(cluster(AUTH, PLAIN, mapUsers=[mapped(ALICE)]), alice()),
        "prod",
        REACHABLE,
    ),
    (
        "the creator, by the map",
        with_cluster(cluster("CONFIG_MAP", creator=ALICE), alice()),
        "prod:cluster-admin",
        REACHABLE,
    ),
    (
        "the creator, whose entry was deleted",
        with_cluster(cluster("API", creator=ALICE), alice()),
        "prod",
        UNREACHABLE,
    ),
    (
        "an entry of an administrator",
        with_cluster(cluster("API", entry(ALICE, CLUSTER_ADMIN)), alice()),
        "prod:cluster-admin",
        REACHABLE,
    ),
    (
        "an entry of one's own that one may raise",
        with_cluster(cluster("API", PLAIN), alice(allow("eks:AssociateAccessPolicy"))),
        "prod:cluster-admin",
        REACHABLE,
    ),
    (
        "an entry that one may raise by its name",
        with_cluster(
            cluster("API", PLAIN),
            alice(
                allow(
                    "eks:AssociateAccessPolicy", f"arn:aws:eks:*:*:access-entry/prod/user/{ACCOUNT}/alice/*"
                )
            ),
        ),
        "prod:cluster-admin",
        REACHABLE,
    ),
    (
        "an entry of another's that one may raise",
        with_cluster(
            cluster("API", PLAIN, entry(arn("role", "ci-creator"))),
            alice(allow("eks:AssociateAccessPolicy", "arn:aws:eks:*:*:access-entry/prod/role/*")),
        ),
        "prod:cluster-admin",
        UNREACHABLE,
    ),
    (
        "an entry that one may make and raise for oneself",
        with_cluster(
            cluster("API"), alice(allow("eks:CreateAccessEntry"), raising(f"user/{ACCOUNT}/alice/*"))
        ),
        "prod:cluster-admin",
        REACHABLE,
    ),
    (
        "an entry that one may make, and raise for roles only",
        with_cluster(cluster("API"), alice(allow("eks:CreateAccessEntry"), raising("role/*"))),
        "prod:cluster-admin",
        UNKNOWN,
    ),
    (
        "an entry in a cluster that reads the map only",
        with_cluster(cluster("CONFIG_MAP", PLAIN), alice(allow("eks:AssociateAccessPolicy"))),
        "prod:cluster-admin",
        UNREACHABLE,
    ),
    (
        "entries that were not seen",
        with_cluster(cluster("API") | {"accessEntries": None}, alice(allow("eks:AssociateAccessPolicy"))),
        "prod:cluster-admin",
        UNKNOWN,
    ),
]


@pytest.mark.parametrize(
    ("account", "target", "expected"), [each[1:] for each in CLUSTERS], ids=[each[0] for each in CLUSTERS]
)
def test_whom_a_cluster_lets_in(account: Json, target: str, expected: str) -> None:
    assert answer(account, target) == expected


def binding(group_name: str, role_name: str, rules: list[Json]) -> Json:
    return {
        "ClusterRoleList": [{"metadata": {"name": role_name}, "rules": rules}],
        "ClusterRoleBindingList": [
            {
                "metadata": {"name": role_name},
                "roleRef": {"kind": "ClusterRole", "name": role_name},
                "subjects": [{"kind": "Group", "name": group_name}],
            }
        ],
    }


# --- what cannot be read

UNREADABLE: tuple[object, ...] = (7, None, "junk", {"a": 1})


@pytest.mark.parametrize("junk", UNREADABLE, ids=repr)
@pytest.mark.parametrize("where", ["credentials", "UserDetailList", "RoleDetailList"])
def test_a_list_that_cannot_be_read_proves_nothing(where: str, junk: object) -> None:
    account = bobs(bob(), admin(trust({"AWS": BOB})))
    gaad = account["gaad"]
    assert isinstance(gaad, dict)
    (account if where == "credentials" else gaad)[where] = junk
    assert answer(account) != UNREACHABLE


@pytest.mark.parametrize("junk", UNREADABLE, ids=repr)
def test_a_trust_that_cannot_be_read_may_let_anybody_in(junk: object) -> None:
    assert answer(snapshot(admin({"Version": "2012-10-17", "Statement": [junk]}))) == UNKNOWN


@pytest.mark.parametrize("junk", UNREADABLE, ids=repr)
def test_policies_of_a_user_that_cannot_be_read_may_allow_anything(junk: object) -> None:
    holder = bob()
    holder["UserPolicyList"] = junk
    assert answer(bobs(holder, admin(ROOT_TRUST))) == UNKNOWN


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (["iam:UpdateSAMLProvider"], REACHABLE),
        (["iam:DeleteSAMLProvider", "iam:CreateSAMLProvider"], REACHABLE),
        (["iam:CreateSAMLProvider"], UNREACHABLE),
        (["iam:DeleteSAMLProvider"], UNREACHABLE),
    ],
)
def test_evidence_about_a_provider_ends_where_its_key_can_be_replaced(
    actions: list[str], expected: str
) -> None:
    provider = arn("saml-provider", "okta")
    signing_in = trust({"Federated": provider}, by="sts:AssumeRoleWithSAML")
    account = snapshot(
        user("alice", allow(actions)),
        role("admin", signing_in, allow("*")),
        credentials=(held("alice"),),
        attestations=[{"provider": provider, "mfaRequired": True}],
    )
    assert answer(account) == expected
