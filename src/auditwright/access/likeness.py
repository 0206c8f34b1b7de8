"""Which sessions have the same rights, as far as they count here.

1. Only actions count that some way takes, or that are asked about. What a policy says of others makes no difference.
2. Sessions of one class, of one kind of caller and of one account are alike where the same statements speak of these
   actions, in whichever policies they stand: each request that none decides by who makes it is decided alike.
3. A statement decides by who calls where its resources or conditions have variables, where its conditions look at the
   caller's name, ARN, id or tags, and where a policy of a resource names single callers. Such requests are put for each.
4. A resource with the caller's name in it says nothing of what is made under names that no such resource has.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from auditwright.access.catalogue import NEW_ENTRY, WAYS, On
from auditwright.access.context import CallerKind
from auditwright.access.evaluator import Policies
from auditwright.access.glob import Names, Wild
from auditwright.access.meeting import may_meet
from auditwright.access.policy import Effect, Policy, Principals, Statement
from auditwright.access.sessions import SessionClass
from auditwright.access.variables import Variable, has_variables
from auditwright.access.world import PRINCIPAL_TAG, World
from auditwright.core.outcome import Unknown

_KEYS_OF_CALLERS = frozenset({"aws:username", "aws:userid", "aws:principalarn", "aws:principaltype"})
"""Condition keys that differ between callers of one kind in one account, besides their tags."""

Spoken: TypeAlias = frozenset[tuple[int, frozenset[str]]]
"""Statements, each by a number that all of the same meaning have, with the actions that count of those it speaks of."""

Held: TypeAlias = tuple[Spoken | Unknown, Spoken | Unknown | None]
"""What the identity policies and the boundary say of what counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a policy says of the actions that count."""

    allows: frozenset[str]
    """Those that some statement may allow."""
    by_caller: frozenset[str]
    """Those that it decides by who calls."""
    statements: tuple[tuple[int, frozenset[str]], ...]


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
    asked: frozenset[str] = frozenset()
    """Those that are asked about on any resource, besides what ways take."""
    by_guardrail: frozenset[str] = field(init=False)
    """Actions that some organization decides by who calls."""
    _names: Names = field(init=False)
    _concerned: dict[tuple[tuple[str, ...], bool], frozenset[str]] = field(default_factory=dict)
    _said: dict[str, Said] = field(default_factory=dict)
    _numbers: dict[tuple[object, ...], int] = field(default_factory=dict)
    _spoken: dict[tuple[str, frozenset[str]], Spoken] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = Names(self.actions)
        found: set[str] = set()
        for account in self.world.accounts.values():
            for levels in (account.service_policies, account.resource_policies):
                for level in () if isinstance(levels, Unknown) else levels:
                    for policy in level:
                        for statement in filter(asks_who, policy.statements):
                            found |= self._concerns(statement)
        self.by_guardrail = frozenset(found)

    def said(self, policy: Policy) -> Said:
        """What a policy says; the answer is kept."""
        found = self._said.get(policy.key)
        if found is None:
            found = self._said[policy.key] = self._read(policy)
        return found

    def _read(self, policy: Policy) -> Said:
        allows: set[str] = set()
        by_caller: set[str] = set()
        statements: list[tuple[int, frozenset[str]]] = []
        for statement in policy.statements:
            actions = self._concerns(statement)
            statements.append((self._number(statement), actions))
            if statement.effect is not Effect.DENY:
                allows |= actions
            if asks_who(statement):
                by_caller |= actions - (_made_apart(statement) - self.asked)
        return Said(allows=frozenset(allows), by_caller=frozenset(by_caller), statements=tuple(statements))

    def _number(self, statement: Statement) -> int:
        """The number of what a statement means, but for its actions."""
        named = statement.resources
        meaning = (
            statement.effect,
            statement.actions is None,
            named and (named.negated, frozenset(named.patterns), len(named.templates)),
            statement.principals,
            frozenset((each, len(each.templates)) for each in statement.conditions),
            statement.unread,
        )
        return self._numbers.setdefault(meaning, len(self._numbers))

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

    def asks_who(self, action: str, alternatives: Iterable[Policies]) -> bool:
        """True where some policy decides an action by who calls."""
        if action in self.by_guardrail:
            return True
        for policies in alternatives:
            for policy in () if isinstance(policies.identity, Unknown) else policies.identity:
                if action in self.said(policy).by_caller:
                    return True
            if isinstance(policies.boundary, Policy) and action in self.said(policies.boundary).by_caller:
                return True
        return False

    def held(self, alternatives: Iterable[Policies], actions: frozenset[str]) -> tuple[Held, ...]:
        """What policies say of some actions."""
        return tuple((self._identity(each, actions), self._boundary(each, actions)) for each in alternatives)

    def _identity(self, policies: Policies, actions: frozenset[str]) -> Spoken | Unknown:
        if isinstance(policies.identity, Unknown):
            return policies.identity
        return frozenset[tuple[int, frozenset[str]]]().union(
            *(self._of(policy, actions) for policy in policies.identity)
        )

    def _boundary(self, policies: Policies, actions: frozenset[str]) -> Spoken | Unknown | None:
        bound = policies.boundary
        return self._of(bound, actions) if isinstance(bound, Policy) else bound

    def _of(self, policy: Policy, actions: frozenset[str]) -> Spoken:
        key = (policy.key, actions)
        found = self._spoken.get(key)
        if found is None:
            both = ((number, concerned & actions) for number, concerned in self.said(policy).statements)
            found = self._spoken[key] = frozenset(each for each in both if each[1])
        return found


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


def _made() -> Mapping[str, str]:
    """The actions that ways take on nothing but what they make, with the pattern of its ARN."""
    patterns: dict[str, set[str]] = {}
    for way in WAYS:
        for use in way.uses:
            made = use.made if use.on is On.MADE and use.made != NEW_ENTRY else "*"
            patterns.setdefault(use.action.lower(), set()).add(_PLACE.sub("*", made))
    return {action: found.pop() for action, found in patterns.items() if len(found) == 1}


_PLACE = re.compile(r"\{[a-z]+\}")
_NAME = "aws:username"


def _made_apart(statement: Statement) -> frozenset[str]:
    """The actions that a statement decides for each caller alike, because what they make has no name of a caller (4)."""
    named = statement.resources
    by_name = named is not None and all(key == _NAME for each in named.templates for key in each.keys)
    if named is None or not by_name or asks_who(replace(statement, resources=None)):
        return frozenset()
    opened = ["".join(map(_open, each.pieces)) for each in named.templates]
    return frozenset(
        action for action, made in _MADE.items() if not any(may_meet(made, pattern) for pattern in opened)
    )


def _open(piece: str | Wild | Variable) -> str:
    if isinstance(piece, Variable):
        return Wild.ANY_RUN.value
    return piece if isinstance(piece, str) else piece.value


_MADE = _made()
