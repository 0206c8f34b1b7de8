"""Expiry of certificates."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from auditwright.control_tests._days import days_until, in_days
from auditwright.control_tests._examples import CERTIFICATE, REFUSED
from auditwright.core.control_test import (
    EXAMPLE_NOW,
    Example,
    Remediation,
    Severity,
    control_test,
)
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import Certificate

_NEVER_ISSUED = frozenset({"PENDING_VALIDATION", "VALIDATION_TIMED_OUT", "FAILED"})
"""ACM's words for a certificate that does not exist yet, or never will."""


def _in(days: int) -> datetime:
    return EXAMPLE_NOW + timedelta(days=days)


@control_test(
    id="data.certificates-not-expiring",
    controls=("CRY-04",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "Certificate Manager > the certificate. One that AWS issued renews by itself while it is in use "
            "and its DNS record stands: create the CNAME records shown under Domains. One that was imported: "
            "Reimport, with the new certificate, key and chain."
        ),
        command=(
            "aws acm describe-certificate --certificate-arn <certificate-arn> shows the DNS records under "
            "DomainValidationOptions; for an imported one: aws acm import-certificate --certificate-arn "
            "<certificate-arn> --certificate fileb://certificate.pem --private-key fileb://key.pem "
            "--certificate-chain fileb://chain.pem"
        ),
        terraform=(
            'resource "aws_acm_certificate" with validation_method = "DNS", resource "aws_route53_record" for '
            'its domain_validation_options, and resource "aws_acm_certificate_validation"'
        ),
    ),
    examples=(
        Example(CERTIFICATE, Satisfied("expires in 200 days")),
        Example(replace(CERTIFICATE, expires_at=_in(30)), Satisfied("expires in 30 days")),
        Example(
            replace(CERTIFICATE, expires_at=_in(12)),
            Deviation("www.acme.example expires in 12 days; the limit is 30"),
        ),
        Example(
            replace(CERTIFICATE, expires_at=_in(-3), status="EXPIRED"),
            Deviation("www.acme.example expired on 2026-06-28"),
        ),
        Example(replace(CERTIFICATE, status="REVOKED"), Deviation("www.acme.example is revoked")),
        Example(
            replace(CERTIFICATE, expires_at=_in(-3), status="EXPIRED", in_use=False),
            NotApplicable("not in use, and expired on 2026-06-28"),
        ),
        Example(
            replace(CERTIFICATE, expires_at=_in(12), in_use=False),
            NotApplicable("not in use, and expires in 12 days; the limit is 30"),
        ),
        Example(
            replace(CERTIFICATE, expires_at=None, status="PENDING_VALIDATION", in_use=False),
            NotApplicable("never issued: PENDING_VALIDATION"),
        ),
        Example(replace(CERTIFICATE, expires_at=REFUSED), Undetermined(REFUSED.why)),
        Example(replace(CERTIFICATE, expires_at=_in(12), in_use=REFUSED), Undetermined(REFUSED.why)),
        Example(replace(CERTIFICATE, status=REFUSED), Undetermined(REFUSED.why)),
        Example(
            replace(CERTIFICATE, expires_at=_in(0) + timedelta(hours=5)),
            Deviation("www.acme.example expires within a day; the limit is 30"),
        ),
        Example(
            replace(CERTIFICATE, expires_at=None, status="EXPIRED"), Deviation("www.acme.example is expired")
        ),
        Example(replace(CERTIFICATE, expires_at=None), Undetermined("the source gives no date of expiry")),
    ),
)
def certificates_not_expiring(certificate: Certificate, *, now: datetime, min_days: int = 30) -> Outcome:
    """No certificate in use has expired or is about to.

    At least `min_days` days must be left. An expired certificate stops the service, or teaches its users
    to click warnings away. One that should have been renewed by itself and was not needs days to be put
    right.
    """
    if certificate.status in _NEVER_ISSUED:
        return NotApplicable(f"never issued: {certificate.status}")
    state = _state(certificate, now, min_days)
    match state:
        case Satisfied():
            return state
        case Unknown(why):
            return Undetermined(why)
        case str():
            return _where_used(certificate, state)
        case _:
            assert_never(state)


def _state(certificate: Certificate, now: datetime, min_days: int) -> Satisfied | Unknown | str:
    """What is wrong with a certificate, in words, where something is."""
    if certificate.status == "REVOKED":
        return "is revoked"
    expires_at = certificate.expires_at
    if isinstance(expires_at, Unknown):
        return expires_at
    if expires_at is None:
        return _without_date(certificate.status)
    problem = _expiry(expires_at, now, min_days)
    # A good date alone does not show that the certificate was not revoked.
    if not problem and isinstance(certificate.status, Unknown):
        return certificate.status
    return problem or Satisfied(f"expires in {in_days(days_until(expires_at, now))}")


def _without_date(status: str | Unknown) -> Unknown | str:
    if isinstance(status, Unknown):
        return status
    return "is expired" if status == "EXPIRED" else Unknown("the source gives no date of expiry")


def _expiry(expires_at: datetime, now: datetime, min_days: int) -> str:
    """What is wrong with a date of expiry; empty where nothing is."""
    if expires_at <= now:
        return f"expired on {expires_at.date().isoformat()}"
    left_days = days_until(expires_at, now)
    if left_days >= min_days:
        return ""
    when = f"in {in_days(left_days)}" if left_days else "within a day"
    return f"expires {when}; the limit is {min_days}"


def _where_used(certificate: Certificate, problem: str) -> Outcome:
    if isinstance(certificate.in_use, Unknown):
        return Undetermined(certificate.in_use.why)
    if certificate.in_use:
        return Deviation(f"{certificate.domain} {problem}")
    return NotApplicable(f"not in use, and {problem}")
