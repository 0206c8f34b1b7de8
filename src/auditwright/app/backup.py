"""Backup: one file that holds all of a program, and from which `auditwright restore` makes it anew.

1. While nobody writes to the inventory, a view of the records is opened and the inventory is copied. So the inventory
   knows all that the records say is finished, and no run of which they do not know.
2. The rows of that view are copied, whoever writes meanwhile, and the log's root is computed from its leaves.
3. The keys and documents of the state folder, and the definitions, are copied.
4. The evidence is copied last: all that the records and the inventory name is there, but for what the view says was
   erased, which is not copied. What is erased while the backup is made is named as evidence that could not be read.
5. The file is forced onto the medium and gets its name. Before that, there is no backup.
docs/operation.md describes the format.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from heapq import merge
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile

import msgspec

from auditwright import __version__
from auditwright.app.errors import AppError
from auditwright.app.workspace import Workspace, database_url
from auditwright.core.ids import Digest
from auditwright.core.log import iso, leaf_hash
from auditwright.core.ports import EvidenceCorruptError, EvidenceMissingError, EvidenceStore, StoreError
from auditwright.sign.checkpoint import CheckpointError, open_checkpoint
from auditwright.sign.merkle import Frontier
from auditwright.sign.note import VerifierKey
from auditwright.store import EVIDENCE_FOLDER, INVENTORY_FOLDER, RECORDS_FILE, sqlite_url
from auditwright.store.archive import PIECE_BYTES, ArchiveWriter
from auditwright.store.disk import PRIVATE_FILE, RealDisk, discard, disk_error, publish, temporary_name
from auditwright.store.evidence_folder import pack, storage_key
from auditwright.store.inventory import FolderInventory
from auditwright.store.tables import Columns, Log, Snapshot, snapshot

FORMAT = "auditwright-backup/1"
BEGINNING = "backup.json"
MANIFEST = "manifest.json"

MAX_FILES = 50_000
"""Files of a program folder beside the state: far above any program, far below a mistyped home directory."""

NEVER_DEFINITIONS = frozenset({".git", ".auditwright", "__pycache__"})
"""Folders that hold no definitions. The history of version control has its own copies; and what a stranger's `.git`
names as a program would be run by whoever looks at what was restored."""

NEVER_STATE = (
    f"{EVIDENCE_FOLDER}/",
    f"{INVENTORY_FOLDER}/",
    RECORDS_FILE,
    "jobs.db",
    "tmp/",
)
"""What is copied in another form, and the engine of the jobs: a run that was interrupted is begun anew from the records."""


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """The first member: what has to be known before anything is read. A later format may say more."""

    format: str
    created_at: str
    version: str
    revision: str
    """The revision of the records' schema."""
    tables: dict[str, tuple[str, ...]]
    """The columns of each table, in the order of its rows."""


class Unreadable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Evidence that the records name and that could not be read."""

    sha256: str
    reason: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The last member before the digests: what is in the backup."""

    origin: str
    log_size: int
    log_root: str
    rows: dict[str, int]
    inventory: int
    state: int
    program: int
    evidence: int
    unreadable: tuple[Unreadable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """What was written."""

    path: Path
    size_bytes: int
    manifest: Manifest
    left_out: tuple[str, ...]
    """Links of the program folder that lead out of it, or to folders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHead:
    """How long the log is, and what it comes to."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    found: Sequence[Path]
    left_out: tuple[str, ...]


def back_up(workspace: Workspace, out: Path, *, now: datetime) -> BackedUp:
    """Write a backup into a file that does not exist yet; raises AppError, StoreError. Cut off, it leaves no backup."""
    if out.exists() or out.is_symlink():
        raise AppError(f"{out} exists already; a backup is never written over. Choose another name.")
    if not out.parent.is_dir():
        raise AppError(f"there is no folder {out.parent}; make it, or choose another place")
    if out.parent.resolve().is_relative_to(workspace.folder):
        raise AppError(
            f"{out} would lie in the program folder, and be lost with it; choose a place on another disk"
        )
    temporary = out.parent / f".{out.name}.{temporary_name()}.unfinished"
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
            with ArchiveWriter(file, at=int(now.timestamp())) as archive:
                manifest, left_out = _write(workspace, archive, now)
            size_bytes = file.tell()
        publish(RealDisk(), temporary, out)  # (5)
    except OSError as error:
        raise disk_error("write the backup", out, error) from error
    finally:
        discard(temporary)
    return BackedUp(path=out, size_bytes=size_bytes, manifest=manifest, left_out=left_out)


def log_head(log: Log, key: VerifierKey) -> LogHead:
    """The log's head, computed from its leaves; raises StoreError where they are not what was sealed.

    The hashes that are kept of leaves, and the newest checkpoint, must agree with the leaves.
    """
    newest = log.newest_checkpoint()
    frontier, sealed = Frontier(), Frontier().root()
    for seq, leaf, kept in log.leaves():
        found = leaf_hash(leaf)
        if seq != frontier.size or found != kept:
            raise StoreError(
                f"leaf {frontier.size} of the log is missing or was changed; restore an earlier backup, and see who can write there"
            )
        frontier.append(found)
        if newest and frontier.size == newest.size:
            sealed = frontier.root()
    if newest:
        _check_sealed(newest.note, key, LogHead(size=newest.size, root=sealed))
    return LogHead(size=frontier.size, root=frontier.root())


def is_state(path: str) -> bool:
    """True for the path, below the state folder, of a file that is copied as it is: keys and documents."""
    name = path.rpartition("/")[2]
    unlasting = name.endswith((".lock", ".tmp", "-wal", "-shm", "-journal")) or name == "lock"
    return not unlasting and not path.startswith(NEVER_STATE)


def is_definition(path: str) -> bool:
    """True for the path, below the program folder, of a file that is copied with the definitions."""
    return not NEVER_DEFINITIONS.intersection(path.split("/"))


def _check_sealed(note: bytes, key: VerifierKey, head: LogHead) -> None:
    try:
        signed = open_checkpoint(note, key)
    except CheckpointError as error:
        raise StoreError(f"the newest checkpoint of the log: {error}") from None
    if (signed.size, signed.root) != (head.size, head.root):
        raise StoreError(
            f"the log's first {signed.size} leaves are not those that its newest checkpoint was signed over; "
            "restore an earlier backup, and see who can write there"
        )


def _write(workspace: Workspace, archive: ArchiveWriter, now: datetime) -> tuple[Manifest, tuple[str, ...]]:
    inventory, evidence_store = workspace.state / INVENTORY_FOLDER, workspace.stores.evidence
    with TemporaryFile("w+", encoding="ascii") as named:
        with ExitStack() as stack:
            with FolderInventory(inventory).held_still() as files:  # (1)
                view = stack.enter_context(snapshot(database_url() or sqlite_url(workspace.state)))
                archive.add(BEGINNING, msgspec.json.encode(_beginning(now, view.columns)))
                _add_files(archive, "inventory", inventory, files)
            rows = _add_records(archive, view)  # (2)
            head = log_head(view, workspace.verifier_key)
            # There may be millions, and the view is not kept open for them.
            named.writelines(f"{digest}\n" for digest in view.named_evidence())
            erased = view.erased()
        named.seek(0)
        state, program = _files(workspace.state, is_state), _files(workspace.folder, is_definition)
        _add_files(archive, "state", workspace.state, state.found)  # (3)
        _add_files(archive, "program", workspace.folder, program.found)
        digests = (Digest(line.strip()) for line in named)
        wanted = (
            digest for digest, _ in groupby(merge(digests, evidence_store.digests())) if digest not in erased
        )
        evidence, unreadable = _add_evidence(archive, evidence_store, wanted)  # (4)
    manifest = Manifest(
        origin=workspace.verifier_key.name,
        log_size=head.size,
        log_root=head.root.hex(),
        rows=rows,
        inventory=len(files),
        state=len(state.found),
        program=len(program.found),
        evidence=evidence,
        unreadable=unreadable,
    )
    archive.add(MANIFEST, msgspec.json.encode(manifest))
    archive.finish()
    return manifest, program.left_out


def _beginning(now: datetime, columns: Columns) -> Beginning:
    return Beginning(
        format=FORMAT,
        created_at=iso(now),
        version=__version__,
        revision=Snapshot.revision,
        tables={name: tuple(listed) for name, listed in columns.items()},
    )


def _add_records(archive: ArchiveWriter, view: Snapshot) -> dict[str, int]:
    """Add every row; returns how many each table has."""
    rows = dict.fromkeys(view.columns, 0)
    for number, part in enumerate(view.parts(), 1):
        archive.add(f"records/{number:08}-{part.table}.jsonl.zst", part.packed)
        rows[part.table] += part.rows
    return rows


def _add_evidence(
    archive: ArchiveWriter, store: EvidenceStore, wanted: Iterable[Digest]
) -> tuple[int, tuple[Unreadable, ...]]:
    """Add all that is kept; returns how many, and what the records name in vain."""
    added, unreadable = 0, []
    for digest in wanted:
        try:
            body = store.get(digest)
        except (EvidenceMissingError, EvidenceCorruptError) as error:
            unreadable.append(Unreadable(sha256=digest, reason=str(error)))
            continue
        archive.add(f"{EVIDENCE_FOLDER}/{storage_key(digest)}", pack(body))
        added += 1
    return added, tuple(unreadable)


def _add_files(archive: ArchiveWriter, area: str, root: Path, paths: Iterable[Path]) -> None:
    names = {f"{area}/{path.relative_to(root).as_posix()}": path for path in paths}
    for name in sorted(names, key=os.fsencode):
        try:
            with names[name].open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                archive.add_pieces(name, size, iter(partial(file.read, PIECE_BYTES), b""))
        except OSError as error:
            raise disk_error("back up", names[name], error) from error


def _files(root: Path, wanted: Callable[[str], bool]) -> _Files:
    """The files below a folder that are wanted, and the links that are left out; raises AppError."""
    found: list[Path] = []
    left_out: list[str] = []
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if wanted(f"{(here / name).relative_to(root).as_posix()}/")]
        linked = [here / name for name in folders if (here / name).is_symlink()]
        for path in [*linked, *(here / name for name in files)]:
            if not wanted(path.relative_to(root).as_posix()):
                continue
            # A link to a file in here is copied as that file: nothing of a backup is a link.
            if path.is_file() and path.resolve().is_relative_to(root.resolve()):
                found.append(path)
            else:
                left_out.append(path.relative_to(root).as_posix())
        if len(found) > MAX_FILES:
            raise AppError(f"{root} holds more than {MAX_FILES} files; is it the program folder?")
    return _Files(found=found, left_out=tuple(sorted(left_out)))
