"""Items of clusters that the examples start from; each is satisfactory until a field is replaced."""

from auditwright.control_tests._examples import EVIDENCE, HERE, days_ago
from auditwright.core.evidence import Scope
from auditwright.core.ids import IntegrationId, ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import (
    ClusterCreator,
    KubernetesBinding,
    KubernetesCluster,
    KubernetesContainer,
    KubernetesNamespace,
    KubernetesPod,
    KubernetesRole,
    KubernetesRule,
    KubernetesSubject,
    ManagedCluster,
    NetworkRule,
)

CLUSTER_SCOPE = Scope(source=IntegrationId("kubernetes"), account="prod")
CLUSTER_ID = "kubernetes:prod"
EKS_ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/prod"

NO_FLAGS = Unknown("no API server runs as a pod of the cluster, so its flags are not seen")
NOT_DESCRIBED = Unknown("eks:DescribeCluster was refused")
NO_SUBJECTS = Unknown("the binding's subjects cannot be read")
NO_RULES = Unknown("the role's rules cannot be read")
NO_PODS = Unknown("kubernetes:list-pods was refused")
NO_POLICIES = Unknown("kubernetes:list-networkpolicies was refused")

SYSTEM_NAMESPACE = "kube-system"
"""Where a cluster keeps its own: whoever may do everything there may do everything in the cluster."""

CLUSTER = KubernetesCluster(
    id=ResourceId(CLUSTER_ID),
    name="prod",
    scope=CLUSTER_SCOPE,
    evidence=EVIDENCE,
    managed_as="",
    rbac=True,
    anonymous=False,
    audited=True,
    secrets_encrypted=True,
)

MANAGED = ManagedCluster(
    id=ResourceId(EKS_ARN),
    name="prod",
    scope=HERE,
    evidence=EVIDENCE,
    version="1.31",
    status="ACTIVE",
    created_at=days_ago(30),
    authentication_mode="API",
    creator_is_administrator=False,
    creator=ClusterCreator(
        type="AssumedRole",
        arn="arn:aws:iam::111122223333:role/deploy",
        unique_id="AROADEPLOY",
        session="arn:aws:sts::111122223333:assumed-role/deploy/ci",
        with_mfa=False,
        at=days_ago(30),
    ),
    entry_principals=(),
    role="arn:aws:iam::111122223333:role/control-plane",
    oidc_issuer=None,
    public_endpoint=False,
    private_endpoint=True,
    public_networks=(),
    logs=("audit", "authenticator"),
    encryption_key="arn:aws:kms:eu-west-1:111122223333:key/1111",
    tags=(),
)


def rule(
    *,
    verbs: tuple[str, ...] = (),
    resources: tuple[str, ...] = (),
    api_groups: tuple[str, ...] = ("",),
    urls: tuple[str, ...] = (),
) -> KubernetesRule:
    """A rule of a role, for every name."""
    return KubernetesRule(
        verbs=verbs, api_groups=api_groups, resources=resources, resource_names=(), urls=urls
    )


def cluster_role(name: str, *rules: KubernetesRule, built_in: bool = False) -> KubernetesRole:
    """A role of the whole cluster."""
    return KubernetesRole(
        id=ResourceId(f"{CLUSTER_ID}:clusterrole/{name}"),
        name=name,
        scope=CLUSTER_SCOPE,
        evidence=EVIDENCE,
        cluster=CLUSTER_ID,
        namespace="",
        rules=rules,
        aggregated=False,
        labels=(("kubernetes.io/bootstrapping", "rbac-defaults"),) if built_in else (),
    )


EVERYTHING = rule(verbs=("*",), resources=("*",), api_groups=("*",))
CLUSTER_ADMIN = cluster_role("cluster-admin", EVERYTHING, built_in=True)
READER = cluster_role("reader", rule(verbs=("get", "list"), resources=("pods",)))
PUBLIC_INFO = cluster_role(
    "system:public-info-viewer", rule(verbs=("get",), urls=("/healthz", "/version")), built_in=True
)


def subject(type_: str, name: str, *, namespace: str = "") -> KubernetesSubject:
    """Who receives a role."""
    return KubernetesSubject(type=type_, namespace=namespace, name=name)


def binding(role: KubernetesRole, *subjects: KubernetesSubject, namespace: str = "") -> KubernetesBinding:
    """What gives a role of the cluster to subjects."""
    where = f"rolebinding/{namespace}" if namespace else "clusterrolebinding"
    return KubernetesBinding(
        id=ResourceId(f"{CLUSTER_ID}:{where}/{role.name}"),
        name=role.name,
        scope=CLUSTER_SCOPE,
        evidence=EVIDENCE,
        cluster=CLUSTER_ID,
        namespace=namespace,
        role=role.id,
        role_name=role.name,
        subjects=subjects,
    )


ADA_USER = subject("User", "ada@acme.example")
MASTERS = subject("Group", "system:masters")

CONTAINER = KubernetesContainer(name="shop", image="shop:1", privileged=False, added_capabilities=())

POD = KubernetesPod(
    id=ResourceId(f"{CLUSTER_ID}:pod/web/shop-1"),
    name="web/shop-1",
    scope=CLUSTER_SCOPE,
    evidence=EVIDENCE,
    cluster=CLUSTER_ID,
    namespace="web",
    owner="ReplicaSet/shop",
    service_account="default",
    node="node-1",
    containers=(CONTAINER,),
    shares_network=False,
    shares_processes=False,
    host_paths=(),
)

DENY_INBOUND = NetworkRule(
    name="default-deny", every_pod=True, inbound=True, outbound=False, open_inbound=False
)

NAMESPACE = KubernetesNamespace(
    id=ResourceId(f"{CLUSTER_ID}:namespace/web"),
    name="web",
    scope=CLUSTER_SCOPE,
    evidence=EVIDENCE,
    cluster=CLUSTER_ID,
    labels=(),
    pods=3,
    network_rules=(DENY_INBOUND,),
)
