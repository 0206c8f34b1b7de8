"""A small log and a package made of it, with one of everything."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditwright.core.evidence import digest_of
from auditwright.core.ids import Digest
from auditwright.core.log import LogEntry, leaf_hash
from auditwright.sign.checkpoint import Checkpoint, sign_checkpoint
from auditwright.sign.merkle import Frontier, root_of
from auditwright.sign.note import Signer
from auditwright.sign.package import LogPart, PackageScope, PackageWriter
from auditwright.sign.proof import TlogProof
from auditwright.sign.timestamp import stamped_message
from tests.reference import merkle as rfc

NOW = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC)
SIGNER = Signer(name="acme.example/log", private_key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
STRANGER = Signer(name="acme.example/log", private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
VKEY = SIGNER.verifier_key().text

START = 5
BODIES = [b'{"users": ["ada"]}', b"<html>\x00\xff</html>", b"", b"x" * 3000]
WITHHELD = b"a salary list"
ERASED = b"a person's record"
RESULT = b'{"outcome":"satisfied","test":"identity.mfa-enrolled"}'


@dataclass
class SampleLog:
    """A log in memory, whose key the test holds."""

    signer: Signer = SIGNER
    leaves: list[bytes] = field(default_factory=list)

    def append(self, kind: str, **fields: str | int) -> int:
        entry = LogEntry(kind=kind, at=NOW, fields=fields)
        self.leaves.append(entry.leaf(len(self.leaves)))
        return len(self.leaves) - 1

    def evidence(self, body: bytes) -> int:
        return self.append(
            "evidence", sha256=digest_of(body), size_bytes=len(body), source="aws", stream="aws.iam"
        )

    def hashes(self) -> list[bytes]:
        return [leaf_hash(leaf) for leaf in self.leaves]

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = len(self.leaves) if size is None else size
        return Checkpoint(origin=self.signer.name, size=size, root=root_of(self.hashes()[:size]))

    def signed(self, size: int | None = None) -> bytes:
        return sign_checkpoint(self.checkpoint(size), self.signer)

    def frontier(self, size: int) -> tuple[bytes, ...]:
        frontier = Frontier()
        frontier.extend(self.hashes()[:size])
        return frontier.hashes

    def proof(self, index: int) -> bytes:
        path = tuple(rfc.path(index, self.hashes()))
        return TlogProof(index=index, path=path, checkpoint=self.signed()).encode()

    def part(self, index: int, start_size: int) -> LogPart:
        """What the log gives to the package whose leaf stands at `index`."""
        return LogPart(
            checkpoint=self.signed(),
            vkey=self.signer.verifier_key().text,
            proof=self.proof(index),
            frontier=self.frontier(start_size),
            start_checkpoint=self.signed(start_size) if start_size else None,
            timestamps={
                "9.tsr": self.unsigned_stamp(9),
                f"{len(self.leaves)}-digi.tsr": self.unsigned_stamp(None),
            },
        )

    def unsigned_stamp(self, size: int | None) -> bytes:
        """Bytes that name what a stamp of the log would; no authority signed them."""
        return b"stamp " + hashlib.sha256(stamped_message(self.checkpoint(size))).digest()


def scope(log: SampleLog, start_size: int = START) -> PackageScope:
    return PackageScope(
        organization="Acme, Inc.",
        origin=log.signer.name,
        start_size=start_size,
        size=len(log.leaves),
        created_at=NOW,
    )


def filled_log(signer: Signer = SIGNER) -> SampleLog:
    log = SampleLog(signer=signer)
    for number in range(START):
        log.append("run", run=f"before-{number}")
    for number, body in enumerate(BODIES):
        log.evidence(body)
        log.append("waiver", number=number)
    log.evidence(BODIES[0])  # collected again, unchanged
    log.evidence(WITHHELD)
    log.evidence(ERASED)
    log.append("erased", sha256=digest_of(ERASED), reason="the person asked")
    log.append("result", sha256=digest_of(RESULT))
    return log


def fill(writer: PackageWriter) -> None:
    for body in BODIES:
        writer.add_evidence(digest_of(body), body)
    writer.withhold(digest_of(WITHHELD), "salaries")
    writer.add_result(RESULT)
    writer.add_file("reports/summary.txt", [b"All ", b"of it.\n"])


def write_package(folder: Path, log: SampleLog | None = None, start_size: int = START) -> SampleLog:
    """Write a whole package; the log goes on growing while it is written, as a real one does."""
    log = log or filled_log()
    writer = PackageWriter(folder, scope(log, start_size))
    fill(writer)
    digest = writer.seal()
    log.evidence(b"collected while the package was written")
    index = log.append("package", manifest_sha256=digest)
    log.append("run", run="after")
    writer.write_log(log.part(index, start_size), log.leaves[start_size:])
    return log


def leaf_lines(folder: Path) -> list[bytes]:
    return (folder / "log/leaves.jsonl").read_bytes().splitlines(keepends=True)


def write_leaf_lines(folder: Path, lines: list[bytes]) -> None:
    (folder / "log/leaves.jsonl").write_bytes(b"".join(lines))


def fix_sums(folder: Path) -> None:
    """Do what a forger would: make the list of checksums fit."""
    log = folder / "log"
    files = sorted(path for path in log.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    lines = [
        f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.relative_to(log).as_posix()}\n" for f in files
    ]
    (log / "SHA256SUMS").write_text("".join(lines))


def edit_manifest(folder: Path, **changes: object) -> Digest:
    """Change members of the manifest, and return its new digest."""
    path = folder / "manifest.json"
    members = json.loads(path.read_bytes())
    members.update(changes)
    path.write_text(json.dumps(members))
    return digest_of(path.read_bytes())
