"""Strict reading of the TOML tables in which shipped definitions are written.

Whatever is wrong is reported with the file and the table, and with what to do about it. The bytes are
read by the caller: nothing here opens a file.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar, cast

MAX_DEFINITION_BYTES = 1_000_000
"""The largest shipped file has about 10 kB; a hundred times that is not a definition."""

MAX_SUGGESTIONS = 3
"""More near misses than this no longer help."""

SUGGESTION_LIKENESS = 0.5
"""Below this ratio of difflib two ids merely share letters."""

E = TypeVar("E", bound=StrEnum)


class DefinitionError(ValueError):
    """A definition that cannot be used: where it stands, what is wrong, and what to do."""


class UnknownIdError(LookupError):
    """An id that names nothing: which, where it was named, and the closest ids that exist."""

    def __init__(self, *, what: str, unknown: str, named_in: str, known: Iterable[str]) -> None:
        """Report that `named_in` names a `what` called `unknown`, which is not among `known`."""
        self.unknown = unknown
        self.named_in = named_in
        self.closest = closest_ids(unknown, known)
        hint = f"did you mean {' or '.join(self.closest)}?" if self.closest else "correct or remove it"
        super().__init__(f"{named_in}: there is no {what} {unknown!r}; {hint}")


def closest_ids(unknown: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known ids that resemble an unknown one, most alike first; upper and lower case are alike."""
    by_folded = {name.casefold(): name for name in sorted(known)}
    near = difflib.get_close_matches(
        unknown.casefold(), by_folded, n=MAX_SUGGESTIONS, cutoff=SUGGESTION_LIKENESS
    )
    return tuple(by_folded[folded] for folded in near)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a definition file; each reader returns a field of one type or raises DefinitionError."""

    where: str
    """The file, and the table in it, such as `access.toml, control 3`."""
    fields: Mapping[str, object]

    def only(self, *names: str) -> None:
        """Refuse any key that is not named, so that a misspelled one is not lost."""
        for name in self.fields:
            if name not in names:
                near = closest_ids(name, names)
                hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(names)}"
                raise self.error(f"unknown key {name!r}; {hint}")

    def text(self, name: str) -> str:
        """A string that says something, without space around it."""
        value = self._field(name)
        if not isinstance(value, str):
            raise self._mistyped(name, "a string", value)
        if not value.strip():
            raise self.error(f"{name} is empty; write it or remove the entry")
        return value.strip()

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings: at least one, none empty, none twice."""
        value = self._field(name)
        if not isinstance(value, list):
            raise self._mistyped(name, "a list of strings", value)
        items = tuple(cast("list[object]", value))
        found = tuple(item.strip() for item in items if isinstance(item, str) and item.strip())
        if not found or len(found) != len(items):
            raise self.error(f"{name} must list one or more strings, none of them empty")
        if len(set(found)) != len(found):
            raise self.error(f"{name} lists one entry twice; name each once")
        return found

    def positive(self, name: str) -> int:
        """A whole number of at least one."""
        value = self._field(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self._mistyped(name, "a whole number of at least 1", value)
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false; the default where the key is absent."""
        value = self.fields.get(name, default)
        if not isinstance(value, bool):
            raise self._mistyped(name, "true or false", value)
        return value

    def choice(self, name: str, choices: type[E]) -> E:
        """One member of an enumeration, by its value."""
        value = self.text(name)
        allowed = [member.value for member in choices]
        if value not in allowed:
            raise self.error(f"{name} is {value!r}; use one of {', '.join(allowed)}")
        return choices(value)

    def table(self, name: str) -> "Table":
        """The table under a key."""
        value = self._field(name)
        if not isinstance(value, dict):
            raise self._mistyped(name, "a table", value)
        return Table(where=f"{self.where}, {name}", fields=cast("dict[str, object]", value))

    def tables(self, name: str) -> tuple["Table", ...]:
        """The array of tables under a key, with at least one; each knows its place, counted from 1."""
        value = self._field(name)
        if not isinstance(value, list):
            raise self._mistyped(name, "an array of tables", value)
        items = cast("list[object]", value)
        if not items:
            raise self.error(f"{name} is empty; write at least one [[{name}]]")
        return tuple(self._entry(name, place, item) for place, item in enumerate(items, start=1))

    def error(self, problem: str) -> DefinitionError:
        """An error that says where this table stands."""
        return DefinitionError(f"{self.where}: {problem}")

    def _entry(self, name: str, place: int, item: object) -> "Table":
        if not isinstance(item, dict):
            raise self._mistyped(f"{name} {place}", "a table", item)
        return Table(where=f"{self.where}, {name} {place}", fields=cast("dict[str, object]", item))

    def _field(self, name: str) -> object:
        if name not in self.fields:
            raise self.error(f"the key {name!r} is missing; add it")
        return self.fields[name]

    def _mistyped(self, name: str, wanted: str, value: object) -> DefinitionError:
        return self.error(f"{name} must be {wanted}, not {type(value).__name__}")


def read_table(content: bytes, *, file: str) -> Table:
    """Read the bytes of a TOML file as its outermost table; raises DefinitionError naming the file."""
    if len(content) > MAX_DEFINITION_BYTES:
        message = (
            f"{file}: {len(content)} bytes, but a definition has at most {MAX_DEFINITION_BYTES}; split it"
        )
        raise DefinitionError(message)
    try:
        fields: Mapping[str, object] = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        message = f"{file}: byte {error.start} is not UTF-8; save the file as UTF-8"
        raise DefinitionError(message) from error
    except tomllib.TOMLDecodeError as error:
        message = f"{file}: not valid TOML: {error}"
        raise DefinitionError(message) from error
    except RecursionError as error:
        message = f"{file}: nested too deeply to be a definition"
        raise DefinitionError(message) from error
    return Table(where=file, fields=fields)
