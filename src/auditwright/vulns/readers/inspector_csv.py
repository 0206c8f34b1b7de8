"""Amazon Inspector's findings as CSV: an export of the console or of `create-findings-report`.

A row is a finding; its affected packages stand in one cell, and so do their versions and paths, in the same order.
"""

import re
from collections.abc import Mapping

from auditwright.vulns.readers.amazon import distribution_of, ecosystem_of, fix_of, flag
from auditwright.vulns.readers.door import Buffer
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.tables import table
from auditwright.vulns.readers.wire import first_line, moment, number, texts
from auditwright.vulns.report import (
    Kind,
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

_REQUIRED = ("vulnerability id", "resource id", "affected packages")

_KINDS: Mapping[str, Kind] = {
    "AWS_ECR_CONTAINER_IMAGE": "image",
    "AWS_EC2_INSTANCE": "machine",
    "AWS_LAMBDA_FUNCTION": "function",
}

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def read(data: Buffer) -> Report:
    """Read an export. Raises UnreadableReportError where a column is missing."""
    rows: list[Row] = []
    skipped: list[Skipped] = []
    targets: dict[str, int] = {}
    made: list[Target] = []
    for position, cells in table(data, required=_REQUIRED):
        resource = cells["resource id"].strip()
        if resource not in targets:
            targets[resource] = len(made)
            made.append(_target(resource, cells))
        names = _listed(cells["affected packages"])
        if not names or not cells["vulnerability id"].strip():
            skipped.append(
                Skipped(where=f"row {position + 1}", why="the finding names no package of a vulnerability")
            )
            continue
        rows += [_row(position, part, cells, targets[resource]) for part in range(len(names))]
    seen = [row.last_seen for row in rows if row.last_seen is not None]
    return Report(
        format="inspector-csv",
        tool=Tool(name="inspector"),
        made_at=max(seen, default=None),
        targets=tuple(made) or (Target(),),
        rows=tuple(rows),
        skipped=tuple(skipped),
    )


def _target(resource: str, cells: Mapping[str, str]) -> Target:
    kind = _KINDS.get(cells.get("resource type", "").strip().upper(), "unknown")
    digest = _DIGEST.search(resource)
    repository = resource.partition(":repository/")[2].partition("/sha256:")[0]
    tags = (
        tuple(f"{repository}:{tag}" for tag in _listed(cells.get("container image tags", "")))
        if repository
        else ()
    )
    return Target(
        kind=kind,
        name=tags[0] if tags else repository or resource,
        manifest_digests=(digest[0],) if digest else (),
        tags=tags,
        distribution=distribution_of(cells.get("platform"))[0],
        account=cells.get("aws account id", "").strip(),
        region=cells.get("region", "").strip(),
        resource=resource,
    )


def _listed(cell: str) -> tuple[str, ...]:
    """A cell of several values; the places of versions and paths count, so that nothing is left out but a last comma."""
    return (
        tuple(part.strip() for part in re.split(r"[,;|]\s*", cell.strip()) if part.strip())
        if cell.strip()
        else ()
    )


def _at(cells: Mapping[str, str], name: str, part: int, count: int) -> str:
    """The value of one package: its own, or the only one that there is."""
    values = _listed(cells.get(name, ""))
    return values[part] if len(values) == count else values[0] if len(values) == 1 else ""


def _row(position: int, part: int, cells: Mapping[str, str], target: int) -> Row:
    names = _listed(cells["affected packages"])
    count = len(names)
    _, system = distribution_of(cells.get("platform"))
    severity = cells.get("severity", "").strip()
    version = _at(cells, "package installed version", part, count)
    return Row(
        index=position,
        part=part,
        target=target,
        id=cells["vulnerability id"].strip(),
        package=Package(
            ecosystem=ecosystem_of(_at(cells, "package manager", part, count) or "OS", system),
            name=names[part].partition(":")[0] if system == "deb" else names[part],
            version=version.removeprefix("0:"),
            paths=texts((_at(cells, "file path", part, count),)),
        ),
        fix=fix_of(cells.get("fix available"), _at(cells, "fixed in version", part, count)),
        severity=severity_of(severity),
        severity_said=severity,
        severity_source="inspector",
        scores=tuple(_scores(cells)),
        adjusted=number(cells.get("inspector score") or None),
        threat=Threat(
            epss=number(cells.get("epss score") or None),
            exploit_available=flag(cells.get("exploit available")),
        ),
        title=first_line(cells.get("title")),
        suppressed=""
        if cells.get("status", "ACTIVE").strip().upper() in {"ACTIVE", ""}
        else cells["status"].strip().lower(),
        first_seen=moment(cells.get("first seen", "").strip() or None),
        last_seen=moment(cells.get("last seen", "").strip() or None),
    )


_SCORES = (
    ("nvd cvss3 score", "nvd cvss3 vector", "nvd", "3.1"),
    ("nvd cvss2 score", "nvd cvss2 vector", "nvd", "2.0"),
    ("vendor cvss3 score", "vendor cvss3 vector", "vendor", "3.1"),
    ("vendor cvss2 score", "vendor cvss2 vector", "vendor", "2.0"),
)


def _scores(cells: Mapping[str, str]) -> list[Score]:
    found: list[Score] = []
    for column, vector, source, version in _SCORES:
        base = number(cells.get(column) or None)
        if base:
            found.append(
                Score(source=source, version=version, base=base, vector=cells.get(vector, "").strip())
            )
    return found


def _sniff(glimpse: Glimpse) -> bool:
    head = glimpse.head.lower()
    return b"vulnerability id" in head and b"affected packages" in head and not head.startswith((b"{", b"["))


READER = Reader(id="inspector-csv", title="Amazon Inspector findings as CSV", sniff=_sniff, read=read)
