"""SPDX 3.0 as JSON-LD: packages, and what its security profile says of vulnerabilities in them.

Source: the SPDX 3.0.1 specification. A document is one list of elements that name each other by id:

1. A package is listed where it has a package URL.
2. A VEX assessment is a statement, of each product that it is `to`.
3. A package that a vulnerability is associated with is a row; scores, EPSS and the catalogs of exploits that assess the same
   vulnerability in the same package belong to it.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from auditwright.vulns.readers.door import Buffer, Cut, Refused, UnreadableReportError
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.purl import with_purl
from auditwright.vulns.readers.wire import Number, first_line, moment, number, texts
from auditwright.vulns.report import (
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


class _Reference(msgspec.Struct, rename="camel"):
    """An element that stands where its id would do."""

    spdx_id: str | None = None


One = str | _Reference | None
Several = list[str | _Reference] | str | _Reference | None


class _Identifier(msgspec.Struct, rename="camel"):
    external_identifier_type: str | None = None
    identifier: str | None = None


class _Element(msgspec.Struct, rename="camel"):
    """Every member that is used of any kind of element."""

    type: str | None = None
    also_type: str | None = msgspec.field(default=None, name="@type")
    spdx_id: str | None = None
    also_id: str | None = msgspec.field(default=None, name="@id")
    name: str | None = None
    summary: str | None = None
    description: str | None = None
    external_identifier: list[_Identifier] | None = None
    version: str | None = msgspec.field(default=None, name="software_packageVersion")
    purl: str | None = msgspec.field(default=None, name="software_packageUrl")
    root: Several = msgspec.field(default=None, name="rootElement")
    created: str | None = None
    created_by: Several = None
    created_using: Several = None
    spec_version: str | None = None
    start: One = msgspec.field(default=None, name="from")
    to: Several = None
    relationship: str | None = msgspec.field(default=None, name="relationshipType")
    supplied_by: One = None
    assessed: One = msgspec.field(default=None, name="security_assessedElement")
    justification: str | None = msgspec.field(default=None, name="security_justificationType")
    impact: str | None = msgspec.field(default=None, name="security_impactStatement")
    action: str | None = msgspec.field(default=None, name="security_actionStatement")
    notes: str | None = msgspec.field(default=None, name="security_statusNotes")
    published: str | None = msgspec.field(default=None, name="security_publishedTime")
    modified: str | None = msgspec.field(default=None, name="security_modifiedTime")
    withdrawn: str | None = msgspec.field(default=None, name="security_withdrawnTime")
    score: Number = msgspec.field(default=None, name="security_score")
    vector: str | None = msgspec.field(default=None, name="security_vectorString")
    severity: str | None = msgspec.field(default=None, name="security_severity")
    probability: Number = msgspec.field(default=None, name="security_probability")
    catalog: str | None = msgspec.field(default=None, name="security_catalogType")
    exploited: bool | None = msgspec.field(default=None, name="security_exploited")

    @property
    def id(self) -> str:
        return self.spdx_id or self.also_id or ""

    @property
    def kind(self) -> str:
        """`VexFixedVulnAssessmentRelationship` of `security_VexFixed…`, or of the whole address of the term."""
        return re.split(r"[_/:#]", self.type or self.also_type or "")[-1]


_STATUSES: Mapping[str, VexStatus] = {
    "VexAffectedVulnAssessmentRelationship": "affected",
    "VexFixedVulnAssessmentRelationship": "fixed",
    "VexNotAffectedVulnAssessmentRelationship": "not_affected",
    "VexUnderInvestigationVulnAssessmentRelationship": "under_investigation",
}
_CVSS: Mapping[str, str] = {
    "CvssV2VulnAssessmentRelationship": "2.0",
    "CvssV3VulnAssessmentRelationship": "3.1",
    "CvssV4VulnAssessmentRelationship": "4.0",
}
_EPSS = "EpssVulnAssessmentRelationship"
_CATALOG = "ExploitCatalogVulnAssessmentRelationship"
_ASSOCIATED = "hasAssociatedVulnerability"
_GRAPH = "@graph"


def read(data: Buffer) -> Report:
    """Read a document. Raises UnreadableReportError where it is no SPDX 3 in JSON-LD, or lists no elements."""
    reading = _Reading()
    cut = Cut(data, _GRAPH)
    for position, element in enumerate(cut.decoded(_Element)):
        if isinstance(element, Refused):
            reading.skipped.append(Skipped(where=f"{_GRAPH}[{element.index}]", why=element.why))
        else:
            reading.take(position, element)
    if not _is_spdx(bytes(cut.rest.get("@context", msgspec.Raw(b"")))):
        raise UnreadableReportError("an SPDX 3 document names spdx.org/rdf/3… as its @context")
    if not reading.seen and not reading.skipped:
        raise UnreadableReportError(f"an SPDX 3 document lists its elements in {_GRAPH}; this one lists none")
    return reading.report()


class _Reading:
    """What was read so far, by id where others name it."""

    def __init__(self) -> None:
        self.seen = 0
        self.skipped: list[Skipped] = []
        self._packages: dict[str, Package] = {}
        self._names: dict[str, str] = {}
        """Of everything that has one."""
        self._vulnerabilities: dict[str, _Element] = {}
        self._statements: list[tuple[int, _Element]] = []
        self._associations: list[tuple[int, _Element]] = []
        self._assessments: dict[tuple[str, str], list[_Element]] = {}
        self._created = _Element()
        self._document = _Element()

    def take(self, position: int, element: _Element) -> None:
        """One element after the other."""
        self.seen += 1
        kind = element.kind
        if element.id and element.name:
            self._names.setdefault(element.id, element.name)
        if kind.endswith("Package"):
            self._take_package(position, element)
        elif kind == "Vulnerability":
            self._vulnerabilities[element.id] = element
        elif kind in _STATUSES:
            self._statements.append((position, element))
        elif kind in _CVSS or kind in {_EPSS, _CATALOG}:
            for product in _ids(element.to):
                self._assessments.setdefault((_id(element.start), product), []).append(element)
        elif element.relationship == _ASSOCIATED:
            self._associations.append((position, element))
        elif kind == "CreationInfo" and not self._created.created:
            self._created = element
        elif kind == "SpdxDocument":
            self._document = element

    def _take_package(self, position: int, element: _Element) -> None:
        listed = element.external_identifier or ()
        named = (each.identifier for each in listed if each.external_identifier_type == "packageUrl")
        purl = next(iter(texts((element.purl, *named))), "")
        package = with_purl(
            Package(ecosystem="", name=element.name or "", version=element.version or "", purl=purl)
        )
        self._packages[element.id] = package
        if not package.ecosystem:
            self.skipped.append(Skipped(where=f"{_GRAPH}[{position}]", why="the package has no package URL"))

    def report(self) -> Report:
        """Everything, once all elements are there."""
        statements = [each for found in self._statements for each in self._stated(*found)]
        rows = [each for found in self._associations for each in self._associated(*found)]
        tools = (self._names.get(id_, "") for id_ in _ids(self._created.created_using))
        roots = (self._names.get(id_, "") for id_ in _ids(self._document.root))
        name = next((each for each in roots if each), self._document.name or "")
        return Report(
            format="spdx-3",
            format_version=self._created.spec_version or "",
            tool=Tool(name=next((each.lower() for each in tools if each), "spdx")),
            made_at=moment(self._created.created),
            targets=(Target(kind="sbom", name=name),),
            rows=tuple(rows),
            statements=tuple(statements),
            packages=tuple(each for each in self._packages.values() if each.ecosystem),
            skipped=tuple(self.skipped),
        )

    def _stated(self, position: int, said: _Element) -> Iterator[VexStatement]:
        """(2) A statement for each product; a part that cannot be named must not become the whole."""
        where = f"{_GRAPH}[{position}]"
        ids = self._vulnerability_ids(_id(said.start))
        if said.withdrawn or not ids:
            why = (
                "the assessment was withdrawn"
                if said.withdrawn
                else "it names no vulnerability of the document"
            )
            self.skipped.append(Skipped(where=where, why=why))
            return
        parts = self._named(_id(said.assessed))
        for product in _ids(said.to):
            products = self._named(product)
            if not products or (said.assessed is not None and not parts):
                why = "a product or a part of it is named by neither a package URL nor a name"
                self.skipped.append(Skipped(where=where, why=why))
                continue
            yield VexStatement(
                index=position,
                ids=ids,
                products=products,
                subcomponents=parts,
                status=_STATUSES[said.kind],
                justification=_label(said.justification),
                impact=said.impact or said.notes or "",
                action=said.action or "",
                author=self._author(said),
                at=moment(said.modified or said.published or self._created.created),
            )
        if not _ids(said.to):
            self.skipped.append(Skipped(where=where, why="it names no product"))

    def _author(self, said: _Element) -> str:
        by = (_id(said.supplied_by), *_ids(self._created.created_by))
        return next((self._names[id_] for id_ in by if id_ in self._names), "")

    def _named(self, id_: str) -> tuple[str, ...]:
        package = self._packages.get(id_)
        return texts(
            (package.purl if package else None, None if package and package.purl else self._names.get(id_))
        )

    def _vulnerability_ids(self, id_: str) -> tuple[str, ...]:
        """CVEs before other names; what it is called where it has no identifier; at last the end of its id."""
        said = self._vulnerabilities.get(id_)
        if said is None:
            return ()
        listed = said.external_identifier or ()
        cves = (each.identifier for each in listed if each.external_identifier_type == "cve")
        others = (each.identifier for each in listed if _ID.fullmatch((each.identifier or "").strip()))
        found = texts((*cves, *others))
        named = (
            text for text in (said.name or "", *reversed(_ENDS.split(id_))) if _ID.fullmatch(text.strip())
        )
        return found or texts(tuple(named)[:1])

    def _associated(self, position: int, said: _Element) -> Iterator[Row]:
        """(3) The core says it of a package, the security profile of a vulnerability."""
        start, ends = _id(said.start), _ids(said.to)
        pairs = [(start, end) if start in self._vulnerabilities else (end, start) for end in ends]
        for part, (vulnerability, product) in enumerate(pairs):
            ids, package = self._vulnerability_ids(vulnerability), self._packages.get(product)
            if not ids or package is None:
                why = (
                    "it names no vulnerability of the document"
                    if not ids
                    else "it names no package of the document"
                )
                self.skipped.append(Skipped(where=f"{_GRAPH}[{position}]", why=why))
                continue
            element = self._vulnerabilities[vulnerability]
            assessed = self._assessments.get((vulnerability, product), ())
            severity = next((each.severity for each in assessed if each.severity), "")
            yield Row(
                index=position,
                part=part,
                id=ids[0],
                namespace="spdx",
                aliases=ids[1:],
                package=package,
                severity=severity_of(severity),
                severity_said=severity,
                scores=tuple(_score(each) for each in assessed if each.kind in _CVSS),
                threat=_threat(assessed),
                title=first_line(element.summary or element.description),
                suppressed="withdrawn" if element.withdrawn else "",
                published_at=moment(element.published),
            )


_ID = re.compile(r"[A-Za-z]{2,}[A-Za-z0-9]*-[A-Za-z0-9][A-Za-z0-9:._-]*")
"""What ids of vulnerabilities look like: `CVE-2024-1`, `GHSA-…`; addresses and CPE names do not."""

_ENDS = re.compile(r"[/#:]")


def _score(said: _Element) -> Score:
    vector = said.vector or ""
    version = (
        vector.partition("/")[0].removeprefix("CVSS:") if vector.startswith("CVSS:") else _CVSS[said.kind]
    )
    return Score(source="", version=version, base=number(said.score), vector=vector)


def _threat(assessed: "tuple[_Element, ...] | list[_Element]") -> Threat:
    epss = next((each for each in assessed if each.kind == _EPSS), None)
    kev = [each.exploited for each in assessed if each.kind == _CATALOG and each.catalog == "kev"]
    return Threat(
        epss=number(epss.probability) if epss else None,
        epss_date=((epss.published or "") if epss else "")[:10],
        exploited=True if True in kev else None,
    )


def _label(justification: str | None) -> str:
    """OpenVEX's label of the same meaning: `vulnerableCodeNotPresent` is `vulnerable_code_not_present`."""
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", justification or "").lower()


def _id(said: One) -> str:
    return (said.spdx_id or "") if isinstance(said, _Reference) else said or ""


def _ids(said: Several) -> tuple[str, ...]:
    return texts(_id(each) for each in (said if isinstance(said, list) else [said]))


def _is_spdx(context: bytes) -> bool:
    return b"spdx.org/rdf/3" in context or b"spdx.org/rdf/v3" in context


def _sniff(glimpse: Glimpse) -> bool:
    if not glimpse.mentions("@context") and not glimpse.mentions(_GRAPH):
        return False
    return _GRAPH in glimpse.members and _is_spdx(bytes(glimpse.members.get("@context", b"")))


READER = Reader(
    id="spdx-3", title="SPDX 3.0 JSON-LD (packages, vulnerabilities, VEX)", sniff=_sniff, read=read
)
