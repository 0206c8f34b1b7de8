"""All forms of the readiness report, as files."""

from collections.abc import Collection, Iterator

from auditwright.render.readiness import ReadinessReport

FORMATS = ("html", "pdf", "json", "csv", "oscal")


def render_all(report: ReadinessReport, *, formats: Collection[str] = FORMATS) -> Iterator[tuple[str, bytes]]:
    """The report's files, by name; each form is rendered when it is asked for."""
    if "html" in formats:
        from auditwright.render.html import render_html

        yield "readiness.html", render_html(report)
    if "pdf" in formats:
        from auditwright.render.pdf import render_pdf

        yield "readiness.pdf", render_pdf(report)
    if "json" in formats:
        from auditwright.render.json_report import render_json

        yield "readiness.json", render_json(report)
    if "csv" in formats:
        from auditwright.render.csv import render_csv

        yield from render_csv(report).items()
    if "oscal" in formats:
        from auditwright.render.oscal import render_oscal

        yield "assessment-results.oscal.json", render_oscal(report)
