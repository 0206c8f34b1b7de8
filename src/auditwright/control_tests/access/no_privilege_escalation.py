"""Who may make themselves administrator."""

from dataclasses import replace

from auditwright.control_tests.access._proofs import (
    ADMINISTRATOR,
    ALL_KEYS,
    CERTIFICATE,
    FACTOR,
    KEY,
    NO_KEYS,
    WITH_FACTOR,
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
    id="access.no-privilege-escalation",
    controls=("IAM-08",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "IAM > Users > the user > Permissions: take away the permission that the path begins with, or narrow its "
            "Resource to what the work needs. Whoever has to create roles gets a permissions boundary."
        ),
        command=(
            "aws iam delete-user-policy --user-name <user> --policy-name <policy>; or aws iam put-user-permissions-boundary "
            "--user-name <user> --permissions-boundary <policy-arn>"
        ),
        terraform='resource "aws_iam_user": permissions_boundary; resource "aws_iam_policy": a narrower Resource',
    ),
    examples=(
        Example(FACTOR, Satisfied(f"proved out of reach: certificate {CERTIFICATE}")),
        Example(KEY, Satisfied(f"proved out of reach: certificate {CERTIFICATE}")),
        Example(
            reached(FACTOR, "session:mfa:ada", "iam:AttachUserPolicy ada", "administrator"),
            Deviation(
                f"{WORDS} is within reach: session:mfa:ada, then iam:AttachUserPolicy ada, then administrator"
            ),
        ),
        Example(
            reached(FACTOR, "session:mfa:ada", "administrator", own_right=True),
            NotApplicable("it is an administrator's by its own policies"),
        ),
        Example(unseen(FACTOR), Undetermined(f"it is not known whether {WORDS} is within reach: {NO_KEYS}")),
        Example(to_cluster(KEY), NotApplicable("it is not about the administrator of an account")),
        Example(ALL_KEYS, NotApplicable("it is no single credential of a user")),
        Example(
            replace(KEY, credential_type="root user"), NotApplicable("it is no single credential of a user")
        ),
    ),
)
def no_privilege_escalation(proof: ProvedAccess) -> Outcome:
    """No user who is not an administrator can become one.

    Some permissions are worth all others: to attach a policy, to pass a role to code of one's own, to hand out another
    user's keys. The second factor that a user shows does not matter here.
    """
    if proof.target_type != ADMINISTRATOR:
        return NotApplicable("it is not about the administrator of an account")
    if proof.credential_type not in {WITH_FACTOR, "access key", "password"}:
        return NotApplicable("it is no single credential of a user")
    if proof.verdict == "reachable" and proof.own_right:
        return NotApplicable("it is an administrator's by its own policies")
    return outcome_of(proof)
