"""Published reports of Grype and Trivy about one image, merged once for all tests of this file."""

from collections.abc import Sequence
from typing import TypeAlias

import pytest

from auditwright.vulns.disparity import Comparison, compare_tools
from auditwright.vulns.feeds import Alias, FeedId, read_feeds
from auditwright.vulns.issue import Merged
from auditwright.vulns.merge import merge
from auditwright.vulns.readers import read_report
from auditwright.vulns.reasons import Reason
from auditwright.vulns.report import Row
from tests.vulns.published import pairs, published

Compared: TypeAlias = tuple[Merged, Sequence[Comparison]]


def known_aliases() -> Sequence[Alias]:
    body = published("alias", "osv-aliases.csv").read_bytes()
    return read_feeds({FeedId.ALIASES: (body, "")}).aliases


@pytest.fixture(scope="module")
def compared() -> Sequence[Compared]:
    aliases = known_aliases()
    merges = [merge([read_report(file.read_bytes()) for file in files], aliases=aliases) for files in pairs()]
    return [(merged, compare_tools(merged)) for merged in merges]


def test_published_pairs_of_reports_match_as_well_as_ever_and_every_difference_is_explained(
    compared: Sequence[Compared],
) -> None:
    """The floors are what was measured; a change that matches less fails. `scripts/vulns-quality.py` prints the table."""
    rows = {"grype": 0, "trivy": 0}
    matched = {"grype": 0, "trivy": 0}
    unexplained = 0
    for merged, comparisons in compared:
        hit: dict[str, set[int]] = {"grype": set(), "trivy": set()}
        for comparison in comparisons:
            unexplained += sum(each.reason is Reason.UNEXPLAINED for each in comparison.alone)
            for pair in comparison.paired:
                for sighting in pair.issue.sightings:
                    hit[merged.reports[sighting.report].tool.name].add(sighting.row.index)
        for one in merged.reports:
            rows[one.tool.name] += len(one.rows)
            matched[one.tool.name] += len(hit[one.tool.name])
    assert unexplained == 0
    assert matched["grype"] / rows["grype"] >= 0.89
    assert matched["trivy"] / rows["trivy"] > 0.967


def test_what_is_paired_shares_an_id_and_a_package_however_it_is_looked_at(
    compared: Sequence[Compared],
) -> None:
    """Looked at apart from the merge: both sides say one CVE, by themselves or by the table, and one name."""
    also: dict[str, set[str]] = {}
    for alias in known_aliases():
        also.setdefault(alias.id, set()).add(alias.alias)

    def ids(row_: Row) -> set[str]:
        own = {row_.id, *row_.aliases, *row_.bundles}
        return own | {other for id_ in own for other in also.get(id_, ())}

    def words(row_: Row) -> set[str]:
        named = (row_.package.name, row_.package.source)
        return {name.rpartition(":")[2].lower().replace("_", "-") for name in named if name}

    for merged, comparisons in compared:
        sources = {s.row.package.name: words(s.row) for issue in merged.issues for s in issue.sightings}
        for comparison in comparisons:
            for pair in comparison.paired:
                left, right = ([s.row for s in pair.issue.sightings if s.report == side] for side in (0, 1))
                assert any(ids(one) & ids(other) for one in left for other in right), pair.issue.id
                packages = [
                    {word for one in side for word in words(one) | sources[one.package.name]}
                    for side in (left, right)
                ]
                assert packages[0] & packages[1], pair.issue.family


def test_every_row_of_trivy_whose_vulnerability_grype_shows_at_all_is_paired(
    compared: Sequence[Compared],
) -> None:
    """The ceiling: to pair more would be to pair what is not the same. Grype's guesses by product name stay alone."""
    for merged, comparisons in compared:
        tools: dict[str, set[str]] = {}
        for issue in merged.issues:
            seen = tools.setdefault(issue.id, set())
            seen.update(merged.reports[s.report].tool.name for s in issue.sightings)
        for comparison in comparisons:
            missed = [each.issue.id for each in comparison.alone if each.tool == "trivy"]
            assert [id_ for id_ in missed if "grype" in tools[id_]] == []
