"""Where two tools that looked at one target disagree, and why.

Tools are compared issue by issue. An issue that both show is **paired**, the surer the more the rows agree about the
package. What one tool shows alone gets a **reason**: a statement about the two reports that anybody can check in them, tried
in the order of `Reason`. Where none holds, the issue is `UNEXPLAINED`, and counted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import msgspec

from auditwright.vulns.identity import IdKind, kind_of, spelled
from auditwright.vulns.issue import Family, Issue, IssueKey, Line, Merged
from auditwright.vulns.package import Named, named, normal_ecosystem, normal_version
from auditwright.vulns.report import Match, Package, Report, Row, Severity
from auditwright.vulns.target import lines, same
from auditwright.vulns.versions import compare


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


class Reason(StrEnum):
    """Why one tool shows what the other does not; the first that holds is given."""

    KERNEL_HEADERS = "kernel-headers"
    """The package is headers of a kernel that is not installed; tools differ in whether they count those."""
    CPE_ONLY = "cpe-only"
    """Every row was matched by a guessed product name; the other tool does not guess."""
    NO_CVE_ADVISORY = "no-cve-advisory"
    """The vulnerability has no CVE, and the other tool shows nothing of this ecosystem that has none."""
    SCOPE = "scope"
    """The two looked at different architectures."""
    ECOSYSTEM_NOT_COVERED = "ecosystem-not-covered"
    """The other tool shows no package of this ecosystem at all."""
    BINARY_NOT_DETECTED = "binary-not-detected"
    """The other tool shows packages of this ecosystem, and never this one: it did not find it, or knows nothing of it."""
    VENDOR_WONTFIX_OMITTED = "vendor-wontfix-omitted"
    """The vendor will not fix it, or has not, and the other tool shows nothing of this ecosystem without a fix."""
    SEVERITY_FILTER = "severity-filter"
    """It is milder than everything that the other tool shows."""
    BACKPORT = "backport"
    """The installed version is not older than the fix that the tool itself names: the fix was taken over without the version."""
    SOURCE_DIFFERS = "source-differs"
    """It stands in a source of vulnerabilities that the other tool does not cite for this ecosystem."""
    DB_SNAPSHOT_DATE = "db-snapshot-date"
    """Both know the package; their databases are of different days, or one does not say of which."""
    UNEXPLAINED = "unexplained"
    """None of these holds."""


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


Place = tuple[int, int]
"""Positions of a report and of a target in it."""


class _Seen(msgspec.Struct):
    """What a tool shows of one ecosystem."""

    rows: int = 0
    unfixed: int = 0
    without_cve: int = 0
    mildest: int = 0
    """The highest rank of a severity that is shown."""
    sources: set[str] = msgspec.field(default_factory=set)
    names: set[str] = msgspec.field(default_factory=set)
    """Of packages and of their sources."""


class _View:
    """What one tool shows of a target, as far as reasons ask for it."""

    def __init__(self, tool: str, places: Mapping[Place, Report]) -> None:
        self.tool = tool
        self.places = places
        self.architectures = {
            report.targets[target].architecture for (_, target), report in places.items()
        } - {""}
        self.databases = {report.tool.database[:10] for report in places.values()}
        self._seen: dict[str, _Seen] = {}
        for (_, target), report in places.items():
            for row in report.rows:
                if row.target == target:
                    self._take(row)
            for package in report.packages or ():
                self._name(package)

    def _take(self, row: Row) -> None:
        seen = self._name(row.package)
        seen.rows += 1
        seen.unfixed += row.fix.state not in {"fixed", "partial"}
        seen.without_cve += not _has_cve((row.id, *row.aliases))
        seen.mildest = max(seen.mildest, row.severity.rank)
        seen.sources.add(row.namespace)

    def _name(self, package: Package) -> _Seen:
        normal = named(package, None)
        seen = self._seen.setdefault(normal.ecosystem, _Seen())
        seen.names.update(name for name in (normal.name, normal.source) if name)
        return seen

    def of(self, ecosystem: str) -> _Seen:
        """What it shows of an ecosystem; nothing for one that it does not show."""
        return self._seen.get(ecosystem, _NOTHING)


_NOTHING = _Seen()


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
) -> tuple[_View, _View] | None:
    """The places of two tools that are the same target; None where they never looked at the same one."""
    lefts: dict[Place, Report] = {}
    rights: dict[Place, Report] = {}
    for one, report in left.items():
        for other, beside in right.items():
            if same(report.targets[one[1]], beside.targets[other[1]]):
                lefts[one], rights[other] = report, beside
    return (_View(tools[0], lefts), _View(tools[1], rights)) if lefts else None


def _compared(line: Line, left: _View, right: _View, issues: Iterable[Issue]) -> Comparison:
    paired: list[Paired] = []
    alone: list[tuple[Issue, _View, _View, Sequence[Row]]] = []
    differing: list[Differing] = []
    for issue in issues:
        lefts, rights = _rows(issue, left), _rows(issue, right)
        if lefts and rights:
            paired.append(Paired(issue=issue, rule=_rule(lefts, rights)))
            differing.extend(_differing(issue, (left, lefts), (right, rights)))
        elif lefts or rights:
            alone.append((issue, left, right, lefts) if lefts else (issue, right, left, rights))
    bundled = _bundled(alone)
    return Comparison(
        line=line,
        left=left.tool,
        right=right.tool,
        paired=(
            *paired,
            *(Paired(issue=issue, rule=Rule.BUNDLE) for issue, *_ in alone if issue.key in bundled),
        ),
        alone=tuple(
            _explained(issue, mine, other, rows)
            for issue, mine, other, rows in alone
            if issue.key not in bundled
        ),
        differing=tuple(differing),
    )


def _rows(issue: Issue, view: _View) -> Sequence[Row]:
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


def _bundled(alone: Iterable[tuple[Issue, _View, _View, Sequence[Row]]]) -> frozenset[IssueKey]:
    """Issues that one tool shows as an advisory and the other as a vulnerability of that advisory, in one family."""
    found: set[IssueKey] = set()
    advisories: dict[tuple[Family, str], list[tuple[Issue, str]]] = {}
    for issue, mine, _, rows in alone:
        for bundle in {issue.id, *(spelled(bundle) for row in rows for bundle in row.bundles)}:
            if kind_of(bundle) is IdKind.BUNDLE:
                advisories.setdefault((issue.family, bundle), []).append((issue, mine.tool))
    for members in advisories.values():
        if len({tool for _, tool in members}) > 1:
            found.update(issue.key for issue, _ in members)
    return frozenset(found)


def _differing(
    issue: Issue, one: tuple[_View, Sequence[Row]], other: tuple[_View, Sequence[Row]]
) -> Iterator[Differing]:
    (left, lefts), (right, rights) = one, other
    severities = _worst(lefts), _worst(rights)
    if _scale(severities[0]) is not _scale(severities[1]):
        raters = _raters(lefts), _raters(rights)
        yield Differing(
            issue=issue,
            about="severity",
            left=str(severities[0]),
            right=str(severities[1]),
            because=f"{left.tool} takes the rating of {raters[0]}, {right.tool} that of {raters[1]}",
        )
    fixes = _fix(lefts), _fix(rights)
    if _free(lefts) != _free(rights):
        yield Differing(
            issue=issue,
            about="fix",
            left=fixes[0],
            right=fixes[1],
            because=f"{left.tool} reads {_sources(lefts)}, {right.tool} {_sources(rights)}",
        )


def _worst(rows: Sequence[Row]) -> Severity:
    return min((row.severity for row in rows), key=lambda severity: severity.rank)


def _scale(severity: Severity) -> Severity:
    """Most tools have no word for negligible, and say low."""
    return Severity.LOW if severity is Severity.NEGLIGIBLE else severity


def _free(rows: Sequence[Row]) -> frozenset[str]:
    """The versions that are free of it, in their one spelling; why there is none is no disagreement."""
    return frozenset(
        normal_version(normal_ecosystem(row.package.ecosystem), version)
        for row in rows
        for version in row.fix.versions
    )


def _raters(rows: Sequence[Row]) -> str:
    return _listed(row.severity_source for row in rows)


def _sources(rows: Sequence[Row]) -> str:
    return _listed(row.namespace for row in rows)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted({word for word in words if word})) or "a source that it does not name"


def _fix(rows: Sequence[Row]) -> str:
    versions = sorted({version for row in rows for version in row.fix.versions})
    return ", ".join(versions) or ", ".join(sorted({row.fix.state for row in rows}))


_HEADERS = ("linux-libc-dev", "linux-headers", "kernel-headers", "linux-kernel-headers")


def _explained(issue: Issue, mine: _View, other: _View, rows: Sequence[Row]) -> Alone:
    """The first reason that holds of the two reports."""
    asked = _Asked(issue=issue, mine=mine, other=other, rows=rows)
    for reason, holds in _REASONS:
        because = holds(asked)
        if because:
            return Alone(issue=issue, tool=mine.tool, other=other.tool, reason=reason, because=because)
    return Alone(
        issue=issue,
        tool=mine.tool,
        other=other.tool,
        reason=Reason.UNEXPLAINED,
        because="nothing in the two reports says why",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """An issue that one tool shows alone, and what both show besides."""

    issue: Issue
    mine: _View
    other: _View
    rows: Sequence[Row]

    @property
    def ecosystem(self) -> str:
        """Of the rows' packages."""
        return normal_ecosystem(self.rows[0].package.ecosystem)

    @property
    def beside(self) -> _Seen:
        """What the other tool shows of this ecosystem."""
        return self.other.of(self.ecosystem)


def _kernel_headers(asked: _Asked) -> str:
    if all(row.package.name.startswith(_HEADERS) for row in asked.rows):
        return f"{asked.rows[0].package.name} holds headers; no kernel runs in the target"
    return ""


def _cpe_only(asked: _Asked) -> str:
    if all(row.match is Match.CPE for row in asked.rows):
        return f"{asked.mine.tool} matched it by a product name of the NVD alone"
    return ""


def _no_cve_advisory(asked: _Asked) -> str:
    if _has_cve(asked.issue.ids) or asked.beside.without_cve or not asked.beside.rows:
        return ""
    return f"{asked.issue.id} has no CVE, and all {asked.beside.rows} rows of {asked.other.tool} for {asked.ecosystem} have one"


def _scope(asked: _Asked) -> str:
    if (
        asked.mine.architectures
        and asked.other.architectures
        and not asked.mine.architectures & asked.other.architectures
    ):
        return f"{asked.mine.tool} looked at {_listed(asked.mine.architectures)}, {asked.other.tool} at {_listed(asked.other.architectures)}"
    return ""


def _ecosystem_not_covered(asked: _Asked) -> str:
    return (
        ""
        if asked.beside.names
        else f"{asked.other.tool} shows no package of {asked.ecosystem} in this target"
    )


def _binary_not_detected(asked: _Asked) -> str:
    family = asked.issue.family.name
    packages = [named(row.package, None) for row in asked.rows]
    own = {name for package in packages for name in (package.name, package.source, family) if name}
    tails = {name.rpartition(":")[2].lower() for name in own} if asked.ecosystem == "maven" else own
    shown = (
        {name.rpartition(":")[2].lower() for name in asked.beside.names}
        if asked.ecosystem == "maven"
        else asked.beside.names
    )
    return "" if tails & shown else f"{asked.other.tool} never shows {family} in this target"


def _wontfix_omitted(asked: _Asked) -> str:
    if asked.beside.unfixed or any(row.fix.state in {"fixed", "partial"} for row in asked.rows):
        return ""
    return f"it has no fix ({_fix(asked.rows)}), and each of the {asked.beside.rows} rows of {asked.other.tool} for {asked.ecosystem} has one"


def _severity_filter(asked: _Asked) -> str:
    worst = _worst(asked.rows)
    if (
        asked.beside.rows < MIN_ROWS_FOR_A_FILTER
        or worst.rank <= asked.beside.mildest
        or worst is Severity.UNKNOWN
    ):
        return ""
    return f"it is {worst}, and {asked.other.tool} shows nothing milder than {list(Severity)[asked.beside.mildest]} for {asked.ecosystem}"


MIN_ROWS_FOR_A_FILTER = 10
"""Fewer rows can all be severe by chance."""


def _backport(asked: _Asked) -> str:
    for row in asked.rows:
        reached = [
            fix for fix in row.fix.versions if compare(asked.ecosystem, row.package.version, fix) in {0, 1}
        ]
        if reached:
            return f"{row.package.version} is installed, and {asked.mine.tool} itself says that {reached[0]} is free of it"
    return ""


def _source_differs(asked: _Asked) -> str:
    mine = {row.namespace for row in asked.rows if row.namespace}
    beside = {source for source in asked.beside.sources if source}
    if (
        not mine
        or not beside
        or {_keeper(source) for source in mine} & {_keeper(source) for source in beside}
    ):
        return ""
    return f"{asked.mine.tool} has it from {_listed(mine)}; {asked.other.tool} cites {_listed(beside)} for {asked.ecosystem}"


def _keeper(source: str) -> str:
    """`debian:distro:debian:11` and `debian` are kept by one; GitHub's advisories go by two names."""
    keeper = source.partition(":")[0].lower()
    return {
        "github": "ghsa",
        "rhel": "redhat",
        "amzn": "amazon",
        "ol": "oracle",
        "oracle-oval": "oracle",
    }.get(keeper, keeper)


def _snapshot_date(asked: _Asked) -> str:
    mine, other = asked.mine.databases, asked.other.databases
    if mine == other and "" not in mine:
        return ""
    return (
        f"the database of {asked.mine.tool} is {_of_day(mine)}, that of {asked.other.tool} {_of_day(other)}"
    )


def _of_day(days: Iterable[str]) -> str:
    return " and ".join(f"of {day}" if day else "of a day that it does not say" for day in sorted(days))


_REASONS: tuple[tuple[Reason, Callable[[_Asked], str]], ...] = (
    (Reason.KERNEL_HEADERS, _kernel_headers),
    (Reason.CPE_ONLY, _cpe_only),
    (Reason.SCOPE, _scope),
    (Reason.ECOSYSTEM_NOT_COVERED, _ecosystem_not_covered),
    (Reason.BINARY_NOT_DETECTED, _binary_not_detected),
    (Reason.NO_CVE_ADVISORY, _no_cve_advisory),
    (Reason.VENDOR_WONTFIX_OMITTED, _wontfix_omitted),
    (Reason.SEVERITY_FILTER, _severity_filter),
    (Reason.BACKPORT, _backport),
    (Reason.SOURCE_DIFFERS, _source_differs),
    (Reason.DB_SNAPSHOT_DATE, _snapshot_date),
)


def _has_cve(ids: Iterable[str]) -> bool:
    return any(kind_of(spelled(id_)) is IdKind.CVE for id_ in ids)
