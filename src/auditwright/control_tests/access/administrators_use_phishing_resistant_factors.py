"""Which second factors administrators have."""

from datetime import timedelta

from auditwright.control_tests._examples import ACCOUNT, EVIDENCE, days_ago
from auditwright.control_tests.access._proofs import (
    ADA,
    ADMINISTRATOR,
    FACTOR,
    KEY,
    NO_KEYS,
    WITH_FACTOR,
    outcome_of,
    reached,
    unseen,
)
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.ids import ResourceId
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resource import Related
from auditwright.core.resources import MfaDevice, ProvedAccess

PHISHING_RESISTANT = "security key"


def device(type_: str | Unknown, name: str = "one") -> MfaDevice:
    """A second factor of ada."""
    return MfaDevice(
        id=ResourceId(f"arn:aws:iam::111122223333:mfa/{name}"),
        name=name,
        scope=ACCOUNT,
        evidence=EVIDENCE,
        user=ADA,
        type=type_,
        enabled_at=days_ago(30) + timedelta(hours=1),
    )


UNCLEAR = Unknown("the form of the serial number is not one that is known")
ADMIN = reached(FACTOR, "session:mfa:ada", "administrator of account 111122223333", own_right=True)


@control_test(
    id="access.administrators-use-phishing-resistant-factors",
    controls=("IAM-02",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "IAM > Users > the user > Security credentials > Multi-factor authentication (MFA) > Assign MFA device > "
            "Passkey or security key; then remove the devices of other types."
        ),
        command=(
            "A passkey or security key is enrolled in the console. Then: aws iam deactivate-mfa-device --user-name <user> "
            "--serial-number <serial of the app>"
        ),
        terraform="A passkey or security key is enrolled by its owner, in the console.",
    ),
    examples=(
        Example(ADMIN, Satisfied(), given=(device(PHISHING_RESISTANT),)),
        Example(
            ADMIN,
            Deviation("the administrator's second factors can be phished: app one"),
            given=(device("app"), device(PHISHING_RESISTANT, "two")),
        ),
        Example(ADMIN, Deviation("the administrator has no second factor")),
        Example(ADMIN, Undetermined(UNCLEAR.why), given=(device(UNCLEAR),)),
        Example(
            unseen(FACTOR),
            Undetermined(
                f"it is not known whether administrator of account 111122223333 is within reach: {NO_KEYS}"
            ),
        ),
        Example(FACTOR, NotApplicable("it is no administrator's")),
        Example(KEY, NotApplicable("it is no session with a second factor")),
    ),
)
def administrators_use_phishing_resistant_factors(
    proof: ProvedAccess, *, devices: Related[MfaDevice]
) -> Outcome:
    """Users who are administrators have only second factors that cannot be phished.

    A code is read to whoever asks for it well enough; a security key or passkey answers only the real site.
    """
    if proof.credential_type != WITH_FACTOR or proof.target_type != ADMINISTRATOR:
        return NotApplicable("it is no session with a second factor")
    if proof.verdict == "unknown":
        return outcome_of(proof)
    if not (proof.verdict == "reachable" and proof.own_right):
        return NotApplicable("it is no administrator's")
    held = [each for each in devices if each.user == proof.principal]
    weak = [
        f"{each.type} {each.name}"
        for each in held
        if not isinstance(each.type, Unknown) and each.type != PHISHING_RESISTANT
    ]
    if weak:
        return Deviation(f"the administrator's second factors can be phished: {', '.join(weak)}")
    unclear = next((each.type for each in held if isinstance(each.type, Unknown)), None)
    lacking = unclear or devices.absence_at(proof.scope)
    if lacking is not None:
        return Undetermined(lacking.why)
    return Satisfied() if held else Deviation("the administrator has no second factor")
