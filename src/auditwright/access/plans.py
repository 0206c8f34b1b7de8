"""What sessions lead to, with what is the same for many of them worked out once and kept once.

1. Sessions of the same rights follow one plan: the bundles that they share, and the ways that each takes for itself.
2. What is decided by who calls is asked of each, but where the callers' own names alone decide (own_names.py).
3. What no statement tells the sessions of one principal apart by is found in one of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

import msgspec

from auditwright.access.asking import PROBED_ACTIONS, Actor
from auditwright.access.bundles import Bundle, Leads, bundle_of, together
from auditwright.access.catalogue import ASSUME, Gain, Way
from auditwright.access.context import Caller, CallerKind
from auditwright.access.effects import Effect, after, laws, leads
from auditwright.access.entitlements import TAKING, Entitlements, Rights
from auditwright.access.evaluator import Policies
from auditwright.access.explorer import EVERY, Explorer, Open
from auditwright.access.facts import Fact, Kind
from auditwright.access.holdings import caller_of, policies_of
from auditwright.access.kleene import Truth
from auditwright.access.likeness import Alike, Likeness, Sayings
from auditwright.access.own_names import OwnNames
from auditwright.access.sessions import SessionClass
from auditwright.access.trusts import Trust
from auditwright.access.world import account_of


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What sessions of the same rights have in common, and what is asked for each of them."""

    shared: Bundle | None
    ways: tuple[Way, ...]
    """Ways that are decided by who calls."""
    by_name: tuple[tuple[Way, bool], ...]
    """Ways that each session may take on its own user, and whether it surely does."""
    trusts: bool
    """True where every trust policy is asked for each; else those that single callers out."""
    rest: bool
    """True where questions, and the rule over the account, are."""


_Shape: TypeAlias = tuple[CallerKind, tuple[str, str], bool, bool]
"""What a session is, besides its class and its rights: the other parts of `Alike`."""


class _Whose(msgspec.Struct, frozen=True, kw_only=True):
    """What all sessions of a principal have in common, after some changes to it."""

    caller: Caller
    alternatives: tuple[Policies, ...]
    shape: _Shape
    sayings: Sayings
    trusts: tuple[Trust, ...]
    """Those that let it in and not others of its account."""


@dataclass(slots=True)
class Plans:
    """What each session and each fact of one world leads to."""

    explorer: Explorer
    _rights: Entitlements = field(init=False)
    _likeness: Likeness = field(init=False)
    _own_names: OwnNames = field(init=False)
    _bundles: dict[tuple[Fact, frozenset[Fact]], Bundle | None] = field(default_factory=dict)
    _whose_sessions: dict[tuple[str, frozenset[Fact], bool], _Whose] = field(default_factory=dict)
    _plans: dict[Alike, _Plan] = field(default_factory=dict)
    _planned: dict[tuple[SessionClass, _Shape, Sayings], tuple[_Plan, Rights]] = field(default_factory=dict)
    """The plans again, by what is known of a session before its rights are."""
    _shared: dict[tuple[str, Alike], Bundle | None] = field(default_factory=dict)
    """What comes of one way, or of all roles, to sessions that are alike as far as it goes."""
    _owned: dict[tuple[str, frozenset[Fact], str], Bundle | None] = field(default_factory=dict)
    """What a way gives a principal that is decided by who calls."""
    _taken_by: dict[tuple[str, frozenset[Fact], SessionClass], Bundle | None] = field(default_factory=dict)
    """What the roles give that some trust lets a principal into."""
    _told_by_name: dict[tuple[str, Alike], Truth | None] = field(default_factory=dict)
    _by_name: dict[tuple[str, str, bool], Bundle | None] = field(default_factory=dict)
    """What a way gives that a user may take on itself."""
    _followed: dict[Fact, Bundle | None] = field(default_factory=dict)
    _on_every: dict[tuple[str, str], Bundle | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rights = self.explorer.entitlements
        self._likeness = self._rights.likeness
        self._own_names = OwnNames(self.explorer.world, self.explorer.naming.targets)

    def bundle(self, fact: Fact, changes: frozenset[Fact] = frozenset()) -> Bundle | None:
        """What a session leads to, as its moves say, with what is the same for others kept once."""
        key = (fact, changes)
        try:
            return self._bundles[key]
        except KeyError:
            found = self._bundles[key] = together(self._parts(fact, changes))
        return found

    def following(self, fact: Fact) -> Bundle | None:
        """What follows of itself from a fact that is held; what it takes besides is named in it."""
        if not leads(fact):
            return None
        if fact not in self._followed:
            if fact.kind is Kind.EVERY:
                # A way on every target gives the same whichever class of sessions has it.
                every = (fact.subject, fact.detail.partition("@")[2])
                if every not in self._on_every:
                    self._on_every[every] = bundle_of(laws(self.explorer.world, fact), given=fact)
                self._followed[fact] = self._on_every[every]
            else:
                self._followed[fact] = bundle_of(laws(self.explorer.world, fact), given=fact)
        return self._followed[fact]

    def _parts(self, fact: Fact, changes: frozenset[Fact]) -> Iterator[Bundle | None]:
        class_ = SessionClass(fact.detail)
        whose = self._whose(fact.subject, changes, outside=class_ is SessionClass.OUTSIDE)
        key = (class_, whose.shape, whose.sayings)
        planned = self._planned.get(key)
        if planned is None:
            rights = self._rights.rights(whose.alternatives, whose.caller, class_)
            held = self._likeness.held(whose.alternatives, self._rights.ways(rights.touched).actions)
            alike = Alike(class_, *whose.shape, held)
            plan = self._plans.get(alike)
            if plan is None:
                plan = self._plans[alike] = self._plan(self.explorer.judged(fact, changes), alike, rights)
            planned = self._planned[key] = (plan, rights)
        plan, rights = planned
        yield plan.shared
        if self.explorer.world.clusters:
            yield bundle_of(self.explorer.enters(fact))
        for way in plan.ways:
            yield self._own(fact, changes, way, whose.alternatives)
        for way, certain in plan.by_name:
            yield self._on_itself(fact, way, certain=certain)
        trusts = self.explorer.trusts.naming(whose.caller) if plan.trusts else whose.trusts
        if trusts:
            yield self._taken(fact, changes, rights, trusts)
        if plan.rest:
            actor = self.explorer.judged(fact, changes)
            yield bundle_of(
                chain(self.explorer.administers(actor, rights), self.explorer.reads(actor, rights))
            )

    def _whose(self, principal: str, changes: frozenset[Fact], *, outside: bool) -> _Whose:
        key = (principal, changes, outside)
        found = self._whose_sessions.get(key)
        if found is None:
            class_ = SessionClass.OUTSIDE if outside else SessionClass.KEY
            caller = caller_of(self.explorer.world, principal, class_, changes)
            alternatives = policies_of(self.explorer.world, principal, changes)
            found = self._whose_sessions[key] = _Whose(
                caller=caller,
                alternatives=alternatives,
                shape=(
                    caller.kind,
                    (caller.account, account_of(principal)),
                    ":role/aws-service-role/" in caller.issuer,
                    principal in self._own_names.plain,
                ),
                sayings=self._likeness.sayings(alternatives),
                trusts=self.explorer.trusts.for_some(caller),
            )
        return found

    def _taken(
        self, fact: Fact, changes: frozenset[Fact], rights: Rights, trusts: Iterable[Trust]
    ) -> Bundle | None:
        """What the roles give that some trust lets a principal into; worked out once for its sessions that are alike."""
        key = (fact.subject, changes, after(SessionClass(fact.detail)))
        if key in self._taken_by:
            return self._taken_by[key]
        actor = self.explorer.judged(fact, changes)
        found = bundle_of(self._led_to(actor, ASSUME, self.explorer.lets_in(actor, rights, trusts)))
        by_session = any(trust.by_session for trust in trusts)
        if not by_session and not self._likeness.by_session(actor.alternatives, ASSUME.actions):
            self._taken_by[key] = found
        return found

    def _led_to(self, actor: Actor, way: Way, found: Iterable[Open]) -> Iterator[Leads]:
        """What a way leads to where it is open, as its moves would say."""
        for target, certain in found:
            if target == EVERY:
                yield self.explorer.every(actor, way, certain=certain)
            elif way.gain is Gain.SIGN_IN:
                yield from self.explorer.moves_of(actor, way, target, certain=certain)
            else:
                yield from self._effects_if(way, actor.class_, target, certain=certain)

    def _effects_if(self, way: Way, class_: SessionClass, target: str, *, certain: bool) -> Iterable[Effect]:
        found = self.explorer.effects_of(way, class_, target)
        return found if certain else (msgspec.structs.replace(each, certain=False) for each in found)

    def _own(
        self, fact: Fact, changes: frozenset[Fact], way: Way, alternatives: tuple[Policies, ...]
    ) -> Bundle | None:
        """What a way gives a principal that is decided by who calls; worked out once for its sessions that are alike."""
        key = (fact.subject, changes, way.id)
        if key in self._owned:
            return self._owned[key]
        actor = self.explorer.judged(fact, changes)
        targets = tuple(self.explorer.open_on(actor, way))
        found = bundle_of(self._led_to(actor, way, targets))
        if not self._by_session(way, alternatives, targets):
            self._owned[key] = found
        return found

    def _by_session(self, way: Way, alternatives: tuple[Policies, ...], found: Iterable[Open]) -> bool:
        """True where a way may give something else in another kind of session."""
        return (
            way.gain is Gain.SESSION
            or any(target == EVERY for target, _ in found)
            or self._likeness.by_session(alternatives, way.actions)
        )

    def _plan(self, actor: Actor, alike: Alike, rights: Rights) -> _Plan:
        """What sessions of the same rights have in common, worked out for one of them."""
        by_caller = self._likeness.by_caller(actor.alternatives)
        ways = self._rights.ways(rights.touched).ways
        own = [way for way in ways if way in self._rights.by_caller or not way.actions.isdisjoint(by_caller)]
        by_name = {
            way: found for way in own for found in [self._by_own_name(actor, alike, way)] if found is not None
        }
        parts = [
            self._once(
                actor,
                alike,
                (way.id, way.actions),
                self._led_to(actor, way, self.explorer.open_on(actor, way, alike)),
            )
            for way in ways
            if way not in own
        ]
        trusts = actor.caller.kind is CallerKind.FEDERATED or TAKING in by_caller
        for_all = self.explorer.trusts.for_all_of(actor.caller.account)
        if not trusts and (TAKING in rights.touched or any(trust.directly for trust in for_all)):
            roles = self._led_to(actor, ASSUME, self.explorer.lets_in(actor, rights, for_all))
            parts.append(self._once(actor, alike, (ASSUME.id, ASSUME.actions), roles))
        rest = self._rights.asks_documents or not self._rights.besides.isdisjoint(by_caller)
        if not rest and (self.explorer.questions or rights.touched.issuperset(PROBED_ACTIONS)):
            moves = chain(self.explorer.administers(actor, rights), self.explorer.reads(actor, rights))
            parts.append(self._once(actor, alike, ("", self._rights.besides), moves))
        return _Plan(
            shared=together(parts),
            ways=tuple(way for way in own if way not in by_name),
            by_name=tuple(
                (way, found is Truth.TRUE) for way, found in by_name.items() if found is not Truth.FALSE
            ),
            trusts=trusts,
            rest=rest,
        )

    def _by_own_name(self, actor: Actor, alike: Alike, way: Way) -> Truth | None:
        """Whether a way is open to each user of the same rights on itself, and on nobody else; None where it may not be so."""
        if not alike.plain:
            return None
        key = self._concerning(actor, alike, (way.id, way.actions))
        if key not in self._told_by_name:
            self._told_by_name[key] = self._tell_by_name(actor, way)
        return self._told_by_name[key]

    def _tell_by_name(self, actor: Actor, way: Way) -> Truth | None:
        bearing = (
            (use, policy, statement)
            for use in way.uses
            for policies in actor.alternatives
            for policy, statement in self.explorer.naming.bearing(policies, use.action)
        )
        if not self._own_names.decide(way, bearing):
            return None
        own = actor.fact.subject
        groups = tuple(self.explorer.naming.groups(actor, way))
        if any(group.every or group.targets != (own,) for group in groups):
            return None
        return self.explorer.goes_through(actor, way.uses, own) if groups else Truth.FALSE

    def _on_itself(self, fact: Fact, way: Way, *, certain: bool) -> Bundle | None:
        """What a way gives that a user may take on itself."""
        key = (fact.subject, way.id, certain)
        if key not in self._by_name:
            class_ = SessionClass(fact.detail)
            self._by_name[key] = bundle_of(self._effects_if(way, class_, fact.subject, certain=certain))
        return self._by_name[key]

    def _once(
        self, actor: Actor, alike: Alike, asked: tuple[str, frozenset[str]], leads: Iterable[Leads]
    ) -> Bundle | None:
        """What comes of some moves, as one bundle for all sessions that differ in nothing that bears on them."""
        key = self._concerning(actor, alike, asked)
        if key not in self._shared:
            self._shared[key] = bundle_of(leads)
        return self._shared[key]

    def _concerning(self, actor: Actor, alike: Alike, asked: tuple[str, frozenset[str]]) -> tuple[str, Alike]:
        """What sessions have in common that are alike as far as some actions go."""
        what, actions = asked
        held = self._likeness.held(actor.alternatives, actions)
        return what, msgspec.structs.replace(alike, held=held)
