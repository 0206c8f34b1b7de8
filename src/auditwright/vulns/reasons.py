"""Why one tool shows an issue that another does not.

A reason is a statement about the two reports that anybody can check in them: `because` says it with its facts. They are
tried in the order of `_REASONS`, the surest first; a database of another day comes last, since it holds for many rows and says least
of each. Where none holds, the issue is unexplained, and counted as such. Two architectures of an image are no reason: they are two
asset lines, and are not compared.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from auditwright.vulns.identity import IdKind, kind_of, spelled
from auditwright.vulns.issue import Issue
from auditwright.vulns.package import family, named, normal_ecosystem
from auditwright.vulns.readers.wire import moment
from auditwright.vulns.report import Match, Package, Report, Row, Severity
from auditwright.vulns.upgrades import OPERATING_SYSTEM
from auditwright.vulns.versions import compare


class Reason(StrEnum):
    """Why one tool shows what the other does not; the first that holds is given."""

    KERNEL_HEADERS = "kernel-headers"
    """The package is headers of a kernel that is not installed, and the other tool shows nothing in such packages."""
    CPE_ONLY = "cpe-only"
    """Every row was matched by a guessed product name, and the other tool shows no match of that kind."""
    LIST_CUT_OFF = "list-cut-off"
    """The other report is sorted by package and ends after a round number of rows, before this package."""
    ECOSYSTEM_NOT_COVERED = "ecosystem-not-covered"
    """The other tool shows no package of this ecosystem at all."""
    NO_CVE_ADVISORY = "no-cve-advisory"
    """The vulnerability has no CVE, and the other tool shows nothing of this ecosystem that has none."""
    NAMED_DIFFERENTLY = "named-differently"
    """Both found the package; the other gives it another group, and looks up its vulnerabilities under that."""
    BINARY_NOT_DETECTED = "binary-not-detected"
    """The other tool lists all packages that it found, and this one is not among them."""
    PACKAGE_NOT_SHOWN = "package-not-shown"
    """The other tool shows vulnerabilities in packages of this language, and none in this package: it did not find
    it, or knows nothing of it; a report without a list of packages does not say which."""
    VENDOR_WONTFIX_OMITTED = "vendor-wontfix-omitted"
    """There is no fix, and the other tool shows nothing of this ecosystem without one."""
    SEVERITY_FILTER = "severity-filter"
    """It is milder than everything that the other tool shows."""
    BACKPORT = "backport"
    """The installed version is not older than the fix that the tool itself names: the fix was taken over without the version."""
    SOURCE_DIFFERS = "source-differs"
    """It stands in a source of vulnerabilities that the other tool does not cite for this package, or this ecosystem."""
    VENDOR_STATUS = "vendor-status"
    """There is no fix. The tools agree on what has one, and take in different lists of what has none."""
    DB_SNAPSHOT_DATE = "db-snapshot-date"
    """Both know the package; the reports date their databases, or what they cite, differently."""
    UNEXPLAINED = "unexplained"
    """None of these holds."""


class _Seen(msgspec.Struct):
    """What a tool shows of one ecosystem."""

    rows: int = 0
    unfixed: int = 0
    without_cve: int = 0
    guessed: int = 0
    """Rows that were matched by a product name."""
    mildest: int = 0
    """The highest rank of a severity that is shown."""
    names: set[str] = msgspec.field(default_factory=set)
    """Of packages and of their sources."""
    vulnerable: set[str] = msgspec.field(default_factory=set)
    """Names of packages that have a row."""
    sources: dict[str, set[str]] = msgspec.field(default_factory=dict)
    """From a family's name to the sources that are cited for it."""


_NOTHING = _Seen()


class Tally(msgspec.Struct):
    """How many issues of one ecosystem a tool shows, with and without a fix, and how many of them both do."""

    fixed: int = 0
    fixed_in_both: int = 0
    unfixed: int = 0
    unfixed_in_both: int = 0

    def take(self, *, has_fix: bool, in_both: bool) -> None:
        """Count one issue."""
        if has_fix:
            self.fixed += 1
            self.fixed_in_both += in_both
        else:
            self.unfixed += 1
            self.unfixed_in_both += in_both


Place = tuple[int, int]
"""Positions of a report and of a target in it."""


class View:
    """What one tool shows of a target, as far as reasons ask for it."""

    def __init__(self, tool: str, places: Mapping[Place, Report]) -> None:
        """See what the tool's reports say of these places."""
        self.tool = tool
        self.places = places
        reports = list({number: report for (number, _), report in places.items()}.values())
        self.built = _last(moment(report.tool.database) for report in reports)
        self.newest = _last(moment(report.tool.newest) for report in reports)
        self.made_at = _last(report.made_at for report in reports)
        self.lists_packages = all(report.packages is not None for report in reports)
        self.cut_after = next((last for report in reports if (last := _cut_after(report))), "")
        self.rows = sum(len(report.rows) for report in reports)
        self.dated = 0
        self._seen: dict[str, _Seen] = {}
        self._known: dict[int, tuple[_Seen, str]] = {}
        self._tallies: dict[str, Tally] = {}
        for (_, target), report in places.items():
            for row in report.rows:
                if row.target == target:
                    self._take(row)
            for package in report.packages or ():
                self._name(package)

    def _take(self, row: Row) -> None:
        seen, family_ = self._name(row.package)
        seen.rows += 1
        seen.unfixed += not has_fix((row,))
        seen.without_cve += not _has_cve((row.id, *row.aliases))
        seen.guessed += row.match is Match.CPE
        seen.mildest = max(seen.mildest, scale(row.severity).rank)
        seen.vulnerable.add(row.package.name)
        seen.sources.setdefault(family_, set()).add(row.namespace)
        self.dated += row.published_at is not None

    def _name(self, package: Package) -> tuple[_Seen, str]:
        known = self._known.get(id(package))
        if known is None:
            normal = named(package, None)
            seen = self._seen.setdefault(normal.ecosystem, _Seen())
            seen.names.update(name for name in (normal.name, normal.source) if name)
            known = self._known[id(package)] = (seen, family(normal, {}).name)
        return known

    def of(self, ecosystem: str) -> _Seen:
        """What it shows of an ecosystem; nothing for one that it does not show."""
        return self._seen.get(ecosystem, _NOTHING)

    def tally(self, ecosystem: str) -> Tally:
        """How its issues of an ecosystem meet the other tool's."""
        return self._tallies.setdefault(ecosystem, Tally())

    @property
    def no_newer_than(self) -> datetime | None:
        """Nothing in its database is newer: when that was built, or at the latest when the report was made."""
        return self.built or self.made_at


def _last(moments: Iterable[datetime | None]) -> datetime | None:
    return max((each for each in moments if each is not None), default=None)


ROUND_ROWS = 1_000
"""Limits of lists are multiples of it; a report ends so by chance once in a thousand."""


def _cut_after(report: Report) -> str:
    """The last package of a report that looks cut off: a round number of rows, sorted by package; else empty."""
    if not report.rows or len(report.rows) % ROUND_ROWS:
        return ""
    names = [row.package.name for row in report.rows]
    return names[-1] if names == sorted(names) else ""


def _family(package: Package) -> str:
    return family(named(package, None), {}).name


def has_fix(rows: Iterable[Row]) -> bool:
    """True where a row names a version that is free of it."""
    return any(row.fix.state in {"fixed", "partial"} for row in rows)


def scale(severity: Severity) -> Severity:
    """Most tools have no word for negligible, and say low."""
    return Severity.LOW if severity is Severity.NEGLIGIBLE else severity


def worst(rows: Iterable[Row]) -> Severity:
    """The worst severity that any of the rows gives."""
    return min((row.severity for row in rows), key=lambda severity: severity.rank)


def listed(words: Iterable[str]) -> str:
    """Sources and the like, for a sentence."""
    return ", ".join(sorted({word for word in words if word})) or "a source that it does not name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An issue that one tool shows alone, and what both show besides."""

    issue: Issue
    mine: View
    other: View
    rows: Sequence[Row]

    @property
    def ecosystem(self) -> str:
        """Of the rows' packages."""
        return normal_ecosystem(self.rows[0].package.ecosystem)

    @property
    def beside(self) -> _Seen:
        """What the other tool shows of this ecosystem."""
        return self.other.of(self.ecosystem)


def explained(asked: Asked) -> tuple[Reason, str]:
    """The first reason that holds of the two reports, and on what facts it rests."""
    for reason, holds in _REASONS:
        because = holds(asked)
        if because:
            return reason, because
    return Reason.UNEXPLAINED, "nothing in the two reports says why"


_HEADERS = ("linux-libc-dev", "linux-headers", "kernel-headers", "linux-kernel-headers")


def _kernel_headers(asked: Asked) -> str:
    headers = asked.rows[0].package.name
    if not all(row.package.name.startswith(_HEADERS) for row in asked.rows):
        return ""
    if any(name.startswith(_HEADERS) for name in asked.beside.vulnerable):
        return ""
    return f"{headers} holds headers, no kernel runs in the target, and {asked.other.tool} shows nothing in headers"


def _cpe_only(asked: Asked) -> str:
    if asked.beside.guessed or any(row.match is not Match.CPE for row in asked.rows):
        return ""
    return f"{asked.mine.tool} matched it by a guessed product name alone, and {asked.other.tool} shows no such match"


def _list_cut_off(asked: Asked) -> str:
    last = asked.other.cut_after
    if not last or any(row.package.name < last for row in asked.rows):
        return ""
    return (
        f"the list of {asked.other.tool}, sorted by package, ends with {last} after exactly {asked.other.rows:,} rows; "
        f"{asked.rows[0].package.name} does not come before that"
    )


def _ecosystem_not_covered(asked: Asked) -> str:
    if asked.beside.names:
        return ""
    return f"{asked.other.tool} shows no package of {asked.ecosystem} in this target"


def _no_cve_advisory(asked: Asked) -> str:
    if _has_cve(asked.issue.ids) or asked.beside.without_cve or not asked.beside.rows:
        return ""
    return f"{asked.issue.id} has no CVE, and all {asked.beside.rows} rows of {asked.other.tool} for {asked.ecosystem} have one"


def _tail(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _named_differently(asked: Asked) -> str:
    if asked.ecosystem != "maven":
        return ""
    mine = {named(row.package, None).name for row in asked.rows}
    tails = {_tail(name) for name in mine}
    theirs = {name for name in asked.beside.names if _tail(name) in tails}
    if not theirs or mine & theirs:
        return ""
    return f"{asked.mine.tool} calls the package {listed(mine)}, {asked.other.tool} {listed(theirs)}"


def _shown(asked: Asked) -> bool:
    """True where the other tool shows the package, under any of its names."""
    packages = [named(row.package, None) for row in asked.rows]
    own = {name for each in packages for name in (each.name, each.source) if name} | {asked.issue.family.name}
    if asked.ecosystem == "maven":
        return not {_tail(name) for name in own}.isdisjoint(_tail(name) for name in asked.beside.names)
    return not own.isdisjoint(asked.beside.names)


def _binary_not_detected(asked: Asked) -> str:
    if not asked.other.lists_packages or _shown(asked):
        return ""
    return f"{asked.other.tool} lists the packages that it found, and {asked.issue.family.name} is not among them"


def _package_not_shown(asked: Asked) -> str:
    # The system's packages stand in one list that every tool reads; those of a language each tool finds in its own way.
    if asked.other.lists_packages or asked.ecosystem in OPERATING_SYSTEM or _shown(asked):
        return ""
    return (
        f"{asked.other.tool} shows {asked.beside.rows} rows for {asked.ecosystem} in this target, and none for "
        f"{asked.issue.family.name}"
    )


def _wontfix_omitted(asked: Asked) -> str:
    if asked.beside.unfixed or not asked.beside.rows or has_fix(asked.rows):
        return ""
    states = listed(row.fix.state for row in asked.rows)
    return f"it has no fix ({states}), and each of the {asked.beside.rows} rows of {asked.other.tool} for {asked.ecosystem} has one"


MIN_ROWS_FOR_A_FILTER = 10
"""Fewer rows can all be severe by chance."""


def _severity_filter(asked: Asked) -> str:
    own = scale(worst(asked.rows))
    mildest = asked.beside.mildest
    if asked.beside.rows < MIN_ROWS_FOR_A_FILTER or own.rank <= mildest or own is Severity.UNKNOWN:
        return ""
    return f"it is {own}, and {asked.other.tool} shows nothing milder than {list(Severity)[mildest]} for {asked.ecosystem}"


def _backport(asked: Asked) -> str:
    for row in asked.rows:
        reached = [
            fix for fix in row.fix.versions if compare(asked.ecosystem, row.package.version, fix) in {0, 1}
        ]
        if reached:
            return f"{row.package.version} is installed, and {asked.mine.tool} itself says that {reached[0]} is free of it"
    return ""


def _source_differs(asked: Asked) -> str:
    mine = {row.namespace for row in asked.rows if row.namespace}
    keepers = {keeper(source) for source in mine}
    own = _family(asked.rows[0].package)
    of_package = asked.beside.sources.get(own, set()) - {""}
    of_ecosystem = {source for sources in asked.beside.sources.values() for source in sources} - {""}
    for cited, of in ((of_package, own), (of_ecosystem, asked.ecosystem)):
        if mine and cited and keepers.isdisjoint(keeper(source) for source in cited):
            return f"{asked.mine.tool} has it from {listed(mine)}; {asked.other.tool} cites {listed(cited)} for {of}"
    return ""


_KEEPERS = {
    "github": "ghsa",
    "rhel": "redhat",
    "amzn": "amazon",
    "ol": "oracle",
    "oracle-oval": "oracle",
}


def keeper(source: str) -> str:
    """`debian:distro:debian:11` and `debian` are kept by one; GitHub's advisories go by two names."""
    keeper = source.partition(":")[0].lower()
    return _KEEPERS.get(keeper, keeper)


MIN_FIXED_ISSUES = 10
"""So many issues with a fix have to be compared before it can be said that two tools agree on them."""

AGREEMENT = 0.98
"""Of the issues with a fix, both tools show nearly all."""


def _vendor_status(asked: Asked) -> str:
    if asked.ecosystem not in OPERATING_SYSTEM or has_fix(asked.rows):
        return ""
    tally = asked.mine.tally(asked.ecosystem)
    if tally.fixed < MIN_FIXED_ISSUES or tally.fixed_in_both < AGREEMENT * tally.fixed:
        return ""
    if tally.unfixed_in_both * tally.fixed >= tally.fixed_in_both * tally.unfixed:
        return ""
    return (
        f"it has no fix ({listed(row.fix.state for row in asked.rows)}): of the issues that {asked.mine.tool} shows for "
        f"{asked.ecosystem}, {asked.other.tool} shows {tally.fixed_in_both} of {tally.fixed} with a fix and "
        f"{tally.unfixed_in_both} of {tally.unfixed} without"
    )


SILENCE = timedelta(days=3)
"""Sources of vulnerabilities change every day; a report with many dated rows and none so new was made from an older database."""

MIN_DATED_ROWS = 50
"""With fewer dated rows none may have changed lately by chance."""


def _snapshot_date(asked: Asked) -> str:
    mine, other = asked.mine, asked.other
    published = max((row.published_at for row in asked.rows if row.published_at), default=None)
    if published and other.no_newer_than and published > other.no_newer_than:
        return f"it was published on {_day(published)}, after the database of {other.tool} of {_day(other.no_newer_than)}"
    if mine.built and other.built:
        if mine.built.date() == other.built.date():
            return ""
        return f"the database of {mine.tool} is of {_day(mine.built)}, that of {other.tool} of {_day(other.built)}"
    return _younger(mine, other) or _younger(other, mine)


def _younger(dated: View, silent: View) -> str:
    """What a tool that does not date its database shows of its age."""
    if dated.built is None or silent.built is not None:
        return ""
    if silent.made_at is not None and silent.made_at < dated.built:
        return (
            f"the report of {silent.tool} was made at {silent.made_at:%Y-%m-%d %H:%M}, before the database of "
            f"{dated.tool} was built at {dated.built:%Y-%m-%d %H:%M}"
        )
    if silent.newest is None:
        return ""
    if silent.newest > dated.built:
        return (
            f"the database of {dated.tool} was built at {dated.built:%Y-%m-%d %H:%M}, and {silent.tool} cites a "
            f"change of {silent.newest:%Y-%m-%d %H:%M}"
        )
    if silent.dated >= MIN_DATED_ROWS and dated.built - silent.newest >= SILENCE:
        return (
            f"the database of {dated.tool} is of {_day(dated.built)}, and {silent.tool} cites nothing newer than "
            f"{_day(silent.newest)} in {silent.dated:,} dated rows"
        )
    return ""


def _day(moment_: datetime) -> str:
    return f"{moment_:%Y-%m-%d}"


_REASONS: tuple[tuple[Reason, Callable[[Asked], str]], ...] = (
    (Reason.KERNEL_HEADERS, _kernel_headers),
    (Reason.CPE_ONLY, _cpe_only),
    (Reason.LIST_CUT_OFF, _list_cut_off),
    (Reason.ECOSYSTEM_NOT_COVERED, _ecosystem_not_covered),
    (Reason.NO_CVE_ADVISORY, _no_cve_advisory),
    (Reason.NAMED_DIFFERENTLY, _named_differently),
    (Reason.BINARY_NOT_DETECTED, _binary_not_detected),
    (Reason.PACKAGE_NOT_SHOWN, _package_not_shown),
    (Reason.VENDOR_WONTFIX_OMITTED, _wontfix_omitted),
    (Reason.SEVERITY_FILTER, _severity_filter),
    (Reason.BACKPORT, _backport),
    (Reason.SOURCE_DIFFERS, _source_differs),
    (Reason.VENDOR_STATUS, _vendor_status),
    (Reason.DB_SNAPSHOT_DATE, _snapshot_date),
)


def _has_cve(ids: Iterable[str]) -> bool:
    return any(kind_of(spelled(id_)) is IdKind.CVE for id_ in ids)
