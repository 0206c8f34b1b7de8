"""Taking in answers that somebody saved with the AWS CLI, byte for byte.

`aws iam get-account-authorization-details > details.json` becomes evidence of the same operation that the
collector would ask, and is read by the same code. What was not imported is a gap, so that a population of which
only half was saved is never taken for the whole. Only what may be a secret is taken out, and a note says so.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from auditwright.core.definition import closest_ids
from auditwright.core.evidence import Evidence, Gap, GapReason, Query, Scope, digest_of
from auditwright.core.ids import StreamId
from auditwright.core.integration import MalformedEvidenceError
from auditwright.core.run import EvidenceRecord
from auditwright.integrations.aws import STREAMS
from auditwright.integrations.aws.collect import COLLECTOR, command, remedy
from auditwright.integrations.aws.iam import REPORT
from auditwright.integrations.aws.operations import (
    Ask,
    AwsStream,
    Detail,
    Listing,
    Operation,
    Single,
    hides_items,
)
from auditwright.integrations.aws.reading import of_account, parsed_answer, rendered
from auditwright.integrations.aws.session import ACCOUNT_DIGITS, AWS
from auditwright.integrations.aws.withheld import withheld

MAX_IMPORT_BYTES: Final = 256_000_000
"""The authorization details of the largest accounts known have a tenth of this."""

_ARN_ACCOUNT: Final = re.compile(rb'"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):')
_CSV_ACCOUNT: Final = re.compile(rb"arn:aws[a-z-]*:iam::(\d{12}):")
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK: Final = b"\xef\xbb\xbf"


class ImportAnswerError(ValueError):
    """A saved answer cannot be taken in: what is wrong with it, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A saved answer: the CLI's words that it answers, when it was saved, and what it does not say itself."""

    service: str
    """As the CLI writes it, such as `iam` or `s3api`."""
    command: str
    """Such as `get-account-authorization-details`."""
    body: bytes
    parameters: Mapping[str, object]
    """The options that the command was given, in the API's names, such as `{"Bucket": "logs"}`."""
    account: str = ""
    """The account's number, where no ARN in the answer says it."""
    region: str = ""
    """The region, for what is asked region by region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Evidence for one stream."""

    stream: StreamId
    evidence: Evidence
    note: str = ""
    """What whoever imports it should know of how it was taken in, in a sentence; empty where all is plain."""


def import_answer(saved: Saved, *, at: datetime, effective_at: datetime) -> tuple[Imported, ...]:
    """Take in one saved answer, for each stream that asks for it; raises ImportAnswerError.

    `at` is now, `effective_at` when the answer was saved. The bytes are kept exactly as they are, unless the answer
    holds what may be a secret.
    """
    matches = _matching(saved)
    _check_body(saved, matches[0][1])
    account, note = _account(saved)
    saved, taken_out = _without_secrets(saved, matches[0][1])
    note = " ".join(filter(None, (note, taken_out)))
    return tuple(
        Imported(
            stream=stream.id,
            evidence=_evidence(saved, stream, operation, account=account, at=at, effective_at=effective_at),
            note=note,
        )
        for stream, operation in matches
    )


def importable(streams: Sequence[AwsStream] = STREAMS) -> tuple[tuple[str, str], ...]:
    """The CLI's service and command of everything that can be imported, in order."""
    return tuple(
        sorted({operation.cli for stream in streams for operation in stream.operations if _holds(operation)})
    )


def _holds(operation: Operation) -> bool:
    return not (isinstance(operation, Single) and operation.prepares)


def gaps_of_import(evidence: Iterable[Evidence | EvidenceRecord], *, at: datetime) -> tuple[Gap, ...]:
    """What the streams of imported evidence would have asked and nobody imported, by stream and scope."""
    held: dict[tuple[StreamId, Scope], set[tuple[str, tuple[tuple[str, str], ...]]]] = {}
    for item in evidence:
        held.setdefault((item.stream, item.scope), set()).add((item.query.operation, item.query.parameters))
    by_id = {stream.id: stream for stream in STREAMS}
    return tuple(
        _not_imported(stream, scope, operation, at=at)
        for (stream, scope), seen in held.items()
        for operation in by_id[stream].operations
        if _holds(operation) and not _is_held(operation, scope, seen)
    )


def _is_held(operation: Operation, scope: Scope, seen: set[tuple[str, tuple[tuple[str, str], ...]]]) -> bool:
    if isinstance(operation, Detail):
        # Asked item by item: each fact that was not imported is Unknown by itself.
        return not operation.hides_items or any(name == operation.name for name, _ in seen)
    return (operation.name, rendered(operation.parameters, scope.account)) in seen


def _not_imported(stream: StreamId, scope: Scope, operation: Operation, *, at: datetime) -> Gap:
    return Gap(
        stream=stream,
        scope=scope,
        operation=operation.name,
        reason=GapReason.NOT_COLLECTED,
        detail="no answer was imported",
        remedy=remedy(GapReason.NOT_COLLECTED, operation, principal="", region=scope.region),
        hides_items=hides_items(operation),
        at=at,
    )


def _matching(saved: Saved) -> tuple[tuple[AwsStream, Operation], ...]:
    asked = (saved.service, saved.command)
    named = [
        (stream, operation)
        for stream in STREAMS
        for operation in stream.operations
        if operation.cli == asked and _holds(operation)
    ]
    if not named:
        raise ImportAnswerError(_unknown(saved))
    found = tuple((stream, operation) for stream, operation in named if _fits(operation, saved))
    if not found:
        raise ImportAnswerError(
            f"`aws {saved.service} {saved.command}` was saved with other options than are asked for; save "
            + " or ".join(sorted({f"`{_example(operation)}`" for _, operation in named}))
        )
    for stream, _ in found:
        if stream.regional and not saved.region:
            raise ImportAnswerError(
                f"`aws {saved.service} {saved.command}` answers for one region; say which"
            )
    return found


def _example(operation: Operation) -> str:
    return command(operation, (), account="<account>", region="<region>")


def _fits(operation: Operation, saved: Saved) -> bool:
    """Whether the saved options are the ones that are asked: more would narrow the answer, fewer widen it."""
    account = saved.account or str(saved.parameters.get("AccountId") or "")
    fixed = dict(rendered(operation.parameters, account))
    options = dict(rendered(saved.parameters, account))
    if isinstance(operation, Detail):
        return bool(set(options) - set(fixed)) and all(
            options.get(name) == value for name, value in fixed.items()
        )
    if "Filters" not in options and len(fixed) > 1:
        # Where a filter stands beside other options, it repeats what they say (see ec2.SNAPSHOTS).
        fixed.pop("Filters", None)
    if not account:
        # Which account it was, the answer's own ARNs will say.
        fixed.pop("AccountId", None)
    return options == fixed


def _unknown(saved: Saved) -> str:
    known = importable()
    words = f"{saved.service} {saved.command}"
    commands = [name for service, name in known if service == saved.service]
    near = closest_ids(words, [" ".join(pair) for pair in known])
    if near:
        return (
            f"`aws {words}` cannot be imported; did you mean {' or '.join(f'`aws {name}`' for name in near)}?"
        )
    if commands:
        return f"`aws {words}` cannot be imported; of {saved.service}, {', '.join(commands)} can"
    services = sorted({service for service, _ in known})
    return f"`aws {words}` cannot be imported; the services are {', '.join(services)}"


def _check_body(saved: Saved, operation: Operation) -> None:
    body = saved.body
    what = f"the answer to `aws {saved.service} {saved.command}`"
    if len(body) > MAX_IMPORT_BYTES:
        raise ImportAnswerError(
            f"{what} has {len(body)} bytes, more than {MAX_IMPORT_BYTES}; save it in parts"
        )
    if not body.strip():
        raise ImportAnswerError(f"{what} is empty; run the command again and look for an error message")
    if body.startswith(_UTF16):
        raise ImportAnswerError(f"{what} is UTF-16, as PowerShell's > writes; save it as UTF-8")
    if operation.name == REPORT.name and _is_table(body):
        return
    try:
        fields = parsed_answer(body, operation=operation.name)
    except MalformedEvidenceError as error:
        cut = " The file may be cut off." if _cut_off(body) else ""
        raise ImportAnswerError(
            f"{what} cannot be read: {error}.{cut} Save it again with --output json"
        ) from error
    missing = [key for key in operation.items if key not in fields]
    if operation.items and len(missing) == len(operation.items):
        raise ImportAnswerError(
            f"{what} has no {' or '.join(operation.items)}; is it the answer to another command?"
        )
    if isinstance(operation, Listing) and missing:
        raise ImportAnswerError(f"{what} lacks {' and '.join(missing)}; save it without --query")
    if any(fields.get(key) for key in ("NextToken", "nextToken", "Marker", "NextMarker", "IsTruncated")):
        raise ImportAnswerError(
            f"{what} is one page of several; save it without --max-items and --no-paginate"
        )


def _without_secrets(saved: Saved, operation: Operation) -> tuple[Saved, str]:
    """The answer without what may be a secret, and a sentence that says so; the same bytes where it holds none."""
    if not operation.secret:
        return saved, ""
    fields = parsed_answer(saved.body, operation=operation.name)
    kept = withheld(fields, operation.secret)
    if kept == fields:
        return saved, ""
    body = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()
    return replace(saved, body=body), (
        f"What stands in {' and '.join(operation.secret)} may be secret and was taken out before it was kept."
    )


def _is_table(body: bytes) -> bool:
    return body.removeprefix(_UTF8_MARK).startswith(b"user,arn,")


def _cut_off(body: bytes) -> bool:
    """Whether JSON begins and does not end."""
    text = body.removeprefix(_UTF8_MARK).strip()
    return text.startswith(b"{") and not text.endswith(b"}")


def _account(saved: Saved) -> tuple[str, str]:
    """The account's number, and a note: as given, else the one that owns more than half of the answer's items."""
    given = saved.account or str(saved.parameters.get("AccountId") or "")
    if given and not (len(given) == ACCOUNT_DIGITS and given.isascii() and given.isdigit()):
        raise ImportAnswerError(f"{given!r} is no account; write its {ACCOUNT_DIGITS} digits")
    named = _accounts_named(saved)
    if given:
        if named and given not in named:
            raise ImportAnswerError(
                f"the answer is of account {' and '.join(sorted(named))}, not of {given}; correct the account"
            )
        return given, _of_others(given, named)
    if named:
        account, owned = max(named.items(), key=lambda found: found[1])
        if len(named) == 1 or 2 * owned > named.total():
            return account, _of_others(account, named)
    why = f"names several accounts ({', '.join(sorted(named)[:5])})" if named else "names no account"
    raise ImportAnswerError(f"the answer {why}; say which account it is of")


def _of_others(account: str, named: Counter[str]) -> str:
    """That some of the items name other accounts; empty where none does."""
    others = sorted(name for name in named if name != account)
    if account not in named or not others:
        return ""
    count = named.total() - named[account]
    return (
        f"{named[account]} of its {named.total()} items belong to account {account}, of which it is taken for the "
        f"answer; {count} name account {' and '.join(others)}."
    )


def _accounts_named(saved: Saved) -> Counter[str]:
    """The accounts that the answer's own items belong to, with how many do."""
    if _is_table(saved.body):
        return Counter(found.decode() for found in _CSV_ACCOUNT.findall(saved.body))
    if saved.service in _OF_THE_WHOLE_ORGANIZATION:
        return Counter()
    try:
        fields = parsed_answer(saved.body, operation=saved.command)
    except MalformedEvidenceError:
        return Counter()
    own = Counter(_owners(fields))
    if own:
        return own
    # Accounts that are mentioned need not own anything: how often says nothing.
    return Counter({found.decode() for found in _ARN_ACCOUNT.findall(saved.body)})


_OF_THE_WHOLE_ORGANIZATION: Final = ("organizations", "sso-admin", "identitystore")
"""Services whose answers name the management account, whichever account they were asked about."""

_OWN_ARNS: Final = (
    "Arn",
    "ARN",
    "arn",
    "FunctionArn",
    "StackId",
    "DBInstanceArn",
    "DBSnapshotArn",
    "TrailARN",
    "LoadBalancerArn",
    "KeyArn",
    "OwnerId",
)
"""Fields that say whose an item is; other ARNs, such as those of trusted principals, may be foreign."""


def _owners(fields: Mapping[str, object]) -> Iterable[str]:
    for value in fields.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                owner = _owner(item)
                if owner:
                    yield owner


def _owner(item: Mapping[object, object]) -> str:
    for name in _OWN_ARNS:
        value = item.get(name)
        if not isinstance(value, str):
            continue
        parts = value.split(":")
        number = parts[4] if len(parts) > 5 and parts[0] == "arn" else value  # noqa: PLR2004  # arn:…:account:…
        if len(number) == ACCOUNT_DIGITS and number.isascii() and number.isdigit():
            return number
    return ""


def _evidence(  # noqa: PLR0913
    saved: Saved,
    stream: AwsStream,
    operation: Operation,
    *,
    account: str,
    at: datetime,
    effective_at: datetime,
) -> Evidence:
    scope = Scope(source=AWS, account=account, region=saved.region if stream.regional else "")
    parameters = {**of_account(operation.parameters, account), **saved.parameters}
    asked = {name: value for name, value in saved.parameters.items() if name not in operation.parameters}
    return Evidence(
        stream=stream.id,
        scope=scope,
        query=Query(
            operation=operation.name,
            parameters=rendered(
                parameters if isinstance(operation, Detail) else operation.parameters, account
            ),
            command=command(
                operation,
                (Ask(parameters=asked),) if asked else (),
                account=account,
                region=saved.region or "us-east-1",
            ),
        ),
        principal="",
        collected_at=at,
        effective_at=effective_at,
        collector=COLLECTOR,
        body=saved.body,
        digest=digest_of(saved.body),
    )
