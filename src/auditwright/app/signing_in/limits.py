"""How often somebody may try, so that guessing is hopeless and nobody can lock out anybody else.

Each try takes from budgets that fill up again with time: of the address it comes from, and of the address together
with the account. A browser that signed in before has a budget of its own (a device cookie, as OWASP describes it), so
that tries from elsewhere, or from behind the same proxy, take nothing from it. A passkey cannot be guessed and has no
budget. A success gives back what it took. Budgets live in memory: who can start the server anew needs to guess nothing.
"""

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MAX_KEPT = 50_000
"""Budgets in memory; beyond them the one that was used longest ago counts as full again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Tries that are there at first, and how long one more takes."""

    tries: int
    another_after: timedelta


OF_ADDRESS = Budget(tries=30, another_after=timedelta(minutes=1))
"""An office shares an address: 30 mistakes at once, then one a minute."""

OF_ACCOUNT_FROM_ADDRESS = Budget(tries=5, another_after=timedelta(minutes=5))

OF_DEVICE = Budget(tries=10, another_after=timedelta(minutes=5))

OF_CODES = Budget(tries=10, another_after=timedelta(minutes=10))
"""Wrong one-time codes of one account, from whatever address: who tries them knows the password. 154 in the first day
against three codes of a million that count at a time."""

OF_STARTS = Budget(tries=120, another_after=timedelta(seconds=1))
"""Ceremonies that one address may begin: each is kept in memory for some minutes."""


@dataclass(frozen=True, slots=True)
class Taking:
    """One budget that a try takes from."""

    key: tuple[str, ...]
    budget: Budget


@dataclass(slots=True)
class _Level:
    spent: float
    at: datetime


@dataclass(slots=True)
class Limits:
    """Every budget that somebody took from lately."""

    _levels: OrderedDict[tuple[str, ...], _Level] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, takings: Iterable[Taking], now: datetime) -> timedelta:
        """Take one try from each budget, or from none; returns how long to wait where one is empty, else nothing.

        What is tried is checked after this, so that many tries at once take as much as one after another.
        """
        with self._lock:
            levels = [(taking, self._level(taking, now)) for taking in takings]
            waits = [self._wait(taking.budget, level) for taking, level in levels]
            longest = max(waits, default=timedelta())
            if longest <= timedelta():
                for _, level in levels:
                    level.spent += 1
            return longest

    def give_back(self, takings: Iterable[Taking], now: datetime) -> None:
        """What was tried was right: it took nothing."""
        with self._lock:
            for taking in takings:
                level = self._level(taking, now)
                level.spent = max(level.spent - 1, 0)

    def left(self, taking: Taking, now: datetime) -> int:
        """How many tries a budget has."""
        with self._lock:
            return max(int(taking.budget.tries - self._level(taking, now).spent), 0)

    def _level(self, taking: Taking, now: datetime) -> _Level:
        level = self._levels.setdefault(taking.key, _Level(0, now))
        self._levels.move_to_end(taking.key)
        if len(self._levels) > MAX_KEPT:
            self._levels.popitem(last=False)
        filled = max(now - level.at, timedelta()) / taking.budget.another_after
        level.spent, level.at = max(level.spent - filled, 0), now
        return level

    @staticmethod
    def _wait(budget: Budget, level: _Level) -> timedelta:
        return budget.another_after * max(level.spent + 1 - budget.tries, 0)


def network(address: str) -> str:
    """What an address counts as: an IPv6 network of 64 bits is one subscriber's."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
