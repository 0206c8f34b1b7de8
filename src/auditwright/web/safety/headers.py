"""The headers of every answer: nothing loads but from here, nothing runs inline, nobody frames a page."""

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
"""Design guide 13."""

YEAR_S = 31_536_000

HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)

PRIVATE = (b"cache-control", b"no-store")
"""What somebody who signed in saw is in no cache, unless an answer says otherwise of itself."""


class SafeHeaders:
    """Adds the headers; one that an answer sets itself stays."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        hsts = ((b"strict-transport-security", f"max-age={YEAR_S}; includeSubDomains".encode()),)
        self._headers = (*HEADERS, PRIVATE, *(hsts if secure else ()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and add to the answer."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                message = {**message, "headers": [*given, *self._missing(given)]}
            await send(message)

        await self._app(scope, receive, sent if scope["type"] == "http" else send)

    def _missing(self, given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name, _ in given}
        return [(name, value) for name, value in self._headers if name not in names]
