"""AWS CloudTrail: the trails that record an account's management events.

A trail of every region is replicated into each of them, and an organization's trail into each member
account. So that every trail is seen, and seen once, whichever regions are collected:

1. `aws.cloudtrail` asks once for each account and emits the trails of every region;
2. `aws.cloudtrail_regional` asks in every region and emits the trails of that region alone.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from auditwright.core.ids import StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import AuditTrail
from auditwright.integrations.aws.absence import whole
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing
from auditwright.integrations.aws.reading import Answers, Row

# Shadow trails are included, which is what the API does unless told otherwise: an organization's trail
# is a shadow in its member accounts, and they would look as if nothing recorded them.
TRAILS: Final = Listing(service="cloudtrail", method="DescribeTrails", items=("trailList",))

_BOTH: Final = frozenset({"read", "write"})
_RECORDED_BY_TYPE: Final = {
    "All": _BOTH,
    "ReadOnly": frozenset({"read"}),
    "WriteOnly": frozenset({"write"}),
}
_NOTHING: Final[frozenset[str]] = frozenset()

_EXCLUDABLE_SOURCES: Final = frozenset({"kms.amazonaws.com", "rdsdata.amazonaws.com"})
"""High-volume sources that CloudTrail lets a trail of management events leave out."""


def _everywhere(row: Row) -> bool:
    return row.boolean("IsMultiRegionTrail") is True


def _elsewhere(row: Row) -> bool:
    return not _everywhere(row)


def _asks(which: Callable[[Row], bool], parameter: str) -> Callable[[Answers], Iterable[Ask]]:
    def asks(answers: Answers) -> Iterator[Ask]:
        for row in answers.items(TRAILS):
            if which(row):
                # A shadow trail is known by its ARN only; the home region knows every trail of its own.
                yield Ask(
                    parameters={parameter: row.required_text("TrailARN")},
                    region=row.text_or_none("HomeRegion") or "",
                )

    return asks


def _status(which: Callable[[Row], bool]) -> Detail:
    return Detail(service="cloudtrail", method="GetTrailStatus", asks=_asks(which, "Name"))


def _selectors(which: Callable[[Row], bool]) -> Detail:
    return Detail(service="cloudtrail", method="GetEventSelectors", asks=_asks(which, "TrailName"))


STATUS: Final = _status(_everywhere)
SELECTORS: Final = _selectors(_everywhere)
REGIONAL_STATUS: Final = _status(_elsewhere)
REGIONAL_SELECTORS: Final = _selectors(_elsewhere)


def normalize(answers: Answers) -> Iterator[Resource]:
    """The trails that record every region, of the account and of its organization."""
    return (_trail(answers, row) for row in answers.items(TRAILS) if _everywhere(row))


def normalize_regional(answers: Answers) -> Iterator[Resource]:
    """The trails that record one region alone."""
    return (_trail(answers, row) for row in answers.items(TRAILS) if _elsewhere(row))


def _trail(answers: Answers, row: Row) -> AuditTrail:
    arn = row.required_text("TrailARN")
    status = whole(answers, STATUS, Name=arn)
    selectors = whole(answers, SELECTORS, TrailName=arn)
    further = tuple(one.digest for one in (status, selectors) if isinstance(one, Row))
    return AuditTrail(
        id=answers.seen_here(arn),
        name=row.text_or_none("Name") or arn,
        scope=answers.scope,
        evidence=(row.digest, *further),
        home_region=row.text_or_none("HomeRegion") or answers.region,
        multi_region=row.boolean("IsMultiRegionTrail"),
        logging=status if isinstance(status, Unknown) else status.boolean("IsLogging"),
        records_management_events=selectors if isinstance(selectors, Unknown) else _records_all(selectors),
        log_validation=row.boolean("LogFileValidationEnabled"),
        bucket=row.text("S3BucketName"),
    )


def _records_all(answer: Row) -> bool | Unknown:
    """Whether reads and writes are both recorded, by one selector or by several together.

    Leaving out the events of KMS or of the RDS Data API, the only sources that may be left out, does not count.
    """
    if not answer.has("EventSelectors") and not answer.has("AdvancedEventSelectors"):
        return answer.lacks("EventSelectors")
    basic, advanced = answer.rows_or_empty("EventSelectors"), answer.rows_or_empty("AdvancedEventSelectors")
    if not basic and not advanced:
        # CloudTrail PutEventSelectors: "trails created without specific event selectors are configured to
        # log all read and write management events".
        return True
    recorded: set[str] = set()
    for row in basic:
        if row.boolean("IncludeManagementEvents") is True:
            recorded |= _RECORDED_BY_TYPE.get(row.text_or_none("ReadWriteType") or "", _NOTHING)
    for row in advanced:
        recorded |= _recorded_by(row)
    return recorded >= _BOTH


def _recorded_by(selector: Row) -> frozenset[str]:
    """What an advanced selector records of management events; nothing where something else narrows it."""
    management = False
    recorded = _BOTH
    for field in selector.rows_or_empty("FieldSelectors"):
        match field.required_text("Field"):
            case "eventCategory":
                management = "Management" in field.texts_or_empty("Equals")
            case "readOnly":
                wanted = field.texts_or_empty("Equals")
                recorded = frozenset(
                    {"read"} if wanted == ("true",) else {"write"} if wanted == ("false",) else ()
                )
            case "eventSource" if _only_excludes(field):
                pass
            case _:
                return _NOTHING
    return recorded if management else _NOTHING


def _only_excludes(field: Row) -> bool:
    conditions = {name for name, value in field.fields.items() if name != "Field" and value}
    return conditions <= {"NotEquals"} and set(field.texts_or_empty("NotEquals")) <= _EXCLUDABLE_SOURCES


STREAM: Final = AwsStream(
    id=StreamId("aws.cloudtrail"),
    title="CloudTrail trails of every region",
    regional=False,
    operations=(TRAILS, STATUS, SELECTORS),
    emits=(AuditTrail,),
    normalize=normalize,
)

REGIONAL_STREAM: Final = AwsStream(
    id=StreamId("aws.cloudtrail_regional"),
    title="CloudTrail trails of one region",
    regional=True,
    operations=(TRAILS, REGIONAL_STATUS, REGIONAL_SELECTORS),
    emits=(AuditTrail,),
    normalize=normalize_regional,
)
