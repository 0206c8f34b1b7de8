"""What single keys and passwords come to."""

from dataclasses import replace

from auditwright.control_tests.access._proofs import (
    ALL_KEYS,
    CERTIFICATE,
    FACTOR,
    FIRST_FACTORS,
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

SIGN_IN = "sts:GetCallerIdentity (presigned), prod: ada in system:masters"


@control_test(
    id="access.every-credential-needs-a-second-factor",
    controls=("IAM-02",),
    severity=Severity.CRITICAL,
    remediation=Remediation(
        console=(
            "Close one step of the path. Where a key opens a cluster: map a role instead of the user, and let the role's "
            "trust policy require aws:MultiFactorAuthPresent (IAM > Roles > the role > Trust relationships)."
        ),
        command=(
            "aws iam update-assume-role-policy --role-name <role> --policy-document file://trust.json, whose statement "
            "has the condition Bool aws:MultiFactorAuthPresent = true; then remove the user's own mapping: aws eks "
            "delete-access-entry --cluster-name <cluster> --principal-arn <user-arn>"
        ),
        terraform=(
            'resource "aws_iam_role": assume_role_policy with the condition Bool aws:MultiFactorAuthPresent = "true"; '
            'resource "aws_eks_access_entry": the role as principal_arn, no user'
        ),
    ),
    examples=(
        Example(KEY, Satisfied(f"proved out of reach: certificate {CERTIFICATE}")),
        Example(
            reached(to_cluster(KEY), "key:ada", SIGN_IN),
            Deviation(f"administrator of cluster prod is within reach: key:ada, then {SIGN_IN}"),
        ),
        Example(
            unseen(KEY),
            Undetermined(
                f"it is not known whether administrator of account 111122223333 is within reach: {NO_KEYS}"
            ),
        ),
        Example(ALL_KEYS, NotApplicable("it is no single key, password or root user")),
        Example(FACTOR, NotApplicable("it is no single key, password or root user")),
        Example(
            replace(KEY, credential_type="identity provider"),
            NotApplicable("it is no single key, password or root user"),
        ),
    ),
)
def every_credential_needs_a_second_factor(proof: ProvedAccess) -> Outcome:
    """No key or password reaches a cluster or an administrator without a second factor.

    The same holds of what the organization names as a target. A policy that denies whoever shows no second factor does not hold everywhere: a plain key signs in to a cluster
    whose map names its user, because no policy can deny what the sign-in is made of.
    """
    if proof.credential_type not in FIRST_FACTORS:
        return NotApplicable("it is no single key, password or root user")
    return outcome_of(proof)
