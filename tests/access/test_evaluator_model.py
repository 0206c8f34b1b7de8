"""The evaluator against the plain reference, on generated policies, requests and contexts."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from random import Random

import msgspec
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
from auditwright.core.outcome import Unknown
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

NAMES = {
    Allowed: "allowed",
    ImplicitDeny: "implicit deny",
    ExplicitDeny: "explicit deny",
    Undecided: "undecided",
}


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
    return decide(msgspec.structs.replace(request, context=context), world.policies())


@settings(max_examples=700)
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


@settings(max_examples=700)
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


# --- what changes a decision, and what does not


def with_statement(world: World, part: str, place: int, statement: Json) -> World:
    """The world with one more statement in a document of a part, if the part has any."""
    changed = deepcopy(world)
    found = {
        "identity": changed.identity,
        "boundary": [changed.boundary] if changed.boundary else [],
        "scps": [document for level in changed.scps for document in level],
        "session": changed.session or [],
        "resource": [changed.resource] if changed.resource else [],
    }[part]
    if found:
        listed = found[place % len(found)]["Statement"]
        assert isinstance(listed, list)
        listed.append(statement)
    return changed


PARTS = st.sampled_from(("identity", "boundary", "scps", "session", "resource"))


@settings(max_examples=250)
@given(requests(), worlds(), partial_contexts(), st.data())
def test_a_deny_more_opens_nothing_and_an_allow_more_closes_nothing(
    request: Request, world: World, contexts: tuple[Context, object], data: st.DataObject
) -> None:
    part = data.draw(PARTS)
    statement = data.draw(statements(of_resource=part == "resource"))
    changed = with_statement(world, part, data.draw(st.integers(0, 3)), statement)
    before, after = (decided(request, each, contexts[0]) for each in (world, changed))
    if statement["Effect"] == "Allow":
        assert must(after) >= must(before)
        assert may(after) >= may(before)
    else:
        assert must(after) <= must(before)
        assert may(after) <= may(before)


@settings(max_examples=250)
@given(requests(), worlds(), partial_contexts(), st.data())
def test_to_know_less_never_decides_otherwise(
    request: Request, world: World, contexts: tuple[Context, object], data: st.DataObject
) -> None:
    context, _ = contexts
    forgotten = data.draw(st.lists(st.sampled_from(sorted(context.entries)), min_size=1, max_size=3))
    less = context.with_(dict.fromkeys(forgotten, Unknown("forgotten")))
    before, after = decided(request, world, context), decided(request, world, less)
    assert must(after) <= must(before)
    assert may(after) >= may(before)


def shuffled(document: Json, random: Random) -> Json:
    """The same document, its statements split by action, in another order, in other case."""
    pieces: list[Json] = []
    listed = document["Statement"]
    assert isinstance(listed, list)
    for statement in listed:
        actions = statement.get("Action")
        if not isinstance(actions, list):
            pieces.append(statement)
            continue
        pieces += [{**statement, "Action": action.swapcase(), "Sid": "Another"} for action in actions]
    for place, piece in enumerate(pieces):
        block = piece.get("Condition", {})
        assert isinstance(block, dict)
        keys = {op: {key.swapcase(): values for key, values in keys.items()} for op, keys in block.items()}
        members = [*piece.items(), *([("Condition", keys)] if keys else [])]
        random.shuffle(members)
        pieces[place] = dict(members) | ({"Condition": keys} if keys else {})
    random.shuffle(pieces)
    return {**document, "Statement": pieces}


@settings(max_examples=250)
@given(requests(), worlds(), partial_contexts(), st.randoms(use_true_random=False))
def test_order_splitting_names_and_case_of_keys_change_nothing(
    request: Request, world: World, contexts: tuple[Context, object], random: Random
) -> None:
    def every(documents: list[Json]) -> list[Json]:
        found = [shuffled(document, random) for document in documents]
        random.shuffle(found)
        return found

    other = World(
        identity=every(world.identity),
        boundary=world.boundary and shuffled(world.boundary, random),
        scps=[every(level) for level in world.scps],
        rcps=[every(level) for level in world.rcps],
        session=None if world.session is None else every(world.session),
        resource=world.resource and shuffled(world.resource, random),
    )
    before, after = decided(request, world, contexts[0]), decided(request, other, contexts[0])
    assert type(before) is type(after)
    if isinstance(before, Undecided) and isinstance(after, Undecided):
        assert before.keys == after.keys
