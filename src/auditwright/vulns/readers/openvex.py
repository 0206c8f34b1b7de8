"""OpenVEX 0.0.1 to 0.2.0, read leniently: many published documents break the schema in what does not matter here."""

from collections.abc import Sequence
from typing import cast, get_args

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document, json_list
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.wire import moment, texts
from auditwright.vulns.report import Report, Skipped, Target, Tool, VexStatement, VexStatus


class _Named(msgspec.Struct):
    id: str | None = msgspec.field(default=None, name="@id")
    name: str | None = None
    aliases: list[str] | None = None
    identifiers: dict[str, str] | None = None
    subcomponents: list["_Named | str"] | None = None


class _Statement(msgspec.Struct):
    vulnerability: _Named | str | None = None
    products: list[_Named | str] | None = None
    subcomponents: list[_Named | str] | None = None
    status: str | None = None
    justification: str | None = None
    impact_statement: str | None = None
    action_statement: str | None = None
    timestamp: str | None = None
    last_updated: str | None = None


class _Document(msgspec.Struct):
    context: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"null"), name="@context")
    author: str | None = None
    timestamp: str | None = None
    last_updated: str | None = None
    tooling: str | None = None


def read(data: Buffer) -> Report:
    """Read a document. Raises UnreadableReportError where it has no list of statements."""
    members = json_document(data, dict[str, msgspec.Raw])
    if "statements" not in members:
        raise UnreadableReportError("an OpenVEX document has `statements`")
    document = json_document(data, _Document)
    statements: list[VexStatement] = []
    skipped: list[Skipped] = []
    decoder = msgspec.json.Decoder(_Statement)
    for position, raw in enumerate(json_list(bytes(members["statements"]))):
        where = f"statements[{position}]"
        try:
            found = _statements(position, decoder.decode(raw), document)
        except (msgspec.ValidationError, UnicodeDecodeError) as error:
            found = [str(error)]
        statements += [each for each in found if isinstance(each, VexStatement)]
        skipped += [Skipped(where=where, why=each) for each in found if isinstance(each, str)]
    return Report(
        format="openvex",
        format_version=bytes(document.context).decode(errors="replace").strip('"').rpartition("/")[2],
        tool=Tool(name="openvex"),
        made_at=moment(document.last_updated or document.timestamp),
        targets=(Target(),),
        rows=(),
        statements=tuple(statements),
        skipped=tuple(skipped),
    )


def _statements(position: int, said: _Statement, document: _Document) -> list[VexStatement | str]:
    """A statement for each product, or why there is none: a part that cannot be named must not become the whole."""
    vulnerability = said.vulnerability
    ids = texts((vulnerability,)) if isinstance(vulnerability, str) else _ids(vulnerability)
    if not ids:
        return ["it names no vulnerability"]
    if said.status not in get_args(VexStatus):
        return [f"its status {said.status!r} is none of OpenVEX's"]
    found: list[VexStatement | str] = []
    for product in said.products or ():
        listed = [
            *(said.subcomponents or ()),
            *((product.subcomponents or ()) if isinstance(product, _Named) else ()),
        ]
        products, parts = _names([product]), _names(listed)
        if not products or (listed and not parts):
            found.append("a product or a part of it is named by neither a package URL nor a name")
            continue
        found.append(
            VexStatement(
                index=position,
                ids=ids,
                products=products,
                subcomponents=parts,
                status=cast("VexStatus", said.status),
                justification=said.justification or "",
                impact=said.impact_statement or "",
                action=said.action_statement or "",
                author=document.author or "",
                at=moment(said.last_updated or said.timestamp or document.last_updated or document.timestamp),
            )
        )
    return found or ["it names no product"]


def _ids(vulnerability: _Named | None) -> tuple[str, ...]:
    if vulnerability is None:
        return ()
    named = vulnerability.name or (vulnerability.id or "").rpartition("/")[2]
    return texts((named, *(vulnerability.aliases or ())))


def _names(listed: Sequence[_Named | str]) -> tuple[str, ...]:
    names: list[str | None] = []
    for each in listed:
        if isinstance(each, str):
            names.append(each)
        else:
            names += [each.id, (each.identifiers or {}).get("purl")]
    return texts(names)


def _sniff(glimpse: Glimpse) -> bool:
    if b"openvex" not in glimpse.head or not glimpse.mentions("@context"):
        return False
    return not glimpse.mentions("predicateType") and b"spdx.org/rdf/" not in glimpse.head


READER = Reader(id="openvex", title="OpenVEX", sniff=_sniff, read=read)
