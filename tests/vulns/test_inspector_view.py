from collections import Counter

import pytest

from auditwright.vulns.merge import merge
from auditwright.vulns.readers import read_report
from auditwright.vulns.report import Report
from tests.reference.naive_pairs import naive_pairs
from tests.vulns.inspector_view import inspector_view, truths
from tests.vulns.published import pairs, published


def reports_of_grype() -> list[Report]:
    published("pairs-msusel-2022")
    return [read_report(grype.read_bytes()) for grype, _ in pairs()]


@pytest.mark.parametrize("names", ["with the distribution", "without a distribution"])
def test_rows_named_as_inspector_names_them_meet_the_rows_that_they_were_made_of(names: str) -> None:
    wanted = together = met = 0
    for grype in reports_of_grype():
        inspector, about = inspector_view(grype, names_distribution=names == "with the distribution")
        ours = Counter(truth for row in grype.rows for truth in truths(row))
        theirs = Counter(about.values())
        wanted += sum(count * theirs[truth] for truth, count in ours.items())
        merged = merge([grype, inspector])
        for issue in merged.issues:
            rows = [(merged.reports[sighting.report].tool.name, sighting.row) for sighting in issue.sightings]
            left = Counter(
                truth
                for tool, row in rows
                for truth in (truths(row) if tool == "grype" else ())
                if truth[0] in issue.ids
            )
            right = Counter(about[row.index] for tool, row in rows if tool == "inspector")
            together += left.total() * right.total()
            met += sum(count * right[truth] for truth, count in left.items())
    assert wanted > 10_000, "the reports are large"
    assert met / wanted >= 0.98, "recall"
    assert met / together >= 0.99, "precision"


def test_the_plain_way_finds_far_fewer_of_them() -> None:
    """Otherwise the view would be no test of anything."""
    rows = matched = 0
    for grype in reports_of_grype():
        inspector, _ = inspector_view(grype, names_distribution=True)
        rows += len(grype.rows)
        matched += len(naive_pairs(grype, inspector)[0])
    assert matched / rows < 0.7
