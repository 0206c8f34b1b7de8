import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import (
    ClusterAccessEntry,
    ClusterCreator,
    ClusterIdentityProvider,
    ClusterPolicy,
    ManagedCluster,
    NodeGroup,
    PodIdentity,
)
from auditwright.integrations.aws import eks
from tests.integrations.aws.emulated import Account, says
from tests.integrations.aws.shapes import ACCOUNT, REGION, Answer, captured, of_each, read, refused
from tests.simulators.aws_proxy import AwsProxy, refuse

ARN = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod"
MADE = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
CI = f"arn:aws:iam::{ACCOUNT}:role/ci"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
NAMED = {"clusterName": "prod"}
R = TypeVar("R", bound=Resource)

LISTED = captured(eks.CLUSTERS, {"clusters": ["prod"]})


def described(**more: object) -> Evidence:
    cluster = {
        "name": "prod",
        "arn": ARN,
        "createdAt": MADE.isoformat(),
        "version": "1.31",
        "status": "ACTIVE",
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/control-plane",
        "accessConfig": {
            "authenticationMode": "API_AND_CONFIG_MAP",
            "bootstrapClusterCreatorAdminPermissions": True,
        },
        "resourcesVpcConfig": {
            "endpointPublicAccess": True,
            "endpointPrivateAccess": False,
            "publicAccessCidrs": ["0.0.0.0/0"],
        },
        "logging": {
            "clusterLogging": [
                {"types": ["audit", "api"], "enabled": True},
                {"types": ["scheduler"], "enabled": False},
            ]
        },
        **more,
    }
    return of_each(eks.CLUSTER, ({"name": "prod"}, {"cluster": cluster}))


def identity(**more: object) -> dict[str, object]:
    return {"type": "IAMUser", "principalId": "AIDAALICE", "arn": ALICE, "accountId": ACCOUNT, **more}


SESSION = identity(
    type="AssumedRole",
    principalId="AROACI:build-7",
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/build-7",
    sessionContext={
        "sessionIssuer": {"type": "Role", "principalId": "AROACI", "arn": CI, "userName": "ci"},
        "attributes": {"mfaAuthenticated": "false"},
    },
)


def event(
    who: Mapping[str, object], *, at: datetime = MADE, name: str = "prod", **more: object
) -> dict[str, object]:
    text = json.dumps(
        {
            "eventSource": "eks.amazonaws.com",
            "eventTime": at.isoformat(),
            "userIdentity": who,
            "requestParameters": {"name": name},
            **more,
        }
    )
    return {"EventId": "1", "EventName": "CreateCluster", "CloudTrailEvent": text}


def events(*found: dict[str, object]) -> Evidence:
    return captured(eks.CREATION_EVENTS, {"Events": list(found)})


def only(kind: type[R], *found: Evidence | Gap) -> R:
    (one,) = (item for item in eks.normalize(read(*found)) if isinstance(item, kind))
    return one


def test_a_cluster_is_described_in_the_providers_words() -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    secrets = {"encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": key}}]}
    cluster = only(ManagedCluster, LISTED, described(**secrets))
    assert cluster.id == ARN
    assert (cluster.version, cluster.authentication_mode) == ("1.31", "API_AND_CONFIG_MAP")
    assert cluster.creator_is_administrator is True
    assert (cluster.public_endpoint, cluster.private_endpoint) == (True, False)
    assert cluster.public_networks == ("0.0.0.0/0",)
    assert cluster.logs == ("api", "audit")
    assert cluster.encryption_key == key


def test_without_a_setting_for_secrets_there_is_no_key_of_the_organizations() -> None:
    assert only(ManagedCluster, LISTED, described()).encryption_key is None


def test_of_a_cluster_that_may_not_be_described_nothing_is_claimed() -> None:
    cluster = only(ManagedCluster, LISTED, refused(eks.CLUSTER, "prod"))
    facts = (
        cluster.version,
        cluster.authentication_mode,
        cluster.creator,
        cluster.logs,
        cluster.encryption_key,
    )
    assert all(isinstance(fact, Unknown) and "not authorized" in fact.why for fact in facts)
    assert cluster.id == ARN


def test_the_creator_is_the_user_whom_the_trail_names() -> None:
    creator = only(ManagedCluster, LISTED, described(), events(event(identity()))).creator
    assert isinstance(creator, ClusterCreator)
    assert (creator.arn, creator.unique_id, creator.session, creator.at) == (ALICE, "AIDAALICE", "", MADE)
    assert isinstance(creator.with_mfa, Unknown)


def test_of_a_session_the_creator_is_the_role_behind_it() -> None:
    found = events(event(SESSION))
    cluster = only(ManagedCluster, LISTED, described(), found)
    assert isinstance(cluster.creator, ClusterCreator)
    assert (cluster.creator.arn, cluster.creator.unique_id) == (CI, "AROACI")
    assert cluster.creator.session == SESSION["arn"]
    assert cluster.creator.with_mfa is False
    assert found.digest in cluster.evidence


@pytest.mark.parametrize(
    "other",
    [
        event(identity(), eventSource="ecs.amazonaws.com"),
        event(identity(), errorCode="ResourceInUseException"),
        event(identity(), name="stage"),
        event(identity(), at=MADE - timedelta(days=30)),
        {"EventId": "1", "CloudTrailEvent": "not JSON"},
        {"EventId": "1"},
    ],
    ids=["of another service", "failed", "another cluster", "an earlier cluster", "unreadable", "empty"],
)
def test_an_event_that_is_not_of_this_clusters_making_names_nobody(other: dict[str, object]) -> None:
    creator = only(ManagedCluster, LISTED, described(), events(other)).creator
    assert isinstance(creator, Unknown)
    assert "about 90 days" in creator.why


def test_two_who_may_both_have_made_it_leave_the_creator_unknown() -> None:
    creator = only(ManagedCluster, LISTED, described(), events(event(identity()), event(SESSION))).creator
    assert isinstance(creator, Unknown)
    assert ALICE in creator.why
    assert CI in creator.why


def test_a_session_without_its_role_is_no_creator() -> None:
    creator = only(
        ManagedCluster, LISTED, described(), events(event({**SESSION, "sessionContext": {}}))
    ).creator
    assert isinstance(creator, Unknown)


def test_a_trail_that_may_not_be_read_leaves_the_creator_unknown() -> None:
    creator = only(ManagedCluster, LISTED, described(), refused(eks.CREATION_EVENTS)).creator
    assert isinstance(creator, Unknown)
    assert "not authorized" in creator.why


def test_access_entries_are_asked_of_clusters_that_have_them() -> None:
    config_map = described(accessConfig={"authenticationMode": "CONFIG_MAP"})
    assert list(eks.ENTRIES.asks(read(LISTED, config_map))) == []
    for unsure in ((described(),), (refused(eks.CLUSTER, "prod"),)):
        assert [ask.parameters for ask in eks.ENTRIES.asks(read(LISTED, *unsure))] == [NAMED]


ENTRIES = of_each(eks.ENTRIES, (NAMED, {"accessEntries": [ALICE]}))
ASKED = {"clusterName": "prod", "principalArn": ALICE}
ENTRY = of_each(
    eks.ENTRY,
    (
        ASKED,
        {
            "accessEntry": {
                "clusterName": "prod",
                "principalArn": ALICE,
                "accessEntryArn": f"{ARN}/entry",
                "type": "STANDARD",
                "username": ALICE,
                "createdAt": MADE.isoformat(),
            }
        },
    ),
)


def policies(*scopes: Mapping[str, object]) -> Evidence:
    rows = [{"policyArn": ADMIN, "accessScope": scope} for scope in scopes]
    return of_each(eks.ENTRY_POLICIES, (ASKED, {"associatedAccessPolicies": rows}))


def test_an_entry_says_whom_it_lets_in_with_which_policies_and_where() -> None:
    held = policies({"type": "cluster"}, {"type": "namespace", "namespaces": ["web"]})
    entry = only(ClusterAccessEntry, LISTED, described(), ENTRIES, ENTRY, held)
    assert (entry.id, entry.cluster, entry.principal) == (f"{ARN}/entry", ARN, ALICE)
    assert entry.groups == ()
    assert entry.policies == (
        ClusterPolicy(arn=ADMIN, namespaces=None),
        ClusterPolicy(arn=ADMIN, namespaces=("web",)),
    )


def test_policies_that_may_not_be_listed_are_unknown_and_not_none() -> None:
    entry = only(ClusterAccessEntry, LISTED, described(), ENTRIES, ENTRY, refused(eks.ENTRY_POLICIES, ALICE))
    assert isinstance(entry.policies, Unknown)
    assert entry.username == ALICE


def test_a_policy_without_its_place_makes_all_of_them_unknown() -> None:
    entry = only(ClusterAccessEntry, LISTED, described(), ENTRIES, ENTRY, policies({}))
    assert isinstance(entry.policies, Unknown)


def test_pods_providers_and_nodes_name_their_cluster() -> None:
    pods = of_each(
        eks.POD_IDENTITIES,
        (NAMED, {"associations": [{"associationId": "a-1", "namespace": "web", "serviceAccount": "shop"}]}),
    )
    pod = of_each(
        eks.POD_IDENTITY,
        ({**NAMED, "associationId": "a-1"}, {"association": {"associationId": "a-1", "roleArn": CI}}),
    )
    providers = of_each(
        eks.PROVIDERS, (NAMED, {"identityProviderConfigs": [{"type": "oidc", "name": "okta"}]})
    )
    provider = of_each(
        eks.PROVIDER,
        (
            {**NAMED, "identityProviderConfig": {"type": "oidc", "name": "okta"}},
            {
                "identityProviderConfig": {
                    "oidc": {"issuerUrl": "https://okta.example", "clientId": "k8s", "groupsClaim": "groups"}
                }
            },
        ),
    )
    groups = of_each(eks.NODE_GROUPS, (NAMED, {"nodegroups": ["blue"]}))
    group = of_each(
        eks.NODE_GROUP,
        (
            {**NAMED, "nodegroupName": "blue"},
            {"nodegroup": {"nodegroupName": "blue", "nodegroupArn": f"{ARN}/blue", "nodeRole": CI}},
        ),
    )
    seen = (LISTED, described(), pods, pod, providers, provider, groups, group)
    assert only(PodIdentity, *seen).role == CI
    found = only(ClusterIdentityProvider, *seen)
    assert (found.issuer, found.client_id, found.groups_claim) == ("https://okta.example", "k8s", "groups")
    assert (found.username_prefix, found.required_claims) == (None, ())
    node = only(NodeGroup, *seen)
    assert (node.cluster, node.role, node.ssh_key) == (ARN, CI, None)


# --- On the emulator -----------------------------------------------------------------------------------------


def cluster_of(account: Account) -> None:
    account.do(
        "eks",
        "CreateCluster",
        name="prod",
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/control-plane",
        resourcesVpcConfig={},
    )


NOTHING: Mapping[str, Answer] = {
    "GET /clusters/prod/access-entries": {"accessEntries": []},
    "GET /clusters/prod/pod-identity-associations": {"associations": []},
    "GET /clusters/prod/identity-provider-configs": {"identityProviderConfigs": []},
}
OPERATIONS = {
    "GET /clusters/prod/access-entries": eks.ENTRIES,
    "GET /clusters/prod/pod-identity-associations": eks.POD_IDENTITIES,
    "GET /clusters/prod/identity-provider-configs": eks.PROVIDERS,
}


def complete(proxy: AwsProxy) -> None:
    """Answer what the emulator does not know."""
    for action, answer in NOTHING.items():
        proxy.add(says(OPERATIONS[action], answer), service="eks", action=action)
    proxy.add(says(eks.CREATION_EVENTS, {"Events": [event(SESSION)]}), action="LookupEvents")


def test_live_a_region_without_clusters_is_asked_one_question(proxy: AwsProxy) -> None:
    account = Account(url=proxy.url)
    assert account.only(eks.STREAM) == []
    assert proxy.count(service="eks") == 1
    assert proxy.count(service="cloudtrail") == 0


def test_live_a_cluster_and_its_nodes(proxy: AwsProxy) -> None:
    account = Account(url=proxy.url)
    cluster_of(account)
    account.do("eks", "CreateNodegroup", clusterName="prod", nodegroupName="blue", subnets=[], nodeRole=CI)
    complete(proxy)
    found = account.only(eks.STREAM)
    assert [type(one) for one in found] == [ManagedCluster, NodeGroup]
    # The event is not of the time at which this cluster was made.
    assert isinstance(found[0], ManagedCluster)
    assert isinstance(found[0].creator, Unknown)


def test_live_what_aws_refuses_hides_what_it_would_have_listed(proxy: AwsProxy) -> None:
    account = Account(url=proxy.url)
    cluster_of(account)
    complete(proxy)
    proxy.add(refuse(), service="eks", action="GET /clusters/prod/access-entries")
    found, gaps = account.collect(eks.STREAM)
    assert [type(one) for one in found] == [ManagedCluster]
    assert [(gap.operation, gap.hides_items) for gap in gaps] == [("eks:ListAccessEntries", True)]
