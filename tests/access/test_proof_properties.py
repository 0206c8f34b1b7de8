"""What holds of every proof, on generated accounts."""

import json
import random
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from auditwright.access.asking import Question, actor_of, put
from auditwright.access.catalogue import WAYS, Gain, On
from auditwright.access.certificate import Certificate
from auditwright.access.checker import check
from auditwright.access.closure import Closure, bit
from auditwright.access.effects import effects, targets_of
from auditwright.access.facts import Fact, Kind
from auditwright.access.holdings import touching
from auditwright.access.plans import Plans
from auditwright.access.search import Search
from auditwright.access.sessions import may_call
from auditwright.access.starts import OVERALL, starts
from auditwright.access.verdict import Reachable, Unreachable, explorer_for, prove, target_of
from auditwright.access.witness import Witness, replay
from auditwright.access.world import World
from tests.access.accounts import (
    REACHABLE,
    UNKNOWN,
    UNREACHABLE,
    Json,
    allow,
    answer,
    document,
    verdict_on,
    world,
)
from tests.access.small_accounts import SLOW_ACCOUNTS, TARGETS, accounts, documents_of, statements
from tests.reference.reach import reach

RANK = {UNREACHABLE: 0, UNKNOWN: 1, REACHABLE: 2}
SLOW = settings(SLOW_ACCOUNTS, max_examples=50)
ATTEMPTS = 200
"""On each proof: 10,000 over the examples of one run."""


def copied(account: Json) -> Json:
    found: Json = json.loads(json.dumps(account))
    return found


def changed(account: Json, data: st.DataObject, effect: str) -> Json:
    """The account with one more statement in a policy that it has."""
    again = copied(account)
    policies = list(documents_of(again))
    assume(policies)
    data.draw(st.sampled_from(policies)).append(data.draw(statements(effect)))
    return again


@SLOW
@given(accounts(), st.data(), st.sampled_from(TARGETS))
def test_one_more_allow_never_removes_a_path(account: Json, data: st.DataObject, target: str) -> None:
    assert RANK[answer(changed(account, data, "Allow"), target)] >= RANK[answer(account, target)]


@SLOW
@given(accounts(), st.data(), st.sampled_from(TARGETS))
def test_one_more_deny_by_the_organization_never_adds_a_path(
    account: Json, data: st.DataObject, target: str
) -> None:
    # Not in a policy that the adversary may put out of force: there, a Deny makes no difference to the rest.
    before = {**account, "scps": account.get("scps", [document(allow("*"))])}
    after = copied(before)
    policies = after["scps"]
    assert isinstance(policies, list)
    policies[0]["Statement"].append(data.draw(statements("Deny")))
    assert RANK[answer(after, target)] <= RANK[answer(before, target)]


@SLOW
@given(accounts(), st.sampled_from(TARGETS), st.randoms(use_true_random=False))
def test_order_and_splitting_change_nothing(account: Json, target: str, chance: random.Random) -> None:
    again = copied(account)
    for found in documents_of(again):
        split: list[Json] = []
        for each in found:
            actions = each.get("Action")
            split += [{**each, "Action": one} for one in actions] if isinstance(actions, list) else [each]
        chance.shuffle(split)
        found[:] = split
    gaad = again["gaad"]
    assert isinstance(gaad, dict)
    for details in gaad.values():
        chance.shuffle(details)
    assert answer(again, target) == answer(account, target)


@SLOW
@given(accounts(), st.sampled_from(TARGETS))
def test_names_change_nothing(account: Json, target: str) -> None:
    again: Json = json.loads(json.dumps(account).replace("ada", "zoe").replace("hop", "leg"))
    assert answer(again, target) == answer(account, target)


@settings(SLOW, max_examples=20)
@given(accounts())
def test_the_search_finds_what_the_plain_reference_finds(account: Json) -> None:
    here = world(account)
    question = Question.of(TARGETS[2])
    explorer = explorer_for(here, [Fact(Kind.READ, question.key)])
    begun = [fact for each in starts(here) if each.kind in OVERALL for fact in each.facts]
    for certain in (True, False):
        search = Search(explorer=explorer, certain=certain)
        search.run(begun, None)
        found = {fact for fact in search.reasons if fact.kind is not Kind.EVERY}
        assert found == reach(here, begun, certain=certain, questions=(question,))


@SLOW
@given(accounts())
def test_the_closure_of_many_starts_is_the_search_of_each(account: Json) -> None:
    here = world(account)
    every = list(starts(here))
    explorer = explorer_for(here, [])
    closure = Closure(plans=Plans(explorer), starts=[each.facts for each in every])
    for certain in (True, False):
        held_by = closure.surely if certain else closure.possibly
        for number, start in enumerate(every):
            search = Search(explorer=explorer, certain=certain)
            search.run(start.facts, None)
            reached = {fact for fact in closure.facts() if held_by(fact) & bit(number)}
            if not closure.boundless & bit(number):
                assert apart_from_every(reached) == apart_from_every(search.reasons), start.id
            elif certain:
                # Who rules over everybody is each of them; in which classes of sessions is not followed to the end.
                assert sessions(reached) <= sessions(search.reasons), start.id
                assert subjects(reached) == subjects(search.reasons), start.id


def apart_from_every(facts: Iterable[Fact]) -> set[Fact]:
    """Without the ways on every target: with tags of choice, the same targets may be told apart."""
    return {fact for fact in facts if fact.kind is not Kind.EVERY}


def sessions(facts: Iterable[Fact]) -> set[Fact]:
    return {fact for fact in facts if fact.kind in {Kind.SESSION, Kind.ADMINISTRATOR}}


def subjects(facts: Iterable[Fact]) -> set[str]:
    return {fact.subject for fact in sessions(facts)}


def certificates(account: Json) -> tuple[World, Certificate] | None:
    here = world(account)
    found = verdict_on(here, target_of(here, "account-admin"))
    return (here, found.certificate) if isinstance(found, Unreachable) else None


@SLOW
@given(accounts(), st.integers(0))
def test_a_proof_survives_attack(account: Json, seed: int) -> None:
    found = certificates(account)
    assume(found is not None)
    assert found is not None
    here, certificate = found
    held = frozenset(certificate.held)
    acting = sorted(sessions(held))
    tries = [
        (way, target)
        for way in WAYS
        if way.gain is not Gain.SESSION and way.target is not On.RESOURCE
        for target in targets_of(here, way)
    ]
    assume(acting and tries)
    chance = random.Random(seed)  # noqa: S311  # nothing secret
    for fact, (way, target) in zip(
        chance.choices(acting, k=ATTEMPTS), chance.choices(tries, k=ATTEMPTS), strict=True
    ):
        actor = actor_of(here, fact, held.intersection(touching(here, fact.subject)))
        allowed = all(
            may_call(actor.class_, use.action.lower()) and put(here, actor, use, target).certain
            for use in way.uses
        )
        for effect in effects(here, way, actor.class_, target) if allowed else ():
            assert not held.issuperset(effect.needs) or held.issuperset(effect.gains), way.id


@SLOW
@given(accounts(), st.data())
def test_a_certificate_that_holds_less_is_refused(account: Json, data: st.DataObject) -> None:
    found = certificates(account)
    assume(found is not None)
    assert found is not None
    here, certificate = found
    assume(certificate.held)
    gone = data.draw(st.sampled_from(certificate.held))
    rest = tuple(fact for fact in certificate.held if fact != gone)
    assert check(here, replace(certificate, held=rest)) or gone.kind is Kind.EVERY


def witnesses(account: Json) -> tuple[World, Witness]:
    """The path to the administrator of an account; only accounts that have one are looked at."""
    here = world(account)
    found = verdict_on(here, target_of(here, "account-admin"))
    assume(isinstance(found, Reachable))
    assert isinstance(found, Reachable)
    return here, found.witness


@SLOW
@given(accounts())
def test_a_witness_that_lacks_a_step_is_stopped(account: Json) -> None:
    here, witness = witnesses(account)
    steps = witness.steps
    for number in range(len(steps) - 1):
        less = (*steps[:number], *steps[number + 1 :])
        assert replay(here, replace(witness, steps=less)) != ""


@SLOW
@given(accounts())
def test_a_witness_that_lacks_a_request_is_stopped(account: Json) -> None:
    here, witness = witnesses(account)
    steps = witness.steps
    for number, step in enumerate(steps):
        for place in range(len(step.answers)):
            less = replace(step, answers=(*step.answers[:place], *step.answers[place + 1 :]))
            silent = replace(witness, steps=(*steps[:number], less, *steps[number + 1 :]))
            assert replay(here, silent) != ""


@SLOW
@given(accounts())
def test_everybody_reaches_what_one_does(account: Json) -> None:
    here = world(account)
    target = target_of(here, "account-admin")
    overall = RANK[answer(account)]
    for start in starts(here):
        if start.kind in OVERALL:
            alone = prove(explorer_for(here, [target]), [start], target)
            if isinstance(alone, Reachable):
                assert overall == RANK[REACHABLE]
