"""Try control tests on what the last run collected, without recording anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auditwright.app.concluding import captures_of, exit_code
from auditwright.app.own_tests import bound
from auditwright.app.running import latest_run
from auditwright.app.workspace import Workspace
from auditwright.core.ids import TestId
from auditwright.core.outcome import Deviation, Result
from auditwright.engine.evaluate import evaluate
from auditwright.engine.populations import assemble


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What tests come to, and what that means for whoever called."""

    results: tuple[Result, ...]
    exit_code: int


def try_tests(workspace: Workspace, tests: Sequence[TestId], *, now: datetime) -> Tried:
    """Evaluate tests on the evidence of the last run; raises AppError where nothing was collected."""
    run = latest_run(workspace)
    populations = assemble(captures_of(workspace, run.id, now))
    results = tuple(
        evaluate(
            bound(workspace.tests[test], workspace.stores.inventory, now),
            populations,
            now=now,
            settings=workspace.catalogue.settings.get(test, {}),
        )
        for test in tests
    )
    deviating = sum(isinstance(each.outcome, Deviation) for result in results for each in result.observations)
    code = exit_code(
        (result.conclusion for result in results),
        unwaived_deviations=deviating,
        gaps=sum(len(result.gaps) for result in results),
    )
    return Tried(results=results, exit_code=code)
