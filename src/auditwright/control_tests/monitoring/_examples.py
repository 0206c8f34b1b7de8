"""Items that the examples of this folder start from; each is satisfactory until a field is replaced."""

from dataclasses import replace
from datetime import datetime, timedelta

from auditwright.core.control_test import EXAMPLE_NOW
from auditwright.core.evidence import Scope, digest_of
from auditwright.core.ids import IntegrationId, ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import (
    Alarm,
    AuditTrail,
    CloudRegion,
    ConfigurationRecorder,
    Database,
    LogGroup,
    PublicAccessBlock,
    PublicAccessSetting,
    StorageBucket,
    ThreatDetector,
    ThreatFinding,
    VirtualMachine,
)

ACCOUNT = Scope(source=IntegrationId("aws"), account="111122223333")
HERE = replace(ACCOUNT, region="eu-west-1")
ELSEWHERE = replace(ACCOUNT, region="us-east-1")
OTHER_ACCOUNT = replace(ACCOUNT, account="444455556666")
EVIDENCE = (digest_of(b"an example"),)
REFUSED = Unknown("the call was refused")


def days_ago(days: int) -> datetime:
    """A moment before the time at which examples are examined."""
    return EXAMPLE_NOW - timedelta(days=days)


REGION = CloudRegion(
    id=ResourceId("aws:111122223333:eu-west-1"), name="eu-west-1", scope=ACCOUNT, evidence=EVIDENCE
)

TRAIL = AuditTrail(
    id=ResourceId("arn:aws:cloudtrail:us-east-1:111122223333:trail/main"),
    name="main",
    scope=ACCOUNT,
    evidence=EVIDENCE,
    home_region="us-east-1",
    multi_region=True,
    logging=True,
    records_management_events=True,
    log_validation=True,
    bucket="acme-trails",
)

ALL_BLOCKED = PublicAccessBlock(
    block_public_acls=True, ignore_public_acls=True, block_public_policy=True, restrict_public_buckets=True
)

BUCKET = StorageBucket(
    id=ResourceId("arn:aws:s3:::acme-trails"),
    name="acme-trails",
    scope=ACCOUNT,
    evidence=EVIDENCE,
    region="us-east-1",
    block=ALL_BLOCKED,
    public_by_policy=False,
    public_by_acl=False,
    tls_only=True,
    tags=(),
)

ACCOUNT_BLOCK = PublicAccessSetting(
    id=ResourceId("aws:111122223333:s3-public-access-block"),
    name="111122223333",
    scope=ACCOUNT,
    evidence=EVIDENCE,
    block=ALL_BLOCKED,
)

LOGS = LogGroup(
    id=ResourceId("arn:aws:logs:eu-west-1:111122223333:log-group:/app/api"),
    name="/app/api",
    scope=HERE,
    evidence=EVIDENCE,
    retention_days=400,
)

DETECTOR = ThreatDetector(
    id=ResourceId("arn:aws:guardduty:eu-west-1:111122223333:detector/12abc34d567e8fa901bc2d34e56789f0"),
    name="12abc34d567e8fa901bc2d34e56789f0",
    scope=HERE,
    evidence=EVIDENCE,
    enabled=True,
)

FINDING = ThreatFinding(
    id=ResourceId(f"{DETECTOR.id}/finding/16afba5c5c43e07c9e3e5e2e544e95df"),
    name="Credentials of web-1 are used from outside AWS",
    scope=HERE,
    evidence=EVIDENCE,
    type="UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
    severity="high",
    created_at=days_ago(2),
    updated_at=days_ago(1),
    archived=False,
)

RECORDER = ConfigurationRecorder(
    id=ResourceId("arn:aws:config:eu-west-1:111122223333:configuration-recorder/default"),
    name="default",
    scope=HERE,
    evidence=EVIDENCE,
    recording=True,
    all_resource_types=True,
)

ALARM = Alarm(
    id=ResourceId("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors"),
    name="errors",
    scope=HERE,
    evidence=EVIDENCE,
    actions_enabled=True,
    topics=("arn:aws:sns:eu-west-1:111122223333:on-call",),
    other_actions=(),
    confirmed_subscribers=2,
)

MACHINE = VirtualMachine(
    id=ResourceId("arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718"),
    name="web-1",
    scope=HERE,
    evidence=EVIDENCE,
    state="running",
    metadata_enabled=True,
    metadata_token_required=True,
    public_address=None,
    tags=(),
)

DATABASE = Database(
    id=ResourceId("arn:aws:rds:eu-west-1:111122223333:db:orders"),
    name="orders",
    scope=HERE,
    evidence=EVIDENCE,
    engine="postgres",
    port=5432,
    publicly_accessible=False,
    encrypted=True,
    backup_retention_days=14,
    multi_zone=True,
    tags=(),
)
