"""Posts come from this site alone: what another site makes a browser send is refused.

Every browser since 2023 says in `Sec-Fetch-Site` where a request comes from, and older ones name the origin. A
request that says neither, and bears the cookie of a session, is refused too. Calls with a token are no browser's, and
to the API nothing but a token vouches for a change (`visit.May`), so that a call without a cookie can do nothing there.
"""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from auditwright.web.problems import is_api, problem

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

FORBIDDEN = 403


class SameOrigin:
    """Refuses unsafe requests that do not come from this site."""

    def __init__(self, app: ASGIApp, url: str) -> None:
        self._app = app
        self._origin = url.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is safe or comes from here."""
        if scope["type"] == "http" and scope["method"] not in SAFE and not self._is_own(scope):
            text = "This request did not come from this site. Open the page here and send it again."
            refusal = (
                problem(FORBIDDEN, text)
                if is_api(scope["path"])
                else PlainTextResponse(f"{text}\n", status_code=FORBIDDEN)
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_own(self, scope: Scope) -> bool:
        headers = dict(scope["headers"])
        if b"cookie" not in headers and is_api(scope["path"]):
            return True
        origin = headers.get(b"origin")
        if origin is not None and origin != self._origin:
            return False
        site = headers.get(b"sec-fetch-site")
        return site == b"same-origin" if site is not None else origin is not None
