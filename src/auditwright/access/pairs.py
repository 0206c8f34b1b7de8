"""Every start to every target at once: what is reached, what is proved out of reach, and what is neither.

1. One closure says it for all starts together; what a start holds by itself is in its bits.
2. What a start may come to hold is closed, so it is the certificate for every target that is not in it: however many
   targets there are, what is held and what closes the ways out of it are worked out once.
3. For a start that rules over everybody, nothing is proved; nor where a source is missing from the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from auditwright.access.certificate import Certificate, Crossing, Crossings
from auditwright.access.closure import Closure, bit, numbers
from auditwright.access.explorer import Explorer
from auditwright.access.facts import Fact
from auditwright.access.plans import Plans
from auditwright.access.starts import Start


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What one start may come to hold, whatever is done, and what closes each way out of it."""

    start: Start
    held: tuple[Fact, ...]
    """Sorted."""
    crossings: tuple[Crossing, ...]

    def certificate(self, target: Fact) -> Certificate:
        """The proof that the start does not get to a target, which is none of what it holds."""
        return Certificate(
            whose=(self.start.id,),
            start=tuple(sorted(self.start.facts)),
            target=target,
            held=self.held,
            crossings=self.crossings,
        )


@dataclass(slots=True)
class Pairs:
    """The answers for every start and target of one world, in the bits of starts (closure.bit)."""

    explorer: Explorer
    starts: Sequence[Start]
    kept: dict[int, Kept] = field(default_factory=dict)
    """What each start may come to hold, by its place; those that rule over everybody are not among them (3)."""
    _surely: int = field(init=False)
    _kept: int = field(init=False)
    _closure: Closure = field(init=False)

    def __post_init__(self) -> None:
        self._closure = Closure(plans=Plans(self.explorer), starts=[start.facts for start in self.starts])
        if not self.explorer.world.unseen:
            self._keep()
        self._surely = sum(bit(number) for number, start in enumerate(self.starts) if start.certain)
        self._kept = sum(map(bit, self.kept))

    def _keep(self) -> None:
        held: dict[int, list[Fact]] = {}
        told = ~self._closure.boundless
        for fact in self._closure.facts():
            for number in numbers(self._closure.possibly(fact) & told):
                held.setdefault(number, []).append(fact)
        crossings = Crossings(self.explorer)
        for number, facts in held.items():
            closed = tuple(crossings.of(frozenset(facts)))
            self.kept[number] = Kept(start=self.starts[number], held=tuple(sorted(facts)), crossings=closed)

    def reached(self, target: Fact) -> int:
        """The starts that surely are there, and surely get to a target. Each has a witness, which is searched for by itself."""
        return self._closure.surely(target) & self._surely

    def kept_out(self, target: Fact) -> int:
        """The starts that surely do not get to a target: each is in `kept`, with what is its certificate (2)."""
        return self._kept & ~self._closure.possibly(target)
