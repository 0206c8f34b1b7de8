"""A memo: what is costly to work out is worked out once for each state of the stores."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar, cast

T = TypeVar("T")

MAX_ENTRIES = 1_000
"""Strips of tests are small and many; what is large is made of one run, and the oldest entry makes room."""


WAITING = 20
"""What may wait to be worked out apart; somebody who asks for more is told to come again, and loses nothing."""


class Memo:
    """Values by a key that names all that they follow from. Safe to use from several threads."""

    __slots__ = ("_apart", "_entries", "_later", "_lock", "_making")

    def __init__(self) -> None:
        self._entries: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._apart: ThreadPoolExecutor | None = None
        self._later: dict[Hashable, Future[object]] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key; whoever asks while it is being made waits for it."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return cast("T", self._entries[key])
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._entries:
                    return cast("T", self._entries[key])
            try:
                value = make()
                with self._lock:
                    self._entries[key] = value
                    if len(self._entries) > MAX_ENTRIES:
                        self._entries.popitem(last=False)
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return value

    def later(self, key: Hashable, make: Callable[[], T]) -> T | None:
        """The value of a key that takes seconds: made once, in a thread of its own; None until it is there.

        Raises what making it raised; asked again, it is tried again.
        """
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return cast("T", self._entries[key])
            working = self._later.get(key)
            if working is None and len(self._later) < WAITING:
                self._apart = self._apart or ThreadPoolExecutor(max_workers=1, thread_name_prefix="apart")
                self._later[key] = self._apart.submit(make)
            if working is None or not working.done():
                return None
            del self._later[key]
        return self.get(key, lambda: cast("T", working.result()))

    def clear(self) -> None:
        """Forget everything: something was erased, and what was worked out may hold it."""
        with self._lock:
            self._entries.clear()

    def close(self) -> None:
        """Begin nothing more; what is under way is waited for."""
        if self._apart is not None:
            self._apart.shutdown(cancel_futures=True)
