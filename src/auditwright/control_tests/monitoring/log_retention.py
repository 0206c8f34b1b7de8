"""How long logs are kept."""

from dataclasses import replace

from auditwright.control_tests._days import in_days
from auditwright.control_tests._examples import LOGS, REFUSED
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import LogGroup


@control_test(
    id="monitoring.log-retention",
    controls=("LOG-03",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "CloudWatch > Log groups > the group > Actions > Edit retention setting: 12 months or more > Save. "
            "Events that have already expired do not come back."
        ),
        command=(
            "aws logs put-retention-policy --log-group-name <log-group> --retention-in-days 365 "
            "--region <region>"
        ),
        terraform='resource "aws_cloudwatch_log_group": retention_in_days = 365',
    ),
    examples=(
        Example(LOGS, Satisfied("events are kept for 400 days")),
        Example(replace(LOGS, retention_days=365), Satisfied("events are kept for 365 days")),
        Example(replace(LOGS, retention_days=None), Satisfied("events never expire")),
        Example(
            replace(LOGS, retention_days=30), Deviation("events are kept for 30 days; the minimum is 365")
        ),
        Example(
            replace(LOGS, retention_days=1),
            Deviation("events are kept for 1 day; the minimum is 90"),
            settings={"min_days": 90},
        ),
        Example(replace(LOGS, retention_days=REFUSED), Undetermined(REFUSED.why)),
    ),
)
def log_retention(group: LogGroup, *, min_days: int = 365) -> Outcome:
    """Every log group keeps its events for at least `min_days` days.

    Intrusions are often noticed months later, and an audit period is up to a year long. What expired
    before can no longer be looked into.
    """
    kept_days = group.retention_days
    if isinstance(kept_days, Unknown):
        return Undetermined(kept_days.why)
    if kept_days is None:
        return Satisfied("events never expire")
    kept = f"events are kept for {in_days(kept_days)}"
    return Satisfied(kept) if kept_days >= min_days else Deviation(f"{kept}; the minimum is {min_days}")
