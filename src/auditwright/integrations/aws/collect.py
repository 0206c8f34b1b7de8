"""Running one stream against one account and region: what was answered is evidence, what was not is a gap.

1. Operations are asked in their order; each is given what was answered before it.
2. A refused operation never ends the rest; expired credentials and silent regions end what cannot succeed.
3. A detail is asked of its items in a small pool of threads, and kept as one piece of evidence per 1,000 calls.
4. Evidence is deterministic: the same answers give the same bytes.
"""

import json
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Final, assert_never

from auditwright import __version__
from auditwright.core.evidence import Evidence, Gap, GapReason, Query, Scope, digest_of
from auditwright.core.integration import Captured, MalformedEvidenceError
from auditwright.integrations.aws.caller import Answered, Caller, Failure, NoneThere, Reply
from auditwright.integrations.aws.operations import (
    Ask,
    AwsStream,
    Detail,
    Listing,
    Operation,
    Single,
    hides_items,
    hyphenated,
)
from auditwright.integrations.aws.reading import (
    CALLS_KEY,
    Answers,
    Parameters,
    Row,
    moment_of,
    of_account,
    parsed_answer,
    rendered,
)

COLLECTOR: Final = f"auditwright/{__version__}"
"""The name and version that evidence is signed off with."""

CALLS_PER_EVIDENCE: Final = 1_000
"""Calls kept together: few enough that one piece of evidence can be read by a person."""

MAX_CALLS: Final = 20_000
"""Calls of one detail in one account and region; more items than that are a gap, not an endless run."""

DETAIL_THREADS: Final = 8
"""Calls under way at once: they wait for the network, and AWS throttles accounts that ask faster."""

MAX_REPEATS: Final = 40
"""Questions after a report that AWS is preparing; a credential report takes a few seconds."""

REPEAT_DELAY_S: Final = 0.5
"""Between two such questions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whom a stream asks, about what, as whom."""

    scope: Scope
    region: str
    """Where to ask: the scope's region, or the account's home region for what is not regional."""
    principal: str
    max_calls: int = MAX_CALLS
    max_repeats: int = MAX_REPEATS


def collect(stream: AwsStream, place: Place, caller: Caller) -> Iterator[Captured]:
    """Ask all that a stream asks. Raises nothing that AWS can cause."""
    evidence: list[Evidence] = []
    gaps: list[Gap] = []
    for operation in stream.operations:
        for captured in _captured(_Run(stream=stream, place=place, caller=caller), operation, evidence, gaps):
            match captured:
                case Evidence():
                    evidence.append(captured)
                case Gap():
                    gaps.append(captured)
                case _:
                    assert_never(captured)
            yield captured


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    stream: AwsStream
    place: Place
    caller: Caller

    def gap(self, operation: Operation, failure: Failure, *, subject: str = "") -> Gap:
        return Gap(
            stream=self.stream.id,
            scope=self.place.scope,
            operation=operation.name,
            reason=failure.reason,
            detail=failure.detail,
            remedy=self._remedy(operation, failure),
            hides_items=hides_items(operation),
            at=datetime.now(UTC),
            subject=subject,
        )

    def _remedy(self, operation: Operation, failure: Failure) -> str:
        if failure.page:
            return (
                "Check whose the endpoint is: AWS sends no web pages, so an emulator that does not know "
                f"{operation.name}, or a proxy on the way, answered."
            )
        return remedy(failure.reason, operation, principal=self.place.principal, region=self.place.region)

    def evidence(
        self, operation: Operation, fields: Mapping[str, object], *, asks: Sequence[Ask] = ()
    ) -> Evidence:
        body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        now = datetime.now(UTC)
        true_at = None
        if isinstance(operation, Single) and operation.true_at:
            true_at = moment_of(fields.get(operation.true_at))
        return Evidence(
            stream=self.stream.id,
            scope=self.place.scope,
            query=Query(
                operation=operation.name,
                parameters=rendered(operation.parameters, self.place.scope.account),
                command=command(operation, asks, account=self.place.scope.account, region=self.place.region),
            ),
            principal=self.place.principal,
            collected_at=now,
            effective_at=true_at or now,
            collector=COLLECTOR,
            body=body,
            digest=digest_of(body),
        )

    def ask(self, operation: Operation, asked: Parameters, region: str = "") -> Reply:
        where = region or operation.region or self.place.region
        return self.caller.ask(operation, {**self.fixed(operation), **asked}, where)

    def fixed(self, operation: Operation) -> Parameters:
        return of_account(operation.parameters, self.place.scope.account)


def _captured(
    run: _Run, operation: Operation, evidence: Sequence[Evidence], gaps: Sequence[Gap]
) -> Iterator[Captured]:
    answers = Answers(evidence, gaps)
    try:
        match operation:
            case Listing() | Single():
                if operation.needed_when(answers):
                    yield from _asked_once(run, operation)
            case Detail():
                yield from _asked_of_each(
                    run, operation, list(islice(operation.asks(answers), MAX_CALLS + 1))
                )
            case _:
                assert_never(operation)
    except MalformedEvidenceError as error:
        yield run.gap(operation, Failure(reason=GapReason.MALFORMED, detail=str(error), asked=False))


def _asked_once(run: _Run, operation: Listing | Single) -> Iterator[Captured]:
    reply = run.ask(operation, {})
    if isinstance(operation, Single):
        reply = _repeated(run, operation, reply)
    match reply:
        case Answered():
            yield run.evidence(operation, reply.fields)
            if reply.cut_short is not None:
                yield run.gap(operation, reply.cut_short)
        case NoneThere():
            yield run.evidence(operation, {CALLS_KEY: [_call(run.fixed(operation), reply)]})
        case Failure():
            yield run.gap(operation, reply)
        case _:
            assert_never(reply)


def _repeated(run: _Run, operation: Single, reply: Reply) -> Reply:
    for _ in range(run.place.max_repeats):
        if not isinstance(reply, Answered):
            return reply
        body = json.dumps(reply.fields).encode()
        row = Row(
            operation=operation.name,
            path="",
            fields=parsed_answer(body, operation=operation.name),
            evidence=(digest_of(body),),
        )
        if not operation.repeat_while(row):
            return reply
        time.sleep(REPEAT_DELAY_S)
        reply = run.ask(operation, {})
    return reply


def _asked_of_each(run: _Run, operation: Detail, asks: Sequence[Ask]) -> Iterator[Captured]:
    limit = min(run.place.max_calls, MAX_CALLS)
    for start in range(0, min(len(asks), limit), CALLS_PER_EVIDENCE):
        chunk = asks[start : min(start + CALLS_PER_EVIDENCE, limit)]
        yield from _chunk(run, operation, chunk, _replies(run, operation, chunk))
    if len(asks) > limit:
        beyond = Failure(
            reason=GapReason.LIMIT, detail=f"more than {limit} calls would be needed; the rest was not asked"
        )
        yield run.gap(operation, beyond)


def _replies(run: _Run, operation: Detail, asks: Sequence[Ask]) -> list[Reply]:
    def one(ask: Ask) -> Reply:
        return run.ask(operation, ask.parameters, ask.region)

    # A single call is not worth a thread.
    return [one(ask) for ask in asks] if len(asks) == 1 else list(_pool().map(one, asks))


@cache
def _pool() -> ThreadPoolExecutor:
    """One pool for the whole process, so that many streams at once do not make many threads."""
    return ThreadPoolExecutor(max_workers=DETAIL_THREADS, thread_name_prefix="aws-detail")


def _chunk(run: _Run, operation: Detail, asks: Sequence[Ask], replies: Sequence[Reply]) -> Iterator[Captured]:
    calls: list[Mapping[str, object]] = []
    gaps: list[Gap] = []
    unasked: Failure | None = None
    for ask, reply in zip(asks, replies, strict=True):
        asked = {**run.fixed(operation), **ask.parameters}
        match reply:
            case Answered():
                calls.append(_call(asked, reply))
                if reply.cut_short is not None:
                    gaps.append(run.gap(operation, reply.cut_short, subject=ask.about))
            case NoneThere():
                calls.append(_call(asked, reply))
            case Failure() if not reply.asked:
                unasked = reply
            case Failure():
                gaps.append(run.gap(operation, reply, subject=ask.about))
            case _:
                assert_never(reply)
    if calls:
        yield run.evidence(operation, {CALLS_KEY: calls}, asks=asks)
    yield from gaps
    if unasked is not None:
        # One gap for all that was not even asked; it names no item, and so speaks for each of them.
        yield run.gap(operation, unasked)


def _call(asked: Parameters, reply: Answered | NoneThere) -> Mapping[str, object]:
    match reply:
        case Answered():
            return {"parameters": asked, "answer": reply.fields}
        case NoneThere():
            return {"parameters": asked, "error": {"code": reply.code, "message": reply.message}}
        case _:
            assert_never(reply)


def command(operation: Operation, asks: Sequence[Ask], *, account: str, region: str) -> str:
    """The AWS CLI command that repeats a question; what was asked of several items has `<Name>` for the item."""
    asked = dict(asks[0].parameters) if asks else {}
    if len(asks) > 1:
        asked = {name: f"<{name}>" for name in asked}
    words = [operation.command, "--region", shlex.quote(operation.region or region)]
    for name, value in {**of_account(operation.parameters, account), **asked}.items():
        words.extend(_option(name, value))
    if isinstance(operation, Listing) and operation.page_size:
        words.extend(("--page-size", str(operation.page_size)))
    return " ".join(words)


def _option(name: str, value: object) -> tuple[str, ...]:
    option = f"--{hyphenated(name)}"
    match value:
        case True:
            return (option,)
        case False:
            return (f"--no-{option[2:]}",)
        case str() | int() | float():
            return (option, shlex.quote(str(value)))
        case list() | tuple() if all(isinstance(item, str) for item in value):
            return (option, *(shlex.quote(str(item)) for item in value))
        case _:
            return (option, shlex.quote(json.dumps(value, separators=(",", ":"))))


def remedy(reason: GapReason, operation: Operation, *, principal: str, region: str) -> str:
    """What to do about a gap, in a sentence."""
    who = principal or "the credentials in use"
    again = f"Run again; if it recurs, compare with the answer to `{operation.command}`."
    sentences: Mapping[GapReason, str] = {
        GapReason.REFUSED: f"Grant {' and '.join(operation.permissions)} to {who}.",
        GapReason.CREDENTIALS: f"Renew the credentials of {who} and run again.",
        GapReason.THROTTLED: "Run again later; if it recurs, ask AWS to raise the account's API rate.",
        GapReason.UNREACHABLE: f"Check that {operation.service} in {region} can be reached from here, and run again.",
        GapReason.SWITCHED_OFF: f"Enable {operation.service} in {region}, or leave the region out of `regions`.",
        GapReason.LIMIT: f"Import the answer to `{operation.command}`, or divide the account.",
        GapReason.ERASED: f"Run again, or import a new answer to `{operation.command}`.",
        GapReason.NOT_COLLECTED: f"Import the answer to `{operation.command}`, or connect the account.",
        GapReason.UNAVAILABLE: again,
        GapReason.MALFORMED: again,
        GapReason.EMPTY: again,
    }
    return sentences[reason]
