"""One reader per format. `read_report` finds out which one a file is for."""

import pkgutil
from functools import cache
from importlib import import_module

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError, as_utf8, json_document
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.report import Report, Skipped

__all__ = ["Buffer", "Reader", "UnreadableReportError", "as_utf8", "read_report", "reader_for", "readers"]


@cache
def readers() -> tuple[Reader, ...]:
    """Every reader, by id: each module of this package that has a `READER`."""
    modules = (import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    found = (module.READER for module in modules if hasattr(module, "READER"))
    return tuple(sorted(found, key=lambda reader: reader.id))


def read_report(data: Buffer, *, format_id: str = "") -> Report:
    """Read one report, of the format that it shows or that is named.

    Raises UnreadableReportError where no reader knows the file, where it is empty, malformed or cut off; nothing of it is
    read then, since half a report would look like fewer vulnerabilities.
    """
    text = as_utf8(data)
    if not bytes(text[:4096]).strip() and not bytes(text[:]).strip():
        raise UnreadableReportError("the file is empty; run the scanner again")
    return _named(reader_for(text, format_id=format_id).read(text))


def _named(report: Report) -> Report:
    """Without the rows that name no vulnerability or no package: they are no findings, whatever the format."""
    nameless = [row for row in report.rows if not (row.id.strip() and row.package.name.strip())]
    if not nameless:
        return report
    skipped = tuple(
        Skipped(
            where=f"row {row.index}",
            why="it names no vulnerability" if not row.id.strip() else "it names no package",
        )
        for row in nameless
    )
    kept = tuple(row for row in report.rows if row.id.strip() and row.package.name.strip())
    return msgspec.structs.replace(report, rows=kept, skipped=(*report.skipped, *skipped))


def reader_for(text: Buffer, *, format_id: str = "") -> Reader:
    """The reader for UTF-8 text. Raises UnreadableReportError where there is none."""
    if format_id:
        named = [reader for reader in readers() if reader.id == format_id]
        if not named:
            raise UnreadableReportError(f"no reader is called {format_id!r}; there are {_listed()}")
        return named[0]
    glimpse = Glimpse(text)
    for reader in readers():
        if reader.sniff(glimpse):
            return reader
    _refuse_malformed(text, glimpse)
    raise UnreadableReportError(
        f"the file is none of the formats that are read ({_listed()}); name one with --format if it is one of them"
    )


def _refuse_malformed(text: Buffer, glimpse: Glimpse) -> None:
    """A file that is cut off shows no members; say so instead of calling it unknown."""
    if glimpse.head.startswith((b"{", b"[")):
        json_document(text, object)


def _listed() -> str:
    return ", ".join(reader.id for reader in readers())
