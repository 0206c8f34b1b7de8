"""Kubernetes authorization as its documentation tells it, over the objects as they are written.

RBAC only allows. A ClusterRoleBinding extends a ClusterRole everywhere; a RoleBinding extends a Role, or a
ClusterRole, in its own namespace.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | bool | None"


def get(value: Json, key: str) -> Json:
    return value.get(key) if isinstance(value, Mapping) else None


def listed(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else []


def allowed(objects: Sequence[Json], user: tuple[str, set[str]], request: Mapping[str, str]) -> bool:
    username, groups = user
    if "system:masters" in groups:
        return True
    for item in objects:
        kind = get(item, "kind")
        namespace = str(get(get(item, "metadata"), "namespace") or "")
        if kind not in {"ClusterRoleBinding", "RoleBinding"}:
            continue
        if kind == "RoleBinding" and (not namespace or namespace != request["namespace"]):
            continue
        home = namespace if kind == "RoleBinding" else ""
        named = (
            names(subject, username, groups | {"system:authenticated"}, home)
            for subject in listed(get(item, "subjects"))
        )
        if any(named) and any(
            rule_allows(rule, request) for rule in rules(objects, get(item, "roleRef"), home)
        ):
            return True
    return False


def names(subject: Json, username: str, groups: set[str], home: str) -> bool:
    kind, name = get(subject, "kind"), get(subject, "name")
    if kind == "ServiceAccount":
        namespace = get(subject, "namespace") or home
        return bool(namespace) and username == f"system:serviceaccount:{namespace}:{name}"
    return name == username if kind == "User" else name in groups


def rules(objects: Sequence[Json], reference: Json, home: str) -> list[Json]:
    kind, name = get(reference, "kind"), get(reference, "name")
    found: list[Json] = []
    for item in objects:
        metadata = get(item, "metadata")
        if (get(item, "kind"), get(metadata, "name")) != (kind, name):
            continue
        if kind == "ClusterRole" or (home and get(metadata, "namespace") == home):
            found += listed(get(item, "rules"))
    return found


def rule_allows(rule: Json, request: Mapping[str, str]) -> bool:
    subresource = request["resource"].partition("/")[2]
    resources = listed(get(rule, "resources"))
    resource_names = listed(get(rule, "resourceNames"))
    return (
        ("*" in listed(get(rule, "verbs")) or request["verb"] in listed(get(rule, "verbs")))
        and ("*" in listed(get(rule, "apiGroups")) or request["group"] in listed(get(rule, "apiGroups")))
        and (
            "*" in resources
            or request["resource"] in resources
            or (subresource != "" and f"*/{subresource}" in resources)
        )
        and (not resource_names or request["name"] in resource_names)
    )
