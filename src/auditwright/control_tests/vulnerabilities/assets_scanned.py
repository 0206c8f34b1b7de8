"""How long ago assets were scanned."""

from dataclasses import replace
from datetime import datetime

from auditwright.control_tests._days import ago, days_since
from auditwright.control_tests._examples import SCANNED, days_ago
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import ScannedAsset


@control_test(
    id="vulnerabilities.assets-scanned",
    controls=("VUL-01",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console="Run the scanners over the asset, and take their reports in; best in the pipeline, with each release.",
        command="grype <image> -o json > grype.json; trivy image <image> -f json -o trivy.json; auditwright vulns triage grype.json trivy.json",
        terraform='resource "aws_inspector2_enabler": account_ids, resource_types = ["ECR", "EC2", "LAMBDA"]',
    ),
    examples=(
        Example(SCANNED, Satisfied("scanned 3 days ago by grype, trivy")),
        Example(replace(SCANNED, scanned_at=days_ago(91)), Satisfied("scanned 91 days ago by grype, trivy")),
        Example(
            replace(SCANNED, scanned_at=days_ago(93)),
            Deviation("the last scan was 93 days ago; the limit is 92"),
        ),
        Example(
            replace(SCANNED, scanned_at=days_ago(8)),
            Deviation("the last scan was 8 days ago; the limit is 7"),
            settings={"max_age_days": 7},
        ),
        Example(
            replace(SCANNED, scanned_at=days_ago(-4)),
            Undetermined("the source gives 2026-07-05, which is 4 days ahead"),
        ),
    ),
)
def assets_scanned(asset: ScannedAsset, *, now: datetime, max_age_days: int = 92) -> Outcome:
    """Every asset was scanned for vulnerabilities in the last `max_age_days` days.

    What nobody looks at, nobody fixes. An asset that is no longer in use is retired with a reason.
    """
    age_days = days_since(asset.scanned_at, now)
    if isinstance(age_days, Unknown):
        return Undetermined(age_days.why)
    if age_days > max_age_days:
        return Deviation(f"the last scan was {ago(age_days)}; the limit is {max_age_days}")
    return Satisfied(f"scanned {ago(age_days)} by {', '.join(asset.tools)}")
