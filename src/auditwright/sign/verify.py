"""Verify an Auditwright evidence package, offline and without Auditwright.

    python verify.py [PATH] [--key VKEY] [--json]

PATH is the package's folder or its zip; without it, the folder of this file. VKEY is the organization's public key in one
line, obtained from the organization and not from the package. It needs Python 3.11 or newer and the package `cryptography`.
Exit status: 0 verified, 1 problems found, 2 it could not be started as asked.

What is checked, in this order; the same numbers stand at the code:

 (1) The package is a folder or a zip of plain files: no links, no paths that lead out of it, no sizes beyond the limits.
 (2) A zip ends with the SHA-256 of everything before it, as Auditwright wrote it.
 (3) The manifest can be read, and the key is well-formed and equals the one that was given.
 (4) The key signed the checkpoint of the log, and the checkpoint at the period's start.
 (5) The hashes of all leaves, put on top of the tree at the period's start, lead to the root hash of the checkpoint. So no leaf
     was changed, dropped, added or moved. Where one was, it is named.
 (6) A leaf of the log holds the SHA-256 of the manifest, and its portable proof holds.
 (7) Every file has the size and SHA-256 that the manifest gives; none is missing, none was added.
 (8) Every evidence leaf has its evidence, unless that was withheld or erased and the package says so. Every piece of evidence and
     every result document has its leaf. A tombstone speaks for leaves before its own, which are there; what it erased is not, and
     is listed. Bytes that were collected again after it have to be there.
 (9) Time stamps name the log as it was at their size. Their signatures are checked by the commands that are printed.

Formats: RFC 9162 (tree), c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-proof, RFC 3161 (time stamps).
"""

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import stat
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Protocol, TextIO

FORMAT = "auditwright-package/1"

# Names inside a package.
MANIFEST = "manifest.json"
CHECKPOINT = "log/checkpoint"
START_CHECKPOINT = "log/start-checkpoint"
FRONTIER = "log/frontier.json"
HASHES = "log/hashes.bin"
LEAVES = "log/leaves.jsonl"
VKEY = "log/vkey"
PROOF = "log/manifest.tlog-proof"
SUMS = "log/SHA256SUMS"
TIMESTAMPS = "log/timestamps/"
EVIDENCE = "evidence/"
RESULTS = "results/"

# Limits, so that a hostile package costs bounded time and memory.
MAX_FILES = 1_000_000  # ten times a year of a large organization
MAX_DEPTH = 32  # a package's own paths are five deep
MAX_PATH_CHARS = 240  # what every file system can hold
MAX_MANIFEST_BYTES = 256 << 20  # a million files at 200 bytes a line
MAX_SMALL_FILE_BYTES = 2_000_000  # checkpoints, proofs, keys, the frontier, time stamps: under 10 kB each
MAX_SUMS_BYTES = 64 << 20  # a line for each time stamp
MAX_LEAF_BYTES = 65_535  # C2SP tlog-tiles: an entry's length is written in 16 bits
MAX_LEAVES = 4_000_000  # 128 MB of hashes in memory
MAX_COUNT = (1 << 63) - 1  # a signed 64-bit counter
MAX_SIGNATURES = 100
MAX_PATH_HASHES = 63
MAX_EXPANSION = 200  # a zip's contents over its size; evidence in JSON reaches some 30
EXPANSION_FLOOR_BYTES = 64 << 20  # small zips may hold very repetitive files
MAX_PROBLEMS = 500  # kept in full; all are counted
MAX_ERASED_SHOWN = 20  # of what was erased, in the text; a program gets all
MAX_SHOWN_CHARS = 300  # of a name or a value in a message
CHUNK_BYTES = 1 << 20

ZIP_SEAL = b"auditwright-package/1 sha256:"
ZIP_SEAL_BYTES = len(ZIP_SEAL) + 64

_HASH_BYTES = 32
_ED25519 = 1
_DIGEST = re.compile(r"[0-9a-f]{64}")
_COUNT = re.compile(r"0|[1-9][0-9]{0,18}")
_VKEY = re.compile(r"([^+\s]+)\+([0-9a-f]{8})\+(\S+)")
_SIGNATURE = re.compile(r"— (\S+) (\S+)")
_SAFE_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ @+=,-]*")
_TIMESTAMP = re.compile(r"log/timestamps/(0|[1-9][0-9]{0,18})(-[A-Za-z0-9._-]{1,60})?\.tsr")
_SUM_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")

# Everything that reading a damaged file or zip raises.
_READ_ERRORS = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


class Kind(StrEnum):
    """What is wrong with a package."""

    UNREADABLE = "unreadable package"
    UNSAFE_ENTRY = "unsafe entry"
    BEYOND_LIMIT = "beyond a limit"
    CHANGED_ZIP = "changed zip"
    MALFORMED = "malformed file"
    WRONG_MANIFEST = "wrong manifest"
    UNBOUND_MANIFEST = "manifest not in the log"
    MISSING_FILE = "missing file"
    EXTRA_FILE = "extra file"
    CHANGED_FILE = "changed file"
    CHANGED_EVIDENCE = "changed evidence"
    CHANGED_RESULT = "changed result"
    SWAPPED_KEY = "swapped key"
    FORGED_CHECKPOINT = "forged checkpoint"
    WRONG_SIZE = "wrong size"
    WRONG_ROOT = "wrong root hash"
    WRONG_FRONTIER = "wrong frontier"
    WRONG_PROOF = "wrong proof"
    CHANGED_LEAF = "changed leaf"
    DROPPED_LEAF = "dropped leaf"
    DUPLICATED_LEAF = "duplicated leaf"
    REORDERED_LEAF = "reordered leaf"
    INSERTED_LEAF = "inserted leaf"
    TRUNCATED_LEAVES = "truncated leaves"
    MISNUMBERED_LEAF = "misnumbered leaf"
    MISSING_EVIDENCE = "evidence leaf without its file"
    UNLOGGED_EVIDENCE = "evidence without a leaf"
    UNLOGGED_RESULT = "result without a leaf"
    WRONG_TOMBSTONE = "wrong tombstone"
    NOT_ERASED = "erased and yet there"
    WRONG_TIMESTAMP = "wrong time stamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, where it is, and how that was seen."""

    kind: Kind
    place: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time stamp of a package, and the message that it has to be about."""

    path: str
    size: int
    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A leaf that says that bytes were erased: which, when, by whom and why."""

    leaf: int
    sha256: str
    what: str
    """`evidence`, or `result` for the document of one; empty where it does not say."""
    at: str
    actor: str
    reason: str
    replaced_by: str
    """Of a result, the SHA-256 of the document in its place; else empty."""


@dataclass(slots=True, kw_only=True)
class Counts:
    """How much was checked."""

    leaves: int = 0
    files: int = 0
    size_bytes: int = 0
    evidence_leaves: int = 0
    evidence_files: int = 0
    results: int = 0
    withheld: int = 0
    erased: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the verification of a package found."""

    path: str
    problems: tuple[Problem, ...]
    """The first problems in full."""
    problem_count: int
    """All problems."""
    counts: Counts
    organization: str = ""
    created_at: str = ""
    origin: str = ""
    start_size: int = 0
    size: int = 0
    vkey: str = ""
    """The key that everything was checked against."""
    key_was_given: bool = False
    cosigners: tuple[str, ...] = ()
    """Names under the checkpoint besides the log's own, not checked."""
    stamps: tuple[Stamp, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    """In the order of the log."""

    @property
    def is_verified(self) -> bool:
        """True when nothing is wrong."""
        return self.problem_count == 0

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key's line, in groups of four digits, for comparing by voice."""
        digest = hashlib.sha256(self.vkey.encode()).hexdigest()
        return " ".join(digest[i : i + 4] for i in range(0, len(digest), 4)) if self.vkey else ""


class UsageError(Exception):
    """The verification cannot start: the path, the given key or the Python installation is not usable."""


class _Refused(Exception):  # noqa: N818  # not an error of this program: what was read is refused
    """What was read is not what it has to be."""


class _Stop(Exception):  # noqa: N818  # as above
    """Nothing after this can be checked; the problem was noted."""


def is_safe_path(path: str) -> bool:
    """True for a path that every system keeps inside the package's folder: plain parts, joined by slashes."""
    parts = path.split("/")
    return (
        len(path) <= MAX_PATH_CHARS
        and len(parts) <= MAX_DEPTH
        and all(_SAFE_PART.fullmatch(part) and part[-1] not in ". " for part in parts)
    )


# (1) Where the bytes come from


class _Source(Protocol):
    def scan(self, note: "_Note") -> dict[str, int]:
        """Return the size of every plain file by its path."""
        ...

    def open(self, path: str) -> BinaryIO: ...

    def close(self) -> None: ...


_Note = Callable[[Kind, str, str], None]


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def scan(self, note: _Note) -> dict[str, int]:
        sizes: dict[str, int] = {}
        waiting: list[tuple[str, str, int]] = [(str(self._root), "", 0)]
        while waiting:
            folder, prefix, depth = waiting.pop()
            with os.scandir(folder) as entries:
                for entry in entries:
                    path = prefix + entry.name
                    if entry.is_dir(follow_symlinks=False) and depth < MAX_DEPTH:
                        waiting.append((entry.path, f"{path}/", depth + 1))
                    elif entry.is_file(follow_symlinks=False):
                        sizes[path] = entry.stat(follow_symlinks=False).st_size
                    else:
                        what = (
                            "a symbolic link" if entry.is_symlink() else "no plain file, or nested too deep"
                        )
                        note(Kind.UNSAFE_ENTRY, path, f"it is {what}; it was not opened")
                    if len(sizes) + len(waiting) > MAX_FILES:
                        note(Kind.BEYOND_LIMIT, path, f"the folder holds more than {MAX_FILES:,} files")
                        raise _Stop
        return sizes

    def open(self, path: str) -> BinaryIO:
        # A hundred thousand times: making a Path of it costs more than opening it.
        return open(os.path.join(self._root, path), "rb")  # noqa: PTH118, PTH123  # closed by the caller

    def close(self) -> None:
        pass


class _Zip:
    def __init__(self, path: Path) -> None:
        self._size_bytes = path.stat().st_size
        self._zip = zipfile.ZipFile(path)

    def scan(self, note: _Note) -> dict[str, int]:
        entries = self._zip.infolist()
        limit = MAX_EXPANSION * self._size_bytes + EXPANSION_FLOOR_BYTES
        total = sum(entry.file_size for entry in entries)
        if len(entries) > MAX_FILES or total > limit:
            note(
                Kind.BEYOND_LIMIT,
                "the zip",
                f"it claims {len(entries):,} files of {total:,} bytes; up to {MAX_FILES:,} files of {limit:,} bytes are unpacked",
            )
            raise _Stop
        sizes: dict[str, int] = {}
        for entry in entries:
            if reason := self._refusal(entry, sizes):
                note(Kind.UNSAFE_ENTRY, entry.orig_filename, f"{reason}; it was not opened")
            elif not entry.is_dir():
                sizes[entry.filename] = entry.file_size
        return sizes

    @staticmethod
    def _refusal(entry: zipfile.ZipInfo, seen: dict[str, int]) -> str:
        name = entry.orig_filename
        if entry.filename != name or not is_safe_path(name.removesuffix("/")):
            return "its name could lead out of the package"
        if stat.S_IFMT(entry.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
            return "it is a link or a special file"
        if entry.flag_bits & 0x1:
            return "it is encrypted"
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            return "it is compressed in a way that packages are not"
        if name in seen:
            return "the zip holds two files of this name"
        return ""

    def open(self, path: str) -> BinaryIO:
        return self._zip.open(path)  # type: ignore[return-value]  # typeshed: IO[bytes], which is what BinaryIO is

    def close(self) -> None:
        self._zip.close()


# Formats, read strictly


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused("an object names a member twice")
    return members


def _no_constant(text: str) -> object:
    raise _Refused(f"{text} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _json_object(body: bytes) -> dict[str, object]:
    try:
        value: object = _DECODER.decode(body.decode())
    except RecursionError:
        raise _Refused("its JSON is nested too deep") from None
    except ValueError as error:
        raise _Refused(f"it is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise _Refused("its JSON is no object")
    return value


def _text_of(members: dict[str, object], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise _Refused(f"{name} is not a text")
    return value


def _count_of(members: dict[str, object], name: str) -> int:
    value = members.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise _Refused(f"{name} is not a count")
    return value


def _digest_of(members: dict[str, object], name: str) -> str:
    value = _text_of(members, name)
    if not _DIGEST.fullmatch(value):
        raise _Refused(f"{name} is not a SHA-256 in hexadecimal: {value!r}")
    return value


def _objects_of(members: dict[str, object], name: str) -> list[dict[str, object]]:
    value = members.get(name)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _Refused(f"{name} is not a list of objects")
    return value


def _base64(text: str) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _Refused(f"this is not base64: {text!r}") from None
    if base64.b64encode(decoded).decode() != text:
        raise _Refused(f"this is base64 in a spelling that nobody writes: {text!r}")
    return decoded


def _parse_count(text: str) -> int:
    if not _COUNT.fullmatch(text) or int(text) > MAX_COUNT:
        raise _Refused(f"this is no count: {text!r}")
    return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    organization: str
    created_at: str
    origin: str
    start_size: int
    size: int
    files: dict[str, tuple[int, str]]
    withheld: frozenset[str]

    @classmethod
    def parse(cls, body: bytes) -> "_Manifest":
        members = _json_object(body)
        if members.get("format") != FORMAT:
            raise _Refused(f"its format is {members.get('format')!r}; this program reads {FORMAT}")
        files: dict[str, tuple[int, str]] = {}
        for entry in _objects_of(members, "files"):
            path = _text_of(entry, "path")
            if not is_safe_path(path) or path == MANIFEST or path.startswith("log/"):
                raise _Refused(f"it lists a path that no package has: {path!r}")
            if path in files:
                raise _Refused(f"it lists {path} twice")
            files[path] = (_count_of(entry, "size_bytes"), _digest_of(entry, "sha256"))
        manifest = cls(
            organization=_text_of(members, "organization"),
            created_at=_text_of(members, "created_at"),
            origin=_text_of(members, "origin"),
            start_size=_count_of(members, "start_size"),
            size=_count_of(members, "size"),
            files=files,
            withheld=frozenset(_digest_of(entry, "sha256") for entry in _objects_of(members, "withheld")),
        )
        if manifest.start_size > manifest.size:
            raise _Refused(f"it starts at leaf {manifest.start_size}, after its end at {manifest.size}")
        return manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    text: str
    name: str
    key_id: bytes
    public_key: bytes

    @classmethod
    def parse(cls, text: str) -> "_Key":
        shape = _VKEY.fullmatch(text)
        if shape is None:
            raise _Refused("a key reads name+id+key, in one line")
        material = _base64(shape[3])
        if len(material) != 1 + _HASH_BYTES or material[0] != _ED25519:
            raise _Refused("it is no Ed25519 key")
        key_id = hashlib.sha256(shape[1].encode() + b"\n" + material).digest()[:4]
        if key_id.hex() != shape[2]:
            raise _Refused(f"its id is {key_id.hex()}, its text says {shape[2]}: a part of it was changed")
        return cls(text=text, name=shape[1], key_id=key_id, public_key=material[1:])

    def has_signed(self, signature: bytes, message: bytes) -> bool:
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError:
            raise UsageError(
                "the Python package `cryptography` is needed: pip install cryptography"
            ) from None
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checkpoint:
    origin: str
    size: int
    root: bytes
    cosigners: tuple[str, ...]

    @classmethod
    def open(cls, body: bytes, key: _Key) -> "_Checkpoint":
        """Read a signed note; c2sp.org/signed-note, c2sp.org/tlog-checkpoint."""
        try:
            note = body.decode()
        except UnicodeDecodeError:
            raise _Refused("it is no text") from None
        text, separator, below = note.rpartition("\n\n")
        lines = below.split("\n")
        if not separator or lines.pop() != "" or not 0 < len(lines) <= MAX_SIGNATURES:
            raise _Refused("it is no signed note")
        text += "\n"
        if any(character < " " and character != "\n" for character in note):
            raise _Refused("it holds control characters")
        signers = cls._signers(lines, text, key)
        rows = text[:-1].split("\n")
        if len(rows) < 3 or "" in rows:  # noqa: PLR2004  # origin, size, root
            raise _Refused("it does not give origin, size and root hash, one a line")
        root = _base64(rows[2])
        if len(root) != _HASH_BYTES:
            raise _Refused("its root hash has not 32 bytes")
        if rows[0] != key.name:
            raise _Refused(f"it is of the log {rows[0]!r}, the key is of {key.name!r}")
        return cls(origin=rows[0], size=_parse_count(rows[1]), root=root, cosigners=tuple(signers))

    @staticmethod
    def _signers(lines: Sequence[str], text: str, key: _Key) -> list[str]:
        """Return the names besides the key's; raise _Refused unless the key signed."""
        others: list[str] = []
        is_signed = False
        for line in lines:
            shape = _SIGNATURE.fullmatch(line)
            blob = _base64(shape[2]) if shape else b""
            if shape is None or len(blob) <= 4:  # noqa: PLR2004  # the key's id
                raise _Refused(f"this is no signature line: {line!r}")
            if (shape[1], blob[:4]) != (key.name, key.key_id):
                others.append(shape[1])
            elif key.has_signed(blob[4:], text.encode()):
                is_signed = True
            else:
                raise _Refused(
                    f"the signature of {key.name} does not fit its text: one of them was changed, or it is forged"
                )
        if not is_signed:
            raise _Refused(
                f"the key {key.name} ({key.key_id.hex()}) did not sign it; it is signed by {', '.join(others)}"
            )
        return others


# The tree (RFC 9162 2.1)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _fold(subtrees: Sequence[bytes]) -> bytes:
    if not subtrees:
        return hashlib.sha256(b"").digest()
    root = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        root = _node(left, root)
    return root


def _grow(
    start_size: int, frontier: Sequence[bytes], table: bytes, wanted: Iterable[int] = ()
) -> dict[int, bytes]:
    """Put leaf hashes on top of a tree, and return the root that it has at each wanted size."""
    stack = list(frontier)
    roots = {start_size: _fold(stack)}
    stops = set(wanted)
    sha256 = hashlib.sha256
    size = start_size
    for offset in range(0, len(table), _HASH_BYTES):
        digest = table[offset : offset + _HASH_BYTES]
        position = size
        while position & 1:
            digest = sha256(b"\x01" + stack.pop() + digest).digest()
            position >>= 1
        stack.append(digest)
        size += 1
        if size in stops:
            roots[size] = _fold(stack)
    roots[size] = _fold(stack)
    return roots


def _root_by_path(leaf: bytes, index: int, path: Sequence[bytes], size: int) -> bytes:
    """Return the root that an inclusion proof leads to (RFC 9162 2.1.3.2)."""
    inner = (index ^ (size - 1)).bit_length()
    if len(path) != inner + (index >> inner).bit_count():
        raise _Refused(f"the proof has {len(path)} hashes, which does not fit leaf {index} of {size}")
    digest = leaf
    for level, sibling in enumerate(path):
        is_right = level >= inner or index >> level & 1
        digest = _node(sibling, digest) if is_right else _node(digest, sibling)
    return digest


# The verification


@dataclass(slots=True)
class _Leaves:
    """What the leaves of the package say."""

    table: bytearray = field(default_factory=bytearray)
    """The hash of every line, 32 bytes each."""
    seqs: list[int | None] = field(default_factory=list)
    evidence: dict[str, int] = field(default_factory=dict)
    """The first leaf of each digest of evidence, by the number that it gives itself."""
    newest: dict[str, int] = field(default_factory=dict)
    """The last leaf of each digest of evidence that this package answers for."""
    again: dict[str, int] = field(default_factory=dict)
    """The last leaf of each digest of evidence, also of what was logged after the manifest."""
    results: dict[str, int] = field(default_factory=dict)
    """The last leaf of each digest of a result."""
    erased: dict[str, int] = field(default_factory=dict)
    """The last tombstone of each digest."""
    replacing: set[str] = field(default_factory=set)
    """Digests of documents that took the place of erased ones."""
    tombstones: list[Tombstone] = field(default_factory=list)
    unfounded: dict[int, str] = field(default_factory=dict)
    """What is wrong with a tombstone, by its leaf."""
    unreadable: dict[int, str] = field(default_factory=dict)
    """Why a leaf could not be read."""
    packages: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    """The digest of a manifest, and the leaf's hash, by the leaf's own number."""


def verify_package(path: Path, trusted_vkey: str | None = None) -> Report:
    """Verify a package, a folder or a zip, and report every problem by name.

    With `trusted_vkey`, the key has to be that one. Raises UsageError when there is no such path, when the given key is
    malformed or when `cryptography` is not installed; whatever is wrong with the package is a problem in the report.
    """
    trusted: _Key | None = None
    if trusted_vkey is not None:
        try:
            trusted = _Key.parse(trusted_vkey.strip())
        except _Refused as refusal:
            raise UsageError(f"the given key cannot be read: {refusal}") from None
    if not path.is_dir() and not path.is_file():
        raise UsageError(f"there is no folder and no file {_shown(str(path))}")
    verification = _Verification(path, trusted)
    verification.run()
    return verification.report()


class _Verification:
    """One run over one package."""

    def __init__(self, path: Path, trusted: _Key | None) -> None:
        self._path = path
        self._trusted = trusted
        self._problems: list[Problem] = []
        self._problem_count = 0
        self._troubled: set[str] = set()
        self._source: _Source = _Folder(path)
        self._sizes: dict[str, int] = {}
        self._manifest: _Manifest | None = None
        self._key = trusted
        self._checkpoint: _Checkpoint | None = None
        self._leaves = _Leaves()
        self._stamps: list[Stamp] = []
        self._counts = Counts()
        self._digests: dict[str, str] = {}

    def report(self) -> Report:
        manifest, checkpoint = self._manifest, self._checkpoint
        return Report(
            path=str(self._path),
            problems=tuple(self._problems),
            problem_count=self._problem_count,
            counts=self._counts,
            organization=manifest.organization if manifest else "",
            created_at=manifest.created_at if manifest else "",
            origin=manifest.origin if manifest else "",
            start_size=manifest.start_size if manifest else 0,
            size=checkpoint.size if checkpoint else 0,
            vkey=self._key.text if self._key else "",
            key_was_given=self._trusted is not None,
            cosigners=checkpoint.cosigners if checkpoint else (),
            stamps=tuple(self._stamps),
            tombstones=tuple(self._leaves.tombstones),
        )

    def run(self) -> None:
        try:
            if self._path.is_file():
                self._check_seal()
                self._source = _Zip(self._path)
        except _READ_ERRORS as error:
            self._note(
                Kind.UNREADABLE, str(self._path), f"it is neither a folder nor a readable zip: {error}"
            )
            return
        with closing(self._source):
            try:
                self._sizes = self._source.scan(self._note)
                manifest = self._check_manifest()
                self._check_key(manifest)
                self._check_leaves(manifest, self._check_checkpoints(manifest))
                self._check_binding(manifest)
                self._check_files(manifest)
                self._check_evidence(manifest)
                self._check_log_files(manifest)
            except _Stop:
                return
            except _READ_ERRORS as error:
                self._note(Kind.UNREADABLE, str(self._path), f"it cannot be read to the end: {error}")

    def _note(self, kind: Kind, place: str, message: str) -> None:
        self._problem_count += 1
        self._troubled.add(place.partition(":")[0])
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(Problem(kind=kind, place=_shown(place), message=_shown(message)))

    def _small(self, path: str, limit: int = MAX_SMALL_FILE_BYTES) -> bytes | None:
        """Return a whole small file, or note why it cannot be had."""
        if path not in self._sizes:
            self._note(Kind.MISSING_FILE, path, "the package has no such file")
            return None
        if self._sizes[path] > limit:
            self._note(
                Kind.BEYOND_LIMIT, path, f"it has {self._sizes[path]:,} bytes; up to {limit:,} are read"
            )
            return None
        try:
            with self._source.open(path) as file:
                body = file.read(self._sizes[path] + 1)
        except _READ_ERRORS as error:
            self._note(Kind.CHANGED_FILE, path, f"it cannot be read: {error}")
            return None
        self._digests[path] = hashlib.sha256(body).hexdigest()
        return body

    # (2) The seal of a zip
    def _check_seal(self) -> None:
        size_bytes = self._path.stat().st_size
        running = hashlib.sha256()
        with self._path.open("rb") as file:
            left = max(size_bytes - 64, 0)
            while left:
                chunk = file.read(min(CHUNK_BYTES, left))
                if not chunk:
                    break
                running.update(chunk)
                left -= len(chunk)
            written = file.read()
            file.seek(max(size_bytes - ZIP_SEAL_BYTES, 0))
            seal = file.read(len(ZIP_SEAL))
        if seal != ZIP_SEAL:
            self._note(
                Kind.CHANGED_ZIP,
                str(self._path),
                "it does not end with the seal of a zip that Auditwright wrote: it was changed, cut off or packed again. "
                "Get the original, or unpack it and verify the folder",
            )
        elif written != running.hexdigest().encode():
            self._note(
                Kind.CHANGED_ZIP, str(self._path), "its bytes do not have the SHA-256 that it ends with"
            )

    # (3) The manifest and the key
    def _check_manifest(self) -> _Manifest:
        body = self._small(MANIFEST, MAX_MANIFEST_BYTES)
        if body is None:
            raise _Stop
        try:
            self._manifest = _Manifest.parse(body)
        except _Refused as refusal:
            self._note(Kind.WRONG_MANIFEST, MANIFEST, f"{refusal}. Without it nothing else can be checked")
            raise _Stop from None
        return self._manifest

    def _check_key(self, manifest: _Manifest) -> None:
        body = self._small(VKEY)
        if body is None:
            return
        try:
            found = _Key.parse(_line(body))
        except _Refused as refusal:
            self._note(Kind.SWAPPED_KEY, VKEY, f"the key cannot be read: {refusal}")
            return
        if self._trusted is None:
            self._key = found
        elif found.text != self._trusted.text:
            self._note(
                Kind.SWAPPED_KEY,
                VKEY,
                f"the package brings the key {found.text}; the given one is {self._trusted.text}",
            )
        if self._key and manifest.origin != self._key.name:
            self._note(
                Kind.WRONG_MANIFEST,
                MANIFEST,
                f"it is of the log {manifest.origin!r}, the key is of {self._key.name!r}",
            )

    # (4) The signatures
    def _check_checkpoints(self, manifest: _Manifest) -> _Checkpoint | None:
        """Return the checkpoint at the period's start, where there is one and it holds."""
        self._checkpoint = self._open_checkpoint(CHECKPOINT)
        if self._checkpoint and self._checkpoint.size <= manifest.size:
            self._note(
                Kind.WRONG_SIZE,
                CHECKPOINT,
                f"it is of {self._checkpoint.size} leaves; the leaf that holds the manifest comes after leaf {manifest.size - 1}",
            )
            self._checkpoint = None
        if manifest.start_size == 0:
            return None
        start = self._open_checkpoint(START_CHECKPOINT)
        if start and start.size != manifest.start_size:
            self._note(
                Kind.WRONG_SIZE,
                START_CHECKPOINT,
                f"it is of {start.size} leaves; the package starts at {manifest.start_size}",
            )
            return None
        return start

    def _open_checkpoint(self, path: str) -> _Checkpoint | None:
        body = self._small(path)
        if body is None:
            return None
        if self._key is None:
            self._note(Kind.FORGED_CHECKPOINT, path, "there is no readable key to check its signature with")
            return None
        try:
            return _Checkpoint.open(body, self._key)
        except _Refused as refusal:
            self._note(Kind.FORGED_CHECKPOINT, path, str(refusal))
            return None

    # (5) The leaves
    def _check_leaves(self, manifest: _Manifest, start: _Checkpoint | None) -> None:
        frontier = self._read_frontier(manifest, start)
        table = self._read_table(manifest)
        self._read_leaves(manifest)
        lines = bytes(self._leaves.table)
        self._counts.leaves = len(lines) // _HASH_BYTES
        if frontier is not None and self._leads_to_root(frontier, lines):
            self._check_numbers(manifest)
            if table != lines:
                self._note(
                    Kind.CHANGED_FILE,
                    HASHES,
                    f"it differs from the leaves {self._first_difference(table, lines)}",
                )
            self._check_stamps(manifest, frontier, lines)
        elif frontier is not None and self._leads_to_root(frontier, table):
            places = {hash_: place for place, hash_ in enumerate(_hashes(table))}
            self._compare_order([places.get(hash_) for hash_ in _hashes(lines)], len(places))
            self._check_stamps(manifest, frontier, table)
        else:
            self._name_by_number(lines, table)
            if frontier is not None and self._checkpoint:
                self._note(
                    Kind.WRONG_ROOT,
                    CHECKPOINT,
                    "neither the leaves nor their listed hashes lead to the root hash that is signed for "
                    f"{self._checkpoint.size} leaves: leaves, frontier and checkpoint are not of one log",
                )

    def _leads_to_root(self, frontier: Sequence[bytes], table: bytes) -> bool:
        if self._checkpoint is None:
            return False
        end = self._start + len(table) // _HASH_BYTES
        return (
            self._checkpoint.size == end and _grow(self._start, frontier, table)[end] == self._checkpoint.root
        )

    def _first_difference(self, table: bytes, lines: bytes) -> str:
        for number, (listed, found) in enumerate(zip(_hashes(table), _hashes(lines), strict=False)):
            if listed != found:
                return f"at leaf {self._start + number}"
        return f"in length: {len(table)} bytes instead of {len(lines)}"

    def _read_frontier(self, manifest: _Manifest, start: _Checkpoint | None) -> list[bytes] | None:
        """Return the subtree hashes before the package's first leaf, unless they are wrong."""
        body = self._small(FRONTIER)
        if body is None:
            return None
        try:
            frontier = _parse_frontier(body, manifest.start_size)
        except _Refused as refusal:
            self._note(Kind.WRONG_FRONTIER, FRONTIER, str(refusal))
            return None
        if start and _fold(frontier) != start.root:
            self._note(
                Kind.WRONG_FRONTIER,
                FRONTIER,
                f"its hashes do not lead to the root hash that {START_CHECKPOINT} signs",
            )
            return None
        return frontier

    def _read_table(self, manifest: _Manifest) -> bytes:
        """Return the leaf hashes as the package lists them."""
        size_bytes = self._sizes.get(HASHES, 0)
        table = self._small(HASHES, MAX_LEAVES * _HASH_BYTES) or b""
        if table and self._checkpoint:
            needed = (self._checkpoint.size - manifest.start_size) * _HASH_BYTES
            if size_bytes != needed:
                self._note(
                    Kind.WRONG_SIZE,
                    HASHES,
                    f"it has {size_bytes:,} bytes; the checkpoint's leaves need {needed:,}",
                )
        return table[: len(table) - len(table) % _HASH_BYTES]

    def _read_leaves(self, manifest: _Manifest) -> None:
        if LEAVES not in self._sizes:
            self._note(Kind.MISSING_FILE, LEAVES, "the package has no such file")
            return
        running = hashlib.sha256()
        try:
            with self._source.open(LEAVES) as file:
                for number in range(MAX_LEAVES + 1):
                    line = file.readline(MAX_LEAF_BYTES + 2)
                    if not line:
                        break
                    if number == MAX_LEAVES:
                        self._note(Kind.BEYOND_LIMIT, LEAVES, f"it holds more than {MAX_LEAVES:,} leaves")
                        raise _Stop
                    running.update(line)
                    self._read_leaf(line, manifest.start_size + number)
        except _READ_ERRORS as error:
            self._note(Kind.CHANGED_FILE, LEAVES, f"it cannot be read to the end: {error}")
        self._digests[LEAVES] = running.hexdigest()

    def _read_leaf(self, line: bytes, index: int) -> None:
        leaves = self._leaves
        leaf = line.removesuffix(b"\n")
        leaf_hash = hashlib.sha256(b"\x00" + leaf).digest()
        leaves.table += leaf_hash
        try:
            if leaf == line or len(leaf) > MAX_LEAF_BYTES:
                raise _Refused(f"its line is cut off, or longer than {MAX_LEAF_BYTES:,} bytes")  # noqa: TRY301  # one of many reasons
            members = _json_object(leaf)
            seq = _count_of(members, "seq")
            match members.get("kind"):
                case "evidence":
                    self._read_evidence(_digest_of(members, "sha256"), seq)
                case "result":
                    leaves.results[_digest_of(members, "sha256")] = seq
                case "erased":
                    self._read_tombstone(members, seq)
                case "package":
                    leaves.packages[seq] = (_digest_of(members, "manifest_sha256"), leaf_hash)
                case _:
                    _text_of(members, "kind")
        except _Refused as refusal:
            leaves.unreadable[index] = str(refusal)
            leaves.seqs.append(None)
        else:
            leaves.seqs.append(seq)

    def _read_evidence(self, digest: str, seq: int) -> None:
        leaves = self._leaves
        leaves.evidence.setdefault(digest, seq)
        leaves.again[digest] = seq
        if self._manifest and seq < self._manifest.size:
            leaves.newest[digest] = seq
        self._counts.evidence_leaves += 1

    def _read_tombstone(self, members: dict[str, object], seq: int) -> None:
        leaves = self._leaves
        said = {name: members.get(name, "") for name in ("what", "at", "actor", "reason")}
        texts = {name: value if isinstance(value, str) else "" for name, value in said.items()}
        digest = _digest_of(members, "sha256")
        replaced_by = _digest_of(members, "replaced_by") if "replaced_by" in members else ""
        last = _count_of(members, "last_leaf") if "last_leaf" in members else None
        is_result = texts["what"] == "result"
        found = (leaves.results if is_result else leaves.again).get(digest)
        if is_result and digest in leaves.replacing:
            pass  # a document that took another one's place need have no leaf of its own
        elif last is not None and last >= self._start and found != last:
            leaves.unfounded[seq] = f"it speaks for leaf {last}, which is not the last one of {digest}"
        elif last is None and found is None and not self._start:
            leaves.unfounded[seq] = f"no leaf before it holds {digest}"
        leaves.erased[digest] = seq
        if replaced_by:
            leaves.replacing.add(replaced_by)
        leaves.tombstones.append(Tombstone(leaf=seq, sha256=digest, replaced_by=replaced_by, **texts))

    @property
    def _start(self) -> int:
        return self._manifest.start_size if self._manifest else 0

    def _check_numbers(self, manifest: _Manifest) -> None:
        """The leaves are those of the log. One that is wrong now was written so."""
        for index, refusal in self._leaves.unreadable.items():
            self._note(
                Kind.MALFORMED,
                f"{LEAVES}:{index - self._start + 1}",
                f"leaf {index} cannot be read: {refusal}",
            )
        for index, seq in enumerate(self._leaves.seqs, manifest.start_size):
            if seq is not None and seq != index:
                self._note(
                    Kind.MISNUMBERED_LEAF,
                    f"leaf {index}",
                    f"it calls itself {seq}: the log was written wrongly",
                )

    def _name_by_number(self, lines: bytes, table: bytes) -> None:
        """Nothing leads to the signed root: say what is wrong by the numbers that the leaves give themselves."""
        before = self._problem_count
        expected = self._checkpoint.size - self._start if self._checkpoint else len(table) // _HASH_BYTES
        claimed = [seq - self._start if seq is not None else -1 for seq in self._leaves.seqs]
        self._compare_order([place if 0 <= place < expected else None for place in claimed], expected)
        if self._problem_count > before:
            return  # every hash after the first dropped or added leaf would differ
        for number, (found, listed) in enumerate(zip(_hashes(lines), _hashes(table), strict=False)):
            if found != listed:
                where = f"{LEAVES}:{number + 1}"
                self._note(
                    Kind.CHANGED_LEAF,
                    where,
                    f"leaf {self._start + number} has another hash than {HASHES} lists",
                )

    def _compare_order(self, found: Sequence[int | None], expected: int) -> None:
        """Name what differs between the leaves that should be there, 0 to `expected`, and the one on each line."""
        start = self._start
        present = {place for place in found if place is not None}
        seen: set[int] = set()
        highest = previous = -1
        for line, place in enumerate(found):
            where = f"{LEAVES}:{line + 1}"
            if place is None:
                changed = self._changed_place(line, previous, present)
                if changed is not None and changed < expected:
                    present.add(changed)
                    self._note(
                        Kind.CHANGED_LEAF, where, f"leaf {start + changed} was changed: the log holds another"
                    )
                    previous = changed
                else:
                    self._note(Kind.INSERTED_LEAF, where, "the log holds no such leaf")
                continue
            if place in seen:
                self._note(Kind.DUPLICATED_LEAF, where, f"leaf {start + place} stands here a second time")
            elif place < highest:
                self._note(
                    Kind.REORDERED_LEAF, where, f"leaf {start + place} stands after leaf {start + highest}"
                )
            seen.add(place)
            highest = max(highest, place)
            previous = place
        for first, after in pairwise([-1, *sorted(present), expected]):
            if after == first + 1:
                continue
            kind = Kind.TRUNCATED_LEAVES if after == expected else Kind.DROPPED_LEAF
            one = after == first + 2
            which = (
                f"leaf {start + first + 1} is"
                if one
                else f"leaves {start + first + 1} to {start + after - 1} are"
            )
            self._note(kind, LEAVES, f"{which} missing{' at the end' if after == expected else ''}")

    def _changed_place(self, line: int, previous: int, present: set[int]) -> int | None:
        """Return the place of the leaf that an unknown line replaces: the number it gives itself, or the next one."""
        seq = self._leaves.seqs[line]
        claimed = seq - self._start if seq is not None else -1
        for place in (claimed, previous + 1):
            if place >= 0 and place not in present:
                return place
        return None

    # (6) The leaf that binds the manifest
    def _check_binding(self, manifest: _Manifest) -> None:
        digest = self._digests[MANIFEST]
        bound = {
            seq: leaf_hash
            for seq, (logged, leaf_hash) in self._leaves.packages.items()
            if logged == digest and seq >= manifest.size
        }
        if not bound:
            self._note(
                Kind.UNBOUND_MANIFEST,
                MANIFEST,
                f"no package leaf from {manifest.size} on holds its SHA-256, {digest}: the manifest was changed after it was "
                "logged, or never logged",
            )
        body = self._small(PROOF)
        if body is None:
            return
        try:
            self._check_proof(body, bound)
        except _Refused as refusal:
            self._note(Kind.WRONG_PROOF, PROOF, str(refusal))

    def _check_proof(self, body: bytes, bound: dict[int, bytes]) -> None:
        index, path, checkpoint = _parse_proof(body)
        if hashlib.sha256(checkpoint).hexdigest() != self._digests.get(CHECKPOINT):
            raise _Refused(f"its checkpoint is not the one in {CHECKPOINT}")
        if not bound or self._checkpoint is None:
            return  # noted already: there is nothing to prove
        if index not in bound:
            raise _Refused(f"it is about leaf {index}; the manifest is in leaf {min(bound)}")
        if index >= self._checkpoint.size:
            raise _Refused(
                f"it is about leaf {index}, and the checkpoint is of {self._checkpoint.size} leaves"
            )
        if _root_by_path(bound[index], index, path, self._checkpoint.size) != self._checkpoint.root:
            raise _Refused("its hashes do not lead from the leaf to the checkpoint's root hash")

    # (7) The files
    def _check_files(self, manifest: _Manifest) -> None:
        for path, (size_bytes, digest) in manifest.files.items():
            if path not in self._sizes:
                leaf = self._leaves.evidence.get(digest)
                of_leaf = f"; it is the evidence of leaf {leaf}" if leaf is not None else ""
                self._note(
                    Kind.MISSING_FILE, path, f"the manifest lists it, with {size_bytes:,} bytes{of_leaf}"
                )
                continue
            self._counts.files += 1
            self._counts.size_bytes += self._sizes[path]
            self._check_file(path, size_bytes, digest)
        for path in sorted(self._sizes.keys() - manifest.files.keys()):
            if path != MANIFEST and not path.startswith("log/"):
                self._note(Kind.EXTRA_FILE, path, "the manifest does not list it")

    def _check_file(self, path: str, size_bytes: int, digest: str) -> None:
        kind, leaf = Kind.CHANGED_FILE, ""
        if path.startswith(EVIDENCE):
            kind = Kind.CHANGED_EVIDENCE
            index = self._leaves.evidence.get(digest)
            leaf = f", as leaf {index} recorded" if index is not None else ""
        elif path.startswith(RESULTS):
            kind = Kind.CHANGED_RESULT
        try:
            found, length = self._hash(path, size_bytes)
        except _READ_ERRORS as error:
            self._note(kind, path, f"it cannot be read: {error}")
            return
        if length != size_bytes:
            more = "more" if length > size_bytes else f"{length:,}"
            self._note(kind, path, f"it has {more} bytes instead of {size_bytes:,}{leaf}")
        elif found != digest:
            self._note(kind, path, f"its SHA-256 is {found} instead of {digest}{leaf}")

    def _hash(self, path: str, size_bytes: int) -> tuple[str, int]:
        """Return the SHA-256 of a file, and its length, of which no more than one byte over `size_bytes` is read."""
        running = hashlib.sha256()
        length = 0
        with self._source.open(path) as file:
            while length <= size_bytes and (chunk := file.read(min(CHUNK_BYTES, size_bytes + 1 - length))):
                running.update(chunk)
                length += len(chunk)
        return running.hexdigest(), length

    # (8) Evidence and results against their leaves
    def _check_evidence(self, manifest: _Manifest) -> None:
        leaves, counts = self._leaves, self._counts
        kept: set[str] = set()
        for path, (_, digest) in manifest.files.items():
            if path.startswith(EVIDENCE):
                kept.add(digest)
                counts.evidence_files += 1
                if path != evidence_path(digest):
                    self._note(Kind.WRONG_MANIFEST, path, f"this evidence belongs to {evidence_path(digest)}")
                elif digest not in leaves.evidence:
                    self._note(
                        Kind.UNLOGGED_EVIDENCE, path, "no evidence leaf of the package holds its SHA-256"
                    )
                else:
                    self._check_not_erased(path, digest, leaves.again)
            elif path.startswith(RESULTS):
                counts.results += 1
                if path != result_path(digest):
                    self._note(Kind.WRONG_MANIFEST, path, f"this result belongs to {result_path(digest)}")
                elif digest not in leaves.results and digest not in leaves.replacing:
                    self._note(Kind.UNLOGGED_RESULT, path, "no result leaf of the package holds its SHA-256")
                else:
                    self._check_not_erased(path, digest, leaves.results)
        for index, why in leaves.unfounded.items():
            self._note(Kind.WRONG_TOMBSTONE, f"leaf {index}", why)
        self._check_kept(manifest, kept)

    def _check_not_erased(self, path: str, digest: str, newest: dict[str, int]) -> None:
        """What the log calls erased, and never names again, is not in the package."""
        stone = self._leaves.erased.get(digest, -1)
        if self._manifest and newest.get(digest, -1) < stone < self._manifest.size:
            self._note(Kind.NOT_ERASED, path, f"leaf {stone} says that it was erased")

    def _check_kept(self, manifest: _Manifest, kept: set[str]) -> None:
        for digest, index in self._leaves.evidence.items():
            if digest in kept or index >= manifest.size:
                continue  # what was logged after the manifest was written is not this package's
            if digest in manifest.withheld:
                self._counts.withheld += 1
            elif self._leaves.erased.get(digest, -1) > self._leaves.newest.get(digest, index):
                self._counts.erased += 1
            elif digest in self._leaves.erased:
                self._note(
                    Kind.MISSING_EVIDENCE,
                    f"leaf {self._leaves.newest[digest]}",
                    f"its evidence, {digest}, was collected after it had been erased, and is not in the package",
                )
            else:
                self._note(
                    Kind.MISSING_EVIDENCE,
                    f"leaf {index}",
                    f"its evidence, {digest}, is not in the package, and neither withheld nor erased",
                )

    # (9) The time stamps
    def _check_stamps(self, manifest: _Manifest, frontier: Sequence[bytes], table: bytes) -> None:
        found = {path: int(shape[1]) for path in self._sizes if (shape := _TIMESTAMP.fullmatch(path))}
        roots = _grow(manifest.start_size, frontier, table, found.values()) if found else {}
        for path, size in sorted(found.items(), key=lambda item: (item[1], item[0])):
            body = self._small(path)
            if body is None:
                continue
            if size not in roots:
                self._note(Kind.WRONG_TIMESTAMP, path, f"the package does not hold the log at {size} leaves")
                continue
            message = f"{manifest.origin}\n{size}\n{base64.b64encode(roots[size]).decode()}\n".encode()
            self._stamps.append(Stamp(path=path, size=size, message=message))
            if hashlib.sha256(message).digest() not in body:
                self._note(Kind.WRONG_TIMESTAMP, path, f"it does not stamp the log at {size} leaves")

    # (7), for the files of the log, which the manifest cannot list because they are written after it
    def _check_log_files(self, manifest: _Manifest) -> None:
        own = {CHECKPOINT, FRONTIER, HASHES, LEAVES, VKEY, PROOF, SUMS}
        if manifest.start_size:
            own.add(START_CHECKPOINT)
        present = {path for path in self._sizes if path.startswith("log/")}
        for path in sorted(present - own):
            if not _TIMESTAMP.fullmatch(path):
                self._note(Kind.EXTRA_FILE, path, "no package has such a file")
        sums = self._read_sums()
        if sums is None:
            return
        for path in sorted(present - {SUMS}):
            if path in self._troubled:
                continue  # named already, with its cause
            if path not in sums:
                self._note(Kind.EXTRA_FILE, path, f"{SUMS} does not list it")
            elif path in self._digests and self._digests[path] != sums[path]:
                self._note(
                    Kind.CHANGED_FILE,
                    path,
                    f"its SHA-256 is {self._digests[path]}, {SUMS} gives {sums[path]}",
                )
        for path in sorted(sums.keys() - present - self._troubled):
            self._note(Kind.MISSING_FILE, path, f"{SUMS} lists it")

    def _read_sums(self) -> dict[str, str] | None:
        body = self._small(SUMS, MAX_SUMS_BYTES)
        if body is None:
            return None
        sums: dict[str, str] = {}
        try:
            lines = body.decode("ascii").split("\n")
        except UnicodeDecodeError:
            lines = ["?", ""]
        last = lines.pop()
        for number, line in enumerate(lines, 1):
            shape = _SUM_LINE.fullmatch(line)
            if shape is None or f"log/{shape[2]}" in sums:
                self._note(Kind.MALFORMED, f"{SUMS}:{number}", "this is no line of a SHA-256 and a name")
                return None
            sums[f"log/{shape[2]}"] = shape[1]
        if last:
            self._note(Kind.MALFORMED, SUMS, "its last line is cut off")
            return None
        return sums


def is_timestamp_path(path: str) -> bool:
    """True for the path of a time stamp: the log's size, optionally a dash and a label, and .tsr."""
    return _TIMESTAMP.fullmatch(path) is not None


def result_path(digest: str) -> str:
    """Return where a package keeps the result document of a digest."""
    return f"{RESULTS}{digest}.json"


def evidence_path(digest: str) -> str:
    """Return where a package keeps the evidence of a digest."""
    return f"{EVIDENCE}sha256/{digest[:2]}/{digest[2:4]}/{digest}"


def _line(body: bytes) -> str:
    """Return the one line that a file holds."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise _Refused("it is no text") from None
    if not text.endswith("\n"):
        raise _Refused("it has no newline at its end")
    return text[:-1]


def _parse_proof(body: bytes) -> tuple[int, list[bytes], bytes]:
    """Read c2sp.org/tlog-proof@v1: the leaf's index, the hashes, and the checkpoint's bytes."""
    top, separator, checkpoint = body.partition(b"\n\n")
    if not separator or not top.isascii():
        raise _Refused("it is no portable proof")
    header, *lines = top.decode("ascii").split("\n")
    if header != "c2sp.org/tlog-proof@v1" or not lines or not lines[0].startswith("index "):
        raise _Refused("it is no portable proof")
    if len(lines) - 1 > MAX_PATH_HASHES:
        raise _Refused(f"it has more than {MAX_PATH_HASHES} hashes")
    path = [_base64(line) for line in lines[1:]]
    if any(len(digest) != _HASH_BYTES for digest in path):
        raise _Refused("one of its hashes has not 32 bytes")
    return _parse_count(lines[0].removeprefix("index ")), path, checkpoint


def _parse_frontier(body: bytes, start_size: int) -> list[bytes]:
    members = _json_object(body)
    size = _count_of(members, "size")
    texts = members.get("hashes")
    if not isinstance(texts, list) or not all(isinstance(t, str) and _DIGEST.fullmatch(t) for t in texts):
        raise _Refused("hashes is not a list of hashes in hexadecimal")
    if size != start_size or len(texts) != size.bit_count():
        raise _Refused(f"it gives {len(texts)} hashes for {size} leaves; the package starts at {start_size}")
    return [bytes.fromhex(text) for text in texts]


def _hashes(table: bytes) -> Iterator[bytes]:
    for offset in range(0, len(table), _HASH_BYTES):
        yield table[offset : offset + _HASH_BYTES]


def _shown(text: str) -> str:
    """Return text that cannot disturb a terminal: control characters escaped, cut at a limit."""
    plain = "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:MAX_SHOWN_CHARS]
    )
    return plain + ("…" if len(text) > MAX_SHOWN_CHARS else "")


# What people and programs read


def as_text(report: Report) -> str:
    """Return a report as the text that the command prints."""
    counts = report.counts
    lines = [
        f"Package of {_shown(report.organization)}" if report.organization else "Package",
        f"  {_shown(report.path)}",
    ]
    if report.origin:
        lines.append(f"  created {_shown(report.created_at)}")
        lines.append(
            f"  log {_shown(report.origin)}, leaves {report.start_size:,} to {max(report.size - 1, 0):,}"
        )
    rows = [
        (counts.leaves, "leaves of the log, against the root hash in its signed checkpoint"),
        (counts.files, f"files, against the manifest that the log holds ({_size(counts.size_bytes)})"),
        (counts.evidence_leaves, f"evidence leaves ({counts.withheld} withheld, {counts.erased} erased)"),
        (counts.evidence_files, "pieces of evidence, against their leaves"),
        (counts.results, "result documents, against their leaves"),
        (len(report.stamps), "time stamps, against the log at their size; their signatures: see below"),
    ]
    width = max(len(f"{number:,}") for number, _ in rows)
    lines += ["", "Checked", *(f"  {number:>{width},}  {what}" for number, what in rows)]
    lines += _erased_lines(report)
    lines += _key_lines(report)
    if report.cosigners:
        lines += [
            "",
            f"The checkpoint is also signed by {_shown(', '.join(report.cosigners))}: not checked here.",
        ]
    if report.stamps:
        lines += ["", "Time stamps: run these in the unpacked package, with the authority's root certificate"]
        lines += [f"  {_openssl(stamp)}" for stamp in report.stamps]
    lines.append("")
    if report.is_verified:
        lines.append("VERIFIED: no problems were found.")
    else:
        lines.append(f"NOT VERIFIED: {_plural(report.problem_count, 'problem')}.")
        for problem in report.problems:
            lines += ["", f"  {problem.kind.value}: {problem.place}", f"    {problem.message}"]
        if report.problem_count > len(report.problems):
            lines += ["", f"  and {report.problem_count - len(report.problems):,} more"]
    return "\n".join(lines) + "\n"


def _erased_lines(report: Report) -> list[str]:
    if not report.tombstones:
        return []
    lines = ["", "Erased, as the log says"]
    for stone in report.tombstones[:MAX_ERASED_SHOWN]:
        what = f"{_shown(stone.what)} " if stone.what else ""
        lines.append(f"  {what}{stone.sha256}")
        lines.append(
            f"    {_shown(stone.at)} by {_shown(stone.actor) or 'nobody named'}, leaf {stone.leaf}: {_shown(stone.reason)}"
        )
    if len(report.tombstones) > MAX_ERASED_SHOWN:
        lines.append(f"  and {len(report.tombstones) - MAX_ERASED_SHOWN:,} more; --json lists all")
    return lines


def _key_lines(report: Report) -> list[str]:
    if not report.vkey:
        return ["", "Key", "  none could be read: no signature was checked"]
    lines = ["", "Key", f"  {_shown(report.vkey)}", f"  SHA-256 {report.fingerprint}"]
    if report.key_was_given:
        return [*lines, "  It is the key that you gave."]
    return [
        *lines,
        "  It came with the package. Anyone can make a package with a key of their own, so compare it with the key that the",
        "  organization gave you in another way, or give that one with --key. Until then this run shows that the package is",
        "  complete and unchanged since it was signed with this key, and not who signed it.",
    ]


def _openssl(stamp: Stamp) -> str:
    digest = hashlib.sha256(stamp.message).hexdigest()
    return f"openssl ts -verify -digest {digest} -in {stamp.path} -CAfile ROOT.pem"


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _size(size_bytes: int) -> str:
    size = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004  # decimal units
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def as_json(report: Report) -> str:
    """Return a report as a JSON object."""
    counts = report.counts
    return (
        json.dumps(
            {
                "verified": report.is_verified,
                "path": report.path,
                "organization": report.organization,
                "created_at": report.created_at,
                "origin": report.origin,
                "start_size": report.start_size,
                "size": report.size,
                "key": {
                    "vkey": report.vkey,
                    "sha256": report.fingerprint.replace(" ", ""),
                    "was_given": report.key_was_given,
                },
                "checked": {
                    "leaves": counts.leaves,
                    "files": counts.files,
                    "size_bytes": counts.size_bytes,
                    "evidence_leaves": counts.evidence_leaves,
                    "evidence_files": counts.evidence_files,
                    "withheld": counts.withheld,
                    "erased": counts.erased,
                    "results": counts.results,
                },
                "erased": [
                    {
                        "sha256": stone.sha256,
                        "what": stone.what,
                        "at": stone.at,
                        "actor": stone.actor,
                        "reason": stone.reason,
                        "leaf": stone.leaf,
                        "replaced_by": stone.replaced_by or None,
                    }
                    for stone in report.tombstones
                ],
                "cosigners": list(report.cosigners),
                "timestamps": [
                    {
                        "path": s.path,
                        "size": s.size,
                        "sha256": hashlib.sha256(s.message).hexdigest(),
                        "command": _openssl(s),
                    }
                    for s in report.stamps
                ],
                "problem_count": report.problem_count,
                "problems": [
                    {"kind": p.kind.value, "place": p.place, "message": p.message} for p in report.problems
                ],
            },
            indent=2,
        )
        + "\n"
    )


def main(arguments: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """Verify what the arguments name, print the report, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="verify.py",
        description="Verify an Auditwright evidence package, offline and without Auditwright.",
    )
    parser.add_argument(
        "path", nargs="?", type=Path, default=Path(__file__).parent, help="the package: a folder or a zip"
    )
    parser.add_argument(
        "--key", metavar="VKEY", help="the organization's public key, in one line, obtained another way"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args(arguments)
    path: Path = options.path
    key: str | None = options.key
    out = out or sys.stdout
    try:
        report = verify_package(path, key)
    except UsageError as error:
        sys.stderr.write(f"verify.py: {error}\n")
        return 2
    written = as_json(report) if options.json else as_text(report)
    encoding = getattr(out, "encoding", None) or "utf-8"
    out.write(written.encode(encoding, "backslashreplace").decode(encoding))
    return 0 if report.is_verified else 1


if __name__ == "__main__":
    sys.exit(main())
