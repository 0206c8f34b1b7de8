"""Age of access keys."""

from dataclasses import replace
from datetime import datetime

from auditwright.control_tests._days import days_since, in_days
from auditwright.control_tests._examples import ACCESS_KEY, NO_REPORT, days_ago
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import AccessKey


@control_test(
    id="identity.access-keys-rotated",
    controls=("IAM-11",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "IAM > Users > the user > Security credentials > Access keys > Create access key; give the new "
            "key to the program that uses the old one; then choose the old key, Actions > Deactivate, and "
            "Actions > Delete once nothing uses it."
        ),
        command=(
            "aws iam create-access-key --user-name <user-name>; aws iam update-access-key --user-name "
            "<user-name> --access-key-id <old-key-id> --status Inactive; aws iam delete-access-key "
            "--user-name <user-name> --access-key-id <old-key-id>"
        ),
        terraform=(
            'resource "aws_iam_access_key": replace it, with terraform apply '
            "-replace=aws_iam_access_key.<name>; better, remove it and let the program assume a "
            'resource "aws_iam_role"'
        ),
    ),
    examples=(
        Example(ACCESS_KEY, Satisfied("30 days old")),
        Example(replace(ACCESS_KEY, rotated_at=days_ago(90)), Satisfied("90 days old")),
        Example(
            replace(ACCESS_KEY, rotated_at=days_ago(214)),
            Deviation("the key is 214 days old; the limit is 90"),
        ),
        Example(
            replace(ACCESS_KEY, rotated_at=days_ago(30)),
            Deviation("the key is 30 days old; the limit is 14"),
            settings={"max_age_days": 14},
        ),
        Example(
            replace(ACCESS_KEY, active=False, rotated_at=days_ago(214)),
            NotApplicable("the key is switched off"),
        ),
        Example(replace(ACCESS_KEY, rotated_at=NO_REPORT), Undetermined(NO_REPORT.why)),
        Example(
            replace(ACCESS_KEY, rotated_at=days_ago(-30)),
            Undetermined("the source gives 2026-07-31, which is 30 days ahead"),
        ),
        Example(replace(ACCESS_KEY, active=NO_REPORT, rotated_at=days_ago(214)), Undetermined(NO_REPORT.why)),
    ),
)
def access_keys_rotated(key: AccessKey, *, now: datetime, max_age_days: int = 90) -> Outcome:
    """Active access keys are replaced before they grow old.

    None may be older than `max_age_days` days. A long-term key ends up in laptops, backups and build
    logs. Replacing it bounds how long a copy that nobody knows of keeps working.
    """
    if key.active is False:
        return NotApplicable("the key is switched off")
    age_days = days_since(key.rotated_at, now)
    if isinstance(age_days, Unknown):
        return Undetermined(age_days.why)
    if age_days <= max_age_days:
        return Satisfied(f"{in_days(age_days)} old")
    if isinstance(key.active, Unknown):
        return Undetermined(key.active.why)
    return Deviation(f"the key is {in_days(age_days)} old; the limit is {max_age_days}")
