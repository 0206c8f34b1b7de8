"""Published reports of Grype and Trivy about one image: each pair is merged once, and looked at in three ways.

A merge is let go of before the next one is made: all of them at once take more than two gigabytes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from auditwright.vulns.disparity import Comparison, compare_tools
from auditwright.vulns.feeds import Alias, FeedId, read_feeds
from auditwright.vulns.issue import Merged
from auditwright.vulns.merge import merge
from auditwright.vulns.readers import read_report
from auditwright.vulns.reasons import Reason
from auditwright.vulns.report import Row
from tests.vulns.published import pairs, published


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is kept of all pairs."""

    rows: Counter[str]
    matched: Counter[str]
    unexplained: int
    wrong: list[str]
    """Pairs that share no id or no package, however they are looked at."""
    missed: list[str]
    """Rows of Trivy that stay alone although Grype shows their vulnerability."""


@pytest.fixture(scope="module")
def seen() -> Seen:
    aliases = _aliases()
    also: dict[str, set[str]] = {}
    for alias in aliases:
        also.setdefault(alias.id, set()).add(alias.alias)
    rows, matched, unexplained = Counter[str](), Counter[str](), 0
    wrong: list[str] = []
    missed: list[str] = []
    for files in pairs():
        merged = merge([read_report(file.read_bytes()) for file in files], aliases=aliases)
        comparisons = compare_tools(merged)
        for one in merged.reports:
            rows[one.tool.name] += len(one.rows)
        matched.update(_matched(merged, comparisons))
        unexplained += sum(each.reason is Reason.UNEXPLAINED for one in comparisons for each in one.alone)
        wrong += _wrong(merged, comparisons, also)
        missed += _missed(merged, comparisons)
    return Seen(rows=rows, matched=matched, unexplained=unexplained, wrong=wrong, missed=missed)


def _aliases() -> Sequence[Alias]:
    body = published("alias", "osv-aliases.csv").read_bytes()
    return read_feeds({FeedId.ALIASES: (body, "")}).aliases


def _matched(merged: Merged, comparisons: Sequence[Comparison]) -> Counter[str]:
    """By tool, how many of its rows are paired."""
    hit = {
        (merged.reports[sighting.report].tool.name, sighting.row.index)
        for comparison in comparisons
        for pair in comparison.paired
        for sighting in pair.issue.sightings
    }
    return Counter(tool for tool, _ in hit)


def _wrong(merged: Merged, comparisons: Sequence[Comparison], also: Mapping[str, set[str]]) -> Iterator[str]:
    """Looked at apart from the merge: both sides say one CVE, by themselves or by the table, and one name."""

    def ids(row: Row) -> set[str]:
        own = {row.id, *row.aliases, *row.bundles}
        return own | {other for id_ in own for other in also.get(id_, ())}

    def words(row: Row) -> set[str]:
        named = (row.package.name, row.package.source)
        return {name.rpartition(":")[2].lower().replace("_", "-") for name in named if name}

    sources = {s.row.package.name: words(s.row) for issue in merged.issues for s in issue.sightings}
    for comparison in comparisons:
        for pair in comparison.paired:
            left, right = ([s.row for s in pair.issue.sightings if s.report == side] for side in (0, 1))
            if not any(ids(one) & ids(other) for one in left for other in right):
                yield f"{pair.issue.id}: no id in common"
            packages = [
                {word for one in side for word in words(one) | sources[one.package.name]}
                for side in (left, right)
            ]
            if not packages[0] & packages[1]:
                yield f"{pair.issue.id}: no package in common, {pair.issue.family.name}"


def _missed(merged: Merged, comparisons: Sequence[Comparison]) -> Iterator[str]:
    tools: dict[str, set[str]] = {}
    for issue in merged.issues:
        shown = tools.setdefault(issue.id, set())
        shown.update(merged.reports[s.report].tool.name for s in issue.sightings)
    for comparison in comparisons:
        alone = [each.issue.id for each in comparison.alone if each.tool == "trivy"]
        yield from (id_ for id_ in alone if "grype" in tools[id_])


def test_published_pairs_of_reports_match_as_well_as_ever_and_every_difference_is_explained(
    seen: Seen,
) -> None:
    """The floors are what was measured; a change that matches less fails. `scripts/vulns-quality.py` prints the table."""
    assert seen.unexplained == 0
    assert seen.matched["grype"] / seen.rows["grype"] >= 0.89
    assert seen.matched["trivy"] / seen.rows["trivy"] > 0.967


def test_what_is_paired_shares_an_id_and_a_package_however_it_is_looked_at(seen: Seen) -> None:
    assert seen.wrong == []


def test_every_row_of_trivy_whose_vulnerability_grype_shows_at_all_is_paired(seen: Seen) -> None:
    """The ceiling: to pair more would be to pair what is not the same. Grype's guesses by product name stay alone."""
    assert seen.missed == []
