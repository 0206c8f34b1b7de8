"""The few file operations that durable stores are made of, as a port, so that their faults can be rehearsed."""

import errno
import os
import secrets
import time
from pathlib import Path
from typing import Protocol

from auditwright.core.ports import StoreError

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
"""Evidence shows the inside of an organization; other users of the machine do not read it."""

STALE_AFTER_S = 3600
"""A temporary file this old belongs to nobody: writing one takes seconds, and its writer was killed."""

TEMPORARY_FOLDER = "tmp"
"""Where files are written before they are renamed into place, inside the store's own file system."""


class Disk(Protocol):
    """File operations; each raises OSError."""

    def write_new(self, path: Path, body: bytes) -> None:
        """Write a file that does not exist yet."""
        ...

    def sync(self, path: Path) -> None:
        """Force a file's content, or a folder's list of names, onto the medium."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its final name, atomically, replacing what bears it."""
        ...

    def make_folder(self, path: Path) -> None:
        """Make a folder; its parent exists."""
        ...

    def remove(self, path: Path) -> None:
        """Take a file away; one that is not there is gone."""
        ...


class RealDisk:
    """The operating system's files."""

    __slots__ = ()

    def write_new(self, path: Path, body: bytes) -> None:
        """Write a file that does not exist yet."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
            file.write(body)

    def sync(self, path: Path) -> None:
        """Force a file's content, or a folder's list of names, onto the medium."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its final name, atomically, replacing what bears it."""
        source.rename(target)

    def make_folder(self, path: Path) -> None:
        """Make a folder; its parent exists."""
        path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)

    def remove(self, path: Path) -> None:
        """Take a file away; one that is not there is gone."""
        path.unlink(missing_ok=True)


class LateDisk(RealDisk):
    """Files that are forced onto the medium all at once, by whoever gives them their final name."""

    __slots__ = ()

    def sync(self, path: Path) -> None:
        """Leave it to the end."""


def publish(disk: Disk, source: Path, target: Path) -> None:
    """Give a written file its final name so that it survives a crash; raises OSError."""
    disk.sync(source)
    disk.rename(source, target)
    disk.sync(target.parent)


def make_folders(disk: Disk, root: Path, folder: Path) -> None:
    """Make a folder below an existing root, and every folder between, durably; raises OSError."""
    if folder == root or folder.is_dir():
        return
    make_folders(disk, root, folder.parent)
    disk.make_folder(folder)
    disk.sync(folder.parent)


def temporary_name() -> str:
    """A name that no other writer uses."""
    return f"{os.getpid()}-{secrets.token_hex(8)}"


def sweep(folder: Path) -> None:
    """Remove what killed writers left in a folder of temporary files."""
    stale = time.time() - STALE_AFTER_S
    for path in folder.iterdir():
        try:
            if path.stat().st_mtime < stale:
                path.unlink()
        except FileNotFoundError:
            continue  # somebody else swept it


def discard(path: Path) -> None:
    """Remove a temporary file where it can be removed; one that stays is swept later."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def disk_error(doing: str, path: Path, error: OSError) -> StoreError:
    """What the operating system refused, and what to do about it."""
    advice = {
        errno.ENOSPC: "free some space on that disk and run again",
        errno.EDQUOT: "raise the quota or free some space and run again",
        errno.EACCES: "give this user write permission there",
        errno.EPERM: "give this user write permission there",
        errno.EROFS: "mount the file system for writing",
        errno.EIO: "check the disk; what was stored before is verified when it is read",
    }.get(error.errno or 0, "see why the operating system refuses and run again")
    why = error.strerror or str(error)
    return StoreError(f"cannot {doing} {path}: {why}; nothing was changed; {advice}")
