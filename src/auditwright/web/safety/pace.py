"""The pace of calls: a program that asks in a loop is slowed down before it takes the site from others."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

BURST = 600
"""Calls at once."""

PER_SECOND = 20
"""Calls that come back each second."""

MAX_KEYS = 10_000
"""Callers that are remembered; whoever is forgotten has not called for longest, and begins with a full burst."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Pace:
    """Counts the calls of each caller. Safe to use from several threads."""

    def __init__(
        self, burst: int = BURST, per_second: float = PER_SECOND, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, caller: str) -> float:
        """Count a call; nought where it may go on, else the seconds until the next may."""
        now = self._clock()
        with self._lock:
            bucket = self._buckets.setdefault(caller, _Bucket(self._burst, now))
            self._buckets.move_to_end(caller)
            if len(self._buckets) > MAX_KEYS:
                self._buckets.popitem(last=False)
            bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
            bucket.at = now
            if bucket.left < 1:
                return (1 - bucket.left) / self._per_second
            bucket.left -= 1
            return 0.0
