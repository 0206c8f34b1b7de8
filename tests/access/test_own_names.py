"""What users may do to what bears their own names is found once for all of the same rights, and is what each finds alone."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings

from auditwright.access.catalogue import WAYS_BY_ID, Use
from auditwright.access.closure import Closure, bit
from auditwright.access.evaluator import Decision, Policies, decide
from auditwright.access.explorer import Explorer
from auditwright.access.facts import Fact, Kind
from auditwright.access.matching import Request
from auditwright.access.own_names import OwnNames
from auditwright.access.plans import Plans
from auditwright.access.policy import Policy, Statement
from auditwright.access.starts import OVERALL, starts
from auditwright.access.targets import Targets
from auditwright.access.verdict import explorer_for
from auditwright.access.world import World
from tests.access.accounts import (
    ENROLLING,
    Json,
    allow,
    arn,
    deny,
    document,
    held,
    policy,
    snapshot,
    user,
    without_mfa,
    world,
)
from tests.access.named_accounts import OWN, OWN_DEVICE, accounts
from tests.access.small_accounts import SLOW_ACCOUNTS
from tests.reference.reach import reach

SELF_SERVICE = (allow(ENROLLING, [OWN, OWN_DEVICE]), allow("iam:PutUserPolicy", OWN), without_mfa(*ENROLLING))


@settings(SLOW_ACCOUNTS, max_examples=60)
@given(accounts())
def test_each_user_holds_what_the_plain_reference_finds(account: Json) -> None:
    here = world(account)
    begun = [start.facts for start in starts(here) if start.kind in OVERALL]
    closure = Closure(plans=Plans(explorer_for(here, [])), starts=begun)
    for certain in (True, False):
        held_by = closure.surely if certain else closure.possibly
        for number, start in enumerate(begun):
            if not closure.boundless & bit(number):
                found = {fact for fact in closure.facts() if held_by(fact) & bit(number)}
                assert _named(found) == reach(here, start, certain=certain)


def _named(facts: set[Fact]) -> set[Fact]:
    return {fact for fact in facts if fact.kind is not Kind.EVERY}


def staff(number: int, *statements: Json) -> World:
    """As many users of one policy."""
    names = [f"user-{each}" for each in range(number)]
    return world(
        snapshot(
            *(user(name, attached="own") for name in names),
            policy("own", document(*statements)),
            credentials=tuple(held(name, devices=0) for name in names),
        )
    )


@pytest.mark.parametrize(
    "statements",
    [
        SELF_SERVICE,
        (allow(ENROLLING, ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:mfa/${aws:username}"]),),
        (allow("iam:*"), deny("iam:CreateAccessKey", OWN)),
        (allow("iam:CreateAccessKey", OWN), deny("iam:CreateAccessKey", OWN, StringEquals={"a:b": "c"})),
    ],
)
def test_ten_times_the_users_make_no_more_decisions(
    statements: tuple[Json, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    for number in (4, 40):
        decisions: list[object] = []

        def counted(request: Request, policies: Policies, into: list[object] = decisions) -> Decision:
            into.append(request)
            return decide(request, policies)

        monkeypatch.setattr("auditwright.access.asking.decide", counted)
        here = staff(number, *statements)
        Closure(plans=Plans(Explorer(here)), starts=[start.facts for start in starts(here)])
        made.append(len(decisions))
    assert made[0] == made[1]


def test_a_plain_name_is_known_once_and_stands_right_behind_the_kind() -> None:
    here = world(
        snapshot(
            user("ada"),
            user("bob", Arn=arn("user", "deep/bob")),
            user("zoe"),
            user("zoe", Arn=arn("user", "deep/zoe")),
            user("p"),
        )
    )
    assert OwnNames(here, Targets(here)).plain == {arn("user", "ada")}


def decided(*statements: Json, way: str = "aw-enroll") -> bool:
    """Whether names alone decide a way for users who have these statements."""
    here = staff(2, *statements)
    names = OwnNames(here, Targets(here))
    return names.decide(WAYS_BY_ID[way], _bearing(here, way))


def _bearing(here: World, way: str) -> Iterator[tuple[Use, Policy, Statement]]:
    found = here.policies[arn("policy", "own")]
    (document_of,) = found.versions.values()
    for use in WAYS_BY_ID[way].uses:
        yield from ((use, document_of, each) for each in document_of.relevant(use.action))


@pytest.mark.parametrize(
    "resources",
    [
        [OWN, OWN_DEVICE],
        ["*"],
        [OWN, arn("mfa", "*")],
        ["arn:aws:iam::*:user/${aws:username}", arn("group", "x")],
    ],
)
def test_own_names_decide(resources: Sequence[str]) -> None:
    assert decided(allow(ENROLLING, list(resources)))


@pytest.mark.parametrize(
    "resources",
    [
        [OWN, arn("user", "user-1")],
        [arn("user", "*${aws:username}")],
        [arn("user", "${aws:username}x")],
        [arn("user", "${aws:PrincipalTag/team}")],
        [OWN, arn("mfa", "u*")],
        [OWN, arn("mfa", "??????")],
    ],
)
def test_other_names_decide_too(resources: Sequence[str]) -> None:
    assert not decided(allow(ENROLLING, list(resources)))


def test_a_condition_about_the_caller_decides_too() -> None:
    assert not decided(allow(ENROLLING, OWN, StringLike={"aws:username": "a*"}))
    assert decided(allow(ENROLLING, OWN, Bool={"aws:MultiFactorAuthPresent": "true"}))
