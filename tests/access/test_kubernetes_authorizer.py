import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.access.kubernetes import (
    ANONYMOUS,
    DEFAULT_RBAC,
    Allowed,
    Decision,
    Denied,
    PolicyGrant,
    Rbac,
    User,
    allows,
    names_of,
    service_account,
)
from auditwright.access.kubernetes_objects import RBAC_KINDS, Kind, parse_rbac
from auditwright.access.kubernetes_rules import Request, UrlRequest
from auditwright.core.outcome import Unknown
from tests.access.clusters import UNSEEN, holder
from tests.access.objects import (
    BINDINGS,
    CLUSTERS,
    GROUPS,
    NAMESPACES,
    OBJECTS_NAMES,
    RESOURCES,
    VERBS,
    account,
    binding,
    group,
    role,
    rule,
    user,
)
from tests.reference.kubernetes import Json, allowed

ADA = User(username="ada")
EVERYTHING = Request(verb="*", group="*", resource="*")


def rbac(*objects: Json) -> Rbac:
    return parse_rbac(list(objects), listed=RBAC_KINDS)


def kind(decision: Decision) -> str:
    return type(decision).__name__


def ask(rbac: Rbac | Unknown, user: User, verb: str, resource: str, **more: str | None) -> str:
    namespace, name = more.get("namespace") or "", more.get("name", "")
    return kind(
        allows(
            rbac,
            user,
            Request(
                verb=verb, resource=resource, namespace=namespace, name=name, group=more.get("group") or ""
            ),
        )
    )


def test_who_is_bound_to_nothing_is_denied() -> None:
    assert ask(rbac(), ADA, "get", "pods", namespace="dev") == "Denied"
    assert kind(allows(DEFAULT_RBAC, ADA, EVERYTHING)) == "Denied"


def test_masters_may_do_everything_whatever_the_bindings_say() -> None:
    masters = User(username="x", groups=frozenset({"system:masters"}))
    for each in (rbac(), UNSEEN, DEFAULT_RBAC):
        assert kind(allows(each, masters, EVERYTHING)) == "Allowed"
        assert kind(allows(each, masters, UrlRequest(verb="get", path="/metrics"))) == "Allowed"


def test_a_binding_in_a_namespace_extends_a_cluster_role_to_that_namespace_only() -> None:
    here = rbac(role("r", rule("get", "pods nodes")), binding("r", user("ada"), namespace="dev"))
    assert ask(here, ADA, "get", "pods", namespace="dev") == "Allowed"
    assert ask(here, ADA, "get", "pods", namespace="prod") == "Denied"
    assert ask(here, ADA, "get", "nodes") == "Denied"
    assert ask(here, User(username="bob"), "get", "pods", namespace="dev") == "Denied"


def test_the_answer_names_the_binding() -> None:
    here = rbac(role("r", rule("get", "pods")), binding("r", user("ada"), namespace="dev"))
    decision = allows(here, ADA, Request(verb="get", resource="pods", namespace="dev"))
    assert decision == Allowed("RoleBinding dev/r-binding of ClusterRole r")


def test_named_objects_restrict_what_names_an_object() -> None:
    here = rbac(role("r", rule("get create list", "secrets", names="one")), binding("r", user("ada")))
    assert ask(here, ADA, "get", "secrets", name="one") == "Allowed"
    assert ask(here, ADA, "get", "secrets", name="two") == "Denied"
    # A request to create or to list all carries no name, so that such a rule never allows it.
    assert ask(here, ADA, "create", "secrets") == "Denied"
    assert ask(here, ADA, "get", "secrets", name=None) == "Allowed"


@pytest.mark.parametrize(
    ("written", "asked", "expected"),
    [
        ("pods", "pods", True),
        ("pods", "pods/exec", False),
        ("pods/*", "pods/exec", False),
        ("pods/exec", "pods", False),
        ("*/exec", "pods/exec", True),
        ("*/exec", "exec", False),
        ("*", "pods/exec", True),
    ],
)
def test_resources_and_subresources_match(written: str, asked: str, *, expected: bool) -> None:
    here = rbac(role("r", rule("get", written)), binding("r", user("ada")))
    assert (ask(here, ADA, "get", asked) == "Allowed") is expected


def test_urls_are_extended_by_cluster_role_bindings_only() -> None:
    urls: Json = {"verbs": ["get"], "nonResourceURLs": ["/metrics", "/logs/*"]}
    for namespace, expected in (("", "Allowed"), ("dev", "Denied")):
        here = rbac(role("r", urls), binding("r", user("ada"), namespace=namespace))
        assert kind(allows(here, ADA, UrlRequest(verb="get", path="/metrics"))) == expected
        assert kind(allows(here, ADA, UrlRequest(verb="get", path="/logs/x"))) == expected
        assert kind(allows(here, ADA, UrlRequest(verb="get", path="/metrics/x"))) == "Denied"


def test_groups_that_are_implied() -> None:
    everyone = rbac(role("r", rule("get", "pods")), binding("r", group("system:authenticated")))
    assert ask(everyone, ADA, "get", "pods") == "Allowed"
    assert ask(everyone, ANONYMOUS, "get", "pods") == "Denied"
    accounts = rbac(role("r", rule("get", "pods")), binding("r", group("system:serviceaccounts:dev")))
    assert ask(accounts, service_account("dev", "x"), "get", "pods") == "Allowed"
    assert ask(accounts, service_account("prod", "x"), "get", "pods") == "Denied"


def test_a_service_account_is_whoever_has_its_username() -> None:
    here = rbac(
        role("r", rule("get", "pods")),
        binding("r", account("one"), namespace="dev"),
        binding("r", account("two")),
    )
    assert ask(here, service_account("dev", "one"), "get", "pods", namespace="dev") == "Allowed"
    assert (
        ask(here, User(username="system:serviceaccount:dev:one"), "get", "pods", namespace="dev") == "Allowed"
    )
    # In a cluster-wide binding an account without a namespace is nobody.
    assert ask(here, service_account("dev", "two"), "get", "pods", namespace="dev") == "Denied"


def test_a_role_that_does_not_exist_extends_nothing_and_one_that_was_not_listed_may_extend_anything() -> None:
    bound = [binding("gone", user("ada"))]
    assert kind(allows(parse_rbac(bound, listed=RBAC_KINDS), ADA, EVERYTHING)) == "Denied"
    assert (
        kind(allows(parse_rbac(bound, listed=RBAC_KINDS - {Kind.CLUSTER_ROLE}), ADA, EVERYTHING)) == "Unknown"
    )


def test_where_bindings_were_not_seen_nothing_is_denied() -> None:
    assert kind(allows(UNSEEN, ADA, EVERYTHING)) == "Unknown"
    assert kind(allows(parse_rbac([]), ADA, EVERYTHING)) == "Unknown"
    assert kind(allows(rbac("no object"), ADA, EVERYTHING)) == "Unknown"


def test_an_identity_that_was_not_seen_may_be_anyone() -> None:
    here = rbac(role("r", rule("get", "pods")), binding("r", user("ada")), binding("r", group("ops")))
    assert ask(here, User(username=UNSEEN), "get", "pods") == "Unknown"
    assert ask(here, User(username=UNSEEN), "get", "secrets") == "Denied"
    assert ask(here, User(username="x", groups=UNSEEN), "get", "secrets") == "Unknown"


def test_parts_that_cannot_be_read_are_unknown_where_they_could_matter() -> None:
    odd_rule = rbac(role("r", {"verbs": "get"}), binding("r", user("ada")))
    assert ask(odd_rule, ADA, "get", "pods") == "Unknown"
    assert ask(odd_rule, User(username="bob"), "get", "pods") == "Denied"
    odd_subject = rbac(role("r", rule("get", "pods")), binding("r", {"kind": 7}))
    assert ask(odd_subject, ADA, "get", "pods") == "Unknown"
    assert ask(odd_subject, ADA, "get", "secrets") == "Denied"
    odd_role: Json = {
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "b"},
        "roleRef": 7,
        "subjects": [user("ada")],
    }
    assert ask(rbac(odd_role), ADA, "get", "pods") == "Unknown"
    assert ask(rbac(odd_role), User(username="bob"), "get", "pods") == "Denied"


def test_access_policies_hold_where_they_are_scoped() -> None:
    somewhere = holder("AmazonEKSEditPolicy", "dev", "team-*")
    for namespace, expected in (
        ("dev", "Allowed"),
        ("team-a", "Allowed"),
        ("prod", "Denied"),
        ("", "Denied"),
    ):
        assert ask(rbac(), somewhere, "create", "pods", namespace=namespace) == expected
    assert ask(rbac(), holder("AmazonEKSEditPolicy"), "create", "pods", namespace="prod") == "Allowed"
    assert kind(allows(rbac(), holder("AmazonEKSClusterAdminPolicy"), EVERYTHING)) == "Allowed"


def test_an_access_policy_that_is_not_known_here_may_allow_anything() -> None:
    assert kind(allows(rbac(), holder("AmazonEKSNewPolicy"), EVERYTHING)) == "Unknown"
    assert kind(allows(rbac(), User(username="a", policies=(UNSEEN,)), EVERYTHING)) == "Unknown"
    foreign = PolicyGrant(policy="arn:aws:iam::aws:policy/AdministratorAccess", namespaces=None)
    assert kind(allows(rbac(), User(username="a", policies=(foreign,)), EVERYTHING)) == "Unknown"


def test_what_a_node_may_read_depends_on_its_pods() -> None:
    node = User(username="system:node:x", groups=frozenset({"system:nodes"}))
    assert ask(rbac(), node, "get", "secrets", namespace="dev") == "Unknown"
    assert ask(rbac(), node, "create", "serviceaccounts/token", namespace="dev") == "Unknown"
    assert kind(allows(rbac(), node, EVERYTHING)) == "Denied"


def test_the_names_of_bindings_are_those_that_authorization_compares() -> None:
    here = rbac(role("r"), binding("r", user("a/b"), group("g"), account("one"), account("two", "dev")))
    assert names_of(here) == {"a/b", "g", "system:serviceaccount:dev:two", "system:masters"}


USERS = st.builds(
    lambda name, groups: User(username=name, groups=frozenset(groups)),
    st.sampled_from(["ada", "eve", "system:serviceaccount:dev:one", "system:serviceaccount:prod:two"]),
    st.sets(st.sampled_from(["ops", "system:serviceaccounts:dev", "system:masters"]), max_size=2),
)
REQUESTS = st.builds(
    lambda verb, group, resource, rest: Request(
        verb=verb, group=group, resource=resource, namespace=rest[0], name=rest[1]
    ),
    st.sampled_from(VERBS),
    st.sampled_from(GROUPS),
    st.sampled_from(RESOURCES),
    st.tuples(st.sampled_from(["", *NAMESPACES]), st.sampled_from(["", *OBJECTS_NAMES])),
)


@given(CLUSTERS, USERS, REQUESTS)
def test_the_authorizer_agrees_with_the_plain_one(objects: list[Json], user: User, request: Request) -> None:
    assert isinstance(user.username, str)
    assert isinstance(user.groups, frozenset)
    plain = allowed(
        objects,
        (user.username, set(user.groups)),
        {
            "verb": request.verb,
            "group": request.group,
            "resource": request.resource,
            "namespace": request.namespace,
            "name": request.name or "",
        },
    )
    assert isinstance(allows(rbac(*objects), user, request), Allowed if plain else Denied)


@given(CLUSTERS, USERS, REQUESTS, st.data())
def test_the_order_of_objects_does_not_matter(
    objects: list[Json], user: User, request: Request, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(objects))
    assert kind(allows(rbac(*objects), user, request)) == kind(allows(rbac(*shuffled), user, request))


@given(CLUSTERS, BINDINGS, USERS, REQUESTS)
def test_one_more_binding_takes_nothing_away(
    objects: list[Json], more: Json, user: User, request: Request
) -> None:
    if isinstance(allows(rbac(*objects), user, request), Allowed):
        assert isinstance(allows(rbac(*objects, more), user, request), Allowed)


@given(CLUSTERS, USERS, REQUESTS, st.integers(min_value=0, max_value=20))
def test_what_was_not_read_turns_no_denial_into_an_answer(
    objects: list[Json], user: User, request: Request, place: int
) -> None:
    """With one object spoiled, the answer is the true one or Unknown."""
    truth = allows(rbac(*objects), user, request)
    if objects:
        spoiled: list[Json] = list(objects)
        spoiled[place % len(objects)] = {"kind": None}
        less = allows(
            parse_rbac(spoiled, listed=frozenset({Kind.CLUSTER_ROLE_BINDING, Kind.ROLE_BINDING})),
            user,
            request,
        )
        assert isinstance(less, Unknown) or kind(less) == kind(truth)


def test_a_grant_in_every_namespace_extends_to_nothing_outside_of_one() -> None:
    everywhere = holder("AmazonEKSEditPolicy", "*")
    assert ask(rbac(), everywhere, "create", "pods", namespace="dev") == "Allowed"
    assert ask(rbac(), everywhere, "create", "pods") == "Denied"
    admin = holder("AmazonEKSClusterAdminPolicy", "*")
    assert kind(allows(rbac(), admin, UrlRequest(verb="get", path="/metrics"))) == "Denied"
    assert kind(allows(rbac(), admin, EVERYTHING)) == "Denied"
