"""Rows on their way into DuckDB: columns as JSON, in files that are read once and thrown away.

A line holds a thousand rows, a list for each column: so a row costs what its texts cost, and no object, no
dictionary and no call of its own.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from auditwright.core.ports import StoreError
from auditwright.store.codec import literal, quoted
from auditwright.store.disk import discard, disk_error, temporary_name

ROWS_PER_LINE = 1_000
"""Enough for a row to cost little; few enough for a line to stay far below its limit."""

MAX_LINE_BYTES = 4 * 1024 * 1024
"""No row is as large, and DuckDB sets twice as much aside for every thread that reads."""

BYTES_PER_FILE = 2 * 1024 * 1024
"""DuckDB turns up to 2,048 lines of a file into values at once, however long they are."""

LINE = "line"
"""The column that says in which order rows were added."""

_encode = msgspec.json.Encoder().encode


class Spool:
    """Rows of given columns that wait to be read by DuckDB."""

    __slots__ = ("_columns", "_file", "_files", "_folder", "rows", "what")

    def __init__(self, folder: Path, what: str, columns: Mapping[str, str]) -> None:
        """Keep rows in a folder until they are read; `what` names them in errors."""
        self.what = what
        self.rows = 0
        self._folder = folder
        self._columns = {LINE: "BIGINT", **columns}
        self._files: list[Path] = []
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def add(self, rows: Mapping[str, Sequence[object]]) -> None:
        """Add rows, as columns of one length; a column that is not named is NULL in them. Raises StoreError."""
        count = len(next(iter(rows.values())))
        for start in range(0, count, ROWS_PER_LINE):
            stop = min(start + ROWS_PER_LINE, count)
            self._add_line({name: column[start:stop] for name, column in rows.items()}, stop - start)

    def next_file(self) -> int:
        """Add what follows to a file of its own, and return its number; raises StoreError."""
        self._end_file()
        return len(self._files)

    def source(self, first: int = 0, end: int | None = None) -> str:
        """The SQL of every row of some files (all of them), and of its place in the column `line`; raises StoreError."""
        if not self._files[first:end]:
            empty = ", ".join(f"NULL::{kind} AS {quoted(name)}" for name, kind in self._columns.items())
            return f"(SELECT {empty} WHERE false)"
        self._end_file()
        files = ", ".join(literal(str(path)) for path in self._files[first:end])
        typed = ", ".join(f"{quoted(name)}: {literal(f'{kind}[]')}" for name, kind in self._columns.items())
        listed = ", ".join(f"unnest({quoted(name)}) AS {quoted(name)}" for name in self._columns)
        return (
            f"(SELECT {listed} FROM read_json([{files}], format = 'newline_delimited', "  # noqa: S608
            f"maximum_object_size = {MAX_LINE_BYTES}, columns = {{{typed}}}))"
        )

    def close(self) -> None:
        """Drop what was added."""
        if self._file:
            with suppress(OSError):  # what cannot be written need not be
                self._file.close()
        for path in self._files:
            discard(path)

    def _add_line(self, rows: Mapping[str, Sequence[object]], count: int) -> None:
        try:
            line = _encode({LINE: list(range(self.rows, self.rows + count)), **rows})
        except UnicodeEncodeError as error:
            message = f"a {self.what} holds text that is not Unicode: {error.object!a}"
            raise StoreError(message) from error
        if len(line) > MAX_LINE_BYTES and count > 1:
            # Rows of many kilobytes each: fewer of them make a line.
            half = count // 2
            self._add_line({name: column[:half] for name, column in rows.items()}, half)
            self._add_line({name: column[half:] for name, column in rows.items()}, count - half)
            return
        self._write(line)
        self.rows += count

    def _write(self, line: bytes) -> None:
        try:
            if self._file is None:
                path = self._folder / f"{temporary_name()}.json"
                self._file = path.open("xb")
                self._files.append(path)
            self._file.write(line + b"\n")
            full = self._file.tell() >= BYTES_PER_FILE
        except OSError as error:
            raise disk_error("write to", self._folder, error) from error
        if full:
            self._end_file()

    def _end_file(self) -> None:
        if self._file is None:
            return
        try:
            self._file.close()
        except OSError as error:
            raise disk_error("write to", self._folder, error) from error
        self._file = None
