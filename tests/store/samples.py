"""Records for tests, each whole, each different where it matters."""

from datetime import UTC, datetime, timedelta

from auditwright.core.evidence import Gap, GapReason, Query, Scope, digest_of
from auditwright.core.ids import IntegrationId, JobId, ResourceId, RunId, StreamId, TestId
from auditwright.core.log import LogEntry
from auditwright.core.outcome import Conclusion
from auditwright.core.ports import Records
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

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
RUN = RunId("run-1")
SCOPE = Scope(source=IntegrationId("aws"), account="111122223333", region="eu-central-1")
STREAM = StreamId("aws.iam")


def entry(text: str = "x", at: datetime = NOON) -> LogEntry:
    return LogEntry(kind="test", at=at, fields={"text": text})


def run(run_id: str = RUN, *, at: datetime = NOON, finished: bool = False) -> Run:
    return Run(
        id=RunId(run_id),
        kind=RunKind.COLLECTION,
        started_at=at,
        finished_at=at + timedelta(minutes=3) if finished else None,
        state=RunState.FINISHED if finished else RunState.RUNNING,
        program_sha256=digest_of(b"program"),
    )


def job(job_id: str = "job-1", *, run_id: str = RUN, complete: bool = True) -> JobRecord:
    return JobRecord(
        run=RunId(run_id), job=JobId(job_id), stream=STREAM, scope=SCOPE, finished_at=NOON, complete=complete
    )


def evidence_record(seq: int, *, run_id: str = RUN, body: bytes = b"{}") -> EvidenceRecord:
    return EvidenceRecord(
        run=RunId(run_id),
        job=JobId("job-1"),
        stream=STREAM,
        scope=SCOPE,
        query=Query(
            operation="iam:ListUsers", parameters=(("PathPrefix", "/é"), ("b", "'\"")), command="aws iam"
        ),
        principal="arn:aws:iam::111122223333:user/auditwright",
        collected_at=NOON,
        effective_at=NOON - DAY,
        collector="auditwright/0.1.0",
        digest=digest_of(body),
        size_bytes=len(body),
        seq=seq,
    )


def gap_record(seq: int, *, run_id: str = RUN, detail: str = "AccessDenied: no") -> GapRecord:
    gap = Gap(
        stream=STREAM,
        scope=SCOPE,
        operation="iam:ListUsers",
        reason=GapReason.SWITCHED_OFF,
        detail=detail,
        remedy="Grant iam:ListUsers",
        hides_items=True,
        at=NOON,
        subject="ada",
    )
    return GapRecord(run=RunId(run_id), job=JobId("job-1"), gap=gap, seq=seq)


def result_record(
    seq: int, *, test: str = "identity.mfa", run_id: str = RUN, at: datetime = NOON
) -> ResultRecord:
    return ResultRecord(
        run=RunId(run_id),
        test=TestId(test),
        concluded_at=at,
        conclusion=Conclusion.DID_NOT_OCCUR,
        satisfied=1,
        deviations=2,
        not_applicable=3,
        undetermined=4,
        gaps=5,
        waived=0,
        document=digest_of(test.encode()),
        seq=seq,
    )


def finding(
    item: str = "arn:ada",
    *,
    test: str = "identity.mfa",
    at: datetime = NOON,
    closed_at: datetime | None = None,
) -> Finding:
    return Finding(
        test=TestId(test),
        item=ResourceId(item),
        name="ada",
        account="111122223333",
        region="",
        what="ada has no second factor",
        first_seen_at=at,
        last_seen_at=at,
        closed_at=closed_at,
        reopened=0,
    )


def checkpoint(size: int, note: bytes = b"note\n\n\xe2\x80\x94 log sig\n") -> Checkpoint:
    return Checkpoint(size=size, root=b"\x01" * 32, note=note, signed_at=NOON, timestamp=b"\x30\x00")


def fill(records: Records, leaves: int) -> None:
    """Put one run, and leaves for its records to stand on."""
    with records.transaction() as transaction:
        transaction.put_run(run())
        for number in range(leaves):
            transaction.append(entry(str(number)))
