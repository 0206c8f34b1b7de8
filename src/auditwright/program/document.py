"""Typed reading of TOML and YAML, with the file and line of whatever is wrong.

Every error reads `file:line: path: what was expected, what was found`.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import cast

import yaml

Path = tuple[str | int, ...]

MAX_FILE_BYTES = 10_000_000
"""A roster of 50,000 people has about 5 MB; a definition larger than this is not one."""

MAX_DEPTH = 32
"""Definitions nest three or four deep; YAML bombs nest more."""

MAX_PARTS = 1_000_000
"""Values in one file, aliases expanded: ten fields for each of 100,000 people."""

_TOML_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=""")
_TOML_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")


class ProgramError(ValueError):
    """A file of the program folder cannot be used; the message begins with file:line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed file and the line on which each part of it stands."""

    file: str
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """The line of a part, or of the nearest part around it that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A value in a document. Each reader returns it as one type or raises ProgramError."""

    document: Document
    path: Path
    value: object

    def error(self, problem: str) -> ProgramError:
        """An error at this place."""
        where = ".".join(str(part) for part in self.path)
        place = f"{self.document.file}:{self.document.line(self.path)}"
        return ProgramError(f"{place}: {where}: {problem}" if where else f"{place}: {problem}")

    def text(self) -> str:
        """A string that says something, without space around it."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self._expected("a text")
        return self.value.strip()

    def integer(self) -> int:
        """A whole number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self._expected("a whole number")
        return self.value

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self._expected("true or false")
        return self.value

    def day(self) -> date:
        """A date such as 2026-11-23."""
        if isinstance(self.value, date) and not isinstance(self.value, datetime):
            return self.value
        try:
            return date.fromisoformat(self.text())
        except ValueError:
            raise self._expected("a date such as 2026-11-23") from None

    def moment(self) -> datetime:
        """A time with its zone, or a date, which then means its first moment in UTC."""
        value = self.value
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value.strip())
            except ValueError:
                raise self._expected("a date or a time such as 2026-11-23T14:00:00Z") from None
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return datetime.combine(self.day(), time(), tzinfo=UTC)

    def items(self) -> Sequence["Entry"]:
        """The members of a list."""
        if not isinstance(self.value, list):
            raise self._expected("a list")
        members = cast("list[object]", self.value)
        return [self._at(place, member) for place, member in enumerate(members)]

    def texts(self) -> tuple[str, ...]:
        """A list of texts, none twice."""
        found = tuple(member.text() for member in self.items())
        if len(set(found)) != len(found):
            raise self.error("the list names one entry twice")
        return found

    def fields(self) -> "Fields":
        """The members of a table."""
        if not isinstance(self.value, dict):
            raise self._expected("a table of keys and values")
        members = cast("dict[object, object]", self.value)
        if any(not isinstance(name, str) for name in members):
            raise self.error("every key must be a text")
        return Fields(
            entry=self, members={str(name): self._at(str(name), value) for name, value in members.items()}
        )

    def _at(self, step: str | int, value: object) -> "Entry":
        return Entry(document=self.document, path=(*self.path, step), value=value)

    def _expected(self, wanted: str) -> ProgramError:
        shown = repr(self.value)
        shown = shown if len(shown) <= 80 else f"{shown[:79]}…"  # noqa: PLR2004  # one line of a terminal
        return self.error(f"expected {wanted}, found {shown}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The members of a table, by name."""

    entry: Entry
    members: Mapping[str, Entry]

    def required(self, name: str) -> Entry:
        """A member that must be there."""
        if name not in self.members:
            raise self.entry.error(f"the key {name!r} is missing")
        return self.members[name]

    def optional(self, name: str) -> Entry | None:
        """A member that may be missing."""
        return self.members.get(name)

    def only(self, *names: str) -> None:
        """Refuse every other member, so that a misspelled one is not silently without effect."""
        for name, entry in self.members.items():
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"
                raise entry.error(f"unknown key; {hint}")

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        return iter(self.members.items())


def read_toml(body: bytes, *, file: str) -> Entry:
    """Parse TOML; raises ProgramError with the line."""
    text = _decode(body, file)
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise ProgramError(f"{file}:{found[1] if found else 1}: not valid TOML: {error}") from None
    except RecursionError:
        raise ProgramError(f"{file}:1: nested too deeply") from None
    return Entry(document=Document(file=file, lines=_toml_lines(text)), path=(), value=value)


def read_yaml(body: bytes, *, file: str) -> Entry:
    """Parse one YAML document without anchors or tags of its own; raises ProgramError with the line."""
    text = _decode(body, file)
    lines: dict[Path, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = None if node is None else _plain(node, (), lines, file)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise ProgramError(f"{file}:{line}: not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ProgramError(f"{file}:1: not valid YAML: {error}") from None
    return Entry(document=Document(file=file, lines=lines), path=(), value=value)


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int], file: str) -> object:
    line = node.start_mark.line + 1
    lines[path] = line
    if len(path) > MAX_DEPTH or len(lines) > MAX_PARTS:
        raise ProgramError(f"{file}:{line}: nested too deeply, or too large once its aliases are expanded")
    match node:
        case yaml.MappingNode():
            found: dict[object, object] = {}
            for key_node, value_node in node.value:
                key = yaml.SafeLoader("").construct_object(key_node)
                if key in found:
                    raise ProgramError(f"{file}:{key_node.start_mark.line + 1}: the key {key!r} stands twice")
                found[key] = _plain(value_node, (*path, str(key)), lines, file)
                lines[(*path, str(key))] = key_node.start_mark.line + 1
            return found
        case yaml.SequenceNode():
            return [_plain(member, (*path, place), lines, file) for place, member in enumerate(node.value)]
        case _:
            value: object = yaml.SafeLoader("").construct_object(node)
            return value


def _decode(body: bytes, file: str) -> str:
    if len(body) > MAX_FILE_BYTES:
        raise ProgramError(f"{file}:1: {len(body)} bytes; a definition has at most {MAX_FILE_BYTES}")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise ProgramError(f"{file}:{line}: not UTF-8; save the file as UTF-8") from None


def _toml_lines(text: str) -> Mapping[Path, int]:
    lines: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TOML_HEADER.match(line):
            table = _toml_path(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            lines.setdefault(table, number)
        elif key := _TOML_KEY.match(line):
            lines.setdefault((*table, *_toml_path(key[1])), number)
    return lines


def _toml_path(dotted: str) -> Path:
    parts = re.findall(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*(?:\.|$)""", dotted)
    return tuple(double or single or bare for double, single, bare in parts)
