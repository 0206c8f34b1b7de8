"""Checks a certificate without trusting whoever made it. This is the module to audit.

It shares with the engine what AWS means: the evaluator, the table of ways, their effects, and who a cluster lets in.
It shares nothing of how a closed set is found: it goes through every session, way and target that there is.

1. What the start gives is held, and the target is not.
2. What follows of itself from what is held is held.
3. Where every request of a way may go through, what the way gives is held.
4. A role that may be taken is held; so is what a session gains in a cluster.
5. No session that is held may do what the target asks for.
"""

from collections.abc import Iterator
from itertools import islice
from typing import assert_never

from auditwright.access.asking import Actor, Question, actor_of, assuming, let_in, probe, put, read
from auditwright.access.catalogue import WAYS, WAYS_BY_ID, Gain, On, Way
from auditwright.access.certificate import EVERYBODY, Certificate
from auditwright.access.effects import after, cluster_of, effects, laws, targets_of
from auditwright.access.entering import Entrances
from auditwright.access.facts import Fact, Kind, session
from auditwright.access.holdings import touching
from auditwright.access.kubernetes_levels import Level
from auditwright.access.policy import Effect
from auditwright.access.sessions import SessionClass, may_call
from auditwright.access.starts import OVERALL, SUPPOSED, starts
from auditwright.access.world import World
from auditwright.core.outcome import Unknown

MAX_PROBLEMS = 20
"""A certificate with this many holes is not read further."""


MAX_KEPT = 64
"""Closed sets that are remembered while many targets are checked; each may hold every fact of a large picture."""


def check(world: World, certificate: Certificate) -> tuple[str, ...]:
    """What is wrong with a certificate; nothing where it proves that the target is out of reach."""
    return Checker(world).check(certificate)


class Checker:
    """Checks certificates on one picture: what two of them say alike of a start and what is held is gone through once."""

    def __init__(self, world: World) -> None:
        """Begin without having checked anything."""
        self._world = world
        self._gone_through: dict[tuple[object, ...], tuple[str, ...]] = {}

    def check(self, certificate: Certificate) -> tuple[str, ...]:
        """What is wrong with a certificate; nothing where it proves that the target is out of reach."""
        return tuple(islice(self._problems(certificate), MAX_PROBLEMS))

    def _problems(self, certificate: Certificate) -> Iterator[str]:
        world, held = self._world, frozenset(certificate.held)
        strange = next((each for each in (*held, certificate.target) if not _is_of(world, each)), None)
        if strange is not None:
            yield f"{strange} is about nothing that the picture has"
            return
        if certificate.target in held:  # (1)
            yield f"the target, {certificate.target}, is held"
        yield from self._not_closed(certificate, held)
        for fact in certificate.held:
            if fact.kind is Kind.SESSION:
                yield from _asked(world, fact, held, certificate.target)

    def _not_closed(self, certificate: Certificate, held: frozenset[Fact]) -> tuple[str, ...]:
        """Everything that no target has a part in: the same for two certificates that differ in it alone."""
        key = (certificate.whose, certificate.start, certificate.held)
        found = self._gone_through.get(key)
        if found is None:
            if len(self._gone_through) >= MAX_KEPT:
                self._gone_through.clear()
            found = tuple(islice(_not_closed(self._world, certificate, held), MAX_PROBLEMS))
            self._gone_through[key] = found
        return found


def _not_closed(world: World, certificate: Certificate, held: frozenset[Fact]) -> Iterator[str]:
    yield from _begins(world, certificate)
    for fact in certificate.start:  # (1)
        if fact not in held:
            yield f"{fact} is of the start and not held"
    if world.unseen:
        yield f"the picture lacks a source: {world.unseen[0].says}"
    entrances = Entrances(world)
    for fact in certificate.held:
        for law in laws(world, fact):  # (2)
            if held.issuperset(law.needs or (fact,)):
                yield from _lacking(held, law.gains, f"follows from {fact}")
        if fact.kind is Kind.SESSION:
            yield from _out_of(world, fact, held, entrances)


def _is_of(world: World, fact: Fact) -> bool:  # noqa: C901, PLR0911  # one case a kind
    """Whether what a fact is about is there: a certificate comes from outside and may say anything."""
    clusters = {cluster.name for cluster in world.clusters}
    match fact.kind:
        case Kind.SESSION:
            return fact.detail in set(SessionClass) and fact.subject != ""
        case Kind.PASSWORD | Kind.OLD_KEY | Kind.NO_DEVICE | Kind.DEVICE:
            return fact.subject in world.users
        case Kind.JOIN:
            return fact.subject in world.groups
        case Kind.VERSION:
            policy = world.policies.get(fact.subject)
            return policy is not None and fact.detail in policy.versions
        case Kind.TRUST:
            return fact.subject in world.roles
        case Kind.ENTRIES:
            return fact.subject in clusters
        case Kind.LEVEL:
            return fact.subject in clusters and fact.detail in set(Level)
        case Kind.EVERY:
            return fact.subject in WAYS_BY_ID
        case Kind.ADMINISTRATOR:
            return fact.subject in world.accounts
        case Kind.ALLOW | Kind.LIFT | Kind.UNBOUND | Kind.TAGS | Kind.READ:
            return True
        case _:
            assert_never(fact.kind)


def _begins(world: World, certificate: Certificate) -> Iterator[str]:
    """The start is what the picture says that its credentials give."""
    if not certificate.whose:
        yield "the certificate names no start"
    given = frozenset(certificate.start)
    every = tuple(starts(world))
    if certificate.whose == (EVERYBODY,):
        for start in every:
            if start.kind in OVERALL and not given.issuperset(start.facts):
                yield f"the start leaves out what {start.id} gives"
        return
    for id_ in certificate.whose:
        named = [start for start in every if start.id == id_]
        if not all(given.issuperset(start.facts) for start in named):
            yield f"the start leaves out what {id_} gives"
        elif not named and not any(_supposes(id_, fact) for fact in given):
            yield f"the picture has no credential {id_}, and the start supposes no session of it"


def _supposes(id_: str, fact: Fact) -> bool:
    """True for a session fact that a supposed start of this id gives."""
    name = id_.removeprefix(SUPPOSED)
    if fact.kind is not Kind.SESSION or name == id_:
        return False
    # `session:mfa:alice` supposes that alice has used her second factor.
    return name == fact.subject or name.rpartition(":")[2] == fact.subject.rpartition("/")[2]


def _out_of(world: World, fact: Fact, held: frozenset[Fact], entrances: Entrances) -> Iterator[str]:
    actor = actor_of(world, fact, held.intersection(touching(world, fact.subject)))
    for way in WAYS:
        if way.gain is not Gain.SESSION and all(_may_be_allowed(actor, use.action) for use in way.uses):
            yield from _by_way(entrances, actor, way, held)  # (3)
    if may_call(actor.class_, assuming(actor.caller).action.lower()):
        for role in world.roles:  # (4)
            if let_in(world, actor, role).possible:
                yield from _lacking(held, (session(role, after(actor.class_)),), f"{fact} may take it")
    for entered in entrances.of(fact):
        yield from _lacking(held, (entered.gain,), f"{fact} signs in to {entered.cluster}")


def _by_way(entrances: Entrances, actor: Actor, way: Way, held: frozenset[Fact]) -> Iterator[str]:
    world = entrances.world
    for target in targets_of(world, way):
        if not all(put(world, actor, use, target).possible for use in way.uses):
            continue
        for effect in effects(world, way, actor.class_, target):
            if held.issuperset(effect.needs):
                yield from _lacking(
                    held, effect.gains, f"{actor.fact} may {way.title} ({way.id}) on {target}"
                )
            if way.gain is Gain.SIGN_IN and held.issuperset(effect.needs):
                cluster = cluster_of(world, target)
                for entered in entrances.chosen(cluster):
                    yield from _lacking(held, (entered.gain,), f"{actor.fact} may {way.title} ({way.id})")


def _asked(world: World, fact: Fact, held: frozenset[Fact], target: Fact) -> Iterator[str]:  # (5)
    actor = actor_of(world, fact, held.intersection(touching(world, fact.subject)))
    if target.kind is Kind.ADMINISTRATOR and probe(world, actor) is not None:
        yield from _lacking(
            held, (Fact(Kind.ADMINISTRATOR, actor.caller.account),), f"{fact} may rule the account"
        )
    if target.kind is Kind.READ:
        question = Question.of(target.subject)
        if read(world, actor, question).possible:
            yield f"{fact} may {question.action} on {question.resource}"
        for way in WAYS:
            if way.target is On.RESOURCE and all(
                put(world, actor, use, target.subject).possible for use in way.uses
            ):
                for effect in effects(world, way, actor.class_, target.subject):
                    yield from _lacking(held, effect.gains, f"{fact} may {way.title} ({way.id})")


def _may_be_allowed(actor: Actor, action: str) -> bool:
    """False where AWS refuses an action to the session, or none of its policies has a word that may allow it."""
    if not may_call(actor.class_, action.lower()):
        return False
    for policies in actor.alternatives:
        if isinstance(policies.identity, Unknown):
            return True
        for policy in policies.identity:
            if any(statement.effect is not Effect.DENY for statement in policy.relevant(action)):
                return True
    return False


def _lacking(held: frozenset[Fact], gains: tuple[Fact, ...], why: str) -> Iterator[str]:
    for gain in gains:
        if gain not in held:
            yield f"{gain} is not held: {why}"
