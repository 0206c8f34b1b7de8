"""The document of a result: what every item came to, as canonical JSON in the evidence store.

It bears no time, so that an unchanged result is the same bytes. What it is made of are texts, truth values
and lists of them, with the names of every object in order: so the bytes are those of RFC 8785, which a test
holds against `canonical_json`, at a tenth of the time.
"""

import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import cast

import msgspec
from msgspec import structs

from auditwright.core.evidence import ERASED_NAME, ERASED_WORDS, Gap, GapReason, Scope
from auditwright.core.ids import Digest, IntegrationId, ResourceId, StreamId
from auditwright.core.outcome import Conclusion, Observation, Outcome, Result, outcome_of, words_of
from auditwright.core.run import ResultRecord


class _Observed(msgspec.Struct, frozen=True, gc=False):
    account: str
    evidence: tuple[str, ...]
    item: str
    name: str
    outcome: str
    reason: str
    region: str


class _Unseen(msgspec.Struct, frozen=True):
    detail: str
    hides_items: bool
    operation: str
    reason: str
    remedy: str
    scope: tuple[str, str, str]
    stream: str
    subject: str


class _Document(msgspec.Struct, frozen=True):
    conclusion: str
    gaps: Sequence[_Unseen]
    observations: Sequence[_Observed]
    population: str
    test: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Document).decode


def written(result: Result) -> bytes:
    """A result as the bytes that are kept; raises UnicodeEncodeError for a text with a lone surrogate."""
    return _encode(
        _Document(
            conclusion=result.conclusion,
            gaps=[_unseen(gap) for gap in result.gaps],
            observations=[_observed(seen) for seen in result.observations],
            population=result.population,
            test=result.test,
        )
    )


def read(body: bytes, record: ResultRecord) -> Result:
    """The result that `written` gave; a document holds no times, so its gaps are of the time of the result."""
    document = _decode(body)
    return Result(
        test=record.test,
        population=document.population,
        concluded_at=record.concluded_at,
        conclusion=Conclusion(document.conclusion),
        observations=_observations(document.observations),
        gaps=tuple(_gap(each, record.concluded_at) for each in document.gaps),
    )


def without(body: bytes, erased: AbstractSet[Digest]) -> bytes:
    """A document whose items that rest on erased evidence have their outcome, and neither id, name nor words."""
    document = _decode(body)
    observations = [
        structs.replace(row, item=f"{ERASED_NAME}-{number}", name=ERASED_NAME, reason=ERASED_WORDS)
        if not erased.isdisjoint(row.evidence)
        else row
        for number, row in enumerate(document.observations, 1)
    ]
    return _encode(structs.replace(document, observations=observations))


def _observed(seen: Observation) -> _Observed:
    word, says = words_of(seen.outcome)
    return _Observed(
        account=seen.account,
        evidence=seen.evidence,
        item=seen.item,
        name=seen.name,
        outcome=word,
        reason=says,
        region=seen.region,
    )


def _unseen(gap: Gap) -> _Unseen:
    return _Unseen(
        detail=gap.detail,
        hides_items=gap.hides_items,
        operation=gap.operation,
        reason=gap.reason,
        remedy=gap.remedy,
        scope=(gap.scope.source, gap.scope.account, gap.scope.region),
        stream=gap.stream,
        subject=gap.subject,
    )


def _gap(unseen: _Unseen, at: datetime) -> Gap:
    source, account, region = unseen.scope
    return Gap(
        stream=StreamId(unseen.stream),
        scope=Scope(source=IntegrationId(source), account=account, region=region),
        operation=unseen.operation,
        reason=GapReason(unseen.reason),
        detail=unseen.detail,
        remedy=unseen.remedy,
        hides_items=unseen.hides_items,
        at=at,
        subject=unseen.subject,
    )


def _observations(rows: Sequence[_Observed]) -> tuple[Observation, ...]:
    """What many observations share (places, outcomes, evidence) is held once."""
    evidence: dict[tuple[str, ...], tuple[Digest, ...]] = {}
    outcomes: dict[tuple[str, str], Outcome] = {}
    found: list[Observation] = []
    for row in rows:
        words = row.outcome, row.reason
        outcome = outcomes.get(words)
        if outcome is None:
            outcome = outcomes[words] = outcome_of(*words)
        found.append(
            Observation(
                item=ResourceId(row.item),
                name=row.name,
                account=sys.intern(row.account),
                region=sys.intern(row.region),
                outcome=outcome,
                evidence=evidence.setdefault(row.evidence, cast("tuple[Digest, ...]", row.evidence)),
            )
        )
    return tuple(found)
