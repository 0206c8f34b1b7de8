"""Whether a population was seen in one place, so that finding nothing there means something."""

from typing import TypeVar

from auditwright.core.evidence import Scope
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Population, Related, Resource

R = TypeVar("R", bound=Resource)


def unseen_at(related: Related[R], place: Scope) -> Unknown | None:
    """What it means that nothing was found in an account and region: None, or Unknown where it was not seen.

    A refusal in another account or region does not matter here; a place that nobody asked about does.
    An empty region stands for the whole account.
    """
    population: Population[R] = related._population  # noqa: SLF001  # Related tells only of the whole
    for gap in population.gaps:
        if gap.hides_items and _touches(gap.scope, place):
            return Unknown(f"not every {_named(population)} was seen: {gap.sentence()}")
    listed = {scope.region for scope in population.scopes if scope.account == place.account}
    # A list of the whole account speaks for each region, unless its regions were also listed one by one:
    # then it holds only what belongs to none of them (a trail of every region, beside those of one).
    if place.region in listed or listed == {""}:
        return None
    where = f"{place.account} {place.region}".strip()
    return Unknown(f"no list of {_named(population)} items was collected in {where}")


def _named(population: Population[R]) -> str:
    return population.kind.kind.replace("_", " ")


def _touches(hidden: Scope, place: Scope) -> bool:
    same_account = hidden.account in ("", place.account)
    return same_account and (not hidden.region or not place.region or hidden.region == place.region)
