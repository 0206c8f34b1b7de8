"""Second factor of accounts with a password."""

from dataclasses import replace

from auditwright.control_tests._examples import ADA_ACCOUNT, NO_REPORT
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import UserAccount


@control_test(
    id="identity.console-users-have-mfa",
    controls=("IAM-02",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "IAM > Users > the user > Security credentials > Multi-factor authentication (MFA) > Assign MFA "
            "device. If the user needs no console: Security credentials > Manage console access > Disable."
        ),
        command=(
            "aws iam enable-mfa-device --user-name <user-name> --serial-number <mfa-device-arn> "
            "--authentication-code1 <code> --authentication-code2 <next-code>; or, where no console is "
            "needed: aws iam delete-login-profile --user-name <user-name>"
        ),
        terraform=(
            'resource "aws_iam_user_login_profile": remove it where no console is needed. A device is '
            'enrolled by its owner; resource "aws_iam_group_policy" with a Deny of everything but enrollment '
            "under the condition BoolIfExists aws:MultiFactorAuthPresent = false makes it necessary."
        ),
    ),
    examples=(
        Example(ADA_ACCOUNT, Satisfied()),
        Example(
            replace(ADA_ACCOUNT, mfa_enrolled=False),
            Deviation("ada signs in with a password and has no second factor"),
        ),
        Example(
            replace(ADA_ACCOUNT, console_access=False, mfa_enrolled=False),
            NotApplicable("no password opens a session"),
        ),
        Example(
            replace(ADA_ACCOUNT, active=False, console_access=False), NotApplicable("the account is disabled")
        ),
        Example(replace(ADA_ACCOUNT, console_access=NO_REPORT), Undetermined(NO_REPORT.why)),
        Example(replace(ADA_ACCOUNT, mfa_enrolled=NO_REPORT), Undetermined(NO_REPORT.why)),
    ),
)
def console_users_have_mfa(account: UserAccount) -> Outcome:
    """Every account that signs in with a password has a second factor enrolled.

    Passwords are guessed, reused and phished. A stolen password alone must not open a session.
    """
    if account.active is False:
        return NotApplicable("the account is disabled")
    if account.console_access is False:
        return NotApplicable("no password opens a session")
    for fact in (account.console_access, account.mfa_enrolled):
        if isinstance(fact, Unknown):
            return Undetermined(fact.why)
    if account.mfa_enrolled is True:
        return Satisfied()
    return Deviation(f"{account.name} signs in with a password and has no second factor")
