"""What the services say of Northwind Robotics that moto does not emulate: backups, threats and patches."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from auditwright.app.demo.cloud import (
    FRANKFURT,
    PRODUCTION,
    REGIONS,
    STAGING,
    STOCKHOLM,
    VIRGINIA,
    Cloud,
    Place,
    role_of,
    text,
)
from auditwright.app.demo.emulator_server import Told

_UNPROTECTED: Final = ("gateway-spool", "robot-gateway", "northwind-web-assets", "operator-sessions")
"""Made after the backup plan was written, and never added to it."""

_REFUSED: Final = "ssm:DescribeInstanceInformation"


def unemulated(cloud: Cloud) -> Iterator[Told]:
    """The answers of those services, made from what is in the cloud; call it when everything else is there."""
    now = datetime.now(UTC)
    for region in REGIONS:
        place = cloud.at(PRODUCTION, region)
        yield _told(place, "ListProtectedResources", {"Results": list(_protected(place, now))})
    for account, region in ((PRODUCTION, FRANKFURT), (STAGING, FRANKFURT), (STAGING, STOCKHOLM)):
        place = cloud.at(account, region)
        machines = [machine for machine, _ in _machines(place)]
        listed = [{"InstanceId": machine, "PingStatus": "Online"} for machine in machines]
        yield _told(place, "DescribeInstanceInformation", {"InstanceInformationList": listed})
        states = [_patched(machine, account, now) for machine in machines]
        yield _told(place, "DescribeInstancePatchStates", {"InstancePatchStates": states})
    yield _refused(PRODUCTION, STOCKHOLM)
    yield from _finding(cloud.at(PRODUCTION, STOCKHOLM), now)


def _told(place: Place, action: str, answer: dict[str, object]) -> Told:
    return Told(account=place.account, region=place.region, action=action, status=200, answer=answer)


def _protected(place: Place, now: datetime) -> Iterator[dict[str, object]]:
    """What AWS Backup protects: everything that is tagged production, but what was forgotten."""
    for arn, name in _production(place):
        if name not in _UNPROTECTED:
            yield {
                "ResourceArn": arn,
                "ResourceName": name,
                "LastBackupTime": (now - timedelta(hours=9)).timestamp(),
            }


def _production(place: Place) -> Iterator[tuple[str, str]]:
    mine = f"{place.region}:{place.account}"
    for machine, name in _machines(place):
        yield f"arn:aws:ec2:{mine}:instance/{machine}", name
    for volume in _rows(place.do("ec2", "describe_volumes"), "Volumes"):
        name = _name(volume)
        if name:
            yield f"arn:aws:ec2:{mine}:volume/{text(volume, 'VolumeId')}", name
    for database in _rows(place.do("rds", "describe_db_instances"), "DBInstances"):
        yield text(database, "DBInstanceArn"), text(database, "DBInstanceIdentifier")
    for table in cast("Sequence[str]", place.do("dynamodb", "list_tables")["TableNames"]):
        yield f"arn:aws:dynamodb:{mine}:table/{table}", table
    for bucket in _rows(place.do("s3", "list_buckets"), "Buckets"):
        name = text(bucket, "Name")
        where = place.do("s3", "get_bucket_location", Bucket=name)["LocationConstraint"] or VIRGINIA
        if where == place.region:
            yield f"arn:aws:s3:::{name}", name


def _machines(place: Place) -> Iterator[tuple[str, str]]:
    for reservation in _rows(place.do("ec2", "describe_instances"), "Reservations"):
        for machine in _rows(reservation, "Instances"):
            yield text(machine, "InstanceId"), _name(machine)


def _patched(machine: str, account: str, now: datetime) -> dict[str, object]:
    """Production is patched; staging was forgotten for a while."""
    behind = account == STAGING
    return {
        "InstanceId": machine,
        "PatchGroup": "all",
        "BaselineId": "pb-0c10e65780EXAMPLE",
        "Operation": "Scan",
        "OperationStartTime": (now - timedelta(days=1)).timestamp(),
        "OperationEndTime": (now - timedelta(days=1)).timestamp(),
        "MissingCount": 3 if behind else 0,
        "FailedCount": 0,
    }


def _refused(account: str, region: str) -> Told:
    """What a role is told that was made before this question was part of its policy."""
    who = f"{role_of(account).replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/auditwright"
    message = (
        f"User: {who} is not authorized to perform: {_REFUSED} "
        "because no identity-based policy allows the action"
    )
    return Told(
        account=account,
        region=region,
        action=_REFUSED.partition(":")[2],
        status=400,
        answer={"__type": "AccessDeniedException", "message": message},
    )


def _finding(place: Place, now: datetime) -> Iterator[Told]:
    """One finding that nobody looked at, about the port that was opened for a night."""
    detector = cast("Sequence[str]", place.do("guardduty", "list_detectors")["DetectorIds"])[0]
    finding = "1ab92989eaf0e742df4a014d5171d8a0"
    since = (now - timedelta(days=19)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    yield _told(place, "ListFindings", {"findingIds": [finding]})
    yield _told(
        place,
        "GetFindings",
        {
            "findings": [
                {
                    "accountId": place.account,
                    "arn": f"arn:aws:guardduty:{place.region}:{place.account}:detector/{detector}/finding/{finding}",
                    "createdAt": since,
                    "updatedAt": since,
                    "id": finding,
                    "region": place.region,
                    "resource": {"resourceType": "Instance"},
                    "schemaVersion": "2.0",
                    "service": {"archived": False, "count": 41},
                    "severity": 8,
                    "title": "The machine robot-gateway is the target of a brute-force attack on SSH.",
                    "type": "UnauthorizedAccess:EC2/SSHBruteForce",
                }
            ]
        },
    )


def _rows(answer: object, key: str) -> Sequence[Mapping[str, object]]:
    return cast("Mapping[str, Sequence[Mapping[str, object]]]", answer)[key]


def _name(resource: Mapping[str, object]) -> str:
    tags = cast("Sequence[Mapping[str, str]]", resource.get("Tags", ()))
    return next((tag["Value"] for tag in tags if tag["Key"] == "Name"), "")
