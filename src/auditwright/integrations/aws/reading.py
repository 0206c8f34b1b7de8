"""Reading AWS answers: pure helpers with which each service derives resources from evidence.

An answer is JSON in the shape that the AWS CLI prints, whether Auditwright asked or somebody saved it to
a file, so both are read alike. The rules:

1. What was refused, or never asked or imported, is `Unknown` with the reason: never False, never None.
2. None means that AWS itself answered "there is none", with a code that it documents.
3. A field of the wrong type raises MalformedEvidenceError naming the operation, the path and what was expected.
4. An optional field that the answer lacks is `Unknown`, unless the caller uses a reader whose name says otherwise.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Protocol, TypeAlias, cast

import msgspec

from auditwright.core.evidence import Evidence, Gap, Scope
from auditwright.core.ids import Digest, ResourceId
from auditwright.core.integration import MalformedEvidenceError
from auditwright.core.outcome import Unknown

Parameters: TypeAlias = Mapping[str, object]
"""What one call is made with, in the API's own names and JSON types, such as `{"Bucket": "logs"}`."""

CALLS_KEY: Final = "calls"
"""The one key of evidence that holds several calls; no AWS answer has it."""

ACCOUNT: Final = "{account}"
"""A parameter with this value is asked with the number of the account."""

MAX_QUOTED_CHARACTERS: Final = 80
"""How much of a wrong value an error quotes: enough to recognize it."""


LARGE_BYTES: Final = 1_000_000
"""As much JSON takes ten times the memory as values, and time that is lost in it."""

MAX_KNOWN_TAGS: Final = 10_000
"""Tags that are remembered: teams, environments and the like are few, and names are borne once."""


class Question(Protocol):
    """What the readers need to know of an operation; `operations.Listing`, `Single` and `Detail` have it."""

    @property
    def name(self) -> str:
        """Such as `ec2:DescribeVolumes`."""
        ...

    @property
    def parameters(self) -> Parameters:
        """The parameters that every call is made with."""
        ...

    @property
    def items(self) -> tuple[str, ...]:
        """The keys of the answer that hold lists of items."""
        ...

    @property
    def command(self) -> str:
        """The command that repeats it by hand, such as `aws ec2 describe-volumes`."""
        ...


_Place: TypeAlias = tuple["Row", str, int | None]
"""Inside which object, under which name, and at which place of the list there."""


class Row:
    """One object inside an answer."""

    __slots__ = ("_place", "evidence", "fields", "operation")

    def __init__(
        self, *, operation: str, path: "str | _Place", fields: Mapping[str, object], evidence: tuple[Digest]
    ) -> None:
        """Read the fields of an object; `evidence` is the one digest of what it stands in."""
        self.operation = operation
        self.fields = fields
        self.evidence = evidence
        self._place = path

    @property
    def path(self) -> str:
        """Where it stands, such as `Volumes[3].Attachments[0]`; of a million rows hardly one is ever asked."""
        return _path(self._place)

    @property
    def digest(self) -> Digest:
        """The evidence that it stands in."""
        return self.evidence[0]

    def has(self, name: str) -> bool:
        """True where the field is there and not null."""
        return self.fields.get(name) is not None

    def required_text(self, name: str) -> str:
        """A string that AWS always gives, such as an item's id; raises MalformedEvidenceError without it."""
        value = self.fields.get(name)
        if isinstance(value, str):
            return value
        raise self._error(name, "a string", value)

    def text(self, name: str) -> str | Unknown:
        """A string."""
        value = self.fields.get(name)
        if value is None:
            return self.lacks(name)
        if not isinstance(value, str):
            raise self._error(name, "a string", value)
        return value

    def text_or_none(self, name: str) -> str | None:
        """A string that AWS leaves out where there is none."""
        value = self.fields.get(name)
        if value is None or isinstance(value, str):
            return value
        raise self._error(name, "a string", value)

    def boolean(self, name: str) -> bool | Unknown:
        """True or false."""
        value = self.fields.get(name)
        if value is None:
            return self.lacks(name)
        if not isinstance(value, bool):
            raise self._error(name, "true or false", value)
        return value

    def integer(self, name: str) -> int | Unknown:
        """A whole number."""
        value = self.fields.get(name)
        if value is None:
            return self.lacks(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._error(name, "a whole number", value)
        return value

    def integer_or_none(self, name: str) -> int | None:
        """A whole number that AWS leaves out where there is none."""
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._error(name, "a whole number", value)
        return value

    def number(self, name: str) -> float | Unknown:
        """A number, whole or not."""
        value = self.fields.get(name)
        if value is None:
            return self.lacks(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(name, "a number", value)
        return float(value)

    def moment(self, name: str) -> datetime | Unknown:
        """A time, as an aware datetime in UTC: ISO 8601 with T or a space, or seconds since 1970."""
        value = self.fields.get(name)
        if value is None:
            return self.lacks(name)
        found = moment_of(value)
        if found is None:
            raise self._error(name, "a time (ISO 8601, or seconds since 1970)", value)
        return found

    def moment_or_none(self, name: str) -> datetime | None:
        """A time that AWS leaves out where it never happened."""
        found = self.moment(name)
        return None if isinstance(found, Unknown) else found

    def row(self, name: str) -> "Row | Unknown":
        """An object inside this one."""
        value = self.fields.get(name)
        if value is None:
            return self.lacks(name)
        return self.inside(name, None, value)

    def row_or_none(self, name: str) -> "Row | None":
        """An object inside this one that AWS leaves out where there is none."""
        value = self.fields.get(name)
        return None if value is None else self.inside(name, None, value)

    def rows(self, name: str) -> "tuple[Row, ...] | Unknown":
        """A list of objects."""
        values = self._list(name)
        if isinstance(values, Unknown):
            return values
        return tuple([self.inside(name, place, value) for place, value in enumerate(values)])

    def rows_or_empty(self, name: str) -> "tuple[Row, ...]":
        """A list of objects that AWS leaves out where it is empty."""
        value = self.fields.get(name)
        if value is None or value == []:
            return ()
        found = self.rows(name)
        return () if isinstance(found, Unknown) else found

    def texts(self, name: str) -> tuple[str, ...] | Unknown:
        """A list of strings."""
        values = self._list(name)
        if isinstance(values, Unknown):
            return values
        found = tuple(value for value in values if isinstance(value, str))
        if len(found) != len(values):
            raise self._error(name, "a list of strings", values)
        return found

    def texts_or_empty(self, name: str) -> tuple[str, ...]:
        """A list of strings that AWS leaves out where it is empty."""
        found = self.texts(name)
        return () if isinstance(found, Unknown) else found

    def tags(
        self, name: str = "Tags", *, key: str = "Key", value: str = "Value"
    ) -> tuple[tuple[str, str], ...]:
        """Tags in the order of their keys; none where the list is left out, as AWS does for what has no tags.

        Use it only on answers that document tags; for others the tags are Unknown.
        """
        found: list[tuple[str, str]] = []
        for place, tag in enumerate(self._members(name)):
            # Every item has some: a row is made only to say what is wrong.
            named, said = (tag.get(key), tag.get(value) or "") if isinstance(tag, dict) else (None, None)
            if not isinstance(named, str) or not isinstance(said, str):
                row = self.inside(name, place, tag)
                found.append((row.required_text(key), row.text_or_none(value) or ""))
            else:
                found.append(_tag(named, said))
        return tuple(sorted(found))

    def lacks(self, name: str) -> Unknown:
        """That this answer does not have a field."""
        return Unknown(f"the answer to {self.operation} has no field {self.at(name)}")

    def _members(self, name: str) -> Sequence[object]:
        if self.fields.get(name) is None:
            return ()
        values = self._list(name)
        return () if isinstance(values, Unknown) else values

    def _list(self, name: str) -> Sequence[object] | Unknown:
        value = self.fields.get(name)
        if value is None:
            return self.lacks(name)
        if not isinstance(value, list):
            raise self._error(name, "a list", value)
        return cast("list[object]", value)

    def inside(self, name: str, place: int | None, value: object) -> "Row":
        """A value of this object, in the list under a name where a place is given; raises MalformedEvidenceError."""
        where = (self, name, place)
        if not isinstance(value, dict):
            raise _malformed(self.operation, _path(where), "an object", value)
        return Row(operation=self.operation, path=where, fields=value, evidence=self.evidence)

    def at(self, name: str) -> str:
        """Where a field of this object stands."""
        return f"{self.path}.{name}" if self.path else name

    def _error(self, name: str, expected: str, value: object) -> MalformedEvidenceError:
        return _malformed(self.operation, self.at(name), expected, value)


def _path(place: str | _Place) -> str:
    if isinstance(place, str):
        return place
    above, name, number = place
    return above.at(name) if number is None else f"{above.at(name)}[{number}]"


@lru_cache(maxsize=MAX_KNOWN_TAGS)
def _tag(key: str, value: str) -> tuple[str, str]:
    """A tag, made once for the many items that bear it."""
    return key, value


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of an operation that is asked item by item: its parameters and what came back."""

    parameters: Parameters
    answer: Row | None
    """None where AWS answered that there is none."""
    code: str
    """AWS's code for "there is none"; empty with an answer."""
    digest: Digest
    """The evidence that it stands in."""


class Answers:
    """All that one stream captured in one scope, to be asked by operation.

    `needed_when` and `asks` of an operation are given the answers so far; `normalize` is given all of them.
    """

    __slots__ = (
        "_by_name",
        "_calls",
        "_evidence",
        "_gaps",
        "_gaps_by",
        "_parsed",
        "callers_partition",
        "partition",
    )

    def __init__(self, evidence: Sequence[Evidence], gaps: Sequence[Gap] = ()) -> None:
        """Read evidence and gaps of one stream in one scope; bodies are parsed when they are asked for."""
        self._evidence = tuple(evidence)
        self._gaps = tuple(gaps)
        self._by_name: dict[str, list[Evidence]] = {}
        for item in self._evidence:
            self._by_name.setdefault(item.query.operation, []).append(item)
        self._gaps_by: dict[str, dict[str, Gap]] = {}
        for gap in self._gaps:
            self._gaps_by.setdefault(gap.operation, {}).setdefault(gap.subject, gap)
        self._parsed: dict[Digest, Mapping[str, object]] = {}
        self._calls: dict[str, dict[str, Call]] = {}
        self.callers_partition = _callers_partition(self._evidence)
        """The partition that the caller's ARN names; empty where nobody is named, as in imported answers."""
        asked = self._evidence or self._gaps
        self.partition = self.callers_partition or (partition_of(self.region) if asked else "aws")
        """`aws`, `aws-cn` or `aws-us-gov`: by the caller's ARN, else by the region."""

    @property
    def scope(self) -> Scope:
        """The scope of what was captured; raises LookupError where nothing was."""
        for item in self._evidence:
            return item.scope
        for gap in self._gaps:
            return gap.scope
        raise LookupError("neither evidence nor gaps: there is no scope")

    @property
    def anything(self) -> bool:
        """True where at least one answer was captured."""
        return bool(self._evidence)

    @property
    def account(self) -> str:
        """The account number."""
        return self.scope.account

    @property
    def region(self) -> str:
        """The region; empty for a stream that is not regional."""
        return self.scope.region

    def arn(self, service: str, resource: str) -> ResourceId:
        """The ARN of something in this scope, such as `arn("ec2", "volume/vol-1")`."""
        return ResourceId(f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}")

    def seen_here(self, arn: str) -> ResourceId:
        """An ARN as an id; what belongs to AWS or to another account is told apart by the account that saw it.

        A policy of AWS's own is attached in each account anew, and a trail of the organization records each.
        """
        owner = arn.split(":")[4:5]
        return ResourceId(arn if owner in ([self.account], [""]) else f"{arn}@{self.account}")

    def items(self, question: Question, key: str = "") -> Iterator[Row]:
        """Every item of a listing under one of its keys (the first one unless named).

        Nothing comes where the listing was refused: its gap hides items, and the population says so. Of a listing
        that was captured twice, the one that was true latest counts.
        """
        key = key or question.items[0]
        found = self._latest(question)
        if found is None:
            return
        if found.digest in self._parsed or len(found.body) < LARGE_BYTES:
            yield from self._whole(question, found).rows_or_empty(key)
        else:
            yield from self._one_by_one(question, found, key)

    def one(self, question: Question) -> Row | Unknown | None:
        """The answer of an operation that is asked once; None where AWS answered that there is none."""
        found = self._latest(question)
        if found is None:
            return self.why_unknown(question)
        fields = self._fields(found)
        if CALLS_KEY not in fields:
            return self._whole(question, found)
        for call in self._calls_in(question, found):
            return call.answer
        raise _malformed(question.name, CALLS_KEY, "one call", [])

    def detail(self, question: Question, **parameters: str) -> Row | Unknown | None:
        """The answer about one item, by the parameters it was asked with; None where there is none.

        Fixed parameters of the operation need not be repeated.
        """
        call = self._call(question, parameters)
        return call.answer if call is not None else self.why_unknown(question, *parameters.values())

    def spoke_of(self, question: Question, **parameters: str) -> tuple[Digest, ...]:
        """The evidence of the answer about one item, also of the answer that there is none; empty without one."""
        call = self._call(question, parameters)
        return () if call is None else (call.digest,)

    def _call(self, question: Question, parameters: Mapping[str, str]) -> Call | None:
        fixed = of_account(question.parameters, self.account) if question.parameters else {}
        return self._indexed(question).get(_key({**fixed, **parameters}))

    def calls(self, question: Question) -> Iterator[Call]:
        """Every call of an operation that is asked item by item, in the order asked; not those refused."""
        yield from self._indexed(question).values()

    def collected(self, question: Question) -> bool:
        """True where the operation was captured at least once."""
        return self._latest(question) is not None

    def gap(self, question: Question) -> Unknown | None:
        """Why not all of a listing was seen, whether or not some of it was; None where nothing is missing."""
        found = self._gaps_by.get(question.name, {}).values()
        return next((Unknown(gap.sentence()) for gap in found), None)

    def body(self, question: Question) -> tuple[bytes, Digest] | None:
        """The bytes of the answer that was true latest, for what is not JSON; None where there is none."""
        found = self._latest(question)
        return None if found is None else (found.body, found.digest)

    def digests(self, question: Question) -> tuple[Digest, ...]:
        """The evidence of an operation, for what is derived from its absence (such as "no policy is set")."""
        return tuple(dict.fromkeys(item.digest for item in self._of(question)))

    def why_unknown(self, question: Question, *subjects: str) -> Unknown:
        """Why there is no answer: the gap, word for word, or that nobody asked."""
        gaps = self._gaps_by.get(question.name, {})
        for subject in (*filter(None, subjects), ""):
            if subject in gaps:
                return Unknown(gaps[subject].sentence())
        about = f" of {subjects[0]}" if subjects else ""
        return Unknown(f"{question.name}{about} was not asked; import the answer to `{question.command}`")

    def _of(self, question: Question) -> Iterator[Evidence]:
        for item in self._by_name.get(question.name, ()):
            asked = dict(item.query.parameters)
            fixed = rendered(question.parameters, item.scope.account)
            if all(asked.get(name) == value for name, value in fixed):
                yield item

    def _latest(self, question: Question) -> Evidence | None:
        exact = [
            item
            for item in self._of(question)
            if item.query.parameters == rendered(question.parameters, item.scope.account)
        ]
        return max(exact, key=lambda item: item.effective_at, default=None)

    def _indexed(self, question: Question) -> Mapping[str, Call]:
        name = f"{question.name} {_key(question.parameters)}"
        cached = self._calls.get(name)
        if cached is None:
            cached = {}
            for item in sorted(self._of(question), key=lambda item: item.effective_at):
                for call in self._calls_in(question, item):
                    cached[_key(call.parameters)] = call
            self._calls[name] = cached
        return cached

    def _calls_in(self, question: Question, item: Evidence) -> Iterator[Call]:
        whole = self._whole(question, item)
        if not whole.has(CALLS_KEY):
            # A saved answer about one item: what it was asked with stands in the question.
            yield Call(parameters=dict(item.query.parameters), answer=whole, code="", digest=item.digest)
            return
        for row in whole.rows_or_empty(CALLS_KEY):
            asked = row.row("parameters")
            if isinstance(asked, Unknown):
                raise _malformed(question.name, f"{row.path}.parameters", "an object", None)
            answer = row.row_or_none("answer")
            error = row.row_or_none("error")
            if (answer is None) == (error is None):
                raise _malformed(question.name, row.path, "either an answer or an error", row.fields)
            yield Call(
                parameters=asked.fields,
                answer=answer,
                code="" if error is None else error.required_text("code"),
                digest=item.digest,
            )

    def _one_by_one(self, question: Question, item: Evidence, key: str) -> Iterator[Row]:
        """The items of a large listing, of which only one at a time is held as more than bytes.

        What is not as it should be is read as a whole instead, which says what is wrong and where.
        """
        place = 0
        try:
            listed = _members_of(item.body).get(key)
            if isinstance(listed, list):
                whole = Row(operation=question.name, path="", fields={}, evidence=(item.digest,))
                for place, raw in enumerate(listed):  # where to go on from
                    yield whole.inside(key, place, msgspec.json.decode(raw))
                return
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        yield from self._whole(question, item).rows_or_empty(key)[place:]

    def _whole(self, question: Question, item: Evidence) -> Row:
        return Row(operation=question.name, path="", fields=self._fields(item), evidence=(item.digest,))

    def _fields(self, item: Evidence) -> Mapping[str, object]:
        parsed = self._parsed.get(item.digest)
        if parsed is None:
            parsed = parsed_answer(item.body, operation=item.query.operation)
            self._parsed[item.digest] = parsed
        return parsed


_members_of: Final = msgspec.json.Decoder(
    dict[str, list[msgspec.Raw] | dict[str, object] | str | int | float | bool | None]
).decode
"""The members of an answer, of which the items of lists stay bytes."""


def parsed_answer(body: bytes, *, operation: str) -> Mapping[str, object]:
    """A body as one JSON object; raises MalformedEvidenceError saying where it is not one."""
    try:
        # Takes half the time, and reads nothing that the reader below would not read alike (a test holds them together).
        value: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _read_leniently(body, operation=operation)
    if not isinstance(value, dict):
        raise _malformed(operation, "the whole answer", "an object", value)
    return cast("dict[str, object]", value)


def _read_leniently(body: bytes, *, operation: str) -> object:
    """What begins with a byte order mark, or holds what JSON has no word for; or else what is wrong, and where."""
    try:
        return json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise MalformedEvidenceError(f"{operation}: byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise MalformedEvidenceError(
            f"{operation}: not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError as error:
        raise MalformedEvidenceError(f"{operation}: nested too deeply to be an answer of AWS") from error


def _callers_partition(evidence: Sequence[Evidence]) -> str:
    for item in evidence:
        parts = item.principal.split(":")
        if len(parts) > 1 and parts[0] == "arn" and parts[1]:
            return parts[1]
    return ""


def moment_of(value: object) -> datetime | None:
    """A time as AWS and its CLI write it, in UTC; None where it is none.

    A text without an offset is read as UTC, which is the only time zone of AWS's answers.
    """
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        if not isinstance(value, str):
            return None
        found = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def partition_of(region: str) -> str:
    """The partition that a region belongs to; `aws` where no region is named."""
    return next((name for start, name in _PARTITIONS if region.startswith(start)), "aws")


_PARTITIONS: Final = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
)
"""How the names of regions begin outside of the commercial partition."""


def rendered(parameters: Parameters, account: str) -> tuple[tuple[str, str], ...]:
    """Parameters as a query records them: a text as it stands, anything else as JSON."""
    return tuple((name, _written(value)) for name, value in of_account(parameters, account).items())


def of_account(parameters: Parameters, account: str) -> dict[str, object]:
    """Parameters with the account's number wherever they say ACCOUNT, at any depth."""
    return {name: _with_account(value, account) for name, value in parameters.items()}


def _with_account(value: object, account: str) -> object:
    match value:
        case str():
            return account if value == ACCOUNT else value
        case dict():
            return of_account(cast("dict[str, object]", value), account)
        case list() | tuple():
            return [_with_account(item, account) for item in cast("Sequence[object]", value)]
        case _:
            return value


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _key(parameters: Parameters) -> str:
    return json.dumps({name: _written(value) for name, value in parameters.items()}, sort_keys=True)


def _malformed(operation: str, path: str, expected: str, value: object) -> MalformedEvidenceError:
    if value is None:
        return MalformedEvidenceError(f"{operation}: {path} is missing; expected {expected}")
    quoted = json.dumps(value, default=str, ensure_ascii=True)[:MAX_QUOTED_CHARACTERS]
    return MalformedEvidenceError(f"{operation}: {path} must be {expected}, not {quoted}")
