"""What each session can do next: the moves that its policies may let it make.

1. Only ways of which some statement may allow every action are looked at.
2. A way whose requests are decided alike on every target is one move on all of them, so that an administrator has a
   hundred moves and not a hundred thousand.
3. Else the targets are those that some statement names, and each request is put to the evaluator.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TypeAlias

import msgspec

from auditwright.access.asking import (
    PROBED_ACTIONS,
    Actor,
    Answer,
    Question,
    actor_of,
    assuming,
    bucket_of,
    let_in,
    policy_of_resource,
    probe,
    put,
    read,
)
from auditwright.access.assumptions import Assumption
from auditwright.access.bundles import Bundle, Leads, bundle_of, together
from auditwright.access.catalogue import ASSUME, NEW_ENTRY, WAYS, Gain, On, Use, Way
from auditwright.access.context import Caller, CallerKind
from auditwright.access.effects import Effect as Follows
from auditwright.access.effects import after, cluster_of, effects, laws
from auditwright.access.entering import Entrances
from auditwright.access.evaluator import Policies
from auditwright.access.facts import Fact, Kind, every
from auditwright.access.holdings import caller_of, policies_of
from auditwright.access.judging import Judge
from auditwright.access.kleene import Truth, all_of
from auditwright.access.likeness import Alike, Denial, Likeness, Sayings
from auditwright.access.own_names import OwnNames
from auditwright.access.policy import Effect, Policy, Statement
from auditwright.access.sessions import UNCONFIRMED, SessionClass, may_call
from auditwright.access.targets import EVERYTHING, Named, Targets
from auditwright.access.trusts import Trust, Trusts
from auditwright.access.world import World, account_of
from auditwright.core.outcome import Unknown


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """What a session may do next, and what it then holds."""

    session: Fact
    changes: frozenset[Fact] = frozenset()
    """What had been changed about the session's principal."""
    way: Way | None
    """None for what is no way of the catalogue: asking for a target itself."""
    target: str
    """An ARN, a cluster's name, a question's key; empty for a way that is open on every target."""
    gains: tuple[Fact, ...]
    needs: tuple[Fact, ...]
    certain: bool
    assumptions: tuple[Assumption, ...] = ()
    answers: tuple[Answer, ...] = ()
    """The requests that it takes, in order. Those of a way are made where it is shown (`Explorer.one`)."""


_KEYS_OF_RESOURCES = ("aws:resource", "iam:resourcetag/")


EVERY = ""
"""In place of a target: each that there is."""

_Open: TypeAlias = tuple[str, bool]
"""A target on which a way is open, or EVERY, and whether it surely is."""


class _Group(msgspec.Struct, frozen=True, kw_only=True):
    """Targets that are decided alike."""

    targets: tuple[str, ...]
    every: bool = False
    """True for all that the account has."""


class _Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What the policies of a session come to, action by action."""

    touched: frozenset[str]
    """Of which some policy may allow something, and which are not surely denied."""
    denied: frozenset[str]


class _Takable(msgspec.Struct, frozen=True, kw_only=True):
    """The ways that some rights may take, and the actions that decide on them."""

    ways: tuple[Way, ...]
    actions: frozenset[str]


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
class Explorer:
    """Answers about one world, each worked out once. Statements are told by identity: the world holds them all."""

    world: World
    questions: tuple[Question, ...] = ()
    entrances: Entrances = field(init=False)
    trusts: Trusts = field(init=False)
    _moves: dict[tuple[Fact, frozenset[Fact]], tuple[Move, ...]] = field(default_factory=dict)
    _bundles: dict[tuple[Fact, frozenset[Fact]], Bundle | None] = field(default_factory=dict)
    _plans: dict[Alike, "_Plan"] = field(default_factory=dict)
    _planned: dict[tuple[SessionClass, _Shape, Sayings], tuple["_Plan", "_Rights"]] = field(
        default_factory=dict
    )
    _whose_sessions: dict[tuple[str, frozenset[Fact], bool], "_Whose"] = field(default_factory=dict)
    _shared: dict[tuple[str, Alike], Bundle | None] = field(default_factory=dict)
    _takable: dict[frozenset[str], "_Takable"] = field(default_factory=dict)
    _sets: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)
    _owned: dict[tuple[str, frozenset[Fact], str], Bundle | None] = field(default_factory=dict)
    _taken_by: dict[tuple[str, frozenset[Fact], SessionClass], Bundle | None] = field(default_factory=dict)
    _followed: dict[Fact, Bundle | None] = field(default_factory=dict)
    _on_every: dict[tuple[str, str], Bundle | None] = field(default_factory=dict)
    _likeness: Likeness = field(init=False)
    _asked_always: frozenset[str] = field(init=False)
    _asked_besides: frozenset[str] = field(init=False)
    """The actions of questions, and of the probe for administrators."""
    _refused: frozenset[str] = field(init=False)
    """The actions that AWS refuses to sessions of GetSessionToken, whatever policies say."""
    _asks_who: frozenset[Way] = field(init=False)
    """Ways that are decided by who calls whatever the policies of a principal say."""
    _asks_documents: bool = field(init=False)
    _targets: Targets = field(init=False)
    _of_owners: tuple[Policy, ...] = field(init=False)
    """The resource control policies of all accounts: each is of the roles, users and policies of its own."""
    _effects: dict[tuple[str, SessionClass, str], tuple[Follows, ...]] = field(default_factory=dict)
    _judge: Judge = field(default_factory=Judge)
    _answered: dict[tuple[Use, str, Alike], Truth] = field(default_factory=dict)
    _own_names: OwnNames = field(init=False)
    _told_by_name: dict[tuple[str, Alike], Truth | None] = field(default_factory=dict)
    _by_name: dict[tuple[str, str, bool], Bundle | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.entrances = Entrances(self.world)
        self._targets = Targets(self.world)
        every = (account.resource_policies for account in self.world.accounts.values())
        listed = (levels for levels in every if not isinstance(levels, Unknown))
        self._of_owners = tuple(
            dict.fromkeys(each for levels in listed for level in levels for each in level)
        )
        self._own_names = OwnNames(self.world, self._targets)
        self.trusts = Trusts(self.world)
        used = {action for way in WAYS for action in way.actions} | PROBED_ACTIONS
        asked = {question.action.lower() for question in self.questions}
        self._likeness = Likeness(self.world, frozenset(used | asked), frozenset(asked))
        self._asks_documents = any(map(self._has_document, self.questions))
        owned = (way for way in WAYS if way.target is On.RESOURCE and self._asks_documents)
        rewriting = {action for way in owned for action in way.actions}
        self._asked_always = frozenset({_TAKING, *asked, *rewriting})
        self._asked_besides = PROBED_ACTIONS | asked
        counting = self._likeness.actions
        self._refused = frozenset(each for each in counting if not may_call(SessionClass.TOKEN, each))
        self._asks_who = frozenset(
            way
            for way in WAYS
            if any(use.made == NEW_ENTRY for use in way.uses)
            or (self._asks_documents and any(use.on is On.RESOURCE for use in way.uses))
        )

    def _has_document(self, question: Question) -> bool:
        """True where what is asked about has a policy of its own, which may name single callers."""
        asked = ((question.action, question.resource), ("", bucket_of(question.resource)))
        return any(policy_of_resource(self.world, *each) is not None for each in asked)

    def moves(self, fact: Fact, changes: frozenset[Fact] = frozenset()) -> tuple[Move, ...]:
        """Every move of a session, after changes to the policies of its principal."""
        key = (fact, changes)
        found = self._moves.get(key)
        if found is None:
            found = self._moves[key] = tuple(self._explore(fact, changes))
        return found

    def _explore(self, fact: Fact, changes: frozenset[Fact]) -> Iterator[Move]:
        actor = actor_of(self.world, fact, changes)
        judged = self._judged(fact, changes)
        rights = self._rights(actor.alternatives, actor.caller, actor.class_)
        yield from self._enters(fact)
        yield from self._assumes(judged, rights, self.trusts.naming(actor.caller))
        for way in self._ways(rights.touched).ways:
            yield from self._takes(judged, way)
        yield from self._administers(actor, rights)
        yield from self._reads(actor, rights)

    # --- what sessions have in common

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
        if fact.kind is Kind.SESSION and fact.detail != SessionClass.KEY:
            return None  # most of all facts, and nothing follows from them (effects.laws)
        if fact not in self._followed:
            if fact.kind is Kind.EVERY:
                # A way on every target gives the same whichever class of sessions has it.
                every = (fact.subject, fact.detail.partition("@")[2])
                if every not in self._on_every:
                    self._on_every[every] = bundle_of(laws(self.world, fact), given=fact)
                self._followed[fact] = self._on_every[every]
            else:
                self._followed[fact] = bundle_of(laws(self.world, fact), given=fact)
        return self._followed[fact]

    def _parts(self, fact: Fact, changes: frozenset[Fact]) -> Iterator[Bundle | None]:
        class_ = SessionClass(fact.detail)
        whose = self._whose(fact.subject, changes, outside=class_ is SessionClass.OUTSIDE)
        key = (class_, whose.shape, whose.sayings)
        planned = self._planned.get(key)
        if planned is None:
            rights = self._rights(whose.alternatives, whose.caller, class_)
            held = self._likeness.held(whose.alternatives, self._ways(rights.touched).actions)
            alike = Alike(class_, *whose.shape, held)
            plan = self._plans.get(alike)
            if plan is None:
                plan = self._plans[alike] = self._plan(self._judged(fact, changes), alike, rights)
            planned = self._planned[key] = (plan, rights)
        plan, rights = planned
        yield plan.shared
        if self.world.clusters:
            yield bundle_of(self._enters(fact))
        for way in plan.ways:
            yield self._own(fact, changes, way, whose.alternatives)
        for way, certain in plan.by_name:
            yield self._on_itself(fact, way, certain=certain)
        trusts = self.trusts.naming(whose.caller) if plan.trusts else whose.trusts
        if trusts:
            yield self._taken(fact, changes, rights, trusts)
        if plan.rest:
            actor = self._judged(fact, changes)
            yield bundle_of(chain(self._administers(actor, rights), self._reads(actor, rights)))

    def _whose(self, principal: str, changes: frozenset[Fact], *, outside: bool) -> "_Whose":
        key = (principal, changes, outside)
        found = self._whose_sessions.get(key)
        if found is None:
            class_ = SessionClass.OUTSIDE if outside else SessionClass.KEY
            caller = caller_of(self.world, principal, class_, changes)
            alternatives = policies_of(self.world, principal, changes)
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
                trusts=self.trusts.for_some(caller),
            )
        return found

    def _taken(
        self, fact: Fact, changes: frozenset[Fact], rights: _Rights, trusts: Iterable[Trust]
    ) -> Bundle | None:
        """What the roles give that some trust lets a principal into; worked out once for its sessions that are alike."""
        key = (fact.subject, changes, after(SessionClass(fact.detail)))
        if key in self._taken_by:
            return self._taken_by[key]
        actor = self._judged(fact, changes)
        found = bundle_of(self._led_to(actor, ASSUME, self._lets_in(actor, rights, trusts)))
        by_session = any(trust.by_session for trust in trusts)
        if not by_session and not self._likeness.by_session(actor.alternatives, ASSUME.actions):
            self._taken_by[key] = found
        return found

    def _judged(self, fact: Fact, changes: frozenset[Fact]) -> Actor:
        """The actor of a session, of which only what its requests come to is wanted."""
        return actor_of(self.world, fact, changes, decider=self._judge.decide)

    def _led_to(self, actor: Actor, way: Way, found: Iterable[_Open]) -> Iterator[Leads]:
        """What a way leads to where it is open, as its moves would say."""
        for target, certain in found:
            if target == EVERY:
                yield self._every(actor, way, certain=certain)
            elif way.gain is Gain.SIGN_IN:
                yield from self._moves_of(actor, way, target, certain=certain)
            else:
                yield from self._effects_if(way, actor.class_, target, certain=certain)

    def _effects_if(self, way: Way, class_: SessionClass, target: str, *, certain: bool) -> Iterable[Follows]:
        found = self._effects_of(way, class_, target)
        return found if certain else (msgspec.structs.replace(each, certain=False) for each in found)

    def _own(
        self, fact: Fact, changes: frozenset[Fact], way: Way, alternatives: tuple[Policies, ...]
    ) -> Bundle | None:
        """What a way gives a principal that is decided by who calls; worked out once for its sessions that are alike."""
        key = (fact.subject, changes, way.id)
        if key in self._owned:
            return self._owned[key]
        actor = self._judged(fact, changes)
        targets = tuple(self._open(actor, way))
        found = bundle_of(self._led_to(actor, way, targets))
        if not self._by_session(way, alternatives, targets):
            self._owned[key] = found
        return found

    def _by_session(self, way: Way, alternatives: tuple[Policies, ...], found: Iterable[_Open]) -> bool:
        """True where a way may give something else in another kind of session."""
        return (
            way.gain is Gain.SESSION
            or any(target == EVERY for target, _ in found)
            or self._likeness.by_session(alternatives, way.actions)
        )

    def _plan(self, actor: Actor, alike: Alike, rights: _Rights) -> "_Plan":
        """What sessions of the same rights have in common, worked out for one of them."""
        by_caller = self._likeness.by_caller(actor.alternatives)
        ways = self._ways(rights.touched).ways
        own = [way for way in ways if way in self._asks_who or not way.actions.isdisjoint(by_caller)]
        by_name = {
            way: found for way in own for found in [self._by_own_name(actor, alike, way)] if found is not None
        }
        parts = [
            self._once(
                actor, alike, (way.id, way.actions), self._led_to(actor, way, self._open(actor, way, alike))
            )
            for way in ways
            if way not in own
        ]
        trusts = actor.caller.kind is CallerKind.FEDERATED or _TAKING in by_caller
        for_all = self.trusts.for_all_of(actor.caller.account)
        if not trusts and (_TAKING in rights.touched or any(trust.directly for trust in for_all)):
            roles = self._led_to(actor, ASSUME, self._lets_in(actor, rights, for_all))
            parts.append(self._once(actor, alike, (ASSUME.id, ASSUME.actions), roles))
        rest = self._asks_documents or not self._asked_besides.isdisjoint(by_caller)
        if not rest and (self.questions or rights.touched.issuperset(PROBED_ACTIONS)):
            moves = chain(self._administers(actor, rights), self._reads(actor, rights))
            parts.append(self._once(actor, alike, ("", self._asked_besides), moves))
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
            for policy, statement in self._bearing(policies, use.action)
        )
        if not self._own_names.decide(way, bearing):
            return None
        own = actor.fact.subject
        groups = tuple(self._groups(actor, way))
        if any(group.every or group.targets != (own,) for group in groups):
            return None
        return _goes_through(self._answer, actor, way.uses, own) if groups else Truth.FALSE

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

    # --- what some policy touches

    def _rights(self, alternatives: tuple[Policies, ...], caller: Caller, class_: SessionClass) -> _Rights:
        denied = self._likeness.denied(alternatives, caller, class_)
        opened = self._open_to(class_, self._likeness.open_to(alternatives, caller, class_))
        touched = opened - denied if denied else opened
        # Few sets are many sessions'; each is kept once.
        return _Rights(
            touched=self._sets.setdefault(touched, touched), denied=self._sets.setdefault(denied, denied)
        )

    def denial(self, actor: Actor, action: str) -> Denial | None:
        """The statement that surely denies an actor an action, whatever it asks it about; None where there is none."""
        who = (actor.caller, actor.class_)
        return self._likeness.denial(actor.alternatives, who, action.lower())

    def touched_by(self, actor: Actor) -> frozenset[str]:
        """The actions of which some policy of the actor may allow something."""
        return self._open_to(actor.class_, self._likeness.allowed(actor.alternatives))

    def _open_to(self, class_: SessionClass, actions: frozenset[str]) -> frozenset[str]:
        return actions - self._refused if class_ is SessionClass.TOKEN else actions

    def _ways(self, touched: frozenset[str]) -> "_Takable":
        """The ways of which some policy touches every action, and all actions that it takes to decide on them."""
        found = self._takable.get(touched)
        if found is None:
            ways = [
                way
                for action in sorted(touched)
                for way, others in _WAYS_FROM.get(action, ())
                if touched.issuperset(others)
            ]
            if self._asks_documents:
                # A resource's own policy may let in whom no other policy lets.
                ways += [way for way in WAYS if way.target is On.RESOURCE and way not in ways]
            actions = self._asked_always.union(*(way.actions for way in ways))
            probed = PROBED_ACTIONS if touched.issuperset(PROBED_ACTIONS) else frozenset[str]()
            found = self._takable[touched] = _Takable(ways=tuple(ways), actions=actions | probed)
        return found

    # --- ways

    def _takes(self, actor: Actor, way: Way) -> Iterator[Move]:
        for target, certain in self._open(actor, way):
            if target == EVERY:
                yield self._every(actor, way, certain=certain)
            else:
                yield from self._moves_of(actor, way, target, certain=certain)

    def _open(self, actor: Actor, way: Way, alike: Alike | None = None) -> Iterator[_Open]:
        """The targets on which an actor may take a way; EVERY where all of them are decided alike (2).

        Where it is not decided by who calls, `alike` says who else gets the same answers.
        """
        answer = self._answer if alike is None else partial(self._shared_answer, alike)
        fixed = _goes_through(answer, actor, way.fixed, "")
        if fixed is Truth.FALSE:
            return
        for group in self._groups(actor, way):
            goes = all_of((fixed, _goes_through(answer, actor, way.on_target, group.targets[0])))
            if goes is not Truth.FALSE:
                certain = goes is Truth.TRUE
                yield from ((target, certain) for target in ((EVERY,) if group.every else group.targets))

    def _answer(self, actor: Actor, use: Use, target: str) -> Truth:
        """Whether a use of a way goes through."""
        return put(self.world, actor, use, target).truth

    def _shared_answer(self, alike: Alike, actor: Actor, use: Use, target: str) -> Truth:
        """The same, asked once for all of whom the same is said of its action."""
        actions = frozenset({use.action.lower()})
        by_session = self._likeness.by_session(actor.alternatives, actions)
        same = msgspec.structs.replace(
            alike,
            class_=actor.class_ if by_session else SessionClass.KEY,
            held=self._likeness.held(actor.alternatives, actions),
        )
        # Of what may be in service, a request says no more than the account.
        about = account_of(target) if use.on is On.WORKLOAD and target in self.world.roles else target
        key = (use, about, same)
        found = self._answered.get(key)
        if found is None:
            found = self._answered[key] = self._answer(actor, use, target)
        return found

    def _moves_of(  # noqa: PLR0913  # a move has as many parts
        self, actor: Actor, way: Way, target: str, *, certain: bool, answers: tuple[Answer, ...] = ()
    ) -> Iterator[Move]:
        """What a way gives on a target."""
        for effect in self._effects_of(way, actor.class_, target):
            yield Move(
                session=actor.fact,
                changes=actor.changes,
                way=way,
                target=target,
                gains=effect.gains,
                needs=effect.needs,
                certain=certain and effect.certain,
                assumptions=(*effect.assumptions, *_unconfirmed(actor)),
                answers=answers,
            )
            if way.gain is Gain.SIGN_IN:
                cluster = cluster_of(self.world, target)
                for each in self.entrances.chosen(cluster):
                    yield Move(
                        session=actor.fact,
                        changes=actor.changes,
                        way=way,
                        target=target,
                        gains=(each.gain,),
                        needs=effect.needs,
                        certain=certain and effect.certain and each.certain,
                        assumptions=_unconfirmed(actor),
                        answers=answers,
                    )

    def _effects_of(self, way: Way, class_: SessionClass, target: str) -> tuple[Follows, ...]:
        key = (way.id, class_, target)
        found = self._effects.get(key)
        if found is None:
            found = self._effects[key] = effects(self.world, way, class_, target)
        return found

    def _every(self, actor: Actor, way: Way, *, certain: bool) -> Move:
        """A way that is decided alike on every target (2)."""
        return Move(
            session=actor.fact,
            changes=actor.changes,
            way=way,
            target=EVERY,
            gains=(every(way.id, actor.class_, account_of(actor.fact.subject)),),
            needs=(),
            certain=certain,
            assumptions=_unconfirmed(actor),
        )

    def one(self, move: Move, target: str) -> Move | None:
        """A move with the requests that its session makes for a target; None where the evaluator does not let it."""
        assert move.way is not None, "only ways have requests of their own"
        actor = actor_of(self.world, move.session, move.changes)
        if move.way is ASSUME:
            answers = [let_in(self.world, actor, target)]
        else:
            answers = [put(self.world, actor, use, "") for use in move.way.fixed]
            answers += [put(self.world, actor, use, target) for use in move.way.on_target]
        goes = all_of(answer.truth for answer in answers)
        if goes is Truth.FALSE:
            return None
        found = self._moves_of(actor, move.way, target, certain=goes is Truth.TRUE, answers=tuple(answers))
        return next((each for each in found if not move.target or each.gains == move.gains), None)

    # --- the targets of a way

    def targets(self, way: Way) -> tuple[str, ...]:
        """Every target that a way has."""
        return self._targets.of(way).every

    def _groups(self, actor: Actor, way: Way) -> Iterator[_Group]:
        """The targets that some statement may name, in groups of those that are decided alike."""
        if way.target is On.RESOURCE:
            for question in self.questions:
                yield _Group(targets=(question.key,))
            return
        targets = self.targets(way)
        if way.target is On.WORKLOAD and not self.world.lists(way.existing):
            # What is in service was not seen: the same request stands for each that may be.
            supposed, seen = self._targets.supposed(way, account_of(actor.fact.subject))
            yield from [_Group(targets=supposed, every=not seen)] if supposed else []
            targets = seen
        if way.target not in _NAMED:
            for target in targets:
                yield _Group(targets=(target,))
            return
        # AWS: nobody acts on the identities of another account, but by taking a role.
        targets = self._targets.own(way, account_of(actor.fact.subject))
        actions = [use.action for use in way.uses if use.on is way.target]
        named = self._all_named(actor, way, actions)
        told_apart = self._told_apart(actor, way, actions)
        if targets and named is EVERYTHING and told_apart is not None and not told_apart:
            yield _Group(targets=targets, every=True)
            return
        candidates = targets if named is EVERYTHING else [each for each in targets if each in named]
        for group in _partition(candidates, told_apart):
            yield _Group(targets=group)

    def _all_named(self, actor: Actor, way: Way, actions: Iterable[str]) -> Named:
        """The targets that some statement may allow each of the actions on."""
        named: Named = EVERYTHING
        for action in actions:
            found = self._allowed_on(actor, action, way)
            if found is not EVERYTHING:
                named = found if named is EVERYTHING else named & found
        return named

    def _told_apart(
        self, actor: Actor, way: Way, actions: Iterable[str]
    ) -> tuple[frozenset[str], ...] | None:
        """The sets of targets that some statement tells from the rest; None where each may be told from each."""
        found: dict[frozenset[str], None] = {}
        for action in actions:
            for policies in actor.alternatives:
                for policy, statement in self._bearing(policies, action):
                    if _asks_about_resources(statement) or _spares_by_caller(statement):
                        return None
                    named = self._named_by(policy, statement, actor, way)
                    if named:
                        found[named] = None
        return tuple(found)

    def _bearing(self, policies: Policies, action: str) -> Iterator[tuple[Policy, Statement]]:
        levels = () if isinstance(policies.scps, Unknown) else policies.scps
        for policy in (
            *(() if isinstance(policies.identity, Unknown) else policies.identity),
            *((policies.boundary,) if isinstance(policies.boundary, Policy) else ()),
            *(policy for level in levels for policy in level),
            *self._of_owners,
        ):
            for statement in policy.relevant(action):
                yield policy, statement

    def _allowed_on(self, actor: Actor, action: str, way: Way) -> Named:
        found: set[str] = set()
        for policies in actor.alternatives:
            if isinstance(policies.identity, Unknown):
                return EVERYTHING
            for policy in policies.identity:
                for statement in policy.relevant(action):
                    if statement.effect is not Effect.DENY:
                        named = self._named_by(policy, statement, actor, way)
                        if named is EVERYTHING:
                            return EVERYTHING
                        found |= named
        return frozenset(found)

    def _named_by(self, policy: Policy, statement: Statement, actor: Actor, way: Way) -> Named:
        """The targets that a statement may name; EVERYTHING where it names all, or it is not known which."""
        resources = statement.resources
        if resources is None or resources.fixed.everything:
            return frozenset() if resources is not None and resources.negated else EVERYTHING
        fixed = self._targets.spelled(policy, statement, resources, way)
        if not resources.templates:
            return fixed
        if resources.negated or fixed is EVERYTHING:
            return EVERYTHING
        found = set(fixed)
        for template in resources.templates:
            resolved = template.resolve(actor.context)
            if resolved is not None:
                found.update(self._targets.of(way).matching(resolved.pieces))
        return frozenset(found)

    # --- what is no way of the catalogue

    def _enters(self, fact: Fact) -> Iterator[Move]:
        for each in self.entrances.of(fact):
            yield Move(
                session=fact,
                way=None,
                target=each.cluster,
                gains=(each.gain,),
                needs=(),
                certain=each.certain,
                assumptions=each.assumptions,
            )

    def _assumes(self, actor: Actor, rights: _Rights, trusts: Iterable[Trust]) -> Iterator[Move]:
        for role, certain in self._lets_in(actor, rights, trusts):
            yield from self._moves_of(actor, ASSUME, role, certain=certain)

    def _lets_in(self, actor: Actor, rights: _Rights, trusts: Iterable[Trust]) -> Iterator[_Open]:
        """Roles that the actor may take: their trust decides, with the actor's policies where it delegates to them."""
        use = assuming(actor.caller)
        if use.action.lower() in rights.denied or not may_call(actor.class_, use.action.lower()):
            return
        allowed = self.roles_allowed(actor, rights.touched)
        for trust in trusts:
            roles = self.roles_open(trust, allowed)
            for group in self.roles_alike(actor, trust, roles) if roles else ():
                answer = let_in(self.world, actor, group[0])
                if answer.possible:
                    yield from ((role, answer.certain) for role in group)

    @staticmethod
    def roles_open(trust: Trust, allowed: Named) -> Sequence[str]:
        """The roles of a trust that an actor may be let into: one that delegates leaves it to the actor's policies which."""
        if allowed is EVERYTHING or trust.directly:
            return trust.roles
        return sorted(allowed & trust.members) if allowed else ()

    def roles_alike(self, actor: Actor, trust: Trust, roles: Sequence[str]) -> Iterable[tuple[str, ...]]:
        """The roles of a trust policy in groups of those that an actor is let into alike."""
        if len(roles) == 1:
            return (tuple(roles),)
        told_apart = self._told_apart(actor, ASSUME, (assuming(actor.caller).action,))
        return _partition(roles, told_apart if trust.alike else None)

    def roles_allowed(self, actor: Actor, touched: frozenset[str]) -> Named:
        """The roles that a policy of the actor's may allow it to take; a trust that delegates lets it into no others."""
        action = assuming(actor.caller).action
        return self._allowed_on(actor, action, ASSUME) if action.lower() in touched else frozenset()

    def _administers(self, actor: Actor, rights: _Rights) -> Iterator[Move]:
        account = account_of(actor.fact.subject)
        if not rights.touched.issuperset(PROBED_ACTIONS):
            return
        answers = probe(self.world, actor)
        if answers is None:
            return
        yield Move(
            session=actor.fact,
            changes=actor.changes,
            way=None,
            target=account,
            gains=(Fact(Kind.ADMINISTRATOR, account),),
            needs=(),
            certain=all(answer.certain for answer in answers),
            assumptions=_unconfirmed(actor),
            answers=answers,
        )

    def _reads(self, actor: Actor, rights: _Rights) -> Iterator[Move]:
        for question in self.questions:
            if question.action.lower() in rights.denied:
                continue
            answer = read(self.world, actor, question)
            if answer.possible:
                yield Move(
                    session=actor.fact,
                    changes=actor.changes,
                    way=None,
                    target=question.key,
                    gains=(Fact(Kind.READ, question.key),),
                    needs=(),
                    certain=answer.certain,
                    assumptions=_unconfirmed(actor),
                    answers=(answer,),
                )


_TAKING = ASSUME.uses[0].action.lower()

_NAMED = frozenset({On.USER, On.GROUP, On.ROLE, On.POLICY})


def _goes_through(
    answer: Callable[[Actor, Use, str], Truth], actor: Actor, uses: Iterable[Use], target: str
) -> Truth:
    """Whether every one of some uses of a way goes through, as far as the evaluator can tell."""
    found = Truth.TRUE
    for use in uses:
        found = all_of((found, answer(actor, use, target)))
        if found is Truth.FALSE:
            break
    return found


def _asks_about_resources(statement: Statement) -> bool:
    """True where a statement's conditions may differ from one resource to the next."""
    return any(
        key.startswith(_KEYS_OF_RESOURCES)
        for each in statement.conditions
        for key in (each.key, *each.variables)
    )


def _spares_by_caller(statement: Statement) -> bool:
    """True where a statement is about all resources but those that have something of the caller's in them."""
    named = statement.resources
    return named is not None and named.negated and bool(named.templates)


def _partition(targets: Iterable[str], sets: tuple[frozenset[str], ...] | None) -> Iterable[tuple[str, ...]]:
    """The targets in groups that lie in the same of some sets; each by itself where there is no telling."""
    if sets is None:
        return [(target,) for target in targets]
    if not sets:
        together = tuple(targets)
        return [together] if together else []
    groups: dict[tuple[bool, ...], list[str]] = {}
    for target in targets:
        groups.setdefault(tuple(target in each for each in sets), []).append(target)
    return [tuple(group) for group in groups.values()]


def _ways_from() -> Mapping[str, tuple[tuple[Way, frozenset[str]], ...]]:
    """The ways by their first action, each with all its actions; roles are taken otherwise."""
    found: dict[str, list[tuple[Way, frozenset[str]]]] = {}
    for way in WAYS:
        if way is not ASSUME:
            found.setdefault(way.uses[0].action.lower(), []).append((way, way.actions))
    return {action: tuple(ways) for action, ways in found.items()}


_WAYS_FROM = _ways_from()


def _unconfirmed(actor: Actor) -> tuple[Assumption, ...]:
    found = UNCONFIRMED.get(actor.class_)
    return (found,) if found else ()
