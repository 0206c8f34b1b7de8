"""What was collected gives the verdicts of the snapshot that it was collected from; what was refused gives no proof."""

from collections.abc import Collection
from dataclasses import replace
from typing import cast

import pytest

from auditwright.access.certificate import EVERYBODY
from auditwright.access.checker import check
from auditwright.access.picture import SERVICE_KINDS, picture, starts_seen
from auditwright.access.snapshot import named_target, read_snapshot
from auditwright.access.starts import OVERALL
from auditwright.access.verdict import (
    Undecided,
    Unreachable,
    Verdict,
    default_target,
    explorer_for,
    prove,
    target_of,
)
from auditwright.access.world import Workload, World
from auditwright.core.outcome import Unknown
from auditwright.core.resources import ManagedCluster, OrganizationMembership, RootUser
from tests.access.accounts import allow, held, named, role, snapshot, trust, user
from tests.access.collected import AT, Json, collected
from tests.access.published import decoded


def scenarios() -> dict[str, Json]:
    rows = cast("list[Json]", decoded("mfa", "eks-no-mfa-scenarios.json"))
    return {str(each["id"]): each for each in rows}


def pictured(document: Json, *, refused: Collection[str] = ()) -> World:
    vouched = read_snapshot(document, at=AT).attestations
    return picture(collected(document, refused=refused), at=AT, attestations=vouched)


def verdict_on(world: World, target: str) -> Verdict:
    asked = target_of(world, target)
    counted = [start for start in starts_seen(world) if start.kind in OVERALL]
    verdict = prove(explorer_for(world, [asked]), counted, asked, whose=(EVERYBODY,))
    if isinstance(verdict, Unreachable):
        assert check(world, verdict.certificate) == ()
    return verdict


def test_every_published_scenario_has_its_verdict_when_it_was_collected() -> None:
    for name, document in scenarios().items():
        world = pictured(document)
        asked = named_target(document) or default_target(world)
        assert named(verdict_on(world, asked)) == document["expected"], name


REFUSABLE = (
    "aws.account",
    "aws.iam",
    "aws.iam-keys",
    "aws.iam-mfa",
    "aws.organizations",
    "aws.eks",
    "aws.lambda",
    "aws.ec2",
    "kubernetes.access",
)


@pytest.mark.parametrize("stream", REFUSABLE)
def test_what_is_refused_turns_no_verdict_into_its_opposite(stream: str) -> None:
    for name, document in scenarios().items():
        world = pictured(document, refused=[stream])
        if stream == "aws.eks":
            assert world.clusters == ()
            assert isinstance(verdict_on(world, "account-admin"), Undecided) or world.unseen, name
            continue
        asked = named_target(document) or default_target(world)
        assert named(verdict_on(world, asked)) in {"UNKNOWN", document["expected"]}, name


@pytest.mark.parametrize("stream", ["aws.account", "aws.iam", "aws.eks"])
def test_without_principals_or_clusters_nothing_is_proved_out_of_reach(stream: str) -> None:
    document = scenarios()["trust-4-age-lessthan"]
    verdict = verdict_on(pictured(document, refused=[stream]), "account-admin")
    assert isinstance(verdict, Undecided)
    assert all(each.id.endswith("-unseen") for each in verdict.assumptions)
    assert verdict.assumptions


def test_a_map_that_nobody_was_shown_may_let_anyone_in() -> None:
    document = scenarios()["eksapi-2-same-in-config-map-mode"]
    assert named(verdict_on(pictured(document), "prod")) == "UNREACHABLE"
    verdict = verdict_on(pictured(document, refused=["kubernetes.access"]), "prod")
    assert isinstance(verdict, Undecided)
    assert "the aws-auth map was not seen" in verdict.missing


def test_refused_credentials_are_unknown_and_never_none() -> None:
    world = pictured(scenarios()["cred-1-inactive-key"], refused=["aws.iam-keys"])
    (user,) = world.users.values()
    assert isinstance(user.credentials.active_keys, Unknown)
    assert user.credentials.password is False


def test_refused_guardrails_are_unknown_and_none_without_an_organization() -> None:
    document = scenarios()["scp-1-deny-does-not-help"]
    (limited,) = pictured(document).accounts.values()
    assert isinstance(limited.service_policies, tuple)
    assert [len(level) for level in limited.service_policies] == [1, 2]
    assert limited.resource_policies == ()
    (refused,) = pictured(document, refused=["aws.organizations"]).accounts.values()
    assert isinstance(refused.service_policies, Unknown)
    assert isinstance(refused.resource_policies, Unknown)
    (free,) = pictured(scenarios()["seed-1-user-in-aws-auth"]).accounts.values()
    assert free.service_policies == ()


def test_a_picture_of_nothing_proves_nothing() -> None:
    world = picture({}, at=AT)
    assert [each.id for each in world.unseen] == ["accounts-unseen"]
    assert isinstance(world.services_unseen, frozenset)
    assert {"lambda", "ec2", "ecs-tasks"} <= world.services_unseen | set(SERVICE_KINDS)


def test_a_bucket_that_was_not_seen_has_an_unknown_policy() -> None:
    world = picture({}, at=AT, resources=["arn:aws:s3:::logs/today"])
    assert isinstance(world.documents["arn:aws:s3:::logs/today"], Unknown)


def changing(action: str, service: str) -> Json:
    """A user who may change what a service runs, and a role of an administrator that the service takes."""
    admin = role("admin", trust({"Service": f"{service}.amazonaws.com"}), allow("*"))
    return snapshot(user("ops", allow(action)), admin, credentials=(held("ops"),))


def test_what_is_in_service_leads_somewhere_only_where_it_may_be_there() -> None:
    document = changing("lambda:UpdateFunctionCode", "lambda")
    listed = pictured(document)
    assert named(verdict_on(listed, "account-admin")) == "UNREACHABLE"
    assert named(verdict_on(pictured(document, refused=["aws.lambda"]), "account-admin")) == "UNKNOWN"
    admin = next(iter(listed.roles))
    function = Workload(arn="arn:aws:lambda:eu-west-1:111122223333:function:f", service="lambda", role=admin)
    for unseen in (frozenset[str](), frozenset({"lambda"})):
        world = replace(listed, workloads=(function,), services_unseen=unseen)
        assert named(verdict_on(world, "account-admin")) == "REACHABLE"


def test_a_service_that_no_kind_lists_may_run_something() -> None:
    document = changing("glue:UpdateDevEndpoint", "glue")
    assert named(verdict_on(pictured(document), "account-admin")) == "UNKNOWN"


def test_entries_that_were_listed_of_another_cluster_say_nothing_of_this_one() -> None:
    document = scenarios()["eksapi-1-create-access-entry"]
    seen = collected(document)
    clusters = seen[ManagedCluster.kind]
    for principals in (Unknown("nobody asked"), ("arn:aws:iam::111122223333:role/x",)):
        items = tuple(
            replace(cast("ManagedCluster", each), entry_principals=principals) for each in clusters.items
        )
        here = picture({**seen, ManagedCluster.kind: replace(clusters, items=items)}, at=AT)
        assert all(each.access_entries != () for each in here.clusters)


@pytest.mark.parametrize("said", [True, False, Unknown("the summary was refused")])
def test_the_password_of_a_members_root_is_as_the_account_says_and_a_managers_is_there(
    said: bool | Unknown,  # noqa: FBT001  # a case, not a switch
) -> None:
    seen = collected(snapshot(user("ops"), credentials=(held("ops"),)))
    roots, memberships = seen[RootUser.kind], seen[OrganizationMembership.kind]
    root = replace(cast("RootUser", roots.items[0]), has_password=said)
    for manager, expected in ((root.scope.account, True), ("999988887777", said)):
        membership = replace(
            cast("OrganizationMembership", memberships.items[0]),
            organization="o-acme",
            management_account=manager,
        )
        populations = {
            **seen,
            RootUser.kind: replace(roots, items=(root,)),
            OrganizationMembership.kind: replace(memberships, items=(membership,)),
        }
        account = picture(populations, at=AT).accounts[root.scope.account]
        assert account.root is not None
        assert account.root.password == expected
