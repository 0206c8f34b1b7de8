"""Rates: one address cannot keep the server busy; what is above the rate is told when to come again."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from auditwright.web.problems import is_api, problem
from auditwright.web.templating import STATIC

RATE_PER_S = 40
"""Far above what a person or a well-meant script asks for; a page asks for itself and at times one of its parts."""

BURST = 400
"""A script that exports every list at once."""

MAX_ADDRESSES = 10_000
"""Addresses that are remembered; the one that was quiet longest is forgotten, which gives it its full burst back."""

TOO_MANY = 429


class Buckets:
    """A token bucket an address. Safe to use from several threads."""

    __slots__ = ("_burst", "_clock", "_held", "_lock", "_rate")

    def __init__(
        self,
        rate_per_s: float = RATE_PER_S,
        burst: float = BURST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = rate_per_s
        self._burst = burst
        self._clock = clock
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, address: str) -> float:
        """Take one token; 0 where there was one, else the seconds until there is."""
        with self._lock:
            now = self._clock()
            tokens, at = self._held.get(address, (self._burst, now))
            tokens = min(tokens + (now - at) * self._rate, self._burst)
            taken = tokens >= 1
            self._held[address] = (tokens - 1 if taken else tokens, now)
            self._held.move_to_end(address)
            if len(self._held) > MAX_ADDRESSES:
                self._held.popitem(last=False)
            return 0.0 if taken else (1 - tokens) / self._rate


class LimitedRates:
    """Refuses what comes too fast from one address; static files cost nothing and are not counted."""

    def __init__(self, app: ASGIApp, buckets: Buckets) -> None:
        self._app = app
        self._buckets = buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is within the rate."""
        if scope["type"] == "http" and not scope["path"].startswith(f"{STATIC}/"):
            client = scope.get("client")
            wait_s = self._buckets.wait_s(client[0] if client else "")
            if wait_s:
                text = "Too many requests from this address. Come again in a moment."
                headers = {"retry-after": str(max(int(wait_s + 1), 1))}
                refusal = (
                    problem(TOO_MANY, text, headers=headers)
                    if is_api(scope["path"])
                    else PlainTextResponse(f"{text}\n", status_code=TOO_MANY, headers=headers)
                )
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
