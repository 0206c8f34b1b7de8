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
from auditwright.access.context import Caller, CallerKind, Context
from auditwright.access.evaluator import Policies
from auditwright.access.glob import Names
from auditwright.access.kleene import Truth
from auditwright.access.matching import Part
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


Denial: TypeAlias = tuple[Part, Policy, Statement]

_NOTHING: Spoken = frozenset()

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


class _Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of session: what policies come to in it, by their keys."""

    context: Context
    """Of one such session."""
    opened: dict[str, frozenset[str]] = {}
    """What a policy may allow."""
    closed: dict[str, Mapping[str, int]] = {}
    """What a policy surely denies, and by which of its statements."""

    def holds(self, statement: Statement) -> Truth:
        """Whether the conditions of a statement hold that tells such kinds apart (5)."""
        return holds(statement.conditions, self.context)


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
    _number_said: dict[str, int] = field(default_factory=dict)
    _sayings: dict[Spoken, int] = field(default_factory=lambda: {frozenset(): 0})
    _spoken: dict[frozenset[str], dict[str, Spoken]] = field(default_factory=dict)
    """What policies say of some actions, by the policies' keys."""
    _kinds: dict[tuple[SessionClass, CallerKind, str], "_Kind"] = field(default_factory=dict)
    """By class, and by the caller's kind and account."""

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
                        if asks_about_the_session(statement):
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
            if asks_about_the_session(statement):
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
                else frozenset(map(self._saying, policies.identity)) - _NOTHING_SAID,
                self._saying(policies.boundary)
                if isinstance(policies.boundary, Policy)
                else policies.boundary,
            )
            for policies in alternatives
        )

    def _saying(self, policy: Policy) -> int:
        found = self._number_said.get(policy.key)
        if found is None:
            found = self._number_said[policy.key] = self.said(policy).number
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

    def open_to(
        self, alternatives: Iterable[Policies], caller: Caller, class_: SessionClass
    ) -> frozenset[str]:
        """The actions that a session may be allowed on something by its own policies."""
        kind = self._kind(caller, class_)
        every: list[frozenset[str]] = []
        for policies in alternatives:
            if isinstance(policies.identity, Unknown):
                here = self.actions
            else:
                here = frozenset[str]().union(*[self._opened(policy, kind) for policy in policies.identity])
            if isinstance(policies.boundary, Policy):
                here &= self._opened(policies.boundary, kind)
            every.append(here)
        return every[0].union(*every[1:]) if len(every) > 1 else every[0]

    def denied(
        self, alternatives: Iterable[Policies], caller: Caller, class_: SessionClass
    ) -> frozenset[str]:
        """The actions that a session is surely denied, whatever it asks them about."""
        kind = self._kind(caller, class_)
        found = self.actions
        for policies in alternatives:
            closed = [self._closed(policy, kind) for _, policy in _of_caller(policies, caller)]
            found &= frozenset[str]().union(*closed)
            if not found:
                break
        return found

    def denial(
        self, alternatives: Iterable[Policies], actor: tuple[Caller, SessionClass], action: str
    ) -> Denial | None:
        """What surely denies a session an action, whatever it asks it about; None where nothing does."""
        caller, class_ = actor
        kind = self._kind(caller, class_)
        found: Denial | None = None
        for policies in alternatives:
            denials = (
                (part, policy, policy.statements[index])
                for part, policy in _of_caller(policies, caller)
                for index in [self._closed(policy, kind).get(action)]
                if index is not None
            )
            found = next(denials, None)
            if found is None:
                break
        return found

    def _kind(self, caller: Caller, class_: SessionClass) -> "_Kind":
        key = (class_, caller.kind, caller.account)
        found = self._kinds.get(key)
        if found is None:
            found = self._kinds[key] = _Kind(context=session_context(caller, class_, self.world.at))
        return found

    def _opened(self, policy: Policy, kind: "_Kind") -> frozenset[str]:
        found = kind.opened.get(policy.key)
        if found is None:
            said = self.said(policy)
            may_hold = (actions for each, actions in said.under if kind.holds(each) is not Truth.FALSE)
            found = kind.opened[policy.key] = said.always.union(*may_hold)
        return found

    def _closed(self, policy: Policy, kind: "_Kind") -> Mapping[str, int]:
        found = kind.closed.get(policy.key)
        if found is None:
            everywhere = self.said(policy).everywhere
            hold = [(each, actions) for each, actions in everywhere if kind.holds(each) is Truth.TRUE]
            found = kind.closed[policy.key] = {
                action: policy.statements.index(each)
                for each, actions in reversed(hold)
                for action in actions
            }
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
        spoken = self._spoken.setdefault(actions, {})
        return tuple(
            (self._identity(each, actions, spoken), self._boundary(each, actions, spoken))
            for each in alternatives
        )

    def _identity(
        self, policies: Policies, actions: frozenset[str], spoken: dict[str, Spoken]
    ) -> Spoken | Unknown:
        if isinstance(policies.identity, Unknown):
            return policies.identity
        of = self._of
        return _NOTHING.union(*[of(policy, actions, spoken) for policy in policies.identity])

    def _boundary(
        self, policies: Policies, actions: frozenset[str], spoken: dict[str, Spoken]
    ) -> Spoken | Unknown | None:
        bound = policies.boundary
        return self._of(bound, actions, spoken) if isinstance(bound, Policy) else bound

    def _of(self, policy: Policy, actions: frozenset[str], spoken: dict[str, Spoken]) -> Spoken:
        found = spoken.get(policy.key)
        if found is None:
            both = ((number, concerned & actions) for number, concerned in self.said(policy).statements)
            found = spoken[policy.key] = frozenset(each for each in both if each[1])
        return found


def _own(policies: Policies) -> Iterator[Policy]:
    """The identity policies and the boundary, as far as they were seen."""
    if not isinstance(policies.identity, Unknown):
        yield from policies.identity
    if isinstance(policies.boundary, Policy):
        yield policies.boundary


def _of_caller(policies: Policies, caller: Caller) -> Iterator[tuple[Part, Policy]]:
    """The policies that count for whatever a caller asks, each with what it is."""
    for policy in () if isinstance(policies.identity, Unknown) else policies.identity:
        yield Part.IDENTITY, policy
    if isinstance(policies.boundary, Policy):
        yield Part.BOUNDARY, policies.boundary
    if caller.account and not isinstance(policies.scps, Unknown):
        for level in policies.scps:
            yield from ((Part.SCP, policy) for policy in level)


def _by_session(statement: Statement) -> bool:
    """True where the conditions of a statement hold alike in all sessions of a kind, if they hold or do not surely (5)."""
    return (
        bool(statement.conditions)
        and not asks_who(statement)
        and all(each.key != OF_RESOURCES for each in statement.conditions)
    )


def asks_about_the_session(statement: Statement) -> bool:
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
