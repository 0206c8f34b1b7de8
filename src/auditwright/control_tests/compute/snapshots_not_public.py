"""Snapshots that anybody may restore."""

from dataclasses import replace

from auditwright.control_tests._examples import DATABASE_SNAPSHOT, DISK_SNAPSHOT
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import DatabaseSnapshot, DiskSnapshot

REFUSED = Unknown("rds:DescribeDBSnapshotAttributes was refused")
NOT_LISTED = Unknown("ec2:DescribeSnapshots of public snapshots was refused")


@control_test(
    id="compute.snapshots-not-public",
    controls=("DAT-03",),
    severity=Severity.CRITICAL,
    remediation=Remediation(
        console=(
            "EC2 > Snapshots > the snapshot > Snapshot settings > Modify permissions > Private > Modify "
            "permissions; or RDS > Snapshots > the snapshot > Actions > Share snapshot > Private > Save. "
            "Treat what it held as disclosed until shown otherwise."
        ),
        command=(
            "aws ec2 modify-snapshot-attribute --snapshot-id <snapshot-id> --attribute createVolumePermission "
            "--operation-type remove --group-names all; or aws rds modify-db-snapshot-attribute "
            "--db-snapshot-identifier <snapshot> --attribute-name restore --values-to-remove all; then aws ec2 "
            "enable-snapshot-block-public-access --state block-all-sharing --region <region>"
        ),
        terraform=(
            'resource "aws_ebs_snapshot_block_public_access": state = "block-all-sharing"; resource '
            '"aws_db_snapshot": remove "all" from shared_accounts'
        ),
    ),
    examples=(
        Example(DISK_SNAPSHOT, Satisfied()),
        Example(DATABASE_SNAPSHOT, Satisfied()),
        Example(
            replace(DISK_SNAPSHOT, public=True, encrypted=False),
            Deviation("anybody may restore the snapshot nightly"),
        ),
        Example(
            replace(DATABASE_SNAPSHOT, public=True, encrypted=False),
            Deviation("anybody may restore the snapshot orders-2026-06-30 of the database orders"),
        ),
        Example(replace(DATABASE_SNAPSHOT, public=REFUSED, encrypted=False), Undetermined(REFUSED.why)),
        Example(replace(DISK_SNAPSHOT, public=NOT_LISTED, encrypted=False), Undetermined(NOT_LISTED.why)),
    ),
)
def snapshots_not_public(snapshot: DiskSnapshot | DatabaseSnapshot) -> Outcome:
    """No snapshot of a disk or a database is public.

    A public snapshot is a copy of the data that anybody with an account at the same provider can restore
    and read, without a trace in the organization's own logs.
    """
    if isinstance(snapshot.public, Unknown):
        return Undetermined(snapshot.public.why)
    if not snapshot.public:
        return Satisfied()
    origin = f" of the database {snapshot.database}" if isinstance(snapshot, DatabaseSnapshot) else ""
    return Deviation(f"anybody may restore the snapshot {snapshot.name}{origin}")
