"""Network policies of namespaces."""

from dataclasses import replace

from auditwright.control_tests.kubernetes._clusters import (
    DENY_INBOUND,
    NAMESPACE,
    NO_PODS,
    NO_POLICIES,
    SYSTEM_NAMESPACE,
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
from auditwright.core.resources import KubernetesNamespace

OPEN = "no network policy limits what reaches its pods"
ALLOW_ALL = replace(DENY_INBOUND, name="allow-all", open_inbound=True)
OF_SOME = replace(DENY_INBOUND, name="of-some", every_pod=False)


@control_test(
    id="kubernetes.namespaces-isolated",
    controls=("NET-06",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "Add to each namespace a NetworkPolicy with an empty podSelector and policyTypes: [Ingress], then one policy "
            "for each connection that is needed. The cluster's network has to enforce them: on Amazon EKS, switch network "
            "policies on in the VPC CNI add-on."
        ),
        command=(
            "kubectl apply -f default-deny.yaml --namespace <namespace>, where default-deny.yaml holds a NetworkPolicy "
            "with podSelector: {} and policyTypes: [Ingress]"
        ),
        terraform=(
            'resource "kubernetes_network_policy" with spec { pod_selector {} policy_types = ["Ingress"] } in each '
            "namespace"
        ),
    ),
    examples=(
        Example(NAMESPACE, Satisfied()),
        Example(replace(NAMESPACE, network_rules=()), Deviation(OPEN)),
        Example(replace(NAMESPACE, network_rules=(OF_SOME,)), Deviation(OPEN)),
        Example(
            replace(NAMESPACE, network_rules=(DENY_INBOUND, ALLOW_ALL)),
            Deviation("the network policy allow-all lets everything in"),
        ),
        Example(replace(NAMESPACE, pods=0, network_rules=()), NotApplicable("no pod runs in it")),
        Example(
            replace(NAMESPACE, name=SYSTEM_NAMESPACE, network_rules=()),
            NotApplicable("kube-system holds the cluster's own pods"),
        ),
        Example(replace(NAMESPACE, pods=NO_PODS, network_rules=()), Undetermined(NO_PODS.why)),
        Example(replace(NAMESPACE, network_rules=NO_POLICIES), Undetermined(NO_POLICIES.why)),
    ),
)
def namespaces_isolated(
    namespace: KubernetesNamespace,
    *,
    system_namespaces: tuple[str, ...] = (SYSTEM_NAMESPACE, "kube-node-lease", "kube-public"),
) -> Outcome:
    """Every namespace with workloads limits by network policy what may reach them.

    Without a policy every pod of a cluster reaches every other, so that whoever takes over one reaches all. Policies
    of a network add-on's own kind are not seen.
    """
    if namespace.name in system_namespaces:
        return NotApplicable(f"{namespace.name} holds the cluster's own pods")
    if namespace.pods == 0:
        return NotApplicable("no pod runs in it")
    rules = namespace.network_rules
    if isinstance(rules, Unknown):
        return Undetermined(rules.why)
    opening = [rule.name for rule in rules if rule.every_pod and rule.inbound and rule.open_inbound]
    if not opening and any(rule.every_pod and rule.inbound for rule in rules):
        return Satisfied()
    if isinstance(namespace.pods, Unknown):
        return Undetermined(namespace.pods.why)
    return Deviation(f"the network policy {opening[0]} lets everything in" if opening else OPEN)
