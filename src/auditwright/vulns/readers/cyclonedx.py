"""CycloneDX 1.4 to 1.7 with vulnerabilities, JSON and XML: SBOMs, VEX and VDR of any tool, and Amazon Inspector's scans.

A row is one vulnerability in one component that it affects. Where the document says nothing of a component but its reference, the reference
is read as a package URL or BOM-Link. What `analysis` states is a VEX statement besides.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import unquote

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.purl import package_of, with_purl
from auditwright.vulns.readers.wire import Number, first_line, moment, number, texts
from auditwright.vulns.report import (
    Distribution,
    Fix,
    Kind,
    Package,
    Report,
    Row,
    Score,
    Skipped,
    Target,
    Threat,
    Tool,
    VexStatement,
    VexStatus,
    severity_of,
)

T = TypeVar("T")


class _Property(msgspec.Struct):
    name: str | None = None
    value: str | None = None


class _Component(msgspec.Struct, rename="kebab"):
    type: str | None = None
    bom_ref: str | None = None
    group: str | None = None
    name: str | None = None
    version: str | None = None
    purl: str | None = None
    properties: list[_Property] | None = None
    components: list["_Component"] | None = None


class _Named(msgspec.Struct):
    name: str | None = None
    vendor: str | None = None
    version: str | None = None
    url: str | None = None


class _Tools(msgspec.Struct):
    components: list[_Named] | None = None
    services: list[_Named] | None = None


class _Metadata(msgspec.Struct):
    timestamp: str | None = None
    tools: list[_Named] | _Tools | None = None
    component: _Component | None = None


class _Rating(msgspec.Struct):
    source: _Named | None = None
    score: Number = None
    severity: str | None = None
    method: str | None = None
    vector: str | None = None


class _Reference(msgspec.Struct):
    id: str | None = None


class _Analysis(msgspec.Struct):
    state: str | None = None
    justification: str | None = None
    response: list[str] | None = None
    detail: str | None = None


class _AffectedVersion(msgspec.Struct):
    version: str | None = None
    status: str | None = None


class _Affected(msgspec.Struct):
    ref: str | None = None
    versions: list[_AffectedVersion] | None = None


class _Vulnerability(msgspec.Struct):
    id: str | None = None
    source: _Named | None = None
    references: list[_Reference] | None = None
    ratings: list[_Rating] | None = None
    description: str | None = None
    recommendation: str | None = None
    analysis: _Analysis | None = None
    affects: list[_Affected] | None = None
    properties: list[_Property] | None = None


class Bom(msgspec.Struct, rename="camel"):
    """The parts of a document that are used."""

    spec_version: str | None = None
    metadata: _Metadata | None = None
    components: list[msgspec.Raw] | None = None
    vulnerabilities: list[msgspec.Raw] | None = None


_KINDS: dict[str, Kind] = {
    "container": "image",
    "operating-system": "machine",
    "application": "filesystem",
    "file": "filesystem",
}

_VERSIONS = {"CVSSv2": "2.0", "CVSSv3": "3.0", "CVSSv31": "3.1", "CVSSv4": "4.0"}

_FIXED = "amazon:inspector:sbom_scanner:fixed_version:"

_PATHS = frozenset(
    {
        "amazon:inspector:sbom_generator:source_path",
        "amazon:inspector:sbom_scanner:path",
        "aquasecurity:trivy:FilePath",
    }
)

_OF_A_DOCKERFILE = "IN-DOCKER-"
"""Inspector's own ids of what is wrong with how an image is built."""

MAX_DEPTH = 100
"""Components within components; a container holds an application that holds a library."""


def read(data: Buffer) -> Report:
    """Read a document. Raises UnreadableReportError where it is no CycloneDX."""
    if bytes(data[:4096]).lstrip().startswith(b"<"):
        from auditwright.vulns.readers.cyclonedx_xml import as_json

        return _Reading(json_document(as_json(data), Bom)).report()
    members = json_document(data, dict[str, msgspec.Raw])
    if "sbom" in members and "bomFormat" not in members:
        return _Reading(json_document(bytes(members["sbom"]), Bom)).report()  # Inspector's answer wraps it
    if "bomFormat" not in members and "specVersion" not in members:
        raise UnreadableReportError("a CycloneDX document has `bomFormat` and `specVersion`")
    return _Reading(json_document(data, Bom)).report()


class _Reading:
    """One document, being read."""

    def __init__(self, bom: Bom) -> None:
        self._bom = bom
        self._skipped: list[Skipped] = []
        self._packages: dict[str, Package] = {}
        self._system: Distribution | None = None
        metadata = bom.metadata or _Metadata()
        for position, component in enumerate(self._decoded(bom.components, _Component, "components")):
            if component is not None:
                self._take(component, f"components[{position}]", 0)
        self._subject = metadata.component
        self._tool = _tool(metadata)

    def _decoded(
        self, listed: Sequence[msgspec.Raw] | None, shape: type[T], where: str
    ) -> Iterator[T | None]:
        decoder = msgspec.json.Decoder(shape)
        for position, raw in enumerate(listed or ()):
            try:
                yield decoder.decode(raw)
            except (msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
                self._skipped.append(Skipped(where=f"{where}[{position}]", why=str(error)))
                yield None

    def _take(self, component: _Component, where: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            self._skipped.append(
                Skipped(where=where, why="components lie deeper within each other than any software's")
            )
            return
        if component.type == "operating-system":
            self._system = Distribution(
                name=_system_name(component.name or ""), version=component.version or ""
            )
        if component.name:
            self._packages[component.bom_ref or component.purl or component.name] = _package(component)
        for inner in component.components or ():
            self._take(inner, where, depth + 1)

    def report(self) -> Report:
        rows: list[Row] = []
        statements: list[VexStatement] = []
        position = -1
        for position, said in enumerate(
            self._decoded(self._bom.vulnerabilities, _Vulnerability, "vulnerabilities")
        ):
            if said is None:
                continue
            if not (said.id or "").strip():
                self._skipped.append(Skipped(where=f"vulnerabilities[{position}]", why="it has no id"))
                continue
            if (said.id or "").startswith(_OF_A_DOCKERFILE):
                self._skipped.append(
                    Skipped(
                        where=f"vulnerabilities[{position}]",
                        why="a finding about a Dockerfile is no vulnerability of a package",
                    )
                )
                continue
            found = list(self._rows(position, said))
            if not said.affects:
                self._skipped.append(
                    Skipped(where=f"vulnerabilities[{position}]", why="it names no component that it affects")
                )
            rows += found
            statements += _statements(position, said, [row.package for row in found], self._author())
        metadata = self._bom.metadata or _Metadata()
        return Report(
            format="cyclonedx",
            format_version=self._bom.spec_version or "",
            tool=self._tool,
            made_at=moment(metadata.timestamp),
            targets=(self._target(),),
            rows=tuple(rows),
            statements=tuple(statements),
            packages=tuple(self._packages.values()) if self._bom.components else None,
            skipped=tuple(self._skipped),
        )

    def _author(self) -> str:
        return self._tool.name

    def _target(self) -> Target:
        subject = self._subject
        if subject is None:
            return Target(kind="sbom", distribution=self._system)
        properties = {each.name: each.value or "" for each in subject.properties or ()}
        named = package_of(subject.purl) if subject.purl else None
        digests = [
            subject.version or "",
            properties.get("aquasecurity:trivy:RepoDigest", "").rpartition("@")[2],
        ]
        digests.append(named.version if named is not None else "")
        kind = _KINDS.get(subject.type or "", "sbom")
        return Target(
            kind=kind,
            name=subject.name or "",
            architecture=properties.get("amazon:inspector:sbom_generator:image_arch")
            or (named.arch if named else ""),
            config_digest=properties.get("aquasecurity:trivy:ImageID")
            or properties.get("amazon:inspector:sbom_generator:image_id")
            or "",
            manifest_digests=texts(digest for digest in digests if digest.startswith("sha256:")),
            tags=texts(
                value
                for name, value in ((each.name, each.value) for each in subject.properties or ())
                if name == "aquasecurity:trivy:RepoTag"
            ),
            distribution=self._system,
        )

    def _rows(self, position: int, said: _Vulnerability) -> Iterator[Row]:
        properties = {each.name or "": each.value or "" for each in said.properties or ()}
        severity, rater = _severity(said.ratings or ())
        state = (said.analysis.state if said.analysis else None) or ""
        for part, affected in enumerate(said.affects or ()):
            package = self._affected(affected)
            if package is None:
                self._skipped.append(
                    Skipped(
                        where=f"vulnerabilities[{position}].affects[{part}]",
                        why=f"no component is {affected.ref!r}",
                    )
                )
                continue
            fixed = properties.get(f"{_FIXED}{affected.ref}", "")
            yield Row(
                index=position,
                part=part,
                id=(said.id or "").strip(),
                namespace=(said.source.name if said.source else None) or "",
                aliases=texts(reference.id for reference in said.references or ()),
                package=package,
                fix=Fix(state="fixed", versions=(fixed.removeprefix("0:"),)) if fixed else Fix(),
                severity=severity_of(severity),
                severity_said=severity,
                severity_source=rater,
                scores=tuple(_scores(said.ratings or ())),
                threat=_threat(said.ratings or (), properties),
                title=first_line(said.description),
                url=(said.source.url if said.source else None) or "",
                suppressed=state.replace("_", " ") if state in _DISMISSED else "",
            )

    def _affected(self, affected: _Affected) -> Package | None:
        ref = affected.ref or ""
        known = self._packages.get(ref)
        if known is None:
            # A BOM-Link names a component of another document after the #: urn:cdx:UUID/1#pkg:…
            known = package_of(unquote(ref.partition("#")[2]) if ref.startswith("urn:cdx:") else ref)
        if known is None and self._subject is not None and ref in {self._subject.bom_ref, self._subject.purl}:
            known = _package(self._subject)
        versions = texts(version.version for version in affected.versions or ())
        if known is not None and not known.version and len(versions) == 1:
            return msgspec.structs.replace(known, version=versions[0])
        return known


_DISMISSED = frozenset({"not_affected", "false_positive", "resolved", "resolved_with_pedigree"})


def _system_name(name: str) -> str:
    said = name.strip().lower()
    return said.removesuffix(" gnu/linux").removesuffix(" linux")


def _tool(metadata: _Metadata) -> Tool:
    listed = metadata.tools
    tools = (
        listed
        if isinstance(listed, list)
        else [*(listed.components or ()), *(listed.services or ())]
        if listed
        else []
    )
    for tool in tools:
        name = (tool.name or "").lower()
        if "inspector" in name and "scan" in name:
            return Tool(name="inspector", version=tool.version or "")
    first = tools[0] if tools else _Named()
    return Tool(name=(first.name or "cyclonedx").lower(), version=first.version or "")


def _package(component: _Component) -> Package:
    properties: Mapping[str, str] = {each.name or "": each.value or "" for each in component.properties or ()}
    group = f"{component.group}/" if component.group and not component.purl else ""
    return with_purl(
        Package(
            ecosystem="",
            name=f"{group}{component.name or ''}",
            version=component.version or "",
            purl=component.purl or "",
            source=properties.get("aquasecurity:trivy:SrcName", ""),
            source_version=properties.get("aquasecurity:trivy:SrcVersion", ""),
            paths=texts(value for name, value in properties.items() if name in _PATHS),
            layer=properties.get("aquasecurity:trivy:LayerDiffID", ""),
        )
    )


def _severity(ratings: Sequence[_Rating]) -> tuple[str, str]:
    """The severity that the source's own rating gives, else the worst of the others; EPSS is no severity."""
    said = [
        (rating.severity, (rating.source.name if rating.source else None) or "")
        for rating in ratings
        if rating.severity and not _is_epss(rating)
    ]
    return min(said, key=lambda each: severity_of(each[0]).rank) if said else ("", "")


def _is_epss(rating: _Rating) -> bool:
    return rating.source is not None and (rating.source.name or "").upper() == "EPSS"


def _scores(ratings: Sequence[_Rating]) -> Iterator[Score]:
    for rating in ratings:
        version = _VERSIONS.get(rating.method or "")
        if version is not None and not _is_epss(rating):
            source = (rating.source.name if rating.source else None) or ""
            yield Score(
                source=source.lower(), version=version, base=number(rating.score), vector=rating.vector or ""
            )


_EPSS_DATE = re.compile(r"date:(\d{4}-\d{2}-\d{2})")


def _threat(ratings: Sequence[_Rating], properties: Mapping[str, str]) -> Threat:
    epss = next((rating for rating in ratings if _is_epss(rating)), None)
    exploit = properties.get("amazon:inspector:sbom_scanner:exploit_available", "")
    dated = _EPSS_DATE.search(epss.vector or "") if epss is not None else None
    return Threat(
        epss=number(epss.score) if epss is not None else None,
        epss_date=dated[1] if dated else "",
        exploit_available={"true": True, "false": False}.get(exploit.lower()),
    )


_STATUSES: Mapping[str, VexStatus] = {
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
    "false_positive": "not_affected",
    "not_affected": "not_affected",
}


def _statements(
    position: int, said: _Vulnerability, packages: Sequence[Package], author: str
) -> Iterator[VexStatement]:
    analysis = said.analysis
    status = _STATUSES.get((analysis.state if analysis else None) or "")
    products = texts(package.purl for package in packages) or texts(
        affected.ref for affected in said.affects or ()
    )
    if analysis is None or status is None or not products:
        return
    yield VexStatement(
        index=position,
        ids=texts((said.id, *(reference.id for reference in said.references or ()))),
        products=products,
        status=status,
        justification=analysis.justification or "",
        impact=analysis.detail or "",
        action=", ".join(texts(analysis.response)) or said.recommendation or "",
        author=author,
    )


def _sniff(glimpse: Glimpse) -> bool:
    if glimpse.head.startswith(b"<"):
        return b"cyclonedx.org/schema/bom/" in glimpse.head
    if glimpse.mentions("bomFormat"):
        return True
    if glimpse.mentions("sbom") or b'"messages"' in glimpse.head:
        return "sbom" in glimpse.members
    return glimpse.mentions("specVersion") and {"specVersion", "components"} <= glimpse.members.keys()


READER = Reader(id="cyclonedx", title="CycloneDX 1.4 to 1.7, JSON and XML", sniff=_sniff, read=read)
