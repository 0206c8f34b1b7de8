"""Certificates as files: the proof, and what it is about, so that it can be checked by somebody who did not make it.

A certificate about a snapshot holds the snapshot. One about a run names the run and everything that it saw by digest; the
program that has the run has its evidence, from which the picture is derived again.

1. The seal is the digest of everything else: a file that was changed says so first, whatever else is wrong.
2. What the file is about is what its digest names, and what it is checked against.
3. The checker goes through the proof, and trusts nothing of how it was found.
4. The ways that the file calls closed are those that are closed. They explain the proof and are no part of it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import assert_never, cast

from auditwright.access.certificate import Certificate, Crossing, crossings
from auditwright.access.checker import check
from auditwright.access.facts import Fact, Kind
from auditwright.access.policy import repeats_a_key
from auditwright.access.verdict import explorer_for
from auditwright.access.world import World
from auditwright.app.errors import AppError
from auditwright.app.proving import SEMANTICS, Collected, Snapshot, Source, decoded, read_file, snapshot_of
from auditwright.core.canonical import Json, canonical_json
from auditwright.core.ids import RunId
from auditwright.core.run import RunKind, RunState

CERTIFICATE_TYPE = "auditwright.access-certificate.v1"
RUN_CERTIFICATE_TYPE = "auditwright.access-certificate-of-run.v1"
SEAL = "sha256"


def certificate_file(source: Source, certificate: Certificate) -> bytes:
    """A certificate with what it speaks of, as canonical JSON."""
    document: dict[str, Json] = {
        **_subject_of(source),
        "at": source.world.at.isoformat(),
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


def _subject_of(source: Source) -> Mapping[str, Json]:
    match source:
        case Snapshot():
            return {
                "type": CERTIFICATE_TYPE,
                "snapshot_sha256": source.digest,
                "snapshot": source.body.decode(),
            }
        case Collected():
            return {
                "type": RUN_CERTIFICATE_TYPE,
                "run": source.run,
                "seen_sha256": source.seen_sha256,
                "vouched": _vouched(source.world),
            }
        case _:
            assert_never(source)


def _vouched(world: World) -> Json:
    """What the organization vouches for, which no evidence of the cloud shows."""
    return [{"subject": each.subject, "mfa_required": each.mfa_required} for each in world.attestations]


def seal_of(document: Mapping[str, Json]) -> str:
    """The digest of a certificate's members but for the digest itself."""
    rest = {name: value for name, value in document.items() if name != SEAL}
    return hashlib.sha256(canonical_json(rest)).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutSnapshot:
    """What a certificate that holds its snapshot is about."""

    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutRun:
    """What a certificate about a run is about."""

    run: RunId
    seen_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a certificate says, and what is wrong with it."""

    certificate: Certificate
    about: AboutSnapshot | AboutRun
    problems: tuple[str, ...]
    """Empty where it proves what it says."""


def check_file(path: Path, beside: Path | None, program: Path) -> Checked:
    """Check the certificate of a file; raises AppError where it is none, or what it is about cannot be read.

    `beside` is another snapshot to check it against; `program` is the folder that has the run of a certificate about one.
    """
    document = decoded(read_file(path), path)
    types = (CERTIFICATE_TYPE, RUN_CERTIFICATE_TYPE)
    if not isinstance(document, dict) or repeats_a_key(document) or document.get("type") not in types:
        raise AppError(f"{path} is no certificate of `auditwright access certify`.")
    fields = cast("Mapping[str, Json]", document)
    try:
        certificate = _certificate(fields)
        at = datetime.fromisoformat(str(fields["at"]))
        about = _about(fields)
        seal = seal_of(fields)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise AppError(f"{path} is no whole certificate: {error!r} cannot be read.") from None
    if at.tzinfo is None:
        raise AppError(f"{path} is no whole certificate: its time names no zone.")
    found = [] if seal == fields.get(SEAL) else ["the certificate was changed after it was written"]  # (1)
    match about:
        case AboutSnapshot():
            found += _of_snapshot(fields, certificate, path, beside)
        case AboutRun():
            if beside is not None:
                found.append(f"the certificate was made for {about.run}, and for no snapshot")
            found += _of_run(fields, certificate, about, program)
    return Checked(certificate=certificate, about=about, problems=tuple(found))


def _about(fields: Mapping[str, Json]) -> AboutSnapshot | AboutRun:
    if fields["type"] == CERTIFICATE_TYPE:
        return AboutSnapshot(sha256=hashlib.sha256(str(fields["snapshot"]).encode()).hexdigest())
    return AboutRun(run=RunId(str(fields["run"])), seen_sha256=str(fields["seen_sha256"]))


def _of_snapshot(
    fields: Mapping[str, Json], certificate: Certificate, path: Path, beside: Path | None
) -> Iterator[str]:
    """(2) The snapshot in the file, and the one that it is checked against."""
    body = str(fields["snapshot"]).encode()
    if hashlib.sha256(body).hexdigest() != fields.get("snapshot_sha256"):
        yield "the snapshot in the certificate is not the one that it was made for: its digest differs"
    elif beside is not None and read_file(beside) != body:
        yield f"the certificate was made for another snapshot than {beside}"
    else:
        at = datetime.fromisoformat(str(fields["at"]))
        yield from _problems(snapshot_of(body, path, now=at).world, certificate)


def _of_run(
    fields: Mapping[str, Json], certificate: Certificate, about: AboutRun, program: Path
) -> Iterator[str]:
    """(2) The run that the program has, derived again from its evidence."""
    from auditwright.app.picturing import picture, seen_sha256
    from auditwright.app.workspace import open_workspace

    with open_workspace(program) as workspace:
        run = workspace.stores.records.run(about.run)
        if run is None:
            raise AppError(
                f"The certificate is about {about.run}, which {program} does not have; name its folder with --program."
            )
        if run.kind is not RunKind.COLLECTION or run.state is not RunState.FINISHED:
            yield f"{about.run} is no finished collection, so that it shows a part at most"
            return
        if seen_sha256(workspace, about.run) != about.seen_sha256:
            yield f"what {about.run} saw is not what the certificate was made for: its digest differs"
            return
        at = datetime.fromisoformat(str(fields["at"]))
        _, _, resource = certificate.target.subject.partition("@")
        resources = [resource] if certificate.target.kind is Kind.READ else []
        world = picture(workspace, now=at, resources=resources, run=about.run)
    if _vouched(world) != fields.get("vouched"):
        yield "what the organization vouches for is not what the certificate was made for"
        return
    yield from _problems(world, certificate)


def _problems(world: World, certificate: Certificate) -> Iterator[str]:
    problems = check(world, certificate)  # (3)
    yield from problems
    if not problems:
        explorer = explorer_for(world, [certificate.target])
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
