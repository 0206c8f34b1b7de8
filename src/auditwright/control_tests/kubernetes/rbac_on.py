"""Role-based access control of API servers."""

from dataclasses import replace

from auditwright.control_tests.kubernetes._clusters import CLUSTER, EKS_ARN, NO_FLAGS
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import KubernetesCluster

ALWAYS_ON = "its provider runs the API server, and always with role-based access control"


@control_test(
    id="kubernetes.rbac-on",
    controls=("IAM-15",),
    severity=Severity.CRITICAL,
    remediation=Remediation(
        console=(
            "On each control plane node, edit /etc/kubernetes/manifests/kube-apiserver.yaml and set "
            "--authorization-mode=Node,RBAC; the node starts the API server again by itself."
        ),
        command=(
            "kubeadm init phase control-plane apiserver --config kubeadm.yaml, with "
            "authorization-mode: Node,RBAC under apiServer.extraArgs of kubeadm.yaml"
        ),
        terraform=(
            "Set authorization-mode to Node,RBAC where the module that makes the control plane takes the API "
            'server\'s arguments; or let a provider run it: resource "aws_eks_cluster"'
        ),
    ),
    examples=(
        Example(CLUSTER, Satisfied()),
        Example(replace(CLUSTER, rbac=False), Deviation("the API server does not decide by role")),
        Example(replace(CLUSTER, managed_as=EKS_ARN, rbac=NO_FLAGS), NotApplicable(ALWAYS_ON)),
        Example(replace(CLUSTER, rbac=NO_FLAGS), Undetermined(NO_FLAGS.why)),
    ),
)
def rbac_on(cluster: KubernetesCluster) -> Outcome:
    """Every cluster decides by role what a request may do.

    An API server that admits everything, or that knows only identities and no roles, gives each person and each
    workload that reaches it the whole cluster.
    """
    if cluster.managed_as:
        return NotApplicable(ALWAYS_ON)
    if isinstance(cluster.rbac, Unknown):
        return Undetermined(cluster.rbac.why)
    return Satisfied() if cluster.rbac else Deviation("the API server does not decide by role")
