"""Management events of every region."""

from collections.abc import Iterator
from dataclasses import replace

from auditwright.control_tests._examples import OTHER_ACCOUNT, REFUSED, REGION, TRAIL
from auditwright.control_tests.monitoring._regions import place_of
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resource import Related
from auditwright.core.resources import AuditTrail, CloudRegion

NO_TRAIL = "no active trail records this region's management events"
FOREIGN = replace(TRAIL, scope=OTHER_ACCOUNT, name="organization")


@control_test(
    id="monitoring.trail-multi-region",
    controls=("LOG-01",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "CloudTrail > Trails > Create trail (or the trail > Edit): it applies to all regions; Management "
            "events > Read and Write, none excluded; and the trail's page > Start logging."
        ),
        command=(
            "aws cloudtrail create-trail --name <trail> --s3-bucket-name <bucket> --is-multi-region-trail "
            "--enable-log-file-validation (or aws cloudtrail update-trail --name <trail> "
            "--is-multi-region-trail); aws cloudtrail put-event-selectors --trail-name <trail> "
            "--event-selectors ReadWriteType=All,IncludeManagementEvents=true; aws cloudtrail start-logging "
            "--name <trail>"
        ),
        terraform=(
            'resource "aws_cloudtrail": is_multi_region_trail = true, enable_logging = true, '
            "include_global_service_events = true, event_selector { read_write_type = "
            '"All", include_management_events = true }'
        ),
    ),
    examples=(
        Example(REGION, Satisfied("recorded by the trail main"), given=(TRAIL,)),
        Example(
            REGION,
            Satisfied("recorded by the trail main"),
            given=(replace(TRAIL, multi_region=False, home_region="eu-west-1"),),
        ),
        Example(REGION, Deviation(NO_TRAIL)),
        Example(
            REGION,
            Deviation(f"{NO_TRAIL}: main is not logging"),
            given=(replace(TRAIL, logging=False, records_management_events=False),),
        ),
        Example(
            REGION,
            Deviation(f"{NO_TRAIL}: main records us-east-1 only"),
            given=(replace(TRAIL, multi_region=False),),
        ),
        Example(
            REGION,
            Deviation(f"{NO_TRAIL}: main does not record all management events"),
            given=(replace(TRAIL, records_management_events=False),),
        ),
        Example(
            REGION,
            Deviation(NO_TRAIL),
            given=(FOREIGN,),
        ),
        Example(
            REGION, Undetermined(f"the trail main: {REFUSED.why}"), given=(replace(TRAIL, logging=REFUSED),)
        ),
    ),
)
def trail_multi_region(region: CloudRegion, *, trails: Related[AuditTrail]) -> Outcome:
    """The management events of every enabled region are recorded by an active trail.

    Who changed what can only be told from a trail that was on at the time, and intruders like regions
    that nobody looks at. One trail of all regions records those as well that are enabled later.
    """
    place = place_of(region)
    own = [trail for trail in trails if trail.scope.account == place.account]
    for trail in own:
        if all(fact is True for fact in _needs(trail, region)):
            return Satisfied(f"recorded by the trail {trail.name}")
    for trail in own:
        unknown = _in_doubt(trail, region)
        if unknown is not None:
            return Undetermined(f"the trail {trail.name}: {unknown.why}")
    unseen = trails.absence_at(place)
    if unseen is not None:
        return Undetermined(unseen.why)
    lacks = "; ".join(_lack(trail) for trail in own)
    return Deviation(f"{NO_TRAIL}: {lacks}" if lacks else NO_TRAIL)


def _needs(trail: AuditTrail, region: CloudRegion) -> Iterator[bool | Unknown]:
    yield trail.logging
    yield trail.home_region == region.name or trail.multi_region
    yield trail.records_management_events


def _in_doubt(trail: AuditTrail, region: CloudRegion) -> Unknown | None:
    """Why a trail may record a region, where nothing shows that it does not."""
    facts = tuple(_needs(trail, region))
    if False in facts:
        return None
    return next((fact for fact in facts if isinstance(fact, Unknown)), None)


def _lack(trail: AuditTrail) -> str:
    if trail.logging is False:
        return f"{trail.name} is not logging"
    if trail.records_management_events is False:
        return f"{trail.name} does not record all management events"
    return f"{trail.name} records {trail.home_region} only"
