"""Which sessions have the same rights, as far as they count here.

1. Only actions count that some way takes, or that are asked about. What a policy says of others makes no difference.
2. Sessions of one class, of one kind of caller and of one account are alike where the same statements speak of these
   actions, in whichever policies they stand: each request that none decides by who makes it is decided alike.
3. A statement decides by who calls where its resources or conditions have variables, where its conditions look at the
   caller's name, ARN, id or tags, and where a policy of a resource names single callers. Such requests are put for each.
4. A resource with the caller's name in it says nothing of what is made under names that no such resource has.
5. What a statement denies on every resource, under conditions that surely hold in a kind of session, is denied in each
   session of that kind, and nothing is allowed under conditions that surely do not hold: a request adds to what is known
   of a session, and takes nothing back but whose the resource is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from auditwright.access.catalogue import NEW_ENTRY, WAYS, On
from auditwright.access.conditions import holds
from auditwright.access.context import Caller, CallerKind
from auditwright.access.evaluator import Policies
from auditwright.access.glob import Names
from auditwright.access.kleene import Truth
from auditwright.access.meeting import may_meet
from auditwright.access.policy import Effect, Policy, Principals, Statement
from auditwright.access.sessions import OF_RESOURCES, SessionClass, session_context
from auditwright.access.variables import has_variables
from auditwright.access.world import PRINCIPAL_TAG, World
from auditwright.core.outcome import Unknown

_KEYS_OF_CALLERS = frozenset({"aws:username", "aws:userid", "aws:principalarn", "aws:principaltype"})
"""Condition keys that differ between callers of one kind in one account, besides their tags."""

Spoken: TypeAlias = frozenset[tuple[int, frozenset[str]]]
"""Statements, each by a number that all of the same meaning have, with the actions that count of those it speaks of."""

Held: TypeAlias = tuple[Spoken | Unknown, Spoken | Unknown | None]
"""What the identity policies and the boundary say of what counts."""


_Where: TypeAlias = tuple[SessionClass, CallerKind, str]
"""A kind of session, and the caller's account."""

_NOTHING_SAID = frozenset({0})

Sayings: TypeAlias = tuple[tuple[frozenset[int] | Unknown, int | Unknown | None], ...]
"""What identity policies and boundaries say, each by a number that all of the same meaning have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a policy says of the actions that count."""

    allows: frozenset[str]
    """Those that some statement may allow."""
    always: frozenset[str]
    """Those of them that one may allow in a session of whatever kind."""
    under: tuple[tuple[Statement, frozenset[str]], ...]
    """Statements that may allow in some kinds of sessions, and what."""
    by_caller: frozenset[str]
    """Those that it decides by who calls."""
    by_session: frozenset[str]
    """Those that it may decide otherwise in another kind of session."""
    everywhere: tuple[tuple[Statement, frozenset[str]], ...]
    """Statements that deny, whatever the resource and whoever calls, and what."""
    statements: tuple[tuple[int, frozenset[str]], ...]
    number: int
    """The same for policies that say the same; 0 for one that says nothing."""


class Alike(msgspec.Struct, frozen=True):
    """What sessions have in common that are decided alike."""

    class_: SessionClass
    kind: CallerKind
    accounts: tuple[str, str]
    """Of the caller, and of the principal: whom a provider vouches for belongs to none."""
    service_linked: bool
    plain: bool
    """Whether they are of users who differ in nothing but their names (own_names.py)."""
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
    by_session_of_guardrail: frozenset[str] = field(init=False)
    """Actions that some organization may decide otherwise in another kind of session."""
    _names: Names = field(init=False)
    _concerned: dict[tuple[tuple[str, ...], bool], frozenset[str]] = field(default_factory=dict)
    _said: dict[str, Said] = field(default_factory=dict)
    _numbers: dict[tuple[object, ...], int] = field(default_factory=dict)
    _sayings: dict[Spoken, int] = field(default_factory=lambda: {frozenset(): 0})
    _spoken: dict[tuple[str, frozenset[str]], Spoken] = field(default_factory=dict)
    _holding: dict[tuple[int, SessionClass, CallerKind, str], Truth] = field(default_factory=dict)
    _opening: dict[tuple[str, _Where], frozenset[str]] = field(default_factory=dict)
    """What a policy may allow in a kind of session."""
    _closing: dict[tuple[str, _Where], frozenset[str]] = field(default_factory=dict)
    """What it surely denies there."""

    def __post_init__(self) -> None:
        self._names = Names(self.actions)
        by_caller: set[str] = set()
        by_session: set[str] = set()
        for account in self.world.accounts.values():
            for levels in (account.service_policies, account.resource_policies):
                for level in () if isinstance(levels, Unknown) else levels:
                    for statement in (each for policy in level for each in policy.statements):
                        if asks_who(statement):
                            by_caller |= self._concerns(statement)
                        if _asks_about_the_session(statement):
                            by_session |= self._concerns(statement)
        self.by_guardrail = frozenset(by_caller)
        self.by_session_of_guardrail = frozenset(by_session)

    def said(self, policy: Policy) -> Said:
        """What a policy says; the answer is kept."""
        found = self._said.get(policy.key)
        if found is None:
            found = self._said[policy.key] = self._read(policy)
        return found

    def _read(self, policy: Policy) -> Said:
        allows: set[str] = set()
        always: set[str] = set()
        under: list[tuple[Statement, frozenset[str]]] = []
        by_caller: set[str] = set()
        by_session: set[str] = set()
        statements: list[tuple[int, frozenset[str]]] = []
        for statement in policy.statements:
            actions = self._concerns(statement)
            statements.append((self._number(statement), actions))
            if statement.effect is not Effect.DENY:
                allows |= actions
                if _by_session(statement):
                    under.append((statement, actions))
                else:
                    always |= actions
            if asks_who(statement):
                by_caller |= actions - (_made_apart(statement) - self.asked)
            if _asks_about_the_session(statement):
                by_session |= actions
        everywhere = [each for each in policy.statements if _denies_everywhere(each)]
        return Said(
            allows=frozenset(allows),
            always=frozenset(always),
            under=tuple(under),
            by_caller=frozenset(by_caller),
            by_session=frozenset(by_session),
            everywhere=tuple((each, self._concerns(each)) for each in everywhere),
            statements=tuple(statements),
            number=self._sayings.setdefault(
                frozenset(each for each in statements if each[1]), len(self._sayings)
            ),
        )

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

    def sayings(self, alternatives: Iterable[Policies]) -> Sayings:
        """What policies say of all the actions that count, by number."""
        return tuple(
            (
                policies.identity
                if isinstance(policies.identity, Unknown)
                else frozenset([self.said(policy).number for policy in policies.identity]) - _NOTHING_SAID,
                self.said(policies.boundary).number
                if isinstance(policies.boundary, Policy)
                else policies.boundary,
            )
            for policies in alternatives
        )

    def allowed(self, alternatives: Iterable[Policies]) -> frozenset[str]:
        """The actions of which some policy may allow something."""
        found: set[str] = set()
        for policies in alternatives:
            if isinstance(policies.identity, Unknown):
                return self.actions
            for policy in policies.identity:
                found |= self.said(policy).allows
        return frozenset(found)

    def open_to(
        self, alternatives: Iterable[Policies], caller: Caller, class_: SessionClass
    ) -> frozenset[str]:
        """The actions that a session may be allowed on something by its own policies."""
        found: frozenset[str] = frozenset()
        for policies in alternatives:
            here = self._opened(policies.identity, caller, class_)
            if isinstance(policies.boundary, Policy):
                here = here & self._opened((policies.boundary,), caller, class_)
            found = found | here
        return found

    def _opened(
        self, policies: tuple[Policy, ...] | Unknown, caller: Caller, class_: SessionClass
    ) -> frozenset[str]:
        if isinstance(policies, Unknown):
            return self.actions
        where = (class_, caller.kind, caller.account)
        found: frozenset[str] = frozenset()
        for policy in policies:
            key = (policy.key, where)
            opened = self._opening.get(key)
            if opened is None:
                said = self.said(policy)
                opened = self._opening[key] = said.always.union(
                    *(
                        actions
                        for statement, actions in said.under
                        if self._holds(statement, caller, class_) is not Truth.FALSE
                    )
                )
            found |= opened
        return found

    def denied(
        self, alternatives: Iterable[Policies], caller: Caller, class_: SessionClass
    ) -> frozenset[str]:
        """The actions that a session is surely denied, whatever it asks them about."""
        where = (class_, caller.kind, caller.account)
        found = self.actions
        for policies in alternatives:
            here: frozenset[str] = frozenset()
            for policy in _of_caller(policies, caller):
                key = (policy.key, where)
                closed = self._closing.get(key)
                if closed is None:
                    closed = self._closing[key] = frozenset[str]().union(
                        *(
                            actions
                            for statement, actions in self.said(policy).everywhere
                            if self._holds(statement, caller, class_) is Truth.TRUE
                        )
                    )
                here |= closed
            found = found & here
            if not found:
                break
        return found

    def _holds(self, statement: Statement, caller: Caller, class_: SessionClass) -> Truth:
        """Whether the conditions of a statement that tells kinds of sessions apart hold in one of them (5)."""
        key = (id(statement), class_, caller.kind, caller.account)
        found = self._holding.get(key)
        if found is None:
            context = session_context(caller, class_, self.world.at)
            found = self._holding[key] = holds(statement.conditions, context)
        return found

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

    def by_session(self, alternatives: Iterable[Policies], actions: frozenset[str]) -> bool:
        """True where some of the actions may be decided otherwise in another kind of session of the same principal."""
        if not actions.isdisjoint(self.by_session_of_guardrail):
            return True
        return any(
            not actions.isdisjoint(self.said(policy).by_session)
            for policies in alternatives
            for policy in _own(policies)
        )

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


def _own(policies: Policies) -> Iterator[Policy]:
    """The identity policies and the boundary, as far as they were seen."""
    if not isinstance(policies.identity, Unknown):
        yield from policies.identity
    if isinstance(policies.boundary, Policy):
        yield policies.boundary


def _of_caller(policies: Policies, caller: Caller) -> Iterator[Policy]:
    """The policies that count for whatever a caller asks."""
    yield from _own(policies)
    if caller.account and not isinstance(policies.scps, Unknown):
        for level in policies.scps:
            yield from level


def _by_session(statement: Statement) -> bool:
    """True where the conditions of a statement hold alike in all sessions of a kind, if they hold or do not surely (5)."""
    return (
        bool(statement.conditions)
        and not asks_who(statement)
        and all(each.key != OF_RESOURCES for each in statement.conditions)
    )


def _asks_about_the_session(statement: Statement) -> bool:
    """True where a statement asks for more than actions, resources, and what is the same in all sessions of a principal."""
    named = statement.resources
    templates = () if named is None else named.templates
    asked = (key for each in statement.conditions for key in (each.key, *each.variables))
    return not all(map(_is_the_principals, (*asked, *(key for each in templates for key in each.keys))))


def _is_the_principals(key: str) -> bool:
    return key in _KEYS_OF_CALLERS or key.startswith(PRINCIPAL_TAG)


def _denies_everywhere(statement: Statement) -> bool:
    """True where a statement denies what it concerns on every resource, to whoever calls in the same kind of session."""
    named = statement.resources
    return (
        statement.effect is Effect.DENY
        and not statement.unread
        and statement.principals is None
        and named is not None
        and named.fixed.everything
        and not named.negated
        and not named.templates
        and (not statement.conditions or _by_session(statement))
    )


def asks_who(statement: Statement) -> bool:
    """True where a statement may tell callers of one kind and account from each other."""
    named = statement.resources
    return (named is not None and bool(named.templates)) or asks_besides_resources(statement)


def asks_besides_resources(statement: Statement) -> bool:
    """As `asks_who`, by anything but the resources that it names."""
    if statement.principals is not None and _names_some(statement.principals):
        return True
    return any(
        _is_the_principals(each.key) or any(map(has_variables, each.values)) for each in statement.conditions
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
    if named is None or not by_name or asks_besides_resources(statement):
        return frozenset()
    return frozenset(
        action
        for action, made in _MADE.items()
        if not any(may_meet(made, each.opened) for each in named.templates)
    )


_MADE = _made()
