"""Signed statements: DSSE envelopes (https://github.com/secure-systems-lab/dsse) with an Ed25519 key.

What is signed is the pre-authentication encoding of type and payload, so that a payload cannot be taken for one of another type.
"""

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING

from auditwright.sign.note import Signer, VerifierKey

if TYPE_CHECKING:
    pass

MAX_ENVELOPE_BYTES = 512 << 20
"""A statement about a million issues has some 300 MB."""


class EnvelopeError(ValueError):
    """An envelope is malformed, or no trusted key signed it; the message says which."""


def encoded(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed (DSSE 1.0, PAE)."""
    named = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(named), named, len(payload), payload)


def key_name(key: VerifierKey) -> str:
    """The key's id in an envelope: the SHA-256 of the public key, in hexadecimal."""
    return hashlib.sha256(key.public_key).hexdigest()


def envelope(payload: bytes, payload_type: str, signer: Signer) -> bytes:
    """Sign a payload; the envelope as JSON."""
    signature = signer.private_key.sign(encoded(payload_type, payload))
    document = {
        "payloadType": payload_type,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {"keyid": key_name(signer.verifier_key()), "sig": base64.b64encode(signature).decode()}
        ],
    }
    return json.dumps(document, indent=1).encode()


def opened(body: bytes, key: VerifierKey) -> tuple[str, bytes]:
    """The type and the payload of an envelope that this key signed. Raises EnvelopeError; nothing unsigned is given back."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    payload_type, payload, signatures = _parsed(body)
    public: Ed25519PublicKey = Ed25519PublicKey.from_public_bytes(key.public_key)
    for signature in signatures:
        try:
            public.verify(signature, encoded(payload_type, payload))
        except InvalidSignature:
            continue
        return payload_type, payload
    raise EnvelopeError(f"no signature of the envelope is by the key {key.name}")


def _parsed(body: bytes) -> tuple[str, bytes, list[bytes]]:
    if len(body) > MAX_ENVELOPE_BYTES:
        raise EnvelopeError(f"an envelope has at most {MAX_ENVELOPE_BYTES} bytes")
    try:
        document = json.loads(body)
        payload_type, payload = document["payloadType"], base64.b64decode(document["payload"], validate=True)
        signatures = [base64.b64decode(entry["sig"], validate=True) for entry in document["signatures"]]
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError) as error:
        raise EnvelopeError(f"this is no DSSE envelope: {error}") from None
    if not isinstance(payload_type, str):
        raise EnvelopeError("this is no DSSE envelope: its payload type is no text")
    return payload_type, payload, signatures
