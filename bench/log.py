"""100,000 leaves made into a package and verified offline, beside hashing the same bytes once."""

import hashlib
import time
from datetime import UTC, datetime
from pathlib import Path

from auditwright.core.evidence import digest_of
from auditwright.core.log import LogEntry, leaf_hash
from auditwright.sign.checkpoint import Checkpoint, sign_checkpoint
from auditwright.sign.keys import load_key, make_key
from auditwright.sign.merkle import inclusion_proof, root_of
from auditwright.sign.note import Signer
from auditwright.sign.package import LogPart, PackageScope, PackageWriter
from auditwright.sign.proof import TlogProof
from auditwright.sign.verify import verify_package
from bench.child import timed
from bench.rows import Beside, CannotMeasureError, Row, median

LEAVES = 100_000
TARGET_S = 10.0
NOW = datetime(2026, 11, 23, tzinfo=UTC)
ORIGIN = "bench.example/log"
BODY = b'{"Users": []}'


class _Hashes:
    """The log's leaf hashes, without tiles: a proof then reads them all, as the first one does."""

    def __init__(self, hashes: list[bytes]) -> None:
        self.hashes = hashes

    def leaf_hashes(self, start: int, stop: int) -> list[bytes]:
        return self.hashes[start:stop]

    def tile(self, level: int, index: int) -> None:
        del level, index


def measure(scratch: Path, repeats: int) -> list[Row]:
    """Write and verify a package of one piece of evidence and many leaves."""
    made = make_key(ORIGIN)
    signer = load_key(made.pem, ORIGIN)
    leaves = _leaves()
    writing: list[float] = []
    verifying: list[float] = []
    limit: list[float] = []
    for number in range(repeats):
        folder = scratch / f"package-{number}"
        start = time.perf_counter()
        _write(folder, list(leaves), signer)
        writing.append(timed(start))
        start = time.perf_counter()
        report = verify_package(folder, made.vkey)
        verifying.append(timed(start))
        if not report.is_verified:
            raise CannotMeasureError(f"the package was not verified: {report.problems[:3]}")
        start = time.perf_counter()
        for leaf in leaves:
            hashlib.sha256(leaf).digest()
        limit.append(timed(start))
    both = [write + verify for write, verify in zip(writing, verifying, strict=True)]
    size = sum(map(len, leaves)) / 1e6
    return [
        Row(
            name=f"log: {LEAVES:,} leaves packed and verified",
            unit="s",
            measured=median(both),
            target=TARGET_S,
            beside=Beside(name="SHA-256 of each leaf", value=median(limit)),
            note=f"{size:.0f} MB; written in {median(writing):.2f} s, verified in {median(verifying):.2f} s; "
            f"median of {repeats}",
        )
    ]


def _leaves() -> list[bytes]:
    """Leaves of evidence as a run writes them."""
    digest = digest_of(BODY)
    return [
        LogEntry(
            kind="evidence",
            at=NOW,
            fields={
                "run": "run-20261123T000000Z-0000",
                "stream": "aws.iam",
                "source": "aws",
                "account": "123456789012",
                "region": "",
                "operation": "iam:ListUsers",
                "parameters": {"PathPrefix": f"/{number}/"},
                "command": "aws iam list-users",
                "principal": "arn:aws:iam::123456789012:role/auditwright",
                "collected_at": "2026-11-23T00:00:00.000000Z",
                "effective_at": "2026-11-23T00:00:00.000000Z",
                "collector": "auditwright/0.1.0",
                "sha256": digest,
                "size_bytes": len(BODY),
            },
        ).leaf(number)
        for number in range(LEAVES)
    ]


def _write(folder: Path, leaves: list[bytes], signer: Signer) -> None:
    writer = PackageWriter(
        folder,
        PackageScope(organization="Bench", origin=ORIGIN, start_size=0, size=len(leaves), created_at=NOW),
    )
    writer.add_evidence(digest_of(BODY), BODY)
    manifest = writer.seal()
    index = len(leaves)
    leaves.append(LogEntry(kind="package", at=NOW, fields={"manifest_sha256": manifest}).leaf(index))
    hashes = [leaf_hash(leaf) for leaf in leaves]
    head = Checkpoint(origin=ORIGIN, size=len(leaves), root=root_of(hashes))
    note = sign_checkpoint(head, signer)
    path = inclusion_proof(_Hashes(hashes), index, len(leaves))
    writer.write_log(
        LogPart(
            checkpoint=note,
            vkey=signer.verifier_key().text,
            proof=TlogProof(index=index, path=path, checkpoint=note).encode(),
            frontier=(),
            start_checkpoint=None,
            timestamps={},
        ),
        leaves,
    )
