"""One step of a path inside a cluster, whether a path goes through when it is walked again, and what of it is needed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from auditwright.access.kubernetes import Allowed, Denied, Holding, Rbac, User
from auditwright.access.kubernetes_rules import Request
from auditwright.access.kubernetes_world import Bound, Change, Rewritten, World
from auditwright.core.outcome import Unknown

TOGETHER = "it takes the rights of several identities, and whether one can pass them on was not followed"
"""The doubt of a step that no identity takes alone."""

MAX_TRIES = 64
"""Bindings and roles of a path that are left out on trial; a path with more is correct and longer than it has to be."""


@dataclass(frozen=True, slots=True)
class OnNode:
    """A node of the cluster is held, and the AWS role of the node with it."""


@dataclass(frozen=True, slots=True)
class Everything:
    """The whole cluster is held."""


Effect: TypeAlias = User | Change | OnNode | Everything


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One move: who makes which requests, by which edge, and what comes of it."""

    edge: str
    actor: User
    requests: tuple[Request, ...]
    """All of them are needed. None for a step that takes none, such as being a node."""
    needs: tuple[Change, ...] = ()
    """What has to have been changed before, besides what the requests themselves depend on."""
    effect: Effect
    doubt: str = ""
    """Why it is only possible."""

    def __str__(self) -> str:
        """The step in words."""
        requests = " and ".join(map(str, self.requests)) or "nothing more"
        return f"{_name(self.actor)}: {requests} -> {_outcome(self.effect)}"


def replays(rbac: Rbac | Unknown, start: User, steps: Iterable[Step]) -> bool:
    """True where a path certainly goes through.

    Each request has to be allowed to an identity that is held by then, in the cluster as it is by then. That the
    effect follows from the requests is what the table of edges says, and is not asked again.
    """
    return walked(rbac, start, steps, sure=True) is not None


def walked(rbac: Rbac | Unknown, start: User, steps: Iterable[Step], *, sure: bool) -> World | None:
    """The cluster after a path; None where it does not go through, or (unless `sure`) certainly does not."""
    world, held, made = World(rbac=rbac), {start: None}, set[Change]()
    for step in steps:
        if step.actor not in held or not made.issuperset(step.needs) or (sure and step.doubt):
            return None
        if step.doubt == TOGETHER:
            holding = Holding.pooled(step.actor, (Holding.of(world.rbac, user) for user in held))
        else:
            holding = Holding.of(world.rbac, step.actor)
        for decision in map(holding.allows, step.requests):
            if isinstance(decision, Denied) or (sure and not isinstance(decision, Allowed)):
                return None
        match step.effect:
            case User():
                held[step.effect] = None
            case OnNode() | Everything():
                continue
            case _:
                made.add(step.effect)
                world = world.after((step.effect,))
    return world


def shortened(
    steps: Sequence[Step], goal: Effect, holds: Callable[[Sequence[Step]], bool]
) -> tuple[Step, ...]:
    """A path with only the steps that its goal depends on, as far as leaving others out still `holds`."""
    kept = _sliced(steps, goal)
    tried = 0
    for step in reversed(kept):
        if isinstance(step.effect, Bound | Rewritten) and step in kept and tried < MAX_TRIES:
            tried += 1
            fewer = _sliced([each for each in kept if each != step], goal)
            if holds(fewer):
                kept = fewer
    return kept


def _sliced(steps: Sequence[Step], goal: Effect) -> tuple[Step, ...]:
    """The steps that a goal names, backwards; a binding or a role may serve any step after it."""
    needed: set[Effect] = {goal}
    kept: list[Step] = []
    for place in range(len(steps) - 1, -1, -1):
        step = steps[place]
        if step.effect not in needed and not isinstance(step.effect, Bound | Rewritten):
            continue
        if step.doubt == TOGETHER:
            return (*steps[: place + 1], *reversed(kept))
        kept.append(step)
        needed |= {step.actor, *step.needs}
    return tuple(reversed(kept))


def _name(user: User) -> str:
    return "an identity that was not seen" if isinstance(user.username, Unknown) else user.username


def _outcome(effect: Effect) -> str:
    match effect:
        case User(groups=frozenset() as groups) if groups:
            return f"{_name(effect)} ({', '.join(sorted(groups))})"
        case User():
            return _name(effect)
        case OnNode():
            return "a node"
        case Everything():
            return "everything"
        case _:
            return str(effect)
