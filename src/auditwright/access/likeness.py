"""Which sessions have the same rights, as far as they count here.

1. Only actions count that some way takes, or that are asked about. What a policy says of others makes no difference.
2. Sessions of one class, of one kind of caller and of one account are alike where the same policies speak of these
   actions: each request that a policy does not decide by who makes it is decided alike.
3. A statement decides by who calls where its resources or conditions have variables, where its conditions look at the
   caller's name, ARN, id or tags, and where a policy of a resource names single callers. Such requests are put for each.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from auditwright.access.context import CallerKind
from auditwright.access.evaluator import Policies
from auditwright.access.glob import Names
from auditwright.access.policy import Effect, Policy, Principals, Statement
from auditwright.access.sessions import SessionClass
from auditwright.access.variables import has_variables
from auditwright.access.world import PRINCIPAL_TAG, World
from auditwright.core.outcome import Unknown

_KEYS_OF_CALLERS = frozenset({"aws:username", "aws:userid", "aws:principalarn", "aws:principaltype"})
"""Condition keys that differ between callers of one kind in one account, besides their tags."""

Held: TypeAlias = tuple[tuple[str, ...] | Unknown, str | Unknown | None]
"""The keys of the identity policies and of the boundary that speak of what counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a policy says of the actions that count."""

    allows: frozenset[str]
    """Those that some statement may allow."""
    speaks_of: frozenset[str]
    by_caller: frozenset[str]
    """Those that it decides by who calls."""


@dataclass(frozen=True, slots=True)
class Alike:
    """What sessions have in common that are decided alike."""

    class_: SessionClass
    kind: CallerKind
    accounts: tuple[str, str]
    """Of the caller, and of the principal: whom a provider vouches for belongs to none."""
    service_linked: bool
    held: tuple[Held, ...]


@dataclass(slots=True)
class Likeness:
    """Tells which policies of a world speak of some actions, and which of them ask who calls."""

    world: World
    actions: frozenset[str]
    """In lower case."""
    by_guardrail: frozenset[str] = field(init=False)
    """Actions that some organization decides by who calls."""
    _names: Names = field(init=False)
    _concerned: dict[tuple[tuple[str, ...], bool], frozenset[str]] = field(default_factory=dict)
    _said: dict[str, Said] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = Names(self.actions)
        found: set[str] = set()
        for account in self.world.accounts.values():
            for levels in (account.service_policies, account.resource_policies):
                for level in () if isinstance(levels, Unknown) else levels:
                    for policy in level:
                        found |= self.said(policy).by_caller
        self.by_guardrail = frozenset(found)

    def said(self, policy: Policy) -> Said:
        """What a policy says; the answer is kept."""
        found = self._said.get(policy.key)
        if found is None:
            found = self._said[policy.key] = self._read(policy)
        return found

    def _read(self, policy: Policy) -> Said:
        allows: set[str] = set()
        speaks_of: set[str] = set()
        by_caller: set[str] = set()
        for statement in policy.statements:
            actions = self._concerns(statement)
            speaks_of |= actions
            if statement.effect is not Effect.DENY:
                allows |= actions
            if asks_who(statement):
                by_caller |= actions
        return Said(allows=frozenset(allows), speaks_of=frozenset(speaks_of), by_caller=frozenset(by_caller))

    def _concerns(self, statement: Statement) -> frozenset[str]:
        """The actions that a statement may concern, as `Policy.relevant` tells."""
        if statement.actions is None:
            return self.actions
        key = (statement.actions.patterns, statement.actions.negated)
        found = self._concerned.get(key)
        if found is None:
            found = self._concerned[key] = statement.actions.among(self._names)
        return found

    def allowed(self, alternatives: Iterable[Policies]) -> frozenset[str]:
        """The actions of which some policy may allow something."""
        found: set[str] = set()
        for policies in alternatives:
            if isinstance(policies.identity, Unknown):
                return self.actions
            for policy in policies.identity:
                found |= self.said(policy).allows
        return frozenset(found)

    def by_caller(self, alternatives: Iterable[Policies]) -> frozenset[str]:
        """The actions that some policy decides by who calls."""
        found = set(self.by_guardrail)
        for policies in alternatives:
            for policy in () if isinstance(policies.identity, Unknown) else policies.identity:
                found |= self.said(policy).by_caller
            if isinstance(policies.boundary, Policy):
                found |= self.said(policies.boundary).by_caller
        return frozenset(found)

    def held(self, alternatives: Iterable[Policies], actions: frozenset[str]) -> tuple[Held, ...]:
        """The policies that speak of some actions, by key."""
        return tuple((self._identity(each, actions), _boundary(each)) for each in alternatives)

    def _identity(self, policies: Policies, actions: frozenset[str]) -> tuple[str, ...] | Unknown:
        if isinstance(policies.identity, Unknown):
            return policies.identity
        return tuple(
            policy.key for policy in policies.identity if not self.said(policy).speaks_of.isdisjoint(actions)
        )


def _boundary(policies: Policies) -> str | Unknown | None:
    return policies.boundary.key if isinstance(policies.boundary, Policy) else policies.boundary


def asks_who(statement: Statement) -> bool:
    """True where a statement may tell callers of one kind and account from each other."""
    if statement.resources is not None and statement.resources.templates:
        return True
    if statement.principals is not None and _names_some(statement.principals):
        return True
    return any(
        each.key in _KEYS_OF_CALLERS
        or each.key.startswith(PRINCIPAL_TAG)
        or any(map(has_variables, each.values))
        for each in statement.conditions
    )


def _names_some(named: Principals) -> bool:
    return named.negated or bool(named.arns or named.unique_ids or named.providers)
