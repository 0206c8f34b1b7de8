"""Checkpoints (c2sp.org/tlog-checkpoint): the log's size and root hash at one moment, signed by the log.

Two signed checkpoints that do not fit together prove that history was rewritten. Whoever holds one can show it, which is why
an auditor may cosign: a cosignature (c2sp.org/tlog-cosignature, v1) states that a witness saw this tree at a time.
"""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from auditwright.sign.merkle import HASH_BYTES, MAX_SIZE, TreeHead
from auditwright.sign.note import (
    COSIGNATURE_V1,
    SIGNATURE_BYTES,
    Note,
    NoteError,
    Signature,
    Signer,
    VerifierKey,
    check_text,
    decode_base64,
    is_key_name,
    is_signed,
    parse_note,
    verify,
)

MAX_POSIX_TIME = (1 << 63) - 1  # tlog-cosignature: a timestamp must not exceed it

_TIME_BYTES = 8
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class CheckpointError(ValueError):
    """A checkpoint is malformed, not of this log, or not signed by it; the message says which."""


def parse_count(text: str) -> int:
    """Read an ASCII decimal without leading zeros, up to 2^63-1; raises CheckpointError."""
    if _DECIMAL.fullmatch(text) is None or int(text) > MAX_SIZE:
        raise CheckpointError(f"this is no count of leaves: {text[:80]!r}")
    return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log states about itself: its name, its size and its root hash."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def head(self) -> TreeHead:
        """The tree that the checkpoint is about."""
        return TreeHead(size=self.size, root=self.root)

    @property
    def text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a checkpoint's text; raises CheckpointError."""
        lines = text.split("\n")
        if lines.pop() != "" or len(lines) < 3 or "" in lines:  # noqa: PLR2004  # origin, size, root
            raise CheckpointError(
                "a checkpoint has the log's origin, size and root hash, one a line; this has not"
            )
        origin, size, root, *extensions = lines
        try:
            digest = decode_base64(root)
        except NoteError as error:
            raise CheckpointError(f"the root hash of the checkpoint cannot be read: {error}") from None
        if len(digest) != HASH_BYTES:
            raise CheckpointError(
                f"the root hash of the checkpoint has {len(digest)} bytes instead of {HASH_BYTES}"
            )
        return cls(origin=origin, size=parse_count(size), root=digest, extensions=tuple(extensions))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """A witness saw a checkpoint, at a time."""

    witness: str
    posix_time_s: int


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """Return a checkpoint as the signed note that the log publishes.

    The log signs under its own name: raises CheckpointError when the key's name is not the origin.
    """
    if signer.name != checkpoint.origin or not is_key_name(checkpoint.origin):
        raise CheckpointError(f"the log {checkpoint.origin!r} cannot be signed by the key of {signer.name!r}")
    if not 0 <= checkpoint.size <= MAX_SIZE or len(checkpoint.root) != HASH_BYTES:
        raise CheckpointError(
            f"a log of {checkpoint.size} leaves with a root of {len(checkpoint.root)} bytes cannot be"
        )
    Checkpoint.parse(checkpoint.text)
    check_text(checkpoint.text)
    return Note(text=checkpoint.text, signatures=(signer.sign(checkpoint.text),)).encode()


def open_checkpoint(body: bytes, key: VerifierKey) -> Checkpoint:
    """Read a checkpoint that the log signed with this key; raises CheckpointError."""
    try:
        note = parse_note(body)
        verify(note, [key])
    except NoteError as error:
        raise CheckpointError(f"the checkpoint is not to be trusted: {error}") from error
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != key.name:
        raise CheckpointError(
            f"the checkpoint is of the log {checkpoint.origin!r}, the key is of {key.name!r}"
        )
    return checkpoint


def cosign(body: bytes, witness: Signer, posix_time_s: int) -> bytes:
    """Return a signed checkpoint with a witness's cosignature added.

    The witness must have checked the log's signature, and that the log grew from what it saw before. Raises NoteError.
    """
    if not 0 <= posix_time_s <= MAX_POSIX_TIME:
        raise NoteError(f"a cosignature cannot be of the time {posix_time_s}")
    note = parse_note(body)
    signature = Signature(
        name=witness.name,
        key_id=witness.verifier_key(COSIGNATURE_V1).key_id,
        signature=posix_time_s.to_bytes(_TIME_BYTES)
        + witness.private_key.sign(_cosigned_message(note.text, posix_time_s)),
    )
    return Note(text=note.text, signatures=(*note.signatures, signature)).encode()


def cosignatures(body: bytes, witnesses: Iterable[VerifierKey]) -> tuple[Cosignature, ...]:
    """Return the valid cosignatures of trusted witnesses under a checkpoint, in the note's order.

    Lines by others are ignored. Raises NoteError when a trusted witness's cosignature is wrong.
    """
    trusted = {(key.name, key.key_id): key for key in witnesses if key.algorithm == COSIGNATURE_V1}
    note = parse_note(body)
    found: list[Cosignature] = []
    for signature in note.signatures:
        key = trusted.get((signature.name, signature.key_id))
        if key is None:
            continue
        blob = signature.signature
        time_s = int.from_bytes(blob[:_TIME_BYTES])
        if (
            len(blob) != _TIME_BYTES + SIGNATURE_BYTES
            or time_s > MAX_POSIX_TIME
            or not is_signed(key.public_key, blob[_TIME_BYTES:], _cosigned_message(note.text, time_s))
        ):
            raise NoteError(
                f"the cosignature of {key.name} ({key.key_id.hex()}) is not by its key, or the text changed"
            )
        found.append(Cosignature(witness=key.name, posix_time_s=time_s))
    return tuple(found)


def _cosigned_message(text: str, posix_time_s: int) -> bytes:
    return f"cosignature/v1\ntime {posix_time_s}\n{text}".encode()
