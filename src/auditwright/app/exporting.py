"""Export: a package that an outsider can verify offline, with the reports, the evidence and the log's proofs.

1. Reports, results and evidence are written, then the manifest that lists them with their digests.
2. The manifest's digest becomes a leaf of the log, and the log is sealed with it.
3. The log's leaves, the signed checkpoints and the proof of that leaf are written.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from auditwright.app.erased import gone, stands_for
from auditwright.app.errors import AppError
from auditwright.app.reporting import readiness_report
from auditwright.app.running import latest_run
from auditwright.app.sealing import seal
from auditwright.app.workspace import Workspace
from auditwright.core.ids import Digest, RunId
from auditwright.core.log import LogEntry
from auditwright.core.run import Checkpoint
from auditwright.render.bundle import render_all
from auditwright.sign.merkle import frontier_at, inclusion_proof
from auditwright.sign.package import LogPart, PackageError, PackageScope, PackageWriter, zip_package
from auditwright.sign.proof import TlogProof

_WITH_BYTES = frozenset({"evidence", "result", "run"})
"""The kinds of leaves that name bytes of the evidence store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written."""

    path: Path
    manifest: Digest
    checkpoint: Checkpoint
    leaves: int
    evidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a package is made of, beside what its leaves name."""

    reports: Iterable[tuple[str, bytes]]
    """Paths below `reports/`, and their bytes."""
    run: RunId
    """The run that they are about."""
    start: Checkpoint | None
    """Where the log's part begins; None for its beginning."""


def export(workspace: Workspace, out: Path, *, now: datetime, since: datetime | None = None) -> Exported:
    """Write a package into a new folder, or a zip where `out` ends with .zip; raises AppError.

    With `since`, the package begins with the last checkpoint that was signed before.
    """
    as_zip = out.suffix == ".zip"
    if out.exists():
        raise AppError(f"{out} exists already; a package is never written over. Choose another path.")
    folder = out.with_suffix(".unfinished") if as_zip else out
    try:
        exported = _write(workspace, folder, now=now, since=since)
        if as_zip:
            zip_package(folder, out)
            _remove(folder)
    except PackageError as error:
        raise AppError(str(error)) from error
    except OSError as error:
        raise AppError(f"{out} cannot be written: {error.strerror or error}") from error
    return Exported(
        path=out,
        manifest=exported.manifest,
        checkpoint=exported.checkpoint,
        leaves=exported.leaves,
        evidence=exported.evidence,
    )


def _write(workspace: Workspace, folder: Path, *, now: datetime, since: datetime | None) -> Exported:
    run = latest_run(workspace)
    report = readiness_report(workspace, run, as_of=now)
    start = _start(workspace.stores.records.checkpoints(), since)
    return write_package(
        workspace, folder, Part(reports=render_all(report), run=run.id, start=start), now=now
    )


def write_package(workspace: Workspace, folder: Path, part: Part, *, now: datetime) -> Exported:
    """Write a package of the log from a checkpoint on, with reports that were made before; raises PackageError."""
    records = workspace.stores.records
    start_size = part.start.size if part.start else 0
    size = records.log_size()
    key = workspace.verifier_key
    writer = PackageWriter(
        folder,
        PackageScope(
            organization=workspace.program.organization,
            origin=key.name,
            start_size=start_size,
            size=size,
            created_at=now,
        ),
    )
    for path, body in part.reports:  # (1)
        writer.add_file(f"reports/{path}", body)
    digests = _add_bytes(workspace, writer, records.leaves(start_size, size))
    manifest = writer.seal()
    with records.transaction() as write:  # (2)
        fields = {"manifest_sha256": manifest, "run": part.run}
        seq = write.append(LogEntry(kind="package", at=now, fields=fields))
    checkpoint = seal(workspace, now)
    proof = TlogProof(
        index=seq,
        path=inclusion_proof(records, seq, checkpoint.size),
        checkpoint=checkpoint.note,
    )
    writer.write_log(  # (3)
        LogPart(
            checkpoint=checkpoint.note,
            vkey=key.text,
            proof=proof.encode(),
            frontier=frontier_at(records, start_size).hashes if part.start else (),
            start_checkpoint=part.start.note if part.start else None,
            timestamps=_timestamps(records.checkpoints(), since=start_size),
        ),
        records.leaves(start_size, checkpoint.size),
    )
    return Exported(
        path=folder,
        manifest=manifest,
        checkpoint=checkpoint,
        leaves=checkpoint.size - start_size,
        evidence=digests,
    )


def _start(checkpoints: Iterable[Checkpoint], since: datetime | None) -> Checkpoint | None:
    if since is None:
        return None
    before = [checkpoint for checkpoint in checkpoints if checkpoint.signed_at <= since]
    return before[-1] if before else None


def _add_bytes(workspace: Workspace, writer: PackageWriter, leaves: Iterable[bytes]) -> int:
    """Add the evidence, results and definitions that the leaves name, each once; returns how much evidence.

    What was erased is left out: its tombstone is among the leaves. Of a result, what took its place is added.
    """
    stores = workspace.stores
    added: set[str] = set()
    evidence = 0
    for line in leaves:
        leaf = cast("Mapping[str, object]", json.loads(line))
        kind = leaf["kind"]
        digest = leaf.get("definitions_sha256" if kind == "run" else "sha256")
        if kind not in _WITH_BYTES or not isinstance(digest, str) or digest in added:
            continue
        added.add(digest)
        match kind:
            case "evidence":
                if gone(stores.records, Digest(digest)) is None:
                    writer.add_evidence(Digest(digest), stores.evidence.get(Digest(digest)))
                    evidence += 1
            case "result":
                held = stands_for(stores.records, Digest(digest))
                if held not in added or held == digest:
                    added.add(held)
                    writer.add_result(stores.evidence.get(held))
            case _:
                writer.add_file(f"definitions/{digest}.json", stores.evidence.get(Digest(digest)))
    return evidence


def _timestamps(checkpoints: Iterable[Checkpoint], *, since: int) -> Mapping[str, bytes]:
    """Every stamp of the log while it grew through the package's leaves."""
    return {
        f"{each.size}.tsr": each.timestamp for each in checkpoints if each.timestamp and each.size >= since
    }


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)
