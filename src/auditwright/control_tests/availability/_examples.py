"""Items that the examples of this folder start from; each is satisfactory until a field is replaced."""

from datetime import datetime, timedelta

from auditwright.core.control_test import EXAMPLE_NOW
from auditwright.core.evidence import Scope, digest_of
from auditwright.core.ids import IntegrationId, ResourceId
from auditwright.core.resource import Resource
from auditwright.core.resources import (
    BackupProtection,
    BlockVolume,
    Database,
    Table,
    VirtualMachine,
)

AWS = Scope(source=IntegrationId("aws"), account="111122223333", region="eu-west-1")
EVIDENCE = (digest_of(b"an example"),)
PRODUCTION = (("environment", "production"),)


def hours_ago(hours: int) -> datetime:
    """A moment before the time at which examples are examined."""
    return EXAMPLE_NOW - timedelta(hours=hours)


DATABASE = Database(
    id=ResourceId("arn:aws:rds:eu-west-1:111122223333:db:orders"),
    name="orders",
    scope=AWS,
    evidence=EVIDENCE,
    engine="postgres",
    port=5432,
    publicly_accessible=False,
    encrypted=True,
    backup_retention_days=14,
    multi_zone=True,
    tags=PRODUCTION,
)

TABLE = Table(
    id=ResourceId("arn:aws:dynamodb:eu-west-1:111122223333:table/sessions"),
    name="sessions",
    scope=AWS,
    evidence=EVIDENCE,
    point_in_time_recovery=True,
    tags=PRODUCTION,
)

VOLUME = BlockVolume(
    id=ResourceId("arn:aws:ec2:eu-west-1:111122223333:volume/vol-0a1b2c3d4e5f60718"),
    name="uploads",
    scope=AWS,
    evidence=EVIDENCE,
    encrypted=True,
    attached_to=(),
    tags=PRODUCTION,
)

MACHINE = VirtualMachine(
    id=ResourceId("arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718"),
    name="web-1",
    scope=AWS,
    evidence=EVIDENCE,
    state="running",
    metadata_enabled=True,
    metadata_token_required=True,
    public_address=None,
    tags=PRODUCTION,
)


def backup_of(item: Resource) -> BackupProtection:
    """The protection of an item that was backed up six hours ago."""
    return BackupProtection(
        id=ResourceId(f"backup:{item.id}"),
        name=item.name,
        scope=AWS,
        evidence=EVIDENCE,
        protects=item.id,
        last_backup_at=hours_ago(6),
    )
