"""Questions about access, asked of a snapshot file or of what the last run collected: proofs and single requests."""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn, TypeAlias

import msgspec

from auditwright.access.asking import Actor, Answer, Question, actor_of, let_in, read
from auditwright.access.checker import Checker
from auditwright.access.context import Present
from auditwright.access.facts import Fact, session
from auditwright.access.policy import json_object
from auditwright.access.sessions import SessionClass
from auditwright.access.snapshot import SnapshotError, named_target, read_snapshot
from auditwright.access.starts import Start, StartError, start_of, starts
from auditwright.access.verdict import (
    Proof,
    TargetError,
    Verdict,
    accepted,
    default_target,
    explorer_for,
    prove,
    prove_all,
    target_of,
)
from auditwright.access.world import Principal, World
from auditwright.app.cycles import no_search_for_cycles
from auditwright.app.errors import AppError
from auditwright.core.ids import RunId

MAX_SNAPSHOT_BYTES = 200_000_000
"""An account of 20,000 principals makes 12 MB; AWS allows no more than 5,000 users and 1,000 roles without asking."""

SEMANTICS = (
    "These semantics come from documentation. Four points were never confirmed on a live account: the MFA of a role "
    "session assumed without MFA; whether MFA passes from GetSessionToken into a role session; whether a cluster's "
    "creator is matched by ARN or unique id; the bootstrap flag of clusters from before 2023. No proof of "
    "unreachability rests on one of them."
)

LEFT_OUT: Mapping[str, str] = {
    "credentials": "the credentials of users were not given: each user is supposed to have an active key, and may have a password",
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
    def starts(self) -> tuple[Start, ...]:
        """Every credential of the picture."""
        return tuple(starts(self.world))

    @property
    def target(self) -> str | None:
        """The target that the file names."""
        return named_target(self.document)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What the last run of a program collected."""

    world: World
    run: RunId
    seen_sha256: str
    """The digest of everything that the run saw and could not see."""

    @property
    def starts(self) -> tuple[Start, ...]:
        """Every credential of the picture; one that is only supposed, such as a key that nobody saw, is not certain."""
        from auditwright.access.picture import starts_seen

        return tuple(starts_seen(self.world))

    @property
    def target(self) -> None:
        """What was collected names no target."""

    @property
    def scope(self) -> tuple[str, ...]:
        """What the picture lacks."""
        return tuple(each.says for each in self.world.unseen)


Source: TypeAlias = Snapshot | Collected


def opened(snapshot: Path | None, program: Path, *, now: datetime, resources: Iterable[str] = ()) -> Source:
    """The snapshot of a file; without one, what the last run of the program collected. Raises AppError.

    `resources` are ARNs that will be asked about by name.
    """
    if snapshot is not None:
        return open_snapshot(snapshot, now=now)
    from auditwright.app.picturing import picture, seen_sha256
    from auditwright.app.running import latest_run
    from auditwright.app.workspace import open_workspace

    try:
        with open_workspace(program) as workspace:
            run = latest_run(workspace).id
            return Collected(
                world=picture(workspace, now=now, resources=resources, run=run),
                run=run,
                seen_sha256=seen_sha256(workspace, run),
            )
    except AppError as error:
        raise AppError(f"{error}\nWithout a program that has collected, name a snapshot file.") from None


def read_file(path: Path) -> bytes:
    """The bytes of a file, or of standard input for `-`; raises AppError."""
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
        value: object = json.loads(
            body.decode("utf-8-sig"), object_pairs_hook=json_object, parse_constant=_no_constant
        )
        # An escape such as backslash ud800 alone is half a character, which nothing can write again.
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise AppError(f"{path} holds half a character, such as \\ud800 alone, which is no text.") from None
    except _ConstantError as error:
        raise AppError(f"{path}: {error} is no JSON.") from None
    except UnicodeDecodeError:
        raise AppError(f"{path} is no UTF-8 text; expected JSON.") from None
    except json.JSONDecodeError as error:
        raise AppError(f"{path}:{error.lineno}:{error.colno}: this is no JSON: {error.msg}.") from None
    except (RecursionError, ValueError):
        raise AppError(
            f"{path} is no JSON that can be read: it nests too deep, or holds a number too long."
        ) from None
    return value


class _ConstantError(ValueError):
    """NaN or Infinity, which Python reads and JSON does not have."""


def _no_constant(constant: str) -> NoReturn:
    raise _ConstantError(constant)


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


def targeted(source: Source, spelled: str | None) -> Fact:
    """The target that is asked about: as spelled, as the snapshot names it, or the default; raises AppError."""
    try:
        return target_of(source.world, spelled or source.target or default_target(source.world))
    except (TargetError, SnapshotError) as error:
        raise AppError(f"{error}.") from None


def started(source: Source, spelled: str) -> Start:
    """The start of a spelling; raises AppError."""
    try:
        found = start_of(source.world, spelled)
    except StartError as error:
        raise AppError(f"{error}.") from None
    return next((each for each in source.starts if each.id == found.id), found)


@no_search_for_cycles()
def proof_of(source: Source, target: Fact) -> Proof:
    """The verdict on a whole picture, and on each credential and workload by itself."""
    return prove_all(explorer_for(source.world, [target]), source.starts, target)


@no_search_for_cycles()
def verdict_of(source: Source, start: Start, target: Fact) -> Verdict:
    """The verdict on one start."""
    return accepted(Checker(source.world), prove(explorer_for(source.world, [target]), [start], target))


# --- single requests


def principal_of(source: Source, spelled: str) -> Principal:
    """The user or role of `user:NAME` or `role:NAME`; raises AppError."""
    kind, _, name = spelled.partition(":")
    known: Mapping[str, Iterable[Principal]] = {
        "user": source.world.users.values(),
        "role": source.world.roles.values(),
    }
    for each in known.get(kind, ()):
        if name in {each.name, each.arn}:
            return each
    raise AppError(f"No principal {spelled!r} here; name one as user:NAME or role:NAME.")


def question_of(action: str, resource: str) -> Question:
    """The question of an action on a resource; raises AppError where the action is none."""
    service, colon, operation = action.partition(":")
    if not (service and colon and operation) or "*" in action or "@" in action:
        raise AppError(f"{action!r} is no action; name one as SERVICE:OPERATION, such as s3:GetObject.")
    return Question(action=action, resource=resource)


ASSUME_ROLE = "sts:assumerole"


def simulate(source: Source, who: Fact, question: Question, keys: Mapping[str, tuple[str, ...]]) -> Answer:
    """Decide one concrete request of a session; `keys` are condition keys with their values."""
    actor = actor_of(source.world, who)
    shown = {key: Present(values) for key, values in keys.items()}
    return _answer(source.world, msgspec.structs.replace(actor, shown=shown), question)


def _answer(world: World, actor: Actor, question: Question) -> Answer:
    """What the evaluator says, with the trust policy where a role is to be taken."""
    if question.action.lower() == ASSUME_ROLE and question.resource in world.roles:
        return let_in(world, actor, question.resource)
    return read(world, actor, question)


CLASSES_OF_USERS = (SessionClass.KEY, SessionClass.CONSOLE, SessionClass.TOKEN, SessionClass.MFA)
CLASSES_OF_ROLES = (SessionClass.ROLE, SessionClass.ROLE_AFTER_MFA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Able:
    """A principal that may do something itself, in a class of sessions."""

    arn: str
    class_: SessionClass
    certain: bool


def who_can(source: Source, question: Question) -> Iterator[Able]:
    """Every principal that may do something directly, by class of session, whatever credentials it has."""
    world = source.world
    sessions = [(user, class_) for user in world.users for class_ in CLASSES_OF_USERS]
    sessions += [(role, class_) for role in world.roles for class_ in CLASSES_OF_ROLES]
    for arn, class_ in sessions:
        answer = _answer(world, actor_of(world, session(arn, class_)), question)
        if answer.possible:
            yield Able(arn=arn, class_=class_, certain=answer.certain)
