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
        Example(
            replace(ADA_ACCOUNT, password_last_used_at=days_ago(120)),
            Deviation("the password was last used 120 days ago, and only a key since; the limit is 90"),
        ),
        Example(
            replace(ADA_ACCOUNT, password_last_used_at=None, password_set_at=days_ago(91)),
            Deviation(
                "the password was never used since it was set 91 days ago, and only a key was; the limit is 90"
            ),
        ),
        Example(
            replace(ADA_ACCOUNT, password_last_used_at=None, password_set_at=days_ago(20)),
            Satisfied("last used 1 day ago"),
        ),
        Example(
            replace(ADA_ACCOUNT, password_last_used_at=None, password_set_at=None),
            Deviation(
                "the password was never used since the account was made 400 days ago, and only a key was; "
                "the limit is 90"
            ),
        ),
        Example(
            replace(ADA_ACCOUNT, console_access=False, password_last_used_at=None, password_set_at=None),
            Satisfied("last used 1 day ago"),
        ),
        Example(replace(ADA_ACCOUNT, password_last_used_at=NO_REPORT), Undetermined(NO_REPORT.why)),
        Example(
            replace(ADA_ACCOUNT, password_last_used_at=None, password_set_at=NO_REPORT),
            Undetermined(NO_REPORT.why),
        ),
        Example(
            replace(ADA_ACCOUNT, console_access=NO_REPORT, password_last_used_at=days_ago(120)),
            Undetermined(NO_REPORT.why),
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
    An account counts as used when its password or any of its keys was; its password and each key are also examined
    alone, because a forgotten password opens the account as well as one in daily use.
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
        if isinstance(credential, UserAccount):
            forgotten = _forgotten_password(credential, now=now, max_unused_days=max_unused_days)
            if forgotten is not None:
                return forgotten
        ago = f"{in_days(idle_days)} ago"
        return Satisfied(f"never used; made {ago}" if used_at is None else f"last used {ago}")
    if isinstance(credential.active, Unknown):
        return Undetermined(credential.active.why)
    history = "never used since it was made" if used_at is None else "last used"
    return Deviation(f"the {noun} was {history} {in_days(idle_days)} ago; the limit is {max_unused_days}")


def _forgotten_password(account: UserAccount, *, now: datetime, max_unused_days: int) -> Outcome | None:
    """What a password that nobody uses makes of an account in use; None where there is none, or it is used."""
    if account.console_access is False:
        return None
    used_at, set_at = account.password_last_used_at, account.password_set_at
    if used_at is not None:
        since, history = used_at, "last used"
    elif set_at is not None:
        since, history = set_at, "never used since it was set"
    else:
        since, history = account.created_at, "never used since the account was made"
    idle_days = days_since(since, now)
    for fact in (idle_days, account.console_access):
        if isinstance(fact, Unknown):
            return Undetermined(fact.why)
    assert isinstance(idle_days, int)
    if idle_days <= max_unused_days:
        return None
    only = "only a key since" if used_at is not None else "only a key was"
    return Deviation(
        f"the password was {history} {in_days(idle_days)} ago, and {only}; the limit is {max_unused_days}"
    )
