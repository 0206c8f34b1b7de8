"""The ways in which one Kubernetes identity becomes another: what each needs, and what it gains. One table.

A step leads to another identity, or changes the cluster so that identities which are held gain from it: a binding, a
role, a service account, a secret. Whoever changes it and whoever gains need not be the same.

An edge is certain where the API server itself grants the gain. Where the gain depends on what is not in the roles and
bindings (which pods run, what admission refuses), the edge only makes it possible, and says on what it depends.
"""

from dataclasses import dataclass
from enum import StrEnum


class Gain(StrEnum):
    """What an edge leads to."""

    CLUSTER_ADMIN = "everything in the cluster"
    AWS_AUTH = "everything, by mapping oneself to system:masters"
    IMPERSONATION = "the users, groups and service accounts that may be impersonated"
    ROLES = "the roles that may be bound"
    RULES = "any rules, in a role that can be written"
    NEW_ACCOUNTS = "service accounts that do not exist yet"
    FILLED_SECRETS = "secrets that the cluster fills with tokens of service accounts"
    SIGNED_CERTIFICATE = "any name, by a certificate that was requested before"
    CERTIFICATE_REQUEST = "a certificate request that waits for approval"
    SERVICE_ACCOUNTS = "the service accounts of the namespace"
    ACCOUNTS_WITH_SECRETS = "the service accounts whose token was put into a secret"
    RUNNING_SERVICE_ACCOUNTS = "the service accounts that pods run as"
    NODE = "a node, and the service accounts of the pods on it"


class Where(StrEnum):
    """Where a permission is needed."""

    CLUSTER = "in the whole cluster"
    NAMESPACE = "in the namespace that is gained"
    KUBE_SYSTEM = "in kube-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One permission that an edge takes: any of the verbs on any of the resources."""

    verbs: tuple[str, ...]
    group: str = ""
    resources: tuple[str, ...]
    where: Where = Where.NAMESPACE
    name: str | None = None
    """The object's name; None: any object, and none where the verb is `create`."""
    per_account: bool = False
    """True where the object is the service account that is gained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One way to gain: a request, or requests that the same identity makes."""

    id: str
    needs: tuple[Need, ...]
    """Empty for the edges whose needs depend on what is gained; `says` has them."""
    gain: Gain
    depends_on: str = ""
    """What the gain depends on besides the needs; empty: on nothing."""
    says: str


_CHANGE = ("create", "update", "patch")
_TEMPLATED = ("daemonsets", "deployments", "replicasets", "statefulsets")
_ADMISSION = "whether admission accepts the pod and a node runs it was not seen"
_PRIVILEGED = "whether admission refuses pods that reach into their node was not seen"
_SIGNS = "whether the cluster signs client certificates was not seen"
_RUNNING = "which pods run was not seen"

_STARTS_PODS = (
    ("pod", Need(verbs=("create",), resources=("pods",))),
    ("controller", Need(verbs=_CHANGE, resources=("replicationcontrollers",))),
    ("workload", Need(verbs=_CHANGE, group="apps", resources=_TEMPLATED)),
    ("job", Need(verbs=_CHANGE, group="batch", resources=("jobs", "cronjobs"))),
)

EDGES: tuple[Edge, ...] = (
    Edge(
        id="edit-aws-auth",
        needs=(
            Need(
                verbs=("update", "patch"), resources=("configmaps",), where=Where.KUBE_SYSTEM, name="aws-auth"
            ),
        ),
        gain=Gain.AWS_AUTH,
        says="Who may change the aws-auth map maps their own ARN to system:masters.",
    ),
    Edge(
        id="create-aws-auth",
        needs=(Need(verbs=("create",), resources=("configmaps",), where=Where.KUBE_SYSTEM),),
        gain=Gain.AWS_AUTH,
        depends_on="whether the cluster has an aws-auth map already was not seen",
        says="Who may create ConfigMaps in kube-system creates the aws-auth map of a cluster that has none.",
    ),
    Edge(
        id="impersonate",
        needs=(),
        gain=Gain.IMPERSONATION,
        says="`impersonate` on users, groups or serviceaccounts: requests are decided as that identity's.",
    ),
    Edge(
        id="bind",
        needs=(),
        gain=Gain.ROLES,
        says="`bind` on a role and a right to write bindings: the role can be bound to anyone.",
    ),
    Edge(
        id="escalate",
        needs=(),
        gain=Gain.RULES,
        says="`escalate` on a role and a right to write it: the role can be given any rules.",
    ),
    Edge(
        id="request-token",
        needs=(Need(verbs=("create",), resources=("serviceaccounts/token",), per_account=True),),
        gain=Gain.SERVICE_ACCOUNTS,
        says="`create` on serviceaccounts/token gives a token of the service account.",
    ),
    Edge(
        id="create-account",
        needs=(Need(verbs=("create",), resources=("serviceaccounts",)),),
        gain=Gain.NEW_ACCOUNTS,
        says="A service account that a binding names and that does not exist can be created.",
    ),
    Edge(
        id="token-in-secret",
        needs=(Need(verbs=("create",), resources=("secrets",)),),
        gain=Gain.FILLED_SECRETS,
        says="The cluster fills a new secret that is made for the token of a service account.",
    ),
    Edge(
        id="read-token",
        needs=(Need(verbs=("get", "list", "watch"), resources=("secrets",)),),
        gain=Gain.ACCOUNTS_WITH_SECRETS,
        says="Whoever reads the secret has the token of the service account.",
    ),
    Edge(
        id="read-secrets",
        needs=(Need(verbs=("get", "list", "watch"), resources=("secrets",)),),
        gain=Gain.SERVICE_ACCOUNTS,
        depends_on="whether a secret holds a token of the service account was not seen",
        says="Old tokens of service accounts lie in secrets.",
    ),
    *(
        Edge(
            id=f"start-{kind}",
            needs=(need,),
            gain=Gain.SERVICE_ACCOUNTS,
            depends_on=_ADMISSION,
            says="A pod runs as any service account of its namespace, and can give its token away.",
        )
        for kind, need in _STARTS_PODS
    ),
    *(
        Edge(
            id=f"privileged-{kind}",
            needs=(need,),
            gain=Gain.NODE,
            depends_on=_PRIVILEGED,
            says="A privileged pod owns its node, and with it the tokens of the pods on it.",
        )
        for kind, need in _STARTS_PODS
    ),
    Edge(
        id="enter-pod",
        needs=(Need(verbs=("create", "get"), resources=("pods/exec", "pods/attach")),),
        gain=Gain.RUNNING_SERVICE_ACCOUNTS,
        depends_on=_RUNNING,
        says="A command in a pod reads the pod's token.",
    ),
    Edge(
        id="debug-pod",
        needs=(Need(verbs=("update", "patch"), resources=("pods/ephemeralcontainers", "pods")),),
        gain=Gain.RUNNING_SERVICE_ACCOUNTS,
        depends_on=_RUNNING,
        says="A container that is added to a pod, or whose image is changed, reads the pod's token.",
    ),
    Edge(
        id="node-proxy",
        needs=(Need(verbs=("create", "get"), resources=("nodes/proxy",), where=Where.CLUSTER),),
        gain=Gain.NODE,
        depends_on=_RUNNING,
        says="The node's own API runs commands in every pod on it.",
    ),
    Edge(
        id="host-volume",
        needs=(Need(verbs=("create",), resources=("persistentvolumes",), where=Where.CLUSTER),),
        gain=Gain.NODE,
        depends_on=_PRIVILEGED,
        says="A volume can be a folder of the node.",
    ),
    Edge(
        id="request-certificate",
        needs=(
            Need(
                verbs=("create",),
                group="certificates.k8s.io",
                resources=("certificatesigningrequests",),
                where=Where.CLUSTER,
            ),
        ),
        gain=Gain.CERTIFICATE_REQUEST,
        depends_on=_SIGNS,
        says="A certificate can be requested for any name.",
    ),
    Edge(
        id="approve-certificate",
        needs=(
            Need(
                verbs=("update", "patch"),
                group="certificates.k8s.io",
                resources=("certificatesigningrequests/approval",),
                where=Where.CLUSTER,
            ),
            Need(
                verbs=("approve",), group="certificates.k8s.io", resources=("signers",), where=Where.CLUSTER
            ),
        ),
        gain=Gain.SIGNED_CERTIFICATE,
        depends_on=_SIGNS,
        says="Whoever approves a request of their own signs in under any name.",
    ),
    Edge(
        id="admission-webhook",
        needs=(
            Need(
                verbs=_CHANGE,
                group="admissionregistration.k8s.io",
                resources=("mutatingwebhookconfigurations", "validatingwebhookconfigurations"),
                where=Where.CLUSTER,
            ),
        ),
        gain=Gain.CLUSTER_ADMIN,
        depends_on="what passes through admission was not seen",
        says="A webhook sees the secrets that are written, and changes what others create.",
    ),
    Edge(
        id="api-service",
        needs=(
            Need(
                verbs=_CHANGE,
                group="apiregistration.k8s.io",
                resources=("apiservices",),
                where=Where.CLUSTER,
            ),
        ),
        gain=Gain.CLUSTER_ADMIN,
        depends_on="what requests others make was not seen",
        says="A server of one's own receives the requests of others for a part of the API.",
    ),
)

NODE_IDENTITY = Edge(
    id="node-identity",
    needs=(),
    gain=Gain.NODE,
    depends_on=_RUNNING,
    says="A node obtains the tokens of the pods that run on it.",
)
"""The edge of an identity in the group of the nodes."""
