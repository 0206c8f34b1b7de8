"""The configuration recorder in every region in use."""

from dataclasses import replace

from auditwright.control_tests._examples import (
    DATABASE,
    ELSEWHERE,
    MACHINE,
    RECORDER,
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
    ConfigurationRecorder,
    Database,
    LoadBalancer,
    StorageBucket,
    Table,
    VirtualMachine,
)


@control_test(
    id="monitoring.configuration-recorded",
    controls=("LOG-07",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "AWS Config > choose the region > Settings > Edit (or Get started): All resource types with "
            "customizable overrides, none of them excluded; a bucket and a role > Save; then Turn on recording."
        ),
        command=(
            'aws configservice put-configuration-recorder --configuration-recorder "name=default,'
            'roleARN=<role-arn>,recordingGroup={allSupported=true,includeGlobalResourceTypes=true}" '
            "--region <region>; aws configservice "
            "put-delivery-channel --delivery-channel name=default,s3BucketName=<bucket> --region <region>; aws "
            "configservice start-configuration-recorder --configuration-recorder-name default --region <region>"
        ),
        terraform=(
            'resource "aws_config_configuration_recorder": recording_group { all_supported = true }; resource '
            '"aws_config_delivery_channel"; resource "aws_config_configuration_recorder_status": '
            "is_enabled = true"
        ),
    ),
    examples=(
        Example(REGION, Satisfied(), given=(RECORDER, MACHINE)),
        Example(REGION, NotApplicable(NOTHING_SEEN), given=(RECORDER,)),
        Example(REGION, Satisfied(), given=(RECORDER, replace(TRAIL_BUCKET, region=REFUSED))),
        Example(REGION, Deviation("no configuration recorder is set up in this region"), given=(MACHINE,)),
        Example(
            REGION,
            Deviation("the recorder default is stopped"),
            given=(replace(RECORDER, recording=False), DATABASE),
        ),
        Example(
            REGION,
            Deviation("the recorder default leaves out resource types"),
            given=(replace(RECORDER, all_resource_types=False), DATABASE),
        ),
        Example(
            REGION,
            Deviation("no configuration recorder is set up in this region"),
            given=(replace(RECORDER, scope=ELSEWHERE), replace(TRAIL_BUCKET, region="eu-west-1")),
        ),
        Example(REGION, NotApplicable(NOTHING_SEEN), given=(TRAIL_BUCKET,)),
        Example(REGION, Undetermined(REFUSED.why), given=(replace(RECORDER, recording=REFUSED), MACHINE)),
        Example(REGION, Undetermined(REFUSED.why), given=(replace(TRAIL_BUCKET, region=REFUSED),)),
    ),
)
def configuration_recorded(  # noqa: PLR0913  # whatever shows that a region is in use, by keyword
    region: CloudRegion,
    *,
    recorders: Related[ConfigurationRecorder],
    machines: Related[VirtualMachine],
    volumes: Related[BlockVolume],
    balancers: Related[LoadBalancer],
    databases: Related[Database],
    tables: Related[Table],
    buckets: Related[StorageBucket],
) -> Outcome:
    """Configuration changes of every kind are recorded in every region in use.

    The recorder shows what a resource looked like on any day of the audit period, and who changed it. A
    region counts as in use when a machine, disk, balancer, database, table or bucket was seen there.
    """
    place = place_of(region)
    return watched(
        [_judge(recorder) for recorder in items_at(recorders, place)],
        used=Users(
            machines=machines,
            volumes=volumes,
            balancers=balancers,
            databases=databases,
            tables=tables,
            buckets=buckets,
        ).in_region(place),
        unseen=recorders.absence_at(place),
        nothing="no configuration recorder is set up in this region",
    )


def _judge(recorder: ConfigurationRecorder) -> Outcome:
    if recorder.recording is False:
        return Deviation(f"the recorder {recorder.name} is stopped")
    if recorder.all_resource_types is False:
        return Deviation(f"the recorder {recorder.name} leaves out resource types")
    for fact in (recorder.recording, recorder.all_resource_types):
        if isinstance(fact, Unknown):
            return Undetermined(fact.why)
    return Satisfied()
