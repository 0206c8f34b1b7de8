"""The account itself: whose credentials these are, and which regions are enabled."""

from collections.abc import Iterable, Iterator
from typing import Final

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import CloudRegion
from auditwright.integrations.aws.operations import AwsStream, Listing, Single
from auditwright.integrations.aws.reading import Answers, Parameters, Row, parsed_answer, partition_of

IDENTITY: Final = Single(service="sts", method="GetCallerIdentity", hides_items=True)
"""Needs no permission in practice: AWS answers it even where a policy denies it."""

REGIONS: Final = Listing(service="ec2", method="DescribeRegions", items=("Regions",))
"""Only enabled regions are listed. With regions in the settings, it is asked with a filter for those."""

REGION_FILTER: Final = "region-name"


def normalize(answers: Answers) -> Iterable[CloudRegion]:
    """One resource for each region that is enabled and in the scope of the settings."""
    seen: set[str] = set()
    for call in answers.calls(REGIONS):
        wanted = _asked_for(call.parameters)
        for row in call.answer.rows_or_empty("Regions") if call.answer is not None else ():
            name = row.required_text("RegionName")
            if name in seen or row.text("OptInStatus") == "not-opted-in":
                continue
            if answers.callers_partition not in ("", partition_of(name)):
                # AWS lists the regions of the caller's own partition, whose credentials are valid nowhere else;
                # an emulator lists those of every partition.
                continue
            if wanted and name not in wanted:
                # An emulator that takes no filters lists every region.
                continue
            seen.add(name)
            yield CloudRegion(
                id=ResourceId(f"aws:{answers.account}:{name}"),
                name=name,
                scope=answers.scope,
                evidence=(row.digest,),
            )


def _asked_for(parameters: Parameters) -> frozenset[str]:
    """The regions that the question was narrowed to; empty for all."""
    filters = parameters.get("Filters")
    if not isinstance(filters, str):
        return frozenset()
    values = parsed_answer(f'{{"Filters":{filters}}}'.encode(), operation=REGIONS.name)
    narrowed = Row(operation=REGIONS.name, path="", fields=values, evidence=(Digest(""),))
    return frozenset(
        name
        for row in narrowed.rows_or_empty("Filters")
        if row.text("Name") == REGION_FILTER
        for name in row.texts_or_empty("Values")
    )


STREAM: Final = AwsStream(
    id=StreamId("aws.account"),
    title="Account and enabled regions",
    regional=False,
    operations=(IDENTITY, REGIONS),
    emits=(CloudRegion,),
    normalize=normalize,
)


def account_of(answers: Answers) -> tuple[str, str] | Unknown:
    """The account's number and the caller's ARN."""
    row = answers.one(IDENTITY)
    if row is None or isinstance(row, Unknown):
        return Unknown("AWS does not say whose the credentials are") if row is None else row
    return row.required_text("Account"), row.required_text("Arn")


def region_names(answers: Answers) -> Iterator[str]:
    """The names of the regions that are enabled and in the scope of the settings."""
    return (region.name for region in normalize(answers))
