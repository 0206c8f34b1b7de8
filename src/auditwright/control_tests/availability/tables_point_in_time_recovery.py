"""Point-in-time recovery of tables."""

from dataclasses import replace

from auditwright.control_tests._examples import TABLE
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import Table

REFUSED = Unknown("dynamodb:DescribeContinuousBackups was refused")


@control_test(
    id="availability.tables-point-in-time-recovery",
    controls=("BCP-04",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "DynamoDB > Tables > the table > Backups > Point-in-time recovery (PITR) > Edit > Turn on > Save "
            "changes."
        ),
        command=(
            "aws dynamodb update-continuous-backups --table-name <table> "
            "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
        ),
        terraform='resource "aws_dynamodb_table": point_in_time_recovery { enabled = true }',
    ),
    examples=(
        Example(TABLE, Satisfied()),
        Example(replace(TABLE, point_in_time_recovery=False), Deviation("point-in-time recovery is off")),
        Example(replace(TABLE, point_in_time_recovery=REFUSED), Undetermined(REFUSED.why)),
    ),
)
def tables_point_in_time_recovery(table: Table) -> Outcome:
    """Every table can be restored to a point in time.

    A faulty release can overwrite a whole table in minutes. Without point-in-time recovery the data is
    gone, however many copies the service keeps: it copies the mistake too.
    """
    if isinstance(table.point_in_time_recovery, Unknown):
        return Undetermined(table.point_in_time_recovery.why)
    return Satisfied() if table.point_in_time_recovery else Deviation("point-in-time recovery is off")
