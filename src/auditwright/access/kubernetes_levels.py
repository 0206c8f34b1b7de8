"""How much of a cluster an identity holds: each level is defined by requests that it may make."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from auditwright.access.kubernetes import (
    ANONYMOUS_NAME,
    Allowed,
    Decision,
    Denied,
    Holding,
    Rbac,
    User,
)
from auditwright.access.kubernetes_roles import RBAC_GROUP, WORKLOADS
from auditwright.access.kubernetes_rules import EVERY, Request
from auditwright.core.outcome import Unknown


class Level(StrEnum):
    """What an identity can do in a cluster, from all to nothing."""

    CLUSTER_ADMIN = "cluster-admin"
    """Everything, everywhere."""
    ADMIN = "admin"
    """Starts workloads and extends roles to others, in some namespace."""
    EDIT = "edit"
    """Starts or changes workloads in some namespace."""
    VIEW = "view"
    """Reads workloads, settings or secrets in some namespace."""
    ANY = "any"
    """Signs in."""
    NONE = "none"

    @property
    def rank(self) -> int:
        """Higher means more."""
        return len(Level) - list(Level).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """The highest level that an identity certainly holds, and the highest that cannot be ruled out."""

    known: Level
    possible: Level


CLUSTER_ADMIN = Request(verb=EVERY, group=EVERY, resource=EVERY)

WORKLOAD_RESOURCES = tuple(
    (group, resource) for group, resources in WORKLOADS.items() for resource in resources.split()
)
_SETTINGS = (("", "configmaps"), ("", "secrets"), ("", "services"))


def levels(rbac: Rbac | Unknown, user: User) -> Levels:
    """The levels that a user holds by itself, without escalating."""
    return levels_of(Holding.of(rbac, user))


def levels_of(holding: Holding) -> Levels:
    """The levels that lie in what a user holds."""
    known = possible = Level.NONE
    for level in Level:
        decision = holds(level, holding)
        if possible is Level.NONE and not isinstance(decision, Denied):
            possible = level
        if isinstance(decision, Allowed):
            known = level
            break
    return Levels(known=known, possible=possible)


def holds(level: Level, holding: Holding) -> Decision:
    """Whether one level lies in what a user holds. Who holds a higher may lack a lower: read and write are apart."""
    match level:
        case Level.CLUSTER_ADMIN:
            return holding.allows(CLUSTER_ADMIN)
        case Level.NONE:
            return Allowed("nothing is needed")
        case Level.ANY:
            return Denied() if holding.user.username == ANONYMOUS_NAME else Allowed("signing in")
        case Level.ADMIN | Level.EDIT | Level.VIEW:
            return any_of(_holds_in(level, holding, alike[0]) for alike in holding.scopes())


def any_of(decisions: Iterable[Decision]) -> Decision:
    """Allowed if any is, else unknown if any is, else denied."""
    unknown: Unknown | None = None
    for decision in decisions:
        match decision:
            case Allowed():
                return decision
            case Unknown():
                unknown = unknown or decision
            case Denied():
                continue
    return unknown or Denied()


def all_of(decisions: Iterable[Decision]) -> Decision:
    """Denied if any is, else unknown if any is, else allowed by the last."""
    last: Decision = Denied()
    unknown: Unknown | None = None
    for decision in decisions:
        match decision:
            case Denied():
                return decision
            case Unknown():
                unknown = unknown or decision
            case Allowed():
                last = decision
    return unknown or last


def _holds_in(level: Level, holding: Holding, scope: str) -> Decision:
    if level is Level.VIEW:
        return any_of(map(holding.allows, _reads(scope)))
    writes = any_of(map(holding.allows, _writes(scope)))
    if level is Level.EDIT:
        return writes
    extends = Request(verb="create", group=RBAC_GROUP, resource="rolebindings", namespace=scope)
    return all_of((writes, holding.allows(extends)))


def _reads(scope: str) -> Iterator[Request]:
    for group, resource in (*WORKLOAD_RESOURCES, *_SETTINGS):
        for verb in ("get", "list", "watch"):
            yield Request(verb=verb, group=group, resource=resource, namespace=scope, name=None)


def _writes(scope: str) -> Iterator[Request]:
    for group, resource in WORKLOAD_RESOURCES:
        yield Request(verb="create", group=group, resource=resource, namespace=scope)
        for verb in ("update", "patch"):
            yield Request(verb=verb, group=group, resource=resource, namespace=scope, name=None)
