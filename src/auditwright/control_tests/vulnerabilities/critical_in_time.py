"""Critical vulnerabilities and their deadlines."""

from dataclasses import replace
from datetime import datetime

from auditwright.control_tests._examples import ISSUE, days_ago
from auditwright.control_tests.vulnerabilities._deadlines import FIX_OR_ACCEPT, dealt_with
from auditwright.core.control_test import Example, Severity, control_test
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined
from auditwright.core.resources import VulnerabilityIssue

SEVERITIES = frozenset({"critical", "unknown"})
FOUND = replace(ISSUE, severity="critical")


@control_test(
    id="vulnerabilities.critical-in-time",
    controls=("VUL-02",),
    severity=Severity.CRITICAL,
    remediation=FIX_OR_ACCEPT,
    examples=(
        Example(FOUND, Satisfied("due on 2026-07-02")),
        Example(replace(FOUND, gone_at=days_ago(1)), Satisfied("gone 1 day after it was detected")),
        Example(
            replace(FOUND, gone_at=days_ago(1), out_of_use="ops@acme.example: shut down"),
            Satisfied("out of use since 2026-06-30, by ops@acme.example: shut down"),
        ),
        Example(
            replace(FOUND, due_at=days_ago(10), detected_at=days_ago(13), accepted_until=days_ago(-20)),
            Satisfied("accepted until 2026-07-21"),
        ),
        Example(
            replace(FOUND, detected_at=days_ago(13), due_at=days_ago(10)),
            Deviation("open 10 days after its deadline of 2026-06-21"),
        ),
        Example(
            replace(FOUND, detected_at=days_ago(13), due_at=days_ago(10), gone_at=days_ago(4)),
            Deviation("gone 6 days after its deadline of 2026-06-21"),
        ),
        Example(
            replace(FOUND, detected_at=days_ago(13), due_at=days_ago(10), accepted_until=days_ago(1)),
            Deviation("open 10 days after its deadline of 2026-06-21"),
        ),
        Example(
            replace(FOUND, detected_at=days_ago(120), due_at=days_ago(-60), last_seen_at=days_ago(100)),
            Undetermined("nobody has looked for 100 days"),
        ),
        Example(replace(FOUND, severity="low"), NotApplicable("low severity")),
        Example(replace(FOUND, due_at=None), NotApplicable("due with the next planned upgrade")),
        Example(
            replace(FOUND, not_affected="vulnerable_code_not_present"),
            NotApplicable("does not affect the asset: vulnerable_code_not_present"),
        ),
        Example(
            replace(
                FOUND,
                detected_at=days_ago(13),
                due_at=days_ago(10),
                not_affected="vulnerable_code_not_present",
                not_affected_until=days_ago(1),
            ),
            Deviation("open 10 days after its deadline of 2026-06-21"),
        ),
    ),
)
def critical_in_time(issue: VulnerabilityIssue, *, now: datetime) -> Outcome:
    """Critical vulnerabilities are fixed, or accepted, within their deadlines.

    A known hole is open to everybody who reads the same lists. A vulnerability that nobody rated counts as critical,
    and a deadline that was missed stays missed after the fix.
    """
    return dealt_with(issue, now, SEVERITIES)
