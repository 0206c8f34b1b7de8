"""All forms of a release report, by file name."""

from collections.abc import Iterator

from auditwright.render.release.csaf import csaf
from auditwright.render.release.csv import release_csv
from auditwright.render.release.cyclonedx import cyclonedx
from auditwright.render.release.html import release_html
from auditwright.render.release.json_report import release_json
from auditwright.render.release.openvex import openvex
from auditwright.render.release.pdf import release_pdf
from auditwright.vulns.release import ReleaseReport


def publication(report: ReleaseReport, *, namespace: str) -> Iterator[tuple[str, bytes]]:
    """Every file; the same report gives the same bytes."""
    yield "report.html", release_html(report)
    yield "report.pdf", release_pdf(report)
    yield "report.json", release_json(report)
    yield from release_csv(report).items()
    yield "openvex.json", openvex(report, namespace=namespace)
    yield "vex.cdx.json", cyclonedx(report)
    yield "csaf.json", csaf(report, namespace=namespace)
    yield "csaf-2.1.json", csaf(report, namespace=namespace, version="2.1")
