"""Access keys of root users."""

from dataclasses import replace

from auditwright.control_tests._examples import NO_REPORT, ROOT
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import RootUser


@control_test(
    id="identity.root-has-no-keys",
    controls=("IAM-03",),
    severity=Severity.CRITICAL,
    remediation=Remediation(
        console=(
            "Sign in as the root user, open the account menu > Security credentials > Access keys, choose "
            "the key, Actions > Deactivate, check that nothing breaks, then Actions > Delete."
        ),
        command=(
            "With the root user's own key: aws iam list-access-keys, then aws iam delete-access-key "
            "--access-key-id <key-id>. For a member account of an organization: aws sts assume-root "
            "--target-principal <account-id> --task-policy-arn "
            "arn=arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials, then the same commands "
            "with the session that it gives."
        ),
        terraform=(
            "Terraform never manages a root user's keys; delete them by hand. For member accounts: "
            'resource "aws_iam_organizations_features" with '
            'enabled_features = ["RootCredentialsManagement"]'
        ),
    ),
    examples=(
        Example(ROOT, Satisfied()),
        Example(
            replace(ROOT, active_access_keys=1),
            Deviation("the root user has 1 active access key; it must have none"),
        ),
        Example(
            replace(ROOT, active_access_keys=2),
            Deviation("the root user has 2 active access keys; it must have none"),
        ),
        Example(replace(ROOT, active_access_keys=NO_REPORT), Undetermined(NO_REPORT.why)),
    ),
)
def root_has_no_keys(root: RootUser) -> Outcome:
    """The root user of every cloud account has no active access key.

    A key works without a second factor and from anywhere, and what the root user may do cannot be
    narrowed. A leaked key of the root user is a lost account.
    """
    keys = root.active_access_keys
    if isinstance(keys, Unknown):
        return Undetermined(keys.why)
    if keys == 0:
        return Satisfied()
    noun = "access key" if keys == 1 else "access keys"
    return Deviation(f"the root user has {keys} active {noun}; it must have none")
