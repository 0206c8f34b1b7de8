"""SPDX 2.2 and 2.3 as JSON: the packages that an SBOM lists. SPDX names no vulnerabilities; statements about them come as OpenVEX beside it."""

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document, json_list
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.purl import with_purl
from auditwright.vulns.readers.wire import moment
from auditwright.vulns.report import Package, Report, Skipped, Target, Tool


class _Reference(msgspec.Struct, rename="camel"):
    reference_type: str | None = None
    reference_locator: str | None = None


class _Package(msgspec.Struct, rename="camel"):
    name: str
    version_info: str | None = None
    external_refs: list[_Reference] | None = None


class _Created(msgspec.Struct):
    created: str | None = None
    creators: list[str] | None = None


class _Document(msgspec.Struct, rename="camel"):
    spdx_version: str | None = None
    name: str | None = None
    creation_info: _Created | None = None


def read(data: Buffer) -> Report:
    """Read a document. Raises UnreadableReportError where it is no SPDX 2."""
    members = json_document(data, dict[str, msgspec.Raw])
    if "spdxVersion" not in members:
        raise UnreadableReportError("an SPDX 2 document has `spdxVersion`")
    document = json_document(data, _Document)
    packages: list[Package] = []
    skipped: list[Skipped] = []
    decoder = msgspec.json.Decoder(_Package)
    for position, raw in enumerate(json_list(bytes(members.get("packages", msgspec.Raw(b"[]"))))):
        try:
            package = _package(decoder.decode(raw))
        except (msgspec.ValidationError, UnicodeDecodeError) as error:
            skipped.append(Skipped(where=f"packages[{position}]", why=str(error)))
            continue
        if package.ecosystem:
            packages.append(package)
        else:
            skipped.append(Skipped(where=f"packages[{position}]", why="it has no package URL"))
    created = document.creation_info or _Created()
    tool = next(
        (each.removeprefix("Tool: ") for each in created.creators or () if each.startswith("Tool: ")), "spdx"
    )
    return Report(
        format="spdx",
        format_version=(document.spdx_version or "").removeprefix("SPDX-"),
        tool=Tool(name=tool.lower()),
        made_at=moment(created.created),
        targets=(Target(kind="sbom", name=document.name or ""),),
        rows=(),
        packages=tuple(packages),
        skipped=tuple(skipped),
    )


def _package(said: _Package) -> Package:
    purl = next(
        (
            each.reference_locator
            for each in said.external_refs or ()
            if each.reference_type == "purl" and each.reference_locator
        ),
        "",
    )
    return with_purl(Package(ecosystem="", name=said.name, version=said.version_info or "", purl=purl))


def _sniff(glimpse: Glimpse) -> bool:
    return glimpse.mentions("spdxVersion") or (
        b"SPDXRef" in glimpse.head and "spdxVersion" in glimpse.members
    )


READER = Reader(id="spdx", title="SPDX 2.2 and 2.3 JSON (packages)", sniff=_sniff, read=read)
