"""What is decided once for many is what each request comes to by itself, and for the same reason."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.access.asking import Actor, Answer, actor_of, let_in, put
from auditwright.access.catalogue import On, Use
from auditwright.access.certificate import closing
from auditwright.access.facts import session
from auditwright.access.judging import Judge
from auditwright.access.kleene import Truth
from auditwright.access.sessions import SessionClass
from auditwright.access.world import World
from tests.access import named_accounts
from tests.access.accounts import (
    FOREIGN,
    Json,
    allow,
    arn,
    deny,
    document,
    held,
    policy,
    role,
    snapshot,
    trust,
    user,
    world,
)
from tests.access.asked import actors, requests
from tests.access.small_accounts import SLOW_ACCOUNTS, accounts

SLOW = settings(SLOW_ACCOUNTS, max_examples=15)


def agree(plain: Answer, judged: Answer, *, with_reasons: bool) -> bool:
    same = judged.truth is plain.truth
    return same and (
        plain.possible or not with_reasons or closing(judged.decision) == closing(plain.decision)
    )


def all_agree(here: World, everybody: list[Actor], *, with_reasons: bool) -> None:
    judge = Judge(with_reasons=with_reasons)
    asked = tuple(dict.fromkeys(requests(here)))
    for actor in everybody:
        judged = msgspec.structs.replace(actor, decider=judge.decide)
        for use, target in asked:
            answers = put(here, actor, use, target), put(here, judged, use, target)
            assert agree(*answers, with_reasons=with_reasons), (actor.fact, use, target, answers)
        for name in here.roles:
            answers = let_in(here, actor, name), let_in(here, judged, name)
            assert agree(*answers, with_reasons=with_reasons), (actor.fact, name, answers)


@SLOW
@given(accounts() | named_accounts.accounts(), st.data())
def test_each_request_is_decided_as_by_itself(account: Json, data: st.DataObject) -> None:
    here = world(account)
    everybody = list(actors(here, data))
    all_agree(here, everybody, with_reasons=False)
    all_agree(here, everybody, with_reasons=True)


ANYBODY = trust("*")


def judged(here: World, name: str, judge: Judge) -> Actor:
    return actor_of(here, session(arn("user", name), SessionClass.KEY), decider=judge.decide)


def test_the_same_trust_lets_in_of_its_own_account_whom_it_does_not_of_another() -> None:
    elsewhere = {**role("far", ANYBODY), "Arn": f"arn:aws:iam::{FOREIGN}:role/far"}
    here = world(snapshot(user("ada"), role("near", ANYBODY), elsewhere, credentials=(held("ada"),)))
    for order in (tuple(here.roles), tuple(here.roles)[::-1]):
        ada = judged(here, "ada", Judge())
        assert {name: let_in(here, ada, name).truth for name in order} == {
            arn("role", "near"): Truth.TRUE,
            f"arn:aws:iam::{FOREIGN}:role/far": Truth.FALSE,
        }


def test_the_first_of_several_denials_is_the_reason_of_each() -> None:
    """Two users have the same two policies, attached in different order."""
    names = ("p", "q")
    both = [{"PolicyName": each, "PolicyArn": arn("policy", each)} for each in names]
    here = world(
        snapshot(
            user("ada", AttachedManagedPolicies=both),
            user("bob", AttachedManagedPolicies=both[::-1]),
            *(policy(each, document(allow("*"), deny("iam:CreateGroup"))) for each in names),
        )
    )
    judge = Judge(with_reasons=True)
    use = Use(action="iam:CreateGroup", on=On.ANY)
    reasons = [closing(put(here, judged(here, name, judge), use, "").decision) for name in ("ada", "bob")]
    assert reasons == [f"identity policy {each}, statement 1, denies it" for each in names]
