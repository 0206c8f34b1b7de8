"""From the outcomes of items to the conclusion over their population."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

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
from auditwright.engine.examine import Populations, bind, examine, population_of


def conclude(outcomes: Iterable[Outcome], *, gaps: Sequence[Gap]) -> Conclusion:
    """The conclusion over a population.

    Exceptions if any item deviates; else inconclusive if anything was not seen; else did not occur if
    nothing was there to satisfy the test; else no exceptions.
    """
    satisfied = undetermined = False
    for outcome in outcomes:
        match outcome:
            case Deviation():
                return Conclusion.EXCEPTIONS
            case Undetermined():
                undetermined = True
            case Satisfied():
                satisfied = True
            case _:
                continue
    if gaps or undetermined:
        return Conclusion.INCONCLUSIVE
    return Conclusion.NO_EXCEPTIONS if satisfied else Conclusion.DID_NOT_OCCUR


def evaluate(
    test: ControlTest, populations: Populations, *, now: datetime, settings: Mapping[str, Setting]
) -> Result:
    """Examine every item of a test's populations and conclude. Observations are ordered by item."""
    supplied = bind(test, now=now, populations=populations, settings=settings)
    tested = [population_of(kind, populations) for kind in test.populations]
    observations = [
        Observation(
            item=item.id,
            name=item.name,
            account=item.scope.account,
            region=item.scope.region,
            outcome=examine(test, item, supplied),
            evidence=item.evidence,
        )
        for population in tested
        for item in population.items
    ]
    observations.sort(key=lambda observation: observation.item)
    gaps = tuple(gap for population in tested for gap in hiding_gaps(population, now=now))
    return Result(
        test=test.id,
        population=" | ".join(kind.kind for kind in test.populations),
        concluded_at=now,
        conclusion=conclude((observation.outcome for observation in observations), gaps=gaps),
        observations=tuple(observations),
        gaps=gaps,
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


def _order(gap: Gap) -> tuple[str, ...]:
    return (gap.stream, str(gap.scope), gap.operation, gap.subject, gap.reason, gap.detail)
