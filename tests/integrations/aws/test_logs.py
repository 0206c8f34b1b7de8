from auditwright.core.resources import LogGroup
from auditwright.integrations.aws import logs
from tests.integrations.aws.emulated import Account
from tests.integrations.aws.shapes import HOSTILE, captured, read

ARN = "arn:aws:logs:eu-west-1:123456789012:log-group:app"


def group(**fields: object) -> LogGroup:
    listing = captured(logs.GROUPS, {"logGroups": [{"logGroupName": "app", "arn": f"{ARN}:*", **fields}]})
    (found,) = logs.normalize(read(listing))
    assert isinstance(found, LogGroup)
    assert found.evidence == (listing.digest,)
    return found


def test_a_group_is_kept_as_long_as_its_setting_says() -> None:
    assert group(retentionInDays=365).retention_days == 365


def test_a_group_without_a_setting_is_kept_for_ever() -> None:
    assert group().retention_days is None


def test_a_delivery_group_is_kept_for_a_day() -> None:
    assert group(logGroupClass="DELIVERY").retention_days == 1


def test_the_arn_is_the_groups_own_and_not_that_of_its_streams() -> None:
    assert group().id == ARN
    assert group(logGroupArn=ARN).id == ARN
    assert group(arn=None).id == ARN


def test_a_hostile_name_passes_through_untouched() -> None:
    assert group(logGroupName=HOSTILE).name == HOSTILE


def test_live_groups(aws: str) -> None:
    account = Account(url=aws)
    account.do("logs", "CreateLogGroup", logGroupName="kept")
    account.do("logs", "PutRetentionPolicy", logGroupName="kept", retentionInDays=30)
    account.do("logs", "CreateLogGroup", logGroupName="forever")
    found = {one.name: one for one in account.only(logs.STREAM) if isinstance(one, LogGroup)}
    assert {name: one.retention_days for name, one in found.items()} == {"kept": 30, "forever": None}
    assert found["kept"].id == "arn:aws:logs:eu-west-1:123456789012:log-group:kept"
