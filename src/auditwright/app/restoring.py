"""Restore: a program folder made anew from the file of a backup, or nothing.

1. The file is read header by header: what is cut off, or holds anything but plain files, is refused before anything is written.
2. All is written into a folder beside the one that was asked for, each member against its digest. Records are filled in
   one transaction at the revision of the backup, and then migrated forward.
3. The log's root is computed from its leaves, and compared with the backup's and with the newest signed checkpoint.
4. The transaction is committed, the files are forced onto the medium, and the folder gets its name.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from auditwright.app.backup import (
    BEGINNING,
    FORMAT,
    MANIFEST,
    Beginning,
    LogHead,
    Manifest,
    is_definition,
    is_state,
    log_head,
)
from auditwright.app.errors import AppError
from auditwright.app.folder import load_program
from auditwright.app.workspace import STATE_FOLDER, bucket_of, database_url, read_verifier_key
from auditwright.core.ports import EvidenceStore, NewerStoreError
from auditwright.program.definitions import SETTINGS_FILE
from auditwright.store import EVIDENCE_FOLDER, INVENTORY_FOLDER, sqlite_url
from auditwright.store.archive import ArchiveError, ArchiveReader, Member
from auditwright.store.disk import (
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    LateDisk,
    RealDisk,
    disk_error,
    make_folders,
    temporary_name,
)
from auditwright.store.evidence_folder import (
    MAX_PACKED_BYTES,
    FolderEvidence,
    digest_of_name,
    storage_key,
    unpack,
)
from auditwright.store.evidence_s3 import S3Evidence
from auditwright.store.inventory import FolderInventory, is_inventory_file
from auditwright.store.tables import MAX_PART_BYTES, Filling, filling

MAX_JSON_BYTES = 64 * 1024 * 1024
"""The manifest names what could not be read; no other part of it grows."""

PUBLIC_FILE = 0o644

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was made."""

    folder: Path
    beginning: Beginning
    manifest: Manifest
    head: LogHead


def restore(file: Path, folder: Path) -> Restored:
    """Make a program folder that does not exist yet from a backup; raises AppError, StoreError, NewerStoreError.

    Records go into the database that the environment names, which must hold none, or into the folder.
    """
    if folder.exists() or folder.is_symlink():
        raise AppError(f"{folder} exists already; nothing is restored over it. Choose another path.")
    if not folder.parent.is_dir():
        raise AppError(f"there is no folder {folder.parent}; make it, or choose another place")
    with ArchiveReader(file) as archive, _unfinished(folder) as temporary:  # (1)
        restored = _fill(archive, temporary, folder)
        try:
            os.sync()
            RealDisk().rename(temporary, folder)
            RealDisk().sync(folder.parent)
        except OSError as error:
            raise disk_error("restore into", folder, error) from error
    return restored


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """A folder beside the one to be made, removed where it does not become that one."""
    temporary = folder.parent / f".{folder.name}.{temporary_name()}.unfinished"
    try:
        temporary.mkdir(mode=PRIVATE_FOLDER)
        (temporary / STATE_FOLDER).mkdir(mode=PRIVATE_FOLDER)
    except OSError as error:
        raise disk_error("restore into", temporary, error) from error
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _fill(archive: ArchiveReader, temporary: Path, folder: Path) -> Restored:
    members = archive.members()
    beginning = _beginning(archive, next(members))
    state = temporary / STATE_FOLDER
    url = database_url() or sqlite_url(state)
    with filling(url, beginning.revision, beginning.tables) as records:
        restoring = _Restoring(archive, temporary, records)  # (2)
        for member in members:
            restoring.take(member)
        manifest = restoring.finish()
        records.finish()
        head = log_head(records, read_verifier_key(state))  # (3)
        if (head.size, head.root.hex()) != (manifest.log_size, manifest.log_root):
            raise ArchiveError(
                f"the backup's leaves come to a log of {head.size} with the root {head.root.hex()}, but it was made of one of "
                f"{manifest.log_size} with the root {manifest.log_root}; it was changed: take another one"
            )
    return Restored(folder=folder, beginning=beginning, manifest=manifest, head=head)


class _Restoring:
    """Takes the members of a backup, each to its place."""

    def __init__(self, archive: ArchiveReader, temporary: Path, records: Filling) -> None:
        self._archive = archive
        self._temporary = temporary
        self._state = temporary / STATE_FOLDER
        self._records = records
        self._evidence: EvidenceStore | None = None
        self._manifest: Manifest | None = None
        self._counts = dict.fromkeys(("inventory", "state", "program", "evidence"), 0)

    def take(self, member: Member) -> None:
        """Restore one member; raises StoreError."""
        match member.area:
            case "records":
                self._take_rows(member)
            case "inventory" if is_inventory_file(member.path):
                self._take_file(member, self._state / INVENTORY_FOLDER / member.path, PRIVATE_FILE)
            case "state" if is_state(member.path):
                self._take_file(member, self._state / member.path, PRIVATE_FILE)
            case "program" if is_definition(member.path):
                self._take_file(member, self._temporary / member.path, PUBLIC_FILE)
            case "evidence":
                self._take_evidence(member)
            case "manifest.json":
                self._manifest = _parsed(self._archive, member, Manifest)
            case _:
                raise ArchiveError(
                    f"{member.name} is no file that a backup holds; it was changed: take another one"
                )
        if member.area in self._counts:
            self._counts[member.area] += 1

    def finish(self) -> Manifest:
        """Check that all is there that the manifest counts; raises ArchiveError, AppError."""
        if self._manifest is None:
            raise ArchiveError(f"{MANIFEST} is missing from the backup; take another one")
        counted = {
            "inventory": self._manifest.inventory,
            "state": self._manifest.state,
            "program": self._manifest.program,
            "evidence": self._manifest.evidence,
        }
        if counted != self._counts or self._manifest.rows != self._records.rows:
            raise ArchiveError(
                f"the backup holds {self._counts} and {self._records.rows}, but {MANIFEST} counts {counted} and "
                f"{self._manifest.rows}; it was changed: take another one"
            )
        self._opened_evidence()
        FolderInventory.create(self._state / INVENTORY_FOLDER)
        return self._manifest

    def _take_rows(self, member: Member) -> None:
        table = member.path.partition("-")[2].removesuffix(".jsonl.zst")
        self._records.add(table, self._archive.read(member, MAX_PART_BYTES))

    def _take_evidence(self, member: Member) -> None:
        digest = digest_of_name(member.path.rpartition("/")[2])
        if digest is None or member.path != storage_key(digest):
            raise ArchiveError(
                f"{member.name} is no name of evidence; the backup was changed: take another one"
            )
        body = unpack(self._archive.read(member, MAX_PACKED_BYTES), digest, member.name)
        store = self._opened_evidence()
        # What a bucket still holds need not travel again.
        if digest not in store:
            store.put(body)

    def _take_file(self, member: Member, path: Path, mode: int) -> None:
        try:
            make_folders(LateDisk(), self._temporary, path.parent)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                for piece in self._archive.pieces(member):
                    file.write(piece)
        except OSError as error:
            raise disk_error("restore", path, error) from error

    def _opened_evidence(self) -> EvidenceStore:
        """Where the restored definitions keep evidence."""
        if self._evidence is None:
            if not (self._temporary / SETTINGS_FILE).is_file():
                raise ArchiveError(f"the backup holds no {SETTINGS_FILE}; it was changed: take another one")
            bucket = bucket_of(load_program(self._temporary))
            self._evidence = (
                S3Evidence(bucket)
                if bucket
                else FolderEvidence.create(self._state / EVIDENCE_FOLDER, LateDisk())
            )
        return self._evidence


def _beginning(archive: ArchiveReader, member: Member) -> Beginning:
    if member.name != BEGINNING:
        raise ArchiveError(
            f"it begins with {member.name} and not with {BEGINNING}, so it is no backup: take another one"
        )
    beginning = _parsed(archive, member, Beginning)
    if beginning.format != FORMAT:
        raise NewerStoreError(
            f"the backup has the format {beginning.format!r}, and this version reads {FORMAT!r}; "
            f"install Auditwright {beginning.version}, which wrote it"
        )
    return beginning


def _parsed(archive: ArchiveReader, member: Member, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(archive.read(member, MAX_JSON_BYTES), type=kind)
    except msgspec.MsgspecError as error:
        raise ArchiveError(
            f"{member.name} cannot be read ({error}); the backup was changed: take another one"
        ) from None
