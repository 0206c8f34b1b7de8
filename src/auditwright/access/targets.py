"""The targets of each way of a world, found by what a policy names without going through them all.

Most policies spell a resource out or end it in a star. Those are looked up, so that reading what n policies name of n
users takes n steps and not n times n.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from auditwright.access.catalogue import Gain, Way
from auditwright.access.effects import targets_of
from auditwright.access.glob import Names, Wild, compile_pieces
from auditwright.access.policy import Policy, Resources, Statement
from auditwright.access.world import World, account_of

EVERYTHING = None
"""In place of a set of targets: every target there is."""

Named: TypeAlias = frozenset[str] | None
"""Targets, or EVERYTHING."""

_Kind: TypeAlias = tuple[str, str, str, bool]


@dataclass(slots=True)
class Pool:
    """Targets of one kind."""

    every: tuple[str, ...]
    names: Names = field(init=False)
    _by_path: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = Names(self.every)
        for target in self.every:
            self._by_path.setdefault(target.rpartition(":")[2], []).append(target)

    def matching(self, pieces: tuple[str | Wild, ...]) -> Iterable[str]:
        """Those that a pattern matches. One whose last part is literal is looked up by it."""
        glob = compile_pieces(pieces)
        literal = ""
        for piece in reversed(pieces):
            if not isinstance(piece, str):
                break
            literal = piece + literal
        places = self._by_path.get(literal.rpartition(":")[2], ()) if ":" in literal else self.every
        return [target for target in places if glob.matches(target)]


@dataclass(slots=True)
class Targets:
    """The targets of the ways of one world, by the kind of what they are about."""

    world: World
    _pools: dict[_Kind, Pool] = field(default_factory=dict)
    _own: dict[tuple[_Kind, str], tuple[str, ...]] = field(default_factory=dict)
    _supposed: dict[tuple[_Kind, str], tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    _named: dict[tuple[str, int, _Kind], Named] = field(default_factory=dict)

    def of(self, way: Way) -> Pool:
        """Every target that a way has."""
        kind = _kind(way)
        found = self._pools.get(kind)
        if found is None:
            found = self._pools[kind] = Pool(tuple(targets_of(self.world, way)))
        return found

    def own(self, way: Way, account: str) -> tuple[str, ...]:
        """The targets of a way in an account, and AWS's own policies."""
        key = (_kind(way), account)
        found = self._own.get(key)
        if found is None:
            every = self.of(way).every
            found = self._own[key] = tuple(each for each in every if account_of(each) in {account, "aws"})
        return found

    def supposed(self, way: Way, account: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The roles of an account as which something may run, and the workloads of all accounts that were seen to."""
        key = (_kind(way), account)
        found = self._supposed.get(key)
        if found is None:
            roles = self.world.roles
            found = self._supposed[key] = (
                tuple(each for each in self.own(way, account) if each in roles),
                tuple(each for each in self.of(way).every if each not in roles),
            )
        return found

    def spelled(self, policy: Policy, statement: Statement, resources: Resources, way: Way) -> Named:
        """The targets that a statement names without variables; EVERYTHING where those are all."""
        key = (policy.key, statement.index, _kind(way))
        if key not in self._named:
            pool = self.of(way)
            found = pool.names.fitting(resources.fixed, negated=resources.negated)
            self._named[key] = EVERYTHING if len(found) == len(pool.every) else found
        return self._named[key]


def _kind(way: Way) -> _Kind:
    """What tells the targets of one way from those of another: names to be made anew are not those that exist."""
    return (way.target.value, way.service, way.existing, way.gain is Gain.REMADE)
