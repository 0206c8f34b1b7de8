"""Roles that name everything instead of something."""

from dataclasses import replace

from auditwright.control_tests.kubernetes._clusters import (
    CLUSTER_ADMIN,
    NO_RULES,
    READER,
    cluster_role,
    rule,
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
from auditwright.core.resources import KubernetesRole, KubernetesRule

BUILT_IN = frozenset({"admin", "cluster-admin", "edit", "view"})
BUILT_IN_LABEL = ("kubernetes.io/bootstrapping", "rbac-defaults")


@control_test(
    id="kubernetes.no-wildcard-roles",
    controls=("IAM-08",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "In the role's manifest, replace * by the verbs and resources that its holders use; the audit log shows "
            "which those are."
        ),
        command=(
            "kubectl create clusterrole <name> --verb=get,list,watch --resource=<resources> --dry-run=client -o yaml | "
            "kubectl apply -f -"
        ),
        terraform=(
            'in the rule blocks of resource "kubernetes_cluster_role" and resource "kubernetes_role": name verbs and '
            "resources instead of *"
        ),
    ),
    examples=(
        Example(READER, Satisfied()),
        Example(
            cluster_role("secret-keeper", rule(verbs=("*",), resources=("secrets",))),
            Deviation("it allows * on secrets"),
        ),
        Example(
            cluster_role("seer", rule(verbs=("get", "list"), resources=("*",))),
            Deviation("it allows get, list on *"),
        ),
        Example(cluster_role("caller", rule(verbs=("get",), urls=("*",))), Deviation("it allows get on *")),
        Example(CLUSTER_ADMIN, NotApplicable("it comes with Kubernetes")),
        Example(
            replace(cluster_role("own", rule(verbs=("*",), resources=("*",)), built_in=True)),
            Deviation("it allows * on *"),
        ),
        Example(
            cluster_role("operator", rule(verbs=("*",), resources=("shops",))),
            NotApplicable("operator is set aside"),
            settings={"set_aside": ("operator",)},
        ),
        Example(replace(READER, rules=NO_RULES), Undetermined(NO_RULES.why)),
    ),
)
def no_wildcard_roles(role: KubernetesRole, *, set_aside: tuple[str, ...] = ()) -> Outcome:
    """No role of the organization's own allows every verb or names every resource.

    A wildcard also holds for what is added to the cluster later: secrets of a new product, resources of a new
    operator. Nobody decided that the role's holders may have them.
    """
    if role.name in set_aside:
        return NotApplicable(f"{role.name} is set aside")
    if _comes_with_kubernetes(role):
        return NotApplicable("it comes with Kubernetes")
    if isinstance(role.rules, Unknown):
        return Undetermined(role.rules.why)
    wide = [
        f"it allows {', '.join(one.verbs)} on {', '.join((*one.resources, *one.urls))}"
        for one in role.rules
        if _is_wide(one)
    ]
    return Deviation("; ".join(wide)) if wide else Satisfied()


def _comes_with_kubernetes(role: KubernetesRole) -> bool:
    # The label alone can be written by anybody; roles of these names are set back to their defaults by the API server.
    return BUILT_IN_LABEL in role.labels and (role.name.startswith("system:") or role.name in BUILT_IN)


def _is_wide(one: KubernetesRule) -> bool:
    return "*" in one.verbs or "*" in one.resources or "*" in one.urls
