"""What all first factors together come to in an account."""

from auditwright.control_tests.access._proofs import (
    ADMINISTRATOR,
    ALL_KEYS,
    CERTIFICATE,
    EVERYBODY,
    KEY,
    NO_KEYS,
    outcome_of,
    reached,
    to_cluster,
    unseen,
)
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined
from auditwright.core.resources import ProvedAccess

WORDS = "administrator of account 111122223333"


@control_test(
    id="access.no-path-to-account-administrator",
    controls=("IAM-02", "IAM-08"),
    severity=Severity.CRITICAL,
    remediation=Remediation(
        console=(
            "Close one step of the path: take the permission away, or deny it without a second factor, in IAM > Users > "
            "the user > Permissions; or let the trust policy of the role on the way require aws:MultiFactorAuthPresent."
        ),
        command=(
            "aws iam put-user-policy --user-name <user> --policy-name deny-without-mfa --policy-document "
            "file://deny.json, which denies every action under the condition BoolIfExists aws:MultiFactorAuthPresent = "
            "false"
        ),
        terraform=(
            'resource "aws_iam_group_policy" with a Deny of every action under the condition BoolIfExists '
            'aws:MultiFactorAuthPresent = "false", for every group of people'
        ),
    ),
    examples=(
        Example(ALL_KEYS, Satisfied(f"proved out of reach: certificate {CERTIFICATE}")),
        Example(
            reached(ALL_KEYS, "key:ada", "sts:AssumeRole admin"),
            Deviation(f"{WORDS} is within reach: key:ada, then sts:AssumeRole admin"),
        ),
        Example(
            unseen(ALL_KEYS), Undetermined(f"it is not known whether {WORDS} is within reach: {NO_KEYS}")
        ),
        Example(to_cluster(ALL_KEYS), NotApplicable("it is not about the administrator of an account")),
        Example(KEY, NotApplicable("it is about one credential")),
    ),
)
def no_path_to_account_administrator(proof: ProvedAccess) -> Outcome:
    """Without a second factor, nobody becomes administrator of an account.

    Not even whoever has every key and password at once. What a policy asks of one user is void where another user may rewrite the policy, hand out keys, or run code as a
    role that may.
    """
    if proof.target_type != ADMINISTRATOR:
        return NotApplicable("it is not about the administrator of an account")
    if proof.credential_type != EVERYBODY:
        return NotApplicable("it is about one credential")
    return outcome_of(proof)
