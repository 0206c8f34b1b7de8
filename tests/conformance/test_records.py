from collections.abc import Callable
from dataclasses import replace

import pytest

from auditwright.core.evidence import digest_of
from auditwright.core.ids import Digest, RunId, TestId
from auditwright.core.log import MAX_LEAF_BYTES, LeafTooLargeError, leaf_hash
from auditwright.core.ports import Records, StoreError, Transaction
from tests.store.samples import (
    DAY,
    NOON,
    RUN,
    checkpoint,
    entry,
    evidence_record,
    fill,
    finding,
    gap_record,
    job,
    result_record,
    run,
)


def test_leaves_come_back_exactly_and_in_order(records: Records) -> None:
    with records.transaction() as transaction:
        assert [transaction.append(entry(text)) for text in ("a", "b")] == [0, 1]
    with records.transaction() as transaction:
        assert transaction.append(entry("c")) == 2
    expected = [entry(text).leaf(seq) for seq, text in enumerate("abc")]
    assert records.log_size() == 3
    assert list(records.leaves(0, 3)) == expected
    assert list(records.leaves(1, 2)) == expected[1:2]
    assert list(records.leaves(2, 2)) == []
    assert list(records.leaf_hashes(0, 3)) == [leaf_hash(leaf) for leaf in expected]


def test_a_log_of_many_leaves_is_streamed_whole(records: Records) -> None:
    fill(records, 9_001)
    assert records.log_size() == 9_001
    assert list(records.leaves(1, 9_001)) == [entry(str(n)).leaf(n) for n in range(1, 9_001)]
    assert len(records.leaf_hashes(0, 9_001)) == 9_001


def test_an_empty_log_has_no_leaves(records: Records) -> None:
    assert records.log_size() == 0
    assert list(records.leaves(0, 0)) == []
    assert list(records.leaf_hashes(0, 0)) == []
    assert records.tile(1, 0) is None
    assert list(records.checkpoints()) == []


def test_leaves_beyond_the_end_are_refused_not_left_out(records: Records) -> None:
    fill(records, 2)
    with pytest.raises(StoreError, match="has 2 leaves"):
        list(records.leaves(0, 3))
    with pytest.raises(StoreError, match="has 2 leaves"):
        records.leaf_hashes(2, 4)


def _lose_power(records: Records) -> None:
    with records.transaction() as transaction:
        transaction.append(entry("lost"))
        transaction.put_run(run("run-2"))
        raise RuntimeError("power cut")


def test_a_block_that_raises_leaves_nothing_and_takes_no_index(records: Records) -> None:
    fill(records, 1)
    with pytest.raises(RuntimeError, match="power cut"):
        _lose_power(records)
    assert records.log_size() == 1
    assert records.run(RunId("run-2")) is None
    with records.transaction() as transaction:
        assert transaction.append(entry("kept")) == 1


def test_an_entry_that_is_too_large_takes_no_index(records: Records) -> None:
    with records.transaction() as transaction:
        with pytest.raises(LeafTooLargeError):
            transaction.append(entry("x" * MAX_LEAF_BYTES))
        assert transaction.append(entry("small")) == 0
    assert list(records.leaves(0, 1)) == [entry("small").leaf(0)]


def test_a_run_is_replaced_by_its_id(records: Records) -> None:
    with records.transaction() as transaction:
        transaction.put_run(run("later", at=NOON + DAY))
        transaction.put_run(run("b"))
        transaction.put_run(run("a"))
    finished = run("later", at=NOON + DAY, finished=True)
    with records.transaction() as transaction:
        transaction.put_run(finished)
    assert list(records.runs()) == [run("a"), run("b"), finished]
    assert records.run(RunId("later")) == finished
    assert records.run(RunId("never")) is None


def test_a_run_with_records_can_be_replaced(records: Records) -> None:
    fill(records, 1)
    with records.transaction() as transaction:
        transaction.finish_job(job())
        transaction.put_run(run(finished=True))
    assert records.run(RUN) == run(finished=True)
    assert list(records.jobs(RUN)) == [job()]


def test_a_job_is_finished_once(records: Records) -> None:
    fill(records, 0)
    with records.transaction() as transaction:
        transaction.put_run(run("run-2"))
        assert transaction.finish_job(job("job-2"))
        assert transaction.finish_job(job("Job-3"))
        assert transaction.finish_job(job("job-2", run_id="run-2"))
        assert not transaction.finish_job(job("job-2", complete=False))
    with records.transaction() as transaction:
        assert not transaction.finish_job(job("job-2", complete=False))
    assert list(records.jobs(RUN)) == [job("Job-3"), job("job-2")]
    assert list(records.jobs(RunId("run-2"))) == [job("job-2", run_id="run-2")]
    assert list(records.jobs(RunId("never"))) == []


def test_evidence_comes_back_in_the_order_of_the_log(records: Records) -> None:
    fill(records, 4)
    kept = [evidence_record(2, body=b"b"), evidence_record(0, body=b"a"), evidence_record(3, body=b"a")]
    with records.transaction() as transaction:
        transaction.add_evidence(kept)
    assert list(records.evidence(RUN)) == [kept[1], kept[0], kept[2]]
    assert list(records.evidence_by_digest(digest_of(b"a"))) == [kept[1], kept[2]]
    assert list(records.evidence_by_digest(digest_of(b"never"))) == []


def test_gaps_come_back_in_the_order_of_the_log(records: Records) -> None:
    fill(records, 2)
    kept = [gap_record(1), gap_record(0, detail="a\nlong 'story' § 日本")]
    with records.transaction() as transaction:
        transaction.add_gaps(kept)
    assert list(records.gaps(RUN)) == [kept[1], kept[0]]
    assert list(records.gaps(RunId("never"))) == []


def test_results_come_back_by_test_and_by_time(records: Records) -> None:
    fill(records, 4)
    with records.transaction() as transaction:
        transaction.put_run(run("run-2"))
        transaction.add_results(
            [result_record(0, test="b"), result_record(1, test="B"), result_record(2, test="a")]
        )
        transaction.add_results([result_record(3, test="a", run_id="run-2", at=NOON - DAY)])
    assert [result.test for result in records.results(RUN)] == ["B", "a", "b"]
    found = records.results_of(TestId("a"), NOON - DAY, NOON + DAY)
    assert list(found) == [
        result_record(3, test="a", run_id="run-2", at=NOON - DAY),
        result_record(2, test="a"),
    ]
    assert [result.seq for result in records.results_of(TestId("a"), NOON - DAY, NOON)] == [3]
    assert list(records.results_of(TestId("a"), NOON + DAY, NOON - DAY)) == []


def test_a_second_result_of_a_run_and_test_is_refused(records: Records) -> None:
    fill(records, 2)
    with records.transaction() as transaction:
        transaction.add_results([result_record(0)])
    with pytest.raises(StoreError), records.transaction() as transaction:
        transaction.add_results([replace(result_record(1), satisfied=99)])
    assert list(records.results(RUN)) == [result_record(0)]


def _go_on_after_a_failure(records: Records) -> None:
    with records.transaction() as transaction:
        transaction.append(entry("lost"))
        transaction.add_results([result_record(0)])
        with pytest.raises(StoreError):
            transaction.add_results([result_record(1)])
        with pytest.raises(StoreError, match="none of it is kept"):
            transaction.append(entry("lost too"))


def test_a_write_that_failed_takes_the_whole_transaction_with_it(records: Records) -> None:
    """Also where the caller went on as if nothing had been."""
    fill(records, 2)
    with pytest.raises(StoreError, match="none of it is kept"):
        _go_on_after_a_failure(records)
    assert records.log_size() == 2
    assert list(records.results(RUN)) == []


WRITES: list[Callable[[Transaction, int, str], object]] = [
    lambda transaction, seq, run_id: transaction.add_evidence([evidence_record(seq, run_id=run_id)]),
    lambda transaction, seq, run_id: transaction.add_gaps([gap_record(seq, run_id=run_id)]),
    lambda transaction, seq, run_id: transaction.add_results([result_record(seq, run_id=run_id)]),
]


@pytest.mark.parametrize("write", WRITES)
def test_a_record_without_its_leaf_or_its_run_is_not_accepted(
    records: Records, write: Callable[[Transaction, int, str], object]
) -> None:
    fill(records, 2)
    for seq, run_id in ((2, RUN), (0, "never")):
        with pytest.raises(StoreError), records.transaction() as transaction:
            write(transaction, seq, run_id)
    with records.transaction() as transaction:
        write(transaction, 0, RUN)
    with pytest.raises(StoreError), records.transaction() as transaction:
        write(transaction, 0, RUN)
    assert len([*records.evidence(RUN), *records.gaps(RUN), *records.results(RUN)]) == 1


def test_a_leaf_appended_in_the_same_transaction_vouches_for_a_record(records: Records) -> None:
    with records.transaction() as transaction:
        transaction.put_run(run())
        kept = evidence_record(transaction.append(entry()))
        transaction.add_evidence([kept])
    assert list(records.evidence(RUN)) == [kept]


def test_a_job_of_a_run_that_is_not_there_is_not_accepted(records: Records) -> None:
    with pytest.raises(StoreError), records.transaction() as transaction:
        transaction.finish_job(job())


def test_findings_are_replaced_by_test_and_item(records: Records) -> None:
    first, second, other = finding("b"), finding("a"), finding("a", test="Other", at=NOON - DAY)
    with records.transaction() as transaction:
        transaction.put_findings([first, second, other])
    closed = replace(first, closed_at=NOON + DAY, reopened=1, what="b has no second factor, again")
    with records.transaction() as transaction:
        transaction.put_findings([replace(first, reopened=7), closed])
        transaction.put_findings([])
    assert list(records.findings()) == [other, second]
    assert list(records.findings(include_closed=True)) == [other, second, closed]


def test_a_tile_stays_as_it_was_first_kept(records: Records) -> None:
    tile = [bytes([number]) * 32 for number in range(256)]
    with records.transaction() as transaction:
        transaction.put_tiles([(1, 0, tile), (1, 1, tile[::-1])])
    with records.transaction() as transaction:
        transaction.put_tiles(iter([(1, 0, tile)]))
    assert list(records.tile(1, 0) or ()) == tile
    assert list(records.tile(1, 1) or ()) == tile[::-1]
    assert records.tile(2, 0) is None


def test_an_incomplete_tile_is_a_mistake(records: Records) -> None:
    with pytest.raises(AssertionError), records.transaction() as transaction:
        transaction.put_tiles([(1, 0, [b"x" * 32])])


def test_checkpoints_come_back_the_smallest_first(records: Records) -> None:
    kept = [checkpoint(9), checkpoint(0, b"a"), checkpoint(9, b"signed again")]
    with records.transaction() as transaction:
        for each in kept:
            transaction.add_checkpoint(each)
    assert list(records.checkpoints()) == [kept[1], kept[0], kept[2]]


@pytest.mark.parametrize("text", ["", "'; DROP TABLE runs; --", "%s ? :x", "\\", "🙂 e\u0301", "\t\r\n"])
def test_hostile_text_is_only_text(records: Records, text: str) -> None:
    kept = replace(finding(text, test=text), name=text, what=text)
    with records.transaction() as transaction:
        transaction.append(entry(text))
        transaction.put_findings([kept])
    assert list(records.findings()) == [kept]
    assert list(records.leaves(0, 1)) == [entry(text).leaf(0)]


def test_text_that_cannot_be_stored_is_refused_and_nothing_is_kept(records: Records) -> None:
    """A lone surrogate is no text in UTF-8."""
    with pytest.raises((StoreError, ValueError)), records.transaction() as transaction:
        transaction.append(entry("\ud800"))
    assert records.log_size() == 0


def test_a_digest_keeps_its_form(records: Records) -> None:
    kept = replace(run(), program_sha256=Digest("00" * 31 + "ff"))
    with records.transaction() as transaction:
        transaction.put_run(kept)
    assert records.run(RUN) == kept
