from collections.abc import Iterator

import pytest

from auditwright.access.kubernetes import ANONYMOUS, DEFAULT_RBAC, Allowed, User, allows
from auditwright.access.kubernetes_edges import EDGES
from auditwright.access.kubernetes_levels import WORKLOAD_RESOURCES, Level, Levels, levels
from auditwright.access.kubernetes_objects import RBAC_KINDS, parse_rbac
from auditwright.access.kubernetes_roles import RBAC_GROUP, access_policy_rules
from auditwright.access.kubernetes_rules import EVERY, Request, matches
from auditwright.core.outcome import Unknown
from tests.access.clusters import UNSEEN, holder
from tests.access.objects import binding, group, role, rule, user
from tests.access.published import decoded
from tests.reference.kubernetes import Json, get, listed

DOCUMENTED = {
    "AmazonEKSClusterAdminPolicy": Level.CLUSTER_ADMIN,
    "AmazonEKSAdminPolicy": Level.ADMIN,
    "AmazonEKSEditPolicy": Level.EDIT,
    "AmazonEKSViewPolicy": Level.VIEW,
    "AmazonEKSAdminViewPolicy": Level.VIEW,
    "AmazonEKSHybridPolicy": Level.ANY,
}


def level_of(*rules: Json, namespace: str = "") -> Levels:
    objects = [role("r", *rules), binding("r", user("ada"), namespace=namespace)]
    return levels(parse_rbac(objects, listed=RBAC_KINDS), User(username="ada"))


def both(level: Level) -> Levels:
    return Levels(known=level, possible=level)


def test_levels_are_ordered_from_all_to_nothing() -> None:
    assert sorted(Level, key=lambda level: level.rank) == [
        Level.NONE,
        Level.ANY,
        Level.VIEW,
        Level.EDIT,
        Level.ADMIN,
        Level.CLUSTER_ADMIN,
    ]


@pytest.mark.parametrize(
    ("rules", "namespace", "expected"),
    [
        ([rule("*", "*", "*")], "", Level.CLUSTER_ADMIN),
        ([rule("*", "*", "*")], "dev", Level.ADMIN),
        ([rule("get list watch create update patch delete", "*", "*")], "", Level.ADMIN),
        ([rule("*", "*", "apps")], "", Level.EDIT),
        ([rule("patch", "deployments", "apps", names="one")], "dev", Level.EDIT),
        ([rule("create", "pods"), rule("create", "rolebindings", RBAC_GROUP)], "dev", Level.ADMIN),
        ([rule("create", "rolebindings", RBAC_GROUP)], "dev", Level.ANY),
        ([rule("create", "pods", names="one")], "dev", Level.ANY),
        ([rule("get", "secrets")], "dev", Level.VIEW),
        ([rule("get", "nodes")], "", Level.ANY),
        ([], "", Level.ANY),
    ],
)
def test_each_level_is_what_its_holder_may_do(rules: list[Json], namespace: str, expected: Level) -> None:
    assert level_of(*rules, namespace=namespace) == both(expected)


def test_whoever_shows_no_credential_signs_in_nowhere_unless_bound() -> None:
    assert levels(DEFAULT_RBAC, ANONYMOUS) == both(Level.NONE)
    opened = parse_rbac(
        {"clusterRoleBindings": [{"roleRef": "view", "subjects": [group("system:unauthenticated")]}]}
    )
    assert levels(opened, ANONYMOUS) == both(Level.VIEW)


def test_where_bindings_were_not_seen_every_level_is_possible() -> None:
    assert levels(UNSEEN, User(username="ada")) == Levels(known=Level.ANY, possible=Level.CLUSTER_ADMIN)
    seen = holder("AmazonEKSEditPolicy", "dev")
    assert levels(UNSEEN, seen) == Levels(known=Level.EDIT, possible=Level.CLUSTER_ADMIN)


def test_roles_of_every_cluster_have_the_levels_of_their_names() -> None:
    for name in ("cluster-admin", "admin", "edit", "view"):
        bound = parse_rbac({"clusterRoleBindings": [{"roleRef": name, "subjects": [user("ada")]}]})
        assert levels(bound, User(username="ada")) == both(Level(name))


@pytest.mark.parametrize("name", [*DOCUMENTED, "AmazonEKSSecretReaderPolicy"])
def test_access_policies_have_their_levels(name: str) -> None:
    expected = DOCUMENTED.get(name, Level.VIEW)
    assert levels(parse_rbac([], listed=RBAC_KINDS), holder(name)) == both(expected)


def documented(name: str) -> Json:
    return get(get(decoded("eks", "eks-access-policies-2024-12.json"), name), "rules")


def probes() -> Iterator[Request]:
    """What levels and edges ask about, and the verbs beside it."""
    asked = {(need.group, resource) for edge in EDGES for need in edge.needs for resource in need.resources}
    extra = {
        ("", "configmaps"),
        ("", "services"),
        ("", "serviceaccounts"),
        ("", "users"),
        ("", "groups"),
        ("", "pods/log"),
    }
    extra |= {(RBAC_GROUP, each) for each in ("roles", "rolebindings", "clusterroles", "clusterrolebindings")}
    verbs = (
        "get",
        "list",
        "watch",
        "create",
        "update",
        "patch",
        "delete",
        "impersonate",
        "bind",
        "escalate",
        "approve",
        EVERY,
    )
    for group_, resource in sorted(asked | extra | set(WORKLOAD_RESOURCES)):
        for verb in verbs:
            yield Request(verb=verb, group=group_, resource=resource)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_our_words_for_an_access_policy_agree_with_the_documentation(name: str) -> None:
    theirs = parse_rbac(
        [
            {"kind": "ClusterRole", "metadata": {"name": name}, "rules": documented(name)},
            binding(name, user("ada")),
        ],
        listed=RBAC_KINDS,
    )
    ada = User(username="ada")
    assert levels(theirs, ada) == both(DOCUMENTED[name])
    ours = access_policy_rules(f"arn:aws:eks::aws:cluster-access-policy/{name}")
    assert not isinstance(ours, Unknown)
    differing = [
        str(request)
        for request in probes()
        if isinstance(allows(theirs, ada, request), Allowed) != any(matches(rule, request) for rule in ours)
    ]
    assert differing == []


def test_a_policy_that_the_documentation_gives_no_rules_is_not_known_here() -> None:
    policies = decoded("eks", "eks-access-policies-2024-12.json")
    assert isinstance(policies, dict)
    without = [name for name, each in policies.items() if not listed(get(each, "rules"))]
    assert without
    for name in without:
        assert isinstance(access_policy_rules(f"arn:aws:eks::aws:cluster-access-policy/{name}"), Unknown)


def test_a_policy_of_another_partition_is_the_same() -> None:
    name = "cluster-access-policy/AmazonEKSViewPolicy"
    assert access_policy_rules(f"arn:aws-cn:eks::aws:{name}") == access_policy_rules(
        f"arn:aws:eks::aws:{name}"
    )
