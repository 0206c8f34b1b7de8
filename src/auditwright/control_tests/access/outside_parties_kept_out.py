"""What outside identities come to."""

from dataclasses import replace

from auditwright.control_tests.access._proofs import (
    CERTIFICATE,
    KEY,
    OUTSIDE,
    outcome_of,
    reached,
)
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined
from auditwright.core.resources import ProvedAccess

WORDS = "administrator of account 111122223333"
PARTNER = replace(
    KEY, credential="account:444455556666", credential_type="another account", principal="444455556666"
)
UNVOUCHED = "Nobody in the other account acts without a second factor; that account can make up the claim."


@control_test(
    id="access.outside-parties-kept-out",
    controls=("IAM-14",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "IAM > Roles > the role > Trust relationships: name the one role of the other account that needs it, with a "
            "condition on sts:ExternalId; for programs, a condition on the token's subject. Where the other side asks for "
            "a second factor, write what shows it under [[access.attestation]] in auditwright.toml."
        ),
        command="aws iam update-assume-role-policy --role-name <role> --policy-document file://trust.json",
        terraform='resource "aws_iam_role": assume_role_policy with the conditions on sts:ExternalId or the token\'s sub',
    ),
    examples=(
        Example(PARTNER, Satisfied(f"proved out of reach: certificate {CERTIFICATE}")),
        Example(
            reached(
                replace(PARTNER, credential="anyone", credential_type="anyone"),
                "anyone",
                "sts:AssumeRole admin",
            ),
            Deviation(f"{WORDS} is within reach: anyone, then sts:AssumeRole admin"),
        ),
        Example(
            replace(
                PARTNER,
                verdict="unknown",
                path=("account:444455556666", "sts:AssumeRole admin"),
                assumptions=(UNVOUCHED,),
                certificate="",
            ),
            Undetermined(
                f"it is not known whether {WORDS} is within reach: {UNVOUCHED}; the path that cannot be ruled out: "
                "account:444455556666, then sts:AssumeRole admin"
            ),
        ),
        Example(KEY, NotApplicable("it is no identity of outside")),
    ),
)
def outside_parties_kept_out(proof: ProvedAccess) -> Outcome:
    """No outside identity reaches a cluster or administrator without a second factor.

    The same holds of what the organization names as a target. Other accounts, identity providers and programs with identities of their own act with the rights of each role that
    trusts them. Whether they ask for a second factor, the account cannot see.
    """
    if proof.credential_type not in OUTSIDE:
        return NotApplicable("it is no identity of outside")
    return outcome_of(proof)
