"""Proof that a trail's files were not altered."""

from dataclasses import replace

from auditwright.control_tests._examples import REFUSED, TRAIL
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import AuditTrail


@control_test(
    id="monitoring.trail-log-validation",
    controls=("LOG-02",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "CloudTrail > Trails > the trail > General details > Edit > Log file validation: Enabled > Save "
            "changes."
        ),
        command="aws cloudtrail update-trail --name <trail> --enable-log-file-validation --region <home-region>",
        terraform='resource "aws_cloudtrail": enable_log_file_validation = true',
    ),
    examples=(
        Example(TRAIL, Satisfied()),
        Example(replace(TRAIL, log_validation=False), Deviation("log file validation is off")),
        Example(replace(TRAIL, log_validation=REFUSED), Undetermined(REFUSED.why)),
    ),
)
def trail_log_validation(trail: AuditTrail) -> Outcome:
    """Every trail writes signed digests of its log files.

    With the digests anybody can show that no file was changed or removed since it was written. Files
    from before validation was switched on stay without proof.
    """
    if isinstance(trail.log_validation, Unknown):
        return Undetermined(trail.log_validation.why)
    return Satisfied() if trail.log_validation else Deviation("log file validation is off")
