"""What of a cluster's objects is kept as evidence: the fields that facts are derived from, and no others.

An object of a cluster holds much that must not be kept: plain passwords in environment variables and arguments, the
whole manifest once more in an annotation, and counters that change with every look. So what is kept is named, field by
field, and whatever is not named here never reaches the evidence (docs/adr/0011-kubernetes-evidence-is-chosen-fields.md).
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, cast

Fields: TypeAlias = Mapping[str, object]

ROLE_ANNOTATION: Final = "eks.amazonaws.com/role-arn"
"""The cloud role of a service account's pods."""

API_SERVER_FLAGS: Final = (
    "--anonymous-auth",
    "--audit-log-path",
    "--audit-policy-file",
    "--audit-webhook-config-file",
    "--authentication-config",
    "--authorization-config",
    "--authorization-mode",
    "--encryption-provider-config",
)
"""Flags of an API server that are kept; none holds a secret."""

_METADATA: Final = ("name", "namespace", "uid", "labels", "creationTimestamp")
_POD: Final = ("hostNetwork", "hostPID", "hostIPC", "nodeName", "serviceAccountName", "securityContext")
_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")
_CONTAINER: Final = ("name", "image", "securityContext")


def namespace(item: Fields) -> Fields:
    """A namespace."""
    return _with_metadata(item, {})


def role(item: Fields) -> Fields:
    """A role of a namespace or of the cluster."""
    return _with_metadata(item, _chosen(item, ("rules", "aggregationRule")))


def binding(item: Fields) -> Fields:
    """A binding of a namespace or of the cluster."""
    return _with_metadata(item, _chosen(item, ("roleRef", "subjects")))


def service_account(item: Fields) -> Fields:
    """A service account, without the names of its secrets."""
    annotations = _object(_object(item.get("metadata")).get("annotations"))
    kept = _with_metadata(item, {})
    if ROLE_ANNOTATION in annotations:
        metadata = {**_object(kept["metadata"]), "annotations": _chosen(annotations, (ROLE_ANNOTATION,))}
        return {"metadata": metadata}
    return kept


def identity_map(item: Fields) -> Fields:
    """The config map aws-auth."""
    data = _chosen(_object(item.get("data")), ("mapRoles", "mapUsers", "mapAccounts"))
    return _with_metadata(item, {"data": data})


def network_policy(item: Fields) -> Fields:
    """A network policy."""
    return _with_metadata(item, _chosen(item, ("spec",)))


def pod(item: Fields) -> Fields:
    """A pod: what it may do to its node, and nothing of what it is told."""
    spec = _object(item.get("spec"))
    kept: dict[str, object] = dict(_chosen(spec, _POD))
    for name in _CONTAINERS:
        if name in spec:
            kept[name] = _each(spec[name], lambda one: _container(item, one))
    if "volumes" in spec:
        kept["volumes"] = _each(spec["volumes"], lambda one: _chosen(one, ("name", "hostPath")))
    metadata = _object(item.get("metadata"))
    owners = (
        {"ownerReferences": _each(metadata["ownerReferences"], _owner)}
        if "ownerReferences" in metadata
        else {}
    )
    whole = _with_metadata(item, {"spec": kept, "status": _chosen(_object(item.get("status")), ("phase",))})
    return {**whole, "metadata": {**_object(whole["metadata"]), **owners}}


def _owner(one: Fields) -> Fields:
    return _chosen(one, ("kind", "name", "controller"))


def _container(item: Fields, container: Fields) -> Fields:
    kept = dict(_chosen(container, _CONTAINER))
    flags = _api_server_flags(item, container)
    return {**kept, "flags": flags} if flags is not None else kept


def _api_server_flags(item: Fields, container: Fields) -> list[str] | None:
    """The flags of an API server that runs as a pod of its own cluster; None for any other container."""
    metadata = _object(item.get("metadata"))
    labels = _object(metadata.get("labels"))
    if (metadata.get("namespace"), labels.get("component")) != ("kube-system", "kube-apiserver"):
        return None
    words = [
        word
        for name in ("command", "args")
        for word in cast("list[object]", container.get(name) if isinstance(container.get(name), list) else [])
        if isinstance(word, str)
    ]
    if not any(word.rpartition("/")[2] == "kube-apiserver" for word in words):
        return None
    return [word for word in words if word.partition("=")[0] in API_SERVER_FLAGS]


def _with_metadata(item: Fields, fields: Fields) -> dict[str, object]:
    return {"metadata": _chosen(_object(item.get("metadata")), _METADATA), **fields}


def _chosen(fields: Fields, names: tuple[str, ...]) -> Fields:
    return {name: fields[name] for name in names if name in fields}


def _object(value: object) -> Fields:
    """An object; what is none has no fields, and whoever reads the evidence sees that they are missing."""
    return cast("Fields", value) if isinstance(value, dict) else {}


def _each(value: object, keep: Callable[[Fields], Fields]) -> object:
    """Each object of a list as it is kept; what is no list, and no object in it, stays, for the reader to refuse."""
    if not isinstance(value, list):
        return value
    return [
        keep(cast("Fields", one)) if isinstance(one, dict) else one for one in cast("list[object]", value)
    ]
