"""What a repair considered and did not choose can be tried: each change by an id that stays, and any of them together."""

from itertools import combinations, permutations

import pytest

from auditwright.access.facts import Fact, Kind
from auditwright.access.repair import Repair, repair
from auditwright.access.repair_changes import Change, ChangeKind
from auditwright.access.repair_edits import KeysGone
from auditwright.access.repair_elsewhere import made
from auditwright.access.verdict import Unreachable
from auditwright.access.world import World
from auditwright.render.access import MAX_OFFERED, written_alone, written_out
from tests.access.accounts import ACCOUNT, allow, arn, group, held, snapshot, user, world
from tests.access.repaired import change, edits, picture
from tests.access.test_repair_scenarios import mapped_creator, question, scenarios


def creators_repair() -> tuple[World, Repair]:
    here, target = question(mapped_creator())
    return here, repair(here, target)


def test_what_was_not_chosen_is_told_beside_what_was() -> None:
    _, found = creators_repair()
    titles = {each.title for each in found.considered}
    assert {each.title for each in found.changes} < titles
    assert "Delete the access keys of alice" in titles


def test_each_change_that_was_considered_has_an_id_of_its_own_which_another_search_gives_it_too() -> None:
    (_, found), (_, again) = creators_repair(), creators_repair()
    ids = [each.id for each in found.considered]
    assert len(set(ids)) == len(ids) > len(found.changes)
    assert ids == [each.id for each in again.considered]


def test_an_id_is_of_what_a_change_does_and_of_nothing_else() -> None:
    one = change(KeysGone(user="arn:aws:iam::111122223333:user/alice", only_inactive=False))
    other = Change(kind=one.kind, subject="x", title="Another title", reason="another step", edit=one.edit)
    # An address that somebody kept names the same change in the next release.
    assert one.id == other.id == "2a7fa1e8417d"
    assert one.id != change(KeysGone(user="arn:aws:iam::111122223333:user/alice", only_inactive=True)).id


def test_a_name_with_half_of_a_surrogate_pair_has_an_id() -> None:
    assert change(KeysGone(user="arn:aws:iam::111122223333:user/\ud800", only_inactive=False)).id


def test_deleting_every_key_closes_what_the_smallest_repair_closes_by_other_means() -> None:
    here, found = creators_repair()
    (keys,) = (each for each in found.considered if isinstance(each.edit, KeysGone))
    assert keys not in found.changes
    assert isinstance(repair(made(here, [keys]), found.target).before, Unreachable)


def test_somebody_can_be_taken_out_of_a_group_whose_other_members_keep_what_they_have() -> None:
    here = world(
        snapshot(
            user("noor", GroupList=["admins"]),
            user("bob", GroupList=["admins"]),
            group("admins", allow("*")),
            credentials=(held("noor"), held("bob", keys="")),
        )
    )
    found = repair(here, Fact(Kind.ADMINISTRATOR, ACCOUNT))
    (leaving,) = (each for each in found.considered if each.kind is ChangeKind.LEAVE_GROUP)
    assert leaving.title == "Take noor out of the group admins"
    after = made(here, [leaving])
    assert after.users[arn("user", "bob")].groups == (arn("group", "admins"),)
    assert isinstance(repair(after, found.target).before, Unreachable)
    (written,) = written_out(here, [leaving])
    assert "aws iam remove-user-from-group" in written.commands.text
    assert "aws_iam_user_group_membership" in written.terraform.text


def test_of_every_published_scenario_any_two_changes_can_be_made_and_written_together() -> None:
    for document in scenarios():
        here, target = question(document)
        for pair in combinations(repair(here, target).considered, 2):
            assert [each.change for each in written_out(here, pair)] == list(pair)


@pytest.mark.parametrize("mode", ["CONFIG_MAP", "API_AND_CONFIG_MAP"])
def test_any_two_changes_of_any_kind_can_be_made_and_written_in_any_order(mode: str) -> None:
    here = picture(mode=mode)
    every = {name: change(edit) for name, edit in edits().items()}
    for one, other in permutations(every.values(), 2):
        assert len(written_out(here, [one, other])) == 2


def test_what_is_offered_is_bounded_and_begins_with_what_was_chosen() -> None:
    here, found = creators_repair()
    offered = written_alone(here, found)
    assert len(offered) <= MAX_OFFERED
    assert {each.change.id for each in offered[: len(found.changes)]} == {each.id for each in found.changes}
    rest = [each.change.weight for each in offered[len(found.changes) :]]
    assert rest == sorted(rest)
