"""Kubernetes: who may do what in a cluster, and what runs in it, from its API or from files that kubectl wrote.

Read are roles, bindings, service accounts, the config map aws-auth, namespaces, pods and network policies. Secrets are
never asked for, and of an object only the fields that facts are derived from are kept.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.integration import ConfigField, Integration, Stream, Takes
from auditwright.core.resource import Resource
from auditwright.core.resources import (
    KubernetesBinding,
    KubernetesCluster,
    KubernetesIdentityMap,
    KubernetesNamespace,
    KubernetesPod,
    KubernetesRole,
    KubernetesServiceAccount,
)
from auditwright.integrations.kubernetes import access, workloads
from auditwright.integrations.kubernetes.collect import check, collect
from auditwright.integrations.kubernetes.questions import ACCESS, WORKLOADS
from auditwright.integrations.kubernetes.reading import Lists
from auditwright.integrations.kubernetes.settings import (
    ACCESS_STREAM,
    ATTEMPTS,
    KUBERNETES,
    TIMEOUT_S,
    WORKLOADS_STREAM,
    targets,
)


def _normalize(
    read: Callable[[Lists], Iterator[Resource]],
) -> Callable[[Sequence[Evidence], Sequence[Gap]], Iterable[Resource]]:
    def normalize(evidence: Sequence[Evidence], gaps: Sequence[Gap]) -> Iterable[Resource]:
        # With gaps alone there is nothing to derive from, and no scope to say whose it would be.
        return read(Lists(evidence, gaps)) if evidence else ()

    return normalize


INTEGRATION: Final = Integration(
    id=KUBERNETES,
    title="Kubernetes",
    summary="Roles, bindings, workloads and network policies of clusters, from their API or from files of kubectl.",
    fields=(
        ConfigField(
            name="clusters",
            title="Clusters",
            help='Such as [{ name = "prod", context = "prod", eks = "arn:aws:eks:eu-west-1:123456789012:cluster/prod" }]; '
            "left out: the one cluster of the credentials in use. context and kubeconfig say how to reach the API: by "
            "default the current context of ~/.kube/config, or the pod's own account inside a cluster. folder names files "
            "of kubectl to read instead, such as pods.json. eks ties it to the cluster that AWS describes.",
            takes=Takes.TABLES,
            names_files=("folder",),
            # A kubeconfig may name a program that is run for credentials.
            by_hand=("kubeconfig",),
        ),
        ConfigField(
            name="timeout_s",
            title="Timeout in seconds",
            help="How long to wait for one page before the API server counts as unreachable.",
            default=str(int(TIMEOUT_S)),
            takes=Takes.NUMBER,
        ),
        ConfigField(
            name="attempts",
            title="Attempts",
            help="How often one page is attempted, with growing pauses, while the API server asks to slow down.",
            default=str(ATTEMPTS),
            takes=Takes.NUMBER,
        ),
    ),
    streams=(
        Stream(
            id=ACCESS_STREAM,
            title="Roles, bindings and identities",
            operations=tuple(question.as_operation() for question in ACCESS),
            emits=(KubernetesRole, KubernetesBinding, KubernetesServiceAccount, KubernetesIdentityMap),
            collect=collect,
            normalize=_normalize(access.normalize),
        ),
        Stream(
            id=WORKLOADS_STREAM,
            title="Namespaces, pods and network policies",
            operations=tuple(question.as_operation() for question in WORKLOADS),
            emits=(KubernetesCluster, KubernetesNamespace, KubernetesPod),
            collect=collect,
            normalize=_normalize(workloads.normalize),
        ),
    ),
    targets=targets,
    check=check,
    read=lambda config: tuple(targets(config)),
)
