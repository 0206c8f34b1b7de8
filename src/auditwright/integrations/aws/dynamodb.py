"""Amazon DynamoDB: tables and their point-in-time recovery."""

from collections.abc import Iterator
from typing import Final

from auditwright.core.ids import StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import Table
from auditwright.integrations.aws.absence import unseen, whole
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing
from auditwright.integrations.aws.reading import Answers, Row

LARGEST_PAGE: Final = 100
"""The tagging API lists at most 100 resources at once."""

TABLES: Final = Listing(service="dynamodb", method="ListTables", items=("TableNames",))


def _asks(answers: Answers) -> Iterator[Ask]:
    for name in _names(answers):
        yield Ask(parameters={"TableName": name})


BACKUPS: Final = Detail(service="dynamodb", method="DescribeContinuousBackups", asks=_asks)
TAGS: Final = Listing(
    service="resourcegroupstaggingapi",
    method="GetResources",
    parameters={"ResourceTypeFilters": ["dynamodb:table"]},
    permission="tag:GetResources",
    items=("ResourceTagMappingList",),
    page_size=LARGEST_PAGE,
    needed_when=lambda answers: bool(_names(answers)),
    facts_only=True,
)
"""The tags of all tables in one question, where DynamoDB itself would have to be asked for each."""


def normalize(answers: Answers) -> Iterator[Resource]:
    """The tables of one region."""
    listing = answers.one(TABLES)
    if not isinstance(listing, Row):
        return
    tagged = {row.required_text("ResourceARN"): row for row in answers.items(TAGS)}
    # GetResources lists whatever has tags; a table that it does not list has none.
    untagged: tuple[tuple[str, str], ...] | Unknown = unseen(answers, TAGS) or ()
    for name in _names(answers):
        arn = answers.arn("dynamodb", f"table/{name}")
        tags = tagged[arn].tags() if arn in tagged else untagged
        backups = whole(answers, BACKUPS, TableName=name)
        yield Table(
            id=arn,
            name=name,
            scope=answers.scope,
            evidence=(
                listing.digest,
                *(() if isinstance(backups, Unknown) else (backups.digest,)),
                *answers.digests(TAGS),
            ),
            point_in_time_recovery=backups if isinstance(backups, Unknown) else _recoverable(backups),
            tags=tags,
        )


def _names(answers: Answers) -> tuple[str, ...]:
    listing = answers.one(TABLES)
    return listing.texts_or_empty("TableNames") if isinstance(listing, Row) else ()


def _recoverable(answer: Row) -> bool | Unknown:
    description = answer.row("ContinuousBackupsDescription")
    if isinstance(description, Unknown):
        return description
    recovery = description.row("PointInTimeRecoveryDescription")
    if isinstance(recovery, Unknown):
        return recovery
    status = recovery.text("PointInTimeRecoveryStatus")
    return status if isinstance(status, Unknown) else status == "ENABLED"


STREAM: Final = AwsStream(
    id=StreamId("aws.dynamodb"),
    title="DynamoDB tables",
    regional=True,
    operations=(TABLES, BACKUPS, TAGS),
    emits=(Table,),
    normalize=normalize,
)
