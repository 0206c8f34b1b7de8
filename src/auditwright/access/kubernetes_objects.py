"""Reads the roles and bindings of a cluster from Kubernetes objects, or from the short form of a snapshot file.

Reading is lenient: an object that cannot be read as a whole may be a binding of anything to anyone, and a part
that cannot be read stays in its place as Unknown.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from auditwright.access.kubernetes import (
    DEFAULT_RBAC,
    Binding,
    Rbac,
    Role,
    RoleKind,
    RoleRef,
    Subject,
    SubjectKind,
)
from auditwright.access.kubernetes_rules import Rule
from auditwright.core.outcome import Unknown

MAX_OBJECTS = 200_000
"""Ten times the roles and bindings of the largest clusters; bounds the time that a hostile file takes."""

MAX_AGGREGATED_RULES = 20_000
"""A cluster role is one object of at most 1.5 MiB, so that more rules than this cannot lie in it."""


class Kind(StrEnum):
    """The kinds of objects that decide who may do what."""

    CLUSTER_ROLE = "ClusterRole"
    CLUSTER_ROLE_BINDING = "ClusterRoleBinding"
    ROLE = "Role"
    ROLE_BINDING = "RoleBinding"
    SERVICE_ACCOUNT = "ServiceAccount"


RBAC_KINDS = frozenset({Kind.CLUSTER_ROLE, Kind.CLUSTER_ROLE_BINDING, Kind.ROLE, Kind.ROLE_BINDING})

_SHORT_FORM = {
    "clusterRoles": Kind.CLUSTER_ROLE,
    "clusterRoleBindings": Kind.CLUSTER_ROLE_BINDING,
    "roles": Kind.ROLE,
    "roleBindings": Kind.ROLE_BINDING,
    "serviceAccounts": Kind.SERVICE_ACCOUNT,
}
_KINDS = {kind.value: kind for kind in Kind}
_ROLE_KINDS = {kind.value: kind for kind in RoleKind}
_SUBJECT_KINDS = {kind.value: kind for kind in SubjectKind}


@dataclass(slots=True)
class _Read:
    """What has been read so far."""

    cluster_roles: dict[str, Role] = field(default_factory=dict)
    labels: dict[str, Mapping[str, str] | Unknown] = field(default_factory=dict)
    selectors: dict[str, object] = field(default_factory=dict)
    roles: dict[tuple[str, str], Role] = field(default_factory=dict)
    bindings: list[Binding] = field(default_factory=list)
    service_accounts: set[tuple[str, str]] = field(default_factory=set)
    unread: list[str] = field(default_factory=list)


def parse_rbac(source: object, *, listed: Collection[Kind] = ()) -> Rbac:
    """The roles and bindings in decoded JSON.

    `source` is a list of Kubernetes objects, an object with `items`, or the short form: an object whose keys are
    `clusterRoles`, `clusterRoleBindings`, `roles`, `roleBindings`, `serviceAccounts`. In the short form a key
    that is missing says that the cluster has only the default ones. Of Kubernetes objects, `listed` names the
    kinds that were listed in full, in all namespaces: of any other kind there may be more.
    """
    read = _Read()
    if isinstance(source, Mapping) and not ({"items", "kind"} & source.keys()):
        return _short_form(source, read)
    for number, value in enumerate(_objects(source, read)):
        if number >= MAX_OBJECTS:
            read.unread.append(f"there are more than {MAX_OBJECTS} objects")
            break
        _take(value, _kind(value), read)
    for kind in sorted({Kind.CLUSTER_ROLE_BINDING, Kind.ROLE_BINDING} - set(listed)):
        read.unread.append(f"not every {kind} was listed")
    return _built(read, frozenset(role for role in RoleKind if role.value not in listed))


def _short_form(source: Mapping[object, object], read: _Read) -> Rbac:
    for key, values in source.items():
        kind = _SHORT_FORM.get(key) if isinstance(key, str) else None
        if kind is None or not isinstance(values, list | tuple) or len(values) > MAX_OBJECTS:
            read.unread.append(f"{str(key)[:80]} cannot be read")
            continue
        for value in values:
            _take(value, kind, read)
    built = _built(read, frozenset(RoleKind))
    return replace(
        built,
        cluster_roles={**DEFAULT_RBAC.cluster_roles, **built.cluster_roles},
        bindings=(*DEFAULT_RBAC.bindings, *built.bindings),
        service_accounts=DEFAULT_RBAC.service_accounts | built.service_accounts,
    )


def _objects(source: object, read: _Read) -> Iterator[object]:
    """The objects of a source; lists may lie in a list, as where several answers were saved together."""
    values: Iterable[object] = source if isinstance(source, list | tuple) else (source,)
    for value in values:
        items = value.get("items") if isinstance(value, Mapping) else None
        if not isinstance(value, Mapping) or not str(value.get("kind", "List")).endswith("List"):
            yield value
            continue
        if not isinstance(items, list | tuple):
            read.unread.append("a list of objects cannot be read")
            continue
        # The objects in an answer of the API server do not repeat their kind.
        kind = str(value.get("kind", "List")).removesuffix("List")
        for item in items:
            yield {"kind": kind, **item} if kind and isinstance(item, Mapping) else item
        if _continues(value):
            read.unread.append("a list of objects was cut off")


def _continues(value: Mapping[object, object]) -> bool:
    metadata = value.get("metadata")
    return isinstance(metadata, Mapping) and bool(metadata.get("continue"))


def _kind(value: object) -> Kind | None:
    kind = value.get("kind") if isinstance(value, Mapping) else None
    return _KINDS.get(kind) if isinstance(kind, str) else None


def _take(value: object, kind: Kind | None, read: _Read) -> None:
    if not isinstance(value, Mapping):
        read.unread.append("an object cannot be read")
        return
    if kind is None:
        # Other kinds of objects extend nothing; one without a kind may be any.
        if not isinstance(value.get("kind"), str):
            read.unread.append("an object has no readable kind")
        return
    name, namespace = _identity(value)
    needs_namespace = kind in {Kind.ROLE, Kind.ROLE_BINDING, Kind.SERVICE_ACCOUNT}
    if not isinstance(namespace, str) or (needs_namespace and not namespace):
        read.unread.append(f"a {kind} has no readable namespace")
        return
    home = namespace if needs_namespace else ""
    match kind:
        case Kind.CLUSTER_ROLE_BINDING | Kind.ROLE_BINDING:
            read.bindings.append(_binding(value, name or "without a name", home))
        case Kind.SERVICE_ACCOUNT:
            if name:
                read.service_accounts.add((home, name))
        case Kind.CLUSTER_ROLE | Kind.ROLE:
            _take_role(value, name, home, read)


def _take_role(value: Mapping[object, object], name: str, namespace: str, read: _Read) -> None:
    if not name:
        read.unread.append("a role has no readable name")
        return
    aggregation = value.get("aggregationRule")
    role = Role(
        name=name, namespace=namespace, rules=_rules(value.get("rules")), aggregates=bool(aggregation)
    )
    if namespace:
        twin = read.roles.get((namespace, name))
        read.roles[namespace, name] = role if twin is None else _merged(twin, role)
        return
    twin = read.cluster_roles.get(name)
    read.cluster_roles[name] = role if twin is None else _merged(twin, role)
    metadata = value.get("metadata")
    read.labels[name] = _labels(metadata.get("labels") if isinstance(metadata, Mapping) else None)
    if aggregation:
        read.selectors[name] = aggregation


def _merged(one: Role, other: Role) -> Role:
    """Two roles of one name, of which only one can be true: what either allows is possible, and neither is sure."""
    if one.rules == other.rules:
        return one
    unclear = Unknown(f"the role {one.name} was seen twice, with different rules")
    shared = tuple(rule for rule in one.rules if rule in other.rules)
    return replace(one, rules=(*shared, unclear), aggregates=one.aggregates or other.aggregates)


def _built(read: _Read, unlisted: frozenset[RoleKind]) -> Rbac:
    return Rbac(
        cluster_roles=_aggregated(read),
        roles=read.roles,
        bindings=tuple(read.bindings),
        service_accounts=frozenset(read.service_accounts),
        unlisted_roles=unlisted,
        unread=tuple(dict.fromkeys(read.unread)),
    )


def _aggregated(read: _Read) -> dict[str, Role]:
    """Cluster roles with the rules of those that their selectors pick, and of those that these pick in turn."""
    picked = {name: _picked(selectors, read.labels) for name, selectors in read.selectors.items()}
    whole = dict(read.cluster_roles)
    for name in read.selectors:
        rules = dict.fromkeys(read.cluster_roles[name].rules)
        seen, waiting = {name}, [name]
        while waiting and len(rules) <= MAX_AGGREGATED_RULES:
            found = picked.get(waiting.pop(), ())
            if isinstance(found, Unknown):
                rules[found] = None
                continue
            for other in found:
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
                    rules.update(dict.fromkeys(read.cluster_roles[other].rules))
        if waiting:
            rules[Unknown(f"the role {name} aggregates too many rules")] = None
        whole[name] = replace(whole[name], rules=tuple(rules))
    return whole


def _picked(
    aggregation: object, labels: Mapping[str, Mapping[str, str] | Unknown]
) -> tuple[str, ...] | Unknown:
    selectors = aggregation.get("clusterRoleSelectors") if isinstance(aggregation, Mapping) else None
    if not isinstance(selectors, list | tuple):
        return Unknown("an aggregation rule cannot be read")
    picked: dict[str, None] = {}
    for selector in selectors:
        for name, given in labels.items():
            chosen = given if isinstance(given, Unknown) else _selects(selector, given)
            if isinstance(chosen, Unknown):
                return chosen
            if chosen:
                picked[name] = None
    return tuple(picked)


def _selects(selector: object, labels: Mapping[str, str]) -> bool | Unknown:
    """Whether a label selector picks an object with these labels; an empty one picks every object."""
    unread = Unknown("a selector of an aggregation rule cannot be read")
    if not isinstance(selector, Mapping):
        return unread
    wanted, expressions = _labels(selector.get("matchLabels")), selector.get("matchExpressions")
    if isinstance(wanted, Unknown) or not isinstance(expressions, list | tuple | None):
        return unread
    held = [_expression(each, labels) for each in expressions or ()]
    if any(each is None for each in held):
        return unread
    return wanted.items() <= labels.items() and all(held)


def _expression(value: object, labels: Mapping[str, str]) -> bool | None:
    """Whether one expression of a selector holds; None for one that cannot be read."""
    if not isinstance(value, Mapping):
        return None
    key, values = value.get("key"), _words(value.get("values"))
    if not isinstance(key, str) or values is None:
        return None
    held = {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    operator = value.get("operator")
    return held.get(operator) if isinstance(operator, str) else None


def _labels(value: object) -> Mapping[str, str] | Unknown:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return Unknown("labels cannot be read")
    labels = {key: each for key, each in value.items() if isinstance(key, str) and isinstance(each, str)}
    return labels if len(labels) == len(value) else Unknown("a label cannot be read")


def _identity(value: Mapping[object, object]) -> tuple[str, object]:
    """The name and namespace of an object; the short form writes them without `metadata`."""
    metadata = value.get("metadata")
    where = metadata if isinstance(metadata, Mapping) else value
    name, namespace = where.get("name"), where.get("namespace")
    return name if isinstance(name, str) else "", "" if namespace is None else namespace


def _binding(value: Mapping[object, object], name: str, namespace: str) -> Binding:
    subjects = value.get("subjects")
    if subjects is None:
        subjects = ()
    if not isinstance(subjects, list | tuple):
        subjects = (None,)
    return Binding(
        name=name,
        namespace=namespace,
        role=_role_ref(value.get("roleRef")),
        subjects=tuple(_subject(each) for each in subjects),
    )


def _role_ref(value: object) -> RoleRef | Unknown:
    # The short form names a cluster role by its name alone.
    if isinstance(value, str) and value:
        return RoleRef(kind=RoleKind.CLUSTER_ROLE, name=value)
    if isinstance(value, Mapping):
        written, name = value.get("kind"), value.get("name")
        kind = _ROLE_KINDS.get(written) if isinstance(written, str) else None
        if isinstance(name, str) and name and kind is not None:
            return RoleRef(kind=kind, name=name)
    return Unknown("the role of a binding cannot be read")


def _subject(value: object) -> Subject | Unknown:
    if isinstance(value, Mapping):
        written, name, namespace = value.get("kind"), value.get("name"), value.get("namespace")
        kind = _SUBJECT_KINDS.get(written) if isinstance(written, str) else None
        home = "" if namespace is None else namespace
        if isinstance(name, str) and isinstance(home, str) and kind is not None:
            return Subject(kind=kind, name=name, namespace=home)
    return Unknown("a subject of a binding cannot be read")


def _rules(value: object) -> tuple[Rule | Unknown, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        return (Unknown("the rules of a role cannot be read"),)
    return tuple(_rule(each) for each in value)


def _rule(value: object) -> Rule | Unknown:
    unread = Unknown("a rule of a role cannot be read")
    if not isinstance(value, Mapping):
        return unread
    words = [
        _words(value.get(key))
        for key in ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
    ]
    verbs, groups, resources, names, urls = words
    if verbs is None or groups is None or resources is None or names is None or urls is None:
        return unread
    return Rule(verbs=verbs, api_groups=groups, resources=resources, resource_names=names, urls=urls)


def _words(value: object) -> frozenset[str] | None:
    if value is None:
        return frozenset()
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        return None
    return frozenset(value)
