"""Requests without an identity."""

from dataclasses import replace
from typing import assert_never

from auditwright.control_tests.kubernetes._clusters import (
    CLUSTER,
    EKS_ARN,
    MASTERS,
    NO_FLAGS,
    NO_RULES,
    NO_SUBJECTS,
    PUBLIC_INFO,
    READER,
    binding,
    subject,
)
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resource import Related
from auditwright.core.resources import KubernetesBinding, KubernetesCluster, KubernetesRole

NOBODY = {("User", "system:anonymous"), ("Group", "system:unauthenticated")}
"""As whom Kubernetes knows a request without an identity."""

READING = {"get", "head", "list", "watch"}

PROVIDERS = "its provider decides it; what requests without an identity may do stands in the bindings"
ADMITTED = "the API server admits requests without an identity"

ANONYMOUS = subject("User", "system:anonymous")
UNAUTHENTICATED = subject("Group", "system:unauthenticated")


@control_test(
    id="kubernetes.anonymous-access-off",
    controls=("IAM-15",),
    severity=Severity.CRITICAL,
    remediation=Remediation(
        console=(
            "On each control plane node, set --anonymous-auth=false in "
            "/etc/kubernetes/manifests/kube-apiserver.yaml. Where a provider runs the API server, take the subjects "
            "system:anonymous and system:unauthenticated out of every binding."
        ),
        command=(
            "kubectl delete clusterrolebinding <name>, or kubectl edit clusterrolebinding <name> and remove the "
            "subjects system:anonymous and system:unauthenticated"
        ),
        terraform=(
            "remove the subject blocks that name system:anonymous and system:unauthenticated from resource "
            '"kubernetes_cluster_role_binding" and resource "kubernetes_role_binding"'
        ),
    ),
    examples=(
        Example(CLUSTER, Satisfied()),
        Example(replace(CLUSTER, anonymous=True), Deviation(ADMITTED)),
        Example(replace(CLUSTER, managed_as=EKS_ARN, anonymous=NO_FLAGS), NotApplicable(PROVIDERS)),
        Example(replace(CLUSTER, anonymous=NO_FLAGS), Undetermined(NO_FLAGS.why)),
        Example(binding(READER, MASTERS), Satisfied(), given=(READER,)),
        Example(
            binding(READER, ANONYMOUS),
            Deviation("requests without an identity are given the role reader"),
            given=(READER,),
        ),
        Example(
            binding(READER, UNAUTHENTICATED),
            Deviation("requests without an identity are given the role reader, which does not exist yet"),
        ),
        Example(binding(PUBLIC_INFO, UNAUTHENTICATED), Satisfied(), given=(PUBLIC_INFO,)),
        Example(
            binding(READER, ANONYMOUS), Undetermined(NO_RULES.why), given=(replace(READER, rules=NO_RULES),)
        ),
        Example(replace(binding(READER), subjects=NO_SUBJECTS), Undetermined(NO_SUBJECTS.why)),
    ),
)
def anonymous_access_off(
    item: KubernetesCluster | KubernetesBinding,
    *,
    roles: Related[KubernetesRole],
    open_urls: tuple[str, ...] = ("/healthz", "/livez", "/readyz", "/version", "/version/"),
) -> Outcome:
    """No request without an identity is admitted to a cluster or given rights in it.

    Whoever reaches the address of an API server can send such a request. Kubernetes lets them ask for its version and
    whether it is well; a binding that adds to it gives the same to everybody on the network.
    """
    match item:
        case KubernetesCluster():
            return _cluster(item)
        case KubernetesBinding():
            return _binding(item, roles, frozenset(open_urls))
        case _:
            assert_never(item)


def _cluster(cluster: KubernetesCluster) -> Outcome:
    if cluster.managed_as:
        return NotApplicable(PROVIDERS)
    if isinstance(cluster.anonymous, Unknown):
        return Undetermined(cluster.anonymous.why)
    return Deviation(ADMITTED) if cluster.anonymous else Satisfied()


def _binding(item: KubernetesBinding, roles: Related[KubernetesRole], open_urls: frozenset[str]) -> Outcome:
    if isinstance(item.subjects, Unknown):
        return Undetermined(item.subjects.why)
    if not any((one.type, one.name) in NOBODY for one in item.subjects):
        return Satisfied()
    given = f"requests without an identity are given the role {item.role_name}"
    role = roles.get(item.role)
    if role is None:
        return Deviation(f"{given}, which does not exist yet")
    rules = role if isinstance(role, Unknown) else role.rules
    if isinstance(rules, Unknown):
        return Undetermined(rules.why)
    harmless = all(
        not rule.resources and set(rule.verbs) <= READING and set(rule.urls) <= open_urls for rule in rules
    )
    return Satisfied() if harmless else Deviation(given)
