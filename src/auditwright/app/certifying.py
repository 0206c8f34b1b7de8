"""Certificates as files: the proof, and the snapshot that it is about, so that a file can be checked by itself.

1. The seal is the digest of everything else: a file that was changed says so first, whatever else is wrong.
2. The snapshot in the file is the one whose digest it names, and the one that it is checked against.
3. The checker goes through the proof, and trusts nothing of how it was found.
4. The ways that the file calls closed are those that are closed. They explain the proof and are no part of it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from auditwright.access.certificate import Certificate, Crossing, crossings
from auditwright.access.checker import check
from auditwright.access.facts import Fact, Kind
from auditwright.access.policy import repeats_a_key
from auditwright.access.verdict import explorer_for
from auditwright.app.errors import AppError
from auditwright.app.proving import SEMANTICS, Snapshot, decoded, read_file, snapshot_of
from auditwright.core.canonical import Json, canonical_json

CERTIFICATE_TYPE = "auditwright.access-certificate.v1"
SEAL = "sha256"


def certificate_file(snapshot: Snapshot, certificate: Certificate) -> bytes:
    """A certificate with the snapshot that it speaks of, as canonical JSON."""
    document: dict[str, Json] = {
        "type": CERTIFICATE_TYPE,
        "at": snapshot.world.at.isoformat(),
        "snapshot_sha256": snapshot.digest,
        "snapshot": snapshot.body.decode(),
        "whose": list(certificate.whose),
        "start": [list(fact) for fact in certificate.start],
        "target": list(certificate.target),
        "held": [list(fact) for fact in certificate.held],
        "crossings": [
            {
                "session": list(each.session),
                "way": each.way,
                "target": each.target,
                "closed_by": each.closed_by,
            }
            for each in certificate.crossings
        ],
        "semantics": SEMANTICS,
    }
    return canonical_json({**document, SEAL: seal_of(document)}) + b"\n"


def seal_of(document: Mapping[str, Json]) -> str:
    """The digest of a certificate's members but for the digest itself."""
    rest = {name: value for name, value in document.items() if name != SEAL}
    return hashlib.sha256(canonical_json(rest)).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a certificate says, and what is wrong with it."""

    certificate: Certificate
    snapshot_sha256: str
    problems: tuple[str, ...]
    """Empty where it proves what it says."""


def check_file(path: Path, beside: Path | None) -> Checked:
    """Check the certificate of a file, against another snapshot where one is named; raises AppError where it is none."""
    document = decoded(read_file(path), path)
    if not isinstance(document, dict) or repeats_a_key(document) or document.get("type") != CERTIFICATE_TYPE:
        raise AppError(f"{path} is no certificate of `auditwright access certify`.")
    fields = cast("Mapping[str, Json]", document)
    try:
        certificate = _certificate(fields)
        at = datetime.fromisoformat(str(fields["at"]))
        body = str(fields["snapshot"]).encode()
        seal = seal_of(fields)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise AppError(f"{path} is no whole certificate: {error!r} cannot be read.") from None
    if at.tzinfo is None:
        raise AppError(f"{path} is no whole certificate: its time names no zone.")
    found = [] if seal == fields.get(SEAL) else ["the certificate was changed after it was written"]  # (1)
    if hashlib.sha256(body).hexdigest() != fields.get("snapshot_sha256"):  # (2)
        found.append(
            "the snapshot in the certificate is not the one that it was made for: its digest differs"
        )
    elif beside is not None and read_file(beside) != body:
        found.append(f"the certificate was made for another snapshot than {beside}")
    else:
        found += _problems(snapshot_of(body, path, now=at), certificate)
    return Checked(
        certificate=certificate, snapshot_sha256=hashlib.sha256(body).hexdigest(), problems=tuple(found)
    )


def _problems(snapshot: Snapshot, certificate: Certificate) -> Iterator[str]:
    problems = check(snapshot.world, certificate)  # (3)
    yield from problems
    if not problems:
        explorer = explorer_for(snapshot.world, [certificate.target])
        closed = tuple(crossings(explorer, frozenset(certificate.held)))
        if closed != certificate.crossings:  # (4)
            yield "what the certificate says that closes the ways out of what is held is not what closes them"


def _certificate(fields: Mapping[str, object]) -> Certificate:
    listed = cast("Sequence[Mapping[str, object]]", fields["crossings"])
    return Certificate(
        whose=tuple(str(each) for each in cast("Sequence[object]", fields["whose"])),
        start=_facts(fields["start"]),
        target=_fact(fields["target"]),
        held=_facts(fields["held"]),
        crossings=tuple(
            Crossing(
                session=_fact(each["session"]),
                way=str(each["way"]),
                target=str(each["target"]),
                closed_by=str(each["closed_by"]),
            )
            for each in listed
        ),
    )


def _facts(value: object) -> tuple[Fact, ...]:
    return tuple(_fact(each) for each in cast("Sequence[object]", value))


def _fact(value: object) -> Fact:
    kind, subject, detail = cast("Sequence[object]", value)
    return Fact(Kind(str(kind)), str(subject), str(detail))
