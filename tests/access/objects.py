"""Kubernetes objects for the tests, and strategies that make them."""

from hypothesis import strategies as st

from tests.reference.kubernetes import Json


def role(name: str, *rules: Json, namespace: str = "", labels: Json = None) -> Json:
    metadata: dict[str, Json] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    return {"kind": "Role" if namespace else "ClusterRole", "metadata": metadata, "rules": list(rules)}


def rule(verbs: str, resources: str, group: str = "", names: str = "") -> Json:
    written: dict[str, Json] = {
        "verbs": list(verbs.split()),
        "apiGroups": [group],
        "resources": list(resources.split()),
    }
    if names:
        written["resourceNames"] = list(names.split())
    return written


def binding(role: str, *subjects: Json, namespace: str = "", kind: str = "ClusterRole") -> Json:
    metadata: dict[str, Json] = {"name": f"{role}-binding"}
    if namespace:
        metadata["namespace"] = namespace
    return {
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
        "subjects": list(subjects),
    }


def user(name: str) -> Json:
    return {"kind": "User", "name": name}


def group(name: str) -> Json:
    return {"kind": "Group", "name": name}


def account(name: str, namespace: str = "") -> Json:
    return {"kind": "ServiceAccount", "name": name, **({"namespace": namespace} if namespace else {})}


NAMESPACES = ["dev", "prod", "kube-system"]
VERBS = ["get", "create", "update", "impersonate", "bind", "escalate", "*"]
RESOURCES = [
    "pods",
    "pods/exec",
    "*/exec",
    "secrets",
    "configmaps",
    "serviceaccounts",
    "serviceaccounts/token",
    "clusterroles",
    "clusterrolebindings",
    "roles",
    "rolebindings",
    "users",
    "groups",
    "*",
]
GROUPS = ["", "apps", "rbac.authorization.k8s.io", "*"]
OBJECTS_NAMES = ["aws-auth", "one", "two"]
ROLE_NAMES = ["one", "two", "three"]

RULES: st.SearchStrategy[Json] = st.builds(
    lambda verbs, groups, resources, names: {
        "verbs": verbs,
        "apiGroups": groups,
        "resources": resources,
        **({"resourceNames": names} if names else {}),
    },
    st.lists(st.sampled_from(VERBS), min_size=1, max_size=2),
    st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2),
    st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2),
    st.lists(st.sampled_from(OBJECTS_NAMES), max_size=1),
)
SUBJECTS: st.SearchStrategy[Json] = st.one_of(
    st.sampled_from(["ada", "bob", "system:serviceaccount:dev:one"]).map(user),
    st.sampled_from(["ops", "system:authenticated", "system:serviceaccounts:dev"]).map(group),
    st.builds(account, st.sampled_from(["one", "two"]), st.sampled_from(["", *NAMESPACES])),
)
CLUSTER_ROLES = st.builds(
    lambda rules: [role(name, *each) for name, each in zip(ROLE_NAMES, rules, strict=False)],
    st.lists(st.lists(RULES, min_size=1, max_size=2), max_size=3),
)
ROLES = st.builds(
    lambda rules: [
        role(name, *each, namespace=home)
        for (home, name), each in zip([("dev", "one"), ("prod", "one"), ("dev", "two")], rules, strict=False)
    ],
    st.lists(st.lists(RULES, min_size=1, max_size=2), max_size=3),
)
BINDINGS: st.SearchStrategy[Json] = st.builds(
    lambda role, subjects, home, kind: binding(
        role, *subjects, namespace=home, kind=kind if home else "ClusterRole"
    ),
    st.sampled_from(ROLE_NAMES),
    st.lists(SUBJECTS, min_size=1, max_size=3),
    st.sampled_from(["", *NAMESPACES]),
    st.sampled_from(["ClusterRole", "Role"]),
)
CLUSTERS: st.SearchStrategy[list[Json]] = st.builds(
    lambda roles, more, bindings: [*roles, *more, *bindings],
    CLUSTER_ROLES,
    ROLES,
    st.lists(BINDINGS, max_size=5),
)
