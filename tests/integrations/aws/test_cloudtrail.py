import pytest

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resources import AuditTrail
from auditwright.integrations.aws import cloudtrail
from tests.integrations.aws.emulated import Account
from tests.integrations.aws.shapes import GLOBAL, HOSTILE, REGION, captured, of_each, read, refused

EVERYWHERE = "arn:aws:cloudtrail:us-east-1:123456789012:trail/all"
LOCAL = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/local"
ORGANIZATION = "arn:aws:cloudtrail:us-east-1:999999999999:trail/organization"


def trail(arn: str, *, everywhere: bool, **fields: object) -> dict[str, object]:
    return {
        "Name": arn.rpartition("/")[2],
        "TrailARN": arn,
        "HomeRegion": arn.split(":")[3],
        "IsMultiRegionTrail": everywhere,
        "LogFileValidationEnabled": True,
        "S3BucketName": HOSTILE,
        **fields,
    }


TRAILS = captured(
    cloudtrail.TRAILS,
    {
        "trailList": [
            trail(EVERYWHERE, everywhere=True),
            trail(LOCAL, everywhere=False),
            trail(ORGANIZATION, everywhere=True, IsOrganizationTrail=True),
        ]
    },
    scope=GLOBAL,
)
ALL = {"ReadWriteType": "All", "IncludeManagementEvents": True}


def selectors(**fields: object) -> Evidence:
    return of_each(
        cloudtrail.SELECTORS, ({"TrailName": EVERYWHERE}, {"TrailARN": EVERYWHERE, **fields}), scope=GLOBAL
    )


def status(*, logging: bool) -> Evidence:
    return of_each(cloudtrail.STATUS, ({"Name": EVERYWHERE}, {"IsLogging": logging}), scope=GLOBAL)


def trails(*found: Evidence | Gap) -> dict[str, AuditTrail]:
    return {one.id: one for one in cloudtrail.normalize(read(TRAILS, *found)) if isinstance(one, AuditTrail)}


def first(*found: Evidence | Gap) -> AuditTrail:
    return trails(*found)[EVERYWHERE]


def test_each_trail_is_emitted_by_one_stream() -> None:
    everywhere = {one.id for one in cloudtrail.normalize(read(TRAILS))}
    regional = {one.id for one in cloudtrail.normalize_regional(read(TRAILS))}
    # A trail of the organization is one item for each account whose events it records.
    assert everywhere == {EVERYWHERE, f"{ORGANIZATION}@123456789012"}
    assert regional == {LOCAL}


def test_details_are_asked_in_the_trails_home_region_by_arn() -> None:
    asks = list(cloudtrail.STATUS.asks(read(TRAILS)))
    assert [(ask.parameters["Name"], ask.region) for ask in asks] == [
        (EVERYWHERE, "us-east-1"),
        (ORGANIZATION, "us-east-1"),
    ]
    (ask,) = cloudtrail.REGIONAL_SELECTORS.asks(read(TRAILS))
    assert (ask.parameters, ask.region) == ({"TrailName": LOCAL}, "eu-west-1")


def test_shadow_trails_are_asked_for() -> None:
    """An organization's trail is a shadow trail in its member accounts."""
    assert cloudtrail.TRAILS.parameters.get("includeShadowTrails", True) is True


@pytest.mark.parametrize("logging", [True, False])
def test_a_trail_has_its_status_and_where_it_writes(*, logging: bool) -> None:
    state, chosen = status(logging=logging), selectors(EventSelectors=[ALL])
    found = first(state, chosen)
    assert found.logging is logging
    assert found.records_management_events is True
    assert (found.home_region, found.multi_region, found.log_validation) == ("us-east-1", True, True)
    assert found.bucket == HOSTILE
    assert found.evidence == (TRAILS.digest, state.digest, chosen.digest)


def test_refused_details_are_unknown() -> None:
    found = first(refused(cloudtrail.STATUS, EVERYWHERE), refused(cloudtrail.SELECTORS, EVERYWHERE))
    assert isinstance(found.logging, Unknown)
    assert isinstance(found.records_management_events, Unknown)
    assert found.log_validation is True


MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}


@pytest.mark.parametrize(
    ("basic", "recorded"),
    [
        ([ALL], True),
        ([], True),
        ([{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}], False),
        ([{"ReadWriteType": "All", "IncludeManagementEvents": False}], False),
        (
            [
                {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True},
                {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True},
            ],
            True,
        ),
        ([{**ALL, "ExcludeManagementEventSources": ["kms.amazonaws.com"]}], True),
    ],
)
def test_basic_selectors_must_record_reads_and_writes(
    basic: list[dict[str, object]], *, recorded: bool
) -> None:
    assert first(selectors(EventSelectors=basic)).records_management_events is recorded


@pytest.mark.parametrize(
    ("fields", "recorded"),
    [
        ([MANAGEMENT], True),
        ([{"Field": "eventCategory", "Equals": ["Data"]}], False),
        ([MANAGEMENT, {"Field": "readOnly", "Equals": ["false"]}], False),
        ([MANAGEMENT, {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}], True),
        ([MANAGEMENT, {"Field": "eventSource", "NotEquals": ["iam.amazonaws.com"]}], False),
        ([MANAGEMENT, {"Field": "eventSource", "Equals": ["ec2.amazonaws.com"]}], False),
        ([MANAGEMENT, {"Field": "eventName", "Equals": ["RunInstances"]}], False),
    ],
)
def test_an_advanced_selector_that_is_narrowed_does_not_record_everything(
    fields: list[dict[str, object]], *, recorded: bool
) -> None:
    found = first(selectors(AdvancedEventSelectors=[{"FieldSelectors": fields}]))
    assert found.records_management_events is recorded


def test_two_advanced_selectors_record_together() -> None:
    halves = [
        {"FieldSelectors": [MANAGEMENT, {"Field": "readOnly", "Equals": [half]}]}
        for half in ("true", "false")
    ]
    assert first(selectors(AdvancedEventSelectors=halves)).records_management_events is True


def test_an_answer_without_selectors_is_unknown() -> None:
    assert isinstance(first(selectors()).records_management_events, Unknown)


def test_live_trails(aws: str) -> None:
    account = Account(url=aws)
    account.do(
        "s3", "CreateBucket", Bucket="trails", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    account.do(
        "cloudtrail",
        "CreateTrail",
        Name="everywhere",
        S3BucketName="trails",
        IsMultiRegionTrail=True,
        EnableLogFileValidation=True,
    )
    account.do("cloudtrail", "StartLogging", Name="everywhere")
    account.do("cloudtrail", "CreateTrail", Name="local", S3BucketName="trails")
    account.do(
        "cloudtrail",
        "PutEventSelectors",
        TrailName="local",
        EventSelectors=[{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}],
    )
    (whole,) = account.only(cloudtrail.STREAM)
    (part,) = account.only(cloudtrail.REGIONAL_STREAM)
    assert isinstance(whole, AuditTrail)
    assert isinstance(part, AuditTrail)
    assert (whole.name, whole.multi_region, whole.logging, whole.log_validation) == (
        "everywhere",
        True,
        True,
        True,
    )
    assert (whole.records_management_events, whole.bucket) == (True, "trails")
    assert (part.name, part.multi_region, part.logging, part.records_management_events) == (
        "local",
        False,
        False,
        False,
    )
