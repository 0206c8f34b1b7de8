"""Typed reading of TOML and YAML, with the file and line of whatever is wrong.

Every error reads `file:line: path: what was expected, what was found`.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import cast

import yaml
from yaml.constructor import SafeConstructor

Path = tuple[str | int, ...]

MAX_FILE_BYTES = 10_000_000
"""A roster of 50,000 people has about 5 MB; a definition larger than this is not one."""

MAX_DEPTH = 32
"""Definitions nest three or four deep; YAML bombs nest more."""

MAX_ALIASED_PARTS = 10_000
"""Values that aliases may add to those that the file spells out, of which each takes a character."""

MAX_INTEGER = 2**63 - 1
"""What the records can hold."""

MAX_SHOWN = 80
"""Characters of a wrong value that an error repeats: one line of a terminal."""

_TOML_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=""")
_TOML_HEADER = re.compile(r"""\s*(\[\[?)((?:"[^"]*"|'[^']*'|[^\]"'#])+)\]""")
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
_TOML_LONG_TEXTS = ('"""', "'''")


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

    def expected(self, wanted: str) -> ProgramError:
        """An error that says what was expected here, and shows the beginning of what stands here."""
        return self.error(f"expected {wanted}, found {_shown(self.value)}")

    def text(self) -> str:
        """A string that says something, without space around it."""
        if not isinstance(self.value, str) or not self.value.strip() or not _can_be_kept(self.value):
            raise self.expected("a text")
        return self.value.strip()

    def integer(self) -> int:
        """A whole number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.expected("a whole number")
        if abs(self.value) > MAX_INTEGER:
            raise self.expected(f"a whole number of at most {MAX_INTEGER}")
        return self.value

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.expected("true or false")
        return self.value

    def day(self) -> date:
        """A date such as 2026-11-23."""
        if isinstance(self.value, date) and not isinstance(self.value, datetime):
            return self.value
        try:
            return date.fromisoformat(self.text())
        except ValueError:
            raise self.expected("a date such as 2026-11-23") from None

    def moment(self) -> datetime:
        """A time with its zone, or a date, which then means its first moment in UTC."""
        value = self.value
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value.strip())
            except ValueError:
                raise self.expected("a date or a time such as 2026-11-23T14:00:00Z") from None
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return datetime.combine(self.day(), time(), tzinfo=UTC)

    def items(self) -> Sequence["Entry"]:
        """The members of a list."""
        if not isinstance(self.value, list):
            raise self.expected("a list")
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
            raise self.expected("a table of keys and values")
        members = cast("dict[object, object]", self.value)
        if any(not isinstance(name, str) for name in members):
            raise self.error("every key must be a text")
        return Fields(
            entry=self, members={str(name): self._at(str(name), value) for name, value in members.items()}
        )

    def _at(self, step: str | int, value: object) -> "Entry":
        return Entry(document=self.document, path=(*self.path, step), value=value)


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
    except (RecursionError, ValueError) as error:  # ValueError: a number of thousands of digits
        raise ProgramError(f"{file}:1: not valid TOML: {_clip(str(error))}") from None
    return Entry(document=Document(file=file, lines=_toml_lines(text)), path=(), value=value)


def read_yaml(body: bytes, *, file: str) -> Entry:
    """Parse one YAML document without anchors or tags of its own; raises ProgramError with the line."""
    text = _decode(body, file)
    lines: dict[Path, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = (
            None
            if node is None
            else _Reader(file=file, lines=lines, most=MAX_ALIASED_PARTS + len(text)).plain(node, ())
        )
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise ProgramError(f"{file}:{line}: not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ProgramError(f"{file}:1: not valid YAML: {error}") from None
    return Entry(document=Document(file=file, lines=lines), path=(), value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """From YAML's nodes to plain values, aliases expanded; the line of each is written into `lines`."""

    file: str
    lines: dict[Path, int]
    most: int
    """Values in the file at most, aliases expanded."""
    constructor: SafeConstructor = field(default_factory=SafeConstructor)

    def plain(self, node: yaml.Node, path: Path) -> object:
        line = node.start_mark.line + 1
        self.lines[path] = line
        if len(path) > MAX_DEPTH or len(self.lines) > self.most:
            raise self._error(line, "nested too deeply, or too large once its aliases are expanded")
        match node:
            case yaml.MappingNode():
                return self._table(node, path)
            case yaml.SequenceNode():
                return [self.plain(member, (*path, place)) for place, member in enumerate(node.value)]
            case _:
                return self._scalar(node)

    def _table(self, node: yaml.MappingNode, path: Path) -> dict[object, object]:
        found: dict[object, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error(line, "every key must be a text")
            key = self._scalar(key_node)
            if key in found:
                raise self._error(line, f"the key {_shown(key)} stands twice")
            found[key] = self.plain(value_node, (*path, str(key)))
            self.lines[(*path, str(key))] = line
        return found

    def _scalar(self, node: yaml.Node) -> object:
        try:
            value: object = self.constructor.construct_object(node)
        except (ValueError, KeyError, AttributeError, TypeError, OverflowError):
            # PyYAML converts what looks like a date or a number, or is tagged so, without checking it.
            kind = str(node.tag).rpartition(":")[2]
            problem = f"not valid YAML: {_clip(repr(node.value))} is no {kind}"
            raise self._error(node.start_mark.line + 1, problem) from None
        if not isinstance(value, str | int | float | date | None):
            # A tag such as !!set or !!binary.
            raise self._error(node.start_mark.line + 1, f"not valid YAML here: the tag {_clip(node.tag)}")
        if isinstance(value, str) and not _can_be_kept(value):
            raise self._error(node.start_mark.line + 1, "a text holds a zero byte or half a character")
        return value

    def _error(self, line: int, problem: str) -> ProgramError:
        return ProgramError(f"{self.file}:{line}: {problem}")


def _can_be_kept(text: str) -> bool:
    """False for a text that databases and UTF-8 refuse, which only an escape can write."""
    return _UNKEEPABLE.search(text) is None


def _shown(value: object) -> str:
    try:
        return _clip(repr(value))
    except ValueError:  # Python writes no number of thousands of digits
        return "a number of thousands of digits"


def _clip(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


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
    within = ""
    for number, line in enumerate(text.split("\n"), start=1):  # TOML knows no other end of a line
        if within:
            within = "" if within in line else within
        elif header := _TOML_HEADER.match(line):
            table = _toml_path(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            lines.setdefault(table, number)
        elif key := _TOML_KEY.match(line):
            lines.setdefault((*table, *_toml_path(key[1])), number)
            within = next((quote for quote in _TOML_LONG_TEXTS if line.count(quote) % 2), "")
    return lines


def _toml_path(dotted: str) -> Path:
    parts = re.findall(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*(?:\.|$)""", dotted)
    return tuple(double or single or bare for double, single, bare in parts)


def yaml_entries(files: Mapping[str, bytes], folder: str) -> Iterator[Entry]:
    """Every definition of a folder's YAML files: each file holds one, or a list of them."""
    for path in sorted(files):
        if not path.startswith(folder) or not path.endswith((".yaml", ".yml")):
            continue
        entry = read_yaml(files[path], file=path)
        if entry.value is None:
            continue
        yield from entry.items() if isinstance(entry.value, list) else (entry,)
