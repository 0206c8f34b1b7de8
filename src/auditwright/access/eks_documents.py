"""Reads a cluster from the answers of Amazon EKS, or from the cluster of a snapshot file, which has their names."""

from collections.abc import Mapping

from auditwright.access.aws_auth import (
    AwsAuth,
    Template,
    parse_aws_auth,
    parse_template,
    read_template,
    read_templates,
)
from auditwright.access.eks import (
    AccessEntry,
    AuthenticationMode,
    Cluster,
    Creator,
    Endpoint,
    default_username,
)
from auditwright.access.kubernetes import NODES, PolicyGrant
from auditwright.core.outcome import Unknown

MAX_ENTRIES = 50_000
"""A cluster has at most 1,500 access entries unless AWS raises it; bounds the time that a hostile file takes."""

COLONS = 5
"""An ARN has six parts: arn:partition:service:region:account:resource."""

_MODES = {mode.value: mode for mode in AuthenticationMode}
_NODE_USERNAMES = {
    "EC2": "system:node:{{EC2PrivateDNSName}}",
    "EC2_LINUX": "system:node:{{EC2PrivateDNSName}}",
    "EC2_WINDOWS": "system:node:{{EC2PrivateDNSName}}",
    "FARGATE_LINUX": "system:node:{{SessionName}}",
    "HYBRID_LINUX": "system:node:{{SessionName}}",
}
"""What Amazon EKS writes into entries of nodes; they are always in the group of the nodes too."""
_TYPES_WITHOUT_POLICIES = _NODE_USERNAMES.keys() - {"EC2"}
"""Amazon EKS refuses to associate an access policy with an entry of these types."""


def parse_cluster(document: object, *, account: str | Unknown) -> Cluster:
    """A cluster from decoded JSON: `name`, `arn`, `accessConfig`, `accessEntries`, `aws_auth`, `creator`, `resourcesVpcConfig`.

    The fields have the names and shapes of the answers of Amazon EKS; `accessEntries` holds described entries, each
    with its `accessPolicies`. A field that is missing or null was not seen; a list or map that is empty is known to be.
    """
    fields = _fields(document)
    access = _fields(fields.get("accessConfig"))
    name, arn = fields.get("name"), fields.get("arn")
    mode = access.get("authenticationMode")
    flag = access.get("bootstrapClusterCreatorAdminPermissions")
    return Cluster(
        name=name if isinstance(name, str) else "cluster",
        arn=arn if isinstance(arn, str) and arn.count(":") >= COLONS else None,
        account=account,
        authentication_mode=_MODES.get(mode, Unknown("the authentication mode cannot be read"))
        if isinstance(mode, str)
        else Unknown("the authentication mode was not seen"),
        bootstrap_creator_admin=_flag(flag, "the bootstrap flag was not seen"),
        access_entries=_entries(fields.get("accessEntries")),
        aws_auth=_aws_auth(fields.get("aws_auth")),
        creator=_creator(fields.get("creator")),
        endpoint=_endpoint(fields.get("resourcesVpcConfig")),
    )


def _aws_auth(value: object) -> AwsAuth | Unknown:
    return Unknown("the aws-auth map was not seen") if value is None else parse_aws_auth(value)


def _entries(value: object) -> tuple[AccessEntry | Unknown, ...] | Unknown:
    if not isinstance(value, list | tuple):
        return Unknown("the access entries were not seen")
    read = tuple(_entry(each) for each in value[:MAX_ENTRIES])
    return (
        read if len(value) <= MAX_ENTRIES else (*read, Unknown(f"there are more than {MAX_ENTRIES} entries"))
    )


def _entry(value: object) -> AccessEntry | Unknown:
    fields = _fields(value)
    arn, kind, unique_id = fields.get("principalArn"), fields.get("type"), fields.get("principalId")
    if not isinstance(arn, str) or not arn:
        return Unknown("an access entry has no readable principal")
    kind = "STANDARD" if kind is None else kind
    if not isinstance(kind, str):
        return Unknown("an access entry has no readable type")
    groups = read_templates(fields.get("kubernetesGroups"))
    if kind in _NODE_USERNAMES and not isinstance(groups, Unknown):
        groups = (*groups, (NODES,)) if (NODES,) not in groups else groups
    return AccessEntry(
        principal_arn=arn,
        principal_id=unique_id
        if isinstance(unique_id, str)
        else Unknown("Amazon EKS does not show the unique id"),
        type=kind,
        username=_username(fields.get("username"), arn, kind),
        groups=groups,
        policies=_policies(fields.get("accessPolicies"), kind),
    )


def _username(value: object, arn: str, kind: str) -> Template | Unknown:
    if value is not None and value != "":
        return read_template(value)
    if kind == "STANDARD":
        return default_username(arn)
    if kind in _NODE_USERNAMES:
        return parse_template(_NODE_USERNAMES[kind])
    return Unknown(f"the username of an entry of type {kind} was not seen")


def _policies(value: object, kind: str) -> tuple[PolicyGrant | Unknown, ...]:
    if value is None and kind in _TYPES_WITHOUT_POLICIES:
        return ()
    if value is None:
        # A described entry does not list its policies: that is an answer of its own.
        return (Unknown("the access policies of an entry were not seen"),)
    if not isinstance(value, list | tuple):
        return (Unknown("the access policies of an entry cannot be read"),)
    return tuple(_policy(each) for each in value)


def _policy(value: object) -> PolicyGrant | Unknown:
    fields = _fields(value)
    arn, scope = fields.get("policyArn"), _fields(fields.get("accessScope"))
    namespaces = scope.get("namespaces")
    if isinstance(arn, str) and arn:
        if scope.get("type") == "cluster":
            return PolicyGrant(policy=arn, namespaces=None)
        if scope.get("type") == "namespace" and isinstance(namespaces, list | tuple):
            names = tuple(each for each in namespaces if isinstance(each, str) and each)
            if names and len(names) == len(namespaces):
                return PolicyGrant(policy=arn, namespaces=names)
    return Unknown("an access policy of an entry cannot be read")


def _creator(value: object) -> Creator | Unknown:
    fields = _fields(value)
    arn, source, exists = fields.get("arn"), fields.get("source"), fields.get("exists")
    if not isinstance(arn, str) or not arn:
        return Unknown("the creator of the cluster is not known")
    return Creator(
        arn=arn,
        source=source if isinstance(source, str) else "not said",
        exists=_flag(exists, "whether the creator still exists was not seen"),
    )


def _endpoint(value: object) -> Endpoint | Unknown:
    if not isinstance(value, Mapping):
        return Unknown("the endpoint of the cluster was not seen")
    fields = _fields(value)
    ranges = fields.get("publicAccessCidrs")
    texts = (
        tuple(each for each in ranges if isinstance(each, str)) if isinstance(ranges, list | tuple) else None
    )
    return Endpoint(
        public=_flag(fields.get("endpointPublicAccess"), "public access was not seen"),
        private=_flag(fields.get("endpointPrivateAccess"), "private access was not seen"),
        public_cidrs=Unknown("the allowed ranges were not seen") if texts is None else texts,
    )


def _flag(value: object, why: str) -> bool | Unknown:
    return value if isinstance(value, bool) else Unknown(why)


def _fields(value: object) -> Mapping[str, object]:
    return (
        {key: each for key, each in value.items() if isinstance(key, str)}
        if isinstance(value, Mapping)
        else {}
    )
