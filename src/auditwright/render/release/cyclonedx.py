"""A release report as a CycloneDX 1.6 document with vulnerabilities: VDR and VEX in one (https://cyclonedx.org)."""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping

from auditwright.core.log import iso
from auditwright.render.release.products import Product, action, packages, products
from auditwright.vulns.issue import Line
from auditwright.vulns.release import ReleaseReport, Reported
from auditwright.vulns.report import Row, Score, Severity, severity_of_score
from auditwright.vulns.vex import Standing, Status

_NAMESPACE = uuid.UUID("6f2b3f2e-0d0b-5d3a-9a55-0c8a6b1f9a10")
"""Of every serial number, so that the same report has the same one (UUID version 5)."""

_METHODS = {"2.0": "CVSSv2", "3.0": "CVSSv3", "3.1": "CVSSv31", "4.0": "CVSSv4"}

_SEVERITIES = {Severity.NEGLIGIBLE: "info"}
"""Only what CycloneDX calls otherwise."""

_STATES = {
    Status.UNDER_INVESTIGATION: "in_triage",
    Status.AFFECTED: "exploitable",
    Status.ACCEPTED: "exploitable",
    Status.NOT_AFFECTED: "not_affected",
    Status.FIXED: "resolved",
}

_JUSTIFICATIONS = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
"""OpenVEX's labels that have a counterpart; the fifth stands in the detail."""


def cyclonedx(report: ReleaseReport) -> bytes:
    """The document as JSON; the same report gives the same bytes."""
    named = products(report)
    known: dict[str, dict[str, object]] = {}
    vulnerabilities = [_vulnerability(reported, named, known) for reported in report.issues]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{report.organization}/{report.release}')}",
        "version": report.issue,
        "metadata": {
            "timestamp": iso(report.made_at),
            "tools": {"components": list(_tools(report))},
            "component": {
                "type": "application",
                "bom-ref": "release",
                "name": report.organization,
                "version": report.release,
            },
        },
        "components": [*_products(named.values()), *known.values()],
        "vulnerabilities": vulnerabilities,
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode()


def _tools(report: ReleaseReport) -> Iterator[dict[str, str]]:
    for tool, version in sorted({(source.tool, source.tool_version) for source in report.sources}):
        yield {"type": "application", "name": tool, **({"version": version} if version else {})}


def _products(named: Iterable[Product]) -> Iterator[dict[str, object]]:
    for product in named:
        yield {
            "type": "container",
            "bom-ref": _product_ref(product.line),
            "name": product.line.name,
            **({"purl": product.id} if product.id.startswith("pkg:") else {}),
        }


def _product_ref(line: Line) -> str:
    return f"product:{line.name}:{line.architecture}"


def _vulnerability(
    reported: Reported, named: Mapping[Line, Product], components: dict[str, dict[str, object]]
) -> dict[str, object]:
    triaged = reported.triaged
    issue = triaged.issue
    affects: list[dict[str, object]] = [{"ref": _product_ref(named[issue.line].line)}]
    for package, row in packages(issue):
        ref = f"{issue.line.name}:{issue.line.architecture}:{package}"
        components.setdefault(ref, _component(ref, package, row))
        versions = (
            [{"version": row.package.version, "status": _affected(triaged.standing)}]
            if row.package.version
            else []
        )
        affects.append({"ref": ref, "versions": versions} if versions else {"ref": ref})
    rows = [sighting.row for sighting in issue.sightings]
    title = next((row.title for row in rows if row.title), "")
    return {
        "bom-ref": f"{issue.line.name}:{issue.line.architecture}:{issue.id}:{issue.family.ecosystem}:{issue.family.name}",
        "id": issue.id,
        **(
            {"source": {"name": "NVD", "url": f"https://nvd.nist.gov/vuln/detail/{issue.id}"}}
            if issue.id.startswith("CVE-")
            else {}
        ),
        **(
            {"references": [{"id": alias, "source": {"name": _keeper(alias)}} for alias in issue.ids[1:]]}
            if issue.ids[1:]
            else {}
        ),
        "ratings": list(_ratings(reported, rows)),
        **({"description": title} if title else {}),
        "recommendation": action(reported),
        "analysis": _analysis(reported),
        "affects": affects,
    }


def _component(ref: str, package: str, row: Row) -> dict[str, object]:
    return {
        "type": "library",
        "bom-ref": ref,
        "name": row.package.name,
        **({"version": row.package.version} if row.package.version else {}),
        "purl": package,
    }


def _affected(standing: Standing) -> str:
    if standing.status is Status.UNDER_INVESTIGATION:
        return "unknown"
    return "affected" if standing.status in {Status.AFFECTED, Status.ACCEPTED} else "unaffected"


def _keeper(alias: str) -> str:
    return {"GHSA": "GitHub", "CVE": "NVD", "PYSEC": "PyPI", "RUSTSEC": "RustSec", "GO": "Go"}.get(
        alias.partition("-")[0], "OSV"
    )


def _ratings(reported: Reported, rows: Iterable[Row]) -> Iterator[dict[str, object]]:
    """Ours, and each score that a tool handed on, once."""
    yield {
        "source": {"name": "Auditwright"},
        "severity": _severity(reported.triaged.severity),
        "method": "other",
    }
    scores: dict[Score, None] = dict.fromkeys(score for row in rows for score in row.scores)
    for score in scores:
        if score.base is None:
            continue
        yield {
            **({"source": {"name": score.source}} if score.source else {}),
            "score": score.base,
            "severity": _severity(severity_of_score(score.base)),
            "method": _METHODS.get(score.version, "other"),
            **({"vector": score.vector} if score.vector else {}),
        }


def _severity(severity: Severity) -> str:
    return _SEVERITIES.get(severity, str(severity))


def _analysis(reported: Reported) -> dict[str, object]:
    standing = reported.triaged.standing
    analysis: dict[str, object] = {"state": _STATES[standing.status]}
    if standing.status is Status.NOT_AFFECTED and standing.justification in _JUSTIFICATIONS:
        analysis["justification"] = _JUSTIFICATIONS[standing.justification]
    if standing.status is Status.ACCEPTED:
        analysis["response"] = ["will_not_fix"]
    elif standing.status is Status.AFFECTED:
        analysis["response"] = ["update"]
    detail = "; ".join(part for part in (standing.justification, standing.reason) if part)
    if detail:
        analysis["detail"] = detail
    return analysis
