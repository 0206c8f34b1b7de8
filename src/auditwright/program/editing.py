"""Editing the settings: one table's keys change, and every comment and other line stays as it was written.

1. The text is cut into statements: headers, keys with their values, and lines between them.
2. The statements of the changed keys are replaced, taken out, or added behind the table's last one.
3. What comes out is read, and must say what the text said before but for the change; else nothing is changed.
"""

import copy
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import TypeAlias, cast

from auditwright.program.document import ProgramError

Setting: TypeAlias = "str | int | float | bool | date | time | Sequence[Setting] | Mapping[str, Setting]"
"""What a key of the settings can be set to here."""

Change: TypeAlias = "Setting | None"
"""What becomes of a key; None takes it out."""

Table: TypeAlias = tuple[str, str]
"""The path of a table, such as `("integrations", "aws")`."""

MAX_LINE = 100
"""Characters of a list that stands on one line."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(r"\s*\[")
_NO_STATEMENT = re.compile(r"\s*(#.*)?$")
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f]')


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    """Some whole lines: a header, a key with its value, or a line that says nothing."""

    first: int
    stop: int
    header: tuple[str, ...] = ()
    key: str = ""


def with_settings(text: str, table: Table, settings: Mapping[str, Change], *, file: str) -> str:
    """The text with some keys of a table set, and taken out where they are None; raises ProgramError."""
    wanted = _parsed(text, file)
    held = cast("dict[str, object]", wanted.setdefault(table[0], {})).setdefault(table[1], {})
    members = cast("dict[str, Setting]", held)
    changed: dict[str, Change] = {}
    for key, value in settings.items():
        if value is None and key in members:
            del members[key]
            changed[key] = None
        elif value is not None and members.get(key) != value:
            changed[key] = members[key] = value
    return _checked(_edited(text, table, changed, file), wanted, file)


def without_table(text: str, table: Table, *, file: str) -> str:
    """The text without a table, and without the comment that stands on it; raises ProgramError."""
    wanted = _parsed(text, file)
    cast("dict[str, object]", wanted.get(table[0], {})).pop(table[1], None)
    lines, found = _lines(text), _statements(text, file)
    first, stop = _span(found, table, len(lines), file)
    first = _above(lines, first)
    if stop < len(lines):
        stop = _above(lines, stop)
    kept = "".join(lines[:first]).rstrip("\n")
    rest = "".join(lines[stop:]).lstrip("\n")
    joined = "\n\n".join(part for part in (kept, rest) if part)
    return _checked(joined if joined.endswith("\n") else f"{joined}\n", wanted, file, emptied=table[0])


def toml(value: Setting) -> str:
    """A value as TOML; a long list has a line for each member."""
    line = _line(value)
    if len(line) <= MAX_LINE or not isinstance(value, list | tuple):
        return line
    return "[\n" + "".join(f"  {_line(member)},\n" for member in value) + "]"


def _line(value: Setting) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case date() | time():
            return value.isoformat()
        case str():
            return '"' + _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", value) + '"'
        case Mapping():
            return f"{{ {', '.join(f'{_key(name)} = {_line(member)}' for name, member in value.items())} }}"
        case _:
            return f"[{', '.join(map(_line, value))}]"


def _lines(text: str) -> list[str]:
    """The lines of TOML, which end with a line feed and nothing else."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _line(name)


def _parsed(text: str, file: str) -> dict[str, object]:
    try:
        return copy.deepcopy(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProgramError(f"{file}: {error}") from None


def _edited(text: str, table: Table, changed: Mapping[str, Change], file: str) -> str:
    lines, found = _lines(text), _statements(text, file)
    first, stop = _span(found, table, len(lines), file)
    keys = [each for each in found if each.key and first < each.first < stop]
    last = max((each.stop for each in keys), default=first + 1)
    new = "".join(
        f"{_key(key)} = {toml(value)}\n"
        for key, value in changed.items()
        if value is not None and key not in {each.key for each in keys}
    )
    if new and not lines[last - 1].endswith("\n"):
        lines[last - 1] += "\n"
    lines.insert(last, new)
    for each in reversed(keys):
        if each.key in changed:
            lines[each.first : each.stop] = [
                _replaced(lines[each.first : each.stop], each, changed[each.key])
            ]
    return "".join(lines)


def _replaced(lines: Sequence[str], statement: _Statement, value: Change) -> str:
    if value is None:
        return ""
    comment = _comment(lines[-1])
    return f"{_key(statement.key)} = {toml(value)}{f'  {comment}' if comment else ''}\n"


def _comment(line: str) -> str:
    """What is said behind a value; a `#` inside the value is none."""
    for place, letter in enumerate(line):
        if letter == "#" and (_reads(line[:place]) or line[:place].strip() in {"]", "}", "},", "],"}):
            return line[place:].rstrip()
    return ""


def _checked(text: str, wanted: dict[str, object], file: str, *, emptied: str = "") -> str:
    """The text where it says what is wanted."""
    found = _parsed(text, file)
    if emptied and not wanted.get(emptied):
        wanted.pop(emptied, None)
    if found != wanted:
        raise _not_here(file)
    return text


def _not_here(file: str) -> ProgramError:
    return ProgramError(
        f"{file} writes these settings in a form that is not changed here; edit the file instead"
    )


def _span(found: Sequence[_Statement], table: Table, end: int, file: str) -> tuple[int, int]:
    """The lines of a table, from its header to the next."""
    headers = [each for each in found if each.header]
    for place, each in enumerate(headers):
        if each.header == table:
            return each.first, headers[place + 1].first if place + 1 < len(headers) else end
    raise _not_here(file)


def _above(lines: Sequence[str], first: int) -> int:
    """Where the comment begins that stands directly on a line."""
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return first


def _statements(text: str, file: str) -> list[_Statement]:
    try:
        return list(_cut(_lines(text)))
    except (tomllib.TOMLDecodeError, IndexError):
        raise _not_here(file) from None


def _cut(lines: Sequence[str]) -> Iterator[_Statement]:
    place = 0
    while place < len(lines):
        first, line = place, lines[place]
        place += 1
        if _NO_STATEMENT.match(line):
            continue
        if _HEADER.match(line):
            yield _Statement(first=first, stop=place, header=_path(line))
            continue
        while not _reads("".join(lines[first:place])):
            if place == len(lines):
                raise IndexError(first)
            place += 1
        yield _Statement(first=first, stop=place, key=next(iter(tomllib.loads("".join(lines[first:place])))))


def _path(header: str) -> tuple[str, ...]:
    """The names of a header; a table in a list of tables ends with an empty one, which no path of ours does."""
    found: object = tomllib.loads(header)
    names: list[str] = []
    while isinstance(found, dict) and found:
        ((name, found),) = cast("dict[str, object]", found).items()
        names.append(name)
    return (*names, "") if isinstance(found, list) else tuple(names)


def _reads(text: str) -> bool:
    try:
        return bool(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return False
