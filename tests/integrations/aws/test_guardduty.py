from datetime import UTC, datetime

import pytest

from auditwright.core.evidence import Evidence
from auditwright.core.outcome import Unknown
from auditwright.core.resources import ThreatDetector, ThreatFinding
from auditwright.integrations.aws import guardduty
from tests.integrations.aws.emulated import Account, at, says
from tests.integrations.aws.shapes import HOSTILE, captured, of_each, read, refused
from tests.simulators.aws_proxy import AwsProxy

DETECTORS = captured(guardduty.DETECTORS, {"DetectorIds": ["d-1"]})
ASKED = {"DetectorId": "d-1"}


def detector(status: str) -> Evidence:
    return of_each(guardduty.DETECTOR, (ASKED, {"ServiceRole": "arn:aws:iam::1:role/x", "Status": status}))


def finding(**fields: object) -> dict[str, object]:
    return {
        "AccountId": "123456789012",
        "Arn": "arn:aws:guardduty:eu-west-1:123456789012:detector/d-1/finding/f-1",
        "Id": "f-1",
        "Region": "eu-west-1",
        "Resource": {},
        "SchemaVersion": "2.0",
        "Type": "UnauthorizedAccess:EC2/SSHBruteForce",
        "Title": HOSTILE,
        "Severity": 8,
        "CreatedAt": "2026-11-01T10:00:00.000Z",
        "UpdatedAt": "2026-11-02T10:00:00.000Z",
        "Service": {"Archived": False},
        **fields,
    }


def findings(*rows: dict[str, object]) -> list[ThreatFinding]:
    answered = of_each(guardduty.FINDINGS, ({**ASKED, "FindingIds": ["f-1"]}, {"Findings": list(rows)}))
    return [one for one in guardduty.normalize(read(answered)) if isinstance(one, ThreatFinding)]


@pytest.mark.parametrize(("status", "enabled"), [("ENABLED", True), ("DISABLED", False)])
def test_a_detector_is_on_when_aws_says_so(status: str, *, enabled: bool) -> None:
    answered = detector(status)
    (found,) = guardduty.normalize(read(DETECTORS, answered))
    assert isinstance(found, ThreatDetector)
    assert found.id == "arn:aws:guardduty:eu-west-1:123456789012:detector/d-1"
    assert found.enabled is enabled
    assert found.evidence == (DETECTORS.digest, answered.digest)


def test_a_refused_detector_is_unknown() -> None:
    (found,) = guardduty.normalize(read(DETECTORS, refused(guardduty.DETECTOR, "d-1")))
    assert isinstance(found, ThreatDetector)
    assert isinstance(found.enabled, Unknown)


def test_a_region_without_a_detector_is_asked_one_question() -> None:
    nothing = read(captured(guardduty.DETECTORS, {"DetectorIds": []}))
    assert list(guardduty.normalize(nothing)) == []
    assert [ask for one in (guardduty.DETECTOR, guardduty.FINDING_IDS) for ask in one.asks(nothing)] == []


def test_findings_are_fetched_fifty_at_a_time() -> None:
    listed = of_each(guardduty.FINDING_IDS, (ASKED, {"FindingIds": [f"f-{n}" for n in range(101)]}))
    batches = [ask.parameters["FindingIds"] for ask in guardduty.FINDINGS.asks(read(DETECTORS, listed))]
    assert [len(batch) for batch in batches if isinstance(batch, list)] == [50, 50, 1]


@pytest.mark.parametrize(
    ("severity", "band"),
    [(9.2, "critical"), (9, "critical"), (8.9, "high"), (7, "high"), (4, "medium"), (2, "low")],
)
def test_a_severity_is_named_by_guarddutys_bands(severity: float, band: str) -> None:
    (found,) = findings(finding(Severity=severity))
    assert found.severity == band


def test_a_finding_has_its_times_and_whether_it_was_closed() -> None:
    (found,) = findings(finding(Service={"Archived": True}))
    assert found.name == HOSTILE
    assert found.type == "UnauthorizedAccess:EC2/SSHBruteForce"
    assert found.created_at == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert found.archived is True


def test_a_finding_whose_service_part_is_missing_is_not_taken_for_open_or_closed() -> None:
    (found,) = findings(finding(Service=None))
    assert isinstance(found.archived, Unknown)


def test_live_detectors_and_findings(proxy: AwsProxy) -> None:
    """The emulator has detectors but no findings; those are answered by the proxy."""
    account = Account(url=proxy.url)
    made = at(account.do("guardduty", "CreateDetector", Enable=True), "DetectorId")
    path = f"/detector/{made}/findings"
    proxy.add(says(guardduty.FINDING_IDS, {"FindingIds": ["f-1"], "NextToken": ""}), action=f"POST {path}")
    proxy.add(says(guardduty.FINDINGS, {"Findings": [finding()]}), action=f"POST {path}/get")
    first, second = account.only(guardduty.STREAM)
    assert isinstance(first, ThreatDetector)
    assert (first.name, first.enabled) == (made, True)
    assert isinstance(second, ThreatFinding)
    assert (second.name, second.severity, second.archived) == (HOSTILE, "high", False)


def test_live_findings_that_cannot_be_listed_are_a_gap_that_hides_them(aws: str) -> None:
    account = Account(url=aws)
    account.do("guardduty", "CreateDetector", Enable=True)
    found, gaps = account.collect(guardduty.STREAM)
    assert [type(one) for one in found] == [ThreatDetector]
    assert [(gap.operation, gap.hides_items) for gap in gaps] == [("guardduty:ListFindings", True)]
