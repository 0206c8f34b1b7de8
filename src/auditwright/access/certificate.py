"""A proof that a target is out of reach: everything that can be held from a start, and why nothing leads further.

The held facts are closed under every way and every law, over what is merely possible. That they are can be checked
without knowing how they were found (checker.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from auditwright.access.asking import Actor, actor_of, assuming, let_in, put
from auditwright.access.catalogue import ASSUME, WAYS, Way
from auditwright.access.evaluator import Decision, ExplicitDeny, ImplicitDeny
from auditwright.access.explorer import Explorer
from auditwright.access.facts import Fact, Kind
from auditwright.access.holdings import touching
from auditwright.access.judging import Judge
from auditwright.access.matching import Part
from auditwright.access.policy import Policy, Statement
from auditwright.access.sessions import may_call

EVERYBODY = "everybody"
"""The start of an adversary who has every first factor at once, and no second one."""


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """A way out of what is held that is closed, and by what."""

    session: Fact
    way: str
    target: str
    """Empty where the way is closed whatever the target, but for those that are held or named beside it."""
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
    return Crossings(explorer).of(held)


@dataclass(slots=True)
class Crossings:
    """The ways that are closed to sessions of one world, each session's worked out once."""

    explorer: Explorer
    _found: dict[tuple[Fact, frozenset[Fact]], tuple[Crossing, ...]] = field(default_factory=dict)
    _judge: Judge = field(default_factory=lambda: Judge(with_reasons=True))
    _touched: dict[frozenset[str], tuple[tuple[Way, str], ...]] = field(default_factory=dict)
    """For actions that some policy touches, the ways that have one of them, with what is lacking; empty where nothing is."""

    def of(self, held: frozenset[Fact]) -> Iterator[Crossing]:
        """The ways out of a closed set that are closed."""
        for fact in sorted(each for each in held if each.kind is Kind.SESSION):
            key = (fact, held.intersection(touching(self.explorer.world, fact.subject)))
            found = self._found.get(key)
            if found is None:
                found = self._found[key] = tuple(self._out_of(*key))
            yield from found

    def _out_of(self, fact: Fact, changes: frozenset[Fact]) -> Iterator[Crossing]:
        explorer = self.explorer
        actor = actor_of(explorer.world, fact, changes, decider=self._judge.decide)
        touched = explorer.entitlements.touched_by(actor)
        for target, closed in self._roles(actor, touched):
            yield Crossing(session=fact, way=ASSUME.id, target=target, closed_by=closed)
        for way, lacking in self._partly(touched):
            closed = f"no policy allows {lacking}" if lacking else self._closed_way(actor, way)
            if closed:
                yield Crossing(session=fact, way=way.id, target="", closed_by=closed)

    def _roles(self, actor: Actor, touched: frozenset[str]) -> Iterator[tuple[str, str]]:
        """Roles whose trust names an actor that is kept from them, and by what; what keeps it from most is said once."""
        explorer = self.explorer
        allowed = explorer.roles_allowed(actor, touched)
        by_what: dict[str, list[str]] = {}
        left = False
        for trust in explorer.trusts.naming(actor.caller):
            roles = explorer.roles_open(trust, allowed)
            left = left or len(roles) < len(trust.roles)
            for group in explorer.roles_alike(actor, trust, roles) if roles else ():
                closed = self._closed_role(actor, group[0])
                if closed:
                    by_what.setdefault(closed, []).extend(group)
        if left:
            others = " on other roles" if allowed else ""
            yield "", f"no policy allows {assuming(actor.caller).action}{others}"
        else:
            most = max(by_what, key=lambda what: len(by_what[what]), default="")
            if len(by_what.get(most, ())) > 1:
                yield "", most
                del by_what[most]
        for closed, kept in by_what.items():
            yield from ((role, closed) for role in kept)

    def _partly(self, touched: frozenset[str]) -> tuple[tuple[Way, str], ...]:
        found = self._touched.get(touched)
        if found is None:
            found = self._touched[touched] = tuple(
                (way, next((use.action for use in way.uses if use.action.lower() not in touched), ""))
                for way in WAYS
                if way is not ASSUME and not way.actions.isdisjoint(touched)
            )
        return found

    def _closed_role(self, actor: Actor, role: str) -> str:
        """What keeps a role from an actor; empty where nothing surely does."""
        action = assuming(actor.caller).action
        if not may_call(actor.class_, action.lower()):
            return "AWS refuses it to such a session"
        if denial := self.explorer.entitlements.denial(actor, action):
            return _denied_by(*denial)
        answer = let_in(self.explorer.world, actor, role)
        return "" if answer.possible else closing(answer.decision)

    def _closed_way(self, actor: Actor, way: Way) -> str:
        """What closes a way of which a policy has every action; empty where a request may go through."""
        explorer = self.explorer
        targets = explorer.targets(way)
        for use in (*way.on_target, *way.fixed):
            if use.on is way.target and not targets:
                return ""
            if denial := explorer.entitlements.denial(actor, use.action):
                return _denied_by(*denial)
            target = targets[0] if targets else ""
            answer = put(explorer.world, actor, use, target)
            if not answer.possible:
                return closing(answer.decision)
        return ""


def closing(decision: Decision) -> str:
    """What closes a request, in a line."""
    match decision:
        case ExplicitDeny():
            step = decision.by[0]
            return _denying(step.part, step.policy, step.sid or str(step.index))
        case ImplicitDeny():
            return "; ".join(decision.why)
        case _:
            return "it is not closed"


def _denied_by(part: Part, policy: Policy, statement: Statement) -> str:
    return _denying(part, policy.name, statement.sid or str(statement.index))


def _denying(part: Part, policy: str, statement: str) -> str:
    return f"{part} {policy}, statement {statement}, denies it"
