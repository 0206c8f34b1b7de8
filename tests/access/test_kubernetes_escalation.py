from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.access.kubernetes import DEFAULT_RBAC, Rbac, User
from auditwright.access.kubernetes_edges import EDGES
from auditwright.access.kubernetes_escalation import Escalation, Reach, escalate
from auditwright.access.kubernetes_levels import Level, levels
from auditwright.access.kubernetes_objects import RBAC_KINDS, parse_rbac
from auditwright.access.kubernetes_roles import RBAC_GROUP
from auditwright.access.kubernetes_steps import replays
from auditwright.core.outcome import Unknown
from tests.access.clusters import UNSEEN, holder
from tests.access.objects import BINDINGS, CLUSTERS, account, binding, group, role, rule, user
from tests.reference.kubernetes import Json

ADA = User(username="ada")
ADMIN_RULE = rule("*", "*", "*")


def rbac(*objects: Json) -> Rbac:
    return parse_rbac(list(objects), listed=RBAC_KINDS)


def reached(*objects: Json, aws_auth: bool | Unknown = False, start: User = ADA) -> tuple[Level, Level]:
    found = escalate(rbac(*objects), start, reads_aws_auth=aws_auth)
    assert replays(rbac(*objects), start, found.known.paths[found.known.level])
    return found.known.level, found.possible.level


def may(*rules: Json, namespace: str = "") -> list[Json]:
    """Ada's own role."""
    return [role("hers", *rules), binding("hers", user("ada"), namespace=namespace)]


def edges(reach: Reach) -> list[str]:
    return [step.edge for step in reach.paths[reach.level]]


ADMIN_ACCOUNT: list[Json] = [
    role("all", ADMIN_RULE),
    binding("all", account("ci", "dev")),
    {"kind": "ServiceAccount", "metadata": {"name": "ci", "namespace": "dev"}},
]
ADMIN, ANY = Level.CLUSTER_ADMIN, Level.ANY


def test_who_holds_nothing_reaches_nothing() -> None:
    assert reached(*ADMIN_ACCOUNT) == (ANY, ANY)
    found = escalate(DEFAULT_RBAC, ADA, reads_aws_auth=True)
    assert (found.known.level, found.possible.level) == (ANY, ANY)
    assert found.possible.node is None


def test_who_holds_all_needs_no_step() -> None:
    found = escalate(
        DEFAULT_RBAC, User(username="x", groups=frozenset({"system:masters"})), reads_aws_auth=False
    )
    assert found.known.paths[ADMIN] == ()


def test_where_bindings_were_not_seen_everything_is_possible_and_nothing_known() -> None:
    found = escalate(UNSEEN, ADA, reads_aws_auth=False)
    assert (found.known.level, found.possible.level) == (ANY, ADMIN)


def test_editing_the_map_counts_where_the_cluster_reads_it() -> None:
    hers = may(rule("patch", "configmaps", names="aws-auth"), namespace="kube-system")
    assert reached(*hers, aws_auth=True) == (ADMIN, ADMIN)
    assert reached(*hers, aws_auth=False)[1] is not ADMIN
    assert reached(*hers, aws_auth=UNSEEN)[0] is not ADMIN
    assert reached(*hers, aws_auth=UNSEEN)[1] is ADMIN
    elsewhere = may(rule("patch", "configmaps", names="aws-auth"), namespace="dev")
    assert reached(*elsewhere, aws_auth=True) == (ANY, ANY)
    other = may(rule("patch", "configmaps", names="other"), namespace="kube-system")
    assert reached(*other, aws_auth=True) == (ANY, ANY)
    assert reached(*may(rule("create", "configmaps"), namespace="kube-system"), aws_auth=True) == (ANY, ADMIN)


@pytest.mark.parametrize(
    ("rules", "namespace", "expected"),
    [
        ([rule("impersonate", "users"), rule("impersonate", "groups")], "", ADMIN),
        ([rule("impersonate", "groups")], "", ANY),
        ([rule("impersonate", "users"), rule("impersonate", "groups", names="ops")], "", ANY),
        ([rule("impersonate", "users")], "", ANY),
        ([rule("impersonate", "serviceaccounts")], "dev", ADMIN),
        ([rule("impersonate", "serviceaccounts", names="ci")], "dev", ADMIN),
        ([rule("impersonate", "serviceaccounts", names="other")], "dev", ANY),
        ([rule("impersonate", "serviceaccounts")], "prod", ANY),
        (
            [rule("impersonate", "serviceaccounts"), rule("impersonate", "groups", names="system:masters")],
            "",
            ADMIN,
        ),
    ],
)
def test_impersonation(rules: list[Json], namespace: str, expected: Level) -> None:
    assert reached(*ADMIN_ACCOUNT, *may(*rules, namespace=namespace)) == (expected, expected)


def test_a_bound_user_is_impersonated() -> None:
    bob = [role("all", ADMIN_RULE), binding("all", user("bob"))]
    assert reached(*bob, *may(rule("impersonate", "users", names="bob"))) == (ADMIN, ADMIN)
    assert reached(*bob, *may(rule("impersonate", "users", names="eve"))) == (ANY, ANY)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            [rule("bind", "clusterroles", RBAC_GROUP), rule("create", "clusterrolebindings", RBAC_GROUP)],
            ADMIN,
        ),
        (
            [
                rule("bind", "clusterroles", RBAC_GROUP, names="all"),
                rule("create", "clusterrolebindings", RBAC_GROUP),
            ],
            ADMIN,
        ),
        (
            [
                rule("bind", "clusterroles", RBAC_GROUP, names="hers"),
                rule("create", "clusterrolebindings", RBAC_GROUP),
            ],
            ANY,
        ),
        ([rule("bind", "clusterroles", RBAC_GROUP)], ANY),
        ([rule("create", "clusterrolebindings", RBAC_GROUP)], ANY),
        # One more subject in a binding of the role that exists.
        (
            [
                rule("bind", "clusterroles", RBAC_GROUP),
                rule("patch", "clusterrolebindings", RBAC_GROUP, names="all-binding"),
            ],
            ADMIN,
        ),
        (
            [
                rule("bind", "clusterroles", RBAC_GROUP),
                rule("patch", "clusterrolebindings", RBAC_GROUP, names="hers-binding"),
            ],
            ANY,
        ),
    ],
)
def test_binding_a_role_to_oneself(rules: list[Json], expected: Level) -> None:
    assert reached(*ADMIN_ACCOUNT, *may(*rules)) == (expected, expected)


def test_a_role_bound_in_a_namespace_reaches_what_lies_in_it() -> None:
    binds = [rule("bind", "clusterroles", RBAC_GROUP), rule("create", "rolebindings", RBAC_GROUP)]
    found = escalate(rbac(*ADMIN_ACCOUNT, *may(*binds, namespace="dev")), ADA, reads_aws_auth=False)
    assert found.known.level is ADMIN
    assert edges(found.known)[0] == "bind"
    assert reached(*ADMIN_ACCOUNT, *may(*binds, namespace="prod"))[0] is Level.ADMIN


def test_bindings_that_exist_in_several_namespaces_are_each_tried() -> None:
    there = [binding("all", user("bob"), namespace=home) for home in ("a", "dev")]
    hers = may(rule("bind", "clusterroles", RBAC_GROUP), rule("patch", "rolebindings", RBAC_GROUP))
    elsewhere = [
        role("all", ADMIN_RULE),
        *there,
        role("more", ADMIN_RULE),
        binding("more", account("ci", "dev")),
    ]
    assert reached(*elsewhere, *hers) == (ADMIN, ADMIN)


def test_a_path_has_only_the_changes_that_it_needs() -> None:
    roles = [role(name, rule("get", name)) for name in ("aa", "bb", "zz")]
    binds = [rule("bind", "clusterroles", RBAC_GROUP), rule("create", "rolebindings", RBAC_GROUP)]
    hers = may(*binds, rule("create get", "secrets", names="x"), namespace="dev")
    found = escalate(rbac(*roles, *ADMIN_ACCOUNT, *hers), ADA, reads_aws_auth=False)
    assert [step.edge for step in found.known.paths[ADMIN]][:1] == ["bind"]
    assert [step.edge for step in found.known.paths[ADMIN]].count("bind") == 1


def test_a_path_that_skips_what_it_depends_on_does_not_replay() -> None:
    hers = may(rule("create get", "secrets"), rule("impersonate", "users"), namespace="dev")
    here = rbac(*ADMIN_ACCOUNT, *hers)
    path = escalate(here, ADA, reads_aws_auth=False).known.paths[ADMIN]
    assert [step.edge for step in path] == ["token-in-secret", "read-token"]
    assert replays(here, ADA, path)
    assert not replays(here, ADA, path[1:])
    assert not replays(here, User(username="bob"), path)
    assert not replays(rbac(*ADMIN_ACCOUNT), ADA, path)
    assert not replays(
        here,
        ADA,
        [
            replace(step, actor=User(username="system:admin", groups=frozenset({"system:masters"})))
            for step in path
        ],
    )
    assert not replays(here, ADA, [replace(step, doubt="perhaps") for step in path])


def test_a_role_of_a_namespace_is_bound() -> None:
    objects = [role("strong", rule("create", "serviceaccounts/token"), namespace="dev"), *ADMIN_ACCOUNT]
    binds = [rule("bind", "roles", RBAC_GROUP), rule("create", "rolebindings", RBAC_GROUP)]
    assert reached(*objects, *may(*binds, namespace="dev")) == (ADMIN, ADMIN)
    assert reached(*objects, *may(*binds)) == (ADMIN, ADMIN)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule("escalate update", "clusterroles", RBAC_GROUP)], ADMIN),
        ([rule("escalate update", "clusterroles", RBAC_GROUP, names="hers")], ADMIN),
        ([rule("escalate update", "clusterroles", RBAC_GROUP, names="all")], ANY),
        ([rule("update", "clusterroles", RBAC_GROUP)], ANY),
        ([rule("escalate", "clusterroles", RBAC_GROUP)], ANY),
        ([rule("escalate create", "clusterroles", RBAC_GROUP)], ANY),
    ],
)
def test_rewriting_a_role_that_one_has(rules: list[Json], expected: Level) -> None:
    assert reached(*ADMIN_ACCOUNT, *may(*rules)) == (expected, expected)


def test_a_new_role_is_taken_into_one_that_aggregates() -> None:
    hers: Json = {
        "kind": "ClusterRole",
        "metadata": {"name": "hers"},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to": "hers"}}]},
        "rules": [rule("escalate create", "clusterroles", RBAC_GROUP)],
    }
    assert reached(hers, binding("hers", user("ada"))) == (ADMIN, ADMIN)


@pytest.mark.parametrize(
    ("rules", "known"),
    [
        ([rule("create", "serviceaccounts/token")], True),
        ([rule("create", "serviceaccounts/token", names="ci")], True),
        ([rule("create get", "secrets")], True),
        ([rule("list", "secrets")], False),
        ([rule("create", "pods")], False),
        ([rule("patch", "deployments", "apps")], False),
        ([rule("create", "cronjobs", "batch")], False),
        ([rule("create", "pods/exec")], False),
        ([rule("patch", "pods/ephemeralcontainers")], False),
    ],
)
def test_service_accounts_of_a_namespace(rules: list[Json], *, known: bool) -> None:
    certain, possible = reached(*ADMIN_ACCOUNT, *may(*rules, namespace="dev"))
    assert (certain is ADMIN) is known
    assert possible is ADMIN


def test_a_token_of_an_account_that_was_not_seen_is_only_possible_unless_it_can_be_created() -> None:
    unseen = ADMIN_ACCOUNT[:2]
    token = rule("create", "serviceaccounts/token")
    assert reached(*unseen, *may(token, namespace="dev")) == (ANY, ADMIN)
    assert reached(*unseen, *may(token, rule("create", "serviceaccounts"), namespace="dev")) == (ADMIN, ADMIN)
    # To impersonate, it need not exist.
    assert reached(*unseen, *may(rule("impersonate", "serviceaccounts"), namespace="dev")) == (ADMIN, ADMIN)


def test_a_binding_to_all_accounts_of_a_namespace_is_reached_by_any_of_them() -> None:
    bound = [role("all", ADMIN_RULE), binding("all", group("system:serviceaccounts:dev"))]
    assert reached(*bound, *may(rule("create", "serviceaccounts/token"), namespace="dev")) == (ADMIN, ADMIN)
    assert reached(*bound, *may(rule("create", "serviceaccounts/token"), namespace="prod")) == (ANY, ANY)
    everyone = [role("all", ADMIN_RULE), binding("all", group("system:serviceaccounts"))]
    assert reached(*everyone, *may(rule("create", "serviceaccounts/token"), namespace="prod")) == (
        ADMIN,
        ADMIN,
    )


@pytest.mark.parametrize(
    "rules",
    [
        [rule("get", "nodes/proxy")],
        [rule("create", "persistentvolumes")],
        [rule("patch", "mutatingwebhookconfigurations", "admissionregistration.k8s.io")],
        [rule("create", "apiservices", "apiregistration.k8s.io")],
        [
            rule("create", "certificatesigningrequests", "certificates.k8s.io"),
            rule("update", "certificatesigningrequests/approval", "certificates.k8s.io"),
            rule("approve", "signers", "certificates.k8s.io"),
        ],
    ],
)
def test_what_depends_on_more_than_bindings_is_only_possible(rules: list[Json]) -> None:
    assert reached(*ADMIN_ACCOUNT, *may(*rules)) == (ANY, ADMIN)
    if len(rules) > 1:
        assert reached(*ADMIN_ACCOUNT, *may(*rules[1:])) == (ANY, ANY)


def test_a_node_reaches_the_accounts_of_pods_and_not_those_of_the_control_plane() -> None:
    node = User(username="system:node:x", groups=frozenset({"system:nodes"}))
    assert reached(*ADMIN_ACCOUNT, start=node) == (ANY, ADMIN)
    found = escalate(DEFAULT_RBAC, node, reads_aws_auth=True)
    assert found.possible.level is Level.VIEW
    assert found.possible.node is not None


def test_editing_everywhere_is_everything_in_any_cluster_and_in_one_namespace_it_is_not() -> None:
    everywhere = escalate(DEFAULT_RBAC, holder("AmazonEKSEditPolicy"), reads_aws_auth=False)
    assert everywhere.known.level is ADMIN
    assert replays(DEFAULT_RBAC, holder("AmazonEKSEditPolicy"), everywhere.known.paths[ADMIN])
    assert str(everywhere.known.paths[ADMIN][0]) == (
        "ada: impersonate serviceaccounts/clusterrole-aggregation-controller in kube-system"
        " -> system:serviceaccount:kube-system:clusterrole-aggregation-controller"
        " (system:serviceaccounts, system:serviceaccounts:kube-system)"
    )
    somewhere = escalate(DEFAULT_RBAC, holder("AmazonEKSEditPolicy", "dev"), reads_aws_auth=True)
    assert (somewhere.known.level, somewhere.possible.level) == (Level.EDIT, Level.EDIT)
    assert somewhere.possible.node is not None
    assert (
        escalate(DEFAULT_RBAC, holder("AmazonEKSAdminPolicy", "kube-system"), reads_aws_auth=True).known.level
        is ADMIN
    )
    assert (
        escalate(DEFAULT_RBAC, holder("AmazonEKSViewPolicy"), reads_aws_auth=True).possible.level
        is Level.VIEW
    )


def test_steps_say_who_asks_for_what() -> None:
    found = escalate(
        rbac(*ADMIN_ACCOUNT, *may(rule("create", "serviceaccounts/token"), namespace="dev")),
        ADA,
        reads_aws_auth=False,
    )
    (step,) = found.known.paths[ADMIN]
    assert str(step) == (
        "ada: create serviceaccounts/token/ci in dev -> system:serviceaccount:dev:ci"
        " (system:serviceaccounts, system:serviceaccounts:dev)"
    )


def test_edges_are_told_apart_and_explained() -> None:
    assert len({edge.id for edge in EDGES}) == len(EDGES)
    assert all(edge.says.endswith(".") for edge in EDGES)


def closed(objects: list[Json]) -> Escalation:
    return escalate(rbac(*objects), ADA, reads_aws_auth=True)


@given(CLUSTERS)
def test_what_is_known_is_possible_and_replays(objects: list[Json]) -> None:
    found = closed(objects)
    assert found.known.level.rank <= found.possible.level.rank
    assert found.known.level.rank >= levels(rbac(*objects), ADA).known.rank
    for steps in found.known.paths.values():
        assert replays(rbac(*objects), ADA, steps)
    assert replays(rbac(*objects), ADA, found.known.history)


@given(CLUSTERS, BINDINGS)
def test_one_more_binding_never_lowers_what_is_reached(objects: list[Json], more: Json) -> None:
    before, after = closed(objects), closed([*objects, more])
    assert before.known.level.rank <= after.known.level.rank
    assert before.possible.level.rank <= after.possible.level.rank


@given(CLUSTERS, st.data())
def test_the_order_of_objects_does_not_change_what_is_reached(
    objects: list[Json], data: st.DataObject
) -> None:
    one, other = closed(objects), closed(data.draw(st.permutations(objects)))
    assert (one.known.level, one.possible.level) == (other.known.level, other.possible.level)


@given(CLUSTERS)
@settings(max_examples=50)
def test_nobody_who_was_reached_can_become_more_than_was_reached(objects: list[Json]) -> None:
    """The closure is closed: what its members reach, it reaches."""
    found = closed(objects)
    for one in found.possible.users[:4]:
        again = escalate(rbac(*objects), one, reads_aws_auth=True)
        assert again.possible.level.rank <= found.possible.level.rank


def test_a_large_cluster_comes_to_an_end() -> None:
    objects: list[Json] = [role("start", rule("create", "serviceaccounts/token"), rule("get", "pods"))]
    for number in range(600):
        home, following = f"ns{number}", f"ns{number + 1}"
        objects += [
            {"kind": "ServiceAccount", "metadata": {"name": "sa", "namespace": home}},
            binding("start", account("sa", home), namespace=following),
        ]
    objects += [
        binding("start", user("ada"), namespace="ns0"),
        role("all", ADMIN_RULE),
        binding("all", account("sa", "ns599")),
    ]
    found = escalate(rbac(*objects), ADA, reads_aws_auth=False)
    assert len(found.known.paths[ADMIN]) == 600
