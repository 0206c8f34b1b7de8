"""Portable inclusion proofs (c2sp.org/tlog-proof@v1): one file that shows a leaf to be in a signed log, offline."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from auditwright.sign.checkpoint import Checkpoint, CheckpointError, open_checkpoint, parse_count
from auditwright.sign.merkle import HASH_BYTES, InvalidProofError, verify_inclusion
from auditwright.sign.note import MAX_NOTE_BYTES, NoteError, VerifierKey, decode_base64

HEADER = "c2sp.org/tlog-proof@v1"

MAX_PATH_HASHES = 63  # a tree has no more levels than its size has bits
MAX_PROOF_BYTES = 2 * MAX_NOTE_BYTES  # the checkpoint, and as much again for the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """The place of a leaf, the hashes from it to the root, and the signed checkpoint that has this root."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    """The signed note, byte by byte as the log published it."""
    extra: bytes | None = None
    """What an application adds; nothing vouches for it."""

    def encode(self) -> bytes:
        """Return the bytes of a .tlog-proof file."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {_base64(self.extra)}")
        lines += [f"index {self.index}", *map(_base64, self.path), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read a .tlog-proof file; its checkpoint is kept, not read. Raises InvalidProofError."""
        if len(body) > MAX_PROOF_BYTES:
            raise InvalidProofError(
                f"a proof of {len(body)} bytes is beyond the {MAX_PROOF_BYTES} that are read"
            )
        top, found, checkpoint = body.partition(b"\n\n")
        if not found or not top.isascii():
            raise InvalidProofError("a proof has ASCII lines, an empty line and a checkpoint; this has not")
        header, *lines = top.decode("ascii").split("\n")
        if header != HEADER:
            raise InvalidProofError(f"the first line of a proof is {HEADER}; this one is {header[:80]!r}")
        try:
            extra = decode_base64(lines.pop(0).removeprefix("extra ")) if _starts(lines, "extra ") else None
            if not _starts(lines, "index "):
                raise InvalidProofError("the proof does not give the leaf's index")
            index = parse_count(lines.pop(0).removeprefix("index "))
            path = _parse_path(lines)
        except (NoteError, CheckpointError) as error:
            raise InvalidProofError(f"the proof cannot be read: {error}") from None
        return cls(index=index, path=path, checkpoint=checkpoint, extra=extra)

    def verify(self, leaf_hash: bytes, key: VerifierKey) -> Checkpoint:
        """Check that the log of this key holds the leaf, and return the checkpoint that says so.

        Raises CheckpointError when the checkpoint is not the log's, InvalidProofError when the leaf is not in it.
        """
        checkpoint = open_checkpoint(self.checkpoint, key)
        verify_inclusion(leaf_hash, self.index, self.path, checkpoint.head)
        return checkpoint


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _starts(lines: Sequence[str], prefix: str) -> bool:
    return bool(lines) and lines[0].startswith(prefix)


def _parse_path(lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > MAX_PATH_HASHES:
        raise InvalidProofError(
            f"the proof has {len(lines)} hashes; no tree is higher than {MAX_PATH_HASHES}"
        )
    path = tuple(decode_base64(line) for line in lines)
    if any(len(digest) != HASH_BYTES for digest in path):
        raise InvalidProofError(f"every hash of a proof has {HASH_BYTES} bytes")
    return path
