"""Amazon CloudWatch Logs: log groups and how long they are kept."""

from collections.abc import Iterator
from typing import Final

from auditwright.core.ids import ResourceId, StreamId
from auditwright.core.resource import Resource
from auditwright.core.resources import LogGroup
from auditwright.integrations.aws.operations import AwsStream, Listing
from auditwright.integrations.aws.reading import Answers, Row

GROUPS: Final = Listing(service="logs", method="DescribeLogGroups", items=("logGroups",))

_DELIVERY_DAYS: Final = 1
"""CloudWatch Logs: log events of the class DELIVERY "are kept in CloudWatch Logs for only one day"."""


def normalize(answers: Answers) -> Iterator[Resource]:
    """The log groups of one region."""
    for row in answers.items(GROUPS):
        name = row.required_text("logGroupName")
        yield LogGroup(
            id=_arn(answers, row, name),
            name=name,
            scope=answers.scope,
            evidence=(row.digest,),
            retention_days=_retention_days(row),
        )


def _arn(answers: Answers, row: Row, name: str) -> ResourceId:
    # The older field `arn` ends in ":*", which means the group's streams and is no part of its own ARN.
    found = row.text_or_none("logGroupArn") or (row.text_or_none("arn") or "").removesuffix(":*")
    return ResourceId(found or answers.arn("logs", f"log-group:{name}"))


def _retention_days(row: Row) -> int | None:
    if row.text_or_none("logGroupClass") == "DELIVERY":
        return _DELIVERY_DAYS
    # CloudWatch Logs leaves the field out where log events never expire.
    return row.integer_or_none("retentionInDays")


STREAM: Final = AwsStream(
    id=StreamId("aws.logs"),
    title="CloudWatch log groups",
    regional=True,
    operations=(GROUPS,),
    emits=(LogGroup,),
    normalize=normalize,
)
