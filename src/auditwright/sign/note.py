"""Signed notes (c2sp.org/signed-note): a text, and lines that sign it with named Ed25519 keys.

The text of a note means nothing until `verify` has named a trusted key that signed it. Parsing is strict: a note has one
spelling, so a changed byte is never read as the same note.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = 0x01
"""Signature type of a note signed with Ed25519."""
COSIGNATURE_V1 = 0x04
"""Signature type of a witness's timestamped Ed25519 cosignature."""

KEY_BYTES = 32
SIGNATURE_BYTES = 64
KEY_ID_BYTES = 4

MAX_NOTE_BYTES = 1_000_000  # a checkpoint has some 200 bytes; room for many post-quantum signatures of 5 kB
MAX_SIGNATURES = 100  # the specification asks for at least 16

_SIGNATURE_LINE = re.compile(r"— (\S+) (\S+)")
_VKEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+(\S+)")


class NoteError(ValueError):
    """A note or a key text is malformed, or no trusted key signed it; the message says which."""


def is_key_name(name: str) -> bool:
    """True for a name that a key may have: not empty, without spaces, control characters and plus signs."""
    return bool(name) and name.isprintable() and not any(c.isspace() or c == "+" for c in name)


def key_id(name: str, algorithm: int, public_key: bytes) -> bytes:
    """Return the 4 bytes that name a key in a signature line."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public_key).digest()[:KEY_ID_BYTES]


def decode_base64(text: str) -> bytes:
    """Decode standard base64 in its only spelling: padded, no stray characters, no stray bits.

    Raises NoteError.
    """
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"this is not base64: {text[:80]!r}") from None
    if base64.b64encode(decoded).decode() != text:
        raise NoteError(f"this is base64 in a spelling that nobody writes: {text[:80]!r}")
    return decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key and the name that it signs under."""

    name: str
    public_key: bytes
    algorithm: int = ED25519

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that name the key in a signature line."""
        return key_id(self.name, self.algorithm, self.public_key)

    @property
    def text(self) -> str:
        """The key in one line, as it is handed out: name+id+base64 of the signature type and the key."""
        material = base64.b64encode(bytes([self.algorithm]) + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the one-line text, in hexadecimal: what two people compare by voice."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line of a note: who claims to have signed, and the bytes to check."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line as it stands in the note, without its newline."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.signature).decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text and the signatures under it, none of them checked yet."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """Return the note's bytes."""
        lines = "".join(f"{signature.line}\n" for signature in self.signatures)
        return f"{self.text}\n{lines}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key and the name that it signs under."""

    name: str
    private_key: "Ed25519PrivateKey"

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise NoteError(f"a key cannot be named {self.name!r}: a name has no spaces and no plus sign")

    def verifier_key(self, algorithm: int = ED25519) -> VerifierKey:
        """Return the public half, for notes or for cosignatures."""
        public_key = self.private_key.public_key().public_bytes_raw()
        return VerifierKey(name=self.name, public_key=public_key, algorithm=algorithm)

    def sign(self, text: str) -> Signature:
        """Sign a note's text."""
        check_text(text)
        key = self.verifier_key()
        return Signature(name=self.name, key_id=key.key_id, signature=self.private_key.sign(text.encode()))


def parse_verifier_key(text: str) -> VerifierKey:
    """Read a key from its one-line text.

    Raises NoteError where the text is malformed, of another kind of key, or its id does not fit its key.
    """
    shape = _VKEY.fullmatch(text)
    if shape is None or not is_key_name(shape[1]):
        raise NoteError(f"a verifier key reads name+id+key; this does not: {text[:200]!r}")
    material = decode_base64(shape[3])
    if len(material) != 1 + KEY_BYTES or material[0] not in {ED25519, COSIGNATURE_V1}:
        raise NoteError(f"the key of {shape[1]} is no Ed25519 key, and no other kind is understood")
    key = VerifierKey(name=shape[1], public_key=material[1:], algorithm=material[0])
    if key.key_id.hex() != shape[2]:
        raise NoteError(
            f"the key of {shape[1]} has the id {key.key_id.hex()}, its text says {shape[2]}: a part of it changed"
        )
    return key


def check_text(text: str) -> None:
    """Raise NoteError for a text that a note cannot hold."""
    if not text.endswith("\n"):
        raise NoteError("the text of a note ends with a newline")
    if any(c < " " and c != "\n" for c in text):
        raise NoteError("a note holds no control characters")


def parse_note(body: bytes) -> Note:
    """Read a signed note without checking any signature; raises NoteError."""
    if len(body) > MAX_NOTE_BYTES:
        raise NoteError(f"a note of {len(body)} bytes is beyond the {MAX_NOTE_BYTES} that are read")
    try:
        whole = body.decode()
    except UnicodeDecodeError as error:
        raise NoteError(f"a note is UTF-8 text; this is not, at byte {error.start}") from None
    end = whole.rfind("\n\n")
    if end < 0:
        raise NoteError("a note has an empty line before its signatures; this has none")
    text, below = whole[: end + 1], whole[end + 2 :]
    check_text(text)
    if not below.endswith("\n"):
        raise NoteError("a note ends with signature lines, each with its newline; this is cut off")
    lines = below[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note with {len(lines)} signatures is beyond the {MAX_SIGNATURES} that are read")
    return Note(text=text, signatures=tuple(_parse_signature(line) for line in lines))


def _parse_signature(line: str) -> Signature:
    shape = _SIGNATURE_LINE.fullmatch(line)
    if shape is None or not is_key_name(shape[1]):
        raise NoteError(f"a signature line reads '— name base64'; this does not: {line[:200]!r}")
    blob = decode_base64(shape[2])
    if len(blob) <= KEY_ID_BYTES:
        raise NoteError(f"the signature of {shape[1]} is empty")
    return Signature(name=shape[1], key_id=blob[:KEY_ID_BYTES], signature=blob[KEY_ID_BYTES:])


def verify(note: Note, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Return the trusted Ed25519 keys that signed a note: at least one.

    Signatures by unknown keys are ignored. Raises NoteError when a trusted key's signature is wrong, and when none of
    the keys signed.
    """
    trusted = {(key.name, key.key_id): key for key in keys if key.algorithm == ED25519}
    signed: dict[tuple[str, bytes], VerifierKey] = {}
    for signature in note.signatures:
        identity = (signature.name, signature.key_id)
        key = trusted.get(identity)
        if key is None:
            continue
        if not is_signed(key.public_key, signature.signature, note.text.encode()):
            raise NoteError(
                f"the signature of {key.name} ({key.key_id.hex()}) is not by its key, or the text changed"
            )
        signed[identity] = key
    if not signed:
        wanted = ", ".join(f"{name} ({identifier.hex()})" for name, identifier in trusted) or "none"
        found = ", ".join(f"{s.name} ({s.key_id.hex()})" for s in note.signatures)
        raise NoteError(f"no trusted key signed this: trusted are {wanted}; signed by {found}")
    return tuple(signed.values())


def is_signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """True when an Ed25519 signature over a message is by a public key (RFC 8032)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
