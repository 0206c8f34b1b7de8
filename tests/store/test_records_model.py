"""Records in SQLite behave as those in memory, whatever is written, refused or rolled back."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from auditwright.core.evidence import digest_of
from auditwright.core.ids import RunId, TestId
from auditwright.core.ports import Records, StoreError, Transaction
from auditwright.store.memory import MemoryRecords
from auditwright.store.records import create_records, open_records
from tests.store.samples import (
    NOON,
    checkpoint,
    entry,
    evidence_record,
    finding,
    gap_record,
    job,
    result_record,
    run,
)
from tests.store.strategies import TEXT

RUNS = ["run-1", "run-2", "Run-3"]
TESTS = ["a", "B", "é"]
SEQS = st.integers(0, 12)
HOURS = st.integers(0, 3).map(lambda hours: NOON + timedelta(hours=hours))
Write = Callable[[Transaction], object]
"""One write of a transaction; what it returns is compared too."""

WRITES: st.SearchStrategy[Write] = st.one_of(
    TEXT.map(lambda text: lambda transaction: transaction.append(entry(text))),
    st.builds(
        lambda name, at, done: lambda transaction: transaction.put_run(run(name, at=at, finished=done)),
        st.sampled_from(RUNS),
        HOURS,
        st.booleans(),
    ),
    st.builds(
        lambda name, each, whole: (
            lambda transaction: transaction.finish_job(job(each, run_id=name, complete=whole))
        ),
        st.sampled_from(RUNS),
        st.sampled_from(["j", "J"]),
        st.booleans(),
    ),
    st.builds(
        lambda name, seqs, body: (
            lambda transaction: transaction.add_evidence(
                [evidence_record(seq, run_id=name, body=body) for seq in seqs]
            )
        ),
        st.sampled_from(RUNS),
        st.lists(SEQS, max_size=3),
        st.sampled_from([b"a", b"b"]),
    ),
    st.builds(
        lambda name, seq, text: (
            lambda transaction: transaction.add_gaps([gap_record(seq, run_id=name, detail=text)])
        ),
        st.sampled_from(RUNS),
        SEQS,
        TEXT,
    ),
    st.builds(
        lambda name, seq, test, at: (
            lambda transaction: transaction.add_results([result_record(seq, test=test, run_id=name, at=at)])
        ),
        st.sampled_from(RUNS),
        SEQS,
        st.sampled_from(TESTS),
        HOURS,
    ),
    st.builds(
        lambda item, test, at, closed, text: (
            lambda transaction: transaction.put_findings(
                [replace(finding(item, test=test, at=at, closed_at=closed), what=text)]
            )
        ),
        st.sampled_from(TESTS),
        st.sampled_from(TESTS),
        HOURS,
        st.one_of(st.none(), HOURS),
        TEXT,
    ),
    st.builds(
        lambda index, byte: (
            lambda transaction: transaction.put_tiles([(1, index, [bytes([byte]) * 32] * 256)])
        ),
        st.integers(0, 2),
        st.integers(0, 255),
    ),
    SEQS.map(lambda size: lambda transaction: transaction.add_checkpoint(checkpoint(size))),
)


def attempt(records: Records, writes: list[Write], *, give_up: bool) -> list[object]:
    """Write in one transaction; gives what the writes returned, or that it was refused."""
    returned: list[object] = []
    try:
        with records.transaction() as transaction:
            returned.extend(write(transaction) for write in writes)
            if give_up:
                _lose_power()
    except StoreError:
        return ["refused"]
    except InterruptedError:
        return ["given up"]
    return returned


def _lose_power() -> None:
    raise InterruptedError


def everything(records: Records) -> list[object]:
    """All that can be read."""
    size = records.log_size()
    return [
        list(records.leaves(0, size)),
        list(records.leaf_hashes(size // 2, size)),
        list(records.runs()),
        list(records.findings()),
        list(records.findings(include_closed=True)),
        list(records.checkpoints()),
        [list(records.tile(1, index) or ()) for index in range(3)],
        [list(records.evidence_by_digest(digest_of(body))) for body in (b"a", b"b")],
        [
            [*records.jobs(each), *records.evidence(each), *records.gaps(each), *records.results(each)]
            for each in map(RunId, RUNS)
        ],
        [list(records.results_of(TestId(test), NOON, NOON + timedelta(hours=2))) for test in TESTS],
    ]


_BEGINNING: list[Write] = [
    *(lambda transaction, name=name: transaction.put_run(run(name)) for name in RUNS[:2]),
    *(lambda transaction, text=text: transaction.append(entry(text)) for text in "abcdefg"),
]
"""Two runs and seven leaves, so that most writes find what they stand on."""


class RecordsModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.address = f"sqlite:///{self.folder.name}/records.db"
        self.reference = MemoryRecords()
        self.durable: Records = create_records(self.address)
        for records in (self.reference, self.durable):
            attempt(records, _BEGINNING, give_up=False)

    @rule(writes=st.lists(WRITES, max_size=5), give_up=st.sampled_from([False, False, False, True]))
    def write(self, writes: list[Write], *, give_up: bool) -> None:
        expected = attempt(self.reference, writes, give_up=give_up)
        assert attempt(self.durable, writes, give_up=give_up) == expected

    @rule()
    def reopen(self) -> None:
        self.durable.close()
        self.durable = open_records(self.address)

    @invariant()
    def everything_reads_the_same(self) -> None:
        assert everything(self.durable) == everything(self.reference)

    def teardown(self) -> None:
        self.durable.close()
        self.folder.cleanup()


RecordsModelTest = RecordsModel.TestCase
RecordsModelTest.settings = settings(
    max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
