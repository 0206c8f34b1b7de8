"""Use of accounts and access keys."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from auditwright.control_tests._days import days_since, in_days
from auditwright.control_tests._examples import ACCESS_KEY, ADA_ACCOUNT, NO_REPORT, days_ago
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import AccessKey, UserAccount


@control_test(
    id="identity.unused-credentials-disabled",
    controls=("IAM-12",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "IAM > Users > the user > Security credentials: for a password, Manage console access > "
            "Disable; for a key, Actions > Deactivate. Delete the user once nobody misses it."
        ),
        command=(
            "aws iam delete-login-profile --user-name <user-name> for a password; aws iam update-access-key "
            "--user-name <user-name> --access-key-id <key-id> --status Inactive for a key"
        ),
        terraform=(
            'remove resource "aws_iam_user_login_profile" for a password; resource "aws_iam_access_key" '
            'with status = "Inactive" for a key'
        ),
    ),
    examples=(
        Example(ADA_ACCOUNT, Satisfied("last used 1 day ago")),
        Example(
            replace(ADA_ACCOUNT, last_used_at=days_ago(120)),
            Deviation("the account was last used 120 days ago; the limit is 90"),
        ),
        Example(replace(ADA_ACCOUNT, last_used_at=days_ago(90)), Satisfied("last used 90 days ago")),
        Example(
            replace(ADA_ACCOUNT, last_used_at=None),
            Deviation("the account was never used since it was made 400 days ago; the limit is 90"),
        ),
        Example(
            replace(ADA_ACCOUNT, last_used_at=None, created_at=days_ago(12)),
            Satisfied("never used; made 12 days ago"),
        ),
        Example(
            replace(ADA_ACCOUNT, active=False, last_used_at=days_ago(400)),
            NotApplicable("the account is disabled"),
        ),
        Example(replace(ADA_ACCOUNT, last_used_at=NO_REPORT), Undetermined(NO_REPORT.why)),
        Example(replace(ADA_ACCOUNT, last_used_at=None, created_at=NO_REPORT), Undetermined(NO_REPORT.why)),
        Example(
            replace(ADA_ACCOUNT, active=NO_REPORT, last_used_at=days_ago(120)), Undetermined(NO_REPORT.why)
        ),
        Example(ACCESS_KEY, Satisfied("last used 1 day ago")),
        Example(
            replace(ACCESS_KEY, last_used_at=days_ago(46)),
            Deviation("the key was last used 46 days ago; the limit is 45"),
            settings={"max_unused_days": 45},
        ),
        Example(
            replace(ACCESS_KEY, last_used_at=None, rotated_at=days_ago(200)),
            Deviation("the key was never used since it was made 200 days ago; the limit is 90"),
        ),
        Example(
            replace(ACCESS_KEY, active=False, last_used_at=days_ago(400)),
            NotApplicable("the key is switched off"),
        ),
    ),
)
def unused_credentials_disabled(
    credential: UserAccount | AccessKey, *, now: datetime, max_unused_days: int = 90
) -> Outcome:
    """Accounts and access keys that nobody uses are disabled.

    After `max_unused_days` days without use they must be. Nobody notices the theft of what nobody uses. What was never used counts from the day it was made.
    An account counts as used when its password or any of its keys was; each key is also examined alone.
    """
    match credential:
        case UserAccount():
            noun, made_at, off = "account", credential.created_at, "the account is disabled"
        case AccessKey():
            noun, made_at, off = "key", credential.rotated_at, "the key is switched off"
        case _:
            assert_never(credential)
    if credential.active is False:
        return NotApplicable(off)
    used_at = credential.last_used_at
    idle_days = days_since(made_at if used_at is None else used_at, now)
    if isinstance(idle_days, Unknown):
        return Undetermined(idle_days.why)
    if idle_days <= max_unused_days:
        ago = f"{in_days(idle_days)} ago"
        return Satisfied(f"never used; made {ago}" if used_at is None else f"last used {ago}")
    if isinstance(credential.active, Unknown):
        return Undetermined(credential.active.why)
    history = "never used since it was made" if used_at is None else "last used"
    return Deviation(f"the {noun} was {history} {in_days(idle_days)} ago; the limit is {max_unused_days}")
