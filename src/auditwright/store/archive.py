"""One file of many members: a plain tar that can be read with `tar` and checked with `sha256sum -c SHA256SUMS`.

How it is written, and all that is read:
1. Each member is a regular file; its header is the one that POSIX ustar gives its name, size and time, byte for byte. So
   there is no link, no device, no sparse file and no second way to say a name.
2. Members stand in the order of AREAS, and within an area by name; so none is there twice.
3. The last one, SHA256SUMS, lists every other with its SHA-256, in the same order.
4. Padding is zeros, and nothing follows the two blocks of zeros at the end.
So every byte of the file is either checked or refused.
"""

import hashlib
import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import BinaryIO, Self

from auditwright.core.ports import StoreError

AREAS = (
    "backup.json",
    "inventory",
    "records",
    "state",
    "program",
    "evidence",
    "manifest.json",
    "SHA256SUMS",
)
"""The first part of every name, in the order of the file."""

SUMS = AREAS[-1]

BLOCK = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK)
PIECE_BYTES = 1024 * 1024
MAX_LINE_BYTES = 1024
"""A line of SHA256SUMS: no name that ustar holds is nearly as long."""

_OCTAL = re.compile(rb"[0-7]{11}")


class ArchiveError(StoreError):
    """A file is no backup, or not a whole one; the message names the member."""


class ArchiveWriter:
    """Writes members in their order, each once."""

    __slots__ = ("_at", "_file", "_last", "_sums")

    def __init__(self, file: BinaryIO, *, at: int) -> None:
        """Write into a file; `at` is the time of every member, in seconds since 1970."""
        self._file = file
        self._at = at
        self._last: tuple[int, bytes] = (-1, b"")
        self._sums = TemporaryFile()  # noqa: SIM115  # closed with this object

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sums.close()

    def add(self, name: str, body: bytes) -> None:
        """Add a member; raises StoreError for a name that cannot be kept, OSError."""
        self.add_pieces(name, len(body), [body])

    def add_pieces(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        """Add a member of a known size, piece by piece; raises StoreError where it has another, OSError."""
        self._last = _in_order(name, self._last)
        digest = hashlib.sha256()
        left = size
        self._file.write(_header(name, size, self._at))
        for piece in pieces:
            left -= len(piece)
            digest.update(piece)
            self._file.write(piece)
        if left:
            raise StoreError(f"{name} changed while it was read; back up again")
        self._file.write(_padding(size))
        self._sums.write(_line(digest.hexdigest(), name))

    def finish(self) -> None:
        """Add the list of digests, and end the file; raises OSError."""
        size = self._sums.tell()
        self._sums.seek(0)
        self._file.write(_header(SUMS, size, self._at))
        while piece := self._sums.read(PIECE_BYTES):
            self._file.write(piece)
        self._file.write(_padding(size) + END)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of the archive."""

    name: str
    size: int
    start: int
    """Where its bytes begin."""

    @property
    def area(self) -> str:
        """The first part of its name."""
        return self.name.partition("/")[0]

    @property
    def path(self) -> str:
        """Its name below its area."""
        return self.name.partition("/")[2]

    @property
    def end(self) -> int:
        """Where the next header begins."""
        return self.start + self.size + len(_padding(self.size))


class ArchiveReader:
    """Reads the members of a file, in order, each against its digest."""

    __slots__ = ("_file", "_place", "_size", "_sums", "_sums_end")

    def __init__(self, path: Path) -> None:
        """Open a file and check that it is whole, header by header; raises ArchiveError."""
        self._place = str(path)
        try:
            self._file = path.open("rb")
            self._sums = path.open("rb")
        except OSError as error:
            raise ArchiveError(
                f"{path} cannot be read: {error.strerror}; name the file of a backup"
            ) from None
        try:
            self._size = os.fstat(self._file.fileno()).st_size
            sums = self._walked()
        except BaseException:
            self.close()
            raise
        self._sums.seek(sums.start)
        self._sums_end = sums.start + sums.size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        self._sums.close()

    def members(self) -> Iterator[Member]:
        """Every member but the list of digests, in order. Each has to be read before the next; raises ArchiveError."""
        for member in self._headers():
            if member.name != SUMS:
                yield member
        if self._sums.tell() != self._sums_end:
            raise self._damaged(SUMS, "lists a file that is not there")

    def read(self, member: Member, limit: int) -> bytes:
        """A member's bytes, checked; raises ArchiveError, also where there are more than the limit."""
        if member.size > limit:
            raise self._damaged(member.name, f"has {member.size} bytes, where at most {limit} can be")
        return b"".join(self.pieces(member))

    def pieces(self, member: Member) -> Iterator[bytes]:
        """A member's bytes, piece by piece; raises ArchiveError at the end where they are not those of its digest."""
        digest = hashlib.sha256()
        self._file.seek(member.start)
        left = member.size
        while left:
            piece = self._file.read(min(left, PIECE_BYTES))
            if not piece:
                raise self._damaged(member.name, "is cut off")
            left -= len(piece)
            digest.update(piece)
            yield piece
        if self._sums.tell() >= self._sums_end or self._sums.readline(MAX_LINE_BYTES) != _line(
            digest.hexdigest(), member.name
        ):
            raise self._damaged(member.name, f"or its line in {SUMS} was changed")

    def _walked(self) -> Member:
        """Look at every header, and return the list of digests."""
        last = None
        for member in self._headers():
            last = member
        if last is None or last.name != SUMS:
            raise self._damaged(SUMS, "is not at its end: the file was cut off or changed")
        return last

    def _headers(self) -> Iterator[Member]:
        order: tuple[int, bytes] = (-1, b"")
        at = 0
        name = "its beginning"
        while (block := self._block(at, name)) != END[:BLOCK]:
            member = self._member(block, at, name)
            order = self._next(member.name, order)
            name = member.name
            if member.end > self._size:
                raise self._damaged(name, "is cut off")
            yield member
            at = member.end
            self._file.seek(member.start + member.size)
            if any(self._file.read(at - member.start - member.size)):
                raise self._damaged(name, "is followed by bytes that belong to nothing")
        if self._block(at + BLOCK, name) != END[BLOCK:] or self._size != at + len(END):
            raise self._damaged(name, "is not followed by the end of the file")

    def _block(self, at: int, after: str) -> bytes:
        self._file.seek(at)
        block = self._file.read(BLOCK)
        if len(block) != BLOCK:
            raise ArchiveError(
                f"{self._place} is cut off after {after}; it is not a whole backup: take another one"
            )
        return block

    def _member(self, block: bytes, at: int, after: str) -> Member:
        """What a header says, where it is the one header that there is for it."""
        name, prefix = _text(block[:100]), _text(block[345:500])
        whole = f"{prefix}/{name}" if prefix else name
        size, time = _number(block[124:135]), _number(block[136:147])
        if not _is_header(block, whole, size, time):
            raise ArchiveError(
                f"{self._place} holds something after {after} that no backup holds; "
                "it was changed, or is not a backup: take another one"
            )
        return Member(name=whole, size=size, start=at + BLOCK)

    def _next(self, name: str, order: tuple[int, bytes]) -> tuple[int, bytes]:
        try:
            return _in_order(name, order)
        except StoreError as error:
            raise ArchiveError(f"{self._place}: {error}") from None

    def _damaged(self, name: str, how: str) -> ArchiveError:
        return ArchiveError(f"{self._place}: {name} {how}; it is not a whole backup: take another one")


def _in_order(name: str, last: tuple[int, bytes]) -> tuple[int, bytes]:
    """A name's place, after the last one; raises StoreError for a name that no member has."""
    parts = name.split("/")
    # A line break would end a line of SHA256SUMS; `..` would leave the folder.
    if any(part in {"", ".", ".."} for part in parts) or not name.isprintable() or "\\" in name:
        raise StoreError(f"{name!r} is no name that a backup can hold; rename that file")
    if parts[0] not in AREAS or (len(parts) == 1) != ("." in parts[0] or parts[0] == SUMS):
        raise StoreError(f"{name!r} is no file of a backup")
    place = AREAS.index(parts[0]), name.encode()
    if place <= last:
        raise StoreError(f"{name!r} is there twice, or not in its place")
    return place


def _header(name: str, size: int, at: int) -> bytes:
    """The one header of a member; raises StoreError for what it cannot hold."""
    info = tarfile.TarInfo(name)
    info.size = size
    info.mtime = at
    info.mode = 0o600
    try:
        return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")
    except ValueError as error:
        raise StoreError(f"{name!r} is no name that a backup can hold ({error}); shorten it") from None


def _is_header(block: bytes, name: str, size: int, at: int) -> bool:
    try:
        return block == _header(name, size, at)
    except StoreError:
        return False


def _padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def _line(digest: str, name: str) -> bytes:
    return f"{digest}  {name}\n".encode()


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


def _number(field: bytes) -> int:
    """A number of a header; 0 for what is none, which no header that is compared then has."""
    return int(field, 8) if _OCTAL.fullmatch(field) else 0
