"""Automated backups of managed databases."""

from dataclasses import replace

from auditwright.control_tests._days import in_days
from auditwright.control_tests._examples import DATABASE
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import Database

NOT_SHOWN = Unknown("the answer has no field BackupRetentionPeriod")


@control_test(
    id="availability.databases-backed-up",
    controls=("BCP-03", "BCP-04"),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "RDS > Databases > the instance (or its Aurora cluster) > Modify > Backup: backup retention period of "
            "7 days or more > Continue > Apply immediately > Modify."
        ),
        command=(
            "aws rds modify-db-instance --db-instance-identifier <database> --backup-retention-period 7 "
            "--apply-immediately; for Aurora aws rds modify-db-cluster --db-cluster-identifier <cluster> "
            "--backup-retention-period 7 --apply-immediately"
        ),
        terraform='resource "aws_db_instance" or "aws_rds_cluster": backup_retention_period = 7',
    ),
    examples=(
        Example(DATABASE, Satisfied("backups are kept for 14 days")),
        Example(replace(DATABASE, backup_retention_days=7), Satisfied("backups are kept for 7 days")),
        Example(
            replace(DATABASE, backup_retention_days=1),
            Deviation("backups are kept for 1 day; the minimum is 7"),
        ),
        Example(replace(DATABASE, backup_retention_days=0), Deviation("automated backups are off")),
        Example(
            DATABASE,
            Deviation("backups are kept for 14 days; the minimum is 35"),
            settings={"min_days": 35},
        ),
        Example(replace(DATABASE, backup_retention_days=NOT_SHOWN), Undetermined(NOT_SHOWN.why)),
    ),
)
def databases_backed_up(database: Database, *, min_days: int = 7) -> Outcome:
    """Every managed database keeps automated backups for at least `min_days` days.

    Damage is often noticed days later. Within the retention a database can be restored to any second
    before the damage.
    """
    kept_days = database.backup_retention_days
    if isinstance(kept_days, Unknown):
        return Undetermined(kept_days.why)
    if kept_days <= 0:
        return Deviation("automated backups are off")
    if kept_days < min_days:
        return Deviation(f"backups are kept for {in_days(kept_days)}; the minimum is {min_days}")
    return Satisfied(f"backups are kept for {in_days(kept_days)}")
