"""Kubernetes clusters, as their own API shows them."""

from dataclasses import dataclass

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesCluster(Resource):
    """A cluster whose API was asked; what only the API server's own flags say is Unknown where they are not shown."""

    managed_as: str
    """The ARN of the cluster where a cloud runs its control plane and describes it; empty for one that runs itself."""
    rbac: bool | Unknown
    """True where roles decide what a request may do, and no mode admits everything."""
    anonymous: bool | Unknown
    """True where the API server admits requests without an identity at all."""
    audited: bool | Unknown
    """True where the API server writes an audit log."""
    secrets_encrypted: bool | Unknown
    """True where the API server encrypts secrets before it stores them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesRule:
    """One rule of a role: it allows each verb on each resource or URL; there are no rules that deny."""

    verbs: tuple[str, ...]
    api_groups: tuple[str, ...]
    resources: tuple[str, ...]
    resource_names: tuple[str, ...]
    """Empty for every name."""
    urls: tuple[str, ...]
    """Paths of the API that are no resources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesRole(Resource):
    """A role of one namespace or of the whole cluster."""

    cluster: str
    """The id of its cluster."""
    namespace: str
    """Empty for a role of the whole cluster."""
    rules: tuple[KubernetesRule, ...] | Unknown
    aggregated: bool
    """True where the cluster fills it with the rules of roles that bear certain labels."""
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesSubject:
    """Who receives a role."""

    type: str
    """User, Group or ServiceAccount."""
    namespace: str
    """A service account's; else empty."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesBinding(Resource):
    """What gives a role to subjects, in one namespace or in the whole cluster."""

    cluster: str
    namespace: str
    """Empty where the role is given in the whole cluster."""
    role: str
    """The id of its role, whether or not there is such a role."""
    role_name: str
    subjects: tuple[KubernetesSubject, ...] | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesServiceAccount(Resource):
    """An account of programs inside a cluster."""

    cluster: str
    namespace: str
    cloud_role: str | None
    """The ARN of the cloud role that its pods may take; None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesIdentityMap(Resource):
    """The config map aws-auth of one cluster: which identities of the cloud are who in the cluster.

    Each part is the map's YAML as JSON, whole; None where the map does not have it.
    """

    cluster: str
    managed_as: str
    """The ARN of the cluster where a cloud runs its control plane; empty where that was not said."""
    exists: bool
    """False where the API answered that there is none."""
    map_roles: str | Unknown | None
    map_users: str | Unknown | None
    map_accounts: str | Unknown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRule:
    """What one network policy does in a namespace."""

    name: str
    every_pod: bool
    """True where it selects every pod of the namespace."""
    inbound: bool
    """True where it limits who may reach the pods."""
    outbound: bool
    open_inbound: bool
    """True where a rule of it lets everything in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesNamespace(Resource):
    """A namespace, what runs in it and which network policies stand in it."""

    cluster: str
    labels: tuple[tuple[str, str], ...]
    pods: int | Unknown
    """Pods that have not ended."""
    network_rules: tuple[NetworkRule, ...] | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesContainer:
    """What a container may do to its node."""

    name: str
    image: str
    privileged: bool
    added_capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesPod(Resource):
    """A pod that has not ended."""

    cluster: str
    namespace: str
    owner: str
    """What made it, such as DaemonSet/agent; empty where nothing did."""
    service_account: str
    node: str
    containers: tuple[KubernetesContainer, ...] | Unknown
    shares_network: bool | Unknown
    """True where it shares its node's network."""
    shares_processes: bool | Unknown
    """True where it sees its node's processes or their memory."""
    host_paths: tuple[str, ...] | Unknown
    """Folders of the node that it mounts."""
