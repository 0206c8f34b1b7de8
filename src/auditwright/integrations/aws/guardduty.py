"""Amazon GuardDuty: detectors, and the grave findings that nobody has closed."""

from collections.abc import Iterator
from typing import Final

from auditwright.core.ids import ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import ThreatDetector, ThreatFinding
from auditwright.integrations.aws.absence import whole
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing
from auditwright.integrations.aws.reading import Answers, Row

HIGH: Final = 7
"""GuardDuty: from 7.0 a finding is high, from 9.0 critical."""

MAX_FINDINGS_PER_CALL: Final = 50
"""GuardDuty GetFindings takes at most 50 ids."""

_BANDS: Final = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"))
"""GuardDuty's severity levels, from the top; below them all is low."""

DETECTORS: Final = Listing(
    service="guardduty", method="ListDetectors", items=("DetectorIds",), lists=(ThreatDetector, ThreatFinding)
)


def _detector_asks(answers: Answers) -> Iterator[Ask]:
    for detector in _detectors(answers):
        yield Ask(parameters={"DetectorId": detector})


DETECTOR: Final = Detail(service="guardduty", method="GetDetector", asks=_detector_asks)
FINDING_IDS: Final = Detail(
    service="guardduty",
    method="ListFindings",
    lists=(ThreatFinding,),
    parameters={
        "FindingCriteria": {
            "Criterion": {"service.archived": {"Eq": ["false"]}, "severity": {"GreaterThanOrEqual": HIGH}}
        }
    },
    items=("FindingIds",),
    asks=_detector_asks,
    hides_items=True,
)


def _finding_asks(answers: Answers) -> Iterator[Ask]:
    for call in answers.calls(FINDING_IDS):
        found = () if call.answer is None else call.answer.texts_or_empty("FindingIds")
        for start in range(0, len(found), MAX_FINDINGS_PER_CALL):
            batch = list(found[start : start + MAX_FINDINGS_PER_CALL])
            yield Ask(parameters={"DetectorId": call.parameters["DetectorId"], "FindingIds": batch})


FINDINGS: Final = Detail(
    service="guardduty",
    method="GetFindings",
    items=("Findings",),
    asks=_finding_asks,
    hides_items=True,
    lists=(ThreatFinding,),
)


def normalize(answers: Answers) -> Iterator[Resource]:
    """The detector of one region, and its open findings of high and critical severity."""
    listing = answers.one(DETECTORS)
    if isinstance(listing, Row):
        for detector in _detectors(answers):
            yield _detector(answers, detector, listing)
    for call in answers.calls(FINDINGS):
        for row in () if call.answer is None else call.answer.rows_or_empty("Findings"):
            yield _finding(answers, row)


def _detectors(answers: Answers) -> tuple[str, ...]:
    listing = answers.one(DETECTORS)
    return listing.texts_or_empty("DetectorIds") if isinstance(listing, Row) else ()


def _detector(answers: Answers, detector: str, listing: Row) -> ThreatDetector:
    answer = whole(answers, DETECTOR, DetectorId=detector)
    status = answer if isinstance(answer, Unknown) else answer.text("Status")
    return ThreatDetector(
        id=answers.arn("guardduty", f"detector/{detector}"),
        name=detector,
        scope=answers.scope,
        evidence=(listing.digest,) if isinstance(answer, Unknown) else (listing.digest, answer.digest),
        enabled=status if isinstance(status, Unknown) else status == "ENABLED",
    )


def _finding(answers: Answers, row: Row) -> ThreatFinding:
    kind = row.text_or_none("Type") or ""
    severity = row.number("Severity")
    service = row.row("Service")
    return ThreatFinding(
        id=ResourceId(row.required_text("Arn")),
        name=row.text_or_none("Title") or kind,
        scope=answers.scope,
        evidence=(row.digest,),
        type=kind,
        severity=severity
        if isinstance(severity, Unknown)
        else next((band for lowest, band in _BANDS if severity >= lowest), "low"),
        created_at=row.moment("CreatedAt"),
        updated_at=row.moment("UpdatedAt"),
        archived=service if isinstance(service, Unknown) else service.boolean("Archived"),
    )


STREAM: Final = AwsStream(
    id=StreamId("aws.guardduty"),
    title="GuardDuty detectors and findings",
    regional=True,
    operations=(DETECTORS, DETECTOR, FINDING_IDS, FINDINGS),
    emits=(ThreatDetector, ThreatFinding),
    normalize=normalize,
)
