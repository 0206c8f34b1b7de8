import pytest

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resources import Table
from auditwright.integrations.aws import dynamodb
from tests.integrations.aws.emulated import Account
from tests.integrations.aws.shapes import ACCOUNT, HOSTILE, captured, of_each, read, refused

ARN = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders"
TABLES = captured(dynamodb.TABLES, {"TableNames": ["orders"]})
NO_TAGS = captured(dynamodb.TAGS, {"ResourceTagMappingList": []})


def backups(recovery: str | None) -> Evidence:
    described = {
        "ContinuousBackupsStatus": "ENABLED",
        **(
            {}
            if recovery is None
            else {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": recovery}}
        ),
    }
    return of_each(dynamodb.BACKUPS, ({"TableName": "orders"}, {"ContinuousBackupsDescription": described}))


def table(*found: Evidence | Gap) -> Table:
    (only,) = dynamodb.normalize(read(TABLES, *found))
    assert isinstance(only, Table)
    return only


@pytest.mark.parametrize(("status", "recoverable"), [("ENABLED", True), ("DISABLED", False)])
def test_point_in_time_recovery_is_its_own_status(status: str, *, recoverable: bool) -> None:
    """The status of continuous backups as a whole is always ENABLED, and says nothing."""
    answered = backups(status)
    found = table(answered, NO_TAGS)
    assert found.id == ARN
    assert found.point_in_time_recovery is recoverable
    assert found.evidence == (TABLES.digest, answered.digest, NO_TAGS.digest)


def test_recovery_that_is_refused_or_missing_is_unknown() -> None:
    assert isinstance(table(refused(dynamodb.BACKUPS, "orders")).point_in_time_recovery, Unknown)
    assert isinstance(table(backups(None)).point_in_time_recovery, Unknown)


def test_tags_come_from_one_question_for_all_tables() -> None:
    tagged = captured(
        dynamodb.TAGS,
        {"ResourceTagMappingList": [{"ResourceARN": ARN, "Tags": [{"Key": "env", "Value": HOSTILE}]}]},
    )
    assert table(tagged).tags == (("env", HOSTILE),)
    assert table(NO_TAGS).tags == ()


def test_refused_tags_are_unknown_not_none() -> None:
    found = table(backups("ENABLED"), refused(dynamodb.TAGS)).tags
    assert isinstance(found, Unknown)
    assert "tag:GetResources" in found.why


def test_a_region_without_tables_is_asked_one_question() -> None:
    nothing = read(captured(dynamodb.TABLES, {"TableNames": []}))
    assert not dynamodb.TAGS.needed_when(nothing)
    assert list(dynamodb.BACKUPS.asks(nothing)) == []


def test_live_tables(aws: str) -> None:
    account = Account(url=aws)
    for name, tags in (("orders", [{"Key": "env", "Value": "prod"}]), ("scratch", [])):
        account.do(
            "dynamodb",
            "CreateTable",
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=tags,
        )
    account.do(
        "dynamodb",
        "UpdateContinuousBackups",
        TableName="orders",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    found = {one.name: one for one in account.only(dynamodb.STREAM) if isinstance(one, Table)}
    assert (found["orders"].point_in_time_recovery, found["orders"].tags) == (True, (("env", "prod"),))
    assert (found["scratch"].point_in_time_recovery, found["scratch"].tags) == (False, ())
