"""The world of a proof from what was collected: the resources of an inventory, population by population.

Nothing is silently absent. What was refused, was never asked, or cannot be read is Unknown where the world has a place
for it, and an assumption in `World.unseen` where it has none: no proof of unreachability then rests on the picture.

1. Accounts are those that any population of what they hold speaks of, a refused one too.
2. A user's credentials are those of the credential report, and its second factors those that are listed. Where the two
   disagree, they were seen at different times, and the number is Unknown.
3. Guardrails come from the membership in an organization. Who is refused that question has Unknown ones.
4. A cluster's own map, roles and bindings come from whoever asked its API, joined by the cluster's ARN.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar, cast

from auditwright.access.assumptions import Assumption
from auditwright.access.eks import Cluster
from auditwright.access.eks_documents import parse_cluster
from auditwright.access.kubernetes import Rbac, RoleKind
from auditwright.access.pictured_clusters import access_entry, binding, cluster_role, map_part
from auditwright.access.policy import Policy, parse_policy_text, unreadable_policy
from auditwright.access.starts import Start, starts
from auditwright.access.world import (
    INLINE,
    Account,
    Attachment,
    Attestation,
    Boundary,
    Credentials,
    Group,
    Levels,
    ManagedPolicy,
    Role,
    Root,
    User,
    Workload,
    World,
)
from auditwright.core.evidence import Scope
from auditwright.core.ids import IntegrationId, ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Population, Related, Resource
from auditwright.core.resources import (
    AccessKey,
    AccessPolicyDocument,
    AccessPrincipal,
    BuildProject,
    CloudFunction,
    CloudRegion,
    ClusterAccessEntry,
    ClusterCreator,
    EncryptionKey,
    InfrastructureStack,
    KubernetesBinding,
    KubernetesCluster,
    KubernetesIdentityMap,
    KubernetesRole,
    KubernetesServiceAccount,
    ManagedCluster,
    MfaDevice,
    OrganizationMembership,
    OrganizationPolicy,
    RootUser,
    StorageBucket,
    StoredSecret,
    UserAccount,
    VirtualMachine,
)

Populations = Mapping[str, Population[Resource]]
"""What was collected, by kind."""

R = TypeVar("R", bound=Resource)

AWS = IntegrationId("aws")

SERVICE_KINDS: Mapping[str, type[Resource]] = {
    "lambda": CloudFunction,
    "codebuild": BuildProject,
    "ec2": VirtualMachine,
    "cloudformation": InfrastructureStack,
}
"""Services that run code with a role's rights, and the kind that lists what is in service."""

UNLISTED_SERVICES = frozenset({"ecs-tasks", "glue", "sagemaker", "tasks.apprunner", "bedrock-agentcore"})
"""Services that run code with a role's rights and that no kind lists: something may be in service in each."""

GLOBAL_KINDS: tuple[type[Resource], ...] = (
    AccessPrincipal,
    AccessPolicyDocument,
    UserAccount,
    AccessKey,
    MfaDevice,
    RootUser,
    OrganizationMembership,
    OrganizationPolicy,
)
"""Kinds that are listed once for an account."""

DOCUMENT_KINDS: tuple[type[Resource], ...] = (StorageBucket, EncryptionKey, StoredSecret)
"""Kinds whose items say in a document of their own who may use them."""

_SERVICE_CONTROL, _RESOURCE_CONTROL = "service control", "resource control"


def picture(
    populations: Populations,
    *,
    at: datetime,
    attestations: Iterable[Attestation] = (),
    resources: Iterable[str] = (),
) -> World:
    """The world of what was collected; `resources` are ARNs that will be asked about by name."""
    return _Picture(populations).world(at, tuple(attestations), tuple(resources))


def account_ids(populations: Populations) -> frozenset[str]:
    """(1) Every cloud account that is spoken of, seen or refused."""
    found: set[str] = set()
    spoken: tuple[type[Resource], ...] = (*GLOBAL_KINDS, ManagedCluster, *SERVICE_KINDS.values())
    for kind in spoken:
        population = populations.get(kind.kind)
        if population is not None:
            places = [each.scope for each in population.items]
            places += [*population.scopes, *(gap.scope for gap in population.gaps)]
            found |= {each.account for each in places if each.source == AWS and each.account.isdigit()}
    return frozenset(found)


def starts_seen(world: World) -> Iterator[Start]:
    """Every start of a picture, where one that is only supposed, such as a key that nobody saw, is not certain."""
    for start in starts(world):
        yield replace(start, certain=start.certain and not start.assumptions)


class _Picture:
    """Reads one set of populations."""

    def __init__(self, populations: Populations) -> None:
        self._populations = populations
        self._known_lacks: dict[tuple[type[Resource], str], Unknown | None] = {}
        self._accounts = tuple(sorted(account_ids(populations)))
        self._principals = self._all(AccessPrincipal)
        self._documents = self._policies()
        self._logins = {each.id: each for each in self._all(UserAccount)}
        self._devices_of = Counter(each.user for each in self._all(MfaDevice))
        self._keys_of: dict[str, list[AccessKey]] = {}
        for key in self._all(AccessKey):
            self._keys_of.setdefault(key.user, []).append(key)
        self._groups_of: dict[str, dict[str, str]] = {}
        for group in self._principals:
            if group.type == "group":
                self._groups_of.setdefault(group.scope.account, {})[group.name] = group.id

    def world(self, at: datetime, attestations: tuple[Attestation, ...], resources: tuple[str, ...]) -> World:
        """The whole picture."""
        roles: dict[str, Role] = {
            each.id: self._role(each) for each in self._principals if each.type == "role"
        }
        workloads, services = self._workloads()
        named = self._cluster_names()
        return World(
            partition=next(iter(each.id for each in self._principals), "arn:aws").split(":")[1],
            accounts={each: self._account(each) for each in self._accounts},
            users={each.id: self._user(each) for each in self._principals if each.type == "user"},
            groups={each.id: self._group(each) for each in self._principals if each.type == "group"},
            roles=roles,
            policies=self._documents,
            clusters=tuple(self._cluster(each, named[each.id]) for each in self._all(ManagedCluster)),
            rbac={named[each.id]: self._rbac(each) for each in self._all(ManagedCluster)},
            documents=self._resource_documents(resources),
            workloads=workloads,
            services_unseen=services,
            unlisted_accounts=frozenset(
                each for each in self._accounts if self._lacking(AccessPrincipal, each) is not None
            ),
            attestations=attestations,
            unseen=tuple(self._unseen()),
            at=at,
        )

    # --- populations

    def _population(self, kind: type[R]) -> Population[R]:
        found = self._populations.get(kind.kind)
        if found is None:
            return Population(kind=kind, items=(), gaps=(), scopes=())
        return cast("Population[R]", found)

    def _all(self, kind: type[R]) -> tuple[R, ...]:
        return self._population(kind).items

    def _lacking(self, kind: type[Resource], account: str) -> Unknown | None:
        """Why not every item of a kind that an account lists once was seen."""
        key = (kind, account)
        if key not in self._known_lacks:
            here = Scope(source=AWS, account=account)
            self._known_lacks[key] = Related(self._population(kind)).absence_at(here)
        return self._known_lacks[key]

    def _lacking_anywhere(self, kind: type[Resource], account: str) -> Unknown | None:
        """Why not every item of a kind that an account lists region by region was seen."""
        regions = {each.name for each in self._all(CloudRegion) if each.scope.account == account}
        unlisted = self._lacking(CloudRegion, account)
        if unlisted is not None:
            return unlisted
        seen = Related(self._population(kind))
        missing = (
            seen.absence_at(Scope(source=AWS, account=account, region=each)) for each in sorted(regions)
        )
        hidden = seen.absence_at(Scope(source=AWS, account=account)) if not regions else None
        return next((each for each in missing if each is not None), hidden)

    # --- principals

    def _policies(self) -> dict[str, ManagedPolicy]:
        found: dict[str, ManagedPolicy] = {}
        for each in self._all(AccessPolicyDocument):
            # AWS's own policies are seen in each account that has them; one that was read is as good as another.
            if each.arn not in found or found[each.arn].versions[found[each.arn].default].unread:
                found[each.arn] = _managed(each)
        return found

    def _attachments(self, each: AccessPrincipal) -> tuple[Attachment, ...]:
        managed = tuple(
            Attachment(holder=each.id, reference=arn, policy=self._in_force(arn))
            for arn in each.attached_policies
        )
        inline = tuple(
            Attachment(
                holder=each.id,
                reference=f"{INLINE}{policy.name}",
                policy=_policy(policy.document, f"{policy.name} of {each.name}"),
            )
            for policy in each.inline_policies
        )
        return (*managed, *inline)

    def _in_force(self, arn: str) -> Policy:
        held = self._documents.get(arn)
        if held is None:
            return unreadable_policy(f"the document of {arn} was not seen", name=arn)
        return held.versions[held.default]

    def _boundary(self, each: AccessPrincipal) -> Boundary | None:
        if each.boundary is None:
            return None
        if isinstance(each.boundary, Unknown):
            return Boundary(arn="", policy=each.boundary)
        if each.boundary not in self._documents:
            return Boundary(
                arn=each.boundary,
                policy=Unknown(f"the document of the boundary {each.boundary} was not seen"),
            )
        return Boundary(arn=each.boundary, policy=self._in_force(each.boundary))

    def _user(self, each: AccessPrincipal) -> User:
        by_name = self._groups_of.get(each.scope.account, {})
        return User(
            arn=each.id,
            name=each.name,
            unique_id=each.unique_id,
            tags=dict(each.tags),
            groups=tuple(by_name[name] for name in each.groups if name in by_name),
            attachments=self._attachments(each),
            boundary=self._boundary(each),
            credentials=self._credentials(each),
        )

    def _group(self, each: AccessPrincipal) -> Group:
        return Group(arn=each.id, name=each.name, attachments=self._attachments(each))

    def _role(self, each: AccessPrincipal) -> Role:
        trust = Unknown("the role has no trust policy") if each.trust is None else each.trust
        return Role(
            arn=each.id,
            name=each.name,
            unique_id=each.unique_id,
            tags=dict(each.tags),
            trust=_policy(trust, f"trust of {each.name}"),
            attachments=self._attachments(each),
            boundary=self._boundary(each),
            instance_profile=bool(each.instance_profiles),
            service_linked=":role/aws-service-role/" in each.id,
        )

    # --- credentials: step 2

    def _credentials(self, each: AccessPrincipal) -> Credentials:
        account = self._logins.get(each.id)
        unseen = Unknown("the credentials of the user were not seen")
        active, inactive = self._keys(each, account)
        return Credentials(
            active_keys=active,
            inactive_keys=inactive,
            password=unseen if account is None else account.console_access,
            devices=self._devices(
                each.id, each.scope.account, said=unseen if account is None else account.mfa_enrolled
            ),
        )

    def _keys(
        self, each: AccessPrincipal, account: UserAccount | None
    ) -> tuple[int | Unknown, int | Unknown]:
        keys = self._keys_of.get(each.id, [])
        unclear = next((key.active for key in keys if isinstance(key.active, Unknown)), None)
        lacking = self._lacking(AccessKey, each.scope.account)
        if account is None:
            lacking = lacking or Unknown("the credentials of the user were not seen")
        elif not keys and isinstance(account.active, Unknown):
            # The report may be older than the user, who then is in it with no key and no line.
            lacking = lacking or account.active
        why = unclear or lacking
        if why is not None:
            return why, why
        active = sum(key.active is True for key in keys)
        return active, len(keys) - active

    def _devices(self, user: str, account: str, *, said: bool | Unknown) -> int | Unknown:
        """The number of second factors, where the credential report says something of them."""
        if isinstance(said, Unknown):
            return said
        listed = self._devices_of[user]
        if said is bool(listed):
            return listed
        if said and self._lacking(MfaDevice, account) is not None:
            return 1
        return Unknown("the credential report and the list of second factors disagree about the user")

    # --- accounts: step 3

    def _account(self, id_: str) -> Account:
        membership = self._membership(id_)
        return Account(
            id=id_,
            root=self._root(id_),
            service_policies=self._levels(id_, _SERVICE_CONTROL),
            resource_policies=self._levels(id_, _RESOURCE_CONTROL),
            organization=membership if isinstance(membership, Unknown) else membership.organization,
        )

    def _membership(self, account: str) -> OrganizationMembership | Unknown:
        found = next(
            (each for each in self._all(OrganizationMembership) if each.scope.account == account), None
        )
        if found is not None:
            return found
        lacking = self._lacking(OrganizationMembership, account)
        return lacking or Unknown("whether the account belongs to an organization was not seen")

    def _root(self, account: str) -> Root:
        found = next((each for each in self._all(RootUser) if each.scope.account == account), None)
        if found is None:
            unseen = self._lacking(RootUser, account) or Unknown("the root user was not seen")
            return Root(keys=unseen, devices=unseen, password=unseen)
        membership = self._membership(account)
        managing = not isinstance(membership, Unknown) and (
            membership.organization is None or membership.management_account == account
        )
        return Root(
            keys=found.active_access_keys,
            # AWS lists the root user's apps only: how many factors it has beside one is not seen.
            devices=int(found.mfa_enrolled) if isinstance(found.mfa_enrolled, bool) else found.mfa_enrolled,
            # AWS: an organization may take the password of a member's root user away.
            password=True if managing else found.has_password,
        )

    def _levels(self, account: str, type_: str) -> Levels | Unknown:
        """Policies of one type, level by level; Unknown where something of the way from the root was not seen."""
        found = self._membership(account)
        if isinstance(found, Unknown) or _limits_nothing(found, type_):
            return found if isinstance(found, Unknown) else ()
        facts = (found.all_features, found.management_account, found.policy_types, found.path)
        unclear = next((fact for fact in facts if isinstance(fact, Unknown)), None)
        lacking = unclear or self._lacking(OrganizationPolicy, account)
        if lacking is not None:
            return lacking
        assert isinstance(found.path, tuple), "it is not Unknown"
        levels = tuple(tuple(self._attached(account, type_, place)) for place in found.path)
        if not levels or not all(levels):
            # AWS: at least one policy of a type that is on stands at each place.
            return Unknown(f"a place on the way to the account shows no {type_} policy")
        return levels

    def _attached(self, account: str, type_: str, place: str) -> Iterator[Policy]:
        for each in self._all(OrganizationPolicy):
            if (each.scope.account, each.type, each.target) == (account, type_, place):
                yield _policy(each.document, f"{each.name} at {place}")

    # --- what is in service

    def _workloads(self) -> tuple[tuple[Workload, ...], frozenset[str]]:
        """What runs with a role's rights, and services of which not everything was seen."""
        found: list[Workload] = []
        unseen = set(UNLISTED_SERVICES)
        for service, kind in SERVICE_KINDS.items():
            if any(self._lacking_anywhere(kind, account) is not None for account in self._accounts):
                unseen.add(service)
            for each in self._all(kind):
                role = self._role_of(each)
                if isinstance(role, Unknown):
                    unseen.add(service)
                elif role is not None:
                    found.append(Workload(arn=each.id, service=service, role=role))
        return tuple(found), frozenset(unseen)

    def _role_of(self, each: Resource) -> str | Unknown | None:
        match each:
            case CloudFunction() | BuildProject() | InfrastructureStack():
                return each.role
            case VirtualMachine():
                profile = each.instance_profile
                if profile is None or isinstance(profile, Unknown):
                    return profile
                holders = [one.id for one in self._principals if profile in one.instance_profiles]
                lacking = self._lacking(AccessPrincipal, each.scope.account)
                return holders[0] if holders else lacking
            case _:
                return Unknown(f"the role of a {each.kind} was not seen")

    # --- documents of resources

    def _resource_documents(self, asked: Iterable[str]) -> dict[str, Policy | Unknown]:
        found: dict[str, Policy | Unknown] = {}
        for kind in DOCUMENT_KINDS:
            for each in self._all(kind):
                document = _document_of(each)
                if document is not None:
                    found[each.id] = (
                        document
                        if isinstance(document, Unknown)
                        else _policy(document, f"policy of {each.id}")
                    )
        held = {each.id for kind in DOCUMENT_KINDS for each in self._all(kind)}
        for arn in asked:
            # An object of a bucket has the bucket's policy.
            owner = arn.partition("/")[0] if arn.startswith("arn:aws:s3:::") else arn
            if owner not in held:
                found[arn] = Unknown(f"whether {owner} has a policy of its own was not seen")
            elif owner in found:
                found[arn] = found[owner]
        return found

    # --- clusters: step 4

    def _cluster_names(self) -> dict[ResourceId, str]:
        """A name for each cluster: its own, or with its place where several have the same."""
        clusters = self._all(ManagedCluster)
        times = Counter(each.name for each in clusters)
        return {
            each.id: each.name
            if times[each.name] == 1
            else f"{each.name}/{each.scope.region}/{each.scope.account}"
            for each in clusters
        }

    def _cluster(self, each: ManagedCluster, name: str) -> Cluster:
        document: dict[str, object] = {
            "name": name,
            "arn": each.id,
            "accessConfig": {
                "authenticationMode": each.authentication_mode,
                "bootstrapClusterCreatorAdminPermissions": each.creator_is_administrator,
            },
            "accessEntries": self._entries(each),
            "aws_auth": self._identity_map(each),
            "creator": self._creator(each),
            "resourcesVpcConfig": {
                "endpointPublicAccess": each.public_endpoint,
                "endpointPrivateAccess": each.private_endpoint,
                "publicAccessCidrs": each.public_networks,
            },
        }
        return parse_cluster(document, account=each.scope.account)

    def _entries(self, cluster: ManagedCluster) -> list[object] | Unknown:
        # AWS refuses the question to a cluster of this mode: it has no entries.
        if cluster.authentication_mode == "CONFIG_MAP":
            return []
        if isinstance(cluster.entry_principals, Unknown):
            return cluster.entry_principals
        described = [each for each in self._all(ClusterAccessEntry) if each.cluster == cluster.id]
        undescribed = set(cluster.entry_principals).difference(each.principal for each in described)
        lacking = Related(self._population(ClusterAccessEntry)).absence_at(cluster.scope)
        listed: list[object] = [
            *(access_entry(each) for each in described),
            *(
                Unknown(f"the access entry of {principal} was not described")
                for principal in sorted(undescribed)
            ),
        ]
        # What is no list of entries is read as one that was not seen; what is no entry, as one that may be any.
        return listed if lacking is None else [*listed, lacking] if listed else lacking

    def _identity_map(self, cluster: ManagedCluster) -> object:
        found = [each for each in self._all(KubernetesIdentityMap) if each.managed_as == cluster.id]
        if len(found) != 1:
            return None
        (map_,) = found
        parts = {"mapRoles": map_.map_roles, "mapUsers": map_.map_users, "mapAccounts": map_.map_accounts}
        return {name: map_part(part) for name, part in parts.items() if part is not None}

    def _creator(self, cluster: ManagedCluster) -> object:
        if not isinstance(cluster.creator, ClusterCreator):
            return None
        return {
            "arn": cluster.creator.arn,
            "source": "the trail's CreateCluster event",
            "exists": self._exists(cluster.creator, cluster.scope.account),
        }

    def _exists(self, creator: ClusterCreator, account: str) -> bool | None:
        if creator.arn.endswith(":root"):
            return True
        found = next((each for each in self._principals if each.id == creator.arn), None)
        if found is None:
            return False if self._lacking(AccessPrincipal, account) is None else None
        if isinstance(found.unique_id, Unknown) or isinstance(creator.unique_id, Unknown):
            return None
        # A session of a role is recorded with the role's id, and the session's name after a colon.
        return found.unique_id == creator.unique_id.partition(":")[0]

    def _rbac(self, cluster: ManagedCluster) -> Rbac | Unknown:
        asked = {
            each.id: each.scope for each in self._all(KubernetesCluster) if each.managed_as == cluster.id
        }
        asked |= {
            ResourceId(each.cluster): each.scope
            for each in self._all(KubernetesIdentityMap)
            if each.managed_as == cluster.id
        }
        if len(asked) != 1:
            return Unknown(
                f"several connections are named as {cluster.name}"
                if asked
                else f"no connection to the API of {cluster.name} was named as this cluster"
            )
        ((id_, scope),) = asked.items()

        def lacking(kind: type[Resource]) -> bool:
            return Related(self._population(kind)).absence_at(scope) is not None

        roles = [cluster_role(each) for each in self._all(KubernetesRole) if each.cluster == id_]
        return Rbac(
            cluster_roles={each.name: each for each in roles if not each.namespace},
            roles={(each.namespace, each.name): each for each in roles if each.namespace},
            bindings=tuple(binding(each) for each in self._all(KubernetesBinding) if each.cluster == id_),
            service_accounts=frozenset(
                (each.namespace, each.name.rpartition("/")[2])
                for each in self._all(KubernetesServiceAccount)
                if each.cluster == id_
            ),
            unlisted_roles=frozenset(RoleKind) if lacking(KubernetesRole) else frozenset(),
            unread=("not every binding was listed",) if lacking(KubernetesBinding) else (),
        )

    # --- what was not seen

    def _unseen(self) -> Iterator[Assumption]:
        for account in self._accounts:
            for kind, has in _WHOLE.items():
                lacking = self._lacking(kind, account)
                if lacking is not None:
                    yield _missing(kind, account, has, lacking)
            lacking = self._lacking_anywhere(ManagedCluster, account)
            if lacking is not None:
                yield _missing(ManagedCluster, account, "clusters", lacking)
        if not self._accounts:
            yield Assumption(id="accounts-unseen", says="There is an account; none was collected.")


_WHOLE: Mapping[type[Resource], str] = {
    AccessPrincipal: "users, groups and roles",
    AccessPolicyDocument: "managed policies",
}
"""Lists that a proof takes for whole, and what they list. The others have a place for Unknown in the world."""


def _missing(kind: type[Resource], account: str, has: str, why: Unknown) -> Assumption:
    return Assumption(
        id=f"{kind.kind.replace('_', '-')}s-unseen",
        says=f"The account {account} has no {has} beside those that were seen: {why.why}.",
    )


# --- parts


def _limits_nothing(found: OrganizationMembership, type_: str) -> bool:
    """True where no policy of a type limits the account: without an organization, its features or the type itself.

    AWS: neither type limits the management account.
    """
    if found.organization is None or found.all_features is False:
        return True
    if found.management_account == found.scope.account:
        return True
    return isinstance(found.policy_types, tuple) and type_ not in found.policy_types


def _policy(document: str | Unknown, name: str) -> Policy:
    if isinstance(document, Unknown):
        return unreadable_policy(document.why, name=name)
    return parse_policy_text(document, name=name)


_UNNAMED = "a version that was not seen"


def _managed(each: AccessPolicyDocument) -> ManagedPolicy:
    default = each.default_version if isinstance(each.default_version, str) else _UNNAMED
    versions = {default: _policy(each.document, each.name)}
    if not isinstance(each.other_versions, Unknown):
        versions |= {
            other.name: _policy(other.document, each.name)
            for other in each.other_versions
            if other.name != default
        }
    elif not each.provider_managed:
        versions[f"{_UNNAMED}, if there is one"] = _policy(each.other_versions, each.name)
    return ManagedPolicy(arn=each.arn, default=default, versions=versions)


def _document_of(each: Resource) -> str | Unknown | None:
    match each:
        case StorageBucket() | EncryptionKey() | StoredSecret():
            return each.policy
        case _:
            return Unknown(f"the policy of a {each.kind} was not seen")
