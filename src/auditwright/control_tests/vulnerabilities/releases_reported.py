"""A vulnerability report with each release."""

from dataclasses import replace
from datetime import datetime

from auditwright.control_tests._days import days_since
from auditwright.control_tests._examples import RELEASE, REPORT, days_ago
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resource import Related
from auditwright.core.resources import Release, VulnerabilityReport

NOT_SHOWN = Unknown("the tag has no time that can be read")


@control_test(
    id="vulnerabilities.releases-reported",
    controls=("VUL-01", "VUL-05"),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console="The pipeline of the release: add the step that scans what is released and publishes its report.",
        command="auditwright vulns release <tag> <report>… --out <folder>",
        terraform="None: the report is made where the release is built; examples/release has the step for CI.",
    ),
    examples=(
        Example(RELEASE, Satisfied("reported with 12 open issues"), given=(REPORT,)),
        Example(
            RELEASE,
            Satisfied("reported with 12 open issues"),
            given=(replace(REPORT, release="1.4.2", name="1.4.2"),),
        ),
        Example(RELEASE, Deviation("no vulnerability report of v1.4.2 was published")),
        Example(
            RELEASE,
            Deviation("no vulnerability report of v1.4.2 was published"),
            given=(replace(REPORT, release="v1.4.1", name="v1.4.1"),),
        ),
        Example(
            replace(RELEASE, released_at=days_ago(367)),
            NotApplicable("released 367 days ago"),
        ),
        Example(replace(RELEASE, released_at=NOT_SHOWN), Undetermined(NOT_SHOWN.why)),
    ),
)
def releases_reported(
    release: Release, *, now: datetime, reports: Related[VulnerabilityReport], within_days: int = 366
) -> Outcome:
    """A vulnerability report exists for every release of the last `within_days` days.

    Whoever runs a release may know what it carries. A report is found by the release's name, with or without the v in front.
    """
    name = _bare(release.release)
    found = [report for report in reports if _bare(report.release) == name]
    if found:
        return Satisfied(f"reported with {found[0].open_issues} open issues")
    age_days = days_since(release.released_at, now)
    if isinstance(age_days, Unknown):
        return Undetermined(age_days.why)
    if age_days > within_days:
        return NotApplicable(f"released {age_days} days ago")
    unseen = reports.absence()
    return (
        Deviation(f"no vulnerability report of {release.release} was published")
        if unseen is None
        else Undetermined(unseen.why)
    )


def _bare(name: str) -> str:
    return name[1:] if name[:1] in {"v", "V"} and name[1:2].isdigit() else name
