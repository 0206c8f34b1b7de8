"""Reports on disk: opened without being read into memory, unpacked where they are packed, within limits."""

import hashlib
import mmap
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from auditwright.app.cycles import no_search_for_cycles
from auditwright.app.errors import AppError
from auditwright.vulns.csaf_rules import Checked, NotChecked, check
from auditwright.vulns.readers import UnreadableReportError, read_report
from auditwright.vulns.report import Report

MAX_FILE_BYTES = 8 << 30
"""A report of three million rows; a larger file is no report of one scan."""

MAX_UNPACKED_BYTES = 4 << 30
"""What a packed report may come to; a bomb stops here."""

MAX_FILES = 1_000

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """A file and the report that it holds."""

    path: Path
    sha256: str
    """Of the file as it lies on disk."""
    size_bytes: int
    report: Report


def read_files(paths: Iterable[Path], *, format_id: str = "") -> tuple[ReadFile, ...]:
    """Read every report; raises AppError naming the file, and then none is used."""
    wanted = tuple(paths)
    if len(wanted) > MAX_FILES:
        raise AppError(f"{len(wanted)} reports were given; at most {MAX_FILES} are merged at once")
    with no_search_for_cycles():
        return tuple(read_file(path, format_id=format_id) for path in wanted)


def read_file(path: Path, *, format_id: str = "") -> ReadFile:
    """Read one report; raises AppError."""
    with _opened(path) as mapped:
        sha256 = _digest(mapped)
        report = read_report(_unpacked(mapped), format_id=format_id)
        return ReadFile(path=path, sha256=sha256, size_bytes=len(mapped), report=report)


def check_csaf(path: Path) -> Checked | NotChecked:
    """Hold the rules of the standard against a CSAF document; raises AppError where the file cannot be read."""
    with _opened(path) as mapped:
        return check(_unpacked(mapped))


@contextmanager
def _opened(path: Path) -> Iterator[mmap.mmap]:
    try:
        with path.open("rb") as opened:
            size = opened.seek(0, 2)
            if size > MAX_FILE_BYTES:
                raise AppError(f"{path} has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read")
            if size == 0:
                raise AppError(f"{path} is empty; run the scanner again")
            with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                yield mapped
    except OSError as error:
        raise AppError(f"{path} cannot be read: {error.strerror}") from None
    except UnreadableReportError as error:
        raise AppError(f"{path}: {error}") from None
    except MemoryError:
        raise AppError(
            f"{path} does not fit into memory; split the scan, or print the report with indentation"
        ) from None


def mapped_report(path: Path) -> Report:
    """A report that is read from its file as it is needed, without the digest that evidence has. Raises UnreadableReportError."""
    with path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return read_report(_unpacked(mapped))


def _digest(mapped: mmap.mmap) -> str:
    whole = hashlib.sha256()
    for start in range(0, len(mapped), CHUNK_BYTES):
        whole.update(mapped[start : start + CHUNK_BYTES])
        if hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED, start, min(CHUNK_BYTES, len(mapped) - start))
    return whole.hexdigest()


def _unpacked(mapped: mmap.mmap) -> mmap.mmap | bytes:
    """The content of a gzip or zstd file; any other file as it is."""
    head = mapped[:4]
    if head.startswith(b"\x1f\x8b"):
        return b"".join(_bounded(_gunzipped(mapped)))
    if head == b"\x28\xb5\x2f\xfd":
        return b"".join(_bounded(_zstd(mapped)))
    return mapped


def _bounded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_UNPACKED_BYTES:
            raise UnreadableReportError(
                f"the file unpacks to more than {MAX_UNPACKED_BYTES:,} bytes; no report is so large"
            )
        yield piece


def _gunzipped(mapped: mmap.mmap) -> Iterator[bytes]:
    unpack = zlib.decompressobj(wbits=31)
    try:
        for start in range(0, len(mapped), CHUNK_BYTES):
            data = mapped[start : start + CHUNK_BYTES]
            while data:
                yield unpack.decompress(data, CHUNK_BYTES)
                data = unpack.unconsumed_tail
                if unpack.eof and unpack.unused_data:  # a file of several members
                    data = unpack.unused_data
                    unpack = zlib.decompressobj(wbits=31)
        yield unpack.flush()
    except zlib.error as error:
        raise UnreadableReportError(f"the file is no whole gzip file: {error}") from error
    if not unpack.eof:
        raise UnreadableReportError("the gzip file is cut off in the middle; save it again")


def _zstd(mapped: mmap.mmap) -> Iterator[bytes]:
    import zstandard

    reader = zstandard.ZstdDecompressor().stream_reader(mapped[:], read_across_frames=True)
    try:
        while piece := reader.read(CHUNK_BYTES):
            yield piece
    except zstandard.ZstdError as error:
        raise UnreadableReportError(f"the file is no whole zstd file: {error}") from error
