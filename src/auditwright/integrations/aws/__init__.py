"""The AWS integration: one module for each service, one engine that asks all of them.

Everything about AWS that others need is `INTEGRATION`; `STREAMS` are the values it is made from.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.integration import (
    Captured,
    Check,
    Config,
    ConfigField,
    Integration,
    Stream,
    Takes,
    Target,
)
from auditwright.core.integration import Operation as CoreOperation
from auditwright.core.resource import Resource
from auditwright.core.run import EvidenceRecord
from auditwright.integrations.aws import (
    account,
    acm,
    backup,
    cloudtrail,
    cloudwatch,
    configservice,
    doctor,
    dynamodb,
    ec2,
    eks,
    elbv2,
    federation,
    guardduty,
    iam,
    identitycenter,
    kms,
    logs,
    mfa,
    organizations,
    rds,
    s3,
    secretsmanager,
    session,
    ssm,
    workloads,
)
from auditwright.integrations.aws.operations import AwsStream
from auditwright.integrations.aws.reading import Answers

__all__ = ["INTEGRATION", "STREAMS"]

STREAMS: Final = (
    account.STREAM,
    iam.STREAM,
    iam.KEYS_STREAM,
    mfa.STREAM,
    federation.STREAM,
    organizations.STREAM,
    identitycenter.STREAM,
    s3.STREAM,
    cloudtrail.STREAM,
    cloudtrail.REGIONAL_STREAM,
    ec2.STREAM,
    ec2.VPC_STREAM,
    rds.STREAM,
    kms.STREAM,
    dynamodb.STREAM,
    elbv2.STREAM,
    acm.STREAM,
    logs.STREAM,
    cloudwatch.STREAM,
    guardduty.STREAM,
    configservice.STREAM,
    backup.STREAM,
    ssm.STREAM,
    eks.STREAM,
    secretsmanager.STREAM,
    workloads.LAMBDA_STREAM,
    workloads.CODEBUILD_STREAM,
    workloads.CLOUDFORMATION_STREAM,
)
"""Every stream, account-wide ones first."""


def _core_stream(stream: AwsStream) -> Stream:
    return Stream(
        id=stream.id,
        title=stream.title,
        operations=tuple(
            CoreOperation(name=operation.name, permission=permission, lists=operation.lists)
            for operation in stream.operations
            for permission in operation.permissions
        ),
        emits=stream.emits,
        collect=_collect(stream),
        normalize=_normalize(stream),
    )


def _collect(stream: AwsStream) -> Callable[[Target], Iterator[Captured]]:
    def collect(target: Target) -> Iterator[Captured]:
        return session.collect_target(stream, target)

    return collect


def _normalize(stream: AwsStream) -> Callable[[Sequence[Evidence], Sequence[Gap]], Iterable[Resource]]:
    def normalize(evidence: Sequence[Evidence], gaps: Sequence[Gap]) -> Iterable[Resource]:
        # With gaps alone there is nothing to derive from, and no scope to say whose it would be.
        return stream.normalize(Answers(evidence, gaps)) if evidence else ()

    return normalize


def _targets(config: Config) -> Iterator[Target | Captured]:
    return session.targets(config, STREAMS)


def _check(config: Config) -> Iterator[Check]:
    return doctor.check(config, STREAMS)


def _missing(evidence: Sequence[EvidenceRecord], at: datetime) -> Iterable[Gap]:
    from auditwright.integrations.aws.importing import gaps_of_import

    return gaps_of_import(evidence, at=at)


INTEGRATION: Final = Integration(
    id=session.AWS,
    title="Amazon Web Services",
    summary="Identities, storage, networks, machines, clusters, databases, keys, logs and detectors of AWS accounts.",
    fields=(
        ConfigField(
            name="accounts",
            title="Accounts",
            help='Such as [{ id = "123456789012", role_arn = "arn:aws:iam::123456789012:role/auditwright" }]; '
            "left out: the account of the credentials in use. A role may need an external_id.",
            takes=Takes.TABLES,
        ),
        ConfigField(
            name="regions",
            title="Regions",
            help='"all" for every enabled region, or a list such as ["eu-west-1"].',
            default=session.ALL_REGIONS,
            takes=Takes.TEXTS,
        ),
        ConfigField(
            name="home_region",
            title="Home region",
            help="Where account-wide services are asked; by default the region of the AWS configuration.",
        ),
        ConfigField(name="profile", title="Profile", help="A profile of the AWS configuration file."),
        ConfigField(
            name="endpoint_url",
            title="Endpoint",
            help="Another address than AWS's own, such as an emulator's; AWS_ENDPOINT_URL works too.",
            by_hand=("endpoint_url",),
        ),
        ConfigField(
            name="timeout_s",
            title="Timeout in seconds",
            help="How long to wait for one answer before the region counts as unreachable.",
            default=str(int(session.READ_TIMEOUT_S)),
            takes=Takes.NUMBER,
        ),
        ConfigField(
            name="attempts",
            title="Attempts",
            help="How often one call is attempted, with growing pauses, while AWS asks to slow down.",
            default=str(session.ATTEMPTS),
            takes=Takes.NUMBER,
        ),
    ),
    streams=tuple(_core_stream(stream) for stream in STREAMS),
    targets=_targets,
    read=session.read_settings,
    check=_check,
    missing=_missing,
)
