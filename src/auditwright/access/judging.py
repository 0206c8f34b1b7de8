"""Decides what many sessions ask, once for all requests that are decided alike.

1. Of who asks, a decision depends on the kind of the session and of the caller, on the accounts, and on what statements
   ask about the caller. Where a condition asks, or a policy of a resource names single callers, each request is decided.
2. Which resource is asked about matters only through which statements name it. That is found out for each request, with
   the caller's name put in where a statement has it; a statement that does not name the resource says nothing.
3. For whether a request goes through, statements that mean the same are one; why not, only the statement itself tells.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from auditwright.access.asking import Actor, Answer, decided
from auditwright.access.catalogue import Use
from auditwright.access.evaluator import Decision, Policies
from auditwright.access.kleene import Truth
from auditwright.access.likeness import asks_besides_resources
from auditwright.access.matching import Request, matches_resource
from auditwright.access.policy import Policy, Statement
from auditwright.access.world import account_of
from auditwright.core.outcome import Unknown

_Part: TypeAlias = tuple[int, ...] | Unknown | None
"""The statements of a part, by number, with more where it is not sure that it names the resource."""
_AS = {Truth.TRUE: 0, Truth.UNKNOWN: 1, Truth.FALSE: 2}


class _Weighed(msgspec.Struct, frozen=True):
    """What a policy has of an action."""

    statements: tuple[tuple[int, Statement | None], ...]
    """Those that may concern it, by number; only one that does not name every resource is given."""
    conditions: bool
    """True where one has any."""


@dataclass(slots=True)
class Judge:
    """The decisions of one world, which holds its policies: with reasons, they are told by identity."""

    with_reasons: bool = False
    """True where a decision says which statement makes it (3)."""
    _decisions: dict[tuple[object, ...], Decision] = field(default_factory=dict)
    _weighed: dict[tuple[str | int, str], _Weighed | None] = field(default_factory=dict)
    _numbers: dict[object, int] = field(default_factory=dict)

    def decide(self, actor: Actor, use: Use, request: Request, policies: Policies) -> Answer:
        """As `decided` does; of the choices that the request leaves, the answer shows none."""
        seen = self._seen(request, policies)
        if seen is None:
            return decided(actor, use, request, policies)
        bearing, conditions = seen
        caller = actor.caller
        key = (
            # Conditions ask about the session, and some operations of STS are for some sessions only.
            actor.fact.detail if conditions or use.action.startswith("sts:") else "",
            caller.kind,
            caller.account,
            account_of(actor.fact.subject),
            ":role/aws-service-role/" in caller.issuer,
            use.action,
            use.shows,
            request.resource_account,
            # Some rules are about keys, or roles.
            ":key/" in request.resource,
            ":role/" in request.resource,
            bearing,
        )
        found = self._decisions.get(key)
        if found is None:
            found = self._decisions[key] = decided(actor, use, request, policies).decision
        return Answer(request=request, decision=found)

    def _seen(self, request: Request, policies: Policies) -> tuple[tuple[_Part, ...], bool] | None:
        """What bears on a request, part by part, and whether any of it has conditions; None where a statement asks who calls (1)."""
        found: list[_Part] = []
        conditions = False
        for part in _parts(policies):
            if part is None or isinstance(part, Unknown):
                found.append(part)
                continue
            named: list[int] = []
            for policy in part:
                weighed = self._of(policy, request.action)
                if weighed is None:
                    return None
                conditions = conditions or weighed.conditions
                for number, statement in weighed.statements:
                    if statement is None:
                        named.append(number)
                        continue
                    truth = matches_resource(statement, request.resource, request.context)
                    # One that does not name the resource may still say what is worth choosing.
                    if truth is not Truth.FALSE or statement.conditions:
                        named.append(number + _AS[truth])
            if not self.with_reasons:
                named.sort()
            found.append(tuple(named))
        return tuple(found), conditions

    def _of(self, policy: Policy, action: str) -> _Weighed | None:
        key = (id(policy) if self.with_reasons else policy.key, action)
        if key not in self._weighed:
            relevant = policy.relevant(action)
            asks = any(map(asks_besides_resources, relevant))
            self._weighed[key] = (
                None
                if asks
                else _Weighed(
                    tuple(self._weigh(policy, each) for each in relevant),
                    any(each.conditions for each in relevant),
                )
            )
        return self._weighed[key]

    def _weigh(self, policy: Policy, statement: Statement) -> tuple[int, Statement | None]:
        named = statement.resources
        every = named is None or (named.fixed.everything and not named.templates and not named.negated)
        meaning = _meaning(statement)
        if self.with_reasons:
            meaning = (policy.name, statement.sid, statement.index, meaning)
        number = self._number(meaning)
        return number, None if every else statement

    def _number(self, of: object) -> int:
        return self._numbers.setdefault(of, len(_AS) * len(self._numbers))


def _meaning(statement: Statement) -> object:
    """What a statement means to a request for a resource that it names."""
    named = statement.resources
    return (
        statement.effect,
        statement.actions is None,
        named and tuple(key for each in named.templates for key in each.keys),
        statement.principals,
        frozenset((each, len(each.templates)) for each in statement.conditions),
        statement.unread,
    )


def _parts(policies: Policies) -> Iterator[Iterable[Policy] | Unknown | None]:
    """The parts that weigh in: a boundary that is silent denies, and none does not."""
    yield policies.identity
    for one in (policies.boundary, policies.resource):
        yield (one,) if isinstance(one, Policy) else one
    for levels in (policies.scps, policies.rcps):
        yield from (levels,) if isinstance(levels, Unknown) else levels
        yield None
