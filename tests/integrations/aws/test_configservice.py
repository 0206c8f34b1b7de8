import pytest

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resources import ConfigurationRecorder
from auditwright.integrations.aws import configservice
from tests.integrations.aws.emulated import Account
from tests.integrations.aws.shapes import REGION, captured, read, refused

ARN = "arn:aws:config:eu-west-1:123456789012:configuration-recorder/default/abc"


def recorders(**group: object) -> Evidence:
    row = {"name": "default", "arn": ARN, "recordingGroup": group}
    return captured(configservice.RECORDERS, {"ConfigurationRecorders": [row]})


def status(*, recording: bool) -> Evidence:
    return captured(
        configservice.STATUS, {"ConfigurationRecordersStatus": [{"name": "default", "recording": recording}]}
    )


def recorder(*found: Evidence | Gap) -> ConfigurationRecorder:
    (only,) = configservice.normalize(read(*found))
    assert isinstance(only, ConfigurationRecorder)
    return only


@pytest.mark.parametrize("recording", [True, False])
def test_a_recorder_records_when_its_status_says_so(*, recording: bool) -> None:
    listing, state = recorders(allSupported=True), status(recording=recording)
    found = recorder(listing, state)
    assert found.id == ARN
    assert found.recording is recording
    assert found.evidence == (listing.digest, state.digest)


@pytest.mark.parametrize(
    ("group", "every"),
    [
        ({"allSupported": True}, True),
        ({"allSupported": False, "resourceTypes": ["AWS::EC2::Instance"]}, False),
        ({"recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"}}, True),
        ({"recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"}}, False),
        (
            {
                "allSupported": False,
                "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
                "exclusionByResourceTypes": {"resourceTypes": ["AWS::IAM::User"]},
            },
            False,
        ),
        (
            {
                "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
                "exclusionByResourceTypes": {"resourceTypes": []},
            },
            True,
        ),
    ],
)
def test_all_resource_types_means_none_left_out(group: dict[str, object], *, every: bool) -> None:
    assert recorder(recorders(**group), status(recording=True)).all_resource_types is every


def test_a_refused_status_is_unknown_not_stopped() -> None:
    found = recorder(recorders(allSupported=True), refused(configservice.STATUS))
    assert isinstance(found.recording, Unknown)
    assert "AccessDenied" in found.recording.why
    assert found.all_resource_types is True


def test_a_status_that_does_not_list_the_recorder_is_unknown() -> None:
    empty = captured(configservice.STATUS, {"ConfigurationRecordersStatus": []})
    assert isinstance(recorder(recorders(allSupported=True), empty).recording, Unknown)


def test_a_region_without_a_recorder_is_asked_one_question() -> None:
    nothing = read(captured(configservice.RECORDERS, {"ConfigurationRecorders": []}))
    assert not configservice.STATUS.needed_when(nothing)
    assert list(configservice.normalize(nothing)) == []


def test_live_recorders(aws: str) -> None:
    account = Account(url=aws)
    assert account.only(configservice.STREAM) == []
    account.do(
        "s3", "CreateBucket", Bucket="config", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    account.do(
        "config",
        "PutConfigurationRecorder",
        ConfigurationRecorder={
            "name": "default",
            "roleARN": "arn:aws:iam::123456789012:role/config",
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
        },
    )
    (before,) = account.only(configservice.STREAM)
    assert isinstance(before, ConfigurationRecorder)
    assert (before.recording, before.all_resource_types) == (False, True)
    account.do("config", "PutDeliveryChannel", DeliveryChannel={"name": "d", "s3BucketName": "config"})
    account.do("config", "StartConfigurationRecorder", ConfigurationRecorderName="default")
    (after,) = account.only(configservice.STREAM)
    assert isinstance(after, ConfigurationRecorder)
    assert after.recording is True
