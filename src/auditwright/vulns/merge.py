"""Several reports as one list of issues.

1. Every id gets its cluster (`identity`), from the alias table and from what the rows themselves call the same.
2. Every package gets its normal form and its family (`package`); every target its asset line (`target`).
3. A row stands in the issue of its line, its cluster and its family; a row that leads with a bundle stands in one for each CVE.
4. Issues and their sightings are put into one order: the result is the same for any order of files and rows, and a
   report that is given twice counts once.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from auditwright.vulns.feeds import Alias
from auditwright.vulns.identity import Edge, clustered, edges_of, expanded, is_identity, spelled
from auditwright.vulns.issue import Family, Issue, Line, Merged, Sighting
from auditwright.vulns.package import Named, distribution_name, family, named, sources
from auditwright.vulns.report import Distribution, Package, Report, Row
from auditwright.vulns.target import lines
from auditwright.vulns.upgrades import OPERATING_SYSTEM


def merge(reports: Iterable[Report], *, aliases: Iterable[Alias] = ()) -> Merged:
    """Merge reports. The same reports in any order give the same value."""
    kept = _ordered(reports)
    clusters = clustered((*edges_of(aliases), *_edges(kept)))
    of_target = lines(kept)
    families = _Families(kept, of_target)
    groups: dict[tuple[int, tuple[str, ...], int], list[Sighting]] = {}
    line_numbers = _Numbers[Line]()
    family_numbers = _Numbers[Family]()
    about: dict[tuple[str, tuple[str, ...], tuple[str, ...]], tuple[tuple[str, ...], ...]] = {}
    for number, report in enumerate(kept):
        for row in report.rows:
            said = (row.id, row.aliases, row.bundles)
            found = about.get(said)
            if found is None:
                others = [spelled(id_) for id_ in (*row.aliases, *row.bundles)]
                found = about[said] = tuple(expanded(spelled(row.id), others, clusters))
            line = line_numbers.of(of_target[number][row.target])
            home = family_numbers.of(families.of(number, row))
            sighting = Sighting(report=number, row=row)
            for ids in found:
                groups.setdefault((line, ids, home), []).append(sighting)
    issues = [
        Issue(
            line=line_numbers.values[line],
            ids=ids,
            family=family_numbers.values[home],
            sightings=_in_order(sightings),
        )
        for (line, ids, home), sightings in groups.items()
    ]
    return Merged(
        reports=kept, issues=tuple(sorted(issues, key=_issue_order)), refused=tuple(clusters.refused)
    )


def _ordered(reports: Iterable[Report]) -> tuple[Report, ...]:
    """(4) In one order, each once."""
    alike: dict[tuple[str, ...], list[Report]] = {}
    for report in reports:
        group = alike.setdefault(_report_order(report), [])
        if report not in group:
            group.append(report)
    return tuple(
        report
        for _, group in sorted(alike.items(), key=lambda item: item[0])
        for report in (sorted(group, key=msgspec.json.encode) if len(group) > 1 else group)
    )


def _report_order(report: Report) -> tuple[str, ...]:
    ids = sorted({row.id for row in report.rows[:1000]})
    return (
        report.tool.name,
        report.tool.version,
        report.tool.database,
        report.made_at.isoformat() if report.made_at is not None else "",
        report.format,
        *(f"{target.name} {target.architecture} {target.config_digest}" for target in report.targets),
        f"{len(report.rows):012}",
        *ids[:5],
    )


def _edges(reports: Sequence[Report]) -> Iterator[Edge]:
    """(1) What a row that leads with an identity calls the same."""
    for report in reports:
        said = {(row.id, row.aliases) for row in report.rows if row.aliases}
        for primary, aliases in said:
            left = spelled(primary)
            if is_identity(left):
                yield from (
                    Edge(left=left, right=spelled(alias), source=report.tool.name) for alias in aliases
                )


class _Families:
    """(2) The family of each package, found once."""

    def __init__(self, reports: Sequence[Report], of_target: Sequence[Sequence[Line]]) -> None:
        self._reports = reports
        self._of_line = _distributions(reports, of_target)
        self._of_target = of_target
        self._named: dict[tuple[int, int, int], Named] = {}
        for number, report in enumerate(reports):
            for row in report.rows:
                key = (id(row.package), number, row.target)
                if key not in self._named:
                    self._named[key] = self._name(row.package, number, row.target)
        self._fill_ecosystems()
        listed = (
            self._name(package, number, 0)
            for number, report in enumerate(reports)
            for package in report.packages or ()
        )
        self._sources = sources((*self._named.values(), *listed))
        self._of = {key: family(package, self._sources) for key, package in self._named.items()}

    def _name(self, package: Package, report: int, target: int) -> Named:
        targets = self._reports[report].targets
        said = (targets[target].distribution if targets else None) or package.distribution
        return named(
            package, said or (self._of_line.get(self._of_target[report][target]) if targets else None)
        )

    def _fill_ecosystems(self) -> None:
        """A package of the system whose kind a tool does not say is of the kind that others on its line say of that name."""
        said: dict[tuple[Line, str], set[tuple[str, str]]] = {}
        for (_, report, target), package in self._named.items():
            if package.ecosystem in OPERATING_SYSTEM:
                line = self._of_target[report][target]
                for name in {package.name, package.source} - {""}:
                    said.setdefault((line, name), set()).add((package.ecosystem, package.distribution))
        for key, package in self._named.items():
            kinds = said.get((self._of_target[key[1]][key[2]], package.name), set())
            if not package.ecosystem and len(kinds) == 1:
                ecosystem, distribution = next(iter(kinds))
                self._named[key] = msgspec.structs.replace(
                    package, ecosystem=ecosystem, distribution=distribution
                )

    def of(self, report: int, row: Row) -> Family:
        """The family of a row's package."""
        return self._of[id(row.package), report, row.target]


def _distributions(
    reports: Sequence[Report], of_target: Sequence[Sequence[Line]]
) -> Mapping[Line, Distribution]:
    """The distribution of each line where those who name one agree: a tool that names none saw the same system."""
    said: dict[Line, dict[str, Distribution]] = {}
    for report, named_lines in zip(reports, of_target, strict=True):
        for target, line in zip(report.targets, named_lines, strict=True):
            if target.distribution is not None:
                said.setdefault(line, {}).setdefault(
                    distribution_name(target.distribution), target.distribution
                )
    return {line: next(iter(names.values())) for line, names in said.items() if len(names) == 1}


T = TypeVar("T", bound=Hashable)


class _Numbers(Generic[T]):
    """Small numbers for values that are slow to hash."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self._seen: dict[int, int] = {}
        self._known: dict[T, int] = {}

    def of(self, value: T) -> int:
        number = self._seen.get(id(value))
        if number is None:
            number = self._known.get(value)
            if number is None:
                number = self._known[value] = len(self.values)
                self.values.append(value)
            self._seen[id(value)] = number
        return number


def _in_order(sightings: list[Sighting]) -> tuple[Sighting, ...]:
    return tuple(sightings if len(sightings) == 1 else sorted(sightings, key=_sighting_order))


def _sighting_order(sighting: Sighting) -> tuple[int, int, int]:
    return (sighting.report, sighting.row.index, sighting.row.part)


def _issue_order(issue: Issue) -> tuple[str, ...]:
    family_ = issue.family
    return (
        issue.line.name,
        issue.line.architecture,
        issue.ids[0],
        family_.ecosystem,
        family_.distribution,
        family_.name,
    )
