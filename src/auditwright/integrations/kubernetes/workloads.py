"""What runs in a cluster: namespaces, pods, the network policies around them, and how its API server was started.

The flags of an API server are seen where it runs as a pod of its own cluster that its node made; a cloud that runs the
control plane shows none, and describes the cluster elsewhere. Of several API servers the weakest counts.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from auditwright.core.ids import ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import (
    KubernetesCluster,
    KubernetesContainer,
    KubernetesNamespace,
    KubernetesPod,
    NetworkRule,
)
from auditwright.integrations.kubernetes.questions import NAMESPACES, NETWORK_POLICIES, PODS
from auditwright.integrations.kubernetes.reading import Lists, Part

_ENDED: Final = ("Succeeded", "Failed")
_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")


def normalize(lists: Lists) -> Iterator[Resource]:
    """The cluster, its namespaces and the pods that have not ended."""
    yield _cluster(lists)
    pods = [item for item in lists.items(PODS) if _runs(item)]
    yield from _namespaces(lists, pods)
    for item in pods:
        yield _pod(lists, item)


def _runs(item: Part) -> bool:
    return item.part("status").text_or_empty("phase") not in _ENDED


# --- Namespaces ----------------------------------------------------------------------------------------------


def _namespaces(lists: Lists, pods: list[Part]) -> Iterator[KubernetesNamespace]:
    running = Counter(item.part("metadata").text("namespace") for item in pods)
    rules: dict[str, list[NetworkRule]] = {}
    for item in lists.items(NETWORK_POLICIES):
        rules.setdefault(item.part("metadata").text("namespace"), []).append(_network_rule(item))
    no_pods, no_rules = lists.unseen(PODS), lists.unseen(NETWORK_POLICIES)
    for item in lists.items(NAMESPACES):
        metadata = item.part("metadata")
        name = metadata.text("name")
        yield KubernetesNamespace(
            id=ResourceId(f"{lists.cluster}:namespace/{name}"),
            name=name,
            scope=lists.scope,
            evidence=(item.digest, *lists.digests(PODS, NETWORK_POLICIES)),
            cluster=lists.cluster,
            labels=metadata.pairs("labels"),
            pods=running[name] if no_pods is None else no_pods,
            network_rules=tuple(rules.get(name, ())) if no_rules is None else no_rules,
        )


def _network_rule(item: Part) -> NetworkRule:
    spec = item.part("spec")
    selector = spec.part("podSelector")
    types = spec.texts("policyTypes")
    return NetworkRule(
        name=item.part("metadata").text("name"),
        every_pod=not selector.part("matchLabels").fields and not selector.parts("matchExpressions"),
        # Without types, a policy limits what comes in, and what goes out where it has such rules.
        inbound="Ingress" in types or not types,
        outbound="Egress" in types or (not types and spec.has("egress")),
        # A rule that names no peer and no port lets everything in.
        open_inbound=any(
            not rule.parts("from") and not rule.parts("ports") for rule in spec.parts("ingress")
        ),
    )


# --- Pods ----------------------------------------------------------------------------------------------------


def _pod(lists: Lists, item: Part) -> KubernetesPod:
    metadata, spec = item.part("metadata"), item.part("spec")
    name, namespace = metadata.text("name"), metadata.text("namespace")
    unseen = None
    if not spec.parts("containers"):
        unseen = Unknown("the answer names no container of the pod; every pod has one")
    return KubernetesPod(
        id=ResourceId(f"{lists.cluster}:pod/{namespace}/{name}"),
        name=f"{namespace}/{name}",
        scope=lists.scope,
        evidence=(item.digest,),
        cluster=lists.cluster,
        namespace=namespace,
        owner=_owner(metadata),
        service_account=spec.text_or_empty("serviceAccountName") or "default",
        node=spec.text_or_empty("nodeName"),
        containers=_containers(spec) if unseen is None else unseen,
        shares_network=spec.flag("hostNetwork") if unseen is None else unseen,
        shares_processes=spec.flag("hostPID") or spec.flag("hostIPC") if unseen is None else unseen,
        host_paths=_host_paths(spec) if unseen is None else unseen,
    )


def _host_paths(spec: Part) -> tuple[str, ...]:
    volumes = spec.parts("volumes")
    return tuple(volume.part("hostPath").text("path") for volume in volumes if volume.has("hostPath"))


def _owner(metadata: Part) -> str:
    owners = metadata.parts("ownerReferences")
    found = next((owner for owner in owners if owner.flag("controller")), owners[0] if owners else None)
    return "" if found is None else f"{found.text('kind')}/{found.text('name')}"


def _containers(spec: Part) -> tuple[KubernetesContainer, ...]:
    return tuple(_container(one) for name in _CONTAINERS for one in spec.parts(name))


def _container(one: Part) -> KubernetesContainer:
    context = one.part("securityContext")
    return KubernetesContainer(
        name=one.text("name"),
        image=one.text_or_empty("image"),
        privileged=context.flag("privileged"),
        added_capabilities=context.part("capabilities").texts("add"),
    )


# --- The API server ------------------------------------------------------------------------------------------


def _cluster(lists: Lists) -> KubernetesCluster:
    servers = tuple(_flags_of_servers(lists))
    hidden = lists.unseen(PODS)
    if hidden is None and lists.managed_as:
        hidden = Unknown("the cloud runs the control plane and shows none of its flags to the cluster")
    if hidden is None and not servers:
        hidden = Unknown("no API server runs as a pod of the cluster, so its flags are not seen")

    def fact(of_one: Callable[[Mapping[str, str]], bool | Unknown], *, weakest: bool) -> bool | Unknown:
        if hidden is not None:
            return hidden
        facts = [of_one(flags) for flags in servers]
        if weakest in facts:
            return weakest
        return next((one for one in facts if isinstance(one, Unknown)), not weakest)

    return KubernetesCluster(
        id=ResourceId(lists.cluster),
        name=lists.scope.account,
        scope=lists.scope,
        evidence=lists.digests(PODS) or lists.digests(NAMESPACES, NETWORK_POLICIES),
        managed_as=lists.managed_as,
        rbac=fact(_rbac, weakest=False),
        anonymous=fact(_anonymous, weakest=True),
        audited=fact(_audited, weakest=False),
        secrets_encrypted=fact(_secrets_encrypted, weakest=False),
    )


def _flags_of_servers(lists: Lists) -> Iterator[Mapping[str, str]]:
    for item in lists.items(PODS):
        # Only its node makes a pod of a file on the node; everybody else's could claim to be an API server.
        if not _runs(item) or not _owner(item.part("metadata")).startswith("Node/"):
            continue
        for container in item.part("spec").parts("containers"):
            if container.has("flags"):
                yield dict(_flag(word) for word in container.texts("flags"))


def _flag(word: str) -> tuple[str, str]:
    name, given, value = word.partition("=")
    # A switch alone is on; what stands in a word of its own after another flag is not kept.
    return name, value if given else "true"


def _rbac(flags: Mapping[str, str]) -> bool | Unknown:
    if "--authorization-config" in flags:
        return Unknown("the API server reads its modes of authorization from a file, which is not seen")
    modes = flags.get("--authorization-mode", "AlwaysAllow").split(",")
    if modes == ["true"]:
        return Unknown("the API server's modes of authorization are not seen")
    return "RBAC" in modes and "AlwaysAllow" not in modes


def _anonymous(flags: Mapping[str, str]) -> bool | Unknown:
    if "--authentication-config" in flags:
        return Unknown("the API server reads how it authenticates from a file, which is not seen")
    return flags.get("--anonymous-auth", "true").lower() not in ("false", "f", "0")


def _audited(flags: Mapping[str, str]) -> bool | Unknown:
    # Without a policy the API server records no event, wherever it would write it.
    written = "--audit-log-path" in flags or "--audit-webhook-config-file" in flags
    return written and "--audit-policy-file" in flags


def _secrets_encrypted(flags: Mapping[str, str]) -> bool | Unknown:
    if "--encryption-provider-config" not in flags:
        return False
    return Unknown(
        "the API server has a file of encryption providers, and whether it names secrets is not seen"
    )
