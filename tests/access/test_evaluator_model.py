"""The evaluator against the plain reference, on generated policies, requests and contexts."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from random import Random

from hypothesis import event, given, settings
from hypothesis import strategies as st

from auditwright.access.context import Context
from auditwright.access.evaluator import (
    Allowed,
    Decision,
    ExplicitDeny,
    ImplicitDeny,
    Undecided,
    decide,
    may,
    must,
)
from auditwright.access.matching import Request
from tests.access.generated import (
    Json,
    World,
    closed,
    partial_contexts,
    requests,
    statements,
    values_of_requests,
    worlds,
)
from tests.reference.policy import Reference

NAMES = {Allowed: "allowed", ImplicitDeny: "implicit deny", ExplicitDeny: "explicit deny", Undecided: "undecided"}


def reference(
    request: Request, world: World, values: Mapping[str, Sequence[str]], *, reading: bool
) -> tuple[str, int]:
    oracle = Reference(
        caller=request.caller,
        action=request.action,
        resource=request.resource,
        resource_account=str(request.resource_account),
        context=values,
        reading=reading,
    )
    found = oracle.decide(
        identity=world.identity,
        boundary=world.boundary,
        scps=world.scps,
        rcps=world.rcps,
        session=world.session,
        resource=world.resource,
    )
    return found, oracle.doubts


def decided(request: Request, world: World, context: Context) -> Decision:
    return decide(replace(request, context=context), world.policies())


@settings(max_examples=1500)
@given(requests(), worlds(), values_of_requests())
def test_a_request_known_to_the_end_is_decided_as_the_user_guide_says(
    request: Request, world: World, values: dict[str, tuple[str, ...]]
) -> None:
    found = decided(request, world, closed(values))
    event(NAMES[type(found)])
    readings = [reference(request, world, values, reading=reading) for reading in (True, False)]
    outcomes = {outcome for outcome, _ in readings}
    if isinstance(found, ImplicitDeny) and any(doubts for _, doubts in readings):
        # Surely denied, whatever else a statement in doubt may deny.
        assert "allowed" not in outcomes
    elif isinstance(found, Undecided):
        assert any(doubts for _, doubts in readings), "nothing was in doubt"
    else:
        assert outcomes == {NAMES[type(found)]}


@settings(max_examples=1500)
@given(requests(), worlds(), partial_contexts())
def test_what_is_decided_of_a_request_known_in_part_is_so_however_it_turns_out(
    request: Request, world: World, contexts: tuple[Context, list[dict[str, tuple[str, ...]]]]
) -> None:
    context, completions = contexts
    found = decided(request, world, context)
    event(NAMES[type(found)])
    for values in completions:
        outcomes = {reference(request, world, values, reading=reading)[0] for reading in (True, False)}
        if must(found):
            assert outcomes == {"allowed"}
        if not may(found):
            assert "allowed" not in outcomes
        if isinstance(found, ExplicitDeny):
            assert outcomes == {"explicit deny"}
