"""Threat detection in every region in use."""

from dataclasses import replace

from auditwright.control_tests._examples import (
    DATABASE,
    DETECTOR,
    ELSEWHERE,
    MACHINE,
    REFUSED,
    REGION,
    TRAIL_BUCKET,
)
from auditwright.control_tests.monitoring._regions import NOTHING_SEEN, Users, items_at, place_of, watched
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resource import Related
from auditwright.core.resources import (
    BlockVolume,
    CloudRegion,
    Database,
    LoadBalancer,
    StorageBucket,
    Table,
    ThreatDetector,
    VirtualMachine,
)

OFF = replace(DETECTOR, enabled=False)


@control_test(
    id="monitoring.threat-detection-on",
    controls=("LOG-05",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "GuardDuty > choose the region > Get started > Enable GuardDuty (or Settings > Re-enable GuardDuty). "
            "With an organization: Accounts > Auto-enable, in each region, from the delegated administrator."
        ),
        command=(
            "aws guardduty create-detector --enable --region <region>; for one that is suspended aws guardduty "
            "update-detector --detector-id <detector-id> --enable --region <region>"
        ),
        terraform='resource "aws_guardduty_detector": enable = true, once for the provider of each region',
    ),
    examples=(
        Example(REGION, Satisfied(), given=(DETECTOR, MACHINE)),
        Example(REGION, NotApplicable(NOTHING_SEEN), given=(DETECTOR,)),
        Example(REGION, Satisfied(), given=(DETECTOR, replace(TRAIL_BUCKET, region=REFUSED))),
        Example(REGION, Deviation("no threat detector watches this region"), given=(MACHINE,)),
        Example(REGION, Deviation("threat detection is suspended"), given=(OFF, DATABASE)),
        Example(
            REGION,
            Deviation("no threat detector watches this region"),
            given=(replace(DETECTOR, scope=ELSEWHERE), replace(TRAIL_BUCKET, region="eu-west-1")),
        ),
        Example(REGION, NotApplicable(NOTHING_SEEN), given=(TRAIL_BUCKET, replace(MACHINE, scope=ELSEWHERE))),
        Example(REGION, NotApplicable(NOTHING_SEEN)),
        Example(REGION, Undetermined(REFUSED.why), given=(replace(DETECTOR, enabled=REFUSED), MACHINE)),
        Example(REGION, Undetermined(REFUSED.why), given=(replace(TRAIL_BUCKET, region=REFUSED),)),
    ),
)
def threat_detection_on(  # noqa: PLR0913  # whatever shows that a region is in use, by keyword
    region: CloudRegion,
    *,
    detectors: Related[ThreatDetector],
    machines: Related[VirtualMachine],
    volumes: Related[BlockVolume],
    balancers: Related[LoadBalancer],
    databases: Related[Database],
    tables: Related[Table],
    buckets: Related[StorageBucket],
) -> Outcome:
    """Threat detection is on in every region in use.

    Threat detection notices stolen credentials and taken-over machines that no rule of one's own looks for.
    A region counts as in use when a machine, disk, balancer, database, table or bucket was seen there.
    """
    place = place_of(region)
    return watched(
        [_judge(detector) for detector in items_at(detectors, place)],
        used=Users(
            machines=machines,
            volumes=volumes,
            balancers=balancers,
            databases=databases,
            tables=tables,
            buckets=buckets,
        ).in_region(place),
        unseen=detectors.absence_at(place),
        nothing="no threat detector watches this region",
    )


def _judge(detector: ThreatDetector) -> Outcome:
    if isinstance(detector.enabled, Unknown):
        return Undetermined(detector.enabled.why)
    return Satisfied() if detector.enabled else Deviation("threat detection is suspended")
