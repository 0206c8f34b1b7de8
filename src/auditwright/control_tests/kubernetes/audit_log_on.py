"""The audit log of API servers."""

from dataclasses import replace
from typing import assert_never

from auditwright.control_tests.kubernetes._clusters import (
    CLUSTER,
    EKS_ARN,
    MANAGED,
    NO_FLAGS,
    NOT_DESCRIBED,
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
from auditwright.core.resources import KubernetesCluster, ManagedCluster

ELSEWHERE = f"its provider describes it as {EKS_ARN}"
NOT_LOGGED = "no audit log records the requests to the API server"


@control_test(
    id="kubernetes.audit-log-on",
    controls=("LOG-01",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console="Amazon EKS > Clusters > the cluster > Observability > Manage logging > switch Audit and Authenticator on.",
        command=(
            "aws eks update-cluster-config --name <cluster> --logging "
            '\'{"clusterLogging":[{"types":["audit","authenticator"],"enabled":true}]}\'; on a control plane of your '
            "own, start kube-apiserver with --audit-policy-file and --audit-log-path"
        ),
        terraform=(
            'in resource "aws_eks_cluster": enabled_cluster_log_types = ["audit", "authenticator"]; and resource '
            '"aws_cloudwatch_log_group" for /aws/eks/<cluster>/cluster with retention_in_days'
        ),
    ),
    examples=(
        Example(MANAGED, Satisfied()),
        Example(replace(MANAGED, logs=("api",)), Deviation(NOT_LOGGED)),
        Example(replace(MANAGED, logs=NOT_DESCRIBED), Undetermined(NOT_DESCRIBED.why)),
        Example(CLUSTER, Satisfied()),
        Example(replace(CLUSTER, audited=False), Deviation(NOT_LOGGED)),
        Example(replace(CLUSTER, managed_as=EKS_ARN, audited=NO_FLAGS), NotApplicable(ELSEWHERE)),
        Example(replace(CLUSTER, audited=NO_FLAGS), Undetermined(NO_FLAGS.why)),
    ),
)
def audit_log_on(cluster: ManagedCluster | KubernetesCluster) -> Outcome:
    """An audit log records the requests to every cluster's API server.

    It alone says who read a secret, opened a shell in a pod or gave a role away. What it did not record
    cannot be found out afterward.
    """
    match cluster:
        case ManagedCluster():
            logged = cluster.logs if isinstance(cluster.logs, Unknown) else "audit" in cluster.logs
        case KubernetesCluster() if cluster.managed_as:
            return NotApplicable(f"its provider describes it as {cluster.managed_as}")
        case KubernetesCluster():
            logged = cluster.audited
        case _:
            assert_never(cluster)
    if isinstance(logged, Unknown):
        return Undetermined(logged.why)
    return Satisfied() if logged else Deviation(NOT_LOGGED)
