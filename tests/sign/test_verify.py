import hashlib
import io
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.core.evidence import digest_of
from auditwright.core.log import leaf_hash
from auditwright.sign import merkle, note
from auditwright.sign import verify as verifier
from auditwright.sign.checkpoint import Checkpoint, sign_checkpoint
from auditwright.sign.package import PackageScope, PackageWriter, zip_package
from auditwright.sign.timestamp import stamped_message
from auditwright.sign.verify import Kind, Report, UsageError, verify_package
from tests.sign.sample_package import (
    BODIES,
    ERASED,
    NOW,
    RESULT,
    SIGNER,
    START,
    STRANGER,
    VKEY,
    WITHHELD,
    SampleLog,
    edit_manifest,
    filled_log,
    fix_sums,
    leaf_lines,
    scope,
    write_leaf_lines,
    write_package,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleLog]:
    folder = tmp_path_factory.mktemp("made") / "package"
    return folder, write_package(folder)


@pytest.fixture
def folder(made: tuple[Path, SampleLog], tmp_path: Path) -> Path:
    """A copy of the package, to be tampered with."""
    return Path(shutil.copytree(made[0], tmp_path / "package"))


@pytest.fixture
def log(made: tuple[Path, SampleLog]) -> SampleLog:
    return made[1]


def kinds(report: Report) -> set[Kind]:
    return {problem.kind for problem in report.problems}


def only(report: Report) -> verifier.Problem:
    """The one problem of a report."""
    assert report.problem_count == 1, report.problems
    return report.problems[0]


def evidence_file(folder: Path, body: bytes) -> Path:
    return folder / verifier.evidence_path(digest_of(body))


# What is right is verified.


def test_a_whole_package_is_verified_with_its_counts(folder: Path, log: SampleLog) -> None:
    report = verify_package(folder, VKEY)
    assert report.is_verified, report.problems
    assert report.key_was_given
    assert (report.organization, report.origin) == ("Acme, Inc.", "acme.example/log")
    assert (report.start_size, report.size) == (START, len(log.leaves))
    counts = report.counts
    assert (counts.leaves, counts.evidence_leaves, counts.evidence_files) == (
        len(log.leaves) - START,
        8,
        len(BODIES),
    )
    assert (counts.results, counts.withheld, counts.erased) == (1, 1, 1)
    assert report.fingerprint.replace(" ", "") == SIGNER.verifier_key().fingerprint


@pytest.mark.parametrize("start_size", [0, 1, 4, START])
def test_a_package_from_any_start_is_verified_as_folder_and_as_zip(start_size: int, tmp_path: Path) -> None:
    write_package(tmp_path / "package", start_size=start_size)
    zip_package(tmp_path / "package", tmp_path / "package.zip")
    assert verify_package(tmp_path / "package", VKEY).is_verified
    assert verify_package(tmp_path / "package.zip", VKEY).is_verified


def test_a_package_without_evidence_is_verified(tmp_path: Path) -> None:
    log = SampleLog()
    writer = PackageWriter(tmp_path / "empty", scope(log, 0))
    index = log.append("package", manifest_sha256=writer.seal())
    part = log.part(index, 0)
    writer.write_log(type(part)(checkpoint=part.checkpoint, vkey=part.vkey, proof=part.proof), log.leaves)
    assert verify_package(tmp_path / "empty").is_verified


def test_a_time_stamp_is_listed_with_the_message_that_it_is_about(folder: Path, log: SampleLog) -> None:
    stamps = verify_package(folder).stamps
    assert [(stamp.path, stamp.size) for stamp in stamps] == [
        ("log/timestamps/9.tsr", 9),
        (f"log/timestamps/{len(log.leaves)}-digi.tsr", len(log.leaves)),
    ]
    assert stamps[0].message == stamped_message(log.checkpoint(9))


def test_a_cosigner_is_named_and_not_trusted(tmp_path: Path) -> None:
    class Cosigned(SampleLog):
        def signed(self, size: int | None = None) -> bytes:
            text = self.checkpoint(size).text
            auditor = note.Signer(name="auditor.example", private_key=STRANGER.private_key)
            return note.Note(text=text, signatures=(auditor.sign(text), SIGNER.sign(text))).encode()

    write_package(tmp_path / "package", Cosigned(leaves=filled_log().leaves))
    report = verify_package(tmp_path / "package", VKEY)
    assert report.is_verified
    assert report.cosigners == ("auditor.example",)
    assert "auditor.example: not checked here" in verifier.as_text(report)


# Each way of tampering is named.


def test_changed_evidence_is_named_with_its_file_and_leaf(folder: Path) -> None:
    path = evidence_file(folder, BODIES[1])
    path.write_bytes(path.read_bytes().replace(b"html", b"htmx"))
    problem = only(verify_package(folder))
    assert (problem.kind, problem.place) == (
        Kind.CHANGED_EVIDENCE,
        verifier.evidence_path(digest_of(BODIES[1])),
    )
    assert f"as leaf {START + 2} recorded" in problem.message


@pytest.mark.parametrize("body", [b"longer than it was", b""])
def test_evidence_of_another_length_is_named(folder: Path, body: bytes) -> None:
    evidence_file(folder, BODIES[1]).write_bytes(body)
    problem = only(verify_package(folder))
    assert problem.kind is Kind.CHANGED_EVIDENCE
    assert "bytes instead of" in problem.message


def test_a_missing_file_is_named(folder: Path) -> None:
    evidence_file(folder, BODIES[3]).unlink()
    problem = only(verify_package(folder))
    assert problem.kind is Kind.MISSING_FILE
    assert problem.message.endswith(f"evidence of leaf {START + 6}")


@pytest.mark.parametrize(
    "path", ["note.txt", "reports/extra.pdf", "log/extra", "log/timestamps/x.tsr", ".DS_Store"]
)
def test_an_extra_file_is_named(folder: Path, path: str) -> None:
    (folder / path).write_bytes(b"hello")
    problem = only(verify_package(folder))
    assert (problem.kind, problem.place) == (Kind.EXTRA_FILE, path)


def test_changed_reports_and_results_are_named(folder: Path) -> None:
    (folder / "reports/summary.txt").write_bytes(b"All is well")
    (folder / "results" / f"{digest_of(RESULT)}.json").write_bytes(RESULT.replace(b"satisfied", b"deviation"))
    assert kinds(verify_package(folder)) == {Kind.CHANGED_FILE, Kind.CHANGED_RESULT}


def test_a_changed_leaf_is_named_by_its_index(folder: Path) -> None:
    lines = leaf_lines(folder)
    lines[3] = lines[3].replace(b'"number":1', b'"number":7')
    write_leaf_lines(folder, lines)
    problem = only(verify_package(folder))
    assert (problem.kind, problem.place) == (Kind.CHANGED_LEAF, "log/leaves.jsonl:4")
    assert f"leaf {START + 3}" in problem.message


def test_a_leaf_that_is_no_longer_json_is_still_named_by_its_index(folder: Path) -> None:
    lines = leaf_lines(folder)
    lines[3] = b"?\n"
    write_leaf_lines(folder, lines)
    problem = only(verify_package(folder))
    assert problem.kind is Kind.CHANGED_LEAF
    assert f"leaf {START + 3}" in problem.message


@pytest.mark.parametrize("forge_hashes", [False, True])
def test_a_dropped_leaf_is_named_by_its_index(folder: Path, *, forge_hashes: bool) -> None:
    lines = leaf_lines(folder)
    del lines[3]
    write_leaf_lines(folder, lines)
    if forge_hashes:
        table = (folder / "log/hashes.bin").read_bytes()
        (folder / "log/hashes.bin").write_bytes(table[: 3 * 32] + table[4 * 32 :])
        fix_sums(folder)
    report = verify_package(folder)
    assert (Kind.DROPPED_LEAF, f"leaf {START + 3} is missing") in {
        (p.kind, p.message) for p in report.problems
    }
    assert kinds(report) == {Kind.DROPPED_LEAF} | (
        {Kind.WRONG_SIZE, Kind.WRONG_ROOT} if forge_hashes else set()
    )


def test_truncated_leaves_are_named_by_their_indexes(folder: Path, log: SampleLog) -> None:
    write_leaf_lines(folder, leaf_lines(folder)[:-3])
    report = verify_package(folder)
    assert kinds(report) == {Kind.TRUNCATED_LEAVES, Kind.UNBOUND_MANIFEST}
    last = len(log.leaves) - 1
    assert report.problems[0].message == f"leaves {last - 2} to {last} are missing at the end"


def test_a_last_line_that_is_cut_off_is_named(folder: Path) -> None:
    path = folder / "log/leaves.jsonl"
    path.write_bytes(path.read_bytes()[:-1])
    problem = only(verify_package(folder))
    assert problem.kind is Kind.MALFORMED
    assert "cut off" in problem.message
    path.write_bytes(path.read_bytes()[:-5])
    assert Kind.CHANGED_LEAF in kinds(verify_package(folder))


def test_reordered_leaves_are_named(folder: Path) -> None:
    lines = leaf_lines(folder)
    lines[2], lines[4] = lines[4], lines[2]
    write_leaf_lines(folder, lines)
    report = verify_package(folder)
    assert kinds(report) == {Kind.REORDERED_LEAF}
    assert f"leaf {START + 2} stands after leaf {START + 4}" in {p.message for p in report.problems}


def test_a_duplicated_leaf_is_named(folder: Path) -> None:
    lines = leaf_lines(folder)
    write_leaf_lines(folder, [*lines[:6], lines[2], *lines[6:]])
    problem = only(verify_package(folder))
    assert problem.kind is Kind.DUPLICATED_LEAF
    assert f"leaf {START + 2}" in problem.message


def test_an_inserted_leaf_is_named(folder: Path) -> None:
    lines = leaf_lines(folder)
    extra = SampleLog(leaves=[b""] * (START + 4))
    extra.evidence(b"invented")
    write_leaf_lines(folder, [*lines[:6], extra.leaves[-1] + b"\n", *lines[6:]])
    problem = verify_package(folder).problems[0]
    assert (problem.kind, problem.place) == (Kind.INSERTED_LEAF, "log/leaves.jsonl:7")


def test_a_leaf_and_its_listed_hash_changed_together_lead_to_another_root(folder: Path) -> None:
    lines = leaf_lines(folder)
    lines[3] = lines[3].replace(b'"number":1', b'"number":7')
    write_leaf_lines(folder, lines)
    table = b"".join(leaf_hash(line[:-1]) for line in lines)
    (folder / "log/hashes.bin").write_bytes(table)
    fix_sums(folder)
    assert only(verify_package(folder)).kind is Kind.WRONG_ROOT


def test_a_changed_hash_in_the_list_is_named(folder: Path) -> None:
    path = folder / "log/hashes.bin"
    table = bytearray(path.read_bytes())
    table[32 * 4] ^= 1
    path.write_bytes(table)
    problem = only(verify_package(folder))
    assert (problem.kind, problem.place) == (Kind.CHANGED_FILE, "log/hashes.bin")
    assert f"leaf {START + 4}" in problem.message


def test_a_checkpoint_signed_by_another_key_is_forged(folder: Path, log: SampleLog) -> None:
    (folder / "log/checkpoint").write_bytes(sign_checkpoint(log.checkpoint(), STRANGER))
    fix_sums(folder)
    report = verify_package(folder)
    assert kinds(report) == {Kind.FORGED_CHECKPOINT, Kind.WRONG_PROOF}
    assert "did not sign it" in report.problems[0].message


def test_a_checkpoint_whose_text_changed_is_forged(folder: Path) -> None:
    path = folder / "log/checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n21\n", b"\n22\n"))
    fix_sums(folder)
    report = verify_package(folder)
    assert Kind.FORGED_CHECKPOINT in kinds(report)
    assert "does not fit its text" in report.problems[0].message


@pytest.mark.parametrize(
    "text",
    [
        "other.example/log\n21\n{root}\n",
        "acme.example/log\n21\n{root}\n\tindented\n",
        "acme.example/log\n21\n",
    ],
)
def test_a_note_that_the_key_signed_but_that_is_no_checkpoint_of_the_log_is_forged(
    folder: Path, log: SampleLog, text: str
) -> None:
    text = text.format(root=log.checkpoint().text.split("\n")[2])
    key = SIGNER.verifier_key()
    signature = note.Signature(
        name=key.name, key_id=key.key_id, signature=SIGNER.private_key.sign(text.encode())
    )
    (folder / "log/checkpoint").write_bytes(note.Note(text=text, signatures=(signature,)).encode())
    assert Kind.FORGED_CHECKPOINT in kinds(verify_package(folder, VKEY))


def test_a_signature_in_another_spelling_is_not_the_same_bytes(folder: Path) -> None:
    signed = (folder / "log/checkpoint").read_bytes()
    assert signed.endswith(b"=\n")
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet.index(signed[-3:-2])
    respelled = signed[:-3] + alphabet[last ^ 1 : (last ^ 1) + 1] + b"=\n"
    for path in (folder / "log/checkpoint", folder / "log/manifest.tlog-proof"):
        path.write_bytes(path.read_bytes().replace(signed, respelled))
    fix_sums(folder)
    problem = only(verify_package(folder))
    assert problem.kind is Kind.FORGED_CHECKPOINT
    assert "spelling" in problem.message


def test_a_key_whose_id_is_not_its_own_is_named(folder: Path) -> None:
    (folder / "log/vkey").write_text(VKEY.replace("+611c3d86+", "+611c3d87+") + "\n")
    assert "a part of it was changed" in verify_package(folder).problems[0].message


def test_a_checkpoint_of_another_root_is_named(folder: Path, log: SampleLog) -> None:
    wrong = Checkpoint(origin=SIGNER.name, size=len(log.leaves), root=bytes(32))
    (folder / "log/checkpoint").write_bytes(sign_checkpoint(wrong, SIGNER))
    fix_sums(folder)
    assert kinds(verify_package(folder, VKEY)) == {Kind.WRONG_ROOT, Kind.WRONG_PROOF}


@pytest.mark.parametrize("size", [0, 7, 18, 30, (1 << 63) - 1])
def test_a_genuine_checkpoint_of_another_size_is_named(folder: Path, log: SampleLog, size: int) -> None:
    root = merkle.root_of(log.hashes()[:size])
    (folder / "log/checkpoint").write_bytes(
        sign_checkpoint(Checkpoint(origin=SIGNER.name, size=size, root=root), SIGNER)
    )
    fix_sums(folder)
    found = {(p.kind, p.place) for p in verify_package(folder, VKEY).problems}
    assert (Kind.WRONG_SIZE, "log/checkpoint" if size <= 18 else "log/hashes.bin") in found


def test_a_rewritten_log_with_a_key_of_its_own_is_found_only_by_the_known_key(tmp_path: Path) -> None:
    write_package(tmp_path / "forged", filled_log(STRANGER))
    assert verify_package(tmp_path / "forged").is_verified
    report = verify_package(tmp_path / "forged", VKEY)
    assert {Kind.SWAPPED_KEY, Kind.FORGED_CHECKPOINT} <= kinds(report)


def test_a_swapped_key_is_named(folder: Path) -> None:
    (folder / "log/vkey").write_text(f"{STRANGER.verifier_key().text}\n")
    fix_sums(folder)
    assert kinds(verify_package(folder)) == {Kind.FORGED_CHECKPOINT}
    assert only(verify_package(folder, VKEY)).kind is Kind.SWAPPED_KEY


def test_an_unreadable_key_leaves_no_signature_checked_and_that_is_a_problem(folder: Path) -> None:
    (folder / "log/vkey").write_text("hello\n")
    report = verify_package(folder)
    assert {Kind.SWAPPED_KEY, Kind.FORGED_CHECKPOINT} <= kinds(report)
    assert "no signature was checked" in verifier.as_text(report)


def test_a_changed_manifest_is_not_the_one_in_the_log(folder: Path) -> None:
    edit_manifest(folder, organization="Other, Inc.")
    problem = only(verify_package(folder))
    assert problem.kind is Kind.UNBOUND_MANIFEST


def test_a_manifest_of_another_log_is_named(folder: Path) -> None:
    edit_manifest(folder, origin="other.example/log")
    assert Kind.WRONG_MANIFEST in kinds(verify_package(folder))


def test_evidence_under_another_name_than_its_digest_is_named(folder: Path) -> None:
    files = json.loads((folder / "manifest.json").read_bytes())["files"]
    for entry in files:
        if entry["sha256"] in {digest_of(BODIES[3]), digest_of(RESULT)}:
            path = folder / entry["path"]
            entry["path"] = entry["path"].partition("/")[0] + "/renamed.json"
            path.rename(folder / entry["path"])
    edit_manifest(folder, files=files)
    found = {(p.kind, p.place) for p in verify_package(folder).problems}
    assert {
        (Kind.WRONG_MANIFEST, "evidence/renamed.json"),
        (Kind.WRONG_MANIFEST, "results/renamed.json"),
    } <= found


def test_evidence_swapped_together_with_the_manifest_is_found(folder: Path) -> None:
    path = folder / "reports/summary.txt"
    path.write_bytes(b"All is well")
    files = json.loads((folder / "manifest.json").read_bytes())["files"]
    for entry in files:
        if entry["path"] == "reports/summary.txt":
            entry.update(size_bytes=11, sha256=digest_of(b"All is well"))
    edit_manifest(folder, files=files)
    assert only(verify_package(folder)).kind is Kind.UNBOUND_MANIFEST


def test_evidence_left_out_of_the_manifest_is_found_by_its_leaf(tmp_path: Path) -> None:
    log = filled_log()
    writer = PackageWriter(tmp_path / "package", scope(log))
    for body in (*BODIES[1:], b"never logged"):
        writer.add_evidence(digest_of(body), body)
    writer.withhold(digest_of(WITHHELD), "salaries")
    writer.add_result(b"{}")
    index = log.append("package", manifest_sha256=writer.seal())
    writer.write_log(log.part(index, START), log.leaves[START:])
    report = verify_package(tmp_path / "package")
    assert kinds(report) == {Kind.MISSING_EVIDENCE, Kind.UNLOGGED_EVIDENCE, Kind.UNLOGGED_RESULT}
    missing = next(p for p in report.problems if p.kind is Kind.MISSING_EVIDENCE)
    assert (missing.place, digest_of(BODIES[0]) in missing.message) == (f"leaf {START}", True)


def test_evidence_that_was_neither_withheld_nor_erased_has_to_be_there(tmp_path: Path) -> None:
    log = SampleLog()
    log.evidence(WITHHELD)
    log.evidence(ERASED)
    writer = PackageWriter(tmp_path / "package", scope(log, 0))
    index = log.append("package", manifest_sha256=writer.seal())
    part = log.part(index, 0)
    writer.write_log(type(part)(checkpoint=part.checkpoint, vkey=part.vkey, proof=part.proof), log.leaves)
    report = verify_package(tmp_path / "package")
    assert [(p.kind, p.place) for p in report.problems] == [
        (Kind.MISSING_EVIDENCE, "leaf 0"),
        (Kind.MISSING_EVIDENCE, "leaf 1"),
    ]


def test_a_frontier_of_another_history_is_named(folder: Path, log: SampleLog) -> None:
    hashes = [bytes(32).hex(), log.frontier(START)[1].hex()]
    (folder / "log/frontier.json").write_text(json.dumps({"size": START, "hashes": hashes}))
    fix_sums(folder)
    problem = only(verify_package(folder))
    assert problem.kind is Kind.WRONG_FRONTIER
    assert "start-checkpoint" in problem.message


@pytest.mark.parametrize(
    "frontier",
    [
        b"",
        b"[]",
        b"{}",
        b'{"size":5,"hashes":[]}',
        b'{"size":5,"hashes":["xx","yy"]}',
        b'{"size":5.0,"hashes":[]}',
        b'{"size":true,"hashes":[]}',
        b'{"size":-1,"hashes":[]}',
        b'{"size":5,"size":5,"hashes":[]}',
        b'{"size":NaN,"hashes":[]}',
        b'{"size":' + b"9" * 5000 + b',"hashes":[]}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=range(13),
)
def test_a_malformed_frontier_is_a_problem_and_no_traceback(folder: Path, frontier: bytes) -> None:
    (folder / "log/frontier.json").write_bytes(frontier)
    fix_sums(folder)
    assert only(verify_package(folder)).kind is Kind.WRONG_FRONTIER


@pytest.mark.parametrize("forged", ["other size", "other root", "other key"])
def test_a_forged_start_checkpoint_is_named(folder: Path, log: SampleLog, forged: str) -> None:
    body = {
        "other size": sign_checkpoint(log.checkpoint(4), SIGNER),
        "other root": sign_checkpoint(Checkpoint(origin=SIGNER.name, size=START, root=bytes(32)), SIGNER),
        "other key": sign_checkpoint(log.checkpoint(START), STRANGER),
    }[forged]
    (folder / "log/start-checkpoint").write_bytes(body)
    fix_sums(folder)
    kind = {
        "other size": Kind.WRONG_SIZE,
        "other root": Kind.WRONG_FRONTIER,
        "other key": Kind.FORGED_CHECKPOINT,
    }
    assert only(verify_package(folder, VKEY)).kind is kind[forged]


@pytest.mark.parametrize(
    "name", ["checkpoint", "start-checkpoint", "frontier.json", "hashes.bin", "leaves.jsonl"]
)
@pytest.mark.parametrize("forge_sums", [False, True])
def test_a_missing_file_of_the_log_is_named(folder: Path, name: str, *, forge_sums: bool) -> None:
    (folder / "log" / name).unlink()
    if forge_sums:
        fix_sums(folder)
    report = verify_package(folder)
    assert (Kind.MISSING_FILE, f"log/{name}") in {(p.kind, p.place) for p in report.problems}


@pytest.mark.parametrize(
    "path", ["manifest.json", "log/vkey", "log/manifest.tlog-proof", "log/SHA256SUMS", "verify.py"]
)
def test_a_missing_file_of_the_package_is_named(folder: Path, path: str) -> None:
    (folder / path).unlink()
    assert (Kind.MISSING_FILE, path) in {(p.kind, p.place) for p in verify_package(folder).problems}


def test_a_proof_of_another_leaf_is_named(folder: Path, log: SampleLog) -> None:
    (folder / "log/manifest.tlog-proof").write_bytes(log.proof(7))
    fix_sums(folder)
    problem = only(verify_package(folder))
    assert problem.kind is Kind.WRONG_PROOF
    assert "it is about leaf 7" in problem.message


def test_a_time_stamp_of_something_else_is_named(folder: Path) -> None:
    (folder / "log/timestamps/8.tsr").write_bytes((folder / "log/timestamps/9.tsr").read_bytes())
    (folder / "log/timestamps/3.tsr").write_bytes(b"")
    (folder / "log/timestamps/900.tsr").write_bytes(b"")
    fix_sums(folder)
    report = verify_package(folder)
    assert [(p.kind, p.place) for p in report.problems] == [
        (Kind.WRONG_TIMESTAMP, f"log/timestamps/{size}.tsr") for size in (3, 8, 900)
    ]


def test_a_log_that_misnumbers_its_leaves_is_named(tmp_path: Path) -> None:
    log = filled_log()
    log.leaves[START + 1] = log.leaves[START + 1].replace(b'"seq":6', b'"seq":60')
    write_package(tmp_path / "package", log)
    problem = only(verify_package(tmp_path / "package"))
    assert (problem.kind, problem.place) == (Kind.MISNUMBERED_LEAF, f"leaf {START + 1}")


@pytest.mark.parametrize(
    "leaf",
    [
        b"[]",
        b"{}",
        b'{"seq":6,"kind":7}',
        b'{"seq":6,"kind":"evidence"}',
        b'{"seq":6',
        b"\xff",
        b'{"kind":"x","seq":1,"seq":6}',
    ],
)
def test_a_leaf_of_the_log_that_cannot_be_read_is_named(tmp_path: Path, leaf: bytes) -> None:
    log = filled_log()
    log.leaves[START + 1] = leaf
    write_package(tmp_path / "package", log)
    problem = only(verify_package(tmp_path / "package"))
    assert (problem.kind, problem.place) == (Kind.MALFORMED, "log/leaves.jsonl:2")


# Hostile packages cost bounded effort and never a traceback.


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "auditwright-package/2"},
        {"start_size": -1},
        {"start_size": 1 << 64},
        {"size": 1},
        {"size": "18"},
        {"organization": 7},
        {"files": {}},
        {"files": [7]},
        {"files": [{"path": "a", "size_bytes": 1, "sha256": "x"}]},
        {"files": [{"path": "../a", "size_bytes": 0, "sha256": "0" * 64}]},
        {"files": [{"path": "/a", "size_bytes": 0, "sha256": "0" * 64}]},
        {"files": [{"path": "a\\b", "size_bytes": 0, "sha256": "0" * 64}]},
        {"files": [{"path": "log/vkey", "size_bytes": 0, "sha256": "0" * 64}]},
        {"files": [{"path": "manifest.json", "size_bytes": 0, "sha256": "0" * 64}]},
        {"files": [{"path": "a", "size_bytes": 0, "sha256": "0" * 64}] * 2},
        {"withheld": None},
    ],
)
def test_a_malformed_manifest_is_named(folder: Path, changes: dict[str, object]) -> None:
    edit_manifest(folder, **changes)
    assert only(verify_package(folder)).kind is Kind.WRONG_MANIFEST


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 200_000, b'{"format":' * 50_000, b"{} {}"])
def test_a_manifest_that_is_no_json_is_named(folder: Path, body: bytes) -> None:
    (folder / "manifest.json").write_bytes(body)
    assert only(verify_package(folder)).kind is Kind.WRONG_MANIFEST


def test_a_huge_start_is_refused_without_counting_to_it(folder: Path) -> None:
    edit_manifest(folder, start_size=1 << 62, size=1 << 62)
    assert not verify_package(folder).is_verified


def test_leaves_that_claim_huge_numbers_cost_nothing(folder: Path) -> None:
    lines = [b'{"kind":"x","seq":%d}\n' % number for number in ((1 << 63) - 2, 0, 5, 5)]
    write_leaf_lines(folder, lines)
    huge = Checkpoint(origin=SIGNER.name, size=(1 << 63) - 1, root=bytes(32))
    (folder / "log/checkpoint").write_bytes(sign_checkpoint(huge, SIGNER))
    before = time.process_time()
    report = verify_package(folder)
    assert {Kind.WRONG_ROOT, Kind.DROPPED_LEAF, Kind.DUPLICATED_LEAF} <= kinds(report)
    assert time.process_time() - before < 2


def test_a_leaf_line_of_many_megabytes_is_read_in_bounded_pieces(folder: Path) -> None:
    write_leaf_lines(folder, [b"x" * 5_000_000])
    assert not verify_package(folder).is_verified


@pytest.mark.parametrize(
    "path", ["log/checkpoint", "log/vkey", "log/frontier.json", "log/manifest.tlog-proof"]
)
def test_a_small_file_that_is_huge_is_not_read(folder: Path, path: str) -> None:
    with (folder / path).open("r+b") as file:
        file.truncate(1 << 40)
    assert (Kind.BEYOND_LIMIT, path) in {(p.kind, p.place) for p in verify_package(folder).problems}


def test_a_symbolic_link_is_named_and_not_followed(folder: Path) -> None:
    path = evidence_file(folder, BODIES[3])
    path.unlink()
    path.symlink_to("/dev/zero")
    (folder / "reports/elsewhere").symlink_to("/", target_is_directory=True)
    report = verify_package(folder)
    assert kinds(report) == {Kind.UNSAFE_ENTRY, Kind.MISSING_FILE}


def test_a_pipe_is_named_and_not_opened(folder: Path) -> None:
    (folder / "reports/summary.txt").unlink()
    os.mkfifo(folder / "reports/summary.txt")
    assert kinds(verify_package(folder)) == {Kind.UNSAFE_ENTRY, Kind.MISSING_FILE}


def test_folders_nested_without_end_are_not_followed(folder: Path) -> None:
    (folder / "/".join("d" * (verifier.MAX_DEPTH + 5))).mkdir(parents=True)
    assert only(verify_package(folder)).kind is Kind.UNSAFE_ENTRY


def test_names_cannot_disturb_a_terminal(folder: Path) -> None:
    (folder / "reports/\x1b[2J\u202eevil").write_bytes(b"")
    text = verifier.as_text(verify_package(folder))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[2J\\u202eevil" in text


# Zips


@pytest.fixture
def zipped(folder: Path, tmp_path: Path) -> Path:
    zip_package(folder, tmp_path / "package.zip")
    return tmp_path / "package.zip"


def rezip(
    path: Path, change: Callable[[zipfile.ZipInfo, bytes], Iterator[tuple[zipfile.ZipInfo, bytes]]]
) -> None:
    """Write a zip again with changed entries, under a seal that fits, as a forger would."""
    with zipfile.ZipFile(path) as old:
        entries = [made for info in old.infolist() for made in change(info, old.read(info))]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for info, body in entries:
            new.writestr(info, body)
        new.comment = verifier.ZIP_SEAL + b"0" * 64
    reseal(path)


def reseal(path: Path) -> None:
    body = path.read_bytes()[:-64]
    path.write_bytes(body + hashlib.sha256(body).hexdigest().encode())


def test_a_file_changed_inside_a_zip_is_named_like_in_a_folder(zipped: Path) -> None:
    def change(info: zipfile.ZipInfo, body: bytes) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
        yield info, (b"changed" if info.filename.startswith("reports/") else body)

    rezip(zipped, change)
    problem = only(verify_package(zipped))
    assert (problem.kind, problem.place) == (Kind.CHANGED_FILE, "reports/summary.txt")


def test_a_zip_packed_again_says_what_to_do(zipped: Path) -> None:
    rezip(zipped, lambda info, body: iter([(info, body)]))
    assert verify_package(zipped).is_verified
    with zipfile.ZipFile(zipped, "a") as archive:
        archive.comment = b""
    problem = only(verify_package(zipped))
    assert problem.kind is Kind.CHANGED_ZIP
    assert "unpack it and verify the folder" in problem.message


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/evil",
        "a/../../evil",
        "C:\\evil",
        "a\\b",
        "./a",
        "a//b",
        "nul\x00.txt",
        "caf\u00e9",
        "-rf",
        ".git/hooks",
    ],
)
def test_a_zip_entry_that_could_lead_outside_is_named(zipped: Path, name: str) -> None:
    def change(info: zipfile.ZipInfo, body: bytes) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
        yield info, body
        if info.filename == "verify.py":
            evil = zipfile.ZipInfo("evil")
            evil.filename = name
            yield evil, b"evil"

    rezip(zipped, change)
    report = verify_package(zipped)
    assert kinds(report) <= {Kind.UNSAFE_ENTRY, Kind.EXTRA_FILE}
    assert not report.is_verified


def test_a_link_and_a_second_file_of_one_name_in_a_zip_are_named(zipped: Path) -> None:
    def change(info: zipfile.ZipInfo, body: bytes) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
        yield info, body
        if info.filename == "reports/summary.txt":
            yield info, b"another"
            link = zipfile.ZipInfo("reports/link")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            yield link, b"/etc/passwd"

    with pytest.warns(UserWarning, match="Duplicate name"):
        rezip(zipped, change)
    report = verify_package(zipped)
    assert [p.place for p in report.problems if p.kind is Kind.UNSAFE_ENTRY] == [
        "reports/summary.txt",
        "reports/link",
    ]


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("bomb", "w", force_zip64=True) as file,
    ):
        for _ in range(80):
            file.write(bytes(1 << 20))
        archive.comment = b""
    report = verify_package(path)
    assert kinds(report) == {Kind.CHANGED_ZIP, Kind.BEYOND_LIMIT}


def test_a_zip_that_lies_about_a_size_is_not_unpacked_beyond_it(zipped: Path) -> None:
    body = zipped.read_bytes()
    size = len(BODIES[3]).to_bytes(4, "little")
    assert body.count(size) >= 1
    zipped.write_bytes(body.replace(size, (7).to_bytes(4, "little")))
    reseal(zipped)
    assert not verify_package(zipped).is_verified


def test_an_encrypted_entry_is_named(zipped: Path) -> None:
    body = bytearray(zipped.read_bytes())
    entry = body.rindex(b"reports/summary.txt") - 46  # the entry in the zip's directory, and its flags
    body[entry + 8] |= 1
    zipped.write_bytes(body)
    reseal(zipped)
    assert kinds(verify_package(zipped)) == {Kind.UNSAFE_ENTRY, Kind.MISSING_FILE}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_without_bounds_is_refused(zipped: Path, method: int) -> None:
    def change(info: zipfile.ZipInfo, body: bytes) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
        if info.filename == "reports/summary.txt":
            info.compress_type = method
        yield info, body

    rezip(zipped, change)
    assert kinds(verify_package(zipped)) == {Kind.UNSAFE_ENTRY, Kind.MISSING_FILE}


@pytest.mark.parametrize(
    "body", [b"", b"PK", b"hello" * 1000, b"PK\x05\x06" + bytes(18), b"PK\x05\x06" + b"\xff" * 18]
)
def test_a_file_that_is_no_zip_is_a_problem(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "package.zip"
    path.write_bytes(body)
    assert not verify_package(path).is_verified


def test_a_zip_cut_off_anywhere_is_a_problem(zipped: Path) -> None:
    body = zipped.read_bytes()
    for length in range(1, len(body), len(body) // 60):
        zipped.write_bytes(body[:length])
        assert Kind.CHANGED_ZIP in kinds(verify_package(zipped))


# The property that matters most: any single changed byte is found.


def changed(body: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(body))
    return body[:place] + bytes([body[place] ^ rng.randrange(1, 256)]) + body[place + 1 :]


def test_any_single_changed_byte_in_a_folder_is_found(folder: Path) -> None:
    rng = random.Random(3)  # noqa: S311  # a repeatable attack, not a secret
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    assert len(files) == 18
    for path in files:
        body = path.read_bytes()
        for _ in range(25):
            path.write_bytes(changed(body, rng))
            assert not verify_package(folder).is_verified, path
        path.write_bytes(body)
    assert verify_package(folder).is_verified


def test_any_single_changed_byte_in_the_log_is_found_even_when_the_checksums_are_forged(folder: Path) -> None:
    """Time stamps are the exception: only their authority's signature protects them, as the last step says."""
    rng = random.Random(4)  # noqa: S311  # as above
    for path in sorted((folder / "log").iterdir()):
        if not path.is_file() or path.name == "SHA256SUMS":
            continue
        body = path.read_bytes()
        for _ in range(25):
            path.write_bytes(changed(body, rng))
            fix_sums(folder)
            same = path.name == "frontier.json" and json.loads(body) == lenient_json(path.read_bytes())
            assert same or not verify_package(folder).is_verified, path
        path.write_bytes(body)
    fix_sums(folder)
    assert verify_package(folder).is_verified


def lenient_json(body: bytes) -> object:
    try:
        value: object = json.loads(body)
    except ValueError:
        return None
    return value


def test_any_single_changed_byte_in_a_zip_is_found(zipped: Path) -> None:
    rng = random.Random(5)  # noqa: S311  # as above
    body = zipped.read_bytes()
    for _ in range(250):
        zipped.write_bytes(changed(body, rng))
        report = verify_package(zipped)
        assert Kind.CHANGED_ZIP in kinds(report)


def test_a_changed_byte_in_a_zip_under_a_forged_seal_never_breaks_the_verifier(zipped: Path) -> None:
    rng = random.Random(6)  # noqa: S311  # as above
    body = zipped.read_bytes()
    directory = body.index(b"PK\x01\x02")
    for number in range(250):
        forged = bytearray(body)
        for _ in range(rng.randrange(1, 4)):
            forged[rng.randrange(directory if number % 2 else 0, len(body) - 64)] = rng.randrange(256)
        zipped.write_bytes(forged)
        reseal(zipped)
        verifier.as_text(verify_package(zipped))


OWN_FILES = ("VKEY", "PROOF", "SUMS", "CHECKPOINT", "LEAVES", "HASHES", "FRONTIER", "MANIFEST")


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400), name=st.sampled_from(OWN_FILES))
def test_no_contents_of_a_file_break_the_verifier(
    made: tuple[Path, SampleLog], data: bytes, name: str
) -> None:
    path = made[0] / str(vars(verifier)[name])
    body = path.read_bytes()
    try:
        path.write_bytes(data)
        assert not verify_package(made[0]).is_verified
    finally:
        path.write_bytes(body)


# The command


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", *arguments],
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_the_packaged_verifier_runs_alone_without_auditwright(folder: Path) -> None:
    blocked = "import sys; sys.modules['auditwright'] = None; import runpy; runpy.run_path('verify.py', run_name='__main__')"
    done = run("-c", blocked, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "VERIFIED: no problems were found." in done.stdout
    assert "compare it with the key that the" in done.stdout
    assert "openssl ts -verify -digest" in done.stdout


def test_without_cryptography_it_says_what_to_install_and_verifies_nothing(folder: Path) -> None:
    blocked = "import sys; sys.modules['cryptography'] = None; import runpy; runpy.run_path('verify.py', run_name='__main__')"
    done = run("-c", blocked, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install cryptography" in done.stderr


def test_the_verifier_imports_nothing_but_the_standard_library_and_cryptography(folder: Path) -> None:
    source = (folder / "verify.py").read_text()
    imports = {
        line.split()[1].split(".")[0]
        for line in source.splitlines()
        if line.lstrip().startswith(("import ", "from "))
    }
    assert imports - sys.stdlib_module_names == {"cryptography"}


def test_exit_status_and_json(folder: Path) -> None:
    done = run("verify.py", "--json", "--key", VKEY, cwd=folder)
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert report["verified"] is True
    assert report["key"] == {"vkey": VKEY, "sha256": SIGNER.verifier_key().fingerprint, "was_given": True}
    (folder / "reports/summary.txt").write_bytes(b"x")
    done = run("verify.py", "--json", cwd=folder)
    assert done.returncode == 1
    assert [problem["kind"] for problem in json.loads(done.stdout)["problems"]] == ["changed file"]


def test_usage_errors_have_a_status_of_their_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verifier.main([str(folder / "nothing")]) == 2
    assert verifier.main([str(folder), "--key", "hello"]) == 2
    assert "the given key cannot be read" in capsys.readouterr().err
    with pytest.raises(SystemExit) as exit_:
        verifier.main(["--nonsense"])
    assert exit_.value.code == 2
    with pytest.raises(UsageError):
        verify_package(folder, "hello")


def test_the_text_tells_problems_by_name_place_and_cause(folder: Path) -> None:
    evidence_file(folder, BODIES[3]).unlink()
    out = io.StringIO()
    assert verifier.main([str(folder), "--key", VKEY], out) == 1
    text = out.getvalue()
    assert "NOT VERIFIED: 1 problem.\n" in text
    assert f"  missing file: {verifier.evidence_path(digest_of(BODIES[3]))}\n" in text
    assert "It is the key that you gave." in text


def test_problems_beyond_the_limit_are_counted(folder: Path) -> None:
    for number in range(verifier.MAX_PROBLEMS + 3):
        (folder / f"extra{number}").touch()
    report = verify_package(folder)
    assert (len(report.problems), report.problem_count) == (verifier.MAX_PROBLEMS, verifier.MAX_PROBLEMS + 3)
    assert "and 3 more" in verifier.as_text(report)


def test_a_hundred_thousand_leaves_are_verified_within_seconds(tmp_path: Path) -> None:
    count = 100_000
    leaves = [
        b'{"at":"2026-11-23T14:02:11.000000Z","kind":"result","run":"2026-11-23","seq":%d,"sha256":"%064x","test":"t"}'
        % (number, number)
        for number in range(count)
    ]
    scope_ = PackageScope(organization="Acme", origin=SIGNER.name, start_size=0, size=count, created_at=NOW)
    writer = PackageWriter(tmp_path / "package", scope_)
    log = SampleLog(leaves=leaves)
    index = log.append("package", manifest_sha256=writer.seal())
    hashes = log.hashes()
    reader = type("Reader", (), {"leaf_hashes": lambda _, a, b: hashes[a:b], "tile": lambda *_: None})()
    from auditwright.sign.package import LogPart
    from auditwright.sign.proof import TlogProof

    checkpoint = log.signed()
    path = merkle.inclusion_proof(reader, index, len(log.leaves))
    proof = TlogProof(index=index, path=path, checkpoint=checkpoint).encode()
    writer.write_log(LogPart(checkpoint=checkpoint, vkey=VKEY, proof=proof), log.leaves)
    before = time.process_time()
    report = verify_package(tmp_path / "package", VKEY)
    elapsed = time.process_time() - before
    assert report.is_verified
    assert report.counts.leaves == count + 1
    assert elapsed < 10


def package_of(log: SampleLog, folder: Path, *kept: bytes, results: tuple[bytes, ...] = ()) -> Report:
    """The report on a package of a whole log with these pieces of evidence and documents."""
    writer = PackageWriter(folder, scope(log, 0))
    for body in kept:
        writer.add_evidence(digest_of(body), body)
    for body in results:
        writer.add_result(body)
    index = log.append("package", manifest_sha256=writer.seal())
    part = log.part(index, 0)
    writer.write_log(type(part)(checkpoint=part.checkpoint, vkey=part.vkey, proof=part.proof), log.leaves)
    return verify_package(folder)


def erased_leaf(log: SampleLog, body: bytes, last: int | None = None, **fields: str) -> None:
    held: dict[str, str | int] = {
        "sha256": digest_of(body),
        "reason": "asked\x1b[31m",
        "actor": "terminal",
        **fields,
    }
    if last is not None:
        held |= {"last_leaf": last, "first_leaf": last, "times": 1}
    log.append("erased", **held)


def test_what_was_erased_is_named_with_its_reason_in_text_and_json(tmp_path: Path) -> None:
    log = SampleLog()
    log.evidence(ERASED)
    erased_leaf(log, ERASED, 0, what="evidence")
    report = package_of(log, tmp_path / "package")
    assert report.is_verified, report.problems
    assert report.counts.erased == 1
    text = verifier.as_text(report)
    assert digest_of(ERASED) in text
    assert "by terminal, leaf 1: asked" in text
    assert "\x1b" not in text
    (told,) = json.loads(verifier.as_json(report))["erased"]
    assert (told["sha256"], told["leaf"], told["what"]) == (digest_of(ERASED), 1, "evidence")


@pytest.mark.parametrize("last", [None, 0, 1, 7])
def test_a_tombstone_of_what_was_never_there_is_named(tmp_path: Path, last: int | None) -> None:
    log = SampleLog()
    log.evidence(BODIES[0])
    erased_leaf(log, ERASED, last)
    assert only(package_of(log, tmp_path / "package", BODIES[0])).kind is Kind.WRONG_TOMBSTONE


def test_a_tombstone_that_was_logged_before_its_evidence_erases_nothing(tmp_path: Path) -> None:
    log = SampleLog()
    erased_leaf(log, ERASED, 1)
    log.evidence(ERASED)
    assert kinds(package_of(log, tmp_path / "package")) == {Kind.WRONG_TOMBSTONE, Kind.MISSING_EVIDENCE}


def test_evidence_that_came_again_after_its_tombstone_has_to_be_there(tmp_path: Path) -> None:
    log = SampleLog()
    log.evidence(ERASED)
    erased_leaf(log, ERASED, 0)
    log.evidence(ERASED)
    assert package_of(log, tmp_path / "whole", ERASED).is_verified
    problem = only(package_of(log, tmp_path / "package"))
    assert (problem.kind, problem.place) == (Kind.MISSING_EVIDENCE, "leaf 2")
    assert "after it had been erased" in problem.message


def test_evidence_that_was_erased_is_not_in_the_package(tmp_path: Path) -> None:
    log = SampleLog()
    log.evidence(ERASED)
    erased_leaf(log, ERASED, 0)
    assert only(package_of(log, tmp_path / "package", ERASED)).kind is Kind.NOT_ERASED


def test_a_document_stands_for_the_erased_one_that_its_tombstone_names_and_for_no_other(
    tmp_path: Path,
) -> None:
    log = SampleLog()
    log.append("result", sha256=digest_of(RESULT))
    erased_leaf(log, RESULT, 0, what="result", replaced_by=digest_of(b"{}"))
    erased_leaf(log, b"{}", what="result", replaced_by=digest_of(b"[]"))
    assert package_of(log, tmp_path / "whole", results=(b"[]",)).is_verified
    report = package_of(log, tmp_path / "other", results=(RESULT, b"another"))
    assert kinds(report) == {Kind.NOT_ERASED, Kind.UNLOGGED_RESULT}


def test_a_tombstone_that_was_slipped_into_a_package_is_an_inserted_leaf(tmp_path: Path) -> None:
    """A blob dropped with a tombstone that the log never held is found twice: the leaves do not lead to the root."""
    log = write_package(tmp_path / "package")
    folder = tmp_path / "package"
    stone = json.dumps(
        {
            "at": "2026-01-01T00:00:00.000000Z",
            "kind": "erased",
            "seq": len(log.leaves),
            "sha256": digest_of(BODIES[0]),
        }
    )
    lines = (folder / "log/leaves.jsonl").read_bytes()
    (folder / "log/leaves.jsonl").write_bytes(lines + stone.encode() + b"\n")
    digest = digest_of(BODIES[0])
    (folder / f"evidence/sha256/{digest[:2]}/{digest[2:4]}/{digest}").unlink()
    fix_sums(folder)
    found = kinds(verify_package(folder))
    assert Kind.INSERTED_LEAF in found
    assert Kind.MISSING_FILE in found
