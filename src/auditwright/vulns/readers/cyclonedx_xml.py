"""CycloneDX as XML, turned into the same members as its JSON. Entities and document types are refused: no report has them, and bombs do."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError

MAX_BYTES = 512 << 20
"""A document is held as a tree of about ten times its size; the largest real ones have some 50 MB."""


def as_json(data: Buffer) -> bytes:
    """The members that the reader uses, as JSON. Raises UnreadableReportError where the text is no XML, or declares a document type."""
    if len(data) > MAX_BYTES:
        raise UnreadableReportError(f"a document in XML may have {MAX_BYTES:,} bytes; use CycloneDX's JSON")
    text = bytes(data[:])
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise UnreadableReportError("the document declares entities, which no CycloneDX document does")
    try:
        root = ET.fromstring(text)  # noqa: S314  # nothing is declared, so nothing can expand
    except (ET.ParseError, ValueError, LookupError) as error:
        raise UnreadableReportError(f"the file is no valid XML: {error}; save the whole report") from error
    if _name(root) != "bom":
        raise UnreadableReportError(f"a CycloneDX document begins with <bom>, this one with <{_name(root)}>")
    version = root.tag.partition("/bom/")[2].partition("}")[0]
    document = {
        "specVersion": version,
        "metadata": _metadata(_child(root, "metadata")),
        "components": [_component(each, 0) for each in _children(_child(root, "components"), "component")],
        "vulnerabilities": list(_vulnerabilities(root)),
    }
    return msgspec.json.encode(document)


def _name(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]  # a comment's tag is no text


def _children(element: ET.Element | None, name: str) -> list[ET.Element]:
    return [child for child in element if _name(child) == name] if element is not None else []


def _child(element: ET.Element | None, name: str) -> ET.Element | None:
    return next(iter(_children(element, name)), None)


def _text(element: ET.Element | None, name: str) -> str | None:
    found = _child(element, name)
    return found.text.strip() if found is not None and found.text else None


def _metadata(element: ET.Element | None) -> dict[str, object]:
    tools = _child(element, "tools")
    component = _child(element, "component")
    return {
        "timestamp": _text(element, "timestamp"),
        "tools": [
            {"name": _text(tool, "name"), "vendor": _text(tool, "vendor"), "version": _text(tool, "version")}
            for tool in (*_children(tools, "tool"), *_children(_child(tools, "components"), "component"))
        ],
        "component": _component(component, 0) if component is not None else None,
    }


MAX_DEPTH = 100


def _component(element: ET.Element, depth: int) -> dict[str, object]:
    if depth > MAX_DEPTH:
        raise UnreadableReportError("components lie deeper within each other than any software's")
    inner = _children(_child(element, "components"), "component")
    return {
        "type": element.get("type"),
        "bom-ref": element.get("bom-ref"),
        "group": _text(element, "group"),
        "name": _text(element, "name"),
        "version": _text(element, "version"),
        "purl": _text(element, "purl"),
        "properties": _properties(element),
        "components": [_component(each, depth + 1) for each in inner],
    }


def _properties(element: ET.Element) -> list[dict[str, str | None]]:
    return [
        {"name": each.get("name"), "value": (each.text or "").strip()}
        for each in _children(_child(element, "properties"), "property")
    ]


def _vulnerabilities(root: ET.Element) -> Iterator[dict[str, object]]:
    """Those of 1.4 and later stand beside the components; those of the extension to 1.2 there or within each."""
    for each in _children(_child(root, "vulnerabilities"), "vulnerability"):
        affected = [_affected(target) for target in _children(_child(each, "affects"), "target")]
        ref = each.get("ref")  # how the extension to 1.2 names the component
        yield _vulnerability(each, affected or ([{"ref": ref}] if ref else []))
    for component in root.iter():
        if _name(component) == "component":
            for each in _children(_child(component, "vulnerabilities"), "vulnerability"):
                ref = component.get("bom-ref") or _text(component, "purl") or _text(component, "name")
                yield _vulnerability(each, [{"ref": ref}])


def _affected(target: ET.Element) -> dict[str, object]:
    versions = _children(_child(target, "versions"), "version")
    return {
        "ref": _text(target, "ref"),
        "versions": [
            {"version": _text(each, "version"), "status": _text(each, "status")} for each in versions
        ],
    }


def _vulnerability(element: ET.Element, affects: list[dict[str, object]]) -> dict[str, object]:
    analysis = _child(element, "analysis")
    source = _child(element, "source")
    responses = _children(_child(analysis, "responses"), "response")
    return {
        "id": _text(element, "id"),
        "source": {
            "name": _text(source, "name") or (source.get("name") if source is not None else None),
            "url": _text(source, "url"),
        },
        "references": [
            {"id": _text(each, "id")} for each in _children(_child(element, "references"), "reference")
        ],
        "ratings": [_rating(each) for each in _children(_child(element, "ratings"), "rating")],
        "description": _text(element, "description"),
        "recommendation": _text(element, "recommendation"),
        "analysis": {
            "state": _text(analysis, "state"),
            "justification": _text(analysis, "justification"),
            "response": [each.text.strip() for each in responses if each.text],
            "detail": _text(analysis, "detail"),
        }
        if analysis is not None
        else None,
        "affects": affects,
        "properties": _properties(element),
    }


def _rating(element: ET.Element) -> dict[str, object]:
    score = _child(element, "score")
    base = _text(score, "base") or (score.text.strip() if score is not None and score.text else None)
    severity = _text(element, "severity")
    return {
        "source": {"name": _text(_child(element, "source"), "name")},
        "score": base or None,
        "severity": severity.lower() if severity else None,
        "method": _text(element, "method"),
        "vector": _text(element, "vector"),
    }
