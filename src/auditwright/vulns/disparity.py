"""Where two tools that looked at one target disagree, and why.

Tools are compared issue by issue. An issue that both show is **paired**, the surer the more the rows agree about the
package. What one tool shows alone gets a **reason** (`vulns.reasons`), or is `UNEXPLAINED`, and counted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import combinations

import msgspec

from auditwright.vulns.identity import spelled
from auditwright.vulns.issue import Family, Issue, Line, Merged
from auditwright.vulns.package import Named, named, normal_ecosystem, normal_version
from auditwright.vulns.reasons import (
    Asked,
    Place,
    Reason,
    View,
    explained,
    has_fix,
    keeper,
    listed,
    scale,
    worst,
)
from auditwright.vulns.report import Report, Row
from auditwright.vulns.target import lines, same


class Rule(StrEnum):
    """How far the rows of two tools are about the same package."""

    EXACT = "exact"
    """The same package in the same version."""
    SOURCE_VERSION = "source-version"
    """Built from the same source in the same version."""
    FAMILY = "family"
    """Fixed together."""
    BUNDLE = "bundle"
    """One shows an advisory, the other a vulnerability that the advisory names: for a person to look at."""


SCORES: Mapping[Rule, float] = {
    Rule.EXACT: 1.0,
    Rule.SOURCE_VERSION: 0.95,
    Rule.FAMILY: 0.9,
    Rule.BUNDLE: 0.7,
}


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """An issue that both tools show."""

    issue: Issue
    rule: Rule


class Alone(msgspec.Struct, frozen=True, kw_only=True):
    """An issue that one tool shows and the other does not."""

    issue: Issue
    tool: str
    other: str
    reason: Reason
    because: str
    """What in the two reports the reason rests on, in one sentence."""


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """An issue that both show, with different words about its severity or its fix."""

    issue: Issue
    about: str
    """`severity` or `fix`."""
    left: str
    right: str
    because: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two tools on one asset line."""

    line: Line
    left: str
    right: str
    paired: tuple[Paired, ...]
    alone: tuple[Alone, ...]
    differing: tuple[Differing, ...]


def compare_tools(merged: Merged) -> tuple[Comparison, ...]:
    """Each pair of tools that looked at the same target, by line and names."""
    of_target = lines(merged.reports)
    by_line: dict[Line, list[Issue]] = {}
    for issue in merged.issues:
        by_line.setdefault(issue.line, []).append(issue)
    found: list[Comparison] = []
    for line in sorted(
        {line for named_lines in of_target for line in named_lines},
        key=lambda each: (each.name, each.architecture),
    ):
        views = _views(merged, of_target, line)
        for left, right in combinations(sorted(views), 2):
            sides = _shared(views[left], views[right], (left, right))
            if sides is not None:
                found.append(_compared(line, *sides, by_line.get(line, ())))
    return tuple(found)


def _views(
    merged: Merged, of_target: Sequence[Sequence[Line]], line: Line
) -> Mapping[str, Mapping[Place, Report]]:
    """The places where each tool looked at a line."""
    found: dict[str, dict[Place, Report]] = {}
    for number, (report, named_lines) in enumerate(zip(merged.reports, of_target, strict=True)):
        for position, of in enumerate(named_lines):
            if of == line:
                found.setdefault(report.tool.name, {})[number, position] = report
    return found


def _shared(
    left: Mapping[Place, Report], right: Mapping[Place, Report], tools: tuple[str, str]
) -> tuple[View, View] | None:
    """The places of two tools that are the same target; None where they never looked at the same one."""
    lefts: dict[Place, Report] = {}
    rights: dict[Place, Report] = {}
    for one, report in left.items():
        for other, beside in right.items():
            if same(report.targets[one[1]], beside.targets[other[1]]):
                lefts[one], rights[other] = report, beside
    return (View(tools[0], lefts), View(tools[1], rights)) if lefts else None


def _compared(line: Line, left: View, right: View, issues: Iterable[Issue]) -> Comparison:
    paired: list[Paired] = []
    alone: list[tuple[Issue, View, View, Sequence[Row]]] = []
    differing: list[Differing] = []
    advisories = _Advisories()
    for issue in issues:
        lefts, rights = _rows(issue, left), _rows(issue, right)
        advisories.take(left.tool, issue.family, lefts)
        advisories.take(right.tool, issue.family, rights)
        if lefts and rights:
            paired.append(Paired(issue=issue, rule=_rule(lefts, rights)))
            _counted(left, lefts, in_both=True)
            _counted(right, rights, in_both=True)
            differing.extend(_differing(issue, (left, lefts), (right, rights)))
        elif lefts or rights:
            alone.append((issue, left, right, lefts) if lefts else (issue, right, left, rights))
    bundled = {
        issue.key for issue, _, other, rows in alone if advisories.overlap(other.tool, issue.family, rows)
    }
    for issue, mine, _, rows in alone:
        _counted(mine, rows, in_both=issue.key in bundled)
    return Comparison(
        line=line,
        left=left.tool,
        right=right.tool,
        paired=(
            *paired,
            *(Paired(issue=issue, rule=Rule.BUNDLE) for issue, *_ in alone if issue.key in bundled),
        ),
        alone=tuple(
            _alone(Asked(issue=issue, mine=mine, other=other, rows=rows))
            for issue, mine, other, rows in alone
            if issue.key not in bundled
        ),
        differing=tuple(differing),
    )


def _counted(view: View, rows: Sequence[Row], *, in_both: bool) -> None:
    view.tally(normal_ecosystem(rows[0].package.ecosystem)).take(has_fix=has_fix(rows), in_both=in_both)


def _alone(asked: Asked) -> Alone:
    reason, because = explained(asked)
    return Alone(
        issue=asked.issue, tool=asked.mine.tool, other=asked.other.tool, reason=reason, because=because
    )


def _rows(issue: Issue, view: View) -> Sequence[Row]:
    return [s.row for s in issue.sightings if (s.report, s.row.target) in view.places]


def _rule(lefts: Sequence[Row], rights: Sequence[Row]) -> Rule:
    """The surest rule by which a row of one side meets one of the other."""
    one = [named(row.package, None) for row in lefts]
    other = [named(row.package, None) for row in rights]
    if {(package.name, package.version) for package in one} & {
        (package.name, package.version) for package in other
    }:
        return Rule.EXACT
    built = {_built(package) for package in one} & {_built(package) for package in other}
    return Rule.SOURCE_VERSION if built else Rule.FAMILY


def _built(package: Named) -> tuple[str, str]:
    return (package.source or package.name, package.source_version or package.version)


class _Advisories:
    """Which advisories each tool shows in a family: leading a row, or merely related to one."""

    def __init__(self) -> None:
        self._leading: set[tuple[str, Family, str]] = set()
        self._shown: set[tuple[str, Family, str]] = set()

    def take(self, tool: str, family: Family, rows: Iterable[Row]) -> None:
        for row in rows:
            self._leading.add((tool, family, spelled(row.id)))
            self._shown.update((tool, family, spelled(id_)) for id_ in (row.id, *row.bundles))

    def overlap(self, other: str, family: Family, rows: Iterable[Row]) -> bool:
        """True where one side leads with an advisory that the other shows: two that are related to one are not the same."""
        return any(
            (other, family, spelled(row.id)) in self._shown
            or any((other, family, spelled(bundle)) in self._leading for bundle in row.bundles)
            for row in rows
        )


def _differing(
    issue: Issue, one: tuple[View, Sequence[Row]], other: tuple[View, Sequence[Row]]
) -> Iterator[Differing]:
    (_, lefts), (_, rights) = one, other
    severities = worst(lefts), worst(rights)
    if scale(severities[0]) is not scale(severities[1]):
        yield Differing(
            issue=issue,
            about="severity",
            left=str(severities[0]),
            right=str(severities[1]),
            because=_why_severity(one, other),
        )
    if _free(lefts) != _free(rights):
        yield Differing(
            issue=issue,
            about="fix",
            left=_fix(lefts),
            right=_fix(rights),
            because=_why_fix(one, other),
        )


def _why_severity(one: tuple[View, Sequence[Row]], other: tuple[View, Sequence[Row]]) -> str:
    (left, lefts), (right, rights) = one, other
    raters = {keeper(row.severity_source) for row in lefts}, {keeper(row.severity_source) for row in rights}
    if raters[0] == raters[1] and "" not in raters[0]:
        return (
            f"both go by {listed(raters[0])}, whose word {left.tool} hands on as {_words(lefts)} and "
            f"{right.tool} as {_words(rights)}"
        )
    return f"{left.tool} takes the rating of {_raters(lefts)}, {right.tool} that of {_raters(rights)}"


def _why_fix(one: tuple[View, Sequence[Row]], other: tuple[View, Sequence[Row]]) -> str:
    (left, lefts), (right, rights) = one, other
    free = _free(lefts), _free(rights)
    read = f"{left.tool} reads {_sources(lefts)}, {right.tool} {_sources(rights)}"
    for mine, tool in zip(free, (left.tool, right.tool), strict=True):
        if not mine:
            return f"{tool} names no version that is free of it; {read}"
    for fewer, more, tools in (
        (free[0], free[1], (left.tool, right.tool)),
        (free[1], free[0], (right.tool, left.tool)),
    ):
        if fewer < more:
            return f"{tools[1]} names the versions of further branches, {tools[0]} fewer; {read}"
    return read


def _words(rows: Sequence[Row]) -> str:
    return listed(row.severity_said for row in rows)


def _free(rows: Sequence[Row]) -> frozenset[str]:
    """The versions that are free of it, in their one spelling; why there is none is no disagreement."""
    return frozenset(
        normal_version(normal_ecosystem(row.package.ecosystem), version)
        for row in rows
        for version in row.fix.versions
    )


def _raters(rows: Sequence[Row]) -> str:
    return listed(row.severity_source for row in rows)


def _sources(rows: Sequence[Row]) -> str:
    return listed(row.namespace for row in rows)


def _fix(rows: Sequence[Row]) -> str:
    versions = sorted({version for row in rows for version in row.fix.versions})
    return ", ".join(versions) or ", ".join(sorted({row.fix.state for row in rows}))
