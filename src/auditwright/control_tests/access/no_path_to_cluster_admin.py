"""What all first factors together come to in a cluster."""

from auditwright.control_tests.access._proofs import (
    ALL_KEYS,
    CERTIFICATE,
    CLUSTER_ADMINISTRATOR,
    EVERYBODY,
    KEY,
    NO_KEYS,
    outcome_of,
    reached,
    to_cluster,
    unseen,
)
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined
from auditwright.core.resources import ProvedAccess

CLUSTER = to_cluster(ALL_KEYS)


@control_test(
    id="access.no-path-to-cluster-admin",
    controls=("IAM-02", "IAM-15"),
    severity=Severity.CRITICAL,
    remediation=Remediation(
        console=(
            "Close one step of the path: take the principal out of the cluster's access entries or of aws-auth, or let "
            "the trust policy of the role on the way require aws:MultiFactorAuthPresent."
        ),
        command=(
            "aws eks delete-access-entry --cluster-name <cluster> --principal-arn <arn>; where aws-auth names it: "
            "kubectl edit configmap aws-auth --namespace kube-system"
        ),
        terraform='remove resource "aws_eks_access_entry" of the principal, or its line of resource "kubernetes_config_map_v1_data"',
    ),
    examples=(
        Example(CLUSTER, Satisfied(f"proved out of reach: certificate {CERTIFICATE}")),
        Example(
            reached(CLUSTER, "key:ada", "sts:AssumeRole admin"),
            Deviation("administrator of cluster prod is within reach: key:ada, then sts:AssumeRole admin"),
        ),
        Example(
            unseen(CLUSTER),
            Undetermined(f"it is not known whether administrator of cluster prod is within reach: {NO_KEYS}"),
        ),
        Example(ALL_KEYS, NotApplicable("it is not about the administrator of a cluster")),
        Example(to_cluster(KEY), NotApplicable("it is about one credential")),
    ),
)
def no_path_to_cluster_admin(proof: ProvedAccess) -> Outcome:
    """Without a second factor, nobody becomes administrator of a cluster.

    Not even whoever has every key and password at once. Paths cross from one identity to the next: a key that may only hand out keys is a way to every role.
    """
    if proof.target_type != CLUSTER_ADMINISTRATOR:
        return NotApplicable("it is not about the administrator of a cluster")
    if proof.credential_type != EVERYBODY:
        return NotApplicable("it is about one credential")
    return outcome_of(proof)
