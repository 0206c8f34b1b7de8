"""One call to AWS: an answer, a typed "there is none", or a failure with its reason.

Nothing here decides what an answer means. Whatever AWS does not document (a page of HTML, a bare number as
the error's code, a listing without its list) is a failure, so that it is never taken for "there is none".
"""

import base64
import html
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from auditwright.core.evidence import GapReason
from auditwright.integrations.aws.operations import Listing, Operation
from auditwright.integrations.aws.reading import Parameters, moment_of
from auditwright.integrations.aws.withheld import withheld

if TYPE_CHECKING:
    from botocore.client import BaseClient

MAX_PAGES: Final = 2_000
"""Pages of one listing: at 100 items each, the largest accounts known have fewer."""

MAX_DETAIL_CHARACTERS: Final = 600
"""How much of AWS's words a gap quotes; denials are under 400 characters, encoded ones much longer."""

MIN_SECRET_CHARACTERS: Final = 8
"""Shorter credentials exist in emulators only; blotting them out would blot out words."""

_REFUSED: Final = (
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "NotAuthorized",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
    "WAFUnauthorizedAccess",
)
_CREDENTIALS: Final = (
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
)
_THROTTLED: Final = (
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "TransactionInProgressException",
)
_SWITCHED_OFF: Final = (
    "OptInRequired",
    "RegionDisabledException",
    "SubscriptionRequiredException",
)
_CODES: Final[Mapping[str, GapReason]] = {
    code: reason
    for reason, codes in (
        (GapReason.REFUSED, _REFUSED),
        (GapReason.CREDENTIALS, _CREDENTIALS),
        (GapReason.THROTTLED, _THROTTLED),
        (GapReason.SWITCHED_OFF, _SWITCHED_OFF),
    )
    for code in codes
}
"""What AWS's error codes mean for us; a code that is not here is UNAVAILABLE."""

_SECRETS: Final = (
    # Access key ids by their documented prefixes.
    re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{12,}\b"),
    # Signatures: 64 hexadecimal digits.
    re.compile(r"\b[0-9a-f]{64}\b"),
    # Secret keys and session tokens: long runs of base64, not the parts of an ARN or of a path.
    re.compile(r"(?<![\w:/.+-])[A-Za-z0-9+/_=-]{40,}"),
)
REDACTED: Final = "[redacted]"

ASKED_REGION: Final[ContextVar[str]] = ContextVar("ASKED_REGION", default="")
"""Where the call that is under way in this thread goes: one client asks in every region (see session.py)."""

_NOT_EMULATED: Final = ("404", "500", "501")
"""With which codes an emulator says, on a web page, that it does not know a question; others may pass."""

WEB_PAGE: Final = "a web page instead of an answer"
"""What a gap says of HTML, which AWS never answers with: an emulator, a portal or a proxy does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A call that brought no answer: why, in AWS's own words without secrets."""

    reason: GapReason
    detail: str
    asked: bool = True
    """False where the call was not made, because the same failure was certain."""
    page: str = ""
    """The code of a web page that came instead of an answer, which AWS never sends; empty where none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer in the AWS CLI's shape; `cut_short` says why later pages are missing."""

    fields: Mapping[str, object]
    cut_short: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoneThere:
    """AWS answered, with a code that it documents, that there is none."""

    code: str
    message: str


Reply: TypeAlias = Answered | NoneThere | Failure


class Caller:
    """Asks on behalf of one account, and stops asking where it is certain that no answer will come.

    Expired credentials end everything; a region of a service that does not answer ends that region of it; a
    listing that an emulator does not know ends it in every region. Safe to use from several threads.
    """

    __slots__ = ("_broken", "_client", "_max_pages", "_not_emulated", "_secrets", "_silent")

    def __init__(
        self,
        client: "Callable[[str, str], BaseClient]",
        *,
        secrets: Callable[[], tuple[str, ...]] = tuple,
        max_pages: int = MAX_PAGES,
        not_emulated: dict[str, Failure] | None = None,
    ) -> None:
        """Ask with `client(service, region)`, and keep `secrets()` out of every failure.

        `not_emulated` remembers, for all callers of an emulator's endpoint, which operations it answers with a
        web page; None for AWS itself, where such a page passes.
        """
        self._client = client
        self._secrets = secrets
        self._max_pages = max_pages
        self._not_emulated = not_emulated
        self._broken: Failure | None = None
        self._silent: dict[tuple[str, str], Failure] = {}

    def ask(self, operation: Operation, parameters: Parameters, region: str) -> Reply:
        """Make one call, with all its pages. Raises nothing that AWS or the network can cause."""
        known = self._broken or self._silent.get((operation.service, region))
        if known is None and self._not_emulated is not None:
            known = self._not_emulated.get(operation.name)
        if known is not None:
            return replace(known, asked=False)
        reply = self._ask(operation, parameters, region)
        failure = reply.cut_short if isinstance(reply, Answered) else reply
        if isinstance(failure, Failure):
            self._remember(failure, operation, region)
        return reply

    def _remember(self, failure: Failure, operation: Operation, region: str) -> None:
        if failure.reason is GapReason.CREDENTIALS:
            self._broken = failure
        elif failure.reason is GapReason.UNREACHABLE:
            self._silent[(operation.service, region)] = failure
        elif (
            failure.page in _NOT_EMULATED
            and self._not_emulated is not None
            and isinstance(operation, Listing)
        ):
            # A detail may fail for the one item that an emulator stumbles over.
            self._not_emulated[operation.name] = failure

    def _ask(self, operation: Operation, parameters: Parameters, region: str) -> Reply:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        pages: list[Mapping[str, object]] = []
        rest: Mapping[str, object] = {}
        asked = ASKED_REGION.set(region)
        try:
            client = self._client(operation.sdk_service, region)
            for page, others in _pages(client, operation, parameters):
                if len(pages) == self._max_pages:
                    return _merged(operation, pages, rest, cut_short=_too_many_pages(self._max_pages))
                _refuse_undocumented(operation, page)
                pages.append(page)
                rest = others
        except ClientError as error:
            code, message = _code_and_message(error)
            if not pages and code in operation.absent:
                return NoneThere(code=code, message=self.redacted(message))
            sent_as_html = _sent_as_html(error.response)
            failure = self._failure(reason_of(code), code, message, sent_as_html=sent_as_html)
        except ResponseParserError as error:
            failure = self._failure(GapReason.UNAVAILABLE, "the answer could not be read", str(error))
        except _UndocumentedError as error:
            failure = self._failure(GapReason.UNAVAILABLE, "200", str(error), sent_as_html=error.sent_as_html)
        except BotoCoreError as error:
            failure = self._failure(_reason_of_exception(error), type(error).__name__, str(error))
        else:
            return _merged(operation, pages, rest)
        finally:
            ASKED_REGION.reset(asked)
        return _merged(operation, pages, rest, cut_short=failure) if pages else failure

    def _failure(self, reason: GapReason, code: str, said: str, *, sent_as_html: bool = False) -> Failure:
        page = web_page(said) or (WEB_PAGE if sent_as_html else "")
        if page:
            return Failure(reason=reason, detail=self.redacted(f"{code}, {page}"), page=code)
        return Failure(reason=reason, detail=self.redacted(f"{code}: {said}"))

    def redacted(self, text: str) -> str:
        """A text of AWS without credentials and signatures, on one line and not too long."""
        for secret in self._secrets():
            if len(secret) >= MIN_SECRET_CHARACTERS:
                text = text.replace(secret, REDACTED)
        for pattern in _SECRETS:
            text = pattern.sub(REDACTED, text)
        line = " ".join(text.split())
        return line if len(line) <= MAX_DETAIL_CHARACTERS else f"{line[:MAX_DETAIL_CHARACTERS]} …"


class _UndocumentedError(Exception):
    """An answer that AWS does not document."""

    def __init__(self, said: str, *, sent_as_html: bool) -> None:
        super().__init__(said)
        self.sent_as_html = sent_as_html


def _pages(
    client: "BaseClient", operation: Operation, parameters: Parameters
) -> Iterator[tuple[Mapping[str, object], Mapping[str, object]]]:
    """Each page, and the fields beside the items that belong to the answer as a whole."""
    from botocore import xform_name

    method = xform_name(operation.method)
    if not operation.items or not client.can_paginate(method):
        call: Callable[..., Mapping[str, object]] = getattr(client, method)
        answer = call(**parameters)
        yield answer, answer
        return
    size = operation.page_size if isinstance(operation, Listing) else 0
    paging = {"PaginationConfig": {"PageSize": size}} if size else {}
    pages = client.get_paginator(method).paginate(**parameters, **paging)
    for page in pages:
        yield page, cast("Mapping[str, object]", pages.non_aggregate_part)


def _merged(
    operation: Operation,
    pages: list[Mapping[str, object]],
    rest: Mapping[str, object],
    *,
    cut_short: Failure | None = None,
) -> Answered:
    fields: dict[str, object] = {}
    for key in operation.items:
        held = [item for page in pages for item in _listed(page, key)]
        fields[key] = held
    fields.update((key, value) for key, value in rest.items() if key not in fields)
    fields.pop("ResponseMetadata", None)
    if cut_short is None and operation.items and any(fields.get(token) for token in _MORE):
        cut_short = Failure(
            reason=GapReason.LIMIT,
            detail="the answer names a further page, which this version cannot ask for",
        )
    kept = withheld(jsonable(fields), operation.secret)
    return Answered(fields=cast("Mapping[str, object]", kept), cut_short=cut_short)


_MORE: Final = ("NextToken", "nextToken", "NextMarker", "Marker", "ContinuationToken", "paginationToken")
"""Fields by which an answer says that there are more; botocore's paginator has taken out those it follows."""


def _listed(page: Mapping[str, object], key: str) -> list[object]:
    value = page.get(key)
    return cast("list[object]", value) if isinstance(value, list) else []


def _refuse_undocumented(operation: Operation, page: Mapping[str, object]) -> None:
    sent_as_html = _sent_as_html(page)
    # A page of HTML, whatever its status, leaves botocore with nothing; and an answer in which the
    # list itself is missing is not an empty list.
    if operation.items and not any(key in page for key in operation.items):
        missing = " or ".join(operation.items)
        raise _UndocumentedError(f"answered without {missing}", sent_as_html=sent_as_html)
    # Some answers are empty by design (AWS WAF: no web ACL), but then they are not sent as HTML.
    # A text that is the whole body (S3: GetBucketPolicy) takes anything.
    held = [value for key, value in page.items() if key != "ResponseMetadata"]
    markup = next((value for value in held if isinstance(value, str) and value.lstrip().startswith("<")), "")
    if (markup or not held) and sent_as_html:
        raise _UndocumentedError(markup, sent_as_html=True)


def web_page(text: str) -> str:
    """What a web page says of itself, its title alone; empty where the text is none."""
    if not _MARKUP.search(text):
        return ""
    found = _TITLE.search(text)
    title = " ".join(html.unescape(found.group(1)).split())[:MAX_TITLE_CHARACTERS] if found else ""
    return f'{WEB_PAGE}: "{title}"' if title else WEB_PAGE


_MARKUP: Final = re.compile(r"<(?:!doctype\s+html|html[\s>])", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title[^>]{0,200}>([^<]{1,500})", re.IGNORECASE)

MAX_TITLE_CHARACTERS: Final = 100
"""A title is a few words."""


def _sent_as_html(page: Mapping[str, object]) -> bool:
    metadata = page.get("ResponseMetadata")
    headers = (
        cast("Mapping[str, object]", metadata).get("HTTPHeaders") if isinstance(metadata, dict) else None
    )
    kind = cast("Mapping[str, object]", headers).get("content-type") if isinstance(headers, dict) else None
    return isinstance(kind, str) and "html" in kind.lower()


def _too_many_pages(limit: int) -> Failure:
    return Failure(reason=GapReason.LIMIT, detail=f"more than {limit} pages; the rest was not read")


def _code_and_message(error: Exception) -> tuple[str, str]:
    response = getattr(error, "response", None)
    described: object = response.get("Error") if isinstance(response, dict) else None
    if not isinstance(described, dict):
        return "Unknown", str(error)
    fields = cast("dict[str, object]", described)
    code, message = str(fields.get("Code") or "Unknown"), str(fields.get("Message") or "")
    # Smithy services may prefix the shape's namespace: com.amazonaws…#AccessDeniedException.
    return code.rsplit("#", 1)[-1], message


def reason_of(code: str) -> GapReason:
    """What an error code of AWS means for us; UNAVAILABLE where it is none of those that we know."""
    # EC2 writes Client.UnauthorizedOperation in some answers.
    bare = code.removeprefix("Client.").removeprefix("Server.")
    return _CODES.get(bare, GapReason.UNAVAILABLE)


def _reason_of_exception(error: Exception) -> GapReason:
    from botocore import exceptions

    match error:
        case (
            exceptions.NoCredentialsError()
            | exceptions.PartialCredentialsError()
            | exceptions.CredentialRetrievalError()
            | exceptions.UnauthorizedSSOTokenError()
            | exceptions.SSOError()
            | exceptions.TokenRetrievalError()
            | exceptions.InvalidConfigError()
            | exceptions.ProfileNotFound()
        ):
            return GapReason.CREDENTIALS
        case (
            exceptions.HTTPClientError()
            | exceptions.EndpointConnectionError()
            | exceptions.ConnectionError()
            | exceptions.ConnectionClosedError()
        ):
            return GapReason.UNREACHABLE
        case exceptions.PaginationError():
            return GapReason.MALFORMED
        case _:
            return GapReason.UNAVAILABLE


def jsonable(value: object) -> object:
    """A parsed answer as JSON holds it: times in ISO 8601 in UTC, bytes in base64, as the AWS CLI prints them."""
    match value:
        case dict():
            return {str(key): jsonable(inner) for key, inner in cast("dict[object, object]", value).items()}
        case list():
            return [jsonable(inner) for inner in cast("list[object]", value)]
        case datetime():
            return value.astimezone(UTC).isoformat()
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case _:
            return value


@lru_cache(maxsize=4096)
def _iso(value: str | float) -> str:
    found = moment_of(value)
    if found is None:
        from botocore.utils import parse_timestamp

        found = parse_timestamp(str(value)).astimezone(UTC)
    return found.isoformat()


def timestamp(value: object) -> str:
    """A time of any of AWS's wire formats, as the AWS CLI prints it; raises ValueError where it is none."""
    match value:
        case str() | int() | float():
            return _iso(value)
        case datetime():
            return value.astimezone(UTC).isoformat()
        case _:
            raise ValueError(f"not a time: {value!r}")
