"""Compression: pages and static files travel small where that tells nobody what they hold.

The length of a compressed page that repeats something of its address tells what else the page holds (BREACH). A browser
says in `Sec-Fetch-Site` whether the address comes from this site or was typed; what another site leads to, and who does
not say, gets the page as it is.
"""

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

STATIC = "/static/"

RAW = "/raw"
"""The end of addresses of evidence as it was kept: large, and mostly compressed already."""

OWN = frozenset({b"same-origin", b"none"})

LEAST_BYTES = 1_000

LEVEL = 5


class Compressed:
    """Compresses what may be."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressed = GZipMiddleware(app, minimum_size=LEAST_BYTES, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on to one or the other."""
        may = scope["type"] == "http" and (_is_static(scope) or (_is_own(scope) and not _is_raw(scope)))
        await (self._compressed if may else self._plain)(scope, receive, send)


def _is_static(scope: Scope) -> bool:
    return bool(scope["path"].startswith(STATIC))


def _is_raw(scope: Scope) -> bool:
    return bool(scope["path"].endswith(RAW))


def _is_own(scope: Scope) -> bool:
    return dict(scope["headers"]).get(b"sec-fetch-site") in OWN
