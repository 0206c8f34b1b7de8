from datetime import UTC, datetime

import pytest

from auditwright.core.outcome import Unknown
from auditwright.core.resources import Certificate
from auditwright.integrations.aws import acm
from tests.integrations.aws.emulated import Account
from tests.integrations.aws.shapes import captured, model, read

ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/1"


def certificate(**fields: object) -> Certificate:
    row = {"CertificateArn": ARN, "DomainName": "app.example", "Status": "ISSUED", "InUse": True, **fields}
    (found,) = acm.normalize(read(captured(acm.CERTIFICATES, {"CertificateSummaryList": [row]})))
    assert isinstance(found, Certificate)
    return found


def test_certificates_with_every_kind_of_key_are_asked_for() -> None:
    """Left to itself, ACM lists certificates with RSA keys of up to 2,048 bits alone."""
    assert list(acm.KEY_TYPES) == model("acm").shape_for("KeyAlgorithm").enum  # type: ignore[attr-defined]  # a StringShape


def test_a_certificate_has_its_domain_use_and_end() -> None:
    found = certificate(NotAfter="2027-01-01T00:00:00+00:00")
    assert (found.id, found.domain, found.in_use, found.status) == (ARN, "app.example", True, "ISSUED")
    assert found.expires_at == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("status", ["PENDING_VALIDATION", "FAILED", "VALIDATION_TIMED_OUT"])
def test_what_was_never_issued_does_not_expire(status: str) -> None:
    assert certificate(Status=status).expires_at is None


def test_an_issued_certificate_without_an_end_is_unknown() -> None:
    assert isinstance(certificate().expires_at, Unknown)
    assert isinstance(certificate(InUse=None).in_use, Unknown)


def test_live_certificates(aws: str) -> None:
    account = Account(url=aws)
    for domain, key in (("short.example", "RSA_2048"), ("curve.example", "EC_prime256v1")):
        account.do("acm", "RequestCertificate", DomainName=domain, KeyAlgorithm=key)
    found = {one.domain: one for one in account.only(acm.STREAM) if isinstance(one, Certificate)}
    assert set(found) == {"short.example", "curve.example"}
    assert found["short.example"].in_use is False
