"""Use of root users."""

from dataclasses import replace
from datetime import datetime

from auditwright.control_tests._days import ago, days_since, in_days
from auditwright.control_tests._examples import NO_REPORT, ROOT, days_ago
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import RootUser


@control_test(
    id="identity.root-unused",
    controls=("IAM-03",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "Find out from CloudTrail > Event history, with the filter User name = root, who used the root "
            "user and for what, and record the reason. Give the people who did it roles in IAM Identity "
            "Center that allow the same work."
        ),
        command=(
            "aws cloudtrail lookup-events --region us-east-1 "
            "--lookup-attributes AttributeKey=Username,AttributeValue=root, then for each task done as root: "
            "aws sso-admin create-account-assignment --instance-arn <instance-arn> --target-id <account-id> "
            "--target-type AWS_ACCOUNT --permission-set-arn <permission-set-arn> --principal-type GROUP "
            "--principal-id <group-id>"
        ),
        terraform=(
            'resource "aws_ssoadmin_account_assignment" for the work that was done as root; and an alarm on '
            'further use: resource "aws_cloudwatch_event_rule" with event_pattern = '
            'jsonencode({ detail = { userIdentity = { type = ["Root"] } } })'
        ),
    ),
    examples=(
        Example(ROOT, Satisfied("never used")),
        Example(replace(ROOT, last_used_at=days_ago(400)), Satisfied("last used 400 days ago")),
        Example(replace(ROOT, last_used_at=days_ago(90)), Satisfied("last used 90 days ago")),
        Example(
            replace(ROOT, last_used_at=days_ago(0)),
            Deviation("the root user was last used less than a day ago; it must stay unused for 90 days"),
        ),
        Example(
            replace(ROOT, last_used_at=days_ago(12)),
            Deviation("the root user was last used 12 days ago; it must stay unused for 90 days"),
        ),
        Example(
            replace(ROOT, last_used_at=days_ago(12)),
            Satisfied("last used 12 days ago"),
            settings={"unused_days": 10},
        ),
        Example(replace(ROOT, last_used_at=NO_REPORT), Undetermined(NO_REPORT.why)),
    ),
)
def root_unused(root: RootUser, *, now: datetime, unused_days: int = 90) -> Outcome:
    """The root user of every cloud account stays unused.

    It must not have been used in the last `unused_days` days. Few tasks need the root user, and what it
    does cannot be told apart by person. Use of it is either an emergency, which is recorded and reviewed,
    or a habit that bypasses every permission.
    """
    if root.last_used_at is None:
        return Satisfied("never used")
    idle_days = days_since(root.last_used_at, now)
    if isinstance(idle_days, Unknown):
        return Undetermined(idle_days.why)
    if idle_days >= unused_days:
        return Satisfied(f"last used {ago(idle_days)}")
    return Deviation(
        f"the root user was last used {ago(idle_days)}; it must stay unused for {in_days(unused_days)}"
    )
