"""What is asked of a cluster, as values: collection, the reading of files, permissions and documentation follow from these.

Every question is a list, so that "there is none" is an empty list and never an error. Secrets are never asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from auditwright.core.integration import Operation
from auditwright.core.resource import Resource
from auditwright.core.resources import (
    KubernetesBinding,
    KubernetesIdentityMap,
    KubernetesNamespace,
    KubernetesPod,
    KubernetesRole,
    KubernetesServiceAccount,
)
from auditwright.integrations.kubernetes import kept

SYSTEM_NAMESPACE: Final = "kube-system"
"""Where a cluster keeps its own; every cluster has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One list of a cluster's API."""

    name: str
    """The resource as kubectl and file names have it, such as `rolebindings`."""
    kind: str
    """The kind of each item, such as `RoleBinding`."""
    group: str
    """The API group; empty for the core's."""
    api: str
    """The client's class for the group."""
    method: str
    """Its method that lists them in every namespace."""
    keep: Callable[[Mapping[str, object]], Mapping[str, object]]
    """What of an item is kept: no secrets, and nothing that changes without meaning."""
    lists: tuple[type[Resource], ...] = ()
    """The kinds whose items a refusal hides; empty where facts of other items come of it."""
    arguments: tuple[tuple[str, str], ...] = ()
    """Arguments of the client's method beside paging."""
    in_system: bool = False
    """True where every cluster has such items in its own namespace, so that a list without them is of one namespace."""
    command: str = ""
    """The kubectl command, where it is not `get` of the name in all namespaces."""

    @property
    def operation(self) -> str:
        """The operation as evidence and gaps name it."""
        return f"kubernetes:list-{self.name}"

    @property
    def kubectl(self) -> str:
        """The command that repeats it by hand."""
        return self.command or f"kubectl get {self.name} --all-namespaces -o json"

    @property
    def permission(self) -> str:
        """The permission in words, such as `list roles.rbac.authorization.k8s.io`."""
        where = f" in {SYSTEM_NAMESPACE}" if self.arguments else ""
        return f"list {'.'.join(filter(None, (self.resource, self.group)))}{where}"

    @property
    def resource(self) -> str:
        """The resource as roles name it."""
        return "configmaps" if self.kind == "ConfigMap" else self.name

    @property
    def hides_items(self) -> bool:
        """Whether a refusal hides items of a population, or only facts."""
        return bool(self.lists)

    def as_operation(self) -> Operation:
        """The question as the application knows it."""
        return Operation(name=self.operation, permission=self.permission, lists=self.lists)


_RBAC: Final = "rbac.authorization.k8s.io"

NAMESPACES: Final = Question(
    name="namespaces",
    kind="Namespace",
    group="",
    api="CoreV1Api",
    method="list_namespace",
    keep=kept.namespace,
    lists=(KubernetesNamespace,),
    command="kubectl get namespaces -o json",
)
PODS: Final = Question(
    name="pods",
    kind="Pod",
    group="",
    api="CoreV1Api",
    method="list_pod_for_all_namespaces",
    keep=kept.pod,
    lists=(KubernetesPod,),
)
NETWORK_POLICIES: Final = Question(
    name="networkpolicies",
    kind="NetworkPolicy",
    group="networking.k8s.io",
    api="NetworkingV1Api",
    method="list_network_policy_for_all_namespaces",
    keep=kept.network_policy,
)
ROLES: Final = Question(
    name="roles",
    kind="Role",
    group=_RBAC,
    api="RbacAuthorizationV1Api",
    method="list_role_for_all_namespaces",
    keep=kept.role,
    lists=(KubernetesRole,),
    in_system=True,
)
CLUSTER_ROLES: Final = Question(
    name="clusterroles",
    kind="ClusterRole",
    group=_RBAC,
    api="RbacAuthorizationV1Api",
    method="list_cluster_role",
    keep=kept.role,
    lists=(KubernetesRole,),
    command="kubectl get clusterroles -o json",
)
ROLE_BINDINGS: Final = Question(
    name="rolebindings",
    kind="RoleBinding",
    group=_RBAC,
    api="RbacAuthorizationV1Api",
    method="list_role_binding_for_all_namespaces",
    keep=kept.binding,
    lists=(KubernetesBinding,),
    in_system=True,
)
CLUSTER_ROLE_BINDINGS: Final = Question(
    name="clusterrolebindings",
    kind="ClusterRoleBinding",
    group=_RBAC,
    api="RbacAuthorizationV1Api",
    method="list_cluster_role_binding",
    keep=kept.binding,
    lists=(KubernetesBinding,),
    command="kubectl get clusterrolebindings -o json",
)
SERVICE_ACCOUNTS: Final = Question(
    name="serviceaccounts",
    kind="ServiceAccount",
    group="",
    api="CoreV1Api",
    method="list_service_account_for_all_namespaces",
    keep=kept.service_account,
    lists=(KubernetesServiceAccount,),
    in_system=True,
)
AWS_AUTH: Final = Question(
    name="aws-auth",
    kind="ConfigMap",
    group="",
    api="CoreV1Api",
    method="list_namespaced_config_map",
    # Listed by its one name, for which a role that names it is enough; an empty list means that there is none.
    arguments=(("namespace", SYSTEM_NAMESPACE), ("field_selector", "metadata.name=aws-auth")),
    keep=kept.identity_map,
    lists=(KubernetesIdentityMap,),
    command=f"kubectl get configmaps --namespace {SYSTEM_NAMESPACE} --field-selector metadata.name=aws-auth -o json",
)

ACCESS: Final = (ROLES, CLUSTER_ROLES, ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS, SERVICE_ACCOUNTS, AWS_AUTH)
"""Who may do what in a cluster."""

WORKLOADS: Final = (NAMESPACES, PODS, NETWORK_POLICIES)
"""What runs in a cluster, and how it is set up."""
