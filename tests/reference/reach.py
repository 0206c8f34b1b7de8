"""What an adversary comes to hold, found the plain way: every session tries every way on every target, until nothing is new.

No indexes, no groups of targets, nothing remembered: it shares with the engine what AWS means (the evaluator, the table
of ways, their effects) and nothing of how a closed set is found.
"""

from collections.abc import Iterable, Iterator

from auditwright.access.asking import Actor, Question, actor_of, assuming, let_in, probe, put, read
from auditwright.access.catalogue import WAYS, Gain, On, Way
from auditwright.access.effects import after, cluster_of, effects, laws, targets_of
from auditwright.access.entering import Entrances
from auditwright.access.facts import Fact, Kind, session
from auditwright.access.holdings import touching
from auditwright.access.sessions import may_call
from auditwright.access.world import World

Given = tuple[Fact, bool]
"""A fact, and whether it surely follows."""


def reach(
    world: World, start: Iterable[Fact], *, certain: bool, questions: tuple[Question, ...] = ()
) -> frozenset[Fact]:
    """Everything that is held in the end; with `certain`, only what surely is."""
    held = frozenset(start)
    while True:
        given = (each for fact in sorted(held) for each in _from(world, fact, held, questions))
        grown = held | {fact for fact, sure in given if sure or not certain}
        if grown == held:
            return held
        held = grown


def _from(
    world: World, fact: Fact, held: frozenset[Fact], questions: tuple[Question, ...]
) -> Iterator[Given]:
    for law in laws(world, fact):
        if held.issuperset(law.needs or (fact,)):
            yield from ((gain, law.certain) for gain in law.gains)
    if fact.kind is Kind.SESSION:
        actor = actor_of(world, fact, held.intersection(touching(world, fact.subject)))
        for way in WAYS:
            if way.gain is not Gain.SESSION and way.target is not On.RESOURCE:
                for target in targets_of(world, way):
                    yield from _by_way(world, actor, way, target, held=held)
        yield from _taking_roles(world, actor)
        yield from ((each.gain, each.certain) for each in Entrances(world).of(fact))
        yield from _asking(world, actor, questions)


def _by_way(  # noqa: PLR0913  # who does what to what, holding what
    world: World, actor: Actor, way: Way, target: str, *, held: frozenset[Fact] = frozenset()
) -> Iterator[Given]:
    if not all(may_call(actor.class_, use.action.lower()) for use in way.uses):
        return
    answers = [put(world, actor, use, target) for use in way.uses]
    if not all(answer.possible for answer in answers):
        return
    sure = all(answer.certain for answer in answers)
    for effect in effects(world, way, actor.class_, target):
        if held.issuperset(effect.needs):
            yield from ((gain, sure and effect.certain) for gain in effect.gains)
            if way.gain is Gain.SIGN_IN:
                for each in Entrances(world).chosen(cluster_of(world, target)):
                    yield each.gain, sure and effect.certain and each.certain


def _taking_roles(world: World, actor: Actor) -> Iterator[Given]:
    if may_call(actor.class_, assuming(actor.caller).action.lower()):
        for role in world.roles:
            answer = let_in(world, actor, role)
            if answer.possible:
                yield session(role, after(actor.class_)), answer.certain


def _asking(world: World, actor: Actor, questions: tuple[Question, ...]) -> Iterator[Given]:
    answers = probe(world, actor)
    if answers is not None:
        yield Fact(Kind.ADMINISTRATOR, actor.caller.account), all(each.certain for each in answers)
    for question in questions:
        answer = read(world, actor, question)
        if answer.possible:
            yield Fact(Kind.READ, question.key), answer.certain
        for way in WAYS:
            if way.target is On.RESOURCE:
                yield from _by_way(world, actor, way, question.key)
