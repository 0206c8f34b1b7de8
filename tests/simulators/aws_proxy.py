"""A real HTTP server in front of an AWS emulator that refuses, throttles, hangs or breaks chosen questions.

`AwsProxy(upstream)` forwards everything until rules are added: `proxy.add(refuse(), service="iam")`. Rules see
who is asked (service, region, action, whether it is a later page) as AWS would: from the signature's scope,
the target header, the body or the path. The errors have the forms of AWS's five protocols.
"""

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

S3_SUBRESOURCES = {
    "publicAccessBlock": "GetPublicAccessBlock",
    "policyStatus": "GetBucketPolicyStatus",
    "policy": "GetBucketPolicy",
    "acl": "GetBucketAcl",
    "location": "GetBucketLocation",
    "tagging": "GetBucketTagging",
}
PAGE_TOKENS = ("NextToken", "nextToken", "Marker", "marker", "continuation-token", "ExclusiveStartTableName")
HANG_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    service: str
    """The signing name: iam, s3, ec2, elasticloadbalancing …"""
    region: str
    action: str
    """The API's method; for REST services other than S3, the HTTP method and the path."""
    later_page: bool
    access_key: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Forward:
    """Let the emulator answer."""


Answerer = Callable[[Question], Reply | Forward | None]
"""None hangs until the proxy is told to go on, and then closes the connection."""


@dataclass(slots=True)
class Rule:
    answer: Answerer
    matches: Callable[[Question], bool]
    after: int = 0
    """How many matching questions pass before the rule applies."""
    times: int = 1_000_000
    seen: int = 0


@dataclass(slots=True)
class AwsProxy:
    """The proxy; `url` is what a client is given as its endpoint."""

    upstream: str
    url: str = ""
    asked: list[Question] = field(default_factory=list)
    _rules: list[Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    go_on: threading.Event = field(default_factory=threading.Event)

    def add(  # noqa: PLR0913
        self,
        answer: Answerer,
        *,
        service: str = "",
        action: str = "",
        region: str = "",
        later_page: bool | None = None,
        after: int = 0,
        times: int = 1_000_000,
    ) -> None:
        """Answer matching questions so; empty conditions match everything. The rule added last comes first."""

        def matches(question: Question) -> bool:
            return (
                service in ("", question.service)
                and (not action or re.fullmatch(action, question.action) is not None)
                and region in ("", question.region)
                and later_page in (None, question.later_page)
            )

        with self._lock:
            self._rules.insert(0, Rule(answer=answer, matches=matches, after=after, times=times))

    def answerer(self, question: Question) -> Answerer | None:
        with self._lock:
            self.asked.append(question)
            for rule in self._rules:
                if rule.matches(question):
                    rule.seen += 1
                    if rule.after < rule.seen <= rule.after + rule.times:
                        return rule.answer
        return None

    def count(self, *, service: str = "", action: str = "") -> int:
        return sum(
            service in ("", question.service) and action in ("", question.action) for question in self.asked
        )


def refuse(code: str = "", message: str = "") -> Answerer:
    """AWS's denial of a missing permission, in the words and the form of the service."""

    def answer(question: Question) -> Reply:
        ec2 = question.service == "ec2"
        named = code or ("UnauthorizedOperation" if ec2 else "AccessDenied")
        said = message or (
            "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/moto is not "
            f"authorized to perform: {question.service}:{question.action} because no identity-based policy allows "
            f"the {question.service}:{question.action} action"
        )
        return error(question, named, said, status=403)

    return answer


def throttle() -> Answerer:
    """Slow down."""
    return lambda question: error(
        question,
        "RequestLimitExceeded" if question.service == "ec2" else "Throttling",
        "Rate exceeded",
        status=503 if question.service == "ec2" else 400,
    )


def expired() -> Answerer:
    """Credentials that have expired in the meantime."""
    return lambda question: error(
        question,
        "RequestExpired" if question.service == "ec2" else "ExpiredToken",
        "The security token included in the request is expired",
        status=403,
    )


def html(status: int) -> Answerer:
    """A page of HTML, as a proxy, a portal or an emulator answers."""
    page = b"<!doctype html><html><title>Not here</title><body>Nothing to see</body></html>"
    return lambda _: Reply(status=status, body=page, headers=(("Content-Type", "text/html; charset=utf-8"),))


def body(status: int, content: bytes, kind: str) -> Answerer:
    """Any bytes."""
    return lambda _: Reply(status=status, body=content, headers=(("Content-Type", kind),))


def forward() -> Answerer:
    """The emulator's own answer, as an exception to a wider rule added before."""
    return lambda _: Forward()


def hang() -> Answerer:
    """No answer at all."""
    return lambda _: None


def error(question: Question, code: str, message: str, *, status: int) -> Reply:
    """An error in the form of the service's protocol."""
    text, name = escape(message), escape(code)
    if question.service == "ec2":
        return _xml(
            status,
            f"<Response><Errors><Error><Code>{name}</Code><Message>{text}</Message></Error></Errors>"
            "<RequestID>00000000-0000-0000-0000-000000000000</RequestID></Response>",
        )
    if question.service == "s3":
        return _xml(
            status,
            f"<Error><Code>{name}</Code><Message>{text}</Message><RequestId>0</RequestId></Error>",
        )
    if question.service in ("iam", "sts", "rds", "elasticloadbalancing", "sns", "cloudformation"):
        return _xml(
            status,
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{name}</Code><Message>{text}</Message></Error>"
            "<RequestId>0</RequestId></ErrorResponse>",
        )
    typed = code if code.endswith("Exception") else f"{code}Exception"
    content = json.dumps({"__type": typed, "message": message}).encode()
    return Reply(
        status=status,
        body=content,
        headers=(("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", typed)),
    )


def _xml(status: int, text: str) -> Reply:
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return Reply(status=status, body=content, headers=(("Content-Type", "text/xml"),))


@contextmanager
def aws_proxy(upstream: str) -> Iterator[AwsProxy]:
    """A running proxy in front of an emulator's URL."""
    proxy = AwsProxy(upstream=upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return

        def _handle(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            question = _question(self, content)
            answer = proxy.answerer(question)
            reply = Forward() if answer is None else answer(question)
            if isinstance(reply, Forward):
                reply = _forward(self, content, upstream)
            if reply is None:
                proxy.go_on.wait(HANG_LIMIT_S)
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)

        # The names that http.server calls.
        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _handle  # noqa: N815

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            # A client that gave up waiting is what hanging is for.
            return

    server = Server(("127.0.0.1", 0), Handler)
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _question(handler: BaseHTTPRequestHandler, content: bytes) -> Question:
    scope = re.search(
        r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request", handler.headers.get("Authorization") or ""
    )
    access_key, region, service = scope.groups() if scope else ("", "", "")
    path = urlsplit(handler.path)
    query = parse_qs(path.query, keep_blank_values=True)
    form = parse_qs(content.decode("utf-8", "replace")) if b"Action=" in content[:4096] else {}
    text = content.decode("utf-8", "replace")
    return Question(
        service=service,
        region=region,
        action=_action(handler, path.path, query, form),
        later_page=any(token in query or token in form or f'"{token}"' in text for token in PAGE_TOKENS),
        access_key=access_key,
        path=handler.path,
    )


def _action(
    handler: BaseHTTPRequestHandler, path: str, query: dict[str, list[str]], form: dict[str, list[str]]
) -> str:
    target = handler.headers.get("X-Amz-Target")
    if target:
        return target.rsplit(".", 1)[-1]
    if "Action" in form:
        return form["Action"][0]
    if path.startswith("/v20180820/configuration/publicAccessBlock"):
        return "GetPublicAccessBlock"
    if handler.command == "GET":
        for name, action in S3_SUBRESOURCES.items():
            if name in query:
                return action
        if path == "/":
            return "ListBuckets"
    return f"{handler.command} {path}"


def _forward(handler: BaseHTTPRequestHandler, content: bytes, upstream: str) -> Reply:
    address = urlsplit(upstream)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 80, timeout=60)
    try:
        headers = {name: value for name, value in handler.headers.items() if name.lower() != "connection"}
        connection.request(handler.command, handler.path, body=content, headers=headers)
        response = connection.getresponse()
        kept = tuple(
            (name, value)
            for name, value in response.getheaders()
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "server", "date")
        )
        return Reply(status=response.status, body=response.read(), headers=kept)
    finally:
        connection.close()
