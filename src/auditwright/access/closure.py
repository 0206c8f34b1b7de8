"""Everything that each start comes to hold: a least fixpoint, for many starts at once.

A fact has one bit for each start that reaches it, in one integer. What is held only grows, so the order in which moves
are made does not matter, and a move that needs several facts is open to the starts that have all of them. Closed over
the moves that are certain it tells what is reached; closed over those that are possible, what cannot be ruled out.

1. A fact that is new to some start is followed: what comes of itself, and the moves of a session.
2. A session's moves depend on the changes that a start has made to its principal: starts are told apart by them.
3. An administrator who may take every way on every user and role holds every session of the account; such starts are
   not told apart any more. Only what the closure says is then still exact for `certain`; for `possible` such starts are `boundless`,
   and nothing is proved for them.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_

from auditwright.access.effects import laws
from auditwright.access.explorer import Explorer
from auditwright.access.facts import CHANGES, Fact, Kind
from auditwright.access.holdings import touching

RULING = ("iam-002", "iam-005", "iam-007", "iam-012")
"""Keys, rights and trust of every user and role: (3)."""


@dataclass(slots=True)
class Closure:
    """The fixpoint over one world; `certain` takes only moves that surely work."""

    explorer: Explorer
    certain: bool
    reach: dict[Fact, int] = field(default_factory=dict)
    _waiting: deque[Fact] = field(default_factory=deque)
    _later: deque[Fact] = field(default_factory=deque)
    """Ways on every target: followed when all else is, so that who rules (3) is known before the targets are gone through."""
    _queued: set[Fact] = field(default_factory=set)
    _watching: dict[Fact, set[Fact]] = field(default_factory=dict)
    """For a fact that a move needs, the sessions and facts that have to be looked at again when it grows."""
    _made: dict[Fact, list[Fact]] = field(default_factory=dict)
    _touched: dict[Fact, set[Fact]] = field(default_factory=dict)
    """For a change, the sessions of the principals that it touches."""
    _ruling: dict[str, int] = field(default_factory=dict)
    _administrators: int = 0
    _laws: dict[Fact, tuple[tuple[tuple[Fact, ...], tuple[Fact, ...]], ...]] = field(default_factory=dict)

    def run(self, starts: Sequence[Iterable[Fact]]) -> Mapping[Fact, int]:
        """The bits of every fact that is reached; bit n is that of the nth start."""
        for number, facts in enumerate(starts):
            for fact in facts:
                self._add(fact, 1 << number)
        while self._waiting or self._later:
            fact = (self._waiting or self._later).popleft()
            self._queued.discard(fact)
            self._follow(fact)
        return self.reach

    @property
    def boundless(self) -> int:
        """The starts that rule over every user and role: (3)."""
        if len(self._ruling) < len(RULING):
            return 0
        return reduce(and_, self._ruling.values(), self._administrators)

    def _add(self, fact: Fact, bits: int) -> None:
        before = self.reach.get(fact, 0)
        if bits & ~before:
            self.reach[fact] = before | bits
            for watching in self._watching.get(fact, ()):
                self._queue(watching)
            if fact.kind in CHANGES:
                self._changed(fact, bits & ~before, first=not before)
            if fact.kind is Kind.ADMINISTRATOR:
                self._administrators |= bits
            if fact.kind is Kind.EVERY and fact.subject in RULING:
                self._ruling[fact.subject] = self._ruling.get(fact.subject, 0) | bits
            self._queue(fact)

    def _changed(self, change: Fact, bits: int, *, first: bool) -> None:
        """Look again at the sessions of principals that a change touches, unless only boundless starts have made it."""
        told_apart = bits & ~self.boundless
        for session in self._touched.get(change, ()) if first or told_apart else ():
            if first:
                self._made[session].append(change)
            if told_apart:
                self._queue(session)

    def _queue(self, fact: Fact) -> None:
        if fact not in self._queued:
            self._queued.add(fact)
            (self._later if fact.kind is Kind.EVERY else self._waiting).append(fact)

    def _follow(self, fact: Fact) -> None:
        for needs, gains in self._laws_of(fact):
            bits = self._having(needs, self.reach[fact], fact)
            for gain in gains if bits else ():
                self._add(gain, bits)
        if fact.kind is Kind.SESSION:
            self._move(fact)

    def _laws_of(self, fact: Fact) -> tuple[tuple[tuple[Fact, ...], tuple[Fact, ...]], ...]:
        found = self._laws.get(fact)
        if found is None:
            found = self._laws[fact] = tuple(
                (law.needs, law.gains)
                for law in laws(self.explorer.world, fact)
                if law.certain or not self.certain
            )
        return found

    def _having(self, needs: Iterable[Fact], bits: int, waiting: Fact) -> int:
        """The starts among `bits` that have all that is needed; `waiting` is looked at again when a need grows."""
        for need in needs:
            bits &= self.reach.get(need, 0)
            if need != waiting:
                self._watching.setdefault(need, set()).add(waiting)
        return bits

    def _move(self, session: Fact) -> None:
        for changes, bits in self._told_apart(session):
            for move in self.explorer.moves(session, changes):
                if self.certain and not move.certain:
                    continue
                having = self._having(move.needs, bits, session) if move.needs else bits
                for gain in move.gains if having else ():
                    self._add(gain, having)

    def _told_apart(self, session: Fact) -> Iterator[tuple[frozenset[Fact], int]]:
        """The starts that hold a session, by the changes that they have made to its principal (2)."""
        bits = self.reach[session]
        groups = {frozenset[Fact](): bits}
        changes = self._changes_to(session)
        boundless = self.boundless if changes else 0
        for change in changes:
            having = self.reach[change] & bits & ~boundless
            if not having:
                continue
            split: dict[frozenset[Fact], int] = {}
            for made, group in groups.items():
                if group & having:
                    split[made | {change}] = group & having
                if group & ~having:
                    split[made] = group & ~having
            groups = split
        yield from groups.items()

    def _changes_to(self, session: Fact) -> list[Fact]:
        """The changes to a session's principal that some start has made."""
        made = self._made.get(session)
        if made is None:
            every = touching(self.explorer.world, session.subject)
            made = self._made[session] = [change for change in every if change in self.reach]
            for change in every:
                self._touched.setdefault(change, set()).add(session)
        return made
