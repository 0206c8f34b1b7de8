"""Reports that are tables: rows of a CSV by the names of their columns, whatever separates them."""

import csv
import io
from collections.abc import Iterator, Mapping

from auditwright.vulns.readers.door import Buffer, UnreadableReportError

MAX_CELL = 10 << 20
"""Inspector puts all packages of a finding into one cell; a cell beyond this is no table's."""


def table(data: Buffer, *, required: tuple[str, ...]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each row with its position from 0; columns are lower case, and lines that begin with # before the header are left out.

    Raises UnreadableReportError where a required column is missing, or the text is no table.
    """
    text = bytes(data[:]).decode("utf-8", "replace")
    lines = text.splitlines(keepends=True)
    start = next(
        (number for number, line in enumerate(lines) if not line.lstrip('" ').startswith("#")), len(lines)
    )
    body = "".join(lines[start:])
    head = lines[start] if start < len(lines) else ""
    separator = max((",", ";", "\t"), key=head.count)
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(body), delimiter=separator, strict=True)
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        lacking = [name for name in required if name not in columns]
        if lacking:
            raise UnreadableReportError(
                f"the table has no column {', '.join(lacking)}; save the whole report with its header"
            )
        for position, cells in enumerate(reader):
            if cells:
                if len(cells) < len(columns):
                    raise UnreadableReportError(
                        f"row {position + 1} of the table is cut off; save the whole report"
                    )
                yield position, dict(zip(columns, cells, strict=False))
    except csv.Error as error:
        raise UnreadableReportError(
            f"the file is no table that can be read, at line {reader.line_num}: {error}"
        ) from error
