"""The least disruptive set of changes that closes every path to a target, proved by proving again with them made.

1. Prove. What is open gives a path; a path gives the changes that each cut it.
2. Of the sets of changes, take the one of the least cost that has not been ruled out. Where a path that is known still
   stands under it, grow it by each change that cuts that path. Where none does, prove again with it: that finds another
   path, or that there is none. The sets are taken in the order of their cost and of what the open paths cost at least,
   so that the first one that is proved costs the least (implicit hitting sets, by best-first search).
3. Past a limit, grow the set at hand by what cuts the most for its weight.
4. Take out whatever the proof does not need.

A change may open a path, such as the switch of a cluster to access entries: paths are tried under the very set that is
in question, never under single changes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count

from auditwright.access.certificate import EVERYBODY
from auditwright.access.checker import Checker
from auditwright.access.facts import Fact
from auditwright.access.repair_candidates import candidates
from auditwright.access.repair_changes import Change
from auditwright.access.repair_paths import Path, path_of, starts_in, walks
from auditwright.access.starts import Start, StartKind
from auditwright.access.verdict import Reachable, Undecided, Unreachable, Verdict, explorer_for, prove
from auditwright.access.witness import Witness
from auditwright.access.world import Attestation, World, account_of

MAX_SETS = 2_000
"""Sets that are looked at in search of the least; past it, changes are taken greedily."""

MAX_PATHS = 300
"""Paths that are cut one by one; each costs a proof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What could be shown instead of changed: a path is open only because it was not seen."""

    id: str
    says: str
    closes: bool
    """True where the proof succeeds with this evidence alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What closes the paths to a target."""

    target: Fact
    changes: tuple[Change, ...]
    """In the order in which they are to be made; none where nothing is open, or nothing helps."""
    evidence: tuple[Evidence, ...]
    before: Verdict
    after: Verdict
    """With the changes made."""
    cost: int
    complete: bool
    """True where with the changes the target is proved unreachable."""
    least: bool
    """True where no set of the changes that were considered costs less."""
    left: tuple[str, ...]
    """What stays open, a line each."""
    considered: tuple[Change, ...]
    """Every change that cuts a path which the search met, those that it chose included; made in this order."""


def repair(world: World, target: Fact, *, starts: Sequence[Start] | None = None) -> Repair:
    """The changes that close every path from some starts to a target; from all of a picture where none are given."""
    search = _Search(world=world, target=target, chosen=starts)
    made, least = search.run()
    before, after = search.verdict(frozenset()), search.verdict(made)
    complete = isinstance(after, Unreachable)
    changes = tuple(search.pool[each] for each in sorted(made))
    return Repair(
        target=target,
        changes=changes,
        evidence=tuple(_evidence(search, before)) if isinstance(before, Undecided) else (),
        before=before,
        after=after,
        cost=sum(each.weight for each in changes),
        complete=complete,
        least=least and complete,
        left=() if complete else _left(after),
        considered=tuple(search.pool),
    )


def _left(verdict: Verdict) -> tuple[str, ...]:
    witness = _witness(verdict)
    if witness is not None:
        return witness.lines
    return tuple(each.says for each in verdict.assumptions) if isinstance(verdict, Undecided) else ()


def _witness(verdict: Verdict) -> Witness | None:
    match verdict:
        case Reachable():
            return verdict.witness
        case Undecided():
            return verdict.possible
        case _:
            return None


@dataclass(slots=True, kw_only=True)
class _Search:
    """The sets of changes of one question; a set holds places in the pool."""

    world: World
    target: Fact
    chosen: Sequence[Start] | None
    pool: list[Change] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    cuts: list[tuple[int, ...]] = field(default_factory=list)
    """For each path, the changes that cut it."""
    _verdicts: dict[frozenset[int], Verdict] = field(default_factory=dict)
    _worlds: dict[frozenset[int], World] = field(default_factory=dict)
    _walks: dict[tuple[frozenset[int], int], bool] = field(default_factory=dict)

    def run(self) -> tuple[frozenset[int], bool]:
        """A set that closes every path, or as many as can be; and whether none costs less."""
        serial = count()
        nothing: frozenset[int] = frozenset()
        heap = [(0, 0, next(serial), nothing)]
        met = {nothing}
        stuck: frozenset[int] | None = None
        for _ in range(MAX_SETS):
            if not heap:
                return (nothing if stuck is None else self._pruned(stuck)), False
            bound, _, _, made = heappop(heap)
            still = self._open(made)
            least = self._cost(made) + self._least_for(still)
            if least > bound:
                heappush(heap, (least, -len(made), -next(serial), made))
                continue
            if not still:
                # (1): nothing that is known stands, so that the proof is asked
                if isinstance(self.verdict(made), Unreachable):
                    return self._pruned(made), True
                if self._learned(made):
                    heappush(heap, (bound, -len(made), -next(serial), made))
                elif stuck is None or len(made) > len(stuck):
                    stuck = made
                continue
            # (2): grow by what cuts the path that leaves the least choice
            for change in min((self.cuts[each] for each in still), key=len):
                grown = made | {change}
                if grown not in met:
                    met.add(grown)
                    heappush(heap, (least, -len(grown), -next(serial), grown))
        return self._greedily(heap[0][-1] if heap else nothing), False

    def verdict(self, made: frozenset[int]) -> Verdict:
        """The verdict with a set of changes made. A proof counts only if the checker accepts it."""
        found = self._verdicts.get(made)
        if found is None:
            found = verdict_in(self._with(made), self.target, self.chosen)
            self._verdicts[made] = found
        return found

    def _learned(self, made: frozenset[int]) -> bool:
        """Learn of a path that stands under a set; False where there is none to see, or nothing cuts it."""
        witness = _witness(self.verdict(made))
        if witness is None or len(self.paths) >= MAX_PATHS:
            return False
        world = self._with(made)
        path = path_of(world, witness)
        found = candidates(world, path, self.chosen)
        # A path that does not stand as it was found would be learned again for ever.
        if not found or not walks(world, path, starts_in(world, self.chosen)):
            return False
        self.paths.append(path)
        self.cuts.append(tuple(self._place(change) for change in found))
        return True

    def _place(self, change: Change) -> int:
        for place, known in enumerate(self.pool):
            if known.edit == change.edit:
                return place
        self.pool.append(change)
        return len(self.pool) - 1

    def _with(self, made: frozenset[int]) -> World:
        found = self._worlds.get(made)
        if found is None:
            found = self.world
            for each in sorted(made):
                found = self.pool[each].apply(found)
            self._worlds[made] = found
        return found

    def _open(self, made: frozenset[int]) -> list[int]:
        """The known paths that stand under a set."""
        return [each for each in range(len(self.paths)) if self._stands(made, each)]

    def _stands(self, made: frozenset[int], path: int) -> bool:
        found = self._walks.get((made, path))
        if found is None:
            world = self._with(made)
            found = walks(world, self.paths[path], starts_in(world, self.chosen))
            self._walks[made, path] = found
        return found

    def _cost(self, made: Iterable[int]) -> int:
        return sum(self.pool[each].weight for each in made)

    def _least_for(self, paths: Iterable[int]) -> int:
        """What some paths cost at least: of those that share no change, the cheapest change of each."""
        taken: set[int] = set()
        cost = 0
        for path in sorted(paths, key=lambda each: len(self.cuts[each])):
            if taken.isdisjoint(self.cuts[path]):
                taken.update(self.cuts[path])
                cost += min(self.pool[each].weight for each in self.cuts[path])
        return cost

    def _greedily(self, made: frozenset[int]) -> frozenset[int]:
        """Grow a set until it closes everything, or nothing cuts what is left (3)."""
        for _ in range(MAX_PATHS):
            still = self._open(made)
            if still:
                offered = {each for path in still for each in self.cuts[path]} - made
                if not offered:
                    break
                cutting = {
                    each: sum(each in self.cuts[path] for path in still) / self.pool[each].weight
                    for each in sorted(offered)
                }
                made |= {max(cutting, key=lambda each: cutting[each])}
            elif isinstance(self.verdict(made), Unreachable) or not self._learned(made):
                break
        return self._pruned(made)

    def _pruned(self, made: frozenset[int]) -> frozenset[int]:
        """A set without what its proof does not need (4)."""
        if not isinstance(self.verdict(made), Unreachable):
            return made
        for each in sorted(made, key=lambda place: -self.pool[place].weight):
            if isinstance(self.verdict(made - {each}), Unreachable):
                made -= {each}
        return made


class Verdicts:
    """Verdicts on some targets of one picture; what is found for one serves the others."""

    def __init__(self, world: World, targets: Iterable[Fact]) -> None:
        """Begin without having asked for any."""
        self._world = world
        self._explorer = explorer_for(world, targets)
        self._checker = Checker(world)

    def of(self, target: Fact, chosen: Sequence[Start] | None = None) -> Verdict:
        """The verdict on a target; a certificate that the checker refuses is none."""
        begun = starts_in(self._world, chosen)
        whose = (EVERYBODY,) if chosen is None else None
        verdict = prove(self._explorer, begun, target, whose=whose)
        if isinstance(verdict, Unreachable):
            refused = self._checker.check(verdict.certificate)
            if refused:
                return Undecided(
                    possible=None, assumptions=(), missing=tuple(f"check: {each}" for each in refused)
                )
        return verdict


def verdict_in(world: World, target: Fact, chosen: Sequence[Start] | None) -> Verdict:
    """The verdict on one target of a picture."""
    return Verdicts(world, [target]).of(target, chosen)


def _evidence(search: _Search, verdict: Undecided) -> Iterable[Evidence]:
    """What would have to be shown, each thing once; what a provider or account asks for is tried."""
    subjects: dict[str, str] = {}
    if verdict.possible is not None:
        for start in starts_in(search.world, search.chosen):
            if start.id in verdict.possible.start and start.kind in {StartKind.PROVIDER, StartKind.ACCOUNT}:
                subject = start.facts[0].subject
                name = account_of(subject) if subject.endswith(":root") else subject
                subjects |= {each.id: name for each in start.assumptions}
    for assumption in verdict.assumptions:
        closes = False
        if assumption.id in subjects:
            shown = Attestation(subject=subjects[assumption.id], mfa_required=True)
            world = replace(search.world, attestations=(*search.world.attestations, shown))
            closes = isinstance(verdict_in(world, search.target, search.chosen), Unreachable)
        yield Evidence(id=assumption.id, says=assumption.says, closes=closes)
    for missing in verdict.missing:
        yield Evidence(id=missing, says=f"What {missing} is.", closes=False)
