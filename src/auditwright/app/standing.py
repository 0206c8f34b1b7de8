"""Where an organization stands: after one run, and over a period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auditwright.app.concluding import exit_code
from auditwright.app.errors import AppError
from auditwright.app.reporting import readiness_report
from auditwright.app.workspace import Workspace
from auditwright.core.ids import TestId
from auditwright.core.outcome import Conclusion, Result
from auditwright.core.period import Period
from auditwright.core.run import Run
from auditwright.engine.timeline import PeriodResult, over_period
from auditwright.render.readiness import ReadinessReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The report of a run, and what it means for whoever called."""

    report: ReadinessReport
    exit_code: int


def standing(workspace: Workspace, run: Run, *, at: datetime, results: Sequence[Result] = ()) -> Standing:
    """How things stand after a run, of which `results` may be at hand; raises AppError, StoreError."""
    report = readiness_report(workspace, run, as_of=at, results=results)
    deviating = sum(test.tally.deviation for test in report.tests)
    code = exit_code(
        # A test that was added since the run has concluded nothing yet.
        (test.conclusion or Conclusion.INCONCLUSIVE for test in report.tests),
        unwaived_deviations=deviating,
        gaps=len(report.not_observable),
    )
    return Standing(report=report, exit_code=code)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodStanding:
    """Every test over a period, as far as it has passed."""

    organization: str
    period: Period
    as_of: datetime
    results: tuple[tuple[TestId, str, PeriodResult], ...]
    """Test, its title, and what its runs come to."""
    exit_code: int


def period_standing(workspace: Workspace, *, now: datetime) -> PeriodStanding:
    """Conclude each test over the program's period; raises AppError where it has none."""
    period = workspace.program.period
    if period is None:
        raise AppError(
            "auditwright.toml names no period; add it to [scope], such as period = { start = 2026-11-01, end = 2027-10-31 }"
        )
    if now <= period.start:
        raise AppError(
            f"The period begins on {period.start:%d %b %Y}; until then there is nothing to conclude."
        )
    records = workspace.stores.records
    results = tuple(
        (
            test.id,
            test.title,
            over_period(records.results_of(test.id, period.start, period.end), period, now=now),
        )
        for test in workspace.catalogue.tests.values()
    )
    conclusions = {result.conclusion for _, _, result in results}
    return PeriodStanding(
        organization=workspace.program.organization,
        period=period,
        as_of=now,
        results=results,
        exit_code=1
        if Conclusion.EXCEPTIONS in conclusions
        else 3
        if Conclusion.INCONCLUSIVE in conclusions
        else 0,
    )
