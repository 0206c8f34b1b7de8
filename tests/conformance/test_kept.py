"""Records that are kept by key and listed by questions: every store answers as the one in memory does."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditwright.app.erased import gone, tombstone_of
from auditwright.core.account import Account, Role
from auditwright.core.act import Act, Assignment, Decision, Erased, Erasure, OwedFinding, WaiverRequest
from auditwright.core.evidence import digest_of
from auditwright.core.ids import AccountId, EngagementId, ResourceId, TestId, WaiverId
from auditwright.core.ports import Records, StoreError
from auditwright.core.question import AnyOf, Before, Condition, Either, Holds, Is, Question, Since
from auditwright.core.run import EvidenceRecord, Finding
from auditwright.store.memory import MemoryRecords
from tests.store.samples import NOON, entry, evidence_record, finding, run


def account(name: str, *, role: Role = Role.ENGINEER, ended_at: datetime | None = None) -> Account:
    return Account(
        id=AccountId(name),
        email=f"{name}@example.com",
        name=name.title(),
        role=role,
        engagement=EngagementId(""),
        made_at=NOON,
        ended_at=ended_at,
        password="",
        seed=b"\x00\xff",
        step=0,
    )


def keep(records: Records, *kept: object) -> None:
    with records.transaction() as write:
        write.keep(kept)


def test_a_record_is_replaced_by_its_key_and_comes_back_as_it_was(records: Records) -> None:
    keep(records, account("ada"), account("bob", role=Role.AUDITOR, ended_at=NOON))
    keep(records, account("ada", role=Role.OWNER))
    assert list(records.kept(Account)) == [
        account("ada", role=Role.OWNER),
        account("bob", role=Role.AUDITOR, ended_at=NOON),
    ]
    assert list(records.kept(Account, Is("ended_at", None), Is("role", Role.OWNER.value))) == [
        account("ada", role=Role.OWNER)
    ]


def test_lists_and_words_of_a_record_come_back(records: Records) -> None:
    asked = WaiverRequest(
        id=WaiverId("w-1"),
        test=TestId("identity.mfa"),
        items=('arn:"quoted"', "arn:ü*"),
        reason="because",
        requested_by=AccountId("ada"),
        requested_name="Ada",
        requested_at=NOON,
        ends_at=NOON + timedelta(days=3),
        decision=Decision.OPEN,
        decided_by=AccountId(""),
        decided_name="",
        decided_at=None,
        note="",
        ended_at=None,
        ended_name="",
    )
    keep(records, asked)
    assert list(records.kept(WaiverRequest)) == [asked]


def _lose_power(records: Records) -> None:
    with records.transaction() as write:
        write.keep([account("ada")])
        assert list(write.kept(Account)) == [account("ada")]
        raise RuntimeError("power cut")


def test_what_a_transaction_kept_it_reads_and_what_failed_is_not_kept(records: Records) -> None:
    with pytest.raises(RuntimeError, match="power cut"):
        _lose_power(records)
    assert list(records.kept(Account)) == []


def test_dropped_records_are_gone_and_others_stay(records: Records) -> None:
    keep(records, account("ada"), account("bob"))
    with records.transaction() as write:
        write.drop(Account, [Is("id", "ada")])
    assert list(records.kept(Account)) == [account("bob")]


def test_an_act_needs_its_leaf(records: Records) -> None:
    act = Act(seq=0, at=NOON, actor="ada", actor_name="Ada", verb="a.b", subject="s", detail="d", salt="s")
    with pytest.raises(StoreError), records.transaction() as write:
        write.keep([act])
    assert list(records.kept(Act)) == []
    with records.transaction() as write:
        write.append(entry("a"))
        write.keep([act])
    assert list(records.kept(Act)) == [act]


def test_a_finding_is_listed_with_who_owes_it(records: Records) -> None:
    with records.transaction() as write:
        write.put_findings([finding("arn:ada"), finding("arn:bob")])
        write.keep(
            [
                Assignment(
                    test=finding().test,
                    item=ResourceId("arn:bob"),
                    owner="Lena",
                    due_at=NOON,
                    made_by="ada",
                    made_at=NOON,
                )
            ]
        )
    owed = records.answer(OwedFinding, Question(order=("-due_at",)))
    assert [(row.item, row.owner, row.due_at) for row in owed.rows] == [
        ("arn:bob", "Lena", NOON),
        ("arn:ada", "", None),
    ]
    by_owner = records.answer(OwedFinding, Question(order=("owner",)))
    assert [row.owner for row in by_owner.rows] == ["", "Lena"]
    assert records.tally(OwedFinding, ["owner"]) == {("",): 1, ("Lena",): 1}


def test_evidence_is_found_by_the_beginning_of_its_digest(records: Records) -> None:
    with records.transaction() as write:
        write.put_run(run())
        held = [evidence_record(write.append(entry(str(each))), body=bytes([each])) for each in range(40)]
        write.add_evidence(held)
    for prefix in {each.digest[:1] for each in held}:
        last = "f" * 64 if prefix == "f" else f"{int(prefix, 16) + 1:x}".ljust(64, "0")
        where = (Since("digest", prefix.ljust(64, "0")), Before("digest", last))
        found = records.answer(EvidenceRecord, Question(where=where, order=("seq",)))
        assert list(found.rows) == [each for each in held if each.digest.startswith(prefix)]


NAMES = st.sampled_from(["ada", "Ada", "a%a", "a_a", "b\\b", "ÄDA", "äda", ""])
TIMES = st.sampled_from([None, NOON, NOON + timedelta(microseconds=1), NOON + timedelta(days=1)])


@st.composite
def findings(draw: st.DrawFn) -> list[Finding]:
    held = {}
    for _ in range(draw(st.integers(0, 8))):
        item = ResourceId(draw(st.sampled_from("abcdefgh")))
        held[item] = Finding(
            test=TestId(draw(st.sampled_from(["t.one", "t.two"]))),
            item=item,
            name=draw(NAMES),
            account=draw(st.sampled_from(["", "1", "2"])),
            region="",
            what=draw(NAMES),
            first_seen_at=draw(TIMES.filter(bool)) or NOON,
            last_seen_at=NOON,
            closed_at=draw(TIMES),
            reopened=draw(st.integers(0, 2)),
        )
    return list(held.values())


SIMPLE: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Is, st.just("closed_at"), TIMES),
    st.builds(Is, st.just("reopened"), st.integers(0, 2)),
    st.builds(AnyOf, st.just("account"), st.lists(st.sampled_from(["", "1", "3"])).map(tuple)),
    st.builds(Holds, st.just(("name", "what")), NAMES),
    st.builds(Since, st.just("closed_at"), TIMES.filter(bool)),
    st.builds(Before, st.just("first_seen_at"), TIMES.filter(bool)),
)
CONDITIONS = st.one_of(SIMPLE, st.builds(Either, st.lists(SIMPLE, max_size=2).map(tuple)))
QUESTIONS = st.builds(
    Question,
    where=st.lists(CONDITIONS, max_size=3).map(tuple),
    order=st.lists(
        st.sampled_from(["closed_at", "-closed_at", "name", "-first_seen_at", "-item"]),
        max_size=2,
        unique_by=lambda name: name.removeprefix("-"),
    ).map(tuple),
    offset=st.integers(0, 3),
    limit=st.integers(0, 5),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=findings(), question=QUESTIONS)
def test_every_store_answers_a_question_as_the_reference_does(
    records: Records, held: list[Finding], question: Question
) -> None:
    reference = MemoryRecords()
    before = {(old.test, old.item) for old in records.findings(include_closed=True)}
    # Databases are not made anew for each example: what an earlier one left is told to the reference too.
    with records.transaction() as write:
        write.put_findings(held)
    with reference.transaction() as write:
        write.put_findings(records.findings(include_closed=True))
    assert before <= {(each.test, each.item) for each in records.findings(include_closed=True)}
    assert list(records.answer(Finding, question).rows) == list(reference.answer(Finding, question).rows)
    assert records.answer(Finding, question).total == reference.answer(Finding, question).total
    assert records.tally(Finding, ["test", "reopened"], *question.where) == reference.tally(
        Finding, ["test", "reopened"], *question.where
    )
    assert records.greatest(Finding, "last_seen_at", *question.where) == reference.greatest(
        Finding, "last_seen_at", *question.where
    )
    assert records.least(Finding, ["test"], "first_seen_at", *question.where) == reference.least(
        Finding, ["test"], "first_seen_at", *question.where
    )


def erasure(seq: int, *, finished_at: datetime | None = None) -> Erasure:
    return Erasure(
        seq=seq,
        digest=digest_of(b"{}"),
        what=Erased.EVIDENCE,
        at=NOON,
        actor="terminal",
        actor_name="somebody",
        reason="a request é",
        replaced_by="",
        finished_at=finished_at,
    )


def test_a_tombstone_speaks_for_what_was_kept_before_it_alone(records: Records) -> None:
    with records.transaction() as write:
        write.put_run(run())
        write.add_evidence([evidence_record(write.append(entry("collected")))])
        write.keep([erasure(write.append(entry("erased")))])
    assert list(records.kept(Erasure, Is("finished_at", None))) == [erasure(1)]
    assert gone(records, digest_of(b"{}")) == erasure(1)
    with records.transaction() as write:
        write.keep([erasure(1, finished_at=NOON)])
        assert gone(write, digest_of(b"{}")) == erasure(1, finished_at=NOON)
        write.add_evidence([evidence_record(write.append(entry("collected again")))])
        assert gone(write, digest_of(b"{}")) is None
    assert gone(records, digest_of(b"{}")) is None
    assert tombstone_of(records, digest_of(b"{}")) == erasure(1, finished_at=NOON)
    assert gone(records, digest_of(b"never")) is None


def test_a_tombstone_without_its_leaf_is_not_kept(records: Records) -> None:
    with pytest.raises(StoreError), records.transaction() as write:
        write.keep([erasure(7)])
    assert not records.kept(Erasure)
