"""Resources: normalized items of outside systems, each naming the evidence it was derived from."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from auditwright.core.evidence import Gap, Scope
from auditwright.core.ids import Digest, IntegrationId, ResourceId
from auditwright.core.outcome import Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What every resource has: an identity, a place, and evidence.

    A field that a source may not show has the type `T | Unknown`.
    """

    kind: ClassVar[str]
    """The kind's name in the inventory and in SQL, such as `user_account`."""

    id: ResourceId
    name: str
    scope: Scope
    evidence: tuple[Digest, ...]

    def __init_subclass__(cls) -> None:
        """Name the kind after the class, once, and remember it."""
        # A slotted dataclass is made twice; both classes bear one name, and the second one counts.
        cls.kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        _KINDS[cls.kind] = cls


_KINDS: dict[str, type[Resource]] = {}


def kinds() -> Mapping[str, type[Resource]]:
    """Every kind of resource whose module was imported; `core.resources` imports all of them."""
    return _KINDS


R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population(Generic[R]):
    """Every item of one kind that was seen, what was not seen, and the scopes that were asked.

    `scopes` are the scopes whose listing was recorded; a population without any was never pulled.
    """

    kind: type[R]
    items: tuple[R, ...]
    gaps: tuple[Gap, ...]
    scopes: tuple[Scope, ...]
    true_at: Mapping[Scope, datetime] = field(default_factory=dict)
    """When the oldest answer of each scope was true; a scope that is not named was asked just now."""

    @property
    def complete(self) -> bool:
        """True where the kind was pulled and nothing hides an item."""
        return bool(self.scopes) and not any(gap.hides_items for gap in self.gaps)


class Related(Generic[R]):
    """Another population that a test looks things up in; what it lacks is `Unknown`, never absent."""

    __slots__ = ("_absence", "_absence_at", "_by_id", "_population")

    def __init__(self, population: Population[R]) -> None:
        """Look up in a population."""
        self._population = population
        self._by_id = {item.id: item for item in population.items}
        self._absence = self._why_absent()
        self._absence_at: dict[Scope, Unknown | None] = {}

    def __iter__(self) -> Iterator[R]:
        return iter(self._population.items)

    def get(self, item_id: str) -> R | Unknown | None:
        """The item with this id; None where the whole population was seen and it is not in it."""
        found = self._by_id.get(ResourceId(item_id))
        return found if found is not None else self.absence()

    def absence(self) -> Unknown | None:
        """What it means that an item was not found: None, or Unknown where something was not seen."""
        return self._absence

    def _why_absent(self) -> Unknown | None:
        if self._population.complete:
            return None
        hiding = [gap for gap in self._population.gaps if gap.hides_items]
        if not hiding:
            return Unknown(f"no {self._named} was collected")
        return Unknown(f"not every {self._named} was seen: {hiding[0].sentence()}")

    def absence_at(self, place: Scope) -> Unknown | None:
        """What it means that nothing was found in one account and region: None, or Unknown.

        A refusal in another account or region does not matter here; a place that nobody asked about does.
        An empty region stands for the whole account.
        """
        if place not in self._absence_at:
            self._absence_at[place] = self._why_absent_at(place)
        return self._absence_at[place]

    def _why_absent_at(self, place: Scope) -> Unknown | None:
        for gap in self._population.gaps:
            if gap.hides_items and _touches(gap.scope, place):
                return Unknown(f"not every {self._named} was seen: {gap.sentence()}")
        listed = {scope.region for scope in self._population.scopes if scope.account == place.account}
        # A list of the whole account speaks for each region, unless its regions were also listed one by one:
        # then it holds only what belongs to none of them (a trail of every region, beside those of one).
        if place.region in listed or listed == {""}:
            return None
        where = f"{place.account} {place.region}".strip()
        return Unknown(f"no list of {self._named} items was collected in {where}")

    @property
    def _named(self) -> str:
        return self._population.kind.kind.replace("_", " ")

    @classmethod
    def of(
        cls, kind: type[R], items: Iterable[R], *, scopes: tuple[Scope, ...] | None = None
    ) -> "Related[R]":
        """A complete population of given items, for examples and tests."""
        held = tuple(items)
        seen = scopes if scopes is not None else tuple({item.scope for item in held}) or (_EXAMPLE_SCOPE,)
        return cls(Population(kind=kind, items=held, gaps=(), scopes=seen))


_EXAMPLE_SCOPE = Scope(source=IntegrationId("example"), account="example")


def _touches(hidden: Scope, place: Scope) -> bool:
    same_account = hidden.account in {"", place.account}
    return same_account and (not hidden.region or not place.region or hidden.region == place.region)
