"""Which targets the statements that bear on an actor name, and which of them they tell from others.

Targets that no statement tells apart are decided alike: one request stands for all of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from auditwright.access.asking import Actor
from auditwright.access.catalogue import On, Way
from auditwright.access.evaluator import Policies
from auditwright.access.policy import Effect, Policy, Statement
from auditwright.access.targets import EVERYTHING, Named, Targets
from auditwright.access.world import World, account_of
from auditwright.core.outcome import Unknown


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Targets that are decided alike."""

    targets: tuple[str, ...]
    every: bool = False
    """True for all that the account has."""


@dataclass(slots=True)
class Naming:
    """What policies name of the targets of one world."""

    world: World
    targets: Targets = field(init=False)
    _of_owners: tuple[Policy, ...] = field(init=False)
    """The resource control policies of all accounts: each is of the roles, users and policies of its own."""

    def __post_init__(self) -> None:
        self.targets = Targets(self.world)
        every = (account.resource_policies for account in self.world.accounts.values())
        listed = (levels for levels in every if not isinstance(levels, Unknown))
        self._of_owners = tuple(
            dict.fromkeys(each for levels in listed for level in levels for each in level)
        )

    def groups(self, actor: Actor, way: Way) -> Iterator[Group]:
        """The targets of a way that some statement may name, in groups of those that are decided alike."""
        targets = self.targets.of(way).every
        if way.target is On.WORKLOAD and not self.world.lists(way.existing):
            # What is in service was not seen: the same request stands for each that may be.
            supposed, seen = self.targets.supposed(way, account_of(actor.fact.subject))
            yield from [Group(targets=supposed, every=not seen)] if supposed else []
            targets = seen
        if way.target not in _NAMED:
            for target in targets:
                yield Group(targets=(target,))
            return
        # AWS: nobody acts on the identities of another account, but by taking a role.
        targets = self.targets.own(way, account_of(actor.fact.subject))
        actions = [use.action for use in way.uses if use.on is way.target]
        named = self._all_named(actor, way, actions)
        told_apart = self.told_apart(actor, way, actions)
        if targets and named is EVERYTHING and told_apart is not None and not told_apart:
            yield Group(targets=targets, every=True)
            return
        candidates = targets if named is EVERYTHING else [each for each in targets if each in named]
        for group in partition(candidates, told_apart):
            yield Group(targets=group)

    def _all_named(self, actor: Actor, way: Way, actions: Iterable[str]) -> Named:
        """The targets that some statement may allow each of the actions on."""
        named: Named = EVERYTHING
        for action in actions:
            found = self.allowed_on(actor, action, way)
            if found is not EVERYTHING:
                named = found if named is EVERYTHING else named & found
        return named

    def told_apart(self, actor: Actor, way: Way, actions: Iterable[str]) -> tuple[frozenset[str], ...] | None:
        """The sets of targets that some statement tells from the rest; None where each may be told from each."""
        found: dict[frozenset[str], None] = {}
        for action in actions:
            for policies in actor.alternatives:
                for policy, statement in self.bearing(policies, action):
                    if _asks_about_resources(statement) or _spares_by_caller(statement):
                        return None
                    named = self._named_by(policy, statement, actor, way)
                    if named:
                        found[named] = None
        return tuple(found)

    def bearing(self, policies: Policies, action: str) -> Iterator[tuple[Policy, Statement]]:
        """The statements that may concern an action, of whoever asks and of whatever it is about."""
        levels = () if isinstance(policies.scps, Unknown) else policies.scps
        for policy in (
            *(() if isinstance(policies.identity, Unknown) else policies.identity),
            *((policies.boundary,) if isinstance(policies.boundary, Policy) else ()),
            *(policy for level in levels for policy in level),
            *self._of_owners,
        ):
            for statement in policy.relevant(action):
                yield policy, statement

    def allowed_on(self, actor: Actor, action: str, way: Way) -> Named:
        """The targets that a policy of the actor's may allow an action on."""
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
        fixed = self.targets.spelled(policy, statement, resources, way)
        if not resources.templates:
            return fixed
        if resources.negated or fixed is EVERYTHING:
            return EVERYTHING
        found = set(fixed)
        for template in resources.templates:
            resolved = template.resolve(actor.context)
            if resolved is not None:
                found.update(self.targets.of(way).matching(resolved.pieces))
        return frozenset(found)


_NAMED = frozenset({On.USER, On.GROUP, On.ROLE, On.POLICY})

_KEYS_OF_RESOURCES = ("aws:resource", "iam:resourcetag/")


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


def partition(targets: Iterable[str], sets: tuple[frozenset[str], ...] | None) -> Iterable[tuple[str, ...]]:
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
