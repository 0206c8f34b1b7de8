"""What was kept about vulnerabilities: the register, the feeds and the published reports, each as evidence."""

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditwright.app.collecting import COLLECTOR, keep
from auditwright.app.erased import gone, sentence
from auditwright.app.errors import AppError
from auditwright.app.sealing import seal
from auditwright.app.workspace import Workspace
from auditwright.core.evidence import Evidence, Query, Scope, digest_of
from auditwright.core.ids import Digest, RunId, StreamId
from auditwright.core.ports import StoreError
from auditwright.core.run import EvidenceRecord, Run, RunKind, RunState
from auditwright.integrations.vulnerabilities import FEEDS, PUBLISHED, REGISTER, VULNERABILITIES
from auditwright.vulns import register as registers
from auditwright.vulns.feeds import NO_FEEDS, FeedError, FeedId, Feeds, read_feeds
from auditwright.vulns.register import Register

LOCK_FILE = "vulnerabilities.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something to be kept: which stream, about what, and the bytes."""

    stream: StreamId
    account: str
    body: bytes
    parameters: tuple[tuple[str, str], ...] = ()
    effective_at: datetime
    command: str = ""


@contextmanager
def alone(workspace: Workspace) -> Iterator[None]:
    """One process at a time makes the next register of the one before; another waits."""
    descriptor = os.open(workspace.state / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def keep_all(workspace: Workspace, items: Iterable[Kept], *, now: datetime) -> None:
    """Keep everything as the evidence of one import, and seal the log."""
    run = RunId(f"import-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}")
    with workspace.stores.records.transaction() as write:
        write.put_run(_run(workspace, run, now, state=RunState.RUNNING))
    keep(workspace, run, tuple(_evidence(item, now) for item in items))
    with workspace.stores.records.transaction() as write:
        write.put_run(_run(workspace, run, now, state=RunState.FINISHED))
    seal(workspace, now)


def _evidence(item: Kept, now: datetime) -> Evidence:
    return Evidence(
        stream=item.stream,
        scope=Scope(source=VULNERABILITIES, account=item.account),
        query=Query(
            operation=str(item.stream).replace(".", ":"), parameters=item.parameters, command=item.command
        ),
        principal="",
        collected_at=now,
        effective_at=item.effective_at,
        collector=COLLECTOR,
        body=item.body,
        digest=digest_of(item.body),
    )


def _run(workspace: Workspace, run: RunId, at: datetime, *, state: RunState) -> Run:
    return Run(
        id=run,
        kind=RunKind.IMPORT,
        started_at=at,
        finished_at=at if state is RunState.FINISHED else None,
        state=state,
        program_sha256=workspace.program.digest,
    )


def records_of(workspace: Workspace, stream: StreamId) -> Iterator[EvidenceRecord]:
    """Every record of a stream that was imported, the newest first."""
    records = workspace.stores.records
    for run in reversed(records.runs()):
        if run.kind is RunKind.IMPORT:
            yield from (record for record in reversed(records.evidence(run.id)) if record.stream == stream)


def register_of(workspace: Workspace) -> Register:
    """The newest register; an empty one where none was kept. Raises AppError where it cannot be read."""
    newest = next(records_of(workspace, REGISTER), None)
    return Register() if newest is None else registers.read(body_of(workspace, newest.digest))


def feeds_of(workspace: Workspace) -> Feeds:
    """The newest of each feed. Raises AppError."""
    bodies: dict[FeedId, tuple[bytes, str]] = {}
    for record in records_of(workspace, FEEDS):
        feed = FeedId(record.scope.account)
        if feed not in bodies:
            bodies[feed] = (body_of(workspace, record.digest), record.digest)
    return feeds_from(bodies)


def feeds_from(bodies: Mapping[FeedId, tuple[bytes, str]]) -> Feeds:
    """Feeds from their bytes; raises AppError."""
    try:
        return read_feeds(bodies) if bodies else NO_FEEDS
    except FeedError as error:
        raise AppError(str(error)) from None


def published_of(workspace: Workspace, release: str) -> bytes:
    """The newest published report of a release, in its JSON form. Raises AppError where there is none."""
    for record in records_of(workspace, PUBLISHED):
        if record.scope.account == release and not record.query.parameters:
            return body_of(workspace, record.digest)
    known = ", ".join(dict.fromkeys(entry.release for entry in register_of(workspace).releases)) or "none"
    raise AppError(f"no report of a release {release!r} was published here; there are: {known}")


def body_of(workspace: Workspace, digest: Digest) -> bytes:
    """Kept bytes; raises AppError, also where they were erased."""
    stone = gone(workspace.stores.records, digest)
    if stone is not None:
        raise AppError(f"the evidence {digest} was {sentence(stone)}; take in a new one")
    try:
        return workspace.stores.evidence.get(digest)
    except StoreError as error:
        raise AppError(str(error)) from None


def feed_notes(feeds: Feeds, now: datetime, *, days: int) -> tuple[str, ...]:
    """Which feeds are missing or stale, and what is unknown for that."""
    missing = [f"{feed} is missing: {_UNKNOWN_WITHOUT[feed]}" for feed in feeds.missing()]
    stale = [
        text
        for file in feeds.files.values()
        if file.as_of and (text := file.stale(now, timedelta(days=days)))
    ]
    return (*missing, *stale)


_UNKNOWN_WITHOUT = {
    FeedId.KEV: "what is known to be exploited is as the scanners say",
    FeedId.EPSS: "how likely an exploit is, is as the scanners say",
    FeedId.SSVC: "whether an attack can be automated is taken from CVSS vectors",
    FeedId.ALIASES: "ids are the same only where a scanner says so",
}
