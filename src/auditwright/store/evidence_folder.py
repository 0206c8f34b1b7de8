"""Evidence in a folder: one compressed file for each digest.

How bytes are kept (each step completes before the next):
1. compress into a new file in `tmp/`; force its content onto the medium;
2. rename it to `sha256/aa/bb/<digest>.zst`; force the folder's list of names onto the medium.
A crash between leaves a temporary file, which a later start sweeps, and never half of an evidence file.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from auditwright.core.evidence import digest_of
from auditwright.core.ids import Digest
from auditwright.core.ports import EvidenceCorruptError, EvidenceMissingError, StoreError
from auditwright.store.disk import (
    PRIVATE_FOLDER,
    TEMPORARY_FOLDER,
    Disk,
    RealDisk,
    discard,
    disk_error,
    make_folders,
    publish,
    sweep,
    temporary_name,
)

if TYPE_CHECKING:
    import zstandard

MAX_EVIDENCE_BYTES = 256 * 1024 * 1024
"""No answer of a source comes near this; it bounds what a damaged file can make us allocate."""

MAX_PACKED_BYTES = MAX_EVIDENCE_BYTES + MAX_EVIDENCE_BYTES // 64
"""zstd never makes bytes much longer than they were; a longer file was not written here."""

COMPRESSION_LEVEL = 3
"""zstd's own default: JSON shrinks about tenfold at hundreds of MB/s."""

_SUFFIX = ".zst"
_DIGEST = re.compile(r"[0-9a-f]{64}")


def is_digest(value: object) -> bool:
    """True for 64 lowercase hexadecimal digits: nothing else ever becomes a path or a key."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def storage_key(digest: Digest) -> str:
    """Where evidence lies below its root, such as `sha256/ab/cd/abcd….zst`; raises EvidenceMissingError."""
    if not is_digest(digest):
        message = (
            f"{str(digest)[:80]!r} is no SHA-256 digest (64 lowercase hexadecimal digits); no evidence has it"
        )
        raise EvidenceMissingError(message)
    return f"sha256/{digest[:2]}/{digest[2:4]}/{digest}{_SUFFIX}"


def digest_of_name(name: str) -> Digest | None:
    """The digest that a stored file's name stands for."""
    stem = name.removesuffix(_SUFFIX)
    return Digest(stem) if name.endswith(_SUFFIX) and is_digest(stem) else None


def pack(body: bytes) -> bytes:
    """Compress evidence; raises StoreError where it is larger than any evidence may be."""
    import zstandard

    if len(body) > MAX_EVIDENCE_BYTES:
        message = f"evidence of {len(body)} bytes is more than the {MAX_EVIDENCE_BYTES} that are kept; split the question"
        raise StoreError(message)
    return zstandard.ZstdCompressor(level=COMPRESSION_LEVEL, write_content_size=True).compress(body)


def unpack(packed: bytes, digest: Digest, place: str) -> bytes:
    """Decompress evidence and check it against its digest; raises EvidenceCorruptError."""
    import zstandard

    remedy = "restore that one file from a backup"
    try:
        body = _decompress(zstandard.ZstdDecompressor(), packed)
    except (zstandard.ZstdError, ValueError) as error:
        message = f"{place} cannot be decompressed ({error}); {remedy}"
        raise EvidenceCorruptError(message) from error
    if digest_of(body) != digest:
        message = f"{place} holds other bytes than those it was stored for; {remedy}"
        raise EvidenceCorruptError(message)
    return body


def _decompress(decompressor: "zstandard.ZstdDecompressor", packed: bytes) -> bytes:
    import zstandard

    size = zstandard.frame_content_size(packed)
    if not 0 <= size <= MAX_EVIDENCE_BYTES:
        message = f"it claims to hold {size} bytes" if size >= 0 else "it does not say how much it holds"
        raise ValueError(message)
    return decompressor.decompress(packed, max_output_size=MAX_EVIDENCE_BYTES, allow_extra_data=False)


class FolderEvidence:
    """Evidence in a folder of this machine."""

    __slots__ = ("_disk", "_root")

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        """Open an existing folder and sweep what killed writers left; raises StoreError."""
        self._root = root
        self._disk: Disk = disk or RealDisk()
        temporary = root / TEMPORARY_FOLDER
        if not root.is_dir():
            message = f"there is no evidence folder at {root}; run `auditwright init`, or correct the path"
            raise StoreError(message)
        try:
            make_folders(self._disk, root, temporary)
            sweep(temporary)
        except OSError as error:
            raise disk_error("open the evidence folder", root, error) from error

    @classmethod
    def create(cls, root: Path, disk: Disk | None = None) -> "FolderEvidence":
        """Make the folder where it is not there, and open it; raises StoreError."""
        try:
            root.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        except OSError as error:
            raise disk_error("make the evidence folder", root, error) from error
        return cls(root, disk)

    def put(self, body: bytes) -> Digest:
        """Keep bytes; on return they survive a crash. The same bytes twice are kept once."""
        digest = digest_of(body)
        target = self._root / storage_key(digest)
        temporary = self._root / TEMPORARY_FOLDER / temporary_name()
        try:
            if self._holds(digest, target):
                # Whoever renamed it may have been killed before the name was durable.
                self._disk.sync(target.parent)
                return digest
            make_folders(self._disk, self._root, target.parent)
            self._disk.write_new(temporary, pack(body))
            publish(self._disk, temporary, target)
        except OSError as error:
            raise disk_error("keep evidence in", self._root, error) from error
        finally:
            discard(temporary)
        return digest

    def get(self, digest: Digest) -> bytes:
        """The bytes, checked against the digest; raises EvidenceMissingError, EvidenceCorruptError."""
        path = self._root / storage_key(digest)
        try:
            if path.stat().st_size > MAX_PACKED_BYTES:
                message = f"{path} is larger than any evidence; restore that one file from a backup"
                raise EvidenceCorruptError(message)
            packed = path.read_bytes()
        except FileNotFoundError as error:
            message = f"no evidence has the digest {digest}; restore {path} from a backup"
            raise EvidenceMissingError(message) from error
        except OSError as error:
            raise disk_error("read evidence from", path, error) from error
        return unpack(packed, digest, str(path))

    def __contains__(self, digest: object) -> bool:
        """True where bytes of this digest are kept."""
        return is_digest(digest) and (self._root / storage_key(Digest(str(digest)))).is_file()

    def digests(self) -> Iterator[Digest]:
        """Every digest kept, in ascending order."""
        for first in _sorted_folders(self._root / "sha256"):
            for second in _sorted_folders(first):
                prefix = first.name + second.name
                found = (digest_of_name(path.name) for path in second.iterdir())
                yield from sorted(digest for digest in found if digest and digest.startswith(prefix))

    def locked(self, digest: Digest) -> str:
        """A folder holds nothing against its owner."""
        del digest
        return ""

    def erase(self, digest: Digest) -> None:
        """Take bytes away for good; what is not there is erased."""
        path = self._root / storage_key(digest)
        try:
            self._disk.remove(path)
            if path.parent.is_dir():
                self._disk.sync(path.parent)
        except OSError as error:
            raise disk_error("erase", path, error) from error

    def _holds(self, digest: Digest, target: Path) -> bool:
        """True where the bytes are there and whole; damaged ones are written again."""
        if not target.is_file():
            return False
        try:
            self.get(digest)
        except (EvidenceCorruptError, EvidenceMissingError):
            return False
        return True


def _sorted_folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
