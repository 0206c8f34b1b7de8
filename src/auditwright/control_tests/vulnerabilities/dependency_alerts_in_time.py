"""Alerts about the dependencies of code."""

from dataclasses import replace
from datetime import datetime

from auditwright.control_tests._examples import ISSUE, days_ago
from auditwright.control_tests.vulnerabilities._deadlines import FIX_OR_ACCEPT, dealt_with
from auditwright.core.control_test import Example, Severity, control_test
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined
from auditwright.core.resources import VulnerabilityIssue

OF_CODE = frozenset({"dependabot", "npm-audit", "osv-scanner", "pip-audit", "pnpm-audit", "snyk"})
"""Tools that look at what code declares, before it is built."""

SEVERITIES = frozenset({"critical", "high", "medium", "low", "unknown"})
ALERT = replace(ISSUE, tools=("dependabot",), severity="medium")


@control_test(
    id="vulnerabilities.dependency-alerts-in-time",
    controls=("VUL-05",),
    severity=Severity.MEDIUM,
    remediation=FIX_OR_ACCEPT,
    examples=(
        Example(ALERT, Satisfied("due on 2026-07-02")),
        Example(
            replace(ALERT, detected_at=days_ago(33), due_at=days_ago(3)),
            Deviation("open 3 days after its deadline of 2026-06-28"),
        ),
        Example(
            replace(ALERT, detected_at=days_ago(120), due_at=days_ago(-60), last_seen_at=days_ago(100)),
            Undetermined("nobody has looked for 100 days"),
        ),
        Example(replace(ALERT, severity="negligible"), NotApplicable("negligible severity")),
        Example(ISSUE, NotApplicable("no tool of code shows it")),
    ),
)
def dependency_alerts_in_time(issue: VulnerabilityIssue, *, now: datetime) -> Outcome:
    """Alerts about packages that code depends on are handled within their deadlines.

    What is fixed in the code does not have to be found in production.
    """
    if not OF_CODE & set(issue.tools):
        return NotApplicable("no tool of code shows it")
    return dealt_with(issue, now, SEVERITIES)
