"""Amazon Inspector's own form of a scan: `aws inspector-scan scan-sbom --output-format INSPECTOR`."""

from collections.abc import Iterator

import msgspec

from auditwright.vulns.readers.amazon import fix_of
from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.purl import package_of
from auditwright.vulns.readers.wire import Number, first_line, number
from auditwright.vulns.report import Report, Row, Score, Skipped, Target, Threat, Tool, severity_of


class _Cvss(msgspec.Struct):
    base: Number = msgspec.field(default=None, name="cvss_3_base_score")
    vector: str | None = msgspec.field(default=None, name="cvss_3_base_vector")
    severity: str | None = None
    source: str | None = None


class _Properties(msgspec.Struct):
    cvss: list[_Cvss] | None = None
    epss: Number = None


class _Affected(msgspec.Struct):
    installed: str | None = msgspec.field(default=None, name="installed_version")
    fixed: str | None = msgspec.field(default=None, name="fixed_version")
    path: str | None = None


class _Vulnerability(msgspec.Struct):
    id: str
    description: str | None = None
    source: str | None = None
    severity: str | None = None
    affects: list[_Affected] | None = None
    properties: _Properties | None = None


class _Scan(msgspec.Struct):
    vulnerabilities: list[msgspec.Raw] | None = None


def read(data: Buffer) -> Report:
    """Read a scan. Raises UnreadableReportError where it lists no vulnerabilities."""
    members = json_document(data, dict[str, msgspec.Raw])
    if "vulnerabilities" not in members:
        raise UnreadableReportError(
            "expected `vulnerabilities`, as `aws inspector-scan scan-sbom` prints them"
        )
    rows: list[Row] = []
    skipped: list[Skipped] = []
    decoder = msgspec.json.Decoder(_Vulnerability)
    for position, raw in enumerate(json_document(data, _Scan).vulnerabilities or ()):
        try:
            rows += _rows(position, decoder.decode(raw))
        except (msgspec.ValidationError, UnicodeDecodeError) as error:
            skipped.append(Skipped(where=f"vulnerabilities[{position}]", why=str(error)))
    distribution = next((row.package.distribution for row in rows if row.package.distribution), None)
    return Report(
        format="inspector-scan",
        tool=Tool(name="inspector"),
        targets=(Target(kind="sbom", distribution=distribution),),
        rows=tuple(rows),
        skipped=tuple(skipped),
    )


def _rows(position: int, said: _Vulnerability) -> Iterator[Row]:
    properties = said.properties or _Properties()
    rated = properties.cvss or []
    severity = said.severity or next((cvss.severity for cvss in rated if cvss.severity), "") or ""
    for part, affected in enumerate(said.affects or ()):
        package = package_of(affected.installed or "")
        if package is None:
            raise msgspec.ValidationError(f"affects[{part}] is no package URL: {affected.installed!r}")
        yield Row(
            index=position,
            part=part,
            id=said.id.strip(),
            namespace=(said.source or "").lower(),
            package=msgspec.structs.replace(package, paths=(affected.path,)) if affected.path else package,
            fix=fix_of(None, affected.fixed),
            severity=severity_of(severity),
            severity_said=severity,
            severity_source=next(
                (cvss.source for cvss in rated if cvss.severity and cvss.source), ""
            ).lower(),
            scores=tuple(_score(cvss) for cvss in rated),
            threat=Threat(epss=number(properties.epss)),
            title=first_line(said.description),
        )


def _score(cvss: _Cvss) -> Score:
    vector = cvss.vector or ""
    base = number(cvss.base)
    version = vector.partition("/")[0].removeprefix("CVSS:") if vector.startswith("CVSS:") else ""
    return Score(
        source=(cvss.source or "").lower(),
        version=version,
        base=None if base is None else round(base, 1),
        vector=vector,
    )


def _sniff(glimpse: Glimpse) -> bool:
    if not (
        glimpse.mentions("messages")
        or glimpse.mentions("vulnerability_count")
        or glimpse.mentions("installed_version")
    ):
        return False
    return {"vulnerabilities", "vulnerability_count"} <= glimpse.members.keys()


READER = Reader(id="inspector-scan", title="Amazon Inspector scan of an SBOM", sniff=_sniff, read=read)
