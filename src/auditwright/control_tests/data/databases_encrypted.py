"""Encryption of databases."""

from dataclasses import replace

from auditwright.control_tests._examples import DATABASE, REFUSED
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import Database


@control_test(
    id="data.databases-encrypted",
    controls=("CRY-02",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "A database that exists cannot be encrypted in place. RDS > Databases > the database > Actions > "
            "Take snapshot; Snapshots > the snapshot > Actions > Copy snapshot > Enable encryption; the copy "
            "> Actions > Restore snapshot; point the application at the new database and delete the old one."
        ),
        command=(
            "aws rds create-db-snapshot --db-instance-identifier <database> --db-snapshot-identifier "
            "<snapshot>; aws rds copy-db-snapshot --source-db-snapshot-identifier <snapshot> "
            "--target-db-snapshot-identifier <encrypted-snapshot> --kms-key-id <key-id>; aws rds "
            "restore-db-instance-from-db-snapshot --db-instance-identifier <new-database> "
            "--db-snapshot-identifier <encrypted-snapshot>"
        ),
        terraform=(
            'resource "aws_db_instance" (or "aws_rds_cluster") with storage_encrypted = true (replaces the '
            "database: restore it from an encrypted copy of a snapshot with snapshot_identifier)"
        ),
    ),
    examples=(
        Example(DATABASE, Satisfied()),
        Example(replace(DATABASE, encrypted=False), Deviation("the database orders is not encrypted")),
        Example(replace(DATABASE, encrypted=REFUSED), Undetermined(REFUSED.why)),
    ),
)
def databases_encrypted(database: Database) -> Outcome:
    """Every managed database is encrypted at rest.

    Encryption covers the storage, its automatic backups and its replicas; whoever gets a copy cannot read
    it without permission to use the key.
    """
    if isinstance(database.encrypted, Unknown):
        return Undetermined(database.encrypted.why)
    if database.encrypted:
        return Satisfied()
    return Deviation(f"the database {database.name} is not encrypted")
