"""Host headers: only the names under which the site is known are answered (DNS rebinding, cache poisoning)."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MISDIRECTED = 421
"""RFC 9110 15.5.20: this server does not answer for that name."""


class KnownHosts:
    """Refuses every request for another host."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.encode() for host in hosts)

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
        await self._app(scope, receive, send)
