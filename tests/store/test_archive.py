"""The file of a backup: standard tools read it, and not one byte of it can be changed or lost unnoticed."""

import io
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.ports import StoreError
from auditwright.store.archive import ArchiveError, ArchiveReader, ArchiveWriter

MEMBERS = {
    "backup.json": b"{}",
    "records/00000001-leaves.jsonl.zst": b"rows" * 400,
    "state/log-key.pem": b"key",
    "program/controls/é.toml": b"",
    "evidence/sha256/ab/cd/one.zst": bytes(range(256)) * 2,
    "manifest.json": b"{}",
}


def written(members: Mapping[str, bytes] = MEMBERS) -> bytes:
    file = io.BytesIO()
    with ArchiveWriter(file, at=1_700_000_000) as archive:
        for name, body in members.items():
            archive.add(name, body)
        archive.finish()
    return file.getvalue()


def read(path: Path) -> dict[str, bytes]:
    with ArchiveReader(path) as archive:
        return {member.name: archive.read(member, 10_000) for member in archive.members()}


WHOLE = written()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("archive") / "backup.tar"


def test_what_is_written_is_read(place: Path) -> None:
    place.write_bytes(WHOLE)
    assert read(place) == MEMBERS


def test_standard_tools_read_and_check_it(tmp_path: Path) -> None:
    (tmp_path / "backup.tar").write_bytes(WHOLE)
    subprocess.run(["tar", "xf", "backup.tar"], cwd=tmp_path, check=True)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=True)
    assert {name: (tmp_path / name).read_bytes() for name in MEMBERS} == MEMBERS


@given(at=st.integers(0, len(WHOLE) - 1), to=st.integers(1, 255))
def test_no_byte_can_be_changed(place: Path, at: int, to: int) -> None:
    changed = bytearray(WHOLE)
    changed[at] ^= to
    place.write_bytes(changed)
    with pytest.raises(ArchiveError):
        read(place)


@given(end=st.integers(0, len(WHOLE) - 1))
def test_it_cannot_be_cut_off_anywhere(place: Path, end: int) -> None:
    place.write_bytes(WHOLE[:end])
    with pytest.raises(ArchiveError):
        ArchiveReader(place)


@given(more=st.binary(min_size=1, max_size=1_100))
def test_nothing_can_follow_it(place: Path, more: bytes) -> None:
    place.write_bytes(WHOLE + more)
    with pytest.raises(ArchiveError):
        ArchiveReader(place)


@given(noise=st.binary(max_size=3_000))
def test_other_files_are_refused(place: Path, noise: bytes) -> None:
    place.write_bytes(noise)
    with pytest.raises(ArchiveError):
        ArchiveReader(place)


def test_the_error_names_what_was_changed(place: Path) -> None:
    place.write_bytes(WHOLE.replace(b"rowsrows", b"rowsROWS", 1))
    with pytest.raises(ArchiveError, match=r"records/00000001-leaves\.jsonl\.zst .*was changed"):
        read(place)


def test_the_error_names_where_it_was_cut_off(place: Path) -> None:
    place.write_bytes(WHOLE[: WHOLE.index(b"state/log-key.pem") + 512])
    with pytest.raises(ArchiveError, match=r"state/log-key\.pem"):
        read(place)


def header(name: str, **fields: object) -> bytes:
    info = tarfile.TarInfo(name)
    info.mode = 0o600
    info.mtime = 1_700_000_000
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.USTAR_FORMAT)


@pytest.mark.parametrize(
    "hostile",
    [
        header("program/../../etc/passwd"),
        header("/etc/passwd"),
        header("../outside"),
        header("program/./a"),
        header("program//a"),
        header("program/a\\b"),
        header("program/a\nb"),
        header("program"),
        header("backup.json/below"),
        header("elsewhere/a"),
        header("program/a", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        header("program/a", type=tarfile.LNKTYPE, linkname="state/log-key.pem"),
        header("program/a", type=tarfile.DIRTYPE),
        header("program/a", type=tarfile.CHRTYPE),
        header("program/a", type=tarfile.FIFOTYPE),
        header("program/a", type=tarfile.GNUTYPE_SPARSE),
        header("program/a", type=tarfile.GNUTYPE_LONGNAME),
        header("program/a", type=tarfile.XHDTYPE),
        header("program/a", mode=0o4755),
        header("program/a", uid=1),
        header("program/a", uname="root"),
    ],
)
def test_a_header_that_no_backup_has_is_refused(place: Path, hostile: bytes) -> None:
    at = WHOLE.index(b"evidence/sha256/ab")
    place.write_bytes(WHOLE[:at] + hostile + WHOLE[at:])
    with pytest.raises(ArchiveError):
        ArchiveReader(place)


@pytest.mark.parametrize("size", [8**11 - 1, 10**9])
def test_a_member_that_claims_more_than_there_is_is_refused_before_it_is_read(place: Path, size: int) -> None:
    at = WHOLE.index(b"evidence/sha256/ab")
    place.write_bytes(WHOLE[:at] + header("program/z", size=size) + WHOLE[at:])
    with pytest.raises(ArchiveError, match="program/z is cut off"):
        ArchiveReader(place)


@pytest.mark.parametrize(
    "order", [("program/b", "program/a"), ("program/a", "program/a"), ("state/a", "records/a")]
)
def test_members_stand_once_and_in_order(order: tuple[str, str]) -> None:
    with ArchiveWriter(io.BytesIO(), at=0) as archive:
        archive.add(order[0], b"")
        with pytest.raises(StoreError, match="twice"):
            archive.add(order[1], b"")


def test_a_member_larger_than_its_reader_allows_is_refused(place: Path) -> None:
    place.write_bytes(WHOLE)
    with ArchiveReader(place) as archive, pytest.raises(ArchiveError, match="at most 1 can be"):
        archive.read(next(archive.members()), 1)


def test_a_file_that_grows_while_it_is_read_is_not_kept() -> None:
    with (
        ArchiveWriter(io.BytesIO(), at=0) as archive,
        pytest.raises(StoreError, match="changed while it was read"),
    ):
        archive.add_pieces("program/a", 3, [b"ab", b"cd"])
