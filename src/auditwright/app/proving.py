"""Questions about access, asked of one snapshot file: proofs, certificates, single requests, lint."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import cast

from auditwright.access.asking import Question, actor_of, read
from auditwright.access.certificate import Certificate, Crossing
from auditwright.access.checker import check
from auditwright.access.context import Present
from auditwright.access.evaluator import Decision, decide
from auditwright.access.facts import Fact, Kind, session
from auditwright.access.lint import LintFinding, lint
from auditwright.access.matching import Part, Request
from auditwright.access.policy import Policy, json_object, parse_policy
from auditwright.access.sessions import SessionClass
from auditwright.access.snapshot import SnapshotError, named_target, read_snapshot
from auditwright.access.starts import Start, StartError, start_of
from auditwright.access.verdict import (
    Proof,
    TargetError,
    Verdict,
    default_target,
    explorer_for,
    prove,
    prove_all,
    target_of,
)
from auditwright.access.world import Group, Principal, Role, User, World
from auditwright.app.errors import AppError

MAX_SNAPSHOT_BYTES = 200_000_000
"""An account of 20,000 principals makes 12 MB; AWS allows no more than 5,000 users and 1,000 roles without asking."""

SEMANTICS = (
    "These semantics come from documentation. Four points were never confirmed on a live account: the MFA of a role "
    "session assumed without MFA; whether MFA passes from GetSessionToken into a role session; whether a cluster's "
    "creator is matched by ARN or unique id; the bootstrap flag of clusters from before 2023. No proof of "
    "unreachability rests on one of them."
)

LEFT_OUT: Mapping[str, str] = {
    "credentials": "the credentials of users were not given: each user is supposed to have an active key",
    "root": "the root user was not given, and is left out of the question",
    "scps": "service control policies were not given: none is taken to apply",
    "rcps": "resource control policies were not given: none is taken to apply",
    "workloads": "what is in service was not given: whether something runs as a role is unknown",
    "rbac": "the roles and bindings of the cluster were not given: those that every cluster has are taken",
}
"""What a snapshot may leave out, and what that means for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot file, read."""

    body: bytes
    document: object
    world: World

    @property
    def digest(self) -> str:
        """The SHA-256 of the file's bytes."""
        return hashlib.sha256(self.body).hexdigest()

    @property
    def scope(self) -> tuple[str, ...]:
        """What the file leaves out, and what was made of that."""
        given = self.document if isinstance(self.document, dict) else {}
        clusters = bool(self.world.clusters)
        return tuple(
            what
            for name, what in LEFT_OUT.items()
            if given.get(name) is None and (name != "rbac" or clusters)
        )


def read_file(path: Path) -> bytes:
    """The bytes of a file, or of standard input for `-`; raises AppError."""
    import sys

    try:
        if str(path) == "-":
            body = sys.stdin.buffer.read(MAX_SNAPSHOT_BYTES + 1)
        else:
            with path.open("rb") as file:
                body = file.read(MAX_SNAPSHOT_BYTES + 1)
    except OSError as error:
        raise AppError(
            f"{path} cannot be read: {error.strerror}. Name a file, or - for standard input."
        ) from None
    if len(body) > MAX_SNAPSHOT_BYTES:
        raise AppError(f"{path} has more than {MAX_SNAPSHOT_BYTES:,} bytes, more than any account makes.")
    return body


def decoded(body: bytes, path: Path) -> object:
    """The JSON value of a file; raises AppError with line and column."""
    if not body.strip():
        raise AppError(f"{path} is empty; expected JSON.")
    try:
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=json_object)
    except UnicodeDecodeError:
        raise AppError(f"{path} is no UTF-8 text; expected JSON.") from None
    except json.JSONDecodeError as error:
        raise AppError(f"{path}:{error.lineno}:{error.colno}: this is no JSON: {error.msg}.") from None
    except (RecursionError, ValueError):
        raise AppError(
            f"{path} is no JSON that can be read: it nests too deep, or holds a number too long."
        ) from None


def open_snapshot(path: Path, *, now: datetime) -> Snapshot:
    """The snapshot of a file; raises AppError."""
    return snapshot_of(read_file(path), path, now=now)


def snapshot_of(body: bytes, path: Path, *, now: datetime) -> Snapshot:
    """The snapshot of bytes that stand in a file; raises AppError."""
    document = decoded(body, path)
    try:
        return Snapshot(body=body, document=document, world=read_snapshot(document, at=now))
    except SnapshotError as error:
        raise AppError(f"{path}: {error}.") from None
    except RecursionError:
        raise AppError(f"{path}: it nests too deep.") from None


def targeted(snapshot: Snapshot, spelled: str | None) -> Fact:
    """The target that is asked about: as spelled, as the snapshot names it, or the default; raises AppError."""
    try:
        return target_of(
            snapshot.world, spelled or named_target(snapshot.document) or default_target(snapshot.world)
        )
    except TargetError as error:
        raise AppError(str(error)) from None


def started(snapshot: Snapshot, spelled: str) -> Start:
    """The start of a spelling; raises AppError."""
    try:
        return start_of(snapshot.world, spelled)
    except StartError as error:
        raise AppError(str(error)) from None


def proof_of(snapshot: Snapshot, target: Fact) -> Proof:
    """The verdict on a whole snapshot and on each credential."""
    return prove_all(explorer_for(snapshot.world, [target]), target)


def verdict_of(snapshot: Snapshot, start: Start, target: Fact) -> Verdict:
    """The verdict on one start."""
    return prove(explorer_for(snapshot.world, [target]), [start], target)


# --- single requests


def principal_of(snapshot: Snapshot, spelled: str) -> Principal:
    """The user or role of `user:NAME` or `role:NAME`; raises AppError."""
    kind, _, name = spelled.partition(":")
    known: Mapping[str, Iterable[Principal]] = {
        "user": snapshot.world.users.values(),
        "role": snapshot.world.roles.values(),
    }
    for each in known.get(kind, ()):
        if name in {each.name, each.arn}:
            return each
    raise AppError(f"No principal {spelled} here; name one as user:NAME or role:NAME.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """One request and what the evaluator says of it."""

    request: Request
    decision: Decision


def simulate(  # noqa: PLR0913  # one parameter for each part of a request
    snapshot: Snapshot, arn: str, class_: SessionClass, *, question: Question, keys: Mapping[str, str]
) -> Simulated:
    """Decide one concrete request of a session."""
    actor = actor_of(snapshot.world, session(arn, class_))
    actor = replace(
        actor, context=actor.context.with_({key: Present((value,)) for key, value in keys.items()})
    )
    answer = read(snapshot.world, actor, question)
    role = snapshot.world.roles.get(question.resource)
    if role is not None and question.action.lower().startswith("sts:assumerole"):
        policies = replace(actor.alternatives[0], resource=role.trust)
        return Simulated(request=answer.request, decision=decide(answer.request, policies))
    return Simulated(request=answer.request, decision=answer.decision)


CLASSES_OF_USERS = (SessionClass.KEY, SessionClass.CONSOLE, SessionClass.MFA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Able:
    """A principal that may do something itself, in a class of sessions."""

    arn: str
    class_: SessionClass
    certain: bool


def who_can(snapshot: Snapshot, question: Question) -> Iterator[Able]:
    """Every principal that may do something directly, by class of session."""
    world = snapshot.world
    sessions = [(user, class_) for user in world.users for class_ in CLASSES_OF_USERS]
    sessions += [(role, SessionClass.ROLE) for role in world.roles]
    for arn, class_ in sessions:
        answer = read(world, actor_of(world, session(arn, class_)), question)
        if answer.possible:
            yield Able(arn=arn, class_=class_, certain=answer.certain)


# --- lint


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """A policy of a file, where it stands, and what was found in it."""

    where: str
    findings: tuple[LintFinding, ...]
    unread: tuple[str, ...]


def lint_file(path: Path, *, now: datetime) -> tuple[Linted, ...]:
    """What is found in a policy document, or in every policy of a snapshot; raises AppError."""
    body = read_file(path)
    document = decoded(body, path)
    if isinstance(document, dict) and "Statement" in document:
        policies: list[tuple[str, Policy, Part]] = [
            (str(path), parse_policy(document, name=path.name), Part.IDENTITY)
        ]
    else:
        policies = list(_policies_in(snapshot_of(body, path, now=now).world))
    return tuple(
        Linted(where=where, findings=lint(policy, part), unread=policy.unread)
        for where, policy, part in policies
    )


def _policies_in(world: World) -> Iterator[tuple[str, Policy, Part]]:
    seen: set[str] = set()
    holders: list[User | Group | Role] = [
        *world.users.values(),
        *world.groups.values(),
        *world.roles.values(),
    ]
    for holder in holders:
        for each in holder.attachments:
            where = (
                each.reference if each.reference in world.policies else f"{each.reference} of {each.holder}"
            )
            if where not in seen:
                seen.add(where)
                yield where, each.policy, Part.IDENTITY
    for role in world.roles.values():
        yield f"trust of {role.arn}", role.trust, Part.RESOURCE


# --- certificates

CERTIFICATE_TYPE = "auditwright.access-certificate.v1"


def certificate_document(snapshot: Snapshot, certificate: Certificate) -> Mapping[str, object]:
    """A certificate with the snapshot that it speaks of, as plain values."""
    return {
        "type": CERTIFICATE_TYPE,
        "at": snapshot.world.at.isoformat(),
        "snapshot_sha256": snapshot.digest,
        "snapshot": snapshot.body.decode("utf-8-sig"),
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


def check_file(path: Path, beside: Path | None) -> tuple[str, ...]:
    """What is wrong with the certificate of a file; nothing where it proves. Raises AppError where it is none."""
    document = decoded(read_file(path), path)
    if not isinstance(document, dict) or document.get("type") != CERTIFICATE_TYPE:
        raise AppError(f"{path} is no certificate of `auditwright access certify`.")
    fields = cast("Mapping[str, object]", document)
    try:
        certificate = _certificate(fields)
        at = datetime.fromisoformat(str(fields["at"]))
        body = str(fields["snapshot"]).encode()
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise AppError(f"{path} is no whole certificate: {error!r} cannot be read.") from None
    if hashlib.sha256(body).hexdigest() != fields.get("snapshot_sha256"):
        return ("the snapshot in the certificate is not the one that it was made for: its digest differs",)
    if beside is not None and read_file(beside).removeprefix(b"\xef\xbb\xbf") != body:
        return (f"the certificate was made for another snapshot than {beside}",)
    return check(snapshot_of(body, path, now=at).world, certificate)


def _certificate(fields: Mapping[str, object]) -> Certificate:
    crossings = cast("Sequence[Mapping[str, object]]", fields["crossings"])
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
            for each in crossings
        ),
    )


def _facts(value: object) -> tuple[Fact, ...]:
    return tuple(_fact(each) for each in cast("Sequence[object]", value))


def _fact(value: object) -> Fact:
    kind, subject, detail = cast("Sequence[object]", value)
    return Fact(Kind(str(kind)), str(subject), str(detail))
