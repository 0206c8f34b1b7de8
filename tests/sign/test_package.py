import json
import shlex
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auditwright.core.evidence import digest_of
from auditwright.sign import verify as verifier
from auditwright.sign.package import LogPart, PackageError, PackageWriter, zip_package
from auditwright.sign.proof import TlogProof
from auditwright.sign.timestamp import obtain, stamped_message, verify_timestamp
from auditwright.sign.verify import verify_package
from tests.sign.authority import Authority
from tests.sign.sample_package import (
    RESULT,
    SIGNER,
    START,
    STRANGER,
    VKEY,
    SampleLog,
    fill,
    filled_log,
    scope,
    write_package,
)


@pytest.fixture
def writer(tmp_path: Path) -> PackageWriter:
    return PackageWriter(tmp_path / "package", scope(filled_log()))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../evil",
        "reports/../../evil",
        "reports//a",
        "reports/",
        "./a",
        "reports/a\\b",
        "reports/caf\u00e9",
        "reports/a\nb",
        "reports/.hidden",
        "reports/dot.",
        "-rf",
        "d/" * 40 + "a",
        "a" * 300,
    ],
)
def test_a_path_that_could_lead_out_of_the_package_is_refused(writer: PackageWriter, path: str) -> None:
    with pytest.raises(PackageError, match="cannot be a path"):
        writer.add_file(path, b"x")


@pytest.mark.parametrize(
    "path",
    ["log/vkey", "log.part/x", "evidence/x", "results/x.json", "manifest.json", "verify.py", "README.txt"],
)
def test_a_path_of_another_part_is_refused(writer: PackageWriter, path: str) -> None:
    with pytest.raises(PackageError, match="written apart"):
        writer.add_file(path, b"x")


def test_a_path_is_taken_once_whatever_its_case(writer: PackageWriter) -> None:
    writer.add_file("reports/a.txt", b"x")
    for path in ("reports/a.txt", "Reports/A.txt"):
        with pytest.raises(PackageError, match="in the package already"):
            writer.add_file(path, b"y")


def test_evidence_with_other_bytes_than_its_digest_is_refused(writer: PackageWriter) -> None:
    with pytest.raises(PackageError, match="has other bytes"):
        writer.add_evidence(digest_of(b"a"), b"b")


def test_the_same_evidence_and_result_are_kept_once(writer: PackageWriter, tmp_path: Path) -> None:
    for _ in range(2):
        writer.add_evidence(digest_of(b"a"), b"a")
        assert writer.add_result(RESULT) == digest_of(RESULT)
    writer.seal()
    files = json.loads((tmp_path / "package/manifest.json").read_bytes())["files"]
    assert sum(entry["sha256"] == digest_of(b"a") for entry in files) == 1


def test_evidence_in_the_package_cannot_be_withheld(writer: PackageWriter) -> None:
    writer.add_evidence(digest_of(b"a"), b"a")
    with pytest.raises(PackageError, match="cannot be withheld"):
        writer.withhold(digest_of(b"a"), "no")


def test_a_sealed_package_takes_nothing_more(writer: PackageWriter) -> None:
    writer.seal()
    changes: list[Callable[[], object]] = [
        lambda: writer.add_file("a", b""),
        lambda: writer.withhold(digest_of(b""), ""),
        writer.seal,
    ]
    for change in changes:
        with pytest.raises(PackageError, match="is sealed"):
            change()


def test_a_folder_with_something_in_it_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(PackageError, match="not an empty folder"):
        PackageWriter(tmp_path, scope(filled_log()))
    with pytest.raises(PackageError, match="not an empty folder"):
        PackageWriter(tmp_path / "mine.txt", scope(filled_log()))


def test_a_scope_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="cannot be of the leaves"):
        PackageWriter(tmp_path / "p", replace(scope(filled_log()), start_size=100))


def test_the_manifest_has_a_file_a_line_and_the_seal_is_its_digest(
    writer: PackageWriter, tmp_path: Path
) -> None:
    fill(writer)
    digest = writer.seal()
    body = (tmp_path / "package/manifest.json").read_bytes()
    assert digest == digest_of(body)
    members = json.loads(body)
    assert (members["format"], members["start_size"], members["size"]) == ("auditwright-package/1", START, 18)
    paths = [entry["path"] for entry in members["files"]]
    assert paths == sorted(paths)
    assert all(f'"path":"{path}"'.encode() in body for path in paths)
    assert body.count(b"\n") == len(paths) + 13


def test_the_log_is_written_only_after_the_seal_and_once(writer: PackageWriter) -> None:
    log = filled_log()
    index = log.append("package", manifest_sha256="0" * 64)
    with pytest.raises(PackageError, match="not written yet"):
        writer.write_log(log.part(index, START), log.leaves[START:])


def sealed(folder: Path) -> tuple[PackageWriter, SampleLog, int]:
    log = filled_log()
    writer = PackageWriter(folder, scope(log))
    fill(writer)
    index = log.append("package", manifest_sha256=writer.seal())
    return writer, log, index


def test_the_same_contents_give_the_same_package_and_zip_byte_by_byte(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_package(tmp_path / name)
        zip_package(tmp_path / name, tmp_path / f"{name}.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def changed_path(body: bytes) -> bytes:
    proof = TlogProof.parse(body)
    return replace(proof, path=(bytes(32), *proof.path[1:])).encode()


def wrong_parts(log: SampleLog, part: LogPart, index: int) -> dict[str, LogPart]:
    stranger = SampleLog(signer=STRANGER, leaves=log.leaves)
    other_leaf = replace(part, proof=log.proof(index - 1))
    return {
        "another key": replace(part, vkey=STRANGER.verifier_key().text),
        "no key": replace(part, vkey="hello"),
        "another signer": replace(part, checkpoint=stranger.signed()),
        "an older checkpoint": replace(part, checkpoint=log.signed(12)),
        "no start": replace(part, start_checkpoint=None),
        "another start": replace(part, start_checkpoint=log.signed(4)),
        "another frontier": replace(part, frontier=(bytes(32), bytes(32))),
        "no frontier": replace(part, frontier=()),
        "proof of another leaf": other_leaf,
        "no proof": replace(part, proof=b""),
        "changed proof": replace(part, proof=part.proof.replace(b"index 18", b"index 19")),
        "changed path": replace(part, proof=changed_path(part.proof)),
        "time stamp name": replace(part, timestamps={"../evil": b""}),
    }


NAMES = list(wrong_parts(filled_log(), filled_log().part(7, START), 7))


@pytest.mark.parametrize("name", NAMES)
def test_a_part_of_the_log_that_does_not_fit_is_refused_and_a_right_one_is_taken_then(
    tmp_path: Path, name: str
) -> None:
    writer, log, index = sealed(tmp_path / "package")
    part = log.part(index, START)
    with pytest.raises(PackageError):
        writer.write_log(wrong_parts(log, part, index)[name], log.leaves[START:])
    assert not (tmp_path / "package/log").exists()
    writer.write_log(part, log.leaves[START:])
    assert verify_package(tmp_path / "package", VKEY).is_verified
    with pytest.raises(PackageError, match="written already"):
        writer.write_log(part, log.leaves[START:])


@pytest.mark.parametrize("change", ["dropped", "added", "changed", "swapped", "newline", "huge", "none"])
def test_leaves_that_are_not_those_of_the_checkpoint_are_refused(tmp_path: Path, change: str) -> None:
    writer, log, index = sealed(tmp_path / "package")
    leaves = log.leaves[START:]
    wrong = {
        "dropped": leaves[:-3] + leaves[-2:],
        "added": [*leaves, leaves[0]],
        "changed": [leaves[0].replace(b"aws", b"gcp"), *leaves[1:]],
        "swapped": [leaves[1], leaves[0], *leaves[2:]],
        "newline": [leaves[0] + b"\n", *leaves[1:]],
        "huge": [b"x" * 70_000, *leaves[1:]],
        "none": [],
    }
    with pytest.raises(PackageError):
        writer.write_log(log.part(index, START), wrong[change])
    assert not (tmp_path / "package/log").exists()


def test_a_leaf_with_another_manifest_does_not_bind_this_one(tmp_path: Path) -> None:
    writer, log, _ = sealed(tmp_path / "package")
    index = log.append("package", manifest_sha256="0" * 64)
    with pytest.raises(PackageError, match="does not hold the manifest's SHA-256"):
        writer.write_log(log.part(index, START), log.leaves[START:])


def test_a_zip_is_not_made_of_an_unfinished_package_nor_into_it(tmp_path: Path) -> None:
    writer, log, index = sealed(tmp_path / "package")
    with pytest.raises(PackageError, match="not a finished package"):
        zip_package(tmp_path / "package", tmp_path / "package.zip")
    writer.write_log(log.part(index, START), log.leaves[START:])
    with pytest.raises(PackageError, match="inside the package"):
        zip_package(tmp_path / "package", tmp_path / "package/package.zip")
    (tmp_path / "package/reports/link").symlink_to("/etc/passwd")
    with pytest.raises(PackageError, match="not a file that a package holds"):
        zip_package(tmp_path / "package", tmp_path / "package.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["package"]


def test_a_zip_that_verifiers_would_refuse_is_not_made(tmp_path: Path) -> None:
    log = filled_log()
    writer = PackageWriter(tmp_path / "package", scope(log))
    fill(writer)
    writer.add_file("reports/zeros.bin", (bytes(1 << 20) for _ in range(100)))
    index = log.append("package", manifest_sha256=writer.seal())
    writer.write_log(log.part(index, START), log.leaves[START:])
    assert verify_package(tmp_path / "package").is_verified
    with pytest.raises(PackageError, match="would expand"):
        zip_package(tmp_path / "package", tmp_path / "package.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["package"]


def test_a_zip_unpacks_with_any_program_into_a_package_that_verifies(tmp_path: Path) -> None:
    write_package(tmp_path / "package")
    zip_package(tmp_path / "package", tmp_path / "package.zip")
    with zipfile.ZipFile(tmp_path / "package.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "unpacked")
    assert verify_package(tmp_path / "unpacked", VKEY).is_verified


def test_a_real_time_stamp_in_a_package_holds_for_us_and_for_the_printed_command(tmp_path: Path) -> None:
    authority = Authority(folder=tmp_path)
    authority.create()
    writer, log, index = sealed(tmp_path / "package")
    response, stamp = obtain(stamped_message(log.checkpoint(9)), authority.answer, authority.roots())
    part = replace(log.part(index, START), timestamps={"9-test.tsr": response})
    writer.write_log(part, log.leaves[START:])
    report = verify_package(tmp_path / "package", VKEY)
    assert report.is_verified
    (found,) = report.stamps
    body = (tmp_path / "package" / found.path).read_bytes()
    assert verify_timestamp(body, found.message, authority.roots()) == stamp
    command = next(line for line in verifier.as_text(report).splitlines() if "openssl ts" in line)
    arguments = shlex.split(command.replace("ROOT.pem", str(tmp_path / "ca.pem")))
    done = subprocess.run(arguments, cwd=tmp_path / "package", check=False, capture_output=True, text=True)
    assert "Verification: OK" in done.stdout + done.stderr


def test_the_readme_says_how_to_verify_and_what_it_cannot_show(tmp_path: Path) -> None:
    write_package(tmp_path / "package")
    text = (tmp_path / "package/README.txt").read_text()
    assert f"starts with {SIGNER.name}+" in text
    assert "What it cannot show" in text
