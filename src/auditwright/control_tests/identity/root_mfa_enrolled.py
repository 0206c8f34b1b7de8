"""Second factor of root users."""

from dataclasses import replace

from auditwright.control_tests._examples import NO_REPORT, ROOT
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import RootUser


@control_test(
    id="identity.root-mfa-enrolled",
    controls=("IAM-02", "IAM-03"),
    severity=Severity.CRITICAL,
    remediation=Remediation(
        console=(
            "Sign in as the root user, open the account menu > Security credentials > Multi-factor "
            "authentication (MFA) > Assign MFA device, and register a passkey or security key. Register a "
            "second device and keep it apart."
        ),
        command=(
            "A root user's second factor cannot be enrolled by command. For a member account of an "
            "organization, remove the root password instead, from the management account: "
            "aws iam enable-organizations-root-credentials-management, then aws sts assume-root "
            "--target-principal <account-id> --task-policy-arn "
            "arn=arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials, and with the session that "
            "it gives: aws iam delete-login-profile"
        ),
        terraform=(
            "Terraform cannot enroll a root user's second factor. For member accounts: "
            'resource "aws_iam_organizations_features" with '
            'enabled_features = ["RootCredentialsManagement"]'
        ),
    ),
    examples=(
        Example(ROOT, Satisfied()),
        Example(replace(ROOT, mfa_enrolled=False), Deviation("the root user has no second factor")),
        Example(replace(ROOT, mfa_enrolled=NO_REPORT), Undetermined(NO_REPORT.why)),
    ),
)
def root_mfa_enrolled(root: RootUser) -> Outcome:
    """The root user of every cloud account has a second factor enrolled.

    The root user can do everything, no policy limits it, and its sign-in name is an e-mail address.
    Whoever holds the password alone, or the mailbox that resets it, must not be able to take the account.
    """
    if isinstance(root.mfa_enrolled, Unknown):
        return Undetermined(root.mfa_enrolled.why)
    return Satisfied() if root.mfa_enrolled else Deviation("the root user has no second factor")
