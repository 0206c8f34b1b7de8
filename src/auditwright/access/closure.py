"""Everything that each start comes to hold: a least fixpoint, for many starts at once.

A fact has two bits for each start in one integer: that the start surely comes to hold it, and that it cannot be ruled
out. What is held only grows, so the order in which moves are made does not matter, and a move that needs several facts
is open to the starts that have all of them. A move that is certain passes both bits on, any other only the second.

1. A fact that is new to some start is followed: what comes of itself, and the moves of a session.
2. A session's moves depend on the changes that a start has made to its principal: starts are told apart by them.
3. An administrator who may take every way on every user and role holds every session of the account; such starts are
   not told apart any more. What they surely hold is still exact. Who cannot be ruled out to be one is `boundless`:
   of what else it may hold nothing is said, and nothing is proved for it.
4. Places are looked at in turns: what leads on to much waits until all that leads to it has come, so that it is seldom
   looked at twice. Ways on every target come last, all together: who rules (3) is known before the targets are gone through.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import TypeAlias

from auditwright.access.bundles import Bundle, Needing
from auditwright.access.effects import LEADING
from auditwright.access.facts import CHANGES, Fact, Kind
from auditwright.access.holdings import Touched
from auditwright.access.plans import Plans
from auditwright.access.sessions import SessionClass

RULING = ("iam-002", "iam-005", "iam-007", "iam-012")
"""Keys, rights and trust of every user and role: (3)."""

_Place: TypeAlias = Fact | Bundle | Needing

_UNCHANGED = frozenset[Fact]()

_TURNS: Mapping[str, int] = {
    SessionClass.KEY: 0,
    SessionClass.CONSOLE: 1,
    SessionClass.MFA: 2,
    SessionClass.TOKEN: 4,
    SessionClass.ROLE: 4,
    SessionClass.ROLE_AFTER_MFA: 4,
    SessionClass.PROGRAM: 4,
    SessionClass.OUTSIDE: 4,
}
"""When sessions are followed (4)."""
_AT_ONCE = 0
_BUNDLES = 3
_LAST = 5

_SESSION, _EVERY = Kind.SESSION, Kind.EVERY  # looked up once, as in kleene.py
_TELLING = frozenset({*CHANGES, Kind.ADMINISTRATOR, Kind.EVERY})
"""Kinds of facts that say more of who holds them (2, 3)."""


def bit(number: int) -> int:
    """What stands for the nth start: every other bit, so that what few of the first starts hold takes little space."""
    return 1 << 2 * number


def numbers(bits: int) -> Iterator[int]:
    """The starts that some bits stand for, first the first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() // 2
        bits ^= lowest


def _every_other(starts: int) -> int:
    """The bits of so many starts."""
    return ((1 << 2 * starts) - 1) // 3


@dataclass(slots=True)
class Closure:
    """The fixpoint over one world, from several starts, each of which has a `bit` in what it says."""

    plans: Plans
    starts: Sequence[Iterable[Fact]]
    _reach: dict[Fact, int] = field(default_factory=dict)
    """Of the two bits of each start, the lower says that it surely holds a fact, the higher that it cannot be ruled out."""
    _through: dict[Bundle, int] = field(default_factory=dict)
    _waiting: tuple[list[_Place], ...] = field(default_factory=lambda: tuple([] for _ in range(_LAST + 1)))
    """What is to be looked at, by its turn (4)."""
    _queued: set[_Place] = field(default_factory=set)
    _followed: dict[Fact, int] = field(default_factory=dict)
    """The starts for which a fact was followed."""
    _arrived: dict[Needing, int] = field(default_factory=dict)
    """The starts that have what leads to something, but for what it needs."""
    _watching: dict[Fact, dict[Needing, None]] = field(default_factory=dict)
    """For a fact, what some start that has arrived there lacks it for."""
    _sessions: dict[str, dict[Fact, None]] = field(default_factory=dict)
    """The sessions that were followed, by principal."""
    _made: dict[str, list[Fact]] = field(default_factory=dict)
    """The changes to a principal that some start has made."""
    _touched: Touched = field(init=False)
    _ruling: dict[str, int] = field(default_factory=dict)
    _administrators: int = 0
    _alone: dict[Fact, int] = field(default_factory=dict)
    """The starts that are nothing but this fact."""
    _possible: int = field(init=False)
    """The higher bits."""
    _rulers: int = 0
    """The starts that rule over every user and role: (3)."""
    _followable: int = field(init=False)
    """All that is followed further where there are such (3)."""

    def __post_init__(self) -> None:
        self._touched = Touched(self.plans.explorer.world)
        self._possible = 2 * _every_other(len(self.starts))
        self._followable = ~0
        for number, facts in enumerate(self.starts):
            bits = 3 * bit(number)
            given = tuple(facts)
            if len(given) == 1:
                self._alone[given[0]] = self._alone.get(given[0], 0) | bits
            for fact in given:
                self._add(fact, bits)
        self._run()

    # --- what it says

    def facts(self) -> Iterable[Fact]:
        """Everything that some start may come to hold."""
        return self._reach.keys()

    def surely(self, fact: Fact) -> int:
        """The starts that surely come to hold a fact."""
        return self._reach.get(fact, 0) & self._possible >> 1

    def possibly(self, fact: Fact) -> int:
        """The starts of which it cannot be ruled out; of those that are `boundless` it is not said."""
        return (self._reach.get(fact, 0) & self._possible) >> 1

    @property
    def boundless(self) -> int:
        """The starts for which nothing is proved (3)."""
        return (self._rulers & self._possible) >> 1

    # --- how it is found

    def _run(self) -> None:
        while waiting := next(filter(None, self._waiting), None):
            places = tuple(waiting)
            waiting.clear()
            self._queued.difference_update(places)
            for place in places:
                if isinstance(place, Bundle):
                    self._open(place, self._told(self._through[place]))
                elif isinstance(place, Needing):
                    self._give(place)
                else:
                    self._follow(place)

    def _told(self, bits: int) -> int:
        """The starts that are followed further: of what cannot be ruled out for a boundless one, nothing is said (3)."""
        return bits & self._followable if self._rulers else bits

    def _add(self, fact: Fact, bits: int) -> None:
        before = self._reach.get(fact, 0)
        after = before | bits
        if after == before:
            return
        self._reach[fact] = after
        if fact in self._watching:
            for watching in self._watching[fact]:
                self._queue(watching)
        kind = fact.kind
        if kind in LEADING:
            self._queue(fact)
        if kind in _TELLING:
            self._note(fact, before, after)

    def _note(self, fact: Fact, before: int, after: int) -> None:
        """What a fact says of the starts that hold it, besides what follows from it."""
        if fact.kind in CHANGES:
            self._changed(fact, after ^ before, first=not before)
        elif fact.kind is Kind.ADMINISTRATOR:
            self._administrators |= after
            self._rule()
        elif fact.subject in RULING:
            self._ruling[fact.subject] = self._ruling.get(fact.subject, 0) | after
            self._rule()

    def _rule(self) -> None:
        if len(self._ruling) == len(RULING):
            self._let_rule(reduce(and_, self._ruling.values(), self._administrators))

    def _let_rule(self, bits: int) -> None:
        self._rulers |= bits
        self._followable = ~(self._rulers & self._possible)

    def _changed(self, change: Fact, bits: int, *, first: bool) -> None:
        """Look again at the sessions of principals that a change touches, unless only rulers have made it."""
        told_apart = bits & ~self._rulers
        for principal in self._touched.by(change) if first or told_apart else ():
            if first:
                self._made.setdefault(principal, []).append(change)
            for session in self._sessions.get(principal, ()) if told_apart else ():
                self._followed.pop(session, None)
                self._queue(session)

    def _queue(self, place: _Place) -> None:
        if place not in self._queued:
            self._queued.add(place)
            self._waiting[_turn_of(place)].append(place)

    def _follow(self, fact: Fact) -> None:
        reached = self._reach[fact]
        if self._rulers and self._alone.get(fact, 0) & self._rulers & self._possible:
            # Whoever may hold what makes another start boundless is so too.
            self._let_rule(reached & self._possible)
        bits = self._told(reached)
        followed = self._followed.get(fact, 0)
        if bits | followed == followed:
            return
        self._followed[fact] = bits
        following = self.plans.following(fact)
        if following is not None:
            self._open(following, bits)
        if fact.kind is _SESSION:
            self._move(fact, bits)

    def _open(self, bundle: Bundle, bits: int) -> None:
        """Give some starts what a bundle has."""
        for fact in bundle.certain:
            self._add(fact, bits)
        possible = bits & self._possible
        for fact in bundle.possible if possible else ():
            self._add(fact, possible)
        for part in bundle.parts:
            self._pass(part, bits)
        for each in bundle.needing:
            before = self._arrived.get(each, 0)
            arrived = before | (bits if each.certain else possible)
            if arrived != before:
                self._arrived[each] = arrived
                self._give(each)

    def _give(self, needing: Needing) -> None:
        """Give the starts that have arrived, and have all that is needed, what comes of it; it is looked at again when the rest has more."""
        having = arrived = self._told(self._arrived[needing])
        for need in needing.needs:
            holding = arrived & self._reach.get(need, 0)
            if holding != arrived:
                self._watching.setdefault(need, {})[needing] = None
                having &= holding
        for fact in needing.gains if having else ():
            self._add(fact, having)

    def _pass(self, bundle: Bundle, bits: int) -> None:
        before = self._through.get(bundle, 0)
        after = before | bits
        if after != before:
            self._through[bundle] = after
            self._queue(bundle)

    def _move(self, session: Fact, bits: int) -> None:
        principal = session.subject
        self._sessions.setdefault(principal, {})[session] = None
        groups: Iterable[tuple[frozenset[Fact], int]] = ((_UNCHANGED, bits),)
        if principal in self._made:
            groups = self._told_apart(principal, bits)
        for changes, group in groups:
            bundle = self.plans.bundle(session, changes)
            if bundle is not None:
                self._pass(bundle, group)

    def _told_apart(self, principal: str, bits: int) -> Iterator[tuple[frozenset[Fact], int]]:
        """The starts that hold a session, by the changes that they have made to its principal (2)."""
        groups = {_UNCHANGED: bits}
        for change in self._made[principal]:
            having = self._reach[change] & bits & ~self._rulers
            if not having:
                continue
            split: dict[frozenset[Fact], int] = {}
            for made, group in groups.items():
                if group & having:
                    split[made | {change}] = group & having
                if group & ~having:
                    split[made] = group & ~having
            groups = split
        return iter(groups.items())


def _turn_of(place: _Place) -> int:
    if isinstance(place, Bundle):
        return _BUNDLES
    if isinstance(place, Needing):
        return _AT_ONCE
    if place.kind is _SESSION:
        return _TURNS[place.detail]
    return _LAST if place.kind is _EVERY else _AT_ONCE
