"""What a service's stream asks of AWS, as values.

Permissions, CLI commands, collection, import and documentation all follow from these. A service module says:

```python
VOLUMES = Listing(service="ec2", method="DescribeVolumes", items=("Volumes",))
STREAM = AwsStream(
    id=StreamId("aws.ec2"), title="Machines and disks", regional=True,
    operations=(VOLUMES,), emits=(BlockVolume,), normalize=normalize,
)
```

and `normalize(answers)` reads with `answers.items(VOLUMES)`, `answers.one(...)` and `answers.detail(...)`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias, assert_never

from auditwright.core.ids import StreamId
from auditwright.core.resource import Resource
from auditwright.integrations.aws.reading import ACCOUNT, Answers, Parameters, Row

__all__ = ["ACCOUNT", "Ask", "AwsStream", "Detail", "Listing", "Operation", "Single", "each"]

_IAM_PREFIXES: Final[Mapping[str, str]] = {
    "configservice": "config",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "s3control": "s3",
}
"""Services whose name in boto3 is not their prefix in IAM actions."""

_SDK_NAMES: Final[Mapping[str, str]] = {"configservice": "config"}
"""Services whose name in boto3 is not the one that we use, which is the AWS CLI's here."""

_CLI_NAMES: Final[Mapping[str, str]] = {"s3": "s3api"}
"""Services whose name in the AWS CLI is not their name in boto3."""


def always(_: Answers) -> bool:
    """Ask in any case."""
    return True


def never(_: Row) -> bool:
    """Do not ask again."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What every operation has.

    `service` is boto3's name (`elbv2`, `s3control`; but `configservice`, as the CLI says, for boto3's `config`),
    `method` the API's (`DescribeVolumes`).
    """

    service: str
    method: str
    parameters: Parameters = field(default_factory=dict)
    """Given with every call; the value `ACCOUNT` stands for the account's number."""
    permission: str = ""
    """The IAM action, where it is not the service's prefix and the method: `s3:ListAllMyBuckets`."""
    also: tuple[str, ...] = ()
    """Further IAM actions that the call takes."""
    absent: tuple[str, ...] = ()
    """Error codes by which AWS documents that there is none; anything else is a gap."""
    region: str = ""
    """Where it must be asked, when not in the target's own region: such as `us-east-1`."""
    lists: tuple[type[Resource], ...] = ()
    """The kinds whose items a refusal hides, where the stream emits others that it does not."""
    secret: tuple[str, ...] = ()
    """Members of the answer, at any depth, that may hold secrets: what stands in them is taken out before it is kept."""

    @property
    def name(self) -> str:
        """The operation as evidence and gaps name it: boto3's service and the API's method."""
        return f"{self.service}:{self.method}"

    @property
    def permissions(self) -> tuple[str, ...]:
        """The IAM actions that it takes, its own first."""
        own = self.permission or f"{_IAM_PREFIXES.get(self.service, self.service)}:{self.method}"
        return (own, *self.also)

    @property
    def sdk_service(self) -> str:
        """The name of boto3's client."""
        return _SDK_NAMES.get(self.service, self.service)

    @property
    def cli(self) -> tuple[str, str]:
        """The AWS CLI's service and command, such as `s3api` and `get-bucket-policy`."""
        return _CLI_NAMES.get(self.service, self.service), hyphenated(self.method)

    @property
    def command(self) -> str:
        """The command that repeats it by hand, without parameters and region."""
        return " ".join(("aws", *self.cli))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(_Asked):
    """An operation that lists items; every page is read and merged under `items`.

    A refused listing, or a refused page of it, is a gap that hides items (unless `facts_only`).
    """

    items: tuple[str, ...]
    """The keys of the answer that hold the items."""
    needed_when: Callable[[Answers], bool] = always
    """Whether to ask at all, by what was answered before: say no where the answer cannot matter."""
    facts_only: bool = False
    """True where it lists facts of items that another listing names, such as flow logs of networks."""
    page_size: int = 0
    """Items asked for per page, where the service's own default costs many requests; 0 leaves it to the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Single(_Asked):
    """An operation that is asked once and gives one answer.

    A refused one is a gap that hides items where `hides_items` is set; else its facts are Unknown.
    """

    needed_when: Callable[[Answers], bool] = always
    hides_items: bool = False
    items: tuple[str, ...] = ()
    repeat_while: Callable[[Row], bool] = never
    """Ask again, a bounded number of times, while this is true of the answer: for what AWS prepares meanwhile."""
    prepares: bool = False
    """True where it only has AWS prepare what another operation then gives: its answer holds nothing to import."""
    true_at: str = ""
    """The field that says when the answer was true, where AWS hands out a report that it made earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One call of a Detail."""

    parameters: Parameters
    """Added to the operation's own parameters. `answers.detail(op, Bucket="x")` finds it by them."""
    region: str = ""
    """Where to ask, when not in the target's own region."""
    subject: str = ""
    """The item asked about, in gaps; the first parameter's value unless given."""

    @property
    def about(self) -> str:
        """The item asked about."""
        if self.subject:
            return self.subject
        return next((value for value in self.parameters.values() if isinstance(value, str)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail(_Asked):
    """An operation that is asked once for each of several items, with all calls in one piece of evidence.

    `asks` gives the calls by what was answered before, in the order of the stream's operations; `each` makes
    the common ones. What is not asked is Unknown to `normalize`, which must know why it was not.
    With `items`, every page of each call is read and merged under those keys.
    """

    asks: Callable[[Answers], Iterable[Ask]]
    items: tuple[str, ...] = ()
    hides_items: bool = False
    """True where a refused call hides items of a population, such as a detector's findings."""


Operation: TypeAlias = Listing | Single | Detail


def each(
    listing: Listing, ask: Callable[[Row], Parameters | None], *, key: str = ""
) -> Callable[[Answers], Iterator[Ask]]:
    """Ask once for each item of a listing, with the parameters that `ask` gives; None skips the item."""

    def asks(answers: Answers) -> Iterator[Ask]:
        for row in answers.items(listing, key):
            parameters = ask(row)
            if parameters is not None:
                yield Ask(parameters=parameters)

    return asks


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsStream:
    """One stream: what it asks in which order, what it emits, and how that is derived."""

    id: StreamId
    title: str
    regional: bool
    """True where it is asked in every region; else once for each account."""
    operations: tuple[Operation, ...]
    emits: tuple[type[Resource], ...]
    normalize: Callable[[Answers], Iterable[Resource]]
    """Pure; raises MalformedEvidenceError through the readers. Given nothing but gaps it emits nothing that is not there."""


def hides_items(operation: Operation) -> bool:
    """Whether a refusal of this operation hides items of a population, or only facts."""
    match operation:
        case Listing():
            return not operation.facts_only
        case Single() | Detail():
            return operation.hides_items
        case _:
            assert_never(operation)


def hyphenated(method: str) -> str:
    """An API method as the CLI writes it: `DescribeDBInstances` is `describe-db-instances`."""
    split = re.sub(r"(.)([A-Z][a-z]+)", r"\1-\2", method)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", split).lower()
