"""What each session can do next: the moves that its policies may let it make.

1. Only ways of which some statement may allow every action are looked at.
2. A way whose requests are decided alike on every target is one move on all of them, so that an administrator has a
   hundred moves and not a hundred thousand.
3. Else the targets are those that some statement names, and each request is put to the evaluator.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from auditwright.access import facts
from auditwright.access.asking import (
    PROBED_ACTIONS,
    Actor,
    Answer,
    Question,
    actor_of,
    assuming,
    let_in,
    probe,
    put,
    read,
)
from auditwright.access.assumptions import Assumption
from auditwright.access.catalogue import ASSUME, Gain, On, Use, Way
from auditwright.access.effects import Effect, cluster_of, effects
from auditwright.access.entering import Entrances
from auditwright.access.entitlements import Entitlements, Rights
from auditwright.access.facts import Fact, Kind
from auditwright.access.judging import Judge
from auditwright.access.kleene import Truth, all_of
from auditwright.access.likeness import Alike
from auditwright.access.naming import Group, Naming, partition
from auditwright.access.sessions import UNCONFIRMED, SessionClass, may_call
from auditwright.access.targets import EVERYTHING, Named
from auditwright.access.trusts import Trust, Trusts
from auditwright.access.world import World, account_of


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


EVERY = ""
"""In place of a target: each that there is."""

Open: TypeAlias = tuple[str, bool]
"""A target on which a way is open, or EVERY, and whether it surely is."""


@dataclass(slots=True)
class Explorer:
    """Answers about one world, each worked out once."""

    world: World
    questions: tuple[Question, ...] = ()
    entrances: Entrances = field(init=False)
    trusts: Trusts = field(init=False)
    naming: Naming = field(init=False)
    entitlements: Entitlements = field(init=False)
    _moves: dict[tuple[Fact, frozenset[Fact]], tuple[Move, ...]] = field(default_factory=dict)
    _effects: dict[tuple[str, SessionClass, str], tuple[Effect, ...]] = field(default_factory=dict)
    _judge: Judge = field(default_factory=Judge)
    _answered: dict[tuple[Use, str, Alike], Truth] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.entrances = Entrances(self.world)
        self.trusts = Trusts(self.world)
        self.naming = Naming(self.world)
        self.entitlements = Entitlements(self.world, self.questions)

    def moves(self, fact: Fact, changes: frozenset[Fact] = frozenset()) -> tuple[Move, ...]:
        """Every move of a session, after changes to the policies of its principal."""
        key = (fact, changes)
        found = self._moves.get(key)
        if found is None:
            found = self._moves[key] = tuple(self._explore(fact, changes))
        return found

    def _explore(self, fact: Fact, changes: frozenset[Fact]) -> Iterator[Move]:
        actor = actor_of(self.world, fact, changes)
        judged = self.judged(fact, changes)
        rights = self.entitlements.rights(actor.alternatives, actor.caller, actor.class_)
        yield from self.enters(fact)
        yield from self._assumes(judged, rights, self.trusts.naming(actor.caller))
        for way in self.entitlements.ways(rights.touched).ways:
            yield from self._takes(judged, way)
        yield from self.administers(actor, rights)
        yield from self.reads(actor, rights)

    def judged(self, fact: Fact, changes: frozenset[Fact]) -> Actor:
        """The actor of a session, of which only what its requests come to is wanted."""
        return actor_of(self.world, fact, changes, decider=self._judge.decide)

    # --- ways

    def _takes(self, actor: Actor, way: Way) -> Iterator[Move]:
        for target, certain in self.open_on(actor, way):
            if target == EVERY:
                yield self.every(actor, way, certain=certain)
            else:
                yield from self.moves_of(actor, way, target, certain=certain)

    def open_on(self, actor: Actor, way: Way, alike: Alike | None = None) -> Iterator[Open]:
        """The targets on which an actor may take a way; EVERY where all of them are decided alike (2).

        Where it is not decided by who calls, `alike` says who else gets the same answers.
        """
        fixed = self.goes_through(actor, way.fixed, "", alike)
        if fixed is Truth.FALSE:
            return
        for group in self._groups(actor, way):
            goes = all_of((fixed, self.goes_through(actor, way.on_target, group.targets[0], alike)))
            if goes is not Truth.FALSE:
                certain = goes is Truth.TRUE
                yield from ((target, certain) for target in ((EVERY,) if group.every else group.targets))

    def goes_through(
        self, actor: Actor, uses: Iterable[Use], target: str, alike: Alike | None = None
    ) -> Truth:
        """Whether every one of some uses of a way goes through, as far as the evaluator can tell."""
        found = Truth.TRUE
        for use in uses:
            if alike is None:
                truth = put(self.world, actor, use, target).truth
            else:
                truth = self._shared_answer(actor, use, target, alike)
            found = all_of((found, truth))
            if found is Truth.FALSE:
                break
        return found

    def _shared_answer(self, actor: Actor, use: Use, target: str, alike: Alike) -> Truth:
        """Whether one use does, asked once for all of whom the same is said of its action."""
        actions = frozenset({use.action.lower()})
        by_session = self.entitlements.likeness.by_session(actor.alternatives, actions)
        same = msgspec.structs.replace(
            alike,
            class_=actor.class_ if by_session else SessionClass.KEY,
            held=self.entitlements.likeness.held(actor.alternatives, actions),
        )
        # Of what may be in service, a request says no more than the account.
        about = account_of(target) if use.on is On.WORKLOAD and target in self.world.roles else target
        key = (use, about, same)
        found = self._answered.get(key)
        if found is None:
            found = self._answered[key] = put(self.world, actor, use, target).truth
        return found

    def moves_of(  # noqa: PLR0913  # a move has as many parts
        self, actor: Actor, way: Way, target: str, *, certain: bool, answers: tuple[Answer, ...] = ()
    ) -> Iterator[Move]:
        """What a way gives on a target."""
        for effect in self.effects_of(way, actor.class_, target):
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

    def effects_of(self, way: Way, class_: SessionClass, target: str) -> tuple[Effect, ...]:
        """What a way gives on a target."""
        key = (way.id, class_, target)
        found = self._effects.get(key)
        if found is None:
            found = self._effects[key] = effects(self.world, way, class_, target)
        return found

    def every(self, actor: Actor, way: Way, *, certain: bool) -> Move:
        """A way that is decided alike on every target (2)."""
        return Move(
            session=actor.fact,
            changes=actor.changes,
            way=way,
            target=EVERY,
            gains=(facts.every(way.id, actor.class_, account_of(actor.fact.subject)),),
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
        found = self.moves_of(actor, move.way, target, certain=goes is Truth.TRUE, answers=tuple(answers))
        return next((each for each in found if not move.target or each.gains == move.gains), None)

    # --- the targets of a way

    def targets(self, way: Way) -> tuple[str, ...]:
        """Every target that a way has."""
        return self.naming.targets.of(way).every

    def _groups(self, actor: Actor, way: Way) -> Iterable[Group]:
        if way.target is On.RESOURCE:
            return [Group(targets=(question.key,)) for question in self.questions]
        return self.naming.groups(actor, way)

    # --- what is no way of the catalogue

    def enters(self, fact: Fact) -> Iterator[Move]:
        """The clusters that let a session in."""
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

    def _assumes(self, actor: Actor, rights: Rights, trusts: Iterable[Trust]) -> Iterator[Move]:
        for role, certain in self.lets_in(actor, rights, trusts):
            yield from self.moves_of(actor, ASSUME, role, certain=certain)

    def lets_in(self, actor: Actor, rights: Rights, trusts: Iterable[Trust]) -> Iterator[Open]:
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
        told_apart = self.naming.told_apart(actor, ASSUME, (assuming(actor.caller).action,))
        return partition(roles, told_apart if trust.alike else None)

    def roles_allowed(self, actor: Actor, touched: frozenset[str]) -> Named:
        """The roles that a policy of the actor's may allow it to take; a trust that delegates lets it into no others."""
        action = assuming(actor.caller).action
        return self.naming.allowed_on(actor, action, ASSUME) if action.lower() in touched else frozenset()

    def administers(self, actor: Actor, rights: Rights) -> Iterator[Move]:
        """The account, where the actor is its administrator."""
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

    def reads(self, actor: Actor, rights: Rights) -> Iterator[Move]:
        """What is asked about, as far as the actor may do it."""
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


def _unconfirmed(actor: Actor) -> tuple[Assumption, ...]:
    found = UNCONFIRMED.get(actor.class_)
    return (found,) if found else ()
