"""Paths that a repair has to cut, and whether one still stands after some changes.

A path is judged as it was found: with the same credentials, the same requests and the same way into a cluster.
Another way to the same end is another path.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from auditwright.access.asking import PROBES, Question, policy_of_resource
from auditwright.access.catalogue import WAYS_BY_ID, Gain
from auditwright.access.effects import effects, laws
from auditwright.access.entering import Entered, Entrances
from auditwright.access.evaluator import decide, may
from auditwright.access.facts import CHANGES, Fact, Kind
from auditwright.access.holdings import policies_of
from auditwright.access.matching import Request
from auditwright.access.sessions import SessionClass, may_call
from auditwright.access.starts import OVERALL, Start, StartKind, starts
from auditwright.access.witness import Witness, WitnessStep
from auditwright.access.world import World, account_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A witness, with the mapping by which each of its steps enters a cluster."""

    witness: Witness
    origins: tuple[str, ...]
    """One for each step; empty where the step enters none by a mapping."""


def path_of(world: World, witness: Witness) -> Path:
    """The path of a witness that was found in a world."""
    entrances = Entrances(world)
    return Path(
        witness=witness,
        origins=tuple(
            entered.origin if (entered := entered_by(entrances, step)) else "" for step in witness.steps
        ),
    )


def entered_by(entrances: Entrances, step: WitnessStep) -> Entered | None:
    """How a step enters a cluster; None where it does something else."""
    if step.actor is None or step.way or step.answers:
        return None
    found = [
        each for each in entrances.of(step.actor) if each.gain == step.gains and each.cluster == step.target
    ]
    return next((each for each in found if each.certain), found[0] if found else None)


def starts_in(world: World, chosen: Sequence[Start] | None) -> tuple[Start, ...]:
    """The starts of a world that count: those of a whole picture, or what is left of those chosen."""
    every = tuple(starts(world))
    if chosen is None:
        return tuple(each for each in every if each.kind in OVERALL)
    ids = {each.id for each in chosen}
    supposed = tuple(each for each in chosen if each.kind is StartKind.SUPPOSED)
    return (*(each for each in every if each.id in ids), *supposed)


def walks(world: World, path: Path, begun: Sequence[Start]) -> bool:
    """True where it cannot be ruled out that a path can be walked, from the starts that there are."""
    held = set(path.witness.held)
    if not held <= {fact for start in begun for fact in start.facts}:
        return False
    entrances = Entrances(world)
    for step, origin in zip(path.witness.steps, path.origins, strict=True):
        if not held.issuperset(step.needs):
            return False
        changes = frozenset(each for each in held if each.kind in CHANGES)
        if not all(_open(world, answer.request, step, changes) for answer in step.answers):
            return False
        if not _gives(step, origin, held, entrances):
            return False
        held.add(step.gains)
    return True


def _open(world: World, request: Request, step: WitnessStep, changes: frozenset[Fact]) -> bool:
    assert step.actor is not None, "requests are made in a session"
    if not may_call(SessionClass(step.actor.detail), request.action.lower()):
        return False
    document = policy_of_resource(world, request.action, request.resource)
    account = world.accounts.get(account_of(request.resource))
    return any(
        may(
            decide(
                request, replace(each, resource=document, rcps=account.resource_policies if account else ())
            )
        )
        for each in policies_of(world, step.actor.subject, changes)
    )


def _gives(step: WitnessStep, origin: str, held: set[Fact], entrances: Entrances) -> bool:
    if origin:
        assert step.actor is not None, "a session enters"
        return any(
            each.origin == origin and each.gain == step.gains and each.cluster == step.target
            for each in entrances.of(step.actor)
        )
    return step.gains in set(_given(step, held, entrances))


def _given(step: WitnessStep, held: set[Fact], entrances: Entrances) -> Iterator[Fact]:  # noqa: C901  # one case a kind of step
    """What a step may give by the catalogue, by a law, or as the target itself."""
    world = entrances.world
    if step.actor is None:
        for fact in step.needs:
            for law in laws(world, fact):
                if held.issuperset(law.needs or (fact,)):
                    yield from law.gains
    elif step.way:
        way = WAYS_BY_ID[step.way]
        for effect in effects(world, way, SessionClass(step.actor.detail), step.target):
            if held.issuperset(effect.needs):
                yield from effect.gains
        if way.gain is Gain.SIGN_IN:
            cluster = next(each for each in world.clusters if each.name == step.target)
            yield from (each.gain for each in entrances.chosen(cluster))
    else:
        asked = [answer.request.action for answer in step.answers]
        if asked == [action for action, _ in PROBES]:
            yield Fact(Kind.ADMINISTRATOR, step.target)
        elif asked and asked[0] == Question.of(step.target).action:
            yield Fact(Kind.READ, step.target)
