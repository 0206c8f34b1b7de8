"""The roster: who works for the organization, read from a CSV or YAML file of the program folder.

Reading is lenient about form (case and spaces of a header, encoding, delimiter) and strict about
meaning: a date that can be read two ways, an address that stands twice or a row that lost a cell is refused
with its row, because a roster that is read wrongly clears accounts of people who left.

1. The bytes of each file are kept as they are.
2. A header names the columns: email, name and employment must be there; a column that is missing leaves
   its facts Unknown, an empty cell says what emptiness means for that column.
3. A roster of nobody is a gap: an organization has people.
"""

import csv
import io
import os
import re
import shlex
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from auditwright import __version__
from auditwright.core.evidence import Evidence, Gap, GapReason, Query, Scope, digest_of
from auditwright.core.ids import Digest, IntegrationId, ResourceId, StreamId
from auditwright.core.integration import (
    Captured,
    Check,
    Config,
    ConfigError,
    ConfigField,
    Integration,
    MalformedEvidenceError,
    Operation,
    Stream,
    Target,
)
from auditwright.core.outcome import Unknown
from auditwright.core.resources import Person
from auditwright.program.document import Entry, ProgramError, read_yaml

PEOPLE: Final = IntegrationId("people")
STREAM: Final = StreamId("people.roster")
OPERATION: Final = "people:roster"
DEFAULT_ROSTER: Final = "people.csv"

MAX_FILE_BYTES: Final = 10_000_000
"""A roster of 50,000 people has about 5 MB; the program folder's other files have the same bound."""

MAX_FILES: Final = 10_000
"""Files of a roster folder, one person in each: more is a mistyped folder."""

MAX_PEOPLE: Final = 100_000
"""Far above any organization that keeps its roster in a file."""

REQUIRED: Final = ("email", "name", "employment")
COLUMNS: Final = (*REQUIRED, "title", "manager", "started_on", "ended_on", "accounts")
EMPLOYMENTS: Final = ("employee", "contractor")

_CSV_SUFFIXES: Final = frozenset({".csv", ".tsv", ".txt"})
_YAML_SUFFIXES: Final = frozenset({".yaml", ".yml"})
MAX_CELL: Final = 100_000
"""Characters of a cell: below what Python's reader takes by itself, which other readers of this process may change."""

_DELIMITERS: Final = (",", ";", "\t")
_ALIASES: Final = {"e_mail": "email", "email_address": "email", "e_mail_address": "email"}

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ADDRESS: Final = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")
_SPREADSHEET_HINT: Final = re.compile(r"\ufeff?sep=([,;\t|])\r?\n", re.IGNORECASE)


def targets(config: Config) -> Iterator[Target]:
    """The one roster of the settings; raises ConfigError."""
    folder, roster = _settings(config)
    yield Target(
        stream=STREAM,
        scope=Scope(source=PEOPLE, account=roster),
        settings={"program_folder": folder, "roster": roster},
    )


def collect(target: Target) -> Iterator[Captured]:
    """The bytes of the roster's files; what cannot be read, and a roster of nobody, is a gap."""
    roster = target.settings["roster"]
    files = _files(Path(target.settings["program_folder"]), roster)
    if isinstance(files, _Problem):
        yield _gap(target.scope, files)
        return
    held: list[Evidence] = []
    whole = True
    for name, path in files:
        read = _read(path)
        if isinstance(read, _Problem):
            whole = False
            yield _gap(target.scope, read, subject=name)
            continue
        held.append(_evidence(target.scope, name, read))
        yield held[-1]
    if whole and _is_empty(held):
        yield _gap(target.scope, _nobody(roster))


def normalize(evidence: Sequence[Evidence], gaps: Sequence[Gap]) -> Iterator[Person]:
    """The people of a roster; raises MalformedEvidenceError with the row and what was expected."""
    places: dict[str, str] = {}
    for entry in _entries(evidence):
        person = _person(entry)
        if person.email in places:
            raise entry.error(
                f"{person.email} stands in {places[person.email]} already; a person has one row, "
                "with every account in it"
            )
        places[person.email] = entry.place
        if len(places) > MAX_PEOPLE:
            raise entry.error(f"a roster holds at most {MAX_PEOPLE} people")
        yield person
    if not places and not any(gap.hides_items for gap in gaps):
        raise MalformedEvidenceError(_NOBODY)


def check(config: Config) -> Iterator[Check]:
    """Read the roster as a run would, and say what is wrong with it."""
    for target in targets(config):
        captured = list(collect(target))
        gaps = [item for item in captured if isinstance(item, Gap)]
        try:
            for _ in normalize([item for item in captured if isinstance(item, Evidence)], gaps):
                pass
        except MalformedEvidenceError as error:
            yield Check(
                name=OPERATION,
                scope=target.scope,
                problem=str(error),
                remedy="Correct the roster at the place that is named.",
            )
            return
        for gap in gaps:
            yield Check(name=OPERATION, scope=target.scope, problem=gap.detail, remedy=gap.remedy)
        if not gaps:
            yield Check(name=OPERATION, scope=target.scope, problem="", remedy="")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    reason: GapReason
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One person as the file gives it: each column's text; None for an empty cell of a column that is there."""

    place: str
    """The file and row, or file and line."""
    cells: Mapping[str, str | None]
    digest: Digest
    scope: Scope

    def error(self, problem: str) -> MalformedEvidenceError:
        return MalformedEvidenceError(f"{self.place}: {problem}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    body: bytes
    modified_at: datetime


_NOBODY: Final = "the roster holds nobody; an organization has people"


def _nobody(roster: str) -> _Problem:
    return _Problem(
        reason=GapReason.EMPTY,
        detail=_NOBODY,
        remedy=f"Export everybody who works for the organization into {roster}: "
        f"the columns are {', '.join(COLUMNS)}.",
    )


def _settings(config: Config) -> tuple[str, str]:
    for name in config:
        if name not in {"roster", "program_folder"}:
            raise ConfigError(f"people: unknown key {name!r}; the only key is 'roster'")
    roster = config.get("roster", DEFAULT_ROSTER)
    if not isinstance(roster, str) or not roster.strip() or "\0" in roster:
        raise ConfigError(f"people: roster must be a path such as {DEFAULT_ROSTER!r}, not {roster!r}")
    folder = config.get("program_folder", ".")
    assert isinstance(folder, str), "the caller passes the program folder as a str"
    return folder, roster.strip()


def _files(folder: Path, roster: str) -> Sequence[tuple[str, Path]] | _Problem:
    """The roster's files, each with the name that it has in evidence."""
    path = folder / roster
    try:
        if not path.is_dir():
            return [(roster, path)]
        found = sorted(
            entry
            for entry in path.iterdir()
            if entry.suffix.lower() in _YAML_SUFFIXES | _CSV_SUFFIXES and not entry.name.startswith(".")
        )
    except (OSError, ValueError) as error:
        return _unreadable(error)
    if len(found) > MAX_FILES:
        return _Problem(
            reason=GapReason.LIMIT,
            detail=f"{roster} holds {len(found)} files; at most {MAX_FILES} are read",
            remedy="Put the people into one file, or name the folder that holds only the roster.",
        )
    if not found:
        return _nobody(f"{roster}/people.csv")
    return [(f"{roster.rstrip('/')}/{entry.name}", entry) for entry in found]


def _read(path: Path) -> _Content | _Problem:
    if path.suffix.lower() not in _CSV_SUFFIXES | _YAML_SUFFIXES:
        return _Problem(
            reason=GapReason.NOT_COLLECTED,
            detail="a roster is a .csv, .tsv, .txt, .yaml or .yml file",
            remedy="Save the roster as CSV, and name that file in `roster`.",
        )
    try:
        # Opened without waiting: a pipe without a writer would hold the run up.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                return _Problem(
                    reason=GapReason.NOT_COLLECTED,
                    detail="it is not a regular file",
                    remedy="Name a file in `roster`.",
                )
            body = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return _Problem(
            reason=GapReason.NOT_COLLECTED,
            detail="the file does not exist",
            remedy=f"Write it, with the columns {', '.join(COLUMNS)}, or name another file in `roster`.",
        )
    except (OSError, ValueError) as error:
        return _unreadable(error)
    if len(body) > MAX_FILE_BYTES:
        return _Problem(
            reason=GapReason.LIMIT,
            detail=f"the file has more than {MAX_FILE_BYTES} bytes",
            remedy="Keep only the roster's own columns, or split it into several files of one folder.",
        )
    return _Content(body=body, modified_at=_moment(state.st_mtime))


def _moment(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        # A damaged time of modification says nothing about when the content was true.
        return datetime.now(UTC)


def _unreadable(error: OSError | ValueError) -> _Problem:
    why = error.strerror if isinstance(error, OSError) else None
    return _Problem(
        reason=GapReason.UNREACHABLE,
        detail=f"it cannot be read: {why or error}",
        remedy="Let the user that runs Auditwright read it, and run again.",
    )


def _evidence(scope: Scope, name: str, content: _Content) -> Evidence:
    return Evidence(
        stream=STREAM,
        scope=scope,
        query=Query(operation=OPERATION, parameters=(("file", name),), command=f"cat {shlex.quote(name)}"),
        principal="",
        collected_at=datetime.now(UTC),
        effective_at=content.modified_at,
        collector=f"auditwright/{__version__}",
        body=content.body,
        digest=digest_of(content.body),
    )


def _gap(scope: Scope, problem: _Problem, *, subject: str = "") -> Gap:
    return Gap(
        stream=STREAM,
        scope=scope,
        operation=OPERATION,
        reason=problem.reason,
        detail=problem.detail,
        remedy=problem.remedy,
        hides_items=True,
        at=datetime.now(UTC),
        subject=subject,
    )


def _is_empty(evidence: Sequence[Evidence]) -> bool:
    try:
        return not any(True for _ in _entries(evidence))
    except MalformedEvidenceError:
        return False  # normalize says what is wrong


def _entries(evidence: Sequence[Evidence]) -> Iterator[_Entry]:
    for item in evidence:
        file = dict(item.query.parameters).get("file", item.scope.account)
        text = _decoded(item.body, file)
        is_yaml = Path(file).suffix.lower() in _YAML_SUFFIXES
        for place, cells in _yaml_rows(text, file) if is_yaml else _csv_rows(text, file):
            yield _Entry(place=place, cells=cells, digest=item.digest, scope=item.scope)


def _decoded(body: bytes, file: str) -> str:
    encoding = "utf-16" if body.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        row = body[: error.start].count(b"\n") + 1
        raise MalformedEvidenceError(
            f"{file}, line {row}: not {encoding.removesuffix('-sig').upper()}; save the file as UTF-8"
        ) from None
    if "\0" in text:
        row = text[: text.index("\0")].count("\n") + 1
        raise MalformedEvidenceError(f"{file}, line {row}: a zero byte; save the file as UTF-8 text")
    return text


_Row = tuple[str, Mapping[str, str | None]]


def _csv_rows(text: str, file: str) -> Iterator[_Row]:
    """Each row that holds anything, with the number that a spreadsheet shows for it."""
    hint = _SPREADSHEET_HINT.match(text)
    skipped = 1 if hint else 0
    text = text[hint.end() :] if hint else text
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=hint[1] if hint else _delimiter(text), strict=True
    )
    columns: Sequence[str] | None = None
    row = skipped
    try:
        for cells in reader:
            row += 1
            if any(len(cell) > MAX_CELL for cell in cells):
                raise MalformedEvidenceError(
                    f"{file}, row {row}: not a row of CSV: field larger than {MAX_CELL} characters"
                )
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _header(cells, f"{file}, row {row}")
                continue
            yield f"{file}, row {row}", _cells(columns, cells, f"{file}, row {row}")
    except csv.Error as error:
        raise MalformedEvidenceError(f"{file}, row {row + 1}: not a row of CSV: {error}") from None


def _delimiter(text: str) -> str:
    """The delimiter of the header: the one that stands there most often, a comma where none does."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=lambda delimiter: (header.count(delimiter), delimiter == ","))


def _header(cells: Sequence[str], place: str) -> Sequence[str]:
    names = [re.sub(r"[\s_-]+", "_", cell.strip().casefold()) for cell in cells]
    columns = [_ALIASES.get(name, name) for name in names]
    for column in COLUMNS:
        if columns.count(column) > 1:
            raise MalformedEvidenceError(f"{place}: the column {column} stands twice; keep one")
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        raise MalformedEvidenceError(
            f"{place}: the header lacks {', '.join(missing)}; expected are {', '.join(COLUMNS)}, "
            f"of which {', '.join(REQUIRED)} must be there"
        )
    return columns


def _cells(columns: Sequence[str], cells: Sequence[str], place: str) -> Mapping[str, str | None]:
    surplus = cells[len(columns) :]
    if len(cells) < len(columns) or any(cell.strip() for cell in surplus):
        raise MalformedEvidenceError(
            f"{place}: {len(cells)} cells, where the header has {len(columns)}; "
            "quote a cell that holds the delimiter, and keep empty cells"
        )
    return {
        column: cell.strip() or None
        for column, cell in zip(columns, cells, strict=False)  # surplus cells are empty
        if column in COLUMNS
    }


def _yaml_rows(text: str, file: str) -> Iterator[_Row]:
    try:
        document = read_yaml(text.encode(), file=file)
        if document.value is None:
            return
        members = document.items() if isinstance(document.value, list) else (document,)
        for member in members:
            fields = member.fields()
            for column in REQUIRED:
                fields.required(column)
            place = f"{file}, line {member.document.line(member.path)}"
            yield place, {name: _yaml_cell(name, entry) for name, entry in fields if name in COLUMNS}
    except ProgramError as error:
        raise MalformedEvidenceError(str(error)) from None


def _yaml_cell(name: str, entry: Entry) -> str | None:
    value = entry.value
    if value is None:
        return None
    if name in {"started_on", "ended_on"} and isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if name == "accounts" and isinstance(value, list):
        return ";".join(entry.texts()) or None
    if isinstance(value, str):
        return value.strip() or None
    raise entry.expected("a text")


def _person(entry: _Entry) -> Person:
    email = _address(entry, "email", entry.cells["email"])
    started_on = _day(entry, "started_on")
    ended_on = _day(entry, "ended_on")
    if isinstance(started_on, date) and isinstance(ended_on, date) and ended_on < started_on:
        raise entry.error(f"ended_on {ended_on} is before started_on {started_on}")
    return Person(
        id=ResourceId(f"person:{email}"),
        name=_required(entry, "name"),
        scope=entry.scope,
        evidence=(entry.digest,),
        email=email,
        employment=_employment(entry),
        title=_optional(entry, "title") or Unknown("the roster gives no title"),
        manager=_manager(entry),
        started_on=started_on or Unknown("the roster gives no first day"),
        ended_on=ended_on,
        accounts=_accounts(entry),
    )


def _required(entry: _Entry, column: str) -> str:
    value = entry.cells[column]
    if value is None:
        raise entry.error(f"{column} is empty; it must be given")
    return value


def _optional(entry: _Entry, column: str) -> str | Unknown | None:
    """A cell; None where it is empty, Unknown where the roster does not have the column at all."""
    if column not in entry.cells:
        return Unknown(f"the roster has no {column} of this person; give it, empty where there is none")
    return entry.cells[column]


def _address(entry: _Entry, column: str, value: str | None) -> str:
    if value is None or not _ADDRESS.fullmatch(value):
        raise entry.error(f"{column} must be an e-mail address, not {value or 'empty'!r}")
    return value.lower()


def _employment(entry: _Entry) -> str:
    employment = _required(entry, "employment").casefold()
    if employment not in EMPLOYMENTS:
        raise entry.error(f"employment is {employment!r}; use {' or '.join(EMPLOYMENTS)}")
    return employment


def _manager(entry: _Entry) -> str | Unknown | None:
    manager = _optional(entry, "manager")
    return _address(entry, "manager", manager) if isinstance(manager, str) else manager


def _day(entry: _Entry, column: str) -> date | Unknown | None:
    value = _optional(entry, column)
    if not isinstance(value, str):
        return value
    expected = entry.error(f"{column} must be a date such as 2026-11-23, not {value!r}")
    if not _DAY.fullmatch(value):
        # Python reads more forms of ISO 8601 than the people who write a roster.
        raise expected
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise expected from None


def _accounts(entry: _Entry) -> tuple[str, ...] | Unknown:
    value = _optional(entry, "accounts")
    if isinstance(value, Unknown):
        return value
    found = tuple(part.strip() for part in (value or "").split(";") if part.strip())
    for account in found:
        system, _, name = account.partition(":")
        if not system.strip() or not name.strip():
            raise entry.error(f"accounts must be `system:account`, such as aws:a.lovelace, not {account!r}")
    return tuple(dict.fromkeys(found))


INTEGRATION: Final = Integration(
    id=PEOPLE,
    title="Roster",
    summary="Who works for the organization, from a CSV or YAML file that HR exports.",
    fields=(
        ConfigField(
            name="roster",
            title="Roster file",
            help="A CSV or YAML file, or a folder of them, by its path from the program folder. "
            f"Columns: {', '.join(COLUMNS)}.",
            default=DEFAULT_ROSTER,
            names_files=("roster",),
        ),
    ),
    streams=(
        Stream(
            id=STREAM,
            title="People on the roster",
            operations=(Operation(name=OPERATION, permission="", lists=(Person,)),),
            emits=(Person,),
            collect=collect,
            normalize=normalize,
        ),
    ),
    targets=targets,
    check=check,
    read=lambda config: tuple(targets(config)),
)
