"""What a proof of access rests on: principals with their documents and credentials, guardrails, clusters, and what vouches.

A `World` is one picture of one or more accounts. Whatever was not seen stands in it as `Unknown`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from auditwright.access.assumptions import Assumption
from auditwright.access.eks import Cluster, MappedPrincipal, principals_mapped
from auditwright.access.evaluator import Policies
from auditwright.access.facts import Fact
from auditwright.access.glob import lower
from auditwright.access.kubernetes import Rbac
from auditwright.access.policy import Effect, Policy
from auditwright.core.outcome import Unknown

INLINE = "inline:"
"""Begins the reference of a policy that is written into its holder; a managed policy's reference is its ARN."""

PRINCIPAL_TAG = "aws:principaltag/"
"""Begins the condition keys that show the tags of whoever calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A policy as a user, group or role holds it."""

    holder: str
    """The ARN of the user, group or role."""
    reference: str
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """A policy that bounds a principal; `policy` is unknown where its document was not seen."""

    arn: str
    policy: Policy | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The first factors of a user, and whether there is a second."""

    active_keys: int | Unknown
    inactive_keys: int | Unknown
    password: bool | Unknown
    devices: int | Unknown
    """Second factors that are enrolled."""


NO_CREDENTIALS = Credentials(active_keys=0, inactive_keys=0, password=False, devices=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An IAM user."""

    arn: str
    name: str
    unique_id: str | Unknown
    tags: Mapping[str, str] | Unknown
    groups: tuple[str, ...]
    """ARNs."""
    attachments: tuple[Attachment, ...]
    boundary: Boundary | None
    credentials: Credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of IAM users."""

    arn: str
    name: str
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """An IAM role."""

    arn: str
    name: str
    unique_id: str | Unknown
    tags: Mapping[str, str] | Unknown
    trust: Policy
    attachments: tuple[Attachment, ...]
    boundary: Boundary | None
    instance_profile: bool
    """True where machines can be given the role."""
    service_linked: bool
    """True for a role that only its service can take and change, which no service control policy limits."""


Principal: TypeAlias = User | Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedPolicy:
    """A managed policy with every version that was seen."""

    arn: str
    default: str
    versions: Mapping[str, Policy]

    @property
    def provider_managed(self) -> bool:
        """True for AWS's own, which no customer can change."""
        return ":iam::aws:" in self.arn


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The root user of an account."""

    keys: int | Unknown
    devices: int | Unknown
    password: bool | Unknown


Levels: TypeAlias = tuple[tuple[Policy, ...], ...]
"""Policies of an organization: one tuple for the root, each unit and the account, of which each has to allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of the picture, with what the organization and its root user add."""

    id: str
    root: Root | None
    """None where the question leaves the root user out."""
    service_policies: Levels | Unknown
    """Service control policies; no level where none apply."""
    resource_policies: Levels | Unknown
    """Resource control policies; no level where none apply."""
    organization: str | Unknown | None
    """The organization that it belongs to; None where the provider answered that there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Something in service that runs code with a role's rights."""

    arn: str
    service: str
    """Such as `lambda`."""
    role: str
    """The role's ARN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """Evidence from outside the cloud that a provider or account asks each person for a second factor."""

    subject: str
    """The ARN of an identity provider, or the id of an account."""
    mfa_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that a proof rests on. Mappings are by ARN; accounts by id; RBAC by the cluster's name."""

    partition: str
    accounts: Mapping[str, Account]
    users: Mapping[str, User]
    groups: Mapping[str, Group]
    roles: Mapping[str, Role]
    policies: Mapping[str, ManagedPolicy]
    clusters: tuple[Cluster, ...] = ()
    rbac: Mapping[str, Rbac | Unknown] = field(default_factory=dict)
    documents: Mapping[str, Policy | Unknown] = field(default_factory=dict)
    """Policies of resources: buckets, keys, secrets."""
    workloads: tuple[Workload, ...] | Unknown = ()
    services_unseen: frozenset[str] = frozenset()
    """Services, such as `lambda`, of which not everything in service was seen: there may be more than `workloads` has."""
    unlisted_accounts: frozenset[str] = frozenset()
    """Accounts whose users and roles were not all listed: a name that is not among them may be taken all the same."""
    attestations: tuple[Attestation, ...] = ()
    unseen: tuple[Assumption, ...] = ()
    """Sources that are missing from the picture: no proof of the opposite may rest on one."""
    at: datetime
    """When the picture was taken: the time of every request that a proof speaks of."""
    by_service: Mapping[str, tuple[str, ...]] = field(init=False)
    """The roles that each service is named in the trust of; those that may trust any stand under ANY_SERVICE."""
    pod_roles: tuple[str, ...] = field(init=False)
    """The roles that pods of a cluster can have: by the cluster's issuer of identities, or as pod identities."""
    vacant: tuple[str, ...] = field(init=False)
    """ARNs that a cluster lets in and that nobody has."""
    touching: dict[str, tuple[Fact, ...]] = field(default_factory=dict, init=False, compare=False, repr=False)
    """The changes that can matter to a principal, by ARN, once they were asked for (holdings.touching)."""
    in_force: dict[tuple[str, frozenset[Fact]], tuple[Policies, ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    """How the policies of a principal may stand after changes, once it was asked for (holdings.policies_of)."""
    asks_for_tags: bool = field(init=False)
    """True where some policy asks for the tags of whoever calls."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_service", _by_service(self.roles))
        object.__setattr__(self, "pod_roles", tuple(_pod_roles(self)))
        object.__setattr__(self, "vacant", tuple(_vacant(self)))
        each_once = {policy.key: policy for policy in _policies(self)}
        object.__setattr__(self, "asks_for_tags", any(map(_asks_for_tags, each_once.values())))

    def principal(self, arn: str) -> Principal | None:
        """The user or role of an ARN, if it exists."""
        return self.users.get(arn) or self.roles.get(arn)

    def taken_by(self, service: str) -> tuple[str, ...]:
        """The roles that a service can take, as far as their trust says."""
        return (*self.by_service.get(service, ()), *self.by_service.get(ANY_SERVICE, ()))

    def remakable(self, *, users: bool) -> tuple[str, ...]:
        """ARNs that a cluster lets in and that nobody has: whoever makes the principal anew is let in."""
        kind = ":user/" if users else ":role/"
        return tuple(arn for arn in self.vacant if kind in arn)

    def lists(self, service: str) -> bool:
        """True where everything that a service runs was seen."""
        return not isinstance(self.workloads, Unknown) and service not in self.services_unseen

    def attests(self, subject: str) -> bool:
        """True where evidence says that a provider or account asks for a second factor."""
        said = [each.mfa_required for each in self.attestations if each.subject == subject]
        return bool(said) and all(said)


ANY_SERVICE = "*"

PODS = "pods.eks.amazonaws.com"


def is_cluster_issuer(provider: str) -> bool:
    """True for the issuer of identities of pods in a cluster of Amazon EKS, by ARN or by its host and path."""
    issuer = provider.partition(":oidc-provider/")[2] or provider
    return issuer.startswith("oidc.eks.") or ("/id/" in issuer and ".eks." in issuer)


def _by_service(roles: Mapping[str, Role]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for role in roles.values():
        for service in dict.fromkeys(_services_in(role.trust)):
            found.setdefault(service, []).append(role.arn)
    return {
        service: tuple(arn for arn in arns if service == ANY_SERVICE or arn not in found.get(ANY_SERVICE, ()))
        for service, arns in found.items()
    }


def _services_in(trust: Policy) -> Iterator[str]:
    """The services that a trust policy may let in: whoever is not named readably may be one."""
    for statement in trust.statements:
        if statement.effect is Effect.DENY:
            continue
        who = statement.principals
        if who is None or who.negated or who.everyone:
            yield ANY_SERVICE
        else:
            yield from who.services


def _pod_roles(world: World) -> Iterator[str]:
    taken = set(world.taken_by(PODS))
    for role in world.roles.values():
        named = [each.principals for each in role.trust.statements if each.effect is not Effect.DENY]
        issuers = (provider for each in named if each for provider in each.providers)
        if role.arn in taken or any(map(is_cluster_issuer, issuers)):
            yield role.arn


def _policies(world: World) -> Iterator[Policy]:
    """Every policy that was seen, some of them several times."""
    principals: tuple[Principal, ...] = (*world.users.values(), *world.roles.values())
    for principal in principals:
        yield from (each.policy for each in principal.attachments)
        if principal.boundary is not None and isinstance(principal.boundary.policy, Policy):
            yield principal.boundary.policy
    yield from (each.policy for group in world.groups.values() for each in group.attachments)
    yield from (role.trust for role in world.roles.values())
    yield from (version for each in world.policies.values() for version in each.versions.values())
    yield from (each for each in world.documents.values() if isinstance(each, Policy))
    for account in world.accounts.values():
        for levels in (account.service_policies, account.resource_policies):
            if not isinstance(levels, Unknown):
                yield from (policy for level in levels for policy in level)


def _asks_for_tags(policy: Policy) -> bool:
    for statement in policy.statements:
        keys = [name for each in statement.conditions for name in (each.key, *each.variables)]
        if statement.resources is not None:
            keys += map(lower, statement.resources.patterns)
        if any(PRINCIPAL_TAG in key for key in keys):
            return True
    return False


def _vacant(world: World) -> Iterator[str]:
    """Mapped ARNs without a principal, spelled as the map spells them; an ARN of an account outside is nobody's to make."""
    existing = {arn.lower() for arn in (*world.users, *world.roles)}
    for arn in dict.fromkeys(each.arn for cluster in world.clusters for each in _spelled(cluster)):
        if arn.lower() not in existing and account_of(arn) in world.accounts:
            yield arn


def _spelled(cluster: Cluster) -> Iterator[MappedPrincipal]:
    for each in principals_mapped(cluster):
        if not each.pattern and not each.by_unique_id:
            yield replace(each, arn=each.origin.subject)


def account_of(arn: str) -> str:
    """The account in an ARN; empty where it names none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""  # noqa: PLR2004  # arn:partition:service:region:account:resource
