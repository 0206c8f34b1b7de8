"""A release report as an OpenVEX 0.2.0 document (https://github.com/openvex/spec).

An issue about which nobody decided is under investigation, whatever the scanners say: a VEX statement is somebody's word.
"""

import json
from collections.abc import Iterator

from auditwright.core.log import iso
from auditwright.render.release.products import action, packages, products
from auditwright.vulns.release import ReleaseReport, Reported
from auditwright.vulns.vex import Status

CONTEXT = "https://openvex.dev/ns/v0.2.0"


def openvex(report: ReleaseReport, *, namespace: str) -> bytes:
    """The document as JSON; `namespace` is the organization's URI, under which documents get their ids."""
    document = {
        "@context": CONTEXT,
        "@id": f"{namespace}/vex/{report.release}",
        "author": report.organization,
        "timestamp": iso(report.made_at),
        "version": report.issue,
        "tooling": "Auditwright",
        "statements": list(_statements(report)),
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode()


def _statements(report: ReleaseReport) -> Iterator[dict[str, object]]:
    named = products(report)
    for reported in report.issues:
        issue = reported.triaged.issue
        product = named[issue.line]
        yield {
            "vulnerability": {"name": issue.id, "aliases": list(issue.ids[1:])}
            if issue.ids[1:]
            else {"name": issue.id},
            "products": [
                {
                    "@id": product.id,
                    **({"identifiers": {"purl": product.id}} if product.id.startswith("pkg:") else {}),
                    "subcomponents": [
                        {"@id": package, "identifiers": {"purl": package}} for package, _ in packages(issue)
                    ],
                }
            ],
            **_status(reported),
        }


def _status(reported: Reported) -> dict[str, str]:
    standing = reported.triaged.standing
    match standing.status:
        case Status.UNDER_INVESTIGATION:
            return {"status": "under_investigation"}
        case Status.NOT_AFFECTED:
            impact = {"impact_statement": standing.reason} if standing.reason else {}
            return {"status": "not_affected", **_justified(standing.justification, standing.reason), **impact}
        case Status.FIXED:
            return {"status": "fixed"}
        case Status.AFFECTED | Status.ACCEPTED:
            return {"status": "affected", "action_statement": action(reported)}


def _justified(label: str, reason: str) -> dict[str, str]:
    """A supplier's word may come without one of the labels; then its impact statement has to do."""
    from auditwright.vulns.vex import JUSTIFICATIONS

    if label in JUSTIFICATIONS:
        return {"justification": label}
    return {} if reason else {"impact_statement": "A supplier's statement gives no reason."}
