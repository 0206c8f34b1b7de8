"""The CSV that Amazon Inspector's scan action for CI writes: one row for each package of a vulnerability, by package URL."""

from collections.abc import Mapping

import msgspec

from auditwright.vulns.readers.amazon import fix_of, flag
from auditwright.vulns.readers.door import Buffer
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.purl import package_of
from auditwright.vulns.readers.tables import table
from auditwright.vulns.readers.wire import number
from auditwright.vulns.report import (
    Distribution,
    Package,
    Report,
    Row,
    Score,
    Skipped,
    Target,
    Threat,
    Tool,
    severity_of,
)

_REQUIRED = ("id", "severity", "installed package", "fixed package")
_NAME = "#artifact_name:"


def read(data: Buffer) -> Report:
    """Read a scan. Raises UnreadableReportError where a column is missing."""
    rows: list[Row] = []
    skipped: list[Skipped] = []
    for position, cells in table(data, required=_REQUIRED):
        package = _package(cells)
        if package is None or not _said(cells, "id"):
            skipped.append(Skipped(where=f"row {position + 1}", why="it names no package that can be read"))
            continue
        rows.append(_row(position, cells, package))
    name = _artifact(data)
    return Report(
        format="inspector-scan-csv",
        tool=Tool(name="inspector"),
        targets=(Target(kind="image" if name else "unknown", name=name, distribution=_distribution(rows)),),
        rows=tuple(rows),
        skipped=tuple(skipped),
    )


def _distribution(rows: list[Row]) -> Distribution | None:
    return next((row.package.distribution for row in rows if row.package.distribution is not None), None)


def _artifact(data: Buffer) -> str:
    first = bytes(data[:4096]).decode("utf-8", "replace").partition("\n")[0]
    name = first.partition(_NAME)[2].partition('"')[0].strip()
    return "" if name == "null" else name


def _said(cells: Mapping[str, str], name: str) -> str:
    value = cells.get(name, "").strip()
    return "" if value.lower() == "null" else value


def _package(cells: Mapping[str, str]) -> Package | None:
    return package_of(_said(cells, "installed package"))


def _row(position: int, cells: Mapping[str, str], package: Package) -> Row:
    base = number(_said(cells, "cvss") or None)
    source = _said(cells, "source").lower()
    path = _said(cells, "path")
    severity = _said(cells, "severity")
    return Row(
        index=position,
        id=_said(cells, "id"),
        namespace=source,
        package=msgspec.structs.replace(package, paths=(path,)) if path else package,
        fix=fix_of(None, _said(cells, "fixed package")),
        severity=severity_of(severity),
        severity_said=severity,
        severity_source=source,
        scores=(Score(source=source, version="", base=base),) if base is not None else (),
        threat=Threat(
            epss=number(_said(cells, "epss") or None),
            exploit_available=flag(_said(cells, "exploit available")),
        ),
    )


def _sniff(glimpse: Glimpse) -> bool:
    head = glimpse.head.lower()
    return b'"installed package"' in head and b'"fixed package"' in head


READER = Reader(id="inspector-scan-csv", title="Amazon Inspector scan in CI, as CSV", sniff=_sniff, read=read)
