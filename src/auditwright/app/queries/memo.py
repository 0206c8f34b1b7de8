"""A memo: what is costly to work out is worked out once for each state of the stores."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

T = TypeVar("T")

MAX_ENTRIES = 1_000
"""Strips of tests are small and many; what is large is made of one run, and the oldest entry makes room."""


class Memo:
    """Values by a key that names all that they follow from. Safe to use from several threads."""

    __slots__ = ("_entries", "_lock", "_making")

    def __init__(self) -> None:
        self._entries: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

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
