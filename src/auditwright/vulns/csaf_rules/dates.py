"""Rules about dates: their form, and what cannot have been known when the document was published."""

import re
from collections.abc import Iterator
from datetime import datetime

from auditwright.vulns.csaf_rules.part import SINCE_2_1, Faults, Part, Rules
from auditwright.vulns.csaf_rules.tracking import revisions
from auditwright.vulns.csaf_rules.tree import metrics
from auditwright.vulns.readers.wire import moment

RULES = Rules()

_FORM = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
"""RFC 3339 5.6 in capitals; CSAF 2.1 knows no second 60, not even where one was inserted."""


def _is_date(text: str) -> bool:
    if _FORM.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text[: len("2024-01-24T10:00:00")])
    except ValueError:  # no day of the calendar, or no hour of a day
        return False
    return True


_DATED = ("flags", "involvements", "remediations", "threats", "first_known_exploitation_dates")


def _dates(root: Part) -> Iterator[Part]:
    tracking = root.at("document", "tracking")
    yield tracking.at("generator", "date")
    yield tracking.at("initial_release_date")
    yield tracking.at("current_release_date")
    yield from (revision.at("date") for revision in tracking.each("revision_history"))
    for vulnerability in root.each("vulnerabilities"):
        yield vulnerability.at("disclosure_date")
        yield vulnerability.at("discovery_date")
        for name in _DATED:
            for item in vulnerability.each(name):
                yield item.at("date")
                yield item.at("exploitation_date")
        for metric in metrics(vulnerability):
            yield metric.at("content", "epss", "timestamp")
            yield metric.at("content", "ssvc_v2", "timestamp")


@RULES.add("6.1.37", SINCE_2_1)
def every_date_can_be_read(root: Part) -> Faults:
    """A date has a day of the calendar, a time and a zone."""
    for part in _dates(root):
        if part.value is not None and not _is_date(part.text()):
            yield part, f"{part.text() or 'it'} is no date with time and zone"


def _settled(root: Part) -> datetime | None:
    """When a released document was last revised; None for a draft, of which nothing follows."""
    history = revisions(root)
    if root.text("document", "tracking", "status") not in {"final", "interim"} or not history:
        return None
    return history[-1].at


def _later(part: Part, limit: datetime | None, what: str) -> Faults:
    at = moment(part.text())
    if limit is not None and at is not None and at > limit:
        yield part, f"{part.text()} is later than {what}"


@RULES.add("6.1.45", SINCE_2_1)
def a_public_document_does_not_precede_disclosure(root: Part) -> Faults:
    """A released TLP:CLEAR document has no vulnerability that is still to be disclosed."""
    if root.text("document", "distribution", "tlp", "label") == "CLEAR":
        for vulnerability in root.each("vulnerabilities"):
            yield from _later(vulnerability.at("disclosure_date"), _settled(root), "the last revision")


@RULES.add("6.1.49", SINCE_2_1)
def no_ssvc_decision_is_later_than_the_document(root: Part) -> Faults:
    """No decision was made after the last revision of a released document."""
    yield from _metrics_later(root, "ssvc_v2")


@RULES.add("6.1.51", SINCE_2_1)
def no_epss_score_is_later_than_the_document(root: Part) -> Faults:
    """No score was made after the last revision of a released document."""
    yield from _metrics_later(root, "epss")


def _metrics_later(root: Part, name: str) -> Faults:
    for vulnerability in root.each("vulnerabilities"):
        for metric in metrics(vulnerability):
            yield from _later(metric.at("content", name, "timestamp"), _settled(root), "the last revision")


def _exploitations(root: Part) -> Iterator[Part]:
    for vulnerability in root.each("vulnerabilities"):
        yield from vulnerability.each("first_known_exploitation_dates")


@RULES.add("6.1.52", SINCE_2_1)
def no_exploitation_was_learned_of_after_the_document(root: Part) -> Faults:
    """What is known of exploitation was known at the last revision of a released document."""
    for item in _exploitations(root):
        yield from _later(item.at("date"), _settled(root), "the last revision")


@RULES.add("6.1.53", SINCE_2_1)
def no_exploitation_is_later_than_its_report(root: Part) -> Faults:
    """An exploitation did not happen after it was known."""
    for item in _exploitations(root):
        yield from _later(
            item.at("exploitation_date"), moment(item.text("date")), "the date when it was known"
        )
