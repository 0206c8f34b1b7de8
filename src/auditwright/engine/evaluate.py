"""From the outcomes of items to the conclusion over their population."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from auditwright.core.control_test import ControlTest, Setting
from auditwright.core.evidence import Gap, GapReason, Scope
from auditwright.core.ids import IntegrationId, StreamId
from auditwright.core.outcome import (
    Conclusion,
    Deviation,
    Observation,
    Outcome,
    Result,
    Satisfied,
    Undetermined,
)
from auditwright.core.resource import Population, Resource
from auditwright.engine.examine import Populations, bind, examine, examine_as_of, population_of

MAX_AGE = timedelta(hours=36)
"""Older evidence says nothing about the days up to now. Tests count whole days; an answer that was saved
one day and tested in the next day's run, or a run that was resumed in the morning, is not old."""


def conclude(outcomes: Iterable[Outcome], *, gaps: Sequence[Gap]) -> Conclusion:
    """The conclusion over a population.

    Exceptions if any item deviates; else inconclusive if anything was not seen; else did not occur if
    nothing was there to satisfy the test; else no exceptions.
    """
    found = set(map(type, outcomes))
    if Deviation in found:
        return Conclusion.EXCEPTIONS
    if gaps or Undetermined in found:
        return Conclusion.INCONCLUSIVE
    return Conclusion.NO_EXCEPTIONS if Satisfied in found else Conclusion.DID_NOT_OCCUR


def evaluate(
    test: ControlTest, populations: Populations, *, now: datetime, settings: Mapping[str, Setting]
) -> Result:
    """Examine every item of a test's populations and conclude. Observations are ordered by item.

    A test that takes `now` asks about the time up to now: where evidence is older than MAX_AGE, its items are
    examined as of then, and the place is a gap (docs/adr/0009-imported-evidence-has-a-date.md).
    """
    supplied = bind(test, now=now, populations=populations, settings=settings)
    tested = [population_of(kind, populations) for kind in test.populations]
    related = [population_of(kind, populations) for kind in test.related.values()]
    observations: list[Observation] = []
    gaps: list[Gap] = []
    for population in tested:
        gaps += hiding_gaps(population, now=now)
        old: Mapping[Scope, datetime] = {}
        if test.takes_now:
            gaps += _old_gaps(population, now=now)
            old = _old_places(population, related, now=now)
        for item in population.items:
            true_at = old.get(item.scope) if old else None
            outcome = (
                examine(test, item, supplied)
                if true_at is None
                else examine_as_of(test, item, supplied, true_at)
            )
            observations.append(
                Observation(
                    item=item.id,
                    name=item.name,
                    account=item.scope.account,
                    region=item.scope.region,
                    outcome=outcome,
                    evidence=item.evidence,
                )
            )
    observations.sort(key=attrgetter("item"))
    return Result(
        test=test.id,
        population=" | ".join(kind.kind for kind in test.populations),
        concluded_at=now,
        conclusion=conclude((observation.outcome for observation in observations), gaps=gaps),
        observations=tuple(observations),
        gaps=tuple(gaps),
    )


def hiding_gaps(population: Population[Resource], *, now: datetime) -> tuple[Gap, ...]:
    """What keeps a population from being whole; a population that nobody pulled is a gap of its own.

    An empty list is only empty where its pull was recorded.
    """
    hiding = tuple(sorted((gap for gap in population.gaps if gap.hides_items), key=_order))
    if hiding or population.scopes:
        return hiding
    kind = population.kind.kind
    return (
        Gap(
            stream=StreamId(kind),
            scope=Scope(source=IntegrationId("none"), account=""),
            operation=kind,
            reason=GapReason.NOT_COLLECTED,
            detail="no source of these items was collected",
            remedy="Connect an integration that collects them, or import a saved answer.",
            hides_items=True,
            at=now,
        ),
    )


def _old_gaps(population: Population[Resource], *, now: datetime) -> Iterator[Gap]:
    """A gap for each scope whose list is old: what has come into being since is not in it."""
    kind = population.kind.kind
    for scope, true_at in sorted(population.true_at.items()):
        if now - true_at > MAX_AGE:
            yield Gap(
                stream=StreamId(kind),
                scope=scope,
                operation=kind,
                reason=GapReason.NOT_COLLECTED,
                detail=f"what was seen is of {true_at:%d %b %Y}, and the test asks about the time up to now",
                remedy="Save the answers again and import them with `auditwright import`, or connect the source.",
                hides_items=True,
                at=now,
            )


def _old_places(
    population: Population[Resource], related: Iterable[Population[Resource]], *, now: datetime
) -> Mapping[Scope, datetime]:
    """The places in which something that bears on an item is old, and when the oldest of it was true."""
    looked_up = [dated for each in related for dated in each.true_at.items()]
    old: dict[Scope, datetime] = {}
    for place in {item.scope for item in population.items}:
        dates = [at for scope, at in population.true_at.items() if _shows(scope, place)]
        # What is looked up in another system, such as a person's accounts, can be anywhere in it.
        dates += [at for scope, at in looked_up if scope.source != place.source or _shows(scope, place)]
        oldest = min(dates, default=now)
        if now - oldest > MAX_AGE:
            old[place] = oldest
    return old


def _shows(scope: Scope, place: Scope) -> bool:
    """True where what was asked of a scope may show an item of a place."""
    same_account = (scope.source, scope.account) == (place.source, place.account)
    return same_account and (not scope.region or not place.region or scope.region == place.region)


def _order(gap: Gap) -> tuple[str, ...]:
    return (gap.stream, str(gap.scope), gap.operation, gap.subject, gap.reason, gap.detail)
