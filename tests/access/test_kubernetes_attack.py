"""The closure against an attacker who tries everything on the objects themselves."""

import copy

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auditwright.access.kubernetes import User
from auditwright.access.kubernetes_escalation import escalate
from auditwright.access.kubernetes_levels import Level
from auditwright.access.kubernetes_objects import RBAC_KINDS, parse_rbac
from auditwright.access.kubernetes_roles import RBAC_GROUP
from tests.access.objects import (
    BINDINGS,
    CLUSTERS,
    NAMESPACES,
    OBJECTS_NAMES,
    ROLE_NAMES,
    SUBJECTS,
    binding,
    group,
    role,
    rule,
    user,
)
from tests.reference.kubernetes import Json
from tests.reference.kubernetes_attack import Attacker

POWERS: st.SearchStrategy[Json] = st.builds(
    lambda power, names: rule(power[0], power[1], power[2], names),
    st.sampled_from(
        [
            ("impersonate", "users", ""),
            ("impersonate", "groups", ""),
            ("impersonate", "serviceaccounts", ""),
            ("create", "serviceaccounts", ""),
            ("create", "serviceaccounts/token", ""),
            ("create", "secrets", ""),
            ("get", "secrets", ""),
            ("bind", "clusterroles", RBAC_GROUP),
            ("bind", "roles", RBAC_GROUP),
            ("escalate", "clusterroles", RBAC_GROUP),
            ("escalate", "roles", RBAC_GROUP),
            ("create", "clusterroles", RBAC_GROUP),
            ("update", "clusterroles", RBAC_GROUP),
            ("create", "roles", RBAC_GROUP),
            ("patch", "roles", RBAC_GROUP),
            ("create", "clusterrolebindings", RBAC_GROUP),
            ("patch", "clusterrolebindings", RBAC_GROUP),
            ("create", "rolebindings", RBAC_GROUP),
            ("update", "rolebindings", RBAC_GROUP),
        ]
    ),
    st.sampled_from(["", "", "", "one", "two", "one-binding", "ops", "bob"]),
)
ATTACKS: st.SearchStrategy[list[Json]] = st.builds(
    lambda first, second, third, bindings, mine: [
        role("one", *first),
        role("two", *second),
        role("one", *third, namespace="dev"),
        *bindings,
        *({**each, "subjects": [user("ada")]} for each in mine if isinstance(each, dict)),
    ],
    st.lists(POWERS, max_size=3),
    st.lists(POWERS, min_size=1, max_size=3),
    st.lists(POWERS, max_size=2) | st.just([rule("*", "*", "*")]),
    st.lists(BINDINGS, max_size=3),
    st.lists(BINDINGS, min_size=1, max_size=3),
)
WITH_AN_ADMINISTRATOR: st.SearchStrategy[list[Json]] = st.builds(
    lambda objects, subject: [*objects, role("all", rule("*", "*", "*")), binding("all", subject)],
    ATTACKS,
    SUBJECTS.filter(lambda subject: subject not in (user("ada"), group("system:authenticated"))),
)


def attacked(objects: list[Json], *, passes_on: bool) -> bool:
    attacker = Attacker(
        objects=copy.deepcopy(objects),
        namespaces=[*NAMESPACES, "default"],
        object_names=[*OBJECTS_NAMES, "bob", "ops", "one-binding", "nobody-yet"],
        role_names=[*ROLE_NAMES, *OBJECTS_NAMES, "all"],
        passes_on=passes_on,
    )
    attacker.held.add(("ada", frozenset()))
    return attacker.attack()


def closed(objects: list[Json]) -> tuple[bool, bool]:
    rbac = parse_rbac(objects, listed=RBAC_KINDS)
    found = escalate(rbac, User(username="ada"), reads_aws_auth=False)
    return found.known.level is Level.CLUSTER_ADMIN, found.possible.level is Level.CLUSTER_ADMIN


DELEGATED: list[Json] = [
    role("one", rule("create", "clusterrolebindings", RBAC_GROUP), rule("get", "pods")),
    role("two", rule("escalate update", "clusterroles", RBAC_GROUP, names="three")),
    role("three", rule("get", "pods")),
    binding("one", user("ada")),
    binding("two", user("ada")),
]
"""Ada binds the third role, whose rules she holds, and then rewrites it."""

CREATED: list[Json] = [
    role("one", rule("escalate create", "clusterroles", RBAC_GROUP)),
    binding("one", user("ada")),
    binding("three", user("ada")),
]
"""Ada is bound to a role that does not exist, and creates it."""


POOLED: list[Json] = [
    role("one", rule("create", "clusterrolebindings", RBAC_GROUP)),
    role("two", rule("impersonate", "users", names="bob")),
    role("three", rule("bind", "clusterroles", RBAC_GROUP)),
    role("all", rule("*", "*", "*")),
    binding("one", user("ada")),
    binding("two", user("ada")),
    binding("three", user("bob")),
]
"""Ada binds to Bob the right to write bindings, which she holds, and then binds everything as him."""

RESERVED: list[Json] = [
    role(
        "one",
        rule("create", "clusterrolebindings", RBAC_GROUP),
        rule("bind", "clusterroles", RBAC_GROUP, "two"),
    ),
    role("three", rule("escalate create", "clusterroles", RBAC_GROUP)),
    binding("one", user("ada")),
    binding("three", user("ada")),
]
"""Ada may bind a role that does not exist, and creates it."""

NAMED: list[Json] = [
    role("one", rule("impersonate", "serviceaccounts", names="nobody-yet")),
    role("all", rule("*", "*", "*")),
    binding("one", user("ada")),
    binding("all", group("system:serviceaccounts:dev")),
]
"""Ada may impersonate accounts of one name, which is bound nowhere, but all accounts of a namespace are."""

MADE: list[Json] = [
    role("one", rule("create", "serviceaccounts"), rule("create", "serviceaccounts/token", names="one")),
    role("all", rule("*", "*", "*")),
    binding("one", user("ada")),
    binding("all", group("system:serviceaccounts:dev")),
]
"""Ada makes an account of the one name that she may ask a token of, in a namespace whose accounts are all bound."""

NAMED_ANYWHERE: list[Json] = [*NAMED[:3], binding("all", group("system:serviceaccounts"))]


@given(ATTACKS | WITH_AN_ADMINISTRATOR | CLUSTERS)
@settings(max_examples=200)
@example(CREATED)
@example(RESERVED)
@example(NAMED)
@example(NAMED_ANYWHERE)
@example(MADE)
def test_what_is_known_is_what_an_attacker_gets(objects: list[Json]) -> None:
    assert closed(objects)[0] is attacked(objects, passes_on=False)


@given(ATTACKS | WITH_AN_ADMINISTRATOR | CLUSTERS)
@settings(max_examples=200)
@example(DELEGATED)
@example(POOLED)
@example(CREATED)
@example(RESERVED)
@example(NAMED)
@example(NAMED_ANYWHERE)
@example(MADE)
def test_no_attacker_gets_what_was_ruled_out(objects: list[Json]) -> None:
    if attacked(objects, passes_on=True):
        assert closed(objects)[1]


@pytest.mark.parametrize("objects", [CREATED, RESERVED, NAMED, NAMED_ANYWHERE, MADE])
def test_attacks_that_follow_from_the_roles_are_known(objects: list[Json]) -> None:
    assert closed(objects) == (True, True)
    assert attacked(objects, passes_on=False)


@pytest.mark.parametrize("objects", [DELEGATED, POOLED])
def test_attacks_that_pass_rights_on_are_possible(objects: list[Json]) -> None:
    assert closed(objects) == (False, True)
    assert attacked(objects, passes_on=True)
    found = escalate(parse_rbac(objects, listed=RBAC_KINDS), User(username="ada"), reads_aws_auth=False)
    assert any(step.doubt for step in found.possible.paths[Level.CLUSTER_ADMIN])
