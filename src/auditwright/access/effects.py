"""What a way gives whoever may take it, and what follows of itself from what is held.

Together with the catalogue and the evaluator this is all that a verdict says about AWS; explorer, closure and
checker only apply it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from auditwright.access.assumptions import KEY_TO_SPARE, SECOND_DEVICE, WORKLOAD_IN_SERVICE, Assumption
from auditwright.access.catalogue import Gain, On, Way
from auditwright.access.eks import AuthenticationMode, Cluster
from auditwright.access.facts import (
    EVERY_GROUP,
    EVERY_POLICY,
    EVERY_ROLE,
    EVERY_USER,
    ROLES_OF,
    Fact,
    Kind,
    session,
)
from auditwright.access.holdings import denies
from auditwright.access.kubernetes_levels import Level
from auditwright.access.policy import Policy
from auditwright.access.sessions import SessionClass
from auditwright.access.world import INLINE, User, World
from auditwright.core.outcome import Unknown

MAX_KEYS = 2
"""AWS: a user has at most two access keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Facts that a way gives once it is taken, or that follow from others."""

    gains: tuple[Fact, ...]
    needs: tuple[Fact, ...] = ()
    certain: bool = True
    """False where it is not known that it works; `assumptions` then say on what it depends."""
    assumptions: tuple[Assumption, ...] = ()


def effects(world: World, way: Way, class_: SessionClass, target: str) -> Iterator[Effect]:  # noqa: C901, PLR0912  # one case for each gain
    """The effects of a way on one target: an ARN, or every one of a kind (`every user`, …)."""
    match way.gain:
        case Gain.KEY | Gain.OLD_KEY | Gain.PASSWORD | Gain.NO_DEVICE | Gain.DEVICE:
            for user in [world.users[target]] if target != EVERY_USER else world.users.values():
                yield from _on_credentials(way, user)
        case Gain.ALLOW:
            policy = world.policies.get(target)
            if policy is None or not policy.provider_managed:
                yield Effect(gains=(Fact(Kind.ALLOW, target),))
        case Gain.LIFT:
            yield from _lifted(world, way, target)
        case Gain.UNBOUND:
            principal = world.principal(target)
            if principal is None or principal.boundary is not None:
                yield Effect(gains=(Fact(Kind.UNBOUND, target),))
        case Gain.JOIN:
            yield Effect(gains=(Fact(Kind.JOIN, target),))
        case Gain.VERSION:
            for policy in [world.policies[target]] if target != EVERY_POLICY else world.policies.values():
                others = [each for each in policy.versions if each != policy.default]
                if others and not policy.provider_managed:
                    yield Effect(gains=tuple(Fact(Kind.VERSION, policy.arn, each) for each in others))
        case Gain.TRUST:
            if target == EVERY_ROLE or not world.roles[target].service_linked:
                yield Effect(gains=(Fact(Kind.TRUST, target),))
        case Gain.SESSION:
            yield Effect(gains=(session(target, after(class_)),))
        case Gain.RUN:
            yield from _run(world, way, target)
        case Gain.REMADE:
            made = SessionClass.KEY if way.target is On.USER else SessionClass.ROLE
            yield Effect(gains=(session(target, made),))
        case Gain.ENTRIES:
            yield Effect(gains=(Fact(Kind.ENTRIES, target),))
        case Gain.ENTRY:
            cluster = next(each for each in world.clusters if each.name == target)
            yield Effect(gains=(Fact(Kind.LEVEL, target, Level.CLUSTER_ADMIN),), needs=_entries_needed(cluster))
        case Gain.READ:
            yield Effect(gains=(Fact(Kind.READ, target),))


def after(class_: SessionClass) -> SessionClass:
    """The class of a role's session that is opened from a session of this class."""
    with_factor = class_ in {SessionClass.MFA, SessionClass.ROLE_AFTER_MFA}
    return SessionClass.ROLE_AFTER_MFA if with_factor else SessionClass.ROLE
