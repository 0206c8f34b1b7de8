"""Import saved answers of a source, for accounts without a connection."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditwright.app.collecting import keep
from auditwright.app.errors import AppError
from auditwright.app.sealing import seal
from auditwright.app.workspace import Workspace
from auditwright.core.evidence import Evidence
from auditwright.core.ids import RunId
from auditwright.core.run import Run, RunKind, RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAnswer:
    """A file that holds what the AWS CLI printed, and what was asked."""

    service: str
    command: str
    file: Path
    parameters: Mapping[str, str]
    account: str
    region: str
    effective_at: datetime | None
    """When it was asked; None: the time of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What a saved answer became."""

    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...]
    """What was decided on the way, such as whose account it was taken for."""


def import_aws(workspace: Workspace, answer: SavedAnswer, *, now: datetime) -> TakenIn:
    """Keep a saved answer as evidence, which the next run tests; raises AppError and then keeps nothing."""
    from auditwright.integrations.aws.importing import ImportAnswerError, Saved, import_answer

    body, written_at = _read(answer.file)
    effective_at = answer.effective_at or written_at
    if effective_at > now:
        raise AppError(f"{answer.file} is dated {effective_at:%d %b %Y}, which has not come yet")
    saved = Saved(
        service=answer.service,
        command=answer.command,
        body=body,
        parameters=answer.parameters,
        account=answer.account,
        region=answer.region,
    )
    try:
        imported = import_answer(saved, at=now, effective_at=effective_at)
    except ImportAnswerError as error:
        raise AppError(f"{answer.file}: {error}") from None
    evidence = tuple(each.evidence for each in imported)
    run = RunId(f"import-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}")
    with workspace.stores.records.transaction() as write:
        write.put_run(_run(workspace, run, now, state=RunState.RUNNING))
    keep(workspace, run, evidence)
    with workspace.stores.records.transaction() as write:
        write.put_run(_run(workspace, run, now, state=RunState.FINISHED))
    seal(workspace, now)
    notes = tuple(dict.fromkeys(each.note for each in imported if each.note))
    return TakenIn(evidence=evidence, notes=notes)


def _run(workspace: Workspace, run: RunId, at: datetime, *, state: RunState) -> Run:
    return Run(
        id=run,
        kind=RunKind.IMPORT,
        started_at=at,
        finished_at=at if state is RunState.FINISHED else None,
        state=state,
        program_sha256=workspace.program.digest,
    )


def _read(file: Path) -> tuple[bytes, datetime]:
    from auditwright.integrations.aws.importing import MAX_IMPORT_BYTES

    try:
        with file.open("rb") as opened:
            described = os.fstat(opened.fileno())
            if described.st_size > MAX_IMPORT_BYTES:
                raise AppError(f"{file} has {described.st_size} bytes; at most {MAX_IMPORT_BYTES} are read")
            return opened.read(), datetime.fromtimestamp(described.st_mtime, UTC)
    except OSError as error:
        raise AppError(f"{file} cannot be read: {error.strerror}") from None
