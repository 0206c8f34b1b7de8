"""The release report as one self-contained HTML file, after page 4 of the design: no script, no request, readable on paper and on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass

from auditwright.render import words
from auditwright.render.page import environment, style, style_digest
from auditwright.render.release import words as said
from auditwright.vulns.release import Change, Group, ReleaseReport, Reported
from auditwright.vulns.report import Severity, Target
from auditwright.vulns.upgrades import Upgrade

MAX_UPGRADES = 200
"""Rows of what is to be done; nobody has more hands."""

MAX_ISSUES = 50
"""Rows of one list; the CSV has every one."""


def release_html(report: ReleaseReport) -> bytes:
    """The report as UTF-8 HTML; the same report gives the same bytes."""
    sheet = style("report.css", "release.css")
    text = (
        environment()
        .get_template("release.html")
        .render(
            report=report,
            page=_Page(report),
            style=sheet,
            style_digest=style_digest(sheet),
            words=words,
            said=said,
        )
    )
    return text.encode("utf-8", "backslashreplace")


MAX_TARGETS = 6
"""Of those that were scanned, beside the title."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the drawing from rows to work: heights are to scale."""

    x: int
    count: int
    fixable: int
    top: int
    fixable_top: int
    label: str
    sub: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """Issues of one group: those shown, and how many there are."""

    group: Group
    shown: tuple[Reported, ...]
    total: int


_BASE_Y = 140
_HEIGHT = 124
_COLUMN = 70


class _Page:
    """What the template asks of the report."""

    def __init__(self, report: ReleaseReport) -> None:
        self.report = report
        self.upgrades: Sequence[Upgrade] = report.upgrades[:MAX_UPGRADES]
        self.columns = _columns(report)
        self.unchecked = said.unchecked(report)
        self.groups = _groups(report)
        self.targets = tuple(dict.fromkeys((t.kind, t.name, _digest(t)) for t in report.targets))[
            :MAX_TARGETS
        ]
        self.tools = tuple(dict.fromkeys((s.tool, s.tool_version, s.database[:10]) for s in report.sources))
        self.still = report.changed(Change.STILL)
        self.new = [each for each in report.issues if each.change is Change.NEW]
        self.within = sum(1 for each in report.issues if each.triaged.open() and _left(each, report) is True)
        self.past = sum(1 for each in report.issues if each.triaged.open() and _left(each, report) is False)
        self.unhurried = sum(
            1 for each in report.issues if each.triaged.open() and _left(each, report) is None
        )

    def cannot(self) -> Sequence[Listed]:
        """The groups that are no upgrade, with their issues."""
        return [each for each in self.groups if each.group is not Group.FIXABLE]

    def bars(self, severity: Severity) -> int:
        """How many of four bars are full."""
        return max(0, 4 - severity.rank)

    def fold(self, text: str, limit: int = 160) -> str:
        """A text for a cell."""
        return words.clipped(text, limit)


def _digest(target: Target) -> str:
    digest = target.config_digest or next(iter(target.manifest_digests), "")
    return words.short(digest.removeprefix("sha256:")) if digest else ""


def _left(reported: Reported, report: ReleaseReport) -> bool | None:
    due = reported.triaged.due_at
    return None if due is None else due >= report.made_at


def _groups(report: ReleaseReport) -> Sequence[Listed]:
    found: list[Listed] = []
    for group in Group:
        members = [each for each in report.issues if each.group is group]
        if members:
            found.append(Listed(group, tuple(members[:MAX_ISSUES]), len(members)))
    return found


def _columns(report: ReleaseReport) -> Sequence[Column]:
    """(Rows, issues, issues that an upgrade clears, upgrades) on one scale."""
    fixable = report.counted(Group.FIXABLE)
    by_tool: dict[str, int] = {}
    for source in report.sources:
        by_tool[source.tool] = by_tool.get(source.tool, 0) + source.rows
    tools = tuple(f"{tool} {words.number(rows)}" for tool, rows in sorted(by_tool.items()))
    counts = (
        (report.rows, report.fixable_rows, words.many(report.rows, "row"), tools[:3]),
        (
            len(report.issues),
            fixable,
            words.many(len(report.issues), "issue"),
            ("one flaw in one", "package family"),
        ),
        (
            fixable,
            fixable,
            f"{words.number(fixable)} fixable",
            (f"seen in {words.many(report.fixable_rows, 'row')}",),
        ),
        (len(report.upgrades), len(report.upgrades), words.many(len(report.upgrades), "upgrade"), ()),
    )
    whole = max(report.rows, 1)
    return [
        Column(
            x=196 * number,
            count=count,
            fixable=part,
            top=_BASE_Y - max(_HEIGHT * count // whole, 1 if count else 0),
            fixable_top=_BASE_Y - max(_HEIGHT * part // whole, 1 if part else 0),
            label=label,
            sub=sub,
        )
        for number, (count, part, label, sub) in enumerate(counts)
    ]
