"""What a repair of one target does to the others: each that is asked of every picture is proved again with it made.

A change can open what was closed, such as a switch of a cluster to access entries where somebody may make one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from auditwright.access.facts import Fact, Kind
from auditwright.access.kubernetes_levels import Level
from auditwright.access.repair import Verdicts
from auditwright.access.repair_changes import Change
from auditwright.access.verdict import Reachable, Unreachable, Verdict
from auditwright.access.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A target that nobody asked to close, whose verdict changes all the same."""

    target: Fact
    before: Verdict
    after: Verdict

    @property
    def worse(self) -> bool:
        """True where less is proved than before: a repair that does so is none."""
        return isinstance(self.before, Unreachable) or isinstance(self.after, Reachable)


def standard_targets(world: World) -> Iterator[Fact]:
    """What is asked of every picture: the administrator of each account, and of each cluster; and each cluster at all."""
    for account in world.accounts:
        yield Fact(Kind.ADMINISTRATOR, account)
    for cluster in world.clusters:
        yield Fact(Kind.LEVEL, cluster.name, Level.CLUSTER_ADMIN)
        yield Fact(Kind.LEVEL, cluster.name, Level.ANY)


def elsewhere(world: World, target: Fact, changes: Sequence[Change]) -> tuple[Elsewhere, ...]:
    """The standard targets beside one whose verdict is another once some changes are made."""
    if not changes:
        return ()
    others = [each for each in dict.fromkeys(standard_targets(world)) if each != target]
    now, then = Verdicts(world, others), Verdicts(made(world, changes), others)
    found: list[Elsewhere] = []
    for other in others:
        one, two = now.of(other), then.of(other)
        if type(one) is not type(two):
            found.append(Elsewhere(target=other, before=one, after=two))
    return tuple(found)


def made(world: World, changes: Iterable[Change]) -> World:
    """A picture with changes made, one after the other."""
    for change in changes:
        world = change.apply(world)
    return world
