"""AWS Certificate Manager: certificates and when they expire."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from auditwright.core.ids import ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import Certificate
from auditwright.integrations.aws.operations import AwsStream, Listing
from auditwright.integrations.aws.reading import Answers, Row

KEY_TYPES: Final = (
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
)
"""Every kind of key that ACM knows; unless they are named it lists certificates with the shorter RSA keys alone."""

CERTIFICATES: Final = Listing(
    service="acm",
    method="ListCertificates",
    parameters={"Includes": {"keyTypes": list(KEY_TYPES)}},
    items=("CertificateSummaryList",),
)

_NEVER_ISSUED: Final = frozenset({"PENDING_VALIDATION", "VALIDATION_TIMED_OUT", "FAILED"})
"""States in which there is only a request, and so nothing that could expire."""


def normalize(answers: Answers) -> Iterator[Resource]:
    """The certificates of one region."""
    for row in answers.items(CERTIFICATES):
        arn = row.required_text("CertificateArn")
        domain = row.text_or_none("DomainName") or ""
        yield Certificate(
            id=ResourceId(arn),
            name=domain or arn,
            scope=answers.scope,
            evidence=(row.digest,),
            domain=domain,
            in_use=row.boolean("InUse"),
            expires_at=_expires_at(row),
            status=row.text("Status"),
        )


def _expires_at(row: Row) -> datetime | Unknown | None:
    if row.text_or_none("Status") in _NEVER_ISSUED:
        return None
    return row.moment("NotAfter")


STREAM: Final = AwsStream(
    id=StreamId("aws.acm"),
    title="ACM certificates",
    regional=True,
    operations=(CERTIFICATES,),
    emits=(Certificate,),
    normalize=normalize,
)
