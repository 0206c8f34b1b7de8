"""Waiting for what another thread does, without guessing how long it takes."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LIMIT_S = 60.0
"""Far longer than a small run takes on a busy machine."""

_PAUSE_S = 0.05


def eventually(ask: Callable[[], T], is_wanted: Callable[[T], bool]) -> T:
    """Ask until the answer is as wanted; fails with the last answer."""
    deadline = time.monotonic() + LIMIT_S
    pause = threading.Event()
    while True:
        found = ask()
        if is_wanted(found):
            return found
        assert time.monotonic() < deadline, f"still not as wanted: {str(found)[-3000:]}"
        pause.wait(_PAUSE_S)
