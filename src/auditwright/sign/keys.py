"""Signing keys: making one, and reading it back from its file."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditwright.sign.note import NoteError, Signer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MAX_KEY_FILE_BYTES = 16_384  # an Ed25519 key in PEM has 119 bytes; whatever is larger is another file


class KeyFileError(ValueError):
    """A key file does not hold a usable private key; the message says what it holds instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made: the secret to write to a file of its own, and the public text to hand out."""

    pem: bytes = field(repr=False)
    vkey: str


def make_key(name: str) -> NewKey:
    """Make an Ed25519 key that signs under a name, such as `acme.example/auditwright`.

    Raises KeyFileError for a name that a key cannot have.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private_key = Ed25519PrivateKey.generate()
    pem = private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return NewKey(pem=pem, vkey=_signer(name, private_key).verifier_key().text)


def load_key(pem: bytes, name: str) -> Signer:
    """Read a private key from the bytes of its file (PEM, PKCS #8, Ed25519, not encrypted).

    Raises KeyFileError.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if len(pem) > MAX_KEY_FILE_BYTES:
        raise KeyFileError(
            f"a key file has under {MAX_KEY_FILE_BYTES} bytes; this one has {len(pem)}: it is another file"
        )
    if b"PUBLIC KEY" in pem and b"PRIVATE KEY" not in pem:
        raise KeyFileError("this is a public key; signing needs the private one")
    try:
        private_key = serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        raise KeyFileError(
            "this private key is encrypted; keep it unencrypted in a file that only its owner can read"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFileError("this is not a private key in PEM; restore the file from its backup") from None
    if not isinstance(private_key, Ed25519PrivateKey):
        raise KeyFileError(
            f"the log is signed with Ed25519; this is a key of another kind ({type(private_key).__name__})"
        )
    return _signer(name, private_key)


def _signer(name: str, private_key: "Ed25519PrivateKey") -> Signer:
    try:
        return Signer(name=name, private_key=private_key)
    except NoteError as error:
        raise KeyFileError(str(error)) from None
