"""Records as rows and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from sqlalchemy import RowMapping

from auditwright.core.canonical import canonical_json
from auditwright.core.evidence import Gap, GapReason, Query, Scope
from auditwright.core.ids import Digest, IntegrationId, JobId, ResourceId, RunId, StreamId, TestId
from auditwright.core.outcome import Conclusion
from auditwright.core.run import (
    Checkpoint,
    EvidenceRecord,
    Finding,
    GapRecord,
    JobRecord,
    ResultRecord,
    Run,
    RunKind,
    RunState,
)

Row = Mapping[str, object]


def of_run(run: Run) -> Row:
    """A run as a row."""
    return {**asdict(run), "kind": run.kind.value, "state": run.state.value}


def run(row: RowMapping) -> Run:
    """A row as a run."""
    return Run(
        id=RunId(row["id"]),
        kind=RunKind(row["kind"]),
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        state=RunState(row["state"]),
        program_sha256=Digest(row["program_sha256"]),
        planned=row["planned"],
    )


def _of_scope(scope: Scope) -> Row:
    return {"source": scope.source, "account": scope.account, "region": scope.region}


def _scope(row: RowMapping) -> Scope:
    return Scope(source=IntegrationId(row["source"]), account=row["account"], region=row["region"])


def of_job(job: JobRecord) -> Row:
    """A finished job as a row."""
    return {
        "run": job.run,
        "job": job.job,
        "stream": job.stream,
        **_of_scope(job.scope),
        "finished_at": job.finished_at,
        "complete": job.complete,
    }


def job(row: RowMapping) -> JobRecord:
    """A row as a finished job."""
    return JobRecord(
        run=RunId(row["run"]),
        job=JobId(row["job"]),
        stream=StreamId(row["stream"]),
        scope=_scope(row),
        finished_at=row["finished_at"],
        complete=row["complete"],
    )


def of_evidence(record: EvidenceRecord) -> Row:
    """An evidence record as a row."""
    return {
        "seq": record.seq,
        "run": record.run,
        "job": record.job,
        "stream": record.stream,
        **_of_scope(record.scope),
        "operation": record.query.operation,
        "parameters": canonical_json(record.query.parameters).decode(),
        "command": record.query.command,
        "principal": record.principal,
        "collected_at": record.collected_at,
        "effective_at": record.effective_at,
        "collector": record.collector,
        "digest": record.digest,
        "size_bytes": record.size_bytes,
    }


def evidence(row: RowMapping) -> EvidenceRecord:
    """A row as an evidence record."""
    parameters = tuple((str(name), str(value)) for name, value in json.loads(row["parameters"]))
    return EvidenceRecord(
        run=RunId(row["run"]),
        job=JobId(row["job"]),
        stream=StreamId(row["stream"]),
        scope=_scope(row),
        query=Query(operation=row["operation"], parameters=parameters, command=row["command"]),
        principal=row["principal"],
        collected_at=row["collected_at"],
        effective_at=row["effective_at"],
        collector=row["collector"],
        digest=Digest(row["digest"]),
        size_bytes=row["size_bytes"],
        seq=row["seq"],
    )


def of_gap(record: GapRecord) -> Row:
    """A gap record as a row."""
    gap = record.gap
    return {
        "seq": record.seq,
        "run": record.run,
        "job": record.job,
        "stream": gap.stream,
        **_of_scope(gap.scope),
        "operation": gap.operation,
        "reason": gap.reason.value,
        "detail": gap.detail,
        "remedy": gap.remedy,
        "hides_items": gap.hides_items,
        "at": gap.at,
        "subject": gap.subject,
    }


def gap(row: RowMapping) -> GapRecord:
    """A row as a gap record."""
    held = Gap(
        stream=StreamId(row["stream"]),
        scope=_scope(row),
        operation=row["operation"],
        reason=GapReason(row["reason"]),
        detail=row["detail"],
        remedy=row["remedy"],
        hides_items=row["hides_items"],
        at=row["at"],
        subject=row["subject"],
    )
    return GapRecord(run=RunId(row["run"]), job=JobId(row["job"]), gap=held, seq=row["seq"])


def of_result(record: ResultRecord) -> Row:
    """A result record as a row."""
    return {**asdict(record), "conclusion": record.conclusion.value}


def result(row: RowMapping) -> ResultRecord:
    """A row as a result record."""
    return ResultRecord(
        run=RunId(row["run"]),
        test=TestId(row["test"]),
        concluded_at=row["concluded_at"],
        conclusion=Conclusion(row["conclusion"]),
        satisfied=row["satisfied"],
        deviations=row["deviations"],
        not_applicable=row["not_applicable"],
        undetermined=row["undetermined"],
        gaps=row["gaps"],
        waived=row["waived"],
        document=Digest(row["document"]),
        seq=row["seq"],
    )


def of_finding(finding: Finding) -> Row:
    """A finding as a row."""
    return asdict(finding)


def finding(row: RowMapping) -> Finding:
    """A row as a finding."""
    return Finding(
        test=TestId(row["test"]),
        item=ResourceId(row["item"]),
        name=row["name"],
        account=row["account"],
        region=row["region"],
        what=row["what"],
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
        closed_at=row["closed_at"],
        reopened=row["reopened"],
    )


def of_checkpoint(checkpoint: Checkpoint) -> Row:
    """A checkpoint as a row."""
    return asdict(checkpoint)


def checkpoint(row: RowMapping) -> Checkpoint:
    """A row as a checkpoint."""
    return Checkpoint(
        size=row["size"],
        root=bytes(row["root"]),
        note=bytes(row["note"]),
        signed_at=row["signed_at"],
        timestamp=bytes(row["timestamp"]),
    )
