"""Grave findings of threat detection."""

from dataclasses import replace
from datetime import datetime

from auditwright.control_tests._days import days_since, in_days
from auditwright.control_tests._examples import FINDING, REFUSED, days_ago
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import ThreatFinding

GRAVE = frozenset({"high", "critical"})
SLIGHT = frozenset({"low", "medium"})


@control_test(
    id="monitoring.high-findings-handled",
    controls=("LOG-06",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "GuardDuty > Findings > the finding: look into it, record whether it is an incident and what was "
            "done; then Actions > Archive."
        ),
        command=(
            "aws guardduty get-findings --detector-id <detector-id> --finding-ids <finding-id>; once it is dealt "
            "with aws guardduty archive-findings --detector-id <detector-id> --finding-ids <finding-id>"
        ),
        terraform=(
            "None for a finding, which a person looks into. So that the next one reaches people: resource "
            '"aws_cloudwatch_event_rule" with source aws.guardduty and resource "aws_cloudwatch_event_target"'
        ),
    ),
    examples=(
        Example(FINDING, Satisfied("open for 2 days")),
        Example(replace(FINDING, created_at=days_ago(7)), Satisfied("open for 7 days")),
        Example(replace(FINDING, created_at=days_ago(90), archived=True), Satisfied("closed")),
        Example(
            replace(FINDING, created_at=days_ago(8)),
            Deviation("a finding of high severity has been open for 8 days; the limit is 7"),
        ),
        Example(
            replace(FINDING, severity="critical"),
            Deviation("a finding of critical severity has been open for 2 days; the limit is 1"),
            settings={"sla_days": 1},
        ),
        Example(
            replace(FINDING, severity="medium", created_at=days_ago(90)),
            NotApplicable("a finding of medium severity"),
        ),
        Example(replace(FINDING, archived=REFUSED), Undetermined(REFUSED.why)),
        Example(replace(FINDING, created_at=REFUSED), Undetermined(REFUSED.why)),
        Example(replace(FINDING, severity=REFUSED), Undetermined(REFUSED.why)),
        Example(
            replace(FINDING, severity="informational"),
            Undetermined("the source calls its severity 'informational', which is no level that is known"),
        ),
    ),
)
def high_findings_handled(finding: ThreatFinding, *, now: datetime, sla_days: int = 7) -> Outcome:
    """No high or critical finding of threat detection is open for over `sla_days` days.

    A detector that nobody answers detects nothing. The time runs from when the finding was first made,
    also where the same thing is seen again later.
    """
    if isinstance(finding.severity, Unknown):
        return Undetermined(finding.severity.why)
    if finding.severity in SLIGHT:
        return NotApplicable(f"a finding of {finding.severity} severity")
    if finding.severity not in GRAVE:
        return Undetermined(
            f"the source calls its severity {finding.severity!r}, which is no level that is known"
        )
    return _handled(finding, now, sla_days)


def _handled(finding: ThreatFinding, now: datetime, sla_days: int) -> Outcome:
    if isinstance(finding.archived, Unknown):
        return Undetermined(finding.archived.why)
    if finding.archived:
        return Satisfied("closed")
    open_days = days_since(finding.created_at, now)
    if isinstance(open_days, Unknown):
        return Undetermined(open_days.why)
    if open_days <= sla_days:
        return Satisfied(f"open for {in_days(open_days)}")
    return Deviation(
        f"a finding of {finding.severity} severity has been open for {in_days(open_days)}; "
        f"the limit is {sla_days}"
    )
