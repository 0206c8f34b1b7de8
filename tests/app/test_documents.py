"""A result's document is canonical JSON, and the result comes back from it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.app import documents
from auditwright.core.canonical import Json, canonical_json
from auditwright.core.evidence import Gap, GapReason, Scope, digest_of
from auditwright.core.ids import IntegrationId, ResourceId, RunId, StreamId, TestId
from auditwright.core.outcome import (
    Conclusion,
    Deviation,
    NotApplicable,
    Observation,
    Result,
    Satisfied,
    Undetermined,
    words_of,
)
from auditwright.core.run import ResultRecord

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)

OBSERVATIONS = st.builds(
    Observation,
    item=st.builds(ResourceId, TEXT),
    name=TEXT,
    account=TEXT,
    region=TEXT,
    outcome=st.one_of(
        *(st.builds(kind, TEXT) for kind in (Satisfied, Deviation, NotApplicable, Undetermined))
    ),
    evidence=st.lists(st.sampled_from([digest_of(b"a"), digest_of(b"b")]), max_size=2).map(tuple),
)
GAPS = st.builds(
    Gap,
    stream=st.builds(StreamId, TEXT),
    scope=st.builds(Scope, source=st.builds(IntegrationId, TEXT), account=TEXT, region=TEXT),
    operation=TEXT,
    reason=st.sampled_from(GapReason),
    detail=TEXT,
    remedy=TEXT,
    hides_items=st.booleans(),
    at=st.just(NOON),
    subject=TEXT,
)
RESULTS = st.builds(
    Result,
    test=st.builds(TestId, TEXT),
    population=TEXT,
    concluded_at=st.just(NOON),
    conclusion=st.sampled_from(Conclusion),
    observations=st.lists(OBSERVATIONS, max_size=4).map(tuple),
    gaps=st.lists(GAPS, max_size=3).map(tuple),
)


def plainly(result: Result) -> Json:
    """The document as plain values."""
    observations: list[Json] = []
    for seen in result.observations:
        word, says = words_of(seen.outcome)
        observations.append(
            {
                "item": seen.item,
                "name": seen.name,
                "account": seen.account,
                "region": seen.region,
                "outcome": word,
                "reason": says,
                "evidence": seen.evidence,
            }
        )
    return {
        "test": result.test,
        "population": result.population,
        "conclusion": result.conclusion,
        "observations": observations,
        "gaps": [
            {
                "stream": gap.stream,
                "scope": [gap.scope.source, gap.scope.account, gap.scope.region],
                "operation": gap.operation,
                "subject": gap.subject,
                "reason": gap.reason,
                "detail": gap.detail,
                "remedy": gap.remedy,
                "hides_items": gap.hides_items,
            }
            for gap in result.gaps
        ],
    }


def record_of(result: Result) -> ResultRecord:
    return ResultRecord(
        run=RunId("r"),
        test=result.test,
        concluded_at=result.concluded_at,
        conclusion=result.conclusion,
        satisfied=0,
        deviations=0,
        not_applicable=0,
        undetermined=0,
        gaps=len(result.gaps),
        waived=0,
        document=digest_of(documents.written(result)),
        seq=0,
    )


@given(RESULTS)
def test_a_document_is_the_bytes_that_canonical_json_gives_its_values(result: Result) -> None:
    assert documents.written(result) == canonical_json(plainly(result))


@given(RESULTS)
def test_a_result_comes_back_from_its_document(result: Result) -> None:
    assert documents.read(documents.written(result), record_of(result)) == result


@given(RESULTS)
def test_a_document_does_not_say_when_it_was_concluded(result: Result) -> None:
    later = replace(result, concluded_at=NOON + timedelta(days=1))
    assert documents.written(later) == documents.written(result)


def test_what_many_observations_share_is_held_once_when_it_is_read() -> None:
    seen = [
        Observation(
            item=ResourceId(item),
            name=item,
            account="1",
            region="eu",
            outcome=NotApplicable("no default group"),
            evidence=(digest_of(b"a"),),
        )
        for item in ("a", "b")
    ]
    result = Result(
        test=TestId("acme.test"),
        population="person",
        concluded_at=NOON,
        conclusion=Conclusion.DID_NOT_OCCUR,
        observations=tuple(seen),
        gaps=(),
    )
    one, other = documents.read(documents.written(result), record_of(result)).observations
    assert one.outcome is other.outcome
    assert one.evidence is other.evidence


def test_a_text_that_is_no_unicode_has_no_document() -> None:
    broken = Observation(
        item=ResourceId("a"),
        name="\ud800",
        account="1",
        region="",
        outcome=Satisfied(),
        evidence=(),
    )
    result = Result(
        test=TestId("acme.test"),
        population="person",
        concluded_at=NOON,
        conclusion=Conclusion.NO_EXCEPTIONS,
        observations=(broken,),
        gaps=(),
    )
    with pytest.raises(UnicodeEncodeError):
        documents.written(result)
