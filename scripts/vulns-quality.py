# ruff: noqa: INP001  # a program, and no package
"""Print how well the rows of two scanners are paired on published reports of the same images, and how many are left unexplained.

    PYTHONPATH=src python scripts/vulns-quality.py FOLDER

FOLDER holds reports in twos, `grype.json` beside `trivy.json` or `NAMEGrype.json` beside `NAMETrivy.json`, at any depth, and
`alias/osv-aliases.csv` where there is a table of aliases. `tests/vulns` holds the figures to floors.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auditwright.vulns.disparity import Comparison, Rule, compare_tools
from auditwright.vulns.feeds import Alias, FeedId, read_feeds
from auditwright.vulns.issue import Merged
from auditwright.vulns.merge import merge
from auditwright.vulns.readers import read_report
from auditwright.vulns.report import Report


@dataclass(slots=True)
class Totals:
    """What all pairs of reports come to."""

    pairs: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    naive: Counter[str] = field(default_factory=Counter)
    matched: Counter[str] = field(default_factory=Counter)
    rules: Counter[Rule] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, reports: Sequence[Report], aliases: Sequence[Alias]) -> None:
        """Add one pair of reports."""
        self.pairs += 1
        merged = merge(reports, aliases=aliases)
        shown = [
            {(row.id, row.package.name, row.package.version) for row in report.rows} for report in reports
        ]
        for report in reports:
            self.rows[report.tool.name] += len(report.rows)
            self.naive[report.tool.name] += sum(
                (row.id, row.package.name, row.package.version) in shown[0] & shown[1] for row in report.rows
            )
        for comparison in compare_tools(merged):
            self._compare(merged, comparison)

    def _compare(self, merged: Merged, comparison: Comparison) -> None:
        hit: set[tuple[str, int]] = set()
        for pair in comparison.paired:
            self.rules[pair.rule] += 1
            hit |= {(merged.reports[s.report].tool.name, s.row.index) for s in pair.issue.sightings}
        self.matched.update(tool for tool, _ in hit)
        self.reasons.update((each.reason, each.tool) for each in comparison.alone)

    def lines(self) -> Iterator[str]:
        """The tables."""
        yield f"{self.pairs} pairs of reports"
        yield ""
        yield f"{'tool':<12}{'rows':>8}{'same id, name, version':>26}{'paired':>10}"
        for tool, rows in sorted(self.rows.items()):
            yield f"{tool:<12}{rows:>8,}{self.naive[tool] / rows:>26.1%}{self.matched[tool] / rows:>10.1%}"
        yield ""
        yield f"{'paired by':<28}{'issues':>8}"
        yield from (f"{rule:<28}{count:>8,}" for rule, count in self.rules.most_common())
        yield ""
        yield f"{'shown by one, because':<28}{'issues':>8}  tool"
        yield from (
            f"{reason:<28}{count:>8,}  {tool}" for (reason, tool), count in self.reasons.most_common()
        )


def found(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Files of Grype and Trivy about one image."""
    for grype in sorted([*folder.rglob("grype.json"), *folder.rglob("*Grype.json")]):
        trivy = grype.with_name(grype.name.replace("grype", "trivy").replace("Grype", "Trivy"))
        if trivy.exists():
            yield grype, trivy


def main(folder: Path) -> None:
    """Read all pairs below a folder and print the tables."""
    table = folder / "alias" / "osv-aliases.csv"
    feeds = {FeedId.ALIASES: (table.read_bytes(), "")} if table.exists() else {}
    aliases = read_feeds(feeds).aliases
    totals = Totals()
    for files in found(folder):
        reports = [read_report(file.read_bytes()) for file in files]
        if {report.format for report in reports} == {"grype", "trivy"}:
            totals.take(reports, aliases)
    sys.stdout.write("\n".join((*totals.lines(), "")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
