"""What proofs of access start from: principals and their documents, clusters and who may enter them, whole.

A document is kept as text: canonical JSON where the source's JSON has one meaning, else the source's own words. None
is summarized, because a condition that was left out would be a proof of something else.
"""

from dataclasses import dataclass
from datetime import datetime

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDocument:
    """A policy document under the name that it has where it stands."""

    name: str
    document: str | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPrincipal(Resource):
    """A user, group or role of a cloud account, with every document that stands in it; `id` is its ARN."""

    type: str
    """user, group or role."""
    unique_id: str | Unknown
    """The provider's id, which a principal that is made again under the same name does not have."""
    path: str | Unknown
    created_at: datetime | Unknown
    groups: tuple[str, ...]
    """Names of the groups that a user is in."""
    inline_policies: tuple[NamedDocument, ...]
    attached_policies: tuple[str, ...]
    """ARNs of the managed policies attached to it."""
    boundary: str | Unknown | None
    """The ARN of the policy that bounds it; None without one."""
    trust: str | Unknown | None
    """The document that says who may take a role; None for users and groups."""
    instance_profiles: tuple[str, ...]
    """ARNs of the instance profiles that hand a role to machines."""
    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPolicyDocument(Resource):
    """A managed policy that a principal has, or may be given by whoever may attach it, with its document in force.

    Which of the provider's own policies count is decided by use: attached to a principal, or bounding one.
    """

    arn: str
    """Its ARN; `id` tells the provider's own policies apart by the account that saw them."""
    provider_managed: bool
    default_version: str | Unknown
    document: str | Unknown
    """The version in force."""
    other_versions: tuple[NamedDocument, ...] | Unknown
    """Versions that are kept and not in force: whoever may choose among them changes the policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaDevice(Resource):
    """A second factor that is registered in a cloud account; `id` is its serial number or ARN."""

    user: str | None
    """The ARN of its user, or of the root user; None where nobody has it."""
    type: str | Unknown
    """app, security key, hardware token or text message, as the form of the serial number says."""
    enabled_at: datetime | Unknown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider(Resource):
    """An outside source of identities that roles of a cloud account may trust; `id` is its ARN."""

    type: str
    """saml or oidc."""
    issuer: str | Unknown
    """The issuer's URL, or the entity id of the provider's SAML metadata."""
    audiences: tuple[str, ...] | Unknown
    """Client ids that an OIDC token may be for."""
    created_at: datetime | Unknown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationMembership(Resource):
    """Whether a cloud account belongs to an organization, and where in it."""

    organization: str | None
    """The organization's id; None where the provider answered that there is none."""
    management_account: str | Unknown | None
    """The account that no policy of the organization limits."""
    all_features: bool | Unknown | None
    """False where the organization shares bills only and has no policies."""
    path: tuple[str, ...] | Unknown
    """Ids from the root down to the account itself; empty without an organization."""
    policy_types: tuple[str, ...] | Unknown
    """Kinds of policy that are switched on at the root; others limit nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationPolicy(Resource):
    """A policy of the organization attached to one place on the way from its root to the account."""

    type: str
    """service control or resource control."""
    policy: str
    """The policy's id."""
    target: str
    """The root, organizational unit or account that it is attached to."""
    document: str | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class CenterAssignment(Resource):
    """A permission set of AWS IAM Identity Center in an account, given to one user or group."""

    permission_set: str
    """Its ARN."""
    permission_set_name: str | Unknown
    """The account's role for it is called AWSReservedSSO_, this name, _ and a hash."""
    principal_type: str
    """USER or GROUP."""
    principal: str
    """The id in the identity store."""
    members: tuple[str, ...] | Unknown
    """User names of who is behind it: the user, or the group's members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudFunction(Resource):
    """A function that runs code with a role's rights: who may change its code acts as the role; `id` is its ARN."""

    role: str | Unknown
    """The ARN of its role."""
    public_url: bool | Unknown
    """True where it has a URL of its own that asks nobody to sign in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildProject(Resource):
    """A project that builds code with a role's rights: who may start a build acts as the role; `id` is its ARN."""

    role: str | Unknown
    """The ARN of its role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfrastructureStack(Resource):
    """A stack of cloud resources made from a template; `id` is its ARN."""

    role: str | None
    """The ARN of the role with which it changes resources, whoever changes the stack; None where it has none, and
    then acts with the rights of whoever changes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecret(Resource):
    """A secret that the cloud keeps, of which everything but the secret itself is seen; `id` is its ARN."""

    policy: str | Unknown | None
    """The document that it says with who may use it; None where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterCreator:
    """Who made a cluster, as the cloud's trail recorded it."""

    type: str
    """The trail's word, such as IAMUser, AssumedRole or Root."""
    arn: str
    """The user, the role behind a session, or the root user."""
    unique_id: str | Unknown
    """The provider's id of the user or role."""
    session: str
    """The ARN of the session; empty without one."""
    with_mfa: bool | Unknown
    """What the trail says of a second factor in the session."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedCluster(Resource):
    """A Kubernetes cluster whose control plane the cloud runs, as the cloud describes it; `id` is its ARN."""

    version: str | Unknown
    status: str | Unknown
    created_at: datetime | Unknown
    authentication_mode: str | Unknown
    """CONFIG_MAP, API_AND_CONFIG_MAP or API."""
    creator_is_administrator: bool | Unknown
    """What the cluster was made with: whether its creator was given administrator rights."""
    creator: ClusterCreator | Unknown
    entry_principals: tuple[str, ...] | Unknown
    """The ARNs of whom the cloud's own list lets in; each stands in an access entry of its own."""
    role: str | Unknown
    """The ARN of the control plane's own role."""
    oidc_issuer: str | Unknown | None
    public_endpoint: bool | Unknown
    private_endpoint: bool | Unknown
    public_networks: tuple[str, ...] | Unknown
    """CIDR blocks that may reach the public endpoint."""
    logs: tuple[str, ...] | Unknown
    """Control plane logs that are on, such as audit and authenticator."""
    encryption_key: str | Unknown | None
    """The ARN of the organization's key for secrets; None where the cluster has no such setting."""
    tags: tuple[tuple[str, str], ...] | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPolicy:
    """A policy of the cloud's own that an access entry gives rights in a cluster by."""

    arn: str
    namespaces: tuple[str, ...] | None
    """None for the whole cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAccessEntry(Resource):
    """Who of the cloud may enter a cluster, by the cloud's own list; `id` is the entry's ARN."""

    cluster: str
    """The cluster's ARN."""
    principal: str
    """The ARN of a user or role."""
    type: str | Unknown
    """STANDARD for people and programs; others, such as EC2_LINUX, for nodes."""
    username: str | Unknown
    """In the cluster, with templates such as {{SessionName}}."""
    groups: tuple[str, ...] | Unknown
    policies: tuple[ClusterPolicy, ...] | Unknown
    created_at: datetime | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class PodIdentity(Resource):
    """A service account of a cluster whose pods get a cloud role; `id` is the association's ARN."""

    cluster: str
    namespace: str
    service_account: str
    role: str | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterIdentityProvider(Resource):
    """An outside issuer whose tokens a cluster accepts; `id` is the setting's ARN."""

    cluster: str
    issuer: str | Unknown
    client_id: str | Unknown
    username_claim: str | Unknown | None
    username_prefix: str | Unknown | None
    groups_claim: str | Unknown | None
    groups_prefix: str | Unknown | None
    required_claims: tuple[tuple[str, str], ...] | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeGroup(Resource):
    """Machines that the cloud runs as a cluster's nodes; `id` is the group's ARN."""

    cluster: str
    role: str | Unknown
    """The ARN of the role that each node has, and with it what runs on the node."""
    ssh_key: str | Unknown | None
    """The name of the key that opens a shell on them; None where none does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedAccess(Resource):
    """Whether somebody who starts with one credential gets to a target, as proved on what a run collected."""

    credential: str
    """Such as key:ada; everybody for an adversary who has every first factor at once, and no second one."""
    credential_type: str
    """everybody, session with a second factor, access key, password, root user, identity provider, another account, …"""
    principal: str
    """The ARN of whose credential it is; empty for everybody."""
    target: str
    """In words, such as administrator of account 111122223333."""
    target_type: str
    """account administrator, cluster administrator, cluster (at any level) or named, by the program."""
    verdict: str
    """reachable, unreachable or unknown."""
    own_right: bool
    """True where the path is nothing but what the credential's own policies allow."""
    path: tuple[str, ...]
    """The path, a line a step, the credential first: one that was replayed, or one that cannot be ruled out."""
    assumptions: tuple[str, ...]
    """What the verdict takes for granted, or what would have to be known for one."""
    missing: tuple[str, ...]
    """Condition keys and other facts that leave steps of the path open."""
    certificate: str
    """The SHA-256 of the certificate that proves it unreachable, which was checked; empty for other verdicts."""
