"""Pods that are not kept apart from their node."""

from dataclasses import replace

from auditwright.control_tests.kubernetes._clusters import CONTAINER, POD, SYSTEM_NAMESPACE
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import KubernetesPod

HARMLESS = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
"""Kubernetes, Pod Security Standards, baseline: capabilities that a container may add."""

NO_CONTAINERS = Unknown("the answer names no container of the pod; every pod has one")
PRIVILEGED = replace(CONTAINER, privileged=True)
ADMINISTRATOR = replace(CONTAINER, added_capabilities=("SYS_ADMIN", "CHOWN"))
AGENT = "web/DaemonSet/agent"


@control_test(
    id="kubernetes.no-privileged-pods",
    controls=("VUL-06",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "In the workload's manifest, take out securityContext.privileged, hostNetwork, hostPID, hostIPC, hostPath "
            "volumes and added capabilities. Then label the namespace so that none comes back."
        ),
        command="kubectl label namespace <namespace> pod-security.kubernetes.io/enforce=baseline",
        terraform=(
            'in resource "kubernetes_namespace": metadata { labels = { "pod-security.kubernetes.io/enforce" = '
            '"baseline" } }'
        ),
    ),
    examples=(
        Example(POD, Satisfied()),
        Example(replace(POD, containers=(CONTAINER, PRIVILEGED)), Deviation("container shop is privileged")),
        Example(
            replace(POD, containers=(ADMINISTRATOR,)),
            Deviation("container shop adds the capability SYS_ADMIN"),
        ),
        Example(
            replace(POD, shares_network=True, shares_processes=True),
            Deviation("it shares its node's network; it sees its node's processes"),
        ),
        Example(replace(POD, host_paths=("/var/run",)), Deviation("it mounts /var/run of its node")),
        Example(
            replace(POD, owner="DaemonSet/agent", shares_network=True),
            NotApplicable(f"{AGENT} is set aside"),
            settings={"set_aside": (AGENT,)},
        ),
        Example(
            replace(POD, namespace=SYSTEM_NAMESPACE, shares_network=True),
            NotApplicable("kube-system holds the cluster's own pods"),
        ),
        Example(replace(POD, containers=NO_CONTAINERS), Undetermined(NO_CONTAINERS.why)),
    ),
)
def no_privileged_pods(
    pod: KubernetesPod,
    *,
    system_namespaces: tuple[str, ...] = (SYSTEM_NAMESPACE,),
    set_aside: tuple[str, ...] = (),
) -> Outcome:
    """No pod runs with the rights of its node.

    A program that breaks out of such a pod, or is taken over in it, holds the node, the tokens of every other pod on it
    and the node's role in the cloud. Agents that need it are set aside by name, as namespace/kind/name of what made them.
    """
    owner = f"{pod.namespace}/{pod.owner}"
    if owner in set_aside:
        return NotApplicable(f"{owner} is set aside")
    if pod.namespace in system_namespaces:
        return NotApplicable(f"{pod.namespace} holds the cluster's own pods")
    wrong = [
        *(("it shares its node's network",) if pod.shares_network is True else ()),
        *(("it sees its node's processes",) if pod.shares_processes is True else ()),
        *(
            f"it mounts {path} of its node"
            for path in (() if isinstance(pod.host_paths, Unknown) else pod.host_paths)
        ),
    ]
    for container in () if isinstance(pod.containers, Unknown) else pod.containers:
        added = sorted(
            name for name in container.added_capabilities if name.upper().removeprefix("CAP_") not in HARMLESS
        )
        wrong += [f"container {container.name} is privileged"] if container.privileged else []
        wrong += [f"container {container.name} adds the capability {name}" for name in added]
    if wrong:
        return Deviation("; ".join(wrong))
    for fact in (pod.containers, pod.shares_network, pod.shares_processes, pod.host_paths):
        if isinstance(fact, Unknown):
            return Undetermined(fact.why)
    return Satisfied()
