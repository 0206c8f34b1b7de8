"""RFC 3161 time stamps: an outside authority states that a checkpoint existed at a time.

A log's owner can rewrite a log that nobody else has seen. With a stamped checkpoint per day, no rewriting reaches further
back than the last stamp. What is stamped is the checkpoint's text of origin, size and root, without signatures, so that a
verifier that has the leaves can compute it again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from auditwright.sign.checkpoint import Checkpoint

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

Transport: TypeAlias = Callable[[bytes], bytes]
"""Sends a request's bytes to an authority (application/timestamp-query over HTTP) and returns its answer's bytes."""

MAX_RESPONSE_BYTES = 65_536  # an answer with its certificates has 2 to 8 kB


class TimestampError(ValueError):
    """A time stamp could not be had or does not hold; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampRequest:
    """A question to an authority: the bytes to send, and the nonce that its answer must repeat."""

    body: bytes
    nonce: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """A time stamp that holds: when, by the clock of the authority."""

    at: datetime
    serial: int
    policy: str
    """The object identifier of the rules that the authority follows."""


def stamped_message(checkpoint: Checkpoint) -> bytes:
    """Return the bytes of a checkpoint that are stamped: origin, size and root, a line each."""
    return Checkpoint(origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root).text.encode()


def build_request(message: bytes) -> TimestampRequest:
    """Make the question for a stamp of a message (SHA-256, with a nonce, asking for the certificates)."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    request = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).build()
    assert request.nonce is not None, "the builder adds a nonce unless told not to"
    return TimestampRequest(body=request.as_bytes(), nonce=request.nonce)


def load_roots(pem: bytes) -> tuple["Certificate", ...]:
    """Read the root certificates of the trusted authorities, at least one; raises TimestampError."""
    from cryptography import x509

    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError:
        raise TimestampError(
            "this is no certificate in PEM; get the authority's root certificate from its site"
        ) from None


def obtain(message: bytes, transport: Transport, roots: Sequence["Certificate"]) -> tuple[bytes, Timestamp]:
    """Have a message stamped, and return the answer's bytes, to be kept, once they were verified.

    Raises TimestampError; what the transport raises passes through.
    """
    request = build_request(message)
    response = transport(request.body)
    return response, verify_timestamp(response, message, roots, nonce=request.nonce)


def verify_timestamp(
    response: bytes, message: bytes, roots: Sequence["Certificate"], *, nonce: int | None = None
) -> Timestamp:
    """Check that an authority under one of the roots stamped a message, and return the time that it stated.

    The certificates need to have been valid at that time, not now. A nonce is checked where one is given. Raises TimestampError.
    """
    from rfc3161_client import VerificationError, VerifierBuilder

    if not roots:
        raise TimestampError("no root certificate is trusted, so that no time stamp can be checked: give one")
    parsed = _parse(response)
    builder = VerifierBuilder(roots=list(roots), nonce=nonce)
    try:
        builder.build().verify_message(parsed, message)
        info = parsed.tst_info
        return Timestamp(at=info.gen_time, serial=info.serial_number, policy=info.policy.dotted_string)
    except (VerificationError, ValueError) as error:
        raise TimestampError(f"the time stamp does not hold: {error}") from error


def _parse(response: bytes) -> "TimeStampResponse":
    from rfc3161_client import decode_timestamp_response

    if len(response) > MAX_RESPONSE_BYTES:
        raise TimestampError(
            f"an answer of {len(response)} bytes is beyond the {MAX_RESPONSE_BYTES} that are read"
        )
    try:
        parsed = decode_timestamp_response(response)
    except ValueError as error:
        raise TimestampError(f"the authority's answer is no RFC 3161 time stamp: {error}") from error
    if parsed.status != 0:
        words = "; ".join(parsed.status_string) or "it gave no reason"
        raise TimestampError(f"the authority refused to stamp (status {parsed.status}): {words}")
    return parsed
