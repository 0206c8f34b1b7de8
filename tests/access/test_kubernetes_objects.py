import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.access.kubernetes import Rbac, User, allows
from auditwright.access.kubernetes_levels import CLUSTER_ADMIN, Level, levels
from auditwright.access.kubernetes_objects import RBAC_KINDS, Kind, parse_rbac
from auditwright.access.kubernetes_rules import Request
from auditwright.core.outcome import Unknown
from tests.access.objects import CLUSTERS, account, binding, role, rule, user
from tests.reference.kubernetes import Json

ADA = User(username="ada")
GETS_PODS = Request(verb="get", resource="pods")
READS = [role("reader", rule("get", "pods")), binding("reader", user("ada"))]


def asked(source: object, listed: frozenset[Kind] = RBAC_KINDS) -> str:
    return type(allows(parse_rbac(source, listed=listed), ADA, GETS_PODS)).__name__


def test_a_list_an_answer_and_several_answers_say_the_same() -> None:
    items = [
        {key: value for key, value in each.items() if key != "kind"}
        for each in READS
        if isinstance(each, dict)
    ]
    assert asked(READS) == "Allowed"
    assert asked({"kind": "List", "items": READS}) == "Allowed"
    assert asked({"items": READS}) == "Allowed"
    answers = [
        {"kind": "ClusterRoleList", "items": items[:1]},
        {"kind": "ClusterRoleBindingList", "items": items[1:]},
    ]
    assert asked(answers) == "Allowed"


def test_a_list_that_was_cut_off_or_that_nobody_said_was_whole_denies_nothing() -> None:
    assert asked({"kind": "List", "items": [], "metadata": {"continue": "token"}}) == "Unknown"
    assert asked({"kind": "List", "items": []}) == "Denied"
    assert asked({"kind": "List", "items": []}, frozenset()) == "Unknown"
    assert asked({"kind": "List", "items": "none"}) == "Unknown"


def test_other_kinds_of_objects_extend_nothing() -> None:
    assert asked([{"kind": "Pod", "metadata": {"name": "x"}}]) == "Denied"


@pytest.mark.parametrize(
    "odd",
    [
        7,
        None,
        "text",
        [],
        {},
        {"kind": ["ClusterRoleBinding"]},
        {"kind": "RoleBinding", "metadata": {"name": "x"}},
        {"kind": "RoleBinding", "metadata": {"name": "x", "namespace": 7}},
        {"kind": "ClusterRole", "metadata": {}},
    ],
)
def test_an_object_that_cannot_be_read_may_bind_anything(odd: object) -> None:
    assert asked([odd]) == "Unknown"


def test_the_short_form_adds_to_what_every_cluster_has() -> None:
    short = parse_rbac(
        {
            "clusterRoleBindings": [{"roleRef": "cluster-admin", "subjects": [user("ada")]}],
            "roleBindings": [{"name": "b", "namespace": "dev", "roleRef": "view", "subjects": [user("bob")]}],
        }
    )
    assert levels(short, ADA).known is Level.CLUSTER_ADMIN
    assert levels(short, User(username="bob")).known is Level.VIEW
    assert levels(short, User(username="eve")).possible is Level.ANY


def test_the_short_form_with_a_role_that_it_does_not_show_proves_nothing() -> None:
    short = parse_rbac({"clusterRoleBindings": [{"roleRef": "team", "subjects": [user("ada")]}]})
    assert levels(short, ADA).possible is Level.CLUSTER_ADMIN
    assert levels(short, ADA).known is Level.ANY
    shown = parse_rbac(
        {
            "clusterRoles": [{"name": "team", "rules": [rule("get", "pods")]}],
            "clusterRoleBindings": [{"roleRef": "team", "subjects": [user("ada")]}],
        }
    )
    assert levels(shown, ADA).possible is Level.VIEW


@pytest.mark.parametrize(
    "odd", [{"clusterRoleBinding": []}, {"clusterRoleBindings": {}}, {"roles": None}, {7: []}]
)
def test_the_short_form_with_a_key_that_cannot_be_read_denies_nothing(odd: object) -> None:
    assert isinstance(allows(parse_rbac(odd), ADA, CLUSTER_ADMIN), Unknown)


def aggregate(name: str, label: str, *, picks: Json, rules: Json = None) -> Json:
    return {
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": {label: "true"}},
        "aggregationRule": {"clusterRoleSelectors": [picks]},
        "rules": rules,
    }


def picked(*roles: Json) -> str:
    return asked([*roles, binding("all", user("ada"))])


def test_rules_are_aggregated_over_several_roles_and_in_circles() -> None:
    leaf = role("leaf", rule("get", "pods"), labels={"to-middle": "true"})
    middle = aggregate("middle", "to-all", picks={"matchLabels": {"to-middle": "true"}})
    whole = aggregate("all", "to-middle", picks={"matchLabels": {"to-all": "true"}})
    assert picked(leaf, middle, whole) == "Allowed"
    assert picked(middle, whole) == "Denied"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"key": "team", "operator": "In", "values": ["a", "b"]}, "Allowed"),
        ({"key": "team", "operator": "In", "values": ["b"]}, "Denied"),
        ({"key": "team", "operator": "NotIn", "values": ["b"]}, "Allowed"),
        ({"key": "team", "operator": "Exists"}, "Allowed"),
        ({"key": "team", "operator": "DoesNotExist"}, "Denied"),
        ({"key": "team", "operator": "Like"}, "Unknown"),
        ({"operator": "Exists"}, "Unknown"),
        (7, "Unknown"),
    ],
)
def test_expressions_pick_by_labels(expression: Json, expected: str) -> None:
    leaf = role("leaf", rule("get", "pods"), labels={"team": "a"})
    assert picked(leaf, aggregate("all", "x", picks={"matchExpressions": [expression]})) == expected


@pytest.mark.parametrize("picks", [7, None, {"matchLabels": 7}, {"matchLabels": {"a": 1}}])
def test_a_selector_that_cannot_be_read_may_pick_anything(picks: Json) -> None:
    assert picked(role("leaf", rule("get", "secrets")), aggregate("all", "x", picks=picks)) == "Unknown"


def test_an_empty_selector_picks_every_role() -> None:
    assert picked(role("leaf", rule("get", "pods")), aggregate("all", "x", picks={})) == "Allowed"


def test_two_roles_of_one_name_are_unclear_where_they_differ() -> None:
    twins = [role("reader", rule("get", "pods")), role("reader", rule("get", "secrets"))]
    assert asked([*twins, binding("reader", user("ada"))]) == "Unknown"
    assert asked([twins[0], twins[0], binding("reader", user("ada"))]) == "Allowed"


def test_service_accounts_are_known_where_they_were_seen() -> None:
    read = parse_rbac(
        [
            {"kind": "ServiceAccount", "metadata": {"name": "ci", "namespace": "dev"}},
            binding("r", account("x", "dev")),
        ]
    )
    assert read.service_accounts == {("dev", "ci")}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["Role", "ClusterRole", "RoleBinding", "User", "List"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "kind",
                    "metadata",
                    "name",
                    "namespace",
                    "labels",
                    "rules",
                    "verbs",
                    "subjects",
                    "roleRef",
                    "items",
                    "aggregationRule",
                    "clusterRoleSelectors",
                    "clusterRoles",
                    "roleBindings",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_read_without_a_crash(source: object) -> None:
    read = parse_rbac(source, listed=RBAC_KINDS)
    allows(read, ADA, CLUSTER_ADMIN)


@given(CLUSTERS)
def test_objects_that_are_well_formed_are_read_whole(objects: list[Json]) -> None:
    read: Rbac = parse_rbac(objects, listed=RBAC_KINDS)
    assert read.unread == ()
    answer = allows(read, User(username="nobody-bound"), Request(verb="none", resource="none"))
    assert not isinstance(answer, Unknown)


def test_huge_and_deep_input_comes_to_an_end() -> None:
    deep: Json = "x"
    for _ in range(100_000):
        deep = [deep]
    assert asked([deep, {"kind": "ClusterRole", "metadata": deep}]) == "Unknown"
    circle = [
        aggregate(
            f"r{n}",
            f"l{n}",
            picks={"matchLabels": {f"l{(n + 1) % 300}": "true"}},
            rules=[rule("get", f"x{n}")],
        )
        for n in range(300)
    ]
    many = [*circle, *(binding(f"r{n % 300}", user(f"u{n}")) for n in range(20_000))]
    read = parse_rbac(many, listed=RBAC_KINDS)
    assert isinstance(
        allows(read, User(username="u7"), Request(verb="get", resource="x5")),
        type(allows(read, User(username="u7"), Request(verb="get", resource="x7"))),
    )
