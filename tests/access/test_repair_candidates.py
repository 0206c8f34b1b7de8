"""The change that a repair chooses where several would close the path: the one that disrupts least."""

from dataclasses import replace

import pytest

from auditwright.access.eks import AccessEntry
from auditwright.access.facts import Fact, Kind
from auditwright.access.kubernetes import DEFAULT_RBAC, Allowed, PolicyGrant, User, allows
from auditwright.access.kubernetes_levels import Level
from auditwright.access.kubernetes_roles import ACCESS_POLICY_ARN, access_policy_rules
from auditwright.access.kubernetes_rules import Request
from auditwright.access.repair import Repair, repair, verdict_in
from auditwright.access.repair_candidates import LESSER, LESSER_THAN
from auditwright.access.repair_changes import ChangeKind
from auditwright.access.repair_edits import EntryNarrowed, Guarded, Unbound, applied
from auditwright.access.repair_elsewhere import made
from auditwright.access.verdict import Unreachable, target_of
from auditwright.access.world import World
from auditwright.core.outcome import Unknown
from tests.access.accounts import (
    ACCOUNT,
    CREATOR,
    ENROLLING,
    Json,
    allow,
    arn,
    cluster,
    document,
    entry,
    held,
    snapshot,
    user,
    without_mfa,
    world,
)

ADMINISTRATOR = "prod:cluster-admin"
SCPS = [[document(allow("*"))], [document(allow("*"))]]


def bound(*groups: str, name: str = "own-ops") -> Json:
    return {
        "clusterRoleBindings": [
            {
                "metadata": {"name": name},
                "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [{"kind": "Group", "name": each} for each in groups],
            }
        ]
    }


def entered(*policies: str, groups: tuple[str, ...] = (), **beside: object) -> World:
    """Noor's key enters prod by an access entry."""
    return world(
        snapshot(
            user("noor"),
            CREATOR,
            credentials=(held("noor"),),
            cluster=cluster("API", entry(arn("user", "noor"), *policies, groups=groups)),
            **beside,
        )
    )


def repaired(here: World, target: str) -> Repair:
    """The repair of a target; it is complete, and each of its changes is needed."""
    asked = target_of(here, target)
    found = repair(here, asked)
    assert found.complete
    for left_out in found.changes:
        others = [each for each in found.changes if each != left_out]
        assert not isinstance(verdict_in(made(here, others), asked, None), Unreachable)
    return found


def test_a_binding_of_one_group_is_deleted_and_the_way_in_stays() -> None:
    here = entered(groups=("ops",), rbac=bound("ops"))
    (change,) = repaired(here, ADMINISTRATOR).changes
    assert (change.kind, isinstance(change.edit, Unbound)) == (ChangeKind.DELETE_BINDING, True)
    after = change.apply(here)
    assert not isinstance(verdict_in(after, Fact(Kind.LEVEL, "prod", Level.ANY), None), Unreachable)


def test_of_a_binding_of_several_only_the_group_on_the_path_is_taken_out() -> None:
    here = entered(groups=("ops",), rbac=bound("ops", "on-call"))
    (change,) = repaired(here, ADMINISTRATOR).changes
    assert change.kind is ChangeKind.TAKE_OUT_OF_BINDING
    assert isinstance(change.edit, Unbound)
    assert change.edit.subject.name == "ops"


def test_what_kubernetes_binds_again_is_not_taken_away_but_the_entry_goes() -> None:
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    here = entered(
        rbac={"clusterRoles": [{"metadata": {"name": "system:basic-user"}, "rules": [everything]}]}
    )
    (change,) = repaired(here, ADMINISTRATOR).changes
    assert change.kind is ChangeKind.DELETE_ENTRY


def test_an_extra_subject_of_a_binding_that_kubernetes_makes_is_taken_out() -> None:
    here = entered(groups=("ops",), rbac=bound("system:masters", "ops", name="cluster-admin"))
    (change,) = repaired(here, ADMINISTRATOR).changes
    assert isinstance(change.edit, Unbound)
    assert change.edit.subject.name == "ops"


def scoped(here: World, *namespaces: str) -> World:
    """The same picture, where the policies of the access entry hold in some namespaces only."""
    (prod,) = here.clusters
    assert not isinstance(prod.access_entries, Unknown)
    (held_by_noor,) = (each for each in prod.access_entries if isinstance(each, AccessEntry))
    policies = tuple(
        replace(each, namespaces=namespaces)
        for each in held_by_noor.policies
        if isinstance(each, PolicyGrant)
    )
    narrowed = replace(held_by_noor, policies=policies)
    return replace(here, clusters=(replace(prod, access_entries=(narrowed,)),))


@pytest.mark.parametrize(
    ("level", "namespaces", "lesser"),
    [
        ("cluster-admin", (), "AmazonEKSViewPolicy"),
        ("admin", ("shop",), "AmazonEKSEditPolicy"),
        ("edit", ("shop",), "AmazonEKSViewPolicy"),
    ],
)
def test_an_entry_gets_the_policy_that_takes_least_of_those_that_close_the_level(
    level: str, namespaces: tuple[str, ...], lesser: str
) -> None:
    here = entered("AmazonEKSClusterAdminPolicy")
    here = scoped(here, *namespaces) if namespaces else here
    asked = target_of(here, f"prod:{level}")
    (change,) = repaired(here, f"prod:{level}").changes
    assert change.kind is ChangeKind.LESSER_POLICY
    edit = change.edit
    assert isinstance(edit, EntryNarrowed)
    closing = [
        name
        for name in LESSER
        if isinstance(
            verdict_in(applied(here, replace(edit, instead=f"{ACCESS_POLICY_ARN}{name}")), asked, None),
            Unreachable,
        )
    ]
    assert edit.instead == f"{ACCESS_POLICY_ARN}{lesser}"
    assert closing[0] == lesser


def test_a_policy_is_taken_from_an_entry_that_has_the_lesser_one_already() -> None:
    here = entered("AmazonEKSClusterAdminPolicy", "AmazonEKSViewPolicy")
    (change,) = repaired(here, ADMINISTRATOR).changes
    assert change.kind is ChangeKind.DISASSOCIATE_POLICY


@pytest.mark.parametrize("policy", ["AmazonEKSSecretReaderPolicy", "AmazonEKSOfTomorrowPolicy"])
def test_no_policy_takes_the_place_of_one_that_may_allow_less(policy: str) -> None:
    (change,) = repaired(entered(policy), ADMINISTRATOR).changes
    assert change.kind in {ChangeKind.DISASSOCIATE_POLICY, ChangeKind.DELETE_ENTRY}


@pytest.mark.parametrize(
    ("policy", "lesser"), [(each, one) for each in LESSER_THAN for one in LESSER_THAN[each]]
)
def test_a_lesser_policy_allows_nothing_that_the_other_does_not(policy: str, lesser: str) -> None:
    grant = PolicyGrant(policy=f"{ACCESS_POLICY_ARN}{policy}", namespaces=None)
    holder = User(username="noor", policies=(grant,))
    rules = access_policy_rules(f"{ACCESS_POLICY_ARN}{lesser}")
    assert not isinstance(rules, Unknown)
    asked = [
        Request(verb=verb, group=group, resource=resource)
        for rule in rules
        for verb in rule.verbs
        for group in rule.api_groups
        for resource in rule.resources
    ]
    assert asked
    assert all(isinstance(allows(DEFAULT_RBAC, holder, each), Allowed) for each in asked)


def test_signing_in_at_all_is_closed_by_the_entry_alone() -> None:
    (change,) = repaired(entered("AmazonEKSClusterAdminPolicy"), "prod").changes
    assert change.kind is ChangeKind.DELETE_ENTRY


def many(**beside: object) -> World:
    """Four users whose keys may read what is to be closed, each by a policy of its own."""
    names = ("ada", "ben", "cleo", "dan")
    users = [user(each, allow("s3:GetObject")) for each in names]
    return world(snapshot(*users, credentials=tuple(map(held, names)), **beside))


READING = "s3:GetObject@arn:aws:s3:::northwind-data/x"


def test_one_guardrail_closes_what_the_policies_of_many_users_leave_open() -> None:
    found = repaired(many(scps=SCPS), READING)
    (change,) = found.changes
    assert (change.kind, found.cost) == (ChangeKind.ADD_GUARDRAIL, 4)
    assert isinstance(change.edit, Guarded)


def test_without_an_organization_each_user_is_asked_by_a_policy_of_its_own() -> None:
    found = repaired(many(), READING)
    assert len(found.changes) == 4
    assert ChangeKind.ADD_GUARDRAIL not in {each.kind for each in found.changes}


def test_one_user_is_asked_by_its_own_policy_and_not_the_whole_account() -> None:
    here = world(snapshot(user("ada", allow("s3:GetObject")), credentials=(held("ada"),), scps=SCPS))
    (change,) = repaired(here, READING).changes
    assert change.kind is ChangeKind.ASK_MFA
    assert change.subject != ACCOUNT


def test_guardrails_of_two_accounts_have_names_of_their_own() -> None:
    here = many(scps=SCPS)
    (change,) = repaired(here, READING).changes
    assert isinstance(change.edit, Guarded)
    assert change.edit.name.endswith(ACCOUNT)


def test_no_guardrail_keeps_people_without_a_second_factor_from_enrolling_one() -> None:
    names = ("ada", "ben", "cleo", "dan")
    asked_first = without_mfa(*ENROLLING)
    users = [user(each, asked_first, allow("*")) for each in names]
    here = world(snapshot(*users, credentials=tuple(held(each, devices=0) for each in names), scps=SCPS))
    changes = repaired(here, READING).changes
    assert changes
    assert ChangeKind.ADD_GUARDRAIL not in {each.kind for each in changes}
