"""The readiness report as one self-contained HTML file: no script, no request, readable on paper and on a phone.

1. Text from outside is made visible and then escaped, wherever it appears; no template can forget to.
2. The style is inline and allowed by its digest alone; nothing else may load (CSP).
3. Rows are capped, with the whole count and the CSV that holds every row beside them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from auditwright.core.control_test import Severity
from auditwright.core.ids import ControlId, CriterionId, Digest, TestId
from auditwright.core.run import EvidenceRecord
from auditwright.engine.readiness import Status, Tally
from auditwright.render import words
from auditwright.render.grouping import FindingGroup, GapGroup, group_findings, group_gaps
from auditwright.render.page import environment, style, style_digest
from auditwright.render.path_svg import proved_path_svg, steps_shown
from auditwright.render.readiness import (
    ControlTestView,
    ControlView,
    CriterionView,
    FindingView,
    ItemView,
    PathView,
    ReadinessReport,
)

MAX_ROWS = 50
"""Rows of one list, as a page of the app has (design guide 7): 100 tests of 4 lists stay under 20 MB at the very worst."""

MAX_SATISFIED_ROWS = 20
"""Satisfied items need a look and not a list; the CSV has the list."""

MAX_FINDINGS = 200
"""Rows of problems, and of gaps, on top; a row has those of one test, or of one cause."""

MAX_DECISIONS = 200
"""Rows of what the organization decided of its controls; a library has about a hundred, and each says it beside itself."""

MAX_EVIDENCE_ROWS = 1_000
"""Rows of the evidence index beyond those that a row of this file cites."""

MAX_EVIDENCE_LINKS = 3
"""Digests beside one item; an item derived from more answers names the rest in the CSV."""

MAX_DRAWN = 10
"""Paths of one list that are drawn, of 2,000 bytes each; the others stand in their row as text."""

MAX_CELL = 160
"""Characters of a name or a reason in a cell before it is folded."""

MAX_FOLDED = 20_000
"""Characters of a folded text: the longest names that clouds allow have 2,048, the longest error texts a few thousand."""


def render_html(report: ReadinessReport) -> bytes:
    """The report as UTF-8 HTML; the same report gives the same bytes."""
    sheet = style("report.css")
    text = (
        environment()
        .get_template("readiness.html")
        .render(report=report, page=_Page(report), style=sheet, style_digest=style_digest(sheet), words=words)
    )
    return text.encode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Folded:
    """Text for a cell: what is shown, and the whole where it is longer than that."""

    shown: str
    whole: str
    """Empty where everything is shown."""
    left_out: int
    """Characters that not even the whole holds."""
    length: int


@dataclass(frozen=True, slots=True)
class Rows:
    """The items of a test with one status: those shown, and how many there are."""

    status: Status
    shown: tuple[ItemView, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of the summary: how many of what are satisfied, and the share of each status."""

    title: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar that is 1,000 units long."""

    kind: str
    start: int
    width: int


class _Page:
    """What the template asks of the report: lookups by id, capped rows, and the evidence that is cited."""

    def __init__(self, report: ReadinessReport) -> None:
        self.controls: Mapping[ControlId, ControlView] = {view.control.id: view for view in report.controls}
        self.tests: Mapping[TestId, ControlTestView] = {view.id: view for view in report.tests}
        self.criteria: Mapping[CriterionId, CriterionView] = {
            view.criterion.id: view for view in report.criteria
        }
        self.finding_groups = group_findings(report.findings)
        self.findings = self.finding_groups[:MAX_FINDINGS]
        self.gap_groups = group_gaps(report.not_observable)
        self.gaps = self.gap_groups[:MAX_FINDINGS]
        self.decisions = words.decisions(report.controls)
        self.shown_decisions = self.decisions[:MAX_DECISIONS]
        self._anchors: dict[Digest, str] = {}
        for record in report.evidence:
            # The log's index is shorter than the digest, and hundreds of rows link here.
            self._anchors.setdefault(record.digest, f"e-{record.seq}")
        self._homes = _homes(report)
        self.elsewhere = tuple(view for view in report.tests if f"test {view.id}" not in self._homes)
        self.evidence, self.evidence_anchored = self._index(report)
        self.tiles = (
            Tile("Criteria", report.criteria_tally),
            Tile("Controls", report.controls_tally),
            Tile("Tests", report.tests_tally),
        )
        self.items = sum(len(view.items) for view in report.tests)

    def controls_of(self, criterion: CriterionView) -> Sequence[ControlView]:
        """The controls that meet a criterion."""
        return [self.controls[control_id] for control_id in criterion.controls]

    def listed_under(self, criterion: CriterionView) -> Sequence[ControlView]:
        """The same, and then those that would meet it, had they not been marked as not applicable."""
        return [self.controls[each] for each in (*criterion.controls, *criterion.not_applicable)]

    def segments(self, tally: Tally) -> Sequence[Segment]:
        """The bar of a tally; the parts fill it exactly."""
        whole = max(tally.total, 1)
        found: list[Segment] = []
        before = 0
        for status, count in tally.counts().items():
            start, end = 1000 * before // whole, 1000 * (before + count) // whole
            # Two units of the surface between the parts: color is not the only thing that parts them.
            found.append(Segment(words.KINDS[status], start, max(end - start - 2, 0)))
            before += count
        return [segment for segment in found if segment.width]

    def attention(self) -> Iterable[tuple[bool, Severity, Sequence[FindingGroup]]]:
        """The findings that are shown: by severity, then those that were waived."""
        for _, members in groupby(self.findings, key=_urgency):
            groups = tuple(members)
            first = groups[0].first
            yield first.status is Status.WAIVED, first.severity, groups

    def gaps_of(self, test: ControlTestView) -> Sequence[GapGroup]:
        """What hides items of a test, one for each cause."""
        return group_gaps(test.gaps)

    def tests_of(self, control: ControlView) -> Sequence[ControlTestView]:
        """The tests of a control."""
        return [self.tests[test_id] for test_id in control.tests]

    def reason(self, criterion: CriterionView) -> str:
        """Why a criterion stands where it stands."""
        return words.criterion_reason(self.controls_of(criterion), criterion.not_applicable)

    def at_home(self, place: str, member: str) -> bool:
        """True where a control (under a criterion) or a test (under a control) is written out; elsewhere it is a link."""
        return self._homes.get(member) == place

    def rows(self, test: ControlTestView) -> Sequence[Rows]:
        """The items of a test by status, the worst first, each list capped."""
        found: list[Rows] = []
        for status, total in test.tally.counts().items():
            if not total:
                continue
            cap = MAX_SATISFIED_ROWS if status in {Status.SATISFIED, Status.NOT_APPLICABLE} else MAX_ROWS
            shown = [item for item in test.items if item.status is status][:cap]
            found.append(Rows(status, tuple(shown), total))
        return found

    def drawn(self, rows: Rows) -> Sequence[tuple[ItemView, PathView]]:
        """The items whose path is drawn."""
        found = [(item, item.path) for item in rows.shown if item.path is not None]
        return found[:MAX_DRAWN]

    def steps(self, path: PathView) -> Sequence[str]:
        """The steps of the drawing in words."""
        return steps_shown(path)

    def drawing(self, path: PathView) -> Markup:
        """The path as SVG, colored by the page."""
        return Markup(proved_path_svg(path, inline=True))  # noqa: S704  # each text in it is made visible and escaped

    def cited(self, digests: Sequence[Digest]) -> Sequence[Digest]:
        """The digests that are shown beside an item."""
        return digests[:MAX_EVIDENCE_LINKS]

    def known(self, digest: Digest) -> bool:
        """True where the evidence index has this digest."""
        return digest in self._anchors

    def anchor(self, digest: Digest) -> str:
        """The id of its row in the evidence index."""
        return self._anchors[digest]

    def fold(self, text: str, limit: int = MAX_CELL) -> Folded:
        """A text for a cell."""
        shown = words.visible(text) or "(empty)"
        if len(shown) <= limit:
            return Folded(shown, "", 0, len(shown))
        # The whole keeps its lines: a proxy's page of HTML is hard enough to read with them.
        whole = words.visible_block(text)
        return Folded(shown[:limit] + "…", whole[:MAX_FOLDED], max(0, len(whole) - MAX_FOLDED), len(shown))

    def severity_bars(self, severity: Severity) -> int:
        """How many of four bars are full."""
        return list(Severity).index(severity) + 1

    def _index(self, report: ReadinessReport) -> tuple[Sequence[EvidenceRecord], frozenset[int]]:
        """The records to list, and the places in that list that bear the anchor of their digest."""
        cited = self._cited(report.tests, [group.first for group in self.findings])
        listed: list[EvidenceRecord] = []
        anchored: set[int] = set()
        seen: set[Digest] = set()
        spare = MAX_EVIDENCE_ROWS
        for record in report.evidence:
            first = record.digest not in seen
            if first and record.digest in cited:
                listed.append(record)
            elif spare:
                spare -= 1
                listed.append(record)
            else:
                continue
            if first:
                seen.add(record.digest)
                anchored.add(len(listed) - 1)
        return listed, frozenset(anchored)

    def _cited(self, tests: Iterable[ControlTestView], findings: Iterable[FindingView]) -> set[Digest]:
        rows = (rows for test in tests for rows in self.rows(test))
        items = (item.observation.evidence for each in rows for item in each.shown)
        return {
            digest
            for evidence in (*items, *(finding.evidence for finding in findings))
            for digest in self.cited(evidence)
        }


def _urgency(group: FindingGroup) -> str:
    return "waived" if group.first.status is Status.WAIVED else group.first.severity.value


def _homes(report: ReadinessReport) -> dict[str, str]:
    """Where each control and each test is written out: under the first that names it."""
    homes: dict[str, str] = {}
    controls = {view.control.id: view for view in report.controls}
    for criterion in report.criteria:
        for control_id in (*criterion.controls, *criterion.not_applicable):
            homes.setdefault(f"control {control_id}", criterion.criterion.id)
            for test_id in controls[control_id].tests:
                homes.setdefault(f"test {test_id}", control_id)
    return homes
