"""A proof that a target is out of reach: everything that can be held from a start, and why nothing leads further.

The held facts are closed under every way and every law, over what is merely possible. That they are can be checked
without knowing how they were found (checker.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from auditwright.access.asking import Actor, actor_of, assuming, let_in, put
from auditwright.access.catalogue import ASSUME, WAYS, Way
from auditwright.access.evaluator import Decision, ExplicitDeny, ImplicitDeny
from auditwright.access.explorer import Explorer
from auditwright.access.facts import Fact, Kind
from auditwright.access.holdings import touching
from auditwright.access.sessions import may_call
from auditwright.access.trusts import Trusts
from auditwright.access.world import World

EVERYBODY = "everybody"
"""The start of an adversary who has every first factor at once, and no second one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A way out of what is held that is closed, and by what."""

    session: Fact
    way: str
    target: str
    """Empty where the way is closed whatever the target."""
    closed_by: str
    """The statement that denies it, or what does not allow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The closed set of one start, which does not hold the target."""

    whose: tuple[str, ...]
    """The ids of the starts; EVERYBODY for every first factor of the picture at once."""
    start: tuple[Fact, ...]
    target: Fact
    held: tuple[Fact, ...]
    """Sorted."""
    crossings: tuple[Crossing, ...]


def crossings(explorer: Explorer, held: frozenset[Fact]) -> Iterator[Crossing]:
    """The ways out of a closed set that some statement allows in part, or that a trust names, each with what closes it."""
    world = explorer.world
    trusts = Trusts(world)
    for fact in sorted(each for each in held if each.kind is Kind.SESSION):
        changes = held.intersection(touching(world, fact.subject))
        actor = actor_of(world, fact, changes)
        for trust in trusts.naming(actor.caller):
            for role in trust.roles:
                closed = _closed_role(world, actor, role)
                if closed:
                    yield Crossing(session=fact, way=ASSUME.id, target=role, closed_by=closed)
        touched = explorer.touched_by(actor)
        for way in WAYS:
            closed = "" if way is ASSUME else _closed_way(explorer, actor, way, touched)
            if closed:
                yield Crossing(session=fact, way=way.id, target="", closed_by=closed)


def _closed_role(world: World, actor: Actor, role: str) -> str:
    """What keeps a role from an actor; empty where nothing surely does."""
    if not may_call(actor.class_, assuming(actor.caller).action.lower()):
        return "AWS refuses it to such a session"
    answer = let_in(world, actor, role)
    return "" if answer.possible else closing(answer.decision)


def _closed_way(explorer: Explorer, actor: Actor, way: Way, touched: frozenset[str]) -> str:
    """What closes a way of which a policy has some action; empty where it has none, or a request may go through."""
    lacking = [use.action for use in way.uses if use.action.lower() not in touched]
    if lacking:
        return f"no policy allows {lacking[0]}" if len(lacking) < len(way.uses) else ""
    targets = explorer.targets(way)
    for use in way.uses:
        if use.on is way.target and not targets:
            return ""
        answer = put(explorer.world, actor, use, targets[0] if targets else "")
        if not answer.possible:
            return closing(answer.decision)
    return ""


def closing(decision: Decision) -> str:
    """What closes a request, in a line."""
    match decision:
        case ExplicitDeny():
            step = decision.by[0]
            return f"{step.part} {step.policy}, statement {step.sid or step.index}, denies it"
        case ImplicitDeny():
            return "; ".join(decision.why)
        case _:
            return "it is not closed"
