"""One start, with every fact's reason kept: how a target is reached, or what is held where it is not.

The same fixpoint as the closure's, for a single adversary. Certain moves are made first, so that a path that rests on
something uncertain is found only where no other leads there, and rests on little.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from auditwright.access.assumptions import Assumption
from auditwright.access.effects import Effect, laws
from auditwright.access.explorer import Explorer, Move
from auditwright.access.facts import CHANGES, Fact, Kind
from auditwright.access.holdings import touching


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a fact is held: it is of the start, a move gave it, or it follows."""

    fact: Fact
    move: Move | None = None
    law: Effect | None = None
    parents: tuple[Fact, ...] = ()
    certain: bool = True
    """Whether this step surely works."""
    assumptions: tuple[Assumption, ...] = ()


@dataclass(slots=True)
class Search:
    """What one start holds, and why. With `certain`, only by what surely works."""

    explorer: Explorer
    certain: bool
    reasons: dict[Fact, Reason] = field(default_factory=dict)
    _sure: deque[Fact] = field(default_factory=deque)
    _doubtful: deque[Reason] = field(default_factory=deque)
    _sessions: dict[Fact, tuple[Fact, ...]] = field(default_factory=dict)
    """Sessions that are held, with the changes that could matter to each."""
    _waiting: dict[Fact, list[Reason]] = field(default_factory=dict)
    """For a fact that is not yet held, what would follow if it were."""

    def run(self, start: Iterable[Fact], target: Fact | None) -> bool:
        """Close over everything, or until the target is held; whether it is."""
        for fact in start:
            self._hold(Reason(fact=fact))
        while target is None or target not in self.reasons:
            if self._sure:
                self._follow(self._sure.popleft())
            elif self._doubtful:
                self._hold(self._doubtful.popleft())
            else:
                break
        return target in self.reasons

    def _hold(self, reason: Reason) -> None:
        missing = next((each for each in reason.parents if each not in self.reasons), None)
        if missing is not None:
            self._waiting.setdefault(missing, []).append(reason)
        elif reason.fact not in self.reasons:
            self.reasons[reason.fact] = reason
            self._sure.append(reason.fact)

    def _offer(self, reason: Reason) -> None:
        """Hold what is sure at once, and put off what is not."""
        if reason.fact in self.reasons:
            return
        if reason.certain:
            self._hold(reason)
        elif not self.certain:
            self._doubtful.append(reason)

    def _follow(self, fact: Fact) -> None:
        for reason in self._waiting.pop(fact, ()):
            self._offer(reason)
        if fact.kind is Kind.SESSION:
            self._sessions[fact] = touching(self.explorer.world, fact.subject)
            self._move(fact)
        elif fact.kind in CHANGES:
            for session, changes in tuple(self._sessions.items()):
                if fact in changes:
                    self._move(session)
        for law in laws(self.explorer.world, fact):
            for gain in law.gains:
                self._offer(
                    Reason(
                        fact=gain,
                        law=law,
                        parents=law.needs or (fact,),
                        certain=law.certain,
                        assumptions=law.assumptions,
                    )
                )

    def _move(self, session: Fact) -> None:
        changes = frozenset(change for change in self._sessions[session] if change in self.reasons)
        for move in self.explorer.moves(session, changes):
            for gain in move.gains:
                self._offer(
                    Reason(
                        fact=gain,
                        move=move,
                        parents=(session, *sorted(move.changes), *move.needs),
                        certain=move.certain,
                        assumptions=move.assumptions,
                    )
                )

    def path(self, target: Fact) -> tuple[Reason, ...]:
        """The reasons that lead to a fact, each after those that it rests on."""
        ordered: dict[Fact, Reason] = {}
        todo = [(target, False)]
        while todo:
            fact, ready = todo.pop()
            if fact in ordered:
                continue
            reason = self.reasons[fact]
            if ready:
                ordered[fact] = reason
                continue
            todo.append((fact, True))
            todo += [(parent, False) for parent in reversed(reason.parents) if parent not in ordered]
        return tuple(ordered.values())
