"""What is decided once for many is what each request comes to by itself, and for the same reason."""

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditwright.access.asking import Actor, Answer, let_in, put
from auditwright.access.certificate import closing
from auditwright.access.judging import Judge
from auditwright.access.world import World
from tests.access import named_accounts
from tests.access.accounts import (
    Json,
    world,
)
from tests.access.asked import actors, requests
from tests.access.small_accounts import accounts

SLOW = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


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
