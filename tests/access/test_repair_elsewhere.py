"""A repair of one target closes no other less than it was."""

from auditwright.access.facts import Fact, Kind
from auditwright.access.kubernetes_levels import Level
from auditwright.access.repair import repair, verdict_in
from auditwright.access.repair_changes import ChangeKind
from auditwright.access.repair_edits import EntriesUsed
from auditwright.access.repair_elsewhere import elsewhere, made, standard_targets
from auditwright.access.verdict import Unreachable
from auditwright.access.world import World
from tests.access.accounts import ACCOUNT, allow, arn, cluster, held, role, snapshot, user, world
from tests.access.accounts import CREATOR as MAKER
from tests.access.repaired import change
from tests.access.test_repair_scenarios import question, scenarios

PROD = Fact(Kind.LEVEL, "prod", Level.ANY)


def enterable_once_switched() -> World:
    """Noor's key may make access entries, which do not count yet, and take no role."""
    return world(
        snapshot(
            user("noor", allow(["eks:CreateAccessEntry", "eks:AssociateAccessPolicy"])),
            MAKER,
            credentials=(held("noor"),),
            cluster=cluster("CONFIG_MAP"),
        )
    )


def test_what_was_out_of_reach_before_a_repair_is_after_it() -> None:
    for document in scenarios():
        here, target = question(document)
        changes = repair(here, target).changes
        after = made(here, changes)
        for other in standard_targets(here):
            if isinstance(verdict_in(here, other, None), Unreachable):
                assert isinstance(verdict_in(after, other, None), Unreachable)
        assert not any(each.worse for each in elsewhere(here, target, changes))


def test_what_a_change_opens_elsewhere_is_told_and_is_worse() -> None:
    here = enterable_once_switched()
    switch = change(EntriesUsed(cluster="prod", creator=arn("role", "ci-creator")), ChangeKind.SWITCH_MODE)
    assert isinstance(verdict_in(here, PROD, None), Unreachable)
    told = elsewhere(here, Fact(Kind.ADMINISTRATOR, ACCOUNT), [switch])
    assert {each.target for each in told if each.worse} == {
        PROD,
        Fact(Kind.LEVEL, "prod", Level.CLUSTER_ADMIN),
    }


def test_what_a_repair_closes_besides_is_told_and_is_no_harm() -> None:
    here = world(
        snapshot(
            user("noor"),
            role("ci-creator", {"Version": "2012-10-17", "Statement": []}),
            credentials=(held("noor"),),
            cluster=cluster(
                "CONFIG_MAP", mapUsers=[{"userarn": arn("user", "noor"), "groups": ["system:masters"]}]
            ),
        )
    )
    told = elsewhere(here, PROD, repair(here, PROD).changes)
    assert [(each.target, each.worse) for each in told] == [
        (Fact(Kind.LEVEL, "prod", Level.CLUSTER_ADMIN), False)
    ]


def test_without_changes_nothing_is_asked() -> None:
    assert elsewhere(enterable_once_switched(), PROD, []) == ()


def test_a_creator_that_is_not_known_is_a_supposition_and_not_a_silent_one() -> None:
    known, unknown = (
        change(EntriesUsed(cluster="prod", creator=each), ChangeKind.SWITCH_MODE)
        for each in (arn("role", "ci-creator"), "")
    )
    assert (known.supposes, "prod is found" in unknown.supposes) == ("", True)
