"""Host headers: only the names under which the site is known are answered (DNS rebinding, cache poisoning).

A page that is asked for by another name of this machine is shown by the site's own: cookies and passkeys are bound to it.
"""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MISDIRECTED = 421
"""RFC 9110 15.5.20: this server does not answer for that name."""


PROBES = frozenset({"/healthz", "/readyz"})
"""Asked by machines, at whatever name."""


class KnownHosts:
    """Refuses every request for another host."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], url: str) -> None:
        self._app = app
        self._hosts = frozenset(host.encode() for host in hosts)
        self._url = url
        scheme, _, own = url.partition("://")
        default = f"{own}:{'443' if scheme == 'https' else '80'}"
        self._own = frozenset({own.encode(), default.encode()})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is for this site."""
        if scope["type"] == "http":
            given = [value.lower() for name, value in scope["headers"] if name == b"host"]
            if len(given) != 1 or given[0] not in self._hosts:
                refusal = PlainTextResponse(
                    "This server does not answer for that host. Start it with --url naming the address that people use.\n",
                    status_code=MISDIRECTED,
                )
                await refusal(scope, receive, send)
                return
            if given[0] not in self._own and scope["method"] == "GET" and scope["path"] not in PROBES:
                asked = Request(scope).url
                place = f"{self._url}{asked.path}{'?' if asked.query else ''}{asked.query}"
                await RedirectResponse(place)(scope, receive, send)
                return
        await self._app(scope, receive, send)
