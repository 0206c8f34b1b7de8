"""Encryption of snapshots."""

from dataclasses import replace

from auditwright.control_tests._examples import DATABASE_SNAPSHOT, DISK_SNAPSHOT, REFUSED
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import DatabaseSnapshot, DiskSnapshot


@control_test(
    id="data.snapshots-encrypted",
    controls=("CRY-02",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "EC2 > Snapshots (or RDS > Snapshots) > the snapshot > Actions > Copy snapshot > Encrypt (Enable "
            "encryption); check the copy, then the old snapshot > Actions > Delete snapshot."
        ),
        command=(
            "aws ec2 copy-snapshot --source-region <region> --source-snapshot-id <snapshot-id> --encrypted; "
            "aws ec2 delete-snapshot --snapshot-id <snapshot-id>; for a database: aws rds copy-db-snapshot "
            "--source-db-snapshot-identifier <snapshot> --target-db-snapshot-identifier "
            "<encrypted-snapshot> --kms-key-id <key-id>; aws rds delete-db-snapshot "
            "--db-snapshot-identifier <snapshot>"
        ),
        terraform=(
            'resource "aws_ebs_snapshot_copy" with encrypted = true; resource "aws_db_snapshot_copy" with '
            "kms_key_id; snapshots of encrypted volumes and databases are encrypted by themselves"
        ),
    ),
    examples=(
        Example(DISK_SNAPSHOT, Satisfied()),
        Example(replace(DISK_SNAPSHOT, encrypted=False), Deviation("the snapshot nightly is not encrypted")),
        Example(replace(DISK_SNAPSHOT, encrypted=REFUSED), Undetermined(REFUSED.why)),
        Example(DATABASE_SNAPSHOT, Satisfied()),
        Example(
            replace(DATABASE_SNAPSHOT, encrypted=False),
            Deviation("the snapshot orders-2026-06-30 of the database orders is not encrypted"),
        ),
        Example(replace(DATABASE_SNAPSHOT, encrypted=REFUSED), Undetermined(REFUSED.why)),
    ),
)
def snapshots_encrypted(snapshot: DiskSnapshot | DatabaseSnapshot) -> Outcome:
    """Every snapshot of a disk volume or database is encrypted at rest.

    A snapshot holds all of the data, outlives what it was made from, and is one setting away from being
    shared with another account.
    """
    if isinstance(snapshot.encrypted, Unknown):
        return Undetermined(snapshot.encrypted.why)
    if snapshot.encrypted:
        return Satisfied()
    of = f" of the database {snapshot.database}" if isinstance(snapshot, DatabaseSnapshot) else ""
    return Deviation(f"the snapshot {snapshot.name}{of} is not encrypted")
