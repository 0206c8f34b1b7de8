"""Which regions of a cloud account are in use, and whether what must watch them does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from auditwright.core.evidence import Scope
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resource import Related, Resource
from auditwright.core.resources import (
    BlockVolume,
    CloudRegion,
    Database,
    LoadBalancer,
    StorageBucket,
    Table,
    VirtualMachine,
)

R = TypeVar("R", bound=Resource)

NOTHING_SEEN = "nothing was seen in this region"


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """What shows that a region is in use: machines, disks, balancers and where data lies."""

    machines: Related[VirtualMachine]
    volumes: Related[BlockVolume]
    balancers: Related[LoadBalancer]
    databases: Related[Database]
    tables: Related[Table]
    buckets: Related[StorageBucket]

    def in_region(self, place: Scope) -> bool | Unknown:
        """Whether anything is there; Unknown where nothing was seen and something may have been missed."""
        missed: list[Unknown] = []
        for found in self._looks(place):
            if found is True:
                return True
            if isinstance(found, Unknown):
                missed.append(found)
        return missed[0] if missed else False

    def _looks(self, place: Scope) -> Iterator[bool | Unknown]:
        yield _look(self.machines, place)
        yield _look(self.volumes, place)
        yield _look(self.balancers, place)
        yield _look(self.databases, place)
        yield _look(self.tables, place)
        yield _look_for_buckets(self.buckets, place)


def watched(
    verdicts: Sequence[Outcome], *, used: bool | Unknown, unseen: Unknown | None, nothing: str
) -> Outcome:
    """What a region in use comes to, by the verdicts on what watches it; `nothing` says that nothing does."""
    if used is False:
        return NotApplicable(NOTHING_SEEN)
    if Satisfied() in verdicts:
        return Satisfied()
    for fact in (used, unseen):
        if isinstance(fact, Unknown):
            return Undetermined(fact.why)
    unclear = next((verdict for verdict in verdicts if isinstance(verdict, Undetermined)), None)
    return unclear or (verdicts[0] if verdicts else Deviation(nothing))


def place_of(region: CloudRegion) -> Scope:
    """The account and region in which a region's own items are."""
    return replace(region.scope, region=region.name)


def items_at(related: Related[R], place: Scope) -> tuple[R, ...]:
    """The items of an account and region."""
    return tuple(item for item in related if _is_at(item.scope, place))


def _look(related: Related[R], place: Scope) -> bool | Unknown:
    if any(_is_at(item.scope, place) for item in related):
        return True
    return related.absence_at(place) or False


def _look_for_buckets(buckets: Related[StorageBucket], place: Scope) -> bool | Unknown:
    # Buckets are listed for the whole account, and each says where it is.
    regions = [bucket.region for bucket in buckets if bucket.scope.account == place.account]
    if place.region in regions:
        return True
    for region in regions:
        if isinstance(region, Unknown):
            return region
    return buckets.absence_at(place) or False


def _is_at(scope: Scope, place: Scope) -> bool:
    return (scope.account, scope.region) == (place.account, place.region)
