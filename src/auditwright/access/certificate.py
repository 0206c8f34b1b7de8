"""A proof that a target is out of reach: everything that can be held from a start, and why nothing leads further.

The held facts are closed under every way and every law, over what is merely possible. That they are can be checked
without knowing how they were found (checker.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from auditwright.access.asking import actor_of, assuming, let_in, put
from auditwright.access.catalogue import WAYS, On
from auditwright.access.evaluator import Decision, ExplicitDeny, ImplicitDeny
from auditwright.access.explorer import Explorer
from auditwright.access.facts import CHANGES, Fact, Kind
from auditwright.access.holdings import touching
from auditwright.access.sessions import may_call
from auditwright.access.trusts import Trusts

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
        changes = frozenset(
            each for each in touching(world, fact.subject) if each in held and each.kind in CHANGES
        )
        actor = actor_of(world, fact, changes)
        touched = explorer.touched_by(actor)
        for trust in trusts.naming(actor.caller):
            for role in trust.roles:
                answer = let_in(world, actor, role)
                action = assuming(actor.caller).action
                if not may_call(actor.class_, action.lower()):
                    yield Crossing(
                        session=fact, way="sts-001", target=role, closed_by="AWS refuses it to such a session"
                    )
                elif not answer.possible:
                    yield Crossing(
                        session=fact, way="sts-001", target=role, closed_by=closing(answer.decision)
                    )
        for way in WAYS:
            if way.id == "sts-001":
                continue
            lacking = [use.action for use in way.uses if use.action.lower() not in touched]
            if lacking and len(lacking) < len(way.uses):
                yield Crossing(
                    session=fact, way=way.id, target="", closed_by=f"no policy allows {lacking[0]}"
                )
            elif not lacking:
                for use in way.uses:
                    target = next(iter(explorer.targets(way)), None)
                    if use.on in {On.ANY, On.MADE} and "{cluster}" not in use.made:
                        answer = put(world, actor, use, "")
                    elif target is None or way.target is On.RESOURCE:
                        break
                    else:
                        answer = put(world, actor, use, target)
                    if not answer.possible:
                        yield Crossing(
                            session=fact, way=way.id, target="", closed_by=closing(answer.decision)
                        )
                        break


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
