from collections.abc import Iterator

import pytest

from auditwright.access.aws_auth import AwsAuth, Slot
from auditwright.access.eks import (
    AccessEntry,
    AuthenticationMode,
    Caller,
    ChosenSession,
    Creator,
    Endpoint,
    NoSession,
    identities,
    principals_mapped,
)
from auditwright.access.eks_documents import parse_cluster
from auditwright.access.eks_users import users_of
from auditwright.access.kubernetes import DEFAULT_RBAC, names_of
from auditwright.access.kubernetes_escalation import escalate
from auditwright.access.kubernetes_levels import Level
from auditwright.access.kubernetes_objects import parse_rbac
from auditwright.core.outcome import Unknown
from tests.access.clusters import ACCOUNT, ADMIN_POLICY, ALICE, DEV, UNSEEN
from tests.access.published import decoded
from tests.reference.kubernetes import Json, get, listed

ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
USER = f"arn:aws:iam::{ACCOUNT}:user/"
OPENS = {
    "seed-1-user-in-aws-auth": ({USER + "alice", ROLE + "ci-creator"}, set()),
    "seed-6-creator-unknown": ({ROLE + "eks-admin"}, {USER + "alice"}),
    "seed-9-creator-deleted-recreate": (set(), set()),
    "dangling-1-recreate-mapped-arn": ({ROLE + "ci-creator"}, set()),
    "dangling-2-access-entry-by-id": (set(), set()),
    "map-2-mapAccounts-admin": ({ROLE + "ci-creator"}, set()),
    "map-3-session-name-username": ({ROLE + "dev", ROLE + "ci-creator"}, set()),
    "eksapi-1-create-access-entry": (set(), set()),
    "scp-1-deny-does-not-help": ({USER + "alice"}, set()),
}
"""Of some accounts: who opens the cluster as an administrator, and who else cannot be ruled out, IAM apart."""


def scenario(name: str) -> Json:
    scenarios = listed(decoded("mfa", "eks-no-mfa-scenarios.json"))
    return next(each for each in scenarios if get(each, "id") == name)


def principals(scenario: Json) -> Iterator[Caller]:
    for key, id_key in (("UserDetailList", "UserId"), ("RoleDetailList", "RoleId")):
        for each in listed(get(get(scenario, "gaad"), key)):
            unique_id = get(each, id_key)
            assert isinstance(unique_id, str)
            yield Caller(
                arn=str(get(each, "Arn")),
                account=ACCOUNT,
                unique_id=unique_id,
                session=NoSession() if key == "UserDetailList" else ChosenSession(),
            )


def administrators(scenario: Json, callers: Iterator[Caller]) -> tuple[set[str], set[str]]:
    cluster = parse_cluster(get(scenario, "cluster"), account=ACCOUNT)
    rbac = DEFAULT_RBAC if get(scenario, "rbac") is None else parse_rbac(get(scenario, "rbac"))
    known: set[str] = set()
    possible: set[str] = set()
    for caller in callers:
        for identity in identities(cluster, caller):
            for mapped in users_of(identity, names_of(rbac)):
                found = escalate(rbac, mapped.user, reads_aws_auth=cluster.reads_aws_auth)
                if found.known.level is Level.CLUSTER_ADMIN and not mapped.doubts:
                    known.add(caller.arn)
                if found.possible.level is Level.CLUSTER_ADMIN:
                    possible.add(caller.arn)
    return known, possible - known


@pytest.mark.parametrize("name", OPENS)
def test_who_opens_the_cluster_of_a_published_account(name: str) -> None:
    here = scenario(name)
    assert administrators(here, principals(here)) == OPENS[name]


@pytest.mark.parametrize(
    ("name", "arn", "expected"),
    [
        ("seed-9-creator-deleted-recreate", USER + "eks-bootstrap-tmp", True),
        ("dangling-1-recreate-mapped-arn", ROLE + "old-admin", True),
        ("dangling-2-access-entry-by-id", ROLE + "old-admin", False),
    ],
)
def test_recreating_a_principal_that_is_mapped(name: str, arn: str, *, expected: bool) -> None:
    here = scenario(name)
    session = NoSession() if ":user/" in arn else ChosenSession()
    again = Caller(arn=arn, account=ACCOUNT, unique_id=UNSEEN, session=session, made_later=True)
    assert administrators(here, iter([again])) == ({arn} if expected else set(), set())
    mapped = principals_mapped(parse_cluster(get(here, "cluster"), account=ACCOUNT))
    assert arn in {each.arn for each in mapped}


def test_every_published_cluster_is_read_whole() -> None:
    scenarios = listed(decoded("mfa", "eks-no-mfa-scenarios.json"))
    assert len(scenarios) > 20
    for each in scenarios:
        read = parse_cluster(get(each, "cluster"), account=ACCOUNT)
        assert isinstance(read.authentication_mode, AuthenticationMode)
        assert isinstance(read.access_entries, tuple)
        assert all(isinstance(entry, AccessEntry) for entry in read.access_entries)


def test_a_cluster_is_read_from_the_answers_of_amazon_eks() -> None:
    read = parse_cluster(
        {
            "name": "prod",
            "arn": f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/prod",
            "accessConfig": {
                "authenticationMode": "API_AND_CONFIG_MAP",
                "bootstrapClusterCreatorAdminPermissions": True,
            },
            "resourcesVpcConfig": {
                "endpointPublicAccess": True,
                "endpointPrivateAccess": False,
                "publicAccessCidrs": ["0.0.0.0/0"],
            },
            "accessEntries": [
                {
                    "principalArn": DEV,
                    "type": "STANDARD",
                    "kubernetesGroups": ["g"],
                    "username": "",
                    "accessPolicies": [
                        {
                            "policyArn": ADMIN_POLICY,
                            "accessScope": {"type": "namespace", "namespaces": ["dev-*"]},
                        }
                    ],
                },
                {"principalArn": DEV, "type": "EC2_LINUX"},
                {"principalArn": DEV, "type": "NEW_TYPE", "accessPolicies": []},
            ],
            "aws_auth": {},
            "creator": {"arn": ALICE, "source": "cloudtrail", "exists": False},
        },
        account=ACCOUNT,
    )
    assert read.authentication_mode is AuthenticationMode.API_AND_CONFIG_MAP
    assert read.bootstrap_creator_admin is True
    assert read.aws_auth == AwsAuth()
    assert read.creator == Creator(arn=ALICE, source="cloudtrail", exists=False)
    assert read.endpoint == Endpoint(public=True, private=False, public_cidrs=("0.0.0.0/0",))
    assert isinstance(read.access_entries, tuple)
    person, node, new = read.access_entries
    assert isinstance(person, AccessEntry)
    assert isinstance(node, AccessEntry)
    assert isinstance(new, AccessEntry)
    assert person.username == (f"arn:aws:sts::{ACCOUNT}:assumed-role/dev/", Slot.SESSION)
    assert node.username == ("system:node:", Slot.PRIVATE_DNS)
    assert (node.groups, node.policies) == ((("system:nodes",),), ())
    assert isinstance(new.username, Unknown)


@pytest.mark.parametrize(
    "nothing", [None, 7, [], {}, {"accessConfig": 7, "accessEntries": {}, "creator": []}]
)
def test_what_a_document_does_not_show_is_unknown(nothing: object) -> None:
    read = parse_cluster(nothing, account=UNSEEN)
    assert isinstance(read.authentication_mode, Unknown)
    assert isinstance(read.access_entries, Unknown)
    assert isinstance(read.aws_auth, Unknown)
    assert isinstance(read.creator, Unknown)
    assert isinstance(read.bootstrap_creator_admin, Unknown)
    assert isinstance(read.endpoint, Unknown)


@pytest.mark.parametrize(
    "odd",
    [
        {"accessPolicies": None},
        {"accessPolicies": [7]},
        {"accessPolicies": [{"policyArn": ADMIN_POLICY}]},
        {
            "accessPolicies": [
                {"policyArn": ADMIN_POLICY, "accessScope": {"type": "namespace", "namespaces": []}}
            ]
        },
        {"accessPolicies": [], "kubernetesGroups": 7},
    ],
)
def test_an_entry_with_a_part_that_cannot_be_read_may_give_everything(odd: dict[str, Json]) -> None:
    document: Json = {
        "accessConfig": {"authenticationMode": "API"},
        "accessEntries": [{"principalArn": ALICE, "username": "u", **odd}],
    }
    alice = Caller(arn=ALICE, account=ACCOUNT, unique_id="AIDAALICE", session=NoSession())
    assert administrators({"cluster": document}, iter([alice])) == (set(), {ALICE})
