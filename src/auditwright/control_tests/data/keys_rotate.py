"""Rotation of encryption keys."""

from dataclasses import replace

from auditwright.control_tests._examples import ENCRYPTION_KEY, REFUSED
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import EncryptionKey


@control_test(
    id="data.keys-rotate",
    controls=("CRY-03",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console="KMS > Customer managed keys > the key > Key rotation > Edit > Key rotation: Enable > Save.",
        command="aws kms enable-key-rotation --key-id <key-id> --rotation-period-in-days 365 --region <region>",
        terraform='resource "aws_kms_key" with enable_key_rotation = true',
    ),
    examples=(
        Example(ENCRYPTION_KEY, Satisfied()),
        Example(replace(ENCRYPTION_KEY, rotates=False), Deviation("the key 1111 does not rotate by itself")),
        Example(
            replace(ENCRYPTION_KEY, customer_managed=False, rotates=REFUSED),
            NotApplicable("AWS manages the key and rotates it"),
        ),
        Example(
            replace(ENCRYPTION_KEY, enabled=False, rotates=REFUSED),
            NotApplicable("the key is not enabled: it encrypts nothing"),
        ),
        Example(
            replace(ENCRYPTION_KEY, rotatable=False, rotates=REFUSED),
            NotApplicable("AWS cannot rotate a key of this kind by itself"),
        ),
        Example(replace(ENCRYPTION_KEY, rotates=REFUSED), Undetermined(REFUSED.why)),
        Example(replace(ENCRYPTION_KEY, customer_managed=REFUSED, rotates=False), Undetermined(REFUSED.why)),
    ),
)
def keys_rotate(key: EncryptionKey) -> Outcome:
    """Every encryption key that can rotate by itself does so.

    Rotation bounds how much is encrypted under one piece of key material. Keys that cannot rotate by
    themselves (asymmetric, HMAC, imported, or in a key store of one's own) are replaced by hand, which
    this test does not see.
    """
    exempt = (
        (key.customer_managed, "AWS manages the key and rotates it"),
        (key.enabled, "the key is not enabled: it encrypts nothing"),
        (key.rotatable, "AWS cannot rotate a key of this kind by itself"),
    )
    for fact, why in exempt:
        if fact is False:
            return NotApplicable(why)
    if key.rotates is True:
        return Satisfied()
    for fact in (key.rotates, key.customer_managed, key.enabled, key.rotatable):
        if isinstance(fact, Unknown):
            return Undetermined(fact.why)
    return Deviation(f"the key {key.name} does not rotate by itself")
