"""Items that the examples of this folder start from; each is satisfactory until a field is replaced."""

from datetime import datetime, timedelta

from auditwright.core.control_test import EXAMPLE_NOW
from auditwright.core.evidence import Scope, digest_of
from auditwright.core.ids import IntegrationId, ResourceId
from auditwright.core.resources import (
    DatabaseSnapshot,
    DiskSnapshot,
    MachineImage,
    PatchState,
    VirtualMachine,
)

AWS = Scope(source=IntegrationId("aws"), account="111122223333", region="eu-west-1")
EVIDENCE = (digest_of(b"an example"),)


def days_ago(days: int) -> datetime:
    """A moment before the time at which examples are examined."""
    return EXAMPLE_NOW - timedelta(days=days)


MACHINE = VirtualMachine(
    id=ResourceId("arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718"),
    name="web-1",
    scope=AWS,
    evidence=EVIDENCE,
    state="running",
    metadata_enabled=True,
    metadata_token_required=True,
    public_address=None,
    tags=(),
)

PATCHES = PatchState(
    id=ResourceId(f"{MACHINE.id}/patch-state"),
    name="web-1",
    scope=AWS,
    evidence=EVIDENCE,
    machine=MACHINE.id,
    missing=0,
    failed=0,
    scanned_at=days_ago(1),
)

IMAGE = MachineImage(
    id=ResourceId("arn:aws:ec2:eu-west-1::image/ami-0a1b2c3d4e5f60718"),
    name="web-2026-06",
    scope=AWS,
    evidence=EVIDENCE,
    public=False,
)

DISK_SNAPSHOT = DiskSnapshot(
    id=ResourceId("arn:aws:ec2:eu-west-1::snapshot/snap-0a1b2c3d4e5f60718"),
    name="nightly",
    scope=AWS,
    evidence=EVIDENCE,
    encrypted=True,
    public=False,
    created_at=days_ago(1),
)

DATABASE_SNAPSHOT = DatabaseSnapshot(
    id=ResourceId("arn:aws:rds:eu-west-1:111122223333:snapshot:orders-2026-06-30"),
    name="orders-2026-06-30",
    scope=AWS,
    evidence=EVIDENCE,
    database="orders",
    encrypted=True,
    public=False,
    created_at=days_ago(1),
)
