"""CSAF 2.0 and 2.1: what a publisher says of its products, product by product and status by status."""

from collections.abc import Iterator, Mapping

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.wire import moment, texts
from auditwright.vulns.report import Report, Skipped, Target, Tool, VexStatement, VexStatus


class _Helper(msgspec.Struct):
    purl: str | None = None
    purls: list[str] | None = None
    cpe: str | None = None


class _Product(msgspec.Struct):
    product_id: str | None = None
    name: str | None = None
    helper: _Helper | None = msgspec.field(default=None, name="product_identification_helper")


class _Branch(msgspec.Struct):
    name: str | None = None
    product: _Product | None = None
    branches: list["_Branch"] | None = None


class _Relationship(msgspec.Struct):
    full: _Product | None = msgspec.field(default=None, name="full_product_name")
    part: str | None = msgspec.field(default=None, name="product_reference")
    whole: str | None = msgspec.field(default=None, name="relates_to_product_reference")


class _Subpath(msgspec.Struct):
    next: str | None = msgspec.field(default=None, name="next_product_reference")


class _Path(msgspec.Struct):
    full: _Product | None = msgspec.field(default=None, name="full_product_name")
    first: str | None = msgspec.field(default=None, name="beginning_product_reference")
    subpaths: list[_Subpath] | None = None


class _Group(msgspec.Struct):
    group_id: str | None = None
    product_ids: list[str] | None = None


class _Tree(msgspec.Struct):
    product_groups: list[_Group] | None = None
    branches: list[_Branch] | None = None
    full_product_names: list[_Product] | None = None
    relationships: list[_Relationship] | None = None
    product_paths: list[_Path] | None = None


class _Id(msgspec.Struct):
    text: str | None = None


class _Note(msgspec.Struct):
    """A flag, a threat or a remediation: words about products."""

    label: str | None = None
    category: str | None = None
    details: str | None = None
    product_ids: list[str] | None = None
    group_ids: list[str] | None = None


class _Vulnerability(msgspec.Struct):
    cve: str | None = None
    ids: list[_Id] | None = None
    status: dict[str, list[str] | None] | None = msgspec.field(default=None, name="product_status")
    flags: list[_Note] | None = None
    threats: list[_Note] | None = None
    remediations: list[_Note] | None = None


class _Publisher(msgspec.Struct):
    name: str | None = None


class _Tracking(msgspec.Struct):
    current: str | None = msgspec.field(default=None, name="current_release_date")


class _About(msgspec.Struct):
    csaf_version: str | None = None
    publisher: _Publisher | None = None
    tracking: _Tracking | None = None


class _Document(msgspec.Struct):
    document: _About | None = None
    product_tree: _Tree | None = None
    vulnerabilities: list[msgspec.Raw] | None = None


_STATUSES: Mapping[str, VexStatus] = {
    "first_affected": "affected",
    "known_affected": "affected",
    "last_affected": "affected",
    "first_fixed": "fixed",
    "fixed": "fixed",
    "known_not_affected": "not_affected",
    "under_investigation": "under_investigation",
}
"""`recommended` is advice and no status."""

MAX_DEPTH = 100
"""Branches within branches: vendor, product, version, architecture and a few more."""


def read(data: Buffer) -> Report:
    """Read a document. Raises UnreadableReportError where it is no CSAF."""
    members = json_document(data, dict[str, msgspec.Raw])
    if "document" not in members:
        raise UnreadableReportError("a CSAF document has `document`")
    said = json_document(data, _Document)
    about = said.document or _About()
    tree = said.product_tree or _Tree()
    names = _names(tree)
    groups = {group.group_id or "": frozenset(group.product_ids or ()) for group in tree.product_groups or ()}
    statements: list[VexStatement] = []
    skipped: list[Skipped] = []
    decoder = msgspec.json.Decoder(_Vulnerability)
    author = (about.publisher.name if about.publisher else None) or ""
    at = moment(about.tracking.current if about.tracking else None)
    for position, raw in enumerate(said.vulnerabilities or ()):
        try:
            found = list(_statements(position, decoder.decode(raw), names, groups))
        except (msgspec.ValidationError, UnicodeDecodeError) as error:
            skipped.append(Skipped(where=f"vulnerabilities[{position}]", why=str(error)))
            continue
        if not found:
            skipped.append(
                Skipped(
                    where=f"vulnerabilities[{position}]", why="it gives no product a status, or has no id"
                )
            )
        for each in found:
            if isinstance(each, str):
                skipped.append(Skipped(where=f"vulnerabilities[{position}]", why=each))
            else:
                statements.append(msgspec.structs.replace(each, author=author, at=at))
    return Report(
        format="csaf",
        format_version=about.csaf_version or "",
        tool=Tool(name="csaf"),
        made_at=at,
        targets=(Target(),),
        rows=(),
        statements=tuple(statements),
        skipped=tuple(skipped),
    )


_UNNAMED = ("",)
"""A part that the tree does not name: what is said of it must not become a word about the whole."""

Names = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
"""Product ids to the names of the product, and of the part where the product is a part of another."""


def _names(tree: _Tree) -> Names:
    plain: dict[str, tuple[str, ...]] = {}
    for product in (*(tree.full_product_names or ()), *_leaves(tree.branches or [], 0)):
        if product.product_id:
            plain[product.product_id] = _of(product)
    found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
        id_: (names, ()) for id_, names in plain.items()
    }
    for relationship in tree.relationships or ():
        if relationship.full is not None and relationship.full.product_id:
            whole, part = plain.get(relationship.whole or "", ()), plain.get(relationship.part or "", ())
            found[relationship.full.product_id] = (whole or _of(relationship.full), part or _UNNAMED)
    for path in tree.product_paths or ():
        if path.full is not None and path.full.product_id:
            last = path.subpaths[-1].next if path.subpaths else None
            found[path.full.product_id] = (
                plain.get(last or "", ()) or _of(path.full),
                plain.get(path.first or "", ()),
            )
    return found


def _leaves(branches: list[_Branch], depth: int) -> Iterator[_Product]:
    if depth > MAX_DEPTH:
        raise UnreadableReportError(
            "the branches of the product tree lie deeper within each other than any product's"
        )
    for branch in branches:
        if branch.product is not None:
            yield branch.product
        yield from _leaves(branch.branches or [], depth + 1)


def _of(product: _Product) -> tuple[str, ...]:
    helper = product.helper or _Helper()
    return texts((helper.purl, *(helper.purls or ()), product.name))


Groups = Mapping[str, frozenset[str]]


def _statements(
    position: int, said: _Vulnerability, names: Names, groups: Groups
) -> Iterator[VexStatement | str]:
    ids = texts((said.cve, *(each.text for each in said.ids or ())))
    if not ids:
        return
    for word, products in (said.status or {}).items():
        status = _STATUSES.get(word)
        if status is None:
            if word != "recommended":
                yield f"the status {word!r} says nothing that is known here"
            continue
        for product in products or ():
            whole, part = names.get(product, ((product,), ()))
            if part == _UNNAMED:
                yield f"the part that product {product!r} stands for is not in the tree"
                continue
            yield VexStatement(
                index=position,
                ids=ids,
                products=whole,
                subcomponents=part,
                status=status,
                justification=_about(said.flags, product, groups, "label"),
                impact=_about(
                    [each for each in said.threats or () if each.category == "impact"],
                    product,
                    groups,
                    "details",
                ),
                action=_about(said.remediations, product, groups, "details"),
            )


def _about(notes: list[_Note] | None, product: str, groups: Groups, field: str) -> str:
    """The first words that are about this product: named, in a group that is named, or where nothing is named about all."""
    for note in notes or ():
        everything = note.product_ids is None and note.group_ids is None
        grouped = any(product in groups.get(group, frozenset()) for group in note.group_ids or ())
        if everything or grouped or product in (note.product_ids or ()):
            return (note.label if field == "label" else note.details) or ""
    return ""


def _sniff(glimpse: Glimpse) -> bool:
    return glimpse.mentions("csaf_version") or (b"csaf" in glimpse.head and "document" in glimpse.members)


READER = Reader(id="csaf", title="CSAF 2.0 and 2.1", sniff=_sniff, read=read)
