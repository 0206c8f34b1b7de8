"""Packages: a folder or zip with evidence, results, reports and the log's leaves, which anyone can verify offline.

A package is bound to the log in two steps. The manifest lists every file and is written first (`PackageWriter.seal`). The caller
then appends a "package" leaf with the manifest's SHA-256 to the log, signs a checkpoint over it, and hands in what the log has
(`PackageWriter.write_log`). So nobody can swap a file without changing a manifest that the log holds.

The format is described in docs/package-format.md; `sign.verify` reads it, and goes into every package.
"""

import hashlib
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from auditwright.core.evidence import digest_of
from auditwright.core.ids import Digest
from auditwright.core.log import MAX_LEAF_BYTES, iso, leaf_hash
from auditwright.sign import verify as verifier
from auditwright.sign.checkpoint import Checkpoint, open_checkpoint
from auditwright.sign.merkle import Frontier
from auditwright.sign.note import VerifierKey, parse_verifier_key
from auditwright.sign.proof import TlogProof

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold: the same contents give the same bytes
_ZIP_MODE = (stat.S_IFREG | 0o644) << 16
_ZIP_LEVEL = 6
_UNIX = 3  # the system whose file modes a zip entry states

README = """This folder is an evidence package of {organization}, made by Auditwright on {created_at}.

What is in it
  manifest.json   every file of the package with its size and SHA-256
  evidence/       what was collected, byte by byte, each file named by its SHA-256
  results/        the results of the control tests, each named by its SHA-256
  reports/        documents for reading
  log/            the leaves of the organization's log, its signed checkpoint, and the proofs
  verify.py       the program that checks all of it

How to verify it
  1. Install Python 3.11 or newer, and: pip install cryptography
  2. Run, in this folder:   python verify.py --key "THE ORGANIZATION'S KEY"
     The key is one line that starts with {origin}+
     Get it from the organization in a way that does not depend on this package: its site, a call, an earlier package.
  3. It prints what it checked and "VERIFIED", or each problem by name and place. Its exit status is 0, or 1 with problems.

verify.py came with the package, so whoever could change the package could change it too. Use the copy from the Auditwright
release, or from an earlier package that you trust, where that matters: it verifies any package, given its path.

What it shows: nothing in the package was changed since the organization's log recorded it, the log was only ever added to
during the period, and no evidence that the log recorded in the period is missing without being listed as withheld or erased.
What it cannot show: that the collected facts were true, or that the organization did not keep a second log. Time stamps
and cosignatures by others narrow the latter: see log/timestamps.
"""


class PackageError(Exception):
    """A package cannot be written as asked; the message says why. The folder is left as it is, without being sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageScope:
    """What a package is about: whose it is, and which leaves of which log."""

    organization: str
    origin: str
    start_size: int
    """The log's size at the period's start: the index of the first leaf in the package."""
    size: int
    """The log's size when the manifest is written; evidence of every leaf before it has to be in the package."""
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPart:
    """What the log gives to a package, once it holds the package's leaf."""

    checkpoint: bytes
    """A signed checkpoint whose tree holds the package's leaf."""
    vkey: str
    proof: bytes
    """The .tlog-proof of the package's leaf, with exactly this checkpoint."""
    frontier: tuple[bytes, ...] = ()
    """The roots of the perfect subtrees before the first leaf of the package, largest first."""
    start_checkpoint: bytes | None = None
    """The signed checkpoint at the start, where the package does not start with the log."""
    timestamps: Mapping[str, bytes] = field(default_factory=dict)
    """RFC 3161 answers by file name: the log's size, optionally a dash and a label, and .tsr."""


class PackageWriter:
    """Writes one package into a folder: files first, then `seal`, then `write_log`."""

    def __init__(self, folder: Path, scope: PackageScope) -> None:
        """Begin a package in a folder that does not exist yet or is empty; raises PackageError."""
        if not 0 <= scope.start_size <= scope.size <= verifier.MAX_COUNT:
            raise PackageError(f"a package cannot be of the leaves {scope.start_size} to {scope.size}")
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise PackageError(f"{folder} is not an empty folder: give a new one")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._scope = scope
        self._files: dict[str, tuple[int, Digest]] = {}
        self._folded: dict[str, str] = {}
        self._withheld: dict[Digest, str] = {}
        self._manifest_digest: Digest | None = None
        self._log = folder / "log"
        self._unfinished_log = folder / "log.part"  # renamed when it is whole

    def add_evidence(self, digest: Digest, body: bytes) -> None:
        """Add evidence under its digest; the same evidence twice is kept once. Raises PackageError if they do not fit."""
        if digest_of(body) != digest:
            raise PackageError(
                f"evidence {digest} has other bytes: its SHA-256 is {digest_of(body)}; restore the store"
            )
        path = verifier.evidence_path(digest)
        if path not in self._files:
            self._add(path, [body])

    def withhold(self, digest: Digest, reason: str) -> None:
        """List evidence of the period as left out on purpose, with the reason that the reader is shown."""
        self._check_open()
        if verifier.evidence_path(digest) in self._files:
            raise PackageError(f"evidence {digest} is in the package and cannot be withheld from it")
        self._withheld[digest] = reason

    def add_result(self, document: bytes) -> Digest:
        """Add a result document, and return the digest that its leaf has to carry."""
        digest = digest_of(document)
        path = verifier.result_path(digest)
        if path not in self._files:
            self._add(path, [document])
        return digest

    def add_file(self, path: str, body: bytes | Iterable[bytes]) -> None:
        """Add a document under a path of its own, such as `reports/vulnerabilities.pdf`, whole or in pieces.

        Raises PackageError for a path that leads out of the package, is taken, or belongs to another part of it.
        """
        reserved = (verifier.EVIDENCE, verifier.RESULTS, "log/", "log.part/")
        if path.startswith(reserved) or path in {verifier.MANIFEST, "verify.py", "README.txt"}:
            raise PackageError(
                f"{path} belongs to a part of the package that is written apart: choose another path"
            )
        self._add(path, [body] if isinstance(body, bytes) else body)

    def seal(self) -> Digest:
        """Write the manifest, and return its SHA-256 for the "package" leaf. No file can be added afterwards."""
        self._check_open()
        scope = self._scope
        readme = README.format(
            organization=scope.organization, created_at=iso(scope.created_at), origin=scope.origin
        )
        self._add("README.txt", [readme.encode()])
        self._add("verify.py", [Path(verifier.__file__).read_bytes()])
        _, digest = _write(self._folder / verifier.MANIFEST, self._manifest_lines())
        self._manifest_digest = digest
        return digest

    def write_log(self, part: LogPart, leaves: Iterable[bytes]) -> None:
        """Write the log's part: the exact leaves from the start to the checkpoint's size, in order, and the proofs.

        Everything is checked on the way, so that no package is written that would not verify. Raises PackageError.
        """
        if self._manifest_digest is None:
            raise PackageError(
                "the manifest is not written yet: seal the package, log its digest, then write the log"
            )
        if self._log.exists():
            raise PackageError("the log is written already")
        try:
            key = parse_verifier_key(part.vkey)
            checkpoint = open_checkpoint(part.checkpoint, key)
            frontier = Frontier(0, self._scope.start_size, part.frontier)
            self._check_start(part, key, frontier)
            proof = TlogProof.parse(part.proof)
            self._check_ends(checkpoint, proof, part)
            shutil.rmtree(self._unfinished_log, ignore_errors=True)
            written = self._write_leaves(leaves, frontier, proof.index)
            if frontier.size == checkpoint.size:
                proof.verify(written.proved, key)
        except ValueError as error:
            raise PackageError(f"the log's part does not fit the package: {error}") from error
        if (frontier.size, frontier.root()) != (checkpoint.size, checkpoint.root):
            raise PackageError(
                f"the leaves end at {frontier.size} with another root hash than the checkpoint of {checkpoint.size} leaves"
            )
        self._write_small(part, written.digests)
        self._unfinished_log.rename(self._log)

    def _check_open(self) -> None:
        if self._manifest_digest is not None:
            raise PackageError("the package is sealed: begin a new one to add to it")

    def _check_start(self, part: LogPart, key: VerifierKey, frontier: Frontier) -> None:
        if self._scope.start_size == 0:
            if part.start_checkpoint is not None:
                raise PackageError("a package from the log's first leaf on has no checkpoint at its start")
            return
        if part.start_checkpoint is None:
            raise PackageError(
                f"a package from leaf {self._scope.start_size} on needs the checkpoint of that size"
            )
        start = open_checkpoint(part.start_checkpoint, key)
        if (start.size, start.root) != (frontier.size, frontier.root()):
            raise PackageError(
                f"the checkpoint at the start is not of the log at {self._scope.start_size} leaves"
            )

    def _check_ends(self, checkpoint: Checkpoint, proof: TlogProof, part: LogPart) -> None:
        scope = self._scope
        if proof.checkpoint != part.checkpoint or proof.extra is not None:
            raise PackageError(
                "the proof has to hold the package's checkpoint, byte by byte, and nothing extra"
            )
        if checkpoint.origin != scope.origin:
            raise PackageError(
                f"the checkpoint is of the log {checkpoint.origin}, the package of {scope.origin}"
            )
        if not scope.size <= proof.index < checkpoint.size:
            raise PackageError(
                f"the package's leaf {proof.index} has to come after leaf {scope.size - 1} and before the end, {checkpoint.size}"
            )

    def _add(self, path: str, pieces: Iterable[bytes]) -> None:
        self._check_open()
        if not verifier.is_safe_path(path):
            raise PackageError(
                f"{path!r} cannot be a path in a package: use letters, digits, '.', '-', '_' and '/', relative and without '..'"
            )
        # Two names that differ only in case are one file on many systems.
        taken = self._folded.setdefault(path.casefold(), path)
        if path in self._files or taken != path:
            raise PackageError(f"{path} is in the package already, as {taken}")
        self._files[path] = _write(self._folder / path, pieces)

    def _manifest_lines(self) -> Iterator[bytes]:
        scope = self._scope
        yield b"{\n"
        for name, value in (
            ("format", verifier.FORMAT),
            ("organization", scope.organization),
            ("created_at", iso(scope.created_at)),
            ("origin", scope.origin),
            ("start_size", scope.start_size),
            ("size", scope.size),
        ):
            yield f'  "{name}": {_json(value)},\n'.encode()
        withheld = [{"reason": reason, "sha256": digest} for digest, reason in sorted(self._withheld.items())]
        yield from _json_list("withheld", withheld)
        yield b",\n"
        yield from _json_list(
            "files",
            (
                {"path": path, "sha256": digest, "size_bytes": size_bytes}
                for path, (size_bytes, digest) in sorted(self._files.items())
            ),
        )
        yield b"\n}\n"

    def _write_leaves(self, leaves: Iterable[bytes], frontier: Frontier, index: int) -> "_WrittenLeaves":
        written = _WrittenLeaves()
        listed, hashes = hashlib.sha256(), hashlib.sha256()
        with (
            _create(self._log_path(verifier.LEAVES)) as lines,
            _create(self._log_path(verifier.HASHES)) as table,
        ):
            for leaf in leaves:
                _check_leaf(leaf, frontier.size)
                digest = leaf_hash(leaf)
                if frontier.size == index:
                    _check_package_leaf(leaf, self._manifest_digest)
                    written.proved = digest
                frontier.append(digest)
                for file, running, piece in ((lines, listed, leaf + b"\n"), (table, hashes, digest)):
                    file.write(piece)
                    running.update(piece)
        written.digests = {verifier.LEAVES: listed.hexdigest(), verifier.HASHES: hashes.hexdigest()}
        return written

    def _log_path(self, path: str) -> Path:
        return self._unfinished_log / path.removeprefix("log/")

    def _write_small(self, part: LogPart, digests: dict[str, str]) -> None:
        frontier = {"hashes": [digest.hex() for digest in part.frontier], "size": self._scope.start_size}
        files = {
            verifier.CHECKPOINT: part.checkpoint,
            verifier.FRONTIER: f"{_json(frontier)}\n".encode(),
            verifier.VKEY: f"{part.vkey}\n".encode(),
            verifier.PROOF: part.proof,
        }
        if part.start_checkpoint is not None:
            files[verifier.START_CHECKPOINT] = part.start_checkpoint
        for name, response in part.timestamps.items():
            if not verifier.is_timestamp_path(verifier.TIMESTAMPS + name):
                raise PackageError(f"a time stamp is named by the log's size, as in 1204.tsr; not {name!r}")
            files[verifier.TIMESTAMPS + name] = response
        for path, body in files.items():
            digests[path] = _write(self._log_path(path), [body])[1]
        sums = (
            f"{digest}  {path.removeprefix('log/')}\n".encode() for path, digest in sorted(digests.items())
        )
        _write(self._log_path(verifier.SUMS), sums)


@dataclass(slots=True)
class _WrittenLeaves:
    digests: dict[str, str] = field(default_factory=dict)
    proved: bytes = b""
    """The hash of the leaf that the proof is about."""


def zip_package(folder: Path, path: Path) -> None:
    """Write a finished package as a zip that is the same for the same contents, and that ends with its own SHA-256.

    Raises PackageError; an unfinished zip is never left under the given name.
    """
    if path.resolve().is_relative_to(folder.resolve()):
        raise PackageError(f"the zip {path} would lie inside the package: choose a place outside")
    members = _members(folder)
    part = path.with_name(f"{path.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=_ZIP_LEVEL) as archive:
        for name, size_bytes in members.items():
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = _ZIP_MODE
            entry.file_size = size_bytes
            with (folder / name).open("rb") as source, archive.open(entry, "w") as target:
                while chunk := source.read(verifier.CHUNK_BYTES):
                    target.write(chunk)
        archive.comment = (
            verifier.ZIP_SEAL + b"0" * _DIGEST_CHARS
        )  # written over below, when the rest is known
    limit = verifier.MAX_EXPANSION * part.stat().st_size + verifier.EXPANSION_FLOOR_BYTES
    if sum(members.values()) > limit:
        part.unlink()
        raise PackageError(
            f"the zip would expand to more than {limit:,} bytes, which verifiers refuse: hand over the folder"
        )
    _seal_zip(part)
    part.replace(path)


_DIGEST_CHARS = 64


def _members(folder: Path) -> dict[str, int]:
    members: dict[str, int] = {}
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            found = Path(parent, name)
            path = found.relative_to(folder).as_posix()
            if (
                found.is_symlink()
                or not (found.is_dir() or found.is_file())
                or not verifier.is_safe_path(path)
            ):
                raise PackageError(f"{path} is not a file that a package holds: remove it")
            if found.is_file():
                members[path] = found.stat().st_size
    if verifier.MANIFEST not in members or verifier.SUMS not in members:
        raise PackageError(
            f"{folder} is not a finished package: it has no {verifier.MANIFEST} or no {verifier.SUMS}"
        )
    return dict(sorted(members.items()))


def _seal_zip(path: Path) -> None:
    running = hashlib.sha256()
    with path.open("r+b") as file:
        left = file.seek(0, os.SEEK_END) - _DIGEST_CHARS
        file.seek(0)
        while left:
            chunk = file.read(min(verifier.CHUNK_BYTES, left))
            running.update(chunk)
            left -= len(chunk)
        file.write(running.hexdigest().encode())


def _check_leaf(leaf: bytes, index: int) -> None:
    if len(leaf) > MAX_LEAF_BYTES or b"\n" in leaf:
        raise PackageError(
            f"leaf {index} is longer than {MAX_LEAF_BYTES} bytes or holds a newline: the log is damaged"
        )


def _check_package_leaf(leaf: bytes, manifest_digest: Digest | None) -> None:
    members: object = json.loads(leaf)
    if (
        not isinstance(members, dict)
        or members.get("kind") != "package"
        or members.get("manifest_sha256") != manifest_digest
    ):
        raise PackageError(
            f"the proof is about a leaf that does not hold the manifest's SHA-256, {manifest_digest}"
        )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _json_list(name: str, items: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    """Give a member whose value is a list, an item a line, as a person can read and compare it."""
    yield f'  "{name}": ['.encode()
    separator = "\n    "
    for item in items:
        yield f"{separator}{_json(item)}".encode()
        separator = ",\n    "
    yield b"]" if separator == "\n    " else b"\n  ]"


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


def _write(path: Path, pieces: Iterable[bytes]) -> tuple[int, Digest]:
    """Write a new file, and return its size in bytes and its SHA-256."""
    running = hashlib.sha256()
    size_bytes = 0
    with _create(path) as file:
        for piece in pieces:
            file.write(piece)
            running.update(piece)
            size_bytes += len(piece)
    return size_bytes, Digest(running.hexdigest())
