"""Managed databases with a public address."""

from dataclasses import replace

from auditwright.control_tests._examples import DATABASE
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import Database

NOT_SHOWN = Unknown("the answer has no field PubliclyAccessible")


@control_test(
    id="network.databases-not-public",
    controls=("NET-02",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "RDS > Databases > the instance > Modify > Connectivity > Additional configuration: Not publicly "
            "accessible > Continue > Apply immediately > Modify DB instance."
        ),
        command=(
            "aws rds modify-db-instance --db-instance-identifier <database> --no-publicly-accessible "
            "--apply-immediately"
        ),
        terraform='resource "aws_db_instance" or "aws_rds_cluster_instance": publicly_accessible = false',
    ),
    examples=(
        Example(DATABASE, Satisfied()),
        Example(
            replace(DATABASE, publicly_accessible=True),
            Deviation("orders (postgres) has an address on the internet"),
        ),
        Example(replace(DATABASE, publicly_accessible=NOT_SHOWN), Undetermined(NOT_SHOWN.why)),
    ),
)
def databases_not_public(database: Database) -> Outcome:
    """No managed database has an address on the internet.

    Without a public address a mistake in a firewall rule does not put the database on the internet.
    """
    if isinstance(database.publicly_accessible, Unknown):
        return Undetermined(database.publicly_accessible.why)
    if database.publicly_accessible:
        return Deviation(f"{database.name} ({database.engine}) has an address on the internet")
    return Satisfied()
