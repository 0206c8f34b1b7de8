"""What Kubernetes' own roles and Amazon EKS's access policies allow, as far as access depends on it.

The rules are written down here in our own words, shortened to what levels and escalations ask about.
"""

from collections.abc import Mapping
from types import MappingProxyType

from auditwright.access.kubernetes_rules import EVERY, Rule, rule
from auditwright.core.outcome import Unknown

RBAC_GROUP = "rbac.authorization.k8s.io"
READ = "get list watch"
WRITE = "create update patch delete deletecollection"

WORKLOADS: Mapping[str, str] = MappingProxyType(
    {
        "": "pods replicationcontrollers",
        "apps": "daemonsets deployments replicasets statefulsets",
        "batch": "cronjobs jobs",
    }
)
"""The resources that start pods, by API group."""

EVERYTHING = (
    Rule(verbs=frozenset({EVERY}), api_groups=frozenset({EVERY}), resources=frozenset({EVERY})),
    Rule(verbs=frozenset({EVERY}), urls=frozenset({EVERY})),
)

_VIEW = (
    *(rule(READ, resources, group=group) for group, resources in WORKLOADS.items()),
    rule(READ, "configmaps endpoints persistentvolumeclaims serviceaccounts services"),
    rule(READ, "events limitranges namespaces pods/log pods/status resourcequotas"),
    rule(READ, "ingresses networkpolicies", group="networking.k8s.io"),
    rule(READ, "horizontalpodautoscalers", group="autoscaling"),
    rule(READ, "poddisruptionbudgets", group="policy"),
)
_INSIDE_PODS = "pods/attach pods/exec pods/portforward pods/proxy"
_EDIT = (
    *_VIEW,
    *(rule(WRITE, resources, group=group) for group, resources in WORKLOADS.items()),
    rule(f"{READ} {WRITE}", _INSIDE_PODS),
    rule(READ, "secrets services/proxy"),
    rule(WRITE, "configmaps persistentvolumeclaims secrets serviceaccounts services services/proxy"),
    rule("impersonate", "serviceaccounts"),
    rule(WRITE, "ingresses networkpolicies", group="networking.k8s.io"),
    rule(WRITE, "horizontalpodautoscalers", group="autoscaling"),
    rule(WRITE, "poddisruptionbudgets", group="policy"),
)
_ADMIN = (*_EDIT, rule(f"{READ} {WRITE}", "roles rolebindings", group=RBAC_GROUP))
_TOKENS = rule("create", "serviceaccounts/token")

DEFAULT_ROLES: Mapping[str, tuple[Rule, ...]] = MappingProxyType(
    {
        "cluster-admin": EVERYTHING,
        "admin": (*_ADMIN, _TOKENS),
        "edit": (*_EDIT, _TOKENS),
        "view": _VIEW,
        "system:basic-user": (
            rule("create", "selfsubjectaccessreviews selfsubjectrulesreviews", group="authorization.k8s.io"),
        ),
        "system:discovery": (
            Rule(
                verbs=frozenset({"get"}),
                urls=frozenset(
                    {"/api", "/api/*", "/apis", "/apis/*", "/healthz", "/openapi", "/openapi/*", "/version"}
                ),
            ),
        ),
        # Kubernetes gives its own controllers these service accounts of kube-system, which lead to everything.
        "system:controller:clusterrole-aggregation-controller": (
            rule("escalate get list patch update watch", "clusterroles", group=RBAC_GROUP),
        ),
        "system:controller:generic-garbage-collector": (
            Rule(
                verbs=frozenset({"delete", "get", "list", "patch", "update", "watch"}),
                api_groups=frozenset({EVERY}),
                resources=frozenset({EVERY}),
            ),
        ),
    }
)
"""The cluster roles that every cluster has and that a binding or an escalation may lead to."""

ROLES_OF_EVERYONE = ("system:basic-user", "system:discovery")
"""Cluster roles that everyone who signs in has."""

DEFAULT_CONTROLLERS: Mapping[str, str] = MappingProxyType(
    {
        "clusterrole-aggregation-controller": "system:controller:clusterrole-aggregation-controller",
        "generic-garbage-collector": "system:controller:generic-garbage-collector",
    }
)
"""Service accounts of kube-system that the control plane uses, and the cluster role that each is bound to.
No pod runs as them unless somebody starts one."""

ACCESS_POLICY_ARN = "arn:aws:eks::aws:cluster-access-policy/"

_ACCESS_POLICIES: Mapping[str, tuple[Rule, ...]] = MappingProxyType(
    {
        "AmazonEKSClusterAdminPolicy": EVERYTHING,
        "AmazonEKSAdminPolicy": _ADMIN,
        "AmazonEKSEditPolicy": _EDIT,
        "AmazonEKSViewPolicy": _VIEW,
        "AmazonEKSAdminViewPolicy": (
            Rule(verbs=frozenset(READ.split()), api_groups=frozenset({EVERY}), resources=frozenset({EVERY})),
        ),
        "AmazonEKSSecretReaderPolicy": (rule(READ, "secrets"),),
        "AmazonEKSHybridPolicy": (rule("list", "nodes"),),
    }
)


def access_policy_rules(arn: str) -> tuple[Rule, ...] | Unknown:
    """The rules of an access policy of Amazon EKS; Unknown for one that is not known here."""
    partition, name = arn.partition(":eks::aws:cluster-access-policy/")[::2]
    rules = _ACCESS_POLICIES.get(name) if partition.startswith("arn:aws") else None
    return Unknown(f"what the access policy {arn} allows is not known") if rules is None else rules
