from datetime import UTC, datetime

from auditwright.access.checker import check
from auditwright.access.eks import AuthenticationMode
from auditwright.access.facts import Fact
from auditwright.access.repair import repair, verdict_in
from auditwright.access.repair_changes import ChangeKind
from auditwright.access.snapshot import named_target, read_snapshot
from auditwright.access.verdict import Unreachable, default_target, target_of
from auditwright.access.world import World
from tests.access.published import decoded
from tests.reference.kubernetes import Json, get, listed

AT = datetime(2026, 11, 27, tzinfo=UTC)
ALICE = "arn:aws:iam::111122223333:user/alice"


def question(document: object) -> tuple[World, Fact]:
    world = read_snapshot(document, at=AT)
    return world, target_of(world, named_target(document) or default_target(world))


def scenarios() -> list[Json]:
    return list(listed(decoded("mfa", "eks-no-mfa-scenarios.json")))


def mapped_creator() -> dict[str, object]:
    """Alice, whom no policy lets do anything without MFA, is mapped and has created the cluster."""
    denying = {
        "Effect": "Deny",
        "NotAction": "sts:GetSessionToken",
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [denying]}
    user = {
        "UserName": "alice",
        "UserId": "AIDAALICE",
        "Arn": ALICE,
        "UserPolicyList": [{"PolicyName": "ask", "PolicyDocument": policy}],
    }
    return {
        "gaad": {"UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": []},
        "credentials": [{"user": "alice", "mfa_devices": 1, "access_keys": [{"status": "Active"}]}],
        "workloads": [],
        "cluster": {
            "name": "prod",
            "accessConfig": {
                "authenticationMode": "CONFIG_MAP",
                "bootstrapClusterCreatorAdminPermissions": True,
            },
            "accessEntries": [],
            "aws_auth": {"mapUsers": [{"userarn": ALICE, "username": "a", "groups": ["system:masters"]}]},
            "creator": {"arn": ALICE, "source": "cloudtrail", "exists": True},
        },
    }


def test_every_open_published_scenario_is_closed_by_a_proof_that_the_checker_accepts() -> None:
    opened = [each for each in scenarios() if get(each, "expected") != "UNREACHABLE"]
    assert opened
    for each in opened:
        world, target = question(each)
        found = repair(world, target)
        changed = world
        for change in found.changes:
            changed = change.apply(changed)
        after = verdict_in(changed, target, None)
        assert found.complete, get(each, "id")
        assert isinstance(after, Unreachable)
        assert check(changed, after.certificate) == ()


def test_no_change_of_a_repair_can_be_left_out() -> None:
    for document in (*scenarios(), mapped_creator()):
        world, target = question(document)
        changes = repair(world, target).changes
        for left_out in changes:
            changed = world
            for change in changes:
                changed = changed if change == left_out else change.apply(changed)
            assert not isinstance(verdict_in(changed, target, None), Unreachable)


def test_what_is_proved_needs_no_change() -> None:
    closed = [each for each in scenarios() if get(each, "expected") == "UNREACHABLE"]
    assert closed
    assert all(repair(*question(each)).changes == () for each in closed)


def test_a_mapped_creator_loses_the_mapping_and_the_hidden_grant() -> None:
    found = repair(*question(mapped_creator()))
    assert found.complete
    kinds = {change.kind for change in found.changes}
    assert kinds == {ChangeKind.DELETE_MAPPING, ChangeKind.SWITCH_MODE}
    assert found.cost == 6


def test_no_policy_is_offered_against_signing_in_to_a_cluster() -> None:
    world, target = question(mapped_creator())
    changed = world
    for change in repair(world, target).changes:
        changed = change.apply(changed)
    assert changed.users[ALICE].attachments == world.users[ALICE].attachments


def test_the_switch_to_access_entries_leaves_none_for_the_creator() -> None:
    world, target = question(mapped_creator())
    switch = [each for each in repair(world, target).changes if each.kind is ChangeKind.SWITCH_MODE]
    assert switch
    cluster = switch[0].apply(world).clusters[0]
    assert cluster.authentication_mode is AuthenticationMode.API_AND_CONFIG_MAP
    assert cluster.access_entries == ()
