"""Items that the examples of this folder start from; each is satisfactory until a field is replaced."""

from datetime import timedelta

from auditwright.core.control_test import EXAMPLE_NOW
from auditwright.core.evidence import Scope, digest_of
from auditwright.core.ids import IntegrationId, ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import (
    BlockVolume,
    Certificate,
    Database,
    DatabaseSnapshot,
    DiskSnapshot,
    EncryptionKey,
    Listener,
    LoadBalancer,
    PublicAccessBlock,
    PublicAccessSetting,
    StorageBucket,
)

ACCOUNT = Scope(source=IntegrationId("aws"), account="111122223333")
REGION = Scope(source=IntegrationId("aws"), account="111122223333", region="eu-west-1")
EVIDENCE = (digest_of(b"an example"),)
REFUSED = Unknown("the call was refused")

ALL_BLOCKED = PublicAccessBlock(
    block_public_acls=True, ignore_public_acls=True, block_public_policy=True, restrict_public_buckets=True
)
NONE_BLOCKED = PublicAccessBlock(
    block_public_acls=False,
    ignore_public_acls=False,
    block_public_policy=False,
    restrict_public_buckets=False,
)

ACCOUNT_BLOCK = PublicAccessSetting(
    id=ResourceId("arn:aws:s3::111122223333:public-access-block"),
    name="public access block of 111122223333",
    scope=ACCOUNT,
    evidence=EVIDENCE,
    block=ALL_BLOCKED,
)

BUCKET = StorageBucket(
    id=ResourceId("arn:aws:s3:::invoices"),
    name="invoices",
    scope=ACCOUNT,
    evidence=EVIDENCE,
    region="eu-west-1",
    block=ALL_BLOCKED,
    public_by_policy=False,
    public_by_acl=False,
    tls_only=True,
    tags=(),
)

VOLUME = BlockVolume(
    id=ResourceId("arn:aws:ec2:eu-west-1:111122223333:volume/vol-1"),
    name="vol-1",
    scope=REGION,
    evidence=EVIDENCE,
    encrypted=True,
    attached_to=(),
    tags=(),
)

DATABASE = Database(
    id=ResourceId("arn:aws:rds:eu-west-1:111122223333:db:orders"),
    name="orders",
    scope=REGION,
    evidence=EVIDENCE,
    engine="postgres",
    port=5432,
    publicly_accessible=False,
    encrypted=True,
    backup_retention_days=14,
    multi_zone=True,
    tags=(),
)

DISK_SNAPSHOT = DiskSnapshot(
    id=ResourceId("arn:aws:ec2:eu-west-1:111122223333:snapshot/snap-1"),
    name="snap-1",
    scope=REGION,
    evidence=EVIDENCE,
    encrypted=True,
    public=False,
    created_at=EXAMPLE_NOW - timedelta(days=3),
)

DATABASE_SNAPSHOT = DatabaseSnapshot(
    id=ResourceId("arn:aws:rds:eu-west-1:111122223333:snapshot:orders-1"),
    name="orders-1",
    scope=REGION,
    evidence=EVIDENCE,
    database="orders",
    encrypted=True,
    public=False,
    created_at=EXAMPLE_NOW - timedelta(days=3),
)

KEY = EncryptionKey(
    id=ResourceId("arn:aws:kms:eu-west-1:111122223333:key/1111"),
    name="1111",
    scope=REGION,
    evidence=EVIDENCE,
    customer_managed=True,
    enabled=True,
    rotatable=True,
    rotates=True,
)

CERTIFICATE = Certificate(
    id=ResourceId("arn:aws:acm:eu-west-1:111122223333:certificate/2222"),
    name="www.acme.example",
    scope=REGION,
    evidence=EVIDENCE,
    domain="www.acme.example",
    in_use=True,
    expires_at=EXAMPLE_NOW + timedelta(days=200),
    status="ISSUED",
)

HTTPS = Listener(
    protocol="HTTPS", port=443, tls_policy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06", redirects_to_https=False
)
HTTP = Listener(protocol="HTTP", port=80, tls_policy="", redirects_to_https=False)
REDIRECT = Listener(protocol="HTTP", port=80, tls_policy="", redirects_to_https=True)

BALANCER = LoadBalancer(
    id=ResourceId("arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/3333"),
    name="shop",
    scope=REGION,
    evidence=EVIDENCE,
    type="application",
    internet_facing=True,
    listeners=(HTTPS, REDIRECT),
    web_acl=None,
)
