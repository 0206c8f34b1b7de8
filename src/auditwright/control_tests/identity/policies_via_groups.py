"""Policies attached to user accounts themselves."""

from dataclasses import replace

from auditwright.control_tests._examples import ADA_ACCOUNT, NO_DETAILS
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import UserAccount


@control_test(
    id="identity.policies-via-groups",
    controls=("IAM-08",),
    severity=Severity.LOW,
    remediation=Remediation(
        console=(
            "IAM > User groups > Create group with the policies that the work needs; IAM > Users > the user "
            "> Add user to groups; then Permissions > the policy > Remove."
        ),
        command=(
            "aws iam add-user-to-group --group-name <group-name> --user-name <user-name>; aws iam "
            "detach-user-policy --user-name <user-name> --policy-arn <policy-arn>; aws iam "
            "delete-user-policy --user-name <user-name> --policy-name <policy-name> for one that is "
            "written into the user"
        ),
        terraform=(
            'remove resource "aws_iam_user_policy_attachment" and resource "aws_iam_user_policy"; use '
            'resource "aws_iam_group_policy_attachment" and resource "aws_iam_user_group_membership"'
        ),
    ),
    examples=(
        Example(ADA_ACCOUNT, Satisfied()),
        Example(
            replace(ADA_ACCOUNT, attached_policies=("arn:aws:iam::aws:policy/ReadOnlyAccess",)),
            Deviation("attached to the account itself: arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ),
        Example(
            replace(ADA_ACCOUNT, inline_policies=("buckets", "queues"), attached_policies=NO_DETAILS),
            Deviation("written into the account itself: buckets, queues"),
        ),
        Example(replace(ADA_ACCOUNT, inline_policies=NO_DETAILS), Undetermined(NO_DETAILS.why)),
        Example(replace(ADA_ACCOUNT, attached_policies=NO_DETAILS), Undetermined(NO_DETAILS.why)),
    ),
)
def policies_via_groups(account: UserAccount) -> Outcome:
    """User accounts receive their permissions through groups or roles, never directly.

    Access that is attached person by person is forgotten when the person changes roles, and no review
    sees it as a whole. Groups and roles are reviewed once for everybody in them.
    """
    held = (
        ("attached to the account itself", account.attached_policies),
        ("written into the account itself", account.inline_policies),
    )
    direct = [
        f"{how}: {', '.join(sorted(policies))}"
        for how, policies in held
        if not isinstance(policies, Unknown) and policies
    ]
    if direct:
        return Deviation("; ".join(direct))
    for _, policies in held:
        if isinstance(policies, Unknown):
            return Undetermined(policies.why)
    return Satisfied()
