"""A control test over a period: every run counts, and so do the days on which nobody looked.

1. One run with exceptions makes the period one with exceptions, whatever later runs saw.
2. Else a run that was inconclusive, or a stretch without a conclusive run that is longer than the test's
   cadence allows, leaves the period inconclusive.
3. Else a period in which nothing occurred did not occur; else there were no exceptions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from auditwright.core.outcome import Conclusion
from auditwright.core.period import Period
from auditwright.core.run import ResultRecord

DEFAULT_CADENCE = timedelta(hours=36)
"""Continuous tests are expected every day; half a day of slack for a run that starts late."""

_WORST_FIRST = (
    Conclusion.EXCEPTIONS,
    Conclusion.INCONCLUSIVE,
    Conclusion.NO_EXCEPTIONS,
    Conclusion.DID_NOT_OCCUR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unobserved:
    """A stretch in which no run saw enough to conclude."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodResult:
    """What a test's runs over a period come to."""

    conclusion: Conclusion
    runs: int
    runs_with_exceptions: int
    inconclusive_runs: int
    unobserved: tuple[Unobserved, ...]
    first_exception_at: datetime | None
    days: tuple[tuple[date, Conclusion | None], ...]
    """The worst conclusion of each day; None where nothing was run."""


def over_period(
    results: Sequence[ResultRecord],
    period: Period,
    *,
    now: datetime,
    cadence: timedelta = DEFAULT_CADENCE,
) -> PeriodResult:
    """Conclude over a period as far as it has passed. `results` are one test's, in any order."""
    held = sorted(
        (result for result in results if period.start <= result.concluded_at < period.end),
        key=lambda result: result.concluded_at,
    )
    exceptions = [result for result in held if result.conclusion is Conclusion.EXCEPTIONS]
    inconclusive = [result for result in held if result.conclusion is Conclusion.INCONCLUSIVE]
    unobserved = _unobserved(held, start=period.start, end=min(period.end, now), cadence=cadence)
    if exceptions:  # (1)
        conclusion = Conclusion.EXCEPTIONS
    elif inconclusive or unobserved or not held:  # (2)
        conclusion = Conclusion.INCONCLUSIVE
    elif all(result.conclusion is Conclusion.DID_NOT_OCCUR for result in held):  # (3)
        conclusion = Conclusion.DID_NOT_OCCUR
    else:
        conclusion = Conclusion.NO_EXCEPTIONS
    return PeriodResult(
        conclusion=conclusion,
        runs=len(held),
        runs_with_exceptions=len(exceptions),
        inconclusive_runs=len(inconclusive),
        unobserved=unobserved,
        first_exception_at=exceptions[0].concluded_at if exceptions else None,
        days=_days(held, period, now=now),
    )


def _unobserved(
    held: Sequence[ResultRecord], *, start: datetime, end: datetime, cadence: timedelta
) -> tuple[Unobserved, ...]:
    looked = [result.concluded_at for result in held if result.conclusion is not Conclusion.INCONCLUSIVE]
    edges = [start, *looked, end]
    return tuple(
        Unobserved(start=before, end=after) for before, after in pairwise(edges) if after - before > cadence
    )


def _days(
    held: Sequence[ResultRecord], period: Period, *, now: datetime
) -> tuple[tuple[date, Conclusion | None], ...]:
    by_day: dict[date, list[Conclusion]] = {}
    for result in held:
        by_day.setdefault(result.concluded_at.date(), []).append(result.conclusion)
    last = min(period.end - timedelta(microseconds=1), now).date()
    count = max((last - period.start.date()).days + 1, 0)
    days = (period.start.date() + timedelta(days=offset) for offset in range(count))
    return tuple((day, _worst(by_day.get(day, ()))) for day in days)


def _worst(conclusions: Sequence[Conclusion]) -> Conclusion | None:
    return min(conclusions, key=_WORST_FIRST.index, default=None)
