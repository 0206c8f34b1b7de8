"""Who may do everything in a cluster."""

from dataclasses import replace

from auditwright.control_tests.kubernetes._clusters import (
    ADA_USER,
    CLUSTER_ADMIN,
    EVERYTHING,
    MASTERS,
    NO_RULES,
    NO_SUBJECTS,
    READER,
    SYSTEM_NAMESPACE,
    binding,
    cluster_role,
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
from auditwright.core.resources import KubernetesBinding, KubernetesRole, KubernetesSubject

ADMINISTRATOR = "cluster-admin"
OWN = cluster_role("platform", EVERYTHING)
SHOP = subject("ServiceAccount", "shop", namespace="web")


@control_test(
    id="kubernetes.few-cluster-administrators",
    controls=("IAM-08", "IAM-15"),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "Give each subject a role with what its work needs, in the namespaces of its work, and delete the binding. "
            "Name who has to stay administrator in the setting `expected` of this test."
        ),
        command=(
            "kubectl create rolebinding <name> --clusterrole=edit --user=<user> --namespace=<namespace>; then: kubectl "
            "delete clusterrolebinding <name>"
        ),
        terraform=(
            'replace resource "kubernetes_cluster_role_binding" of cluster-admin by resource "kubernetes_role_binding" '
            "of a role with what the work needs"
        ),
    ),
    examples=(
        Example(binding(CLUSTER_ADMIN, MASTERS), Satisfied(), given=(CLUSTER_ADMIN,)),
        Example(
            binding(CLUSTER_ADMIN, MASTERS, ADA_USER, SHOP),
            Deviation("may do everything: User ada@acme.example, ServiceAccount web/shop"),
            given=(CLUSTER_ADMIN,),
        ),
        Example(
            binding(CLUSTER_ADMIN, ADA_USER),
            Satisfied(),
            given=(CLUSTER_ADMIN,),
            settings={"expected": ("User ada@acme.example",)},
        ),
        Example(binding(OWN, ADA_USER), Deviation("may do everything: User ada@acme.example"), given=(OWN,)),
        Example(
            binding(CLUSTER_ADMIN, ADA_USER, namespace=SYSTEM_NAMESPACE),
            Deviation("may do everything: User ada@acme.example"),
            given=(CLUSTER_ADMIN,),
        ),
        Example(
            binding(CLUSTER_ADMIN, ADA_USER, namespace="web"),
            NotApplicable("it gives its role in web alone"),
            given=(CLUSTER_ADMIN,),
        ),
        Example(
            binding(READER, ADA_USER),
            NotApplicable("the role reader may not do everything"),
            given=(READER,),
        ),
        Example(binding(OWN, ADA_USER), Undetermined(NO_RULES.why), given=(replace(OWN, rules=NO_RULES),)),
        Example(
            replace(binding(CLUSTER_ADMIN), subjects=NO_SUBJECTS),
            Undetermined(NO_SUBJECTS.why),
            given=(CLUSTER_ADMIN,),
        ),
    ),
)
def few_cluster_administrators(
    item: KubernetesBinding,
    *,
    roles: Related[KubernetesRole],
    expected: tuple[str, ...] = ("Group system:masters", "User eks:addon-manager"),
) -> Outcome:
    """Only expected subjects may do everything in a cluster.

    Whoever holds the role cluster-admin, or one like it, reads every secret and changes every workload. A service
    account that holds it gives it to each program that runs in its pods.
    """
    if item.namespace and item.namespace != SYSTEM_NAMESPACE:
        return NotApplicable(f"it gives its role in {item.namespace} alone")
    everything = _may_do_everything(item, roles)
    if everything is False:
        return NotApplicable(f"the role {item.role_name} may not do everything")
    if isinstance(item.subjects, Unknown):
        return Undetermined(item.subjects.why)
    others = [name for name in map(_named, item.subjects) if name not in expected]
    if not others:
        return Satisfied()
    if isinstance(everything, Unknown):
        return Undetermined(everything.why)
    return Deviation(f"may do everything: {', '.join(others)}")


def _may_do_everything(item: KubernetesBinding, roles: Related[KubernetesRole]) -> bool | Unknown:
    if item.role_name == ADMINISTRATOR:
        return True
    role = roles.get(item.role)
    if role is None:
        return False
    rules = role if isinstance(role, Unknown) else role.rules
    if isinstance(rules, Unknown):
        return rules
    return any("*" in rule.verbs and "*" in rule.resources and "*" in rule.api_groups for rule in rules)


def _named(one: KubernetesSubject) -> str:
    return f"{one.type} {one.namespace}/{one.name}" if one.namespace else f"{one.type} {one.name}"
