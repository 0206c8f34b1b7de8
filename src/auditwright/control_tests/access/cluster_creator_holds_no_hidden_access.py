"""The hidden rights of whoever made a cluster."""

from dataclasses import replace

from auditwright.control_tests.kubernetes._clusters import MANAGED, NOT_DESCRIBED
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import ClusterCreator, ManagedCluster

HIDDEN = replace(MANAGED, authentication_mode="CONFIG_MAP", creator_is_administrator=True)
NO_EVENT = Unknown("CloudTrail's event history holds no CreateCluster event of prod")


@control_test(
    id="access.cluster-creator-holds-no-hidden-access",
    controls=("IAM-08", "IAM-15"),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "EKS > Clusters > the cluster > Access > Manage access mode: EKS API. The creator's rights are then an access "
            "entry, which can be deleted. The mode cannot be changed back."
        ),
        command=(
            "aws eks update-cluster-config --name <cluster> --access-config authenticationMode=API; then: aws eks "
            "delete-access-entry --cluster-name <cluster> --principal-arn <creator-arn>"
        ),
        terraform=(
            'resource "aws_eks_cluster": access_config with authentication_mode = "API" and '
            "bootstrap_cluster_creator_admin_permissions = false"
        ),
    ),
    examples=(
        Example(MANAGED, Satisfied("who is administrator stands in the access entries: API")),
        Example(
            HIDDEN,
            Deviation(
                "arn:aws:iam::111122223333:role/deploy made the cluster, and is its administrator by a grant that no "
                "list shows and nobody can take back"
            ),
        ),
        Example(
            replace(HIDDEN, creator=NO_EVENT),
            Deviation(
                "whoever made the cluster is its administrator by a grant that no list shows and nobody can take back; "
                f"who that is, is not known: {NO_EVENT.why}"
            ),
        ),
        Example(
            replace(HIDDEN, creator_is_administrator=False),
            Undetermined(
                "the cluster says that it was made without rights for its creator; whether that holds in the mode "
                "CONFIG_MAP was never confirmed"
            ),
        ),
        Example(replace(MANAGED, authentication_mode=NOT_DESCRIBED), Undetermined(NOT_DESCRIBED.why)),
        Example(replace(HIDDEN, creator_is_administrator=NOT_DESCRIBED), Undetermined(NOT_DESCRIBED.why)),
        Example(
            replace(MANAGED, authentication_mode="NEWER"),
            Undetermined("the authentication mode NEWER is not one that is known"),
        ),
    ),
)
def cluster_creator_holds_no_hidden_access(cluster: ManagedCluster) -> Outcome:
    """Whoever made a cluster has no rights in it that no list shows.

    In the mode CONFIG_MAP the creator stays administrator for good, matched by name: an account that is deleted and made
    again regains the cluster. With access entries the creator's rights stand in a list.
    """
    mode = cluster.authentication_mode
    if isinstance(mode, Unknown):
        return Undetermined(mode.why)
    if mode in {"API", "API_AND_CONFIG_MAP"}:
        return Satisfied(f"who is administrator stands in the access entries: {mode}")
    if mode != "CONFIG_MAP":
        return Undetermined(f"the authentication mode {mode} is not one that is known")
    return _in_config_map_mode(cluster)


def _in_config_map_mode(cluster: ManagedCluster) -> Outcome:
    if isinstance(cluster.creator_is_administrator, Unknown):
        return Undetermined(cluster.creator_is_administrator.why)
    if cluster.creator_is_administrator is False:
        return Undetermined(
            "the cluster says that it was made without rights for its creator; whether that holds in the mode CONFIG_MAP "
            "was never confirmed"
        )
    grant = "its administrator by a grant that no list shows and nobody can take back"
    if isinstance(cluster.creator, ClusterCreator):
        return Deviation(f"{cluster.creator.arn} made the cluster, and is {grant}")
    return Deviation(f"whoever made the cluster is {grant}; who that is, is not known: {cluster.creator.why}")
