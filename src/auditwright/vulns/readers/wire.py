"""Small readings that the formats share: texts, times and the members of a document around its findings."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

import msgspec

from auditwright.vulns.report import TITLE_CHARACTERS, Skipped

T = TypeVar("T")


def texts(values: Iterable[str | None] | None) -> tuple[str, ...]:
    """What is said of several texts: without blanks and repetitions, in the order given."""
    found = [text for value in values or () if value and (text := value.strip())]
    return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)


Number = float | str | None
"""A number, also as text, as some tools write it."""


def number(said: Number) -> float | None:
    """The number; None where there is none, or the text is no number."""
    if said is None or isinstance(said, float):
        return said
    try:
        value = float(said)
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None  # noqa: PLR0124  # NaN differs from itself


def first_line(text: str | None) -> str:
    """The first line of a text, as a title."""
    line = (text or "").strip().partition("\n")[0].strip()
    return line if len(line) <= TITLE_CHARACTERS else f"{line[: TITLE_CHARACTERS - 1].rstrip()}…"


_WORDED = (
    "%b %d, %Y, %I:%M:%S %p",  # Apr 1, 2022, 4:38:07 PM: Inspector's console
    "%a %b %d %H:%M:%S.%f %Z %Y",  # Wed Sep 04 16:59:44.356 UTC 2024: Inspector's CSV
    "%a %b %d %H:%M:%S %Z %Y",
    "%Y-%m-%d %H:%M:%S %z %Z",  # Go's own
)

_SECONDS_LIMIT = 10**11
"""A number beyond it is milliseconds: as seconds it would lie in the year 5138."""


@lru_cache(maxsize=4096)
def moment(said: str | float | None) -> datetime | None:
    """A time as the tools write it: ISO 8601, seconds or milliseconds since 1970, or in words; None for anything else.

    A time without a zone is taken as UTC.
    """
    if said is None or isinstance(said, bool):
        return None
    try:
        if isinstance(said, str) and not re.fullmatch(r"\d+(\.\d+)?", said.strip()):
            return _worded(said.strip())
        seconds = float(said)
        return datetime.fromtimestamp(seconds / 1000 if seconds > _SECONDS_LIMIT else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _worded(said: str) -> datetime | None:
    try:
        return _aware(datetime.fromisoformat(said))
    except ValueError:
        pass
    for form in _WORDED:
        try:
            return _aware(datetime.strptime(said, form))  # noqa: DTZ007 - made aware at once
        except ValueError:
            continue
    return None


def _aware(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


class Members:
    """The members of a document; one that does not have its form is noted, and read as absent."""

    def __init__(self, members: Mapping[str, msgspec.Raw]) -> None:
        """Read from these members."""
        self._members = members
        self.skipped: list[Skipped] = []

    def get(self, name: str, shape: type[T]) -> T | None:
        """The member as `shape`; None where it is absent, null or of another form."""
        raw = self._members.get(name)
        if raw is None:
            return None
        try:
            return msgspec.json.decode(raw, type=shape | None)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self.skipped.append(Skipped(where=name, why=str(error)))
            return None
