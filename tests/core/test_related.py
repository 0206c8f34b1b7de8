"""Finding nothing means something only where everything was seen."""

import pytest

from auditwright.core.control_test import EXAMPLE_NOW
from auditwright.core.evidence import Gap, GapReason, Scope
from auditwright.core.ids import IntegrationId, StreamId
from auditwright.core.resource import Population, Related
from auditwright.core.resources import PatchState

HERE = ("1", "eu")


def scope(account: str, region: str) -> Scope:
    return Scope(source=IntegrationId("aws"), account=account, region=region)


def gap(account: str, region: str, *, hides_items: bool = True) -> Gap:
    return Gap(
        stream=StreamId("aws.ssm"),
        scope=scope(account, region),
        operation="ssm:DescribeInstancePatchStates",
        reason=GapReason.REFUSED,
        detail="AccessDeniedException",
        remedy="Grant ssm:DescribeInstancePatchStates.",
        hides_items=hides_items,
        at=EXAMPLE_NOW,
    )


def seen(*, scopes: tuple[tuple[str, str], ...], gaps: tuple[Gap, ...] = ()) -> Related[PatchState]:
    return Related(
        Population(kind=PatchState, items=(), gaps=gaps, scopes=tuple(scope(*one) for one in scopes))
    )


@pytest.mark.parametrize("listed", [HERE, ("1", "")])
def test_a_place_that_was_listed_is_seen(listed: tuple[str, str]) -> None:
    assert seen(scopes=(listed,)).absence_at(scope(*HERE)) is None


@pytest.mark.parametrize("listed", [(), (("1", "us"),), (("2", "eu"),), (("2", ""),)])
def test_a_place_that_nobody_asked_about_is_unknown(listed: tuple[tuple[str, str], ...]) -> None:
    assert seen(scopes=listed).absence_at(scope(*HERE)) is not None


def test_a_list_of_the_whole_account_beside_lists_of_regions_speaks_for_none_of_them() -> None:
    """Items of every region are listed once for the account, items of one region in that region."""
    assert seen(scopes=(("1", ""), ("1", "us"))).absence_at(scope(*HERE)) is not None
    assert seen(scopes=(("1", ""), ("1", "us"), HERE)).absence_at(scope(*HERE)) is None


@pytest.mark.parametrize("hidden", [HERE, ("1", ""), ("", "")])
def test_a_refusal_there_makes_it_unknown_and_is_quoted(hidden: tuple[str, str]) -> None:
    unknown = seen(scopes=(HERE,), gaps=(gap(*hidden),)).absence_at(scope(*HERE))
    assert unknown is not None
    assert "AccessDeniedException" in unknown.why


@pytest.mark.parametrize("elsewhere", [("1", "us"), ("2", "eu"), ("2", "")])
def test_a_refusal_elsewhere_does_not_matter(elsewhere: tuple[str, str]) -> None:
    assert seen(scopes=(HERE,), gaps=(gap(*elsewhere),)).absence_at(scope(*HERE)) is None


def test_a_gap_that_hides_only_facts_hides_no_item() -> None:
    assert seen(scopes=(HERE,), gaps=(gap(*HERE, hides_items=False),)).absence_at(scope(*HERE)) is None


def test_a_whole_account_is_seen_only_without_any_gap_and_with_a_list_of_the_whole() -> None:
    whole = scope("1", "")
    assert seen(scopes=(("1", ""),)).absence_at(whole) is None
    assert seen(scopes=(HERE,)).absence_at(whole) is not None
    assert seen(scopes=(("1", ""),), gaps=(gap("1", "us"),)).absence_at(whole) is not None
