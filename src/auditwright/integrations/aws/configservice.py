"""AWS Config: the recorder of configuration changes in each region."""

from collections.abc import Iterator
from typing import Final

from auditwright.core.ids import ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import ConfigurationRecorder
from auditwright.integrations.aws.absence import unseen
from auditwright.integrations.aws.operations import AwsStream, Listing
from auditwright.integrations.aws.reading import Answers, Row

RECORDERS: Final = Listing(
    service="configservice", method="DescribeConfigurationRecorders", items=("ConfigurationRecorders",)
)
"""Without a name: the recorder that the customer manages, not those that AWS services keep for themselves."""
STATUS: Final = Listing(
    service="configservice",
    method="DescribeConfigurationRecorderStatus",
    items=("ConfigurationRecordersStatus",),
    needed_when=lambda answers: any(True for _ in answers.items(RECORDERS)),
    facts_only=True,
)


def normalize(answers: Answers) -> Iterator[Resource]:
    """The recorders of one region."""
    for row in answers.items(RECORDERS):
        name = row.required_text("name")
        status = _status(answers, name)
        recording = status if isinstance(status, Unknown) else status.boolean("recording")
        yield ConfigurationRecorder(
            id=ResourceId(row.text_or_none("arn") or answers.arn("config", f"configuration-recorder/{name}")),
            name=name,
            scope=answers.scope,
            evidence=(row.digest,) if isinstance(status, Unknown) else (row.digest, status.digest),
            recording=recording,
            all_resource_types=_records_all_types(row),
        )


def _status(answers: Answers, name: str) -> Row | Unknown:
    for row in answers.items(STATUS):
        if row.text_or_none("name") == name:
            return row
    return unseen(answers, STATUS) or Unknown(f"{STATUS.name} does not list recorder {name}")


def _records_all_types(row: Row) -> bool | Unknown:
    group = row.row("recordingGroup")
    if isinstance(group, Unknown):
        return group
    strategy = group.row_or_none("recordingStrategy")
    match None if strategy is None else strategy.text_or_none("useOnly"):
        case "ALL_SUPPORTED_RESOURCE_TYPES":
            return True
        case "INCLUSION_BY_RESOURCE_TYPES":
            return False
        case "EXCLUSION_BY_RESOURCE_TYPES":
            excluded = group.row("exclusionByResourceTypes")
            return excluded if isinstance(excluded, Unknown) else not excluded.texts_or_empty("resourceTypes")
        case _:
            # Recorders made before strategies existed have this switch alone.
            return group.boolean("allSupported")


STREAM: Final = AwsStream(
    id=StreamId("aws.config"),
    title="AWS Config recorders",
    regional=True,
    operations=(RECORDERS, STATUS),
    emits=(ConfigurationRecorder,),
    normalize=normalize,
)
