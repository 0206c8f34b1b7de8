"""Every start to every target at once says what is said of each pair by itself, and its certificates hold."""

from hypothesis import given, settings

from auditwright.access.checker import check
from auditwright.access.closure import bit
from auditwright.access.facts import Fact, Kind, session
from auditwright.access.pairs import Pairs
from auditwright.access.sessions import SessionClass
from auditwright.access.starts import OVERALL, starts
from auditwright.access.verdict import Reachable, Unreachable, explorer_for, prove
from tests.access.accounts import ACCOUNT, Json, allow, arn, held, role, snapshot, trust, user, world
from tests.access.small_accounts import ROLES, SLOW_ACCOUNTS, accounts

TARGETS = [
    Fact(Kind.ADMINISTRATOR, ACCOUNT),
    *(session(arn("role", name), SessionClass.ROLE) for name in ROLES),
]


@settings(SLOW_ACCOUNTS, max_examples=25)
@given(accounts())
def test_each_pair_is_answered_as_by_itself(account: Json) -> None:
    here = world(account)
    every = [start for start in starts(here) if start.kind in OVERALL]
    pairs = Pairs(explorer_for(here, []), every)
    for target in TARGETS:
        for number, start in enumerate(every):
            alone = prove(explorer_for(here, []), [start], target)
            if pairs.reached(target) & bit(number):
                assert isinstance(alone, Reachable)
            if pairs.kept_out(target) & bit(number):
                assert isinstance(alone, Unreachable)
                certificate = pairs.kept[number].certificate(target)
                assert certificate == alone.certificate
                assert check(here, certificate) == ()


def test_nothing_is_proved_where_a_source_is_missing() -> None:
    account = snapshot(user("bob"), role("runs", trust({"Service": "lambda.amazonaws.com"}), allow("*")))
    account |= {"credentials": [held("bob")]}
    gaad = account["gaad"]
    assert isinstance(gaad, dict)
    every = [start for start in starts(world(account)) if start.kind in OVERALL]
    target = TARGETS[0]
    assert Pairs(explorer_for(world(account), []), every).kept_out(target)
    cut = world({**account, "gaad": {**gaad, "IsTruncated": True}})
    assert not Pairs(explorer_for(cut, []), every).kept_out(target)
