"""Amazon EKS: clusters, who may enter them by AWS's own lists, and who made them.

Who made a cluster has, unless the cluster says otherwise, administrator rights that no list shows. AWS describes whether
such rights were given and not to whom; that is in the trail alone:

1. CloudTrail's event history reaches back about 90 days. Its CreateCluster event names who made a younger cluster.
2. The event has to be of EKS (Amazon ECS has one of the same name), to have succeeded, to name the cluster, and to lie
   within minutes of the cluster's time of creation, because a name may be used again.
3. Otherwise the creator is Unknown, never nobody.

Access entries are asked only of a cluster whose mode has them: with CONFIG_MAP, AWS refuses the question.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.integration import MalformedEvidenceError
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
from auditwright.integrations.aws.absence import whole
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing
from auditwright.integrations.aws.reading import Answers, Parameters, Row, parsed_answer

CONFIG_MAP: Final = "CONFIG_MAP"
"""The authentication mode of a cluster that knows no access entries."""

MADE_WITHIN: Final = timedelta(minutes=15)
"""Between a cluster's time of creation and its event: both are of the same request."""

CLUSTERS: Final = Listing(service="eks", method="ListClusters", items=("clusters",))


def _names(answers: Answers) -> tuple[str, ...]:
    listing = answers.one(CLUSTERS)
    return listing.texts_or_empty("clusters") if isinstance(listing, Row) else ()


def _each_cluster(answers: Answers) -> Iterator[Ask]:
    for name in _names(answers):
        yield Ask(parameters={"clusterName": name})


CLUSTER: Final = Detail(
    service="eks",
    method="DescribeCluster",
    asks=lambda answers: (Ask(parameters={"name": name}) for name in _names(answers)),
    # The code that registers an outside cluster.
    secret=("activationCode",),
)


def _described(answers: Answers, name: str) -> Row | Unknown:
    answer = answers.detail(CLUSTER, name=name)
    if answer is None:
        return Unknown(f"AWS answered that there is no cluster {name}, although it lists it")
    return answer if isinstance(answer, Unknown) else answer.row("cluster")


def _mode(cluster: Row | Unknown) -> str | Unknown:
    if isinstance(cluster, Unknown):
        return cluster
    access = cluster.row("accessConfig")
    return access if isinstance(access, Unknown) else access.text("authenticationMode")


def _entry_list_asks(answers: Answers) -> Iterator[Ask]:
    for ask in _each_cluster(answers):
        if _mode(_described(answers, ask.about)) != CONFIG_MAP:
            yield ask


ENTRIES: Final = Detail(
    service="eks",
    method="ListAccessEntries",
    items=("accessEntries",),
    asks=_entry_list_asks,
    hides_items=True,
    lists=(ClusterAccessEntry,),
)


def _entries(answers: Answers) -> Iterator[tuple[str, str, Digest]]:
    """The cluster and principal of each access entry, and the evidence that names it."""
    for call in answers.calls(ENTRIES):
        for principal in () if call.answer is None else call.answer.texts_or_empty("accessEntries"):
            yield str(call.parameters["clusterName"]), principal, call.digest


def _entry_asks(answers: Answers) -> Iterator[Ask]:
    for cluster, principal, _ in _entries(answers):
        yield Ask(parameters={"clusterName": cluster, "principalArn": principal}, subject=principal)


ENTRY: Final = Detail(service="eks", method="DescribeAccessEntry", asks=_entry_asks)
ENTRY_POLICIES: Final = Detail(
    service="eks",
    method="ListAssociatedAccessPolicies",
    items=("associatedAccessPolicies",),
    asks=_entry_asks,
)
POD_IDENTITIES: Final = Detail(
    service="eks",
    method="ListPodIdentityAssociations",
    items=("associations",),
    asks=_each_cluster,
    hides_items=True,
    lists=(PodIdentity,),
)


def _listed(answers: Answers, listing: Detail, key: str) -> Iterator[tuple[str, Row]]:
    """The cluster and row of each item that a listing of each cluster gives."""
    for call in answers.calls(listing):
        for row in () if call.answer is None else call.answer.rows_or_empty(key):
            yield str(call.parameters["clusterName"]), row


def _pod_identity_asks(answers: Answers) -> Iterator[Ask]:
    for cluster, row in _listed(answers, POD_IDENTITIES, "associations"):
        association = row.required_text("associationId")
        yield Ask(parameters={"clusterName": cluster, "associationId": association}, subject=association)


POD_IDENTITY: Final = Detail(service="eks", method="DescribePodIdentityAssociation", asks=_pod_identity_asks)
PROVIDERS: Final = Detail(
    service="eks",
    method="ListIdentityProviderConfigs",
    items=("identityProviderConfigs",),
    asks=_each_cluster,
    hides_items=True,
    lists=(ClusterIdentityProvider,),
)


def _provider_parameters(row: Row) -> Parameters:
    return {"type": row.required_text("type"), "name": row.required_text("name")}


def _provider_asks(answers: Answers) -> Iterator[Ask]:
    for cluster, row in _listed(answers, PROVIDERS, "identityProviderConfigs"):
        yield Ask(
            parameters={"clusterName": cluster, "identityProviderConfig": _provider_parameters(row)},
            subject=row.required_text("name"),
        )


PROVIDER: Final = Detail(service="eks", method="DescribeIdentityProviderConfig", asks=_provider_asks)
NODE_GROUPS: Final = Detail(
    service="eks",
    method="ListNodegroups",
    items=("nodegroups",),
    asks=_each_cluster,
    hides_items=True,
    lists=(NodeGroup,),
)


def _node_groups(answers: Answers) -> Iterator[tuple[str, str, Digest]]:
    for call in answers.calls(NODE_GROUPS):
        for group in () if call.answer is None else call.answer.texts_or_empty("nodegroups"):
            yield str(call.parameters["clusterName"]), group, call.digest


def _node_group_asks(answers: Answers) -> Iterator[Ask]:
    for cluster, group, _ in _node_groups(answers):
        yield Ask(parameters={"clusterName": cluster, "nodegroupName": group}, subject=group)


NODE_GROUP: Final = Detail(service="eks", method="DescribeNodegroup", asks=_node_group_asks)
CREATION_EVENTS: Final = Listing(
    service="cloudtrail",
    method="LookupEvents",
    items=("Events",),
    parameters={"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateCluster"}]},
    needed_when=lambda answers: bool(_names(answers)),
    facts_only=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Creation:
    """One CreateCluster event of EKS that succeeded."""

    cluster: str
    at: datetime
    by: ClusterCreator | Unknown
    digest: Digest


def normalize(answers: Answers) -> Iterator[Resource]:
    """The clusters of one region, and who may enter them."""
    events = tuple(_creations(answers))
    for name in _names(answers):
        yield _cluster(answers, name, events)
    for cluster, principal, digest in _entries(answers):
        yield _entry(answers, cluster, principal, digest)
    for cluster, row in _listed(answers, POD_IDENTITIES, "associations"):
        yield _pod_identity(answers, cluster, row)
    for cluster, row in _listed(answers, PROVIDERS, "identityProviderConfigs"):
        yield _provider(answers, cluster, row)
    for cluster, group, digest in _node_groups(answers):
        yield _node_group(answers, cluster, group, digest)


# --- Clusters ------------------------------------------------------------------------------------------------


def _arn_of(answers: Answers, cluster: str) -> str:
    described = _described(answers, cluster)
    named = None if isinstance(described, Unknown) else described.text_or_none("arn")
    return named or answers.arn("eks", f"cluster/{cluster}")


def _cluster(answers: Answers, name: str, events: Iterable[_Creation]) -> ManagedCluster:
    row = _described(answers, name)
    created = row if isinstance(row, Unknown) else row.moment("createdAt")
    creator, further = _creator(answers, name, created, events)
    network = _inside(row, "resourcesVpcConfig")
    access = _inside(row, "accessConfig")
    return ManagedCluster(
        id=ResourceId(_arn_of(answers, name)),
        name=name,
        scope=answers.scope,
        evidence=tuple(
            dict.fromkeys((*answers.digests(CLUSTERS), *answers.spoke_of(CLUSTER, name=name), *further))
        ),
        version=row if isinstance(row, Unknown) else row.text("version"),
        status=row if isinstance(row, Unknown) else row.text("status"),
        created_at=created,
        authentication_mode=_mode(row),
        creator_is_administrator=access
        if isinstance(access, Unknown)
        else access.boolean("bootstrapClusterCreatorAdminPermissions"),
        creator=creator,
        entry_principals=_entry_principals(answers, name),
        role=row if isinstance(row, Unknown) else row.text("roleArn"),
        oidc_issuer=_oidc_issuer(row),
        public_endpoint=network if isinstance(network, Unknown) else network.boolean("endpointPublicAccess"),
        private_endpoint=network
        if isinstance(network, Unknown)
        else network.boolean("endpointPrivateAccess"),
        public_networks=network if isinstance(network, Unknown) else network.texts("publicAccessCidrs"),
        logs=_logs(row),
        encryption_key=_encryption_key(row),
        tags=row if isinstance(row, Unknown) else _texts_of(row, "tags"),
    )


def _entry_principals(answers: Answers, cluster: str) -> tuple[str, ...] | Unknown:
    listed = answers.detail(ENTRIES, clusterName=cluster)
    if listed is None:
        return Unknown("AWS answered that the cluster has no access entries to list")
    return listed if isinstance(listed, Unknown) else listed.texts("accessEntries")


def _inside(row: Row | Unknown, name: str) -> Row | Unknown:
    return row if isinstance(row, Unknown) else row.row(name)


def _oidc_issuer(row: Row | Unknown) -> str | Unknown | None:
    if isinstance(row, Unknown):
        return row
    identity = row.row_or_none("identity")
    oidc = None if identity is None else identity.row_or_none("oidc")
    return None if oidc is None else oidc.text_or_none("issuer")


def _logs(row: Row | Unknown) -> tuple[str, ...] | Unknown:
    logging = _inside(row, "logging")
    setups = logging if isinstance(logging, Unknown) else logging.rows("clusterLogging")
    if isinstance(setups, Unknown):
        return setups
    return tuple(
        sorted(
            {
                type_
                for setup in setups
                if setup.boolean("enabled") is True
                for type_ in setup.texts_or_empty("types")
            }
        )
    )


def _encryption_key(row: Row | Unknown) -> str | Unknown | None:
    """EKS leaves encryptionConfig out where the organization has set none."""
    if isinstance(row, Unknown):
        return row
    for config in row.rows_or_empty("encryptionConfig"):
        if "secrets" in config.texts_or_empty("resources"):
            provider = config.row("provider")
            return provider if isinstance(provider, Unknown) else provider.text("keyArn")
    return None


def _texts_of(row: Row, name: str) -> tuple[tuple[str, str], ...]:
    """A map of texts that EKS leaves out where it is empty."""
    held = row.row_or_none(name)
    return () if held is None else tuple(sorted((key, held.required_text(key)) for key in held.fields))


# --- Who made them -------------------------------------------------------------------------------------------


def _creations(answers: Answers) -> Iterator[_Creation]:
    for row in answers.items(CREATION_EVENTS):
        event = _event(row)
        if event is None or event.text_or_none("eventSource") != "eks.amazonaws.com":
            continue  # (2)
        asked = event.row_or_none("requestParameters")
        name = None if asked is None else asked.text_or_none("name")
        at = event.moment_or_none("eventTime")
        if name and at is not None and not event.has("errorCode"):
            yield _Creation(cluster=name, at=at, by=_identity(event, at), digest=row.digest)


def _event(row: Row) -> Row | None:
    """The event itself, which CloudTrail hands out as JSON text; None where it cannot be read."""
    text = row.text_or_none("CloudTrailEvent")
    try:
        fields = parsed_answer((text or "").encode(), operation=row.operation)
    except (MalformedEvidenceError, UnicodeEncodeError):
        return None
    return Row(
        operation=row.operation, path=f"{row.path}.CloudTrailEvent", fields=fields, evidence=row.evidence
    )


def _identity(event: Row, at: datetime) -> ClusterCreator | Unknown:
    who = event.row("userIdentity")
    if isinstance(who, Unknown):
        return who
    session = who.row_or_none("sessionContext")
    issuer = None if session is None else session.row_or_none("sessionIssuer")
    attributes = None if session is None else session.row_or_none("attributes")
    # A role's session has an ARN of its own; what the cluster knows is the role.
    holder = who if issuer is None else issuer
    arn = holder.text("arn")
    if isinstance(arn, Unknown):
        return arn
    own = who.text_or_none("arn") or ""
    if issuer is None and ":assumed-role/" in own:
        return Unknown(f"the trail names the session {own} and not its role")
    factor = None if attributes is None else attributes.text_or_none("mfaAuthenticated")
    return ClusterCreator(
        type=who.text_or_none("type") or "",
        arn=arn,
        unique_id=holder.text("principalId"),
        session=own if issuer is not None else "",
        with_mfa=Unknown("the trail does not say whether a second factor was used")
        if factor is None
        else factor == "true",
        at=at,
    )


def _creator(
    answers: Answers, name: str, created: datetime | Unknown, events: Iterable[_Creation]
) -> tuple[ClusterCreator | Unknown, tuple[Digest, ...]]:
    if isinstance(created, Unknown):
        return created, ()
    found = [each for each in events if each.cluster == name and abs(each.at - created) <= MADE_WITHIN]
    whose = {each.by.arn if isinstance(each.by, ClusterCreator) else each.by.why for each in found}
    if len(whose) == 1:
        return found[0].by, (found[0].digest,)
    if found:
        return Unknown(f"the trail names several who made {name}: {', '.join(sorted(whose))}"), ()
    unseen = answers.gap(CREATION_EVENTS)
    if unseen is not None or not answers.collected(CREATION_EVENTS):
        return unseen or answers.why_unknown(CREATION_EVENTS), ()
    return Unknown(
        f"CloudTrail's event history, which reaches back about 90 days, holds no CreateCluster event of {name}, "
        f"which was made on {created:%d %b %Y}"
    ), ()  # (3)


# --- Who may enter -------------------------------------------------------------------------------------------


def _entry(answers: Answers, cluster: str, principal: str, listed: Digest) -> ClusterAccessEntry:
    asked = {"clusterName": cluster, "principalArn": principal}
    answer = answers.detail(ENTRY, **asked)
    row = _found(answer, "accessEntry", principal)
    named = None if isinstance(row, Unknown) else row.text_or_none("accessEntryArn")
    return ClusterAccessEntry(
        id=ResourceId(named or f"{_arn_of(answers, cluster)}/access-entry/{principal}"),
        name=principal,
        scope=answers.scope,
        evidence=tuple(
            dict.fromkeys(
                (
                    listed,
                    *answers.spoke_of(ENTRY, **asked),
                    *answers.spoke_of(ENTRY_POLICIES, **asked),
                )
            )
        ),
        cluster=_arn_of(answers, cluster),
        principal=principal,
        type=row if isinstance(row, Unknown) else row.text("type"),
        username=row if isinstance(row, Unknown) else row.text("username"),
        groups=row if isinstance(row, Unknown) else row.texts_or_empty("kubernetesGroups"),
        policies=_policies(whole(answers, ENTRY_POLICIES, **asked)),
        created_at=row if isinstance(row, Unknown) else row.moment("createdAt"),
    )


def _found(answer: Row | Unknown | None, name: str, what: str) -> Row | Unknown:
    if answer is None:
        return Unknown(f"AWS answered that there is no {what}, although it lists it")
    return answer if isinstance(answer, Unknown) else answer.row(name)


def _policies(answer: Row | Unknown) -> tuple[ClusterPolicy, ...] | Unknown:
    rows = answer if isinstance(answer, Unknown) else answer.rows("associatedAccessPolicies")
    if isinstance(rows, Unknown):
        return rows
    found: list[ClusterPolicy] = []
    for row in rows:
        scope = row.row("accessScope")
        kind = scope if isinstance(scope, Unknown) else scope.text("type")
        if isinstance(scope, Unknown) or isinstance(kind, Unknown):
            return Unknown(f"the answer does not say where {row.text_or_none('policyArn')} holds")
        found.append(
            ClusterPolicy(
                arn=row.required_text("policyArn"),
                namespaces=None if kind == "cluster" else scope.texts_or_empty("namespaces"),
            )
        )
    return tuple(found)


def _pod_identity(answers: Answers, cluster: str, row: Row) -> PodIdentity:
    asked = {"clusterName": cluster, "associationId": row.required_text("associationId")}
    answer = _found(answers.detail(POD_IDENTITY, **asked), "association", asked["associationId"])
    namespace, account = row.required_text("namespace"), row.required_text("serviceAccount")
    return PodIdentity(
        id=ResourceId(
            row.text_or_none("associationArn")
            or f"{_arn_of(answers, cluster)}/pod-identity/{asked['associationId']}"
        ),
        name=f"{namespace}/{account}",
        scope=answers.scope,
        evidence=tuple(dict.fromkeys((row.digest, *answers.spoke_of(POD_IDENTITY, **asked)))),
        cluster=_arn_of(answers, cluster),
        namespace=namespace,
        service_account=account,
        role=answer if isinstance(answer, Unknown) else answer.text("roleArn"),
    )


def _provider(answers: Answers, cluster: str, row: Row) -> ClusterIdentityProvider:
    asked = {
        "clusterName": cluster,
        "identityProviderConfig": json.dumps(
            _provider_parameters(row), separators=(",", ":"), ensure_ascii=False
        ),
    }
    name = row.required_text("name")
    answer = _found(answers.detail(PROVIDER, **asked), "identityProviderConfig", name)
    oidc = _inside(answer, "oidc")
    arn = None if isinstance(oidc, Unknown) else oidc.text_or_none("identityProviderConfigArn")
    facts: Mapping[str, str | Unknown | None] = {
        field: oidc if isinstance(oidc, Unknown) else oidc.text_or_none(field)
        for field in ("usernameClaim", "usernamePrefix", "groupsClaim", "groupsPrefix")
    }
    return ClusterIdentityProvider(
        id=ResourceId(arn or f"{_arn_of(answers, cluster)}/identity-provider/{name}"),
        name=name,
        scope=answers.scope,
        evidence=tuple(dict.fromkeys((row.digest, *answers.spoke_of(PROVIDER, **asked)))),
        cluster=_arn_of(answers, cluster),
        issuer=oidc if isinstance(oidc, Unknown) else oidc.text("issuerUrl"),
        client_id=oidc if isinstance(oidc, Unknown) else oidc.text("clientId"),
        username_claim=facts["usernameClaim"],
        username_prefix=facts["usernamePrefix"],
        groups_claim=facts["groupsClaim"],
        groups_prefix=facts["groupsPrefix"],
        required_claims=oidc if isinstance(oidc, Unknown) else _texts_of(oidc, "requiredClaims"),
    )


def _node_group(answers: Answers, cluster: str, group: str, listed: Digest) -> NodeGroup:
    asked = {"clusterName": cluster, "nodegroupName": group}
    row = _found(answers.detail(NODE_GROUP, **asked), "nodegroup", group)
    named = None if isinstance(row, Unknown) else row.text_or_none("nodegroupArn")
    remote = None if isinstance(row, Unknown) else row.row_or_none("remoteAccess")
    ssh_key: str | Unknown | None
    if isinstance(row, Unknown):
        ssh_key = row
    else:
        ssh_key = None if remote is None else remote.text_or_none("ec2SshKey")
    return NodeGroup(
        id=ResourceId(named or f"{_arn_of(answers, cluster)}/nodegroup/{group}"),
        name=group,
        scope=answers.scope,
        evidence=tuple(dict.fromkeys((listed, *answers.spoke_of(NODE_GROUP, **asked)))),
        cluster=_arn_of(answers, cluster),
        role=row if isinstance(row, Unknown) else row.text("nodeRole"),
        ssh_key=ssh_key,
    )


STREAM: Final = AwsStream(
    id=StreamId("aws.eks"),
    title="EKS clusters, and who may enter them",
    regional=True,
    operations=(
        CLUSTERS,
        CLUSTER,
        ENTRIES,
        ENTRY,
        ENTRY_POLICIES,
        POD_IDENTITIES,
        POD_IDENTITY,
        PROVIDERS,
        PROVIDER,
        NODE_GROUPS,
        NODE_GROUP,
        CREATION_EVENTS,
    ),
    emits=(
        ManagedCluster,
        ClusterAccessEntry,
        PodIdentity,
        ClusterIdentityProvider,
        NodeGroup,
    ),
    normalize=normalize,
)
