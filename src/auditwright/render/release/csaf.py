"""A release report as a CSAF VEX document, 2.0 or 2.1 (https://docs.oasis-open.org/csaf/csaf/).

Each asset line is a product, each package family in it a component of that product, and a vulnerability has one status for each.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from auditwright.core.log import iso
from auditwright.render.release.products import WHY_NOT, action, packages, products
from auditwright.vulns.issue import Family, Line
from auditwright.vulns.release import Group, ReleaseReport, Reported
from auditwright.vulns.report import Score, severity_of_score
from auditwright.vulns.vex import JUSTIFICATIONS, Status

CsafVersion = Literal["2.0", "2.1"]

_STATUSES = {
    Status.UNDER_INVESTIGATION: "under_investigation",
    Status.AFFECTED: "known_affected",
    Status.ACCEPTED: "known_affected",
    Status.NOT_AFFECTED: "known_not_affected",
    Status.FIXED: "fixed",
}

_NO_FIX = {Group.WONT_FIX: "no_fix_planned", Group.FIXABLE: "vendor_fix"}
"""The category of a remediation; every other group has none that is available."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A family in a product, as one product of CSAF's tree."""

    id: str
    component: str
    name: str
    product: str
    purl: str


def csaf(report: ReleaseReport, *, namespace: str, version: CsafVersion = "2.0") -> bytes:
    """The document as JSON; `namespace` is the organization's URI."""
    parts = _parts(report)
    document: dict[str, object] = {
        "document": _document(report, namespace, version),
        "product_tree": _tree(report, parts.values(), version),
        "vulnerabilities": [_vulnerability(id_, group, parts, version) for id_, group in _by_id(report)],
    }
    if version == "2.1":
        document = {"$schema": "https://docs.oasis-open.org/csaf/csaf/v2.1/schema/csaf.json", **document}
    if not document["vulnerabilities"]:
        del document["vulnerabilities"]
    return json.dumps(document, indent=1, ensure_ascii=False).encode()


def _document(report: ReleaseReport, namespace: str, version: CsafVersion) -> dict[str, object]:
    at = iso(report.made_at)
    return {
        "category": "csaf_vex" if report.issues else "csaf_base",
        "csaf_version": version,
        "distribution": {"tlp": {"label": "CLEAR" if version == "2.1" else "WHITE"}},
        "publisher": {"category": "vendor", "name": report.organization, "namespace": namespace},
        "title": f"Vulnerabilities of release {report.release}",
        "tracking": {
            "id": f"vex-{report.release}",
            "initial_release_date": at,
            "current_release_date": at,
            "status": "final",
            "version": str(report.issue),
            "revision_history": [
                {
                    "date": at,
                    "number": str(number),
                    "summary": "First report" if number == 1 else "Evaluated again",
                }
                for number in range(1, report.issue + 1)
            ],
        },
        **({"notes": [{"category": "general", "text": report.notice}]} if report.notice else {}),
    }


_Key = tuple[Line, Family]


def _parts(report: ReleaseReport) -> Mapping[_Key, _Part]:
    named = products(report)
    numbers: dict[Line, int] = {line: number for number, line in enumerate(named, start=1)}
    found: dict[_Key, _Part] = {}
    for reported in report.issues:
        issue = reported.triaged.issue
        key = (issue.line, issue.family)
        if key in found:
            continue
        number = len(found) + 1
        product = named[issue.line]
        found[key] = _Part(
            id=f"R{numbers[issue.line]}-P{number}",
            component=f"P{number}",
            name=f"{issue.family.name} in {product.name}",
            product=f"R{numbers[issue.line]}",
            purl=next((package for package, _ in packages(issue)), ""),
        )
    return found


def _tree(report: ReleaseReport, parts: Iterable[_Part], version: CsafVersion) -> dict[str, object]:
    names: list[dict[str, object]] = [
        {
            "name": product.name,
            "product_id": f"R{number}",
            **_helper(product.id if product.id.startswith("pkg:") else "", version),
        }
        for number, product in enumerate(products(report).values(), start=1)
    ]
    members = tuple(parts)
    for part in members:
        component = {"name": part.name.partition(" in ")[0], "product_id": part.component}
        names.append({**component, **_helper(part.purl, version)})
    joined = [_joined(part, version) for part in members]
    name = "relationships" if version == "2.0" else "product_paths"
    return {"full_product_names": names, **({name: joined} if joined else {})}


def _joined(part: _Part, version: CsafVersion) -> dict[str, object]:
    """A component in a product: a relationship of CSAF 2.0, a path of 2.1."""
    whole = {"name": part.name, "product_id": part.id}
    if version == "2.0":
        return {
            "category": "default_component_of",
            "full_product_name": whole,
            "product_reference": part.component,
            "relates_to_product_reference": part.product,
        }
    step = {"category": "default_component_of", "next_product_reference": part.product}
    return {"beginning_product_reference": part.component, "full_product_name": whole, "subpaths": [step]}


def _helper(purl: str, version: CsafVersion) -> dict[str, object]:
    """CSAF 2.1 allows several package URLs where 2.0 has one."""
    if not purl:
        return {}
    return {"product_identification_helper": {"purl": purl} if version == "2.0" else {"purls": [purl]}}


def _by_id(report: ReleaseReport) -> Iterator[tuple[str, list[Reported]]]:
    groups: dict[str, list[Reported]] = {}
    for reported in report.issues:
        groups.setdefault(reported.triaged.issue.id, []).append(reported)
    yield from groups.items()


def _vulnerability(
    id_: str, group: list[Reported], parts: Mapping[_Key, _Part], version: CsafVersion
) -> dict[str, object]:
    ids = [
        (reported, parts[reported.triaged.issue.line, reported.triaged.issue.family].id) for reported in group
    ]
    aliases = tuple(
        dict.fromkeys(
            name for reported in group for name in reported.triaged.issue.ids if not name.startswith("CVE-")
        )
    )
    title = next((s.row.title for r in group for s in r.triaged.issue.sightings if s.row.title), "")
    status: dict[str, list[str]] = {}
    for reported, part in ids:
        status.setdefault(_STATUSES[reported.triaged.standing.status], []).append(part)
    said: dict[str, object] = {
        **({"cve": id_} if id_.startswith("CVE-") else {}),
        **(
            {"ids": [{"system_name": name.partition("-")[0], "text": name} for name in aliases]}
            if aliases
            else {}
        ),
        "notes": [{"category": "description", "text": title or f"{id_}: see its entry."}],
        "product_status": status,
    }
    flags = list(_flags(ids))
    remediations = [_remediation(reported, part) for reported, part in ids if _affected(reported)]
    threats = [_threat(reported, part) for reported, part in ids if _impact(reported)]
    scores = list(_scores(group, tuple(part for _, part in ids), version))
    if version == "2.0":
        said |= {"scores": scores} if scores else {}
    else:
        said |= {"metrics": scores} if scores else {}
    return said | {
        name: value
        for name, value in (("flags", flags), ("remediations", remediations), ("threats", threats))
        if value
    }


def _affected(reported: Reported) -> bool:
    return reported.triaged.standing.status in {Status.AFFECTED, Status.ACCEPTED}


def _impact(reported: Reported) -> bool:
    """A supplier's word without one of the five labels needs its reason as a threat."""
    standing = reported.triaged.standing
    return standing.status is Status.NOT_AFFECTED and (
        bool(standing.reason) or standing.justification not in JUSTIFICATIONS
    )


def _flags(ids: Iterable[tuple[Reported, str]]) -> Iterator[dict[str, object]]:
    labels: dict[str, list[str]] = {}
    for reported, part in ids:
        standing = reported.triaged.standing
        if standing.status is Status.NOT_AFFECTED and standing.justification in JUSTIFICATIONS:
            labels.setdefault(standing.justification, []).append(part)
    for label, named in labels.items():
        yield {"label": label, "product_ids": named}


def _remediation(reported: Reported, part: str) -> dict[str, object]:
    return {
        "category": _NO_FIX.get(reported.group, "none_available"),
        "details": action(reported),
        "product_ids": [part],
    }


def _threat(reported: Reported, part: str) -> dict[str, object]:
    reason = reported.triaged.standing.reason or WHY_NOT[Group.NOT_AFFECTED]
    return {"category": "impact", "details": reason, "product_ids": [part]}


def _scores(group: list[Reported], ids: tuple[str, ...], version: CsafVersion) -> Iterator[dict[str, object]]:
    """The first whole rating of version 3 that a tool handed on, NVD's first."""
    rated = [
        score
        for reported in group
        for s in reported.triaged.issue.sightings
        for score in s.row.scores
        if _whole(score)
    ]
    if not rated:
        return
    best = min(
        rated, key=lambda score: (score.source != "nvd", score.version != "3.1", score.source, score.vector)
    )
    assert best.base is not None, "a whole rating has a base score"
    cvss = {
        "version": best.version,
        "vectorString": best.vector,
        "baseScore": best.base,
        "baseSeverity": str(severity_of_score(best.base)).upper(),
    }
    if version == "2.0":
        yield {"products": list(ids), "cvss_v3": cvss}
    else:
        yield {"products": list(ids), "content": {"cvss_v3": cvss}}


def _whole(score: Score) -> bool:
    return (
        score.base is not None
        and score.version in {"3.0", "3.1"}
        and score.vector.startswith(f"CVSS:{score.version}/")
    )
