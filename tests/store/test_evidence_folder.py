import errno
import os
import stat
from pathlib import Path

import pytest
import zstandard

from auditwright.core.evidence import digest_of
from auditwright.core.ports import EvidenceCorruptError, EvidenceMissingError, StoreError
from auditwright.store.disk import STALE_AFTER_S
from auditwright.store.evidence_folder import MAX_EVIDENCE_BYTES, FolderEvidence, storage_key
from tests.store.faults import FailingDisk

BODY = b'{"Users": []}' * 20
DIGEST = digest_of(BODY)
STEPS = 10
"""Operations of a first put: three folders of two steps each, then write, sync, rename, sync."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    FolderEvidence.create(tmp_path / "evidence")
    return tmp_path / "evidence"


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_evidence_lies_compressed_at_its_digest_and_is_nobody_elses_to_read(root: Path) -> None:
    FolderEvidence(root).put(BODY)
    path = root / "sha256" / DIGEST[:2] / DIGEST[2:4] / f"{DIGEST}.zst"
    assert files(root) == [path]
    assert path.stat().st_size < len(BODY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("allowed", range(STEPS))
def test_a_failing_disk_is_a_clear_error_and_leaves_no_half_file(
    root: Path, allowed: int, number: int
) -> None:
    disk = FailingDisk(99, number)
    store = FolderEvidence(root, disk)
    disk.allowed = allowed
    with pytest.raises(StoreError, match="nothing was changed") as raised:
        store.put(BODY)
    assert os.strerror(number) in str(raised.value)
    # What is there at all is there whole: only the last step comes after the rename.
    assert [path for path in files(root) if path != root / storage_key(DIGEST)] == []
    healed = FolderEvidence(root)
    assert (DIGEST in healed) == (allowed == STEPS - 1)
    assert healed.put(BODY) == DIGEST
    assert healed.get(DIGEST) == BODY


def test_a_put_takes_no_more_steps_than_the_faults_cover(root: Path) -> None:
    disk = FailingDisk(99)
    store = FolderEvidence(root, disk)
    disk.allowed = STEPS
    store.put(BODY)
    assert disk.allowed == 0


def test_leftovers_of_killed_writers_are_swept_and_those_of_live_ones_are_not(root: Path) -> None:
    old, new = root / "tmp" / "1-old", root / "tmp" / "2-new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, old.stat().st_mtime - STALE_AFTER_S - 60))
    FolderEvidence(root)
    assert files(root) == [new]


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"no zstd at all",
        zstandard.compress(b"other bytes"),
        zstandard.compress(BODY)[:-4],
        zstandard.compress(BODY) + b"more",
        zstandard.compress(BODY) + zstandard.compress(b""),
        zstandard.ZstdCompressor(write_content_size=False).compress(BODY),
    ],
)
def test_damaged_evidence_is_never_given_out_and_is_kept_anew_by_the_next_put(
    root: Path, stored: bytes
) -> None:
    store = FolderEvidence(root)
    path = root / storage_key(DIGEST)
    store.put(BODY)
    path.write_bytes(stored)
    with pytest.raises(EvidenceCorruptError, match="restore that one file"):
        store.get(DIGEST)
    assert store.put(BODY) == DIGEST
    assert store.get(DIGEST) == BODY


def test_every_flipped_byte_is_found(root: Path) -> None:
    store = FolderEvidence(root)
    path = root / storage_key(store.put(BODY))
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            given = store.get(DIGEST)
        except EvidenceCorruptError:
            continue
        assert given == BODY, "a header bit that changes nothing may pass; other bytes never"


def test_a_file_that_claims_to_be_enormous_is_refused_before_it_is_unpacked(root: Path) -> None:
    """A frame header that promises 2**40 bytes: magic, a descriptor of an 8-byte size, the size."""
    store = FolderEvidence(root)
    path = root / storage_key(store.put(BODY))
    path.write_bytes(b"\x28\xb5\x2f\xfd" + b"\xe0" + (2**40).to_bytes(8, "little") + b"\x01\x00\x00")
    with pytest.raises(EvidenceCorruptError, match=str(2**40)):
        store.get(DIGEST)


def test_more_bytes_than_any_evidence_has_are_refused(root: Path) -> None:
    with pytest.raises(StoreError, match="split the question"):
        FolderEvidence(root).put(bytes(MAX_EVIDENCE_BYTES + 1))
    assert files(root) == []


def test_stray_files_are_no_evidence(root: Path) -> None:
    store = FolderEvidence(root)
    store.put(BODY)
    folder = (root / storage_key(DIGEST)).parent
    for name in ("README", f"{DIGEST}.zst.bak", f"{'0' * 64}.zst", f"{'é' * 64}.zst"):
        (folder / name).write_bytes(b"x")
    (root / "sha256" / "zz").mkdir()
    assert list(store.digests()) == [DIGEST]


def test_a_mistyped_path_is_not_made_into_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="auditwright init"):
        FolderEvidence(tmp_path / "evidnce")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file")
    with pytest.raises(StoreError, match="evidence"):
        FolderEvidence.create(tmp_path / "evidence")


def test_a_folder_where_evidence_should_be_is_missing_evidence(root: Path) -> None:
    store = FolderEvidence(root)
    (root / storage_key(DIGEST)).mkdir(parents=True)
    assert DIGEST not in store
    with pytest.raises((EvidenceMissingError, StoreError)):
        store.get(DIGEST)
