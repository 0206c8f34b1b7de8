"""Several reports as one list of issues.

1. Every id gets its cluster (`identity`), from the alias table and from what the rows themselves call the same.
2. Every package gets its normal form and its family (`package`); every target its asset line (`target`).
3. A row stands in the issue of its line, its cluster and its family; a row that leads with a bundle stands in one for each CVE.
4. Issues and their sightings are put into one order: the result is the same for any order of files and rows, and a
   report that is given twice counts once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

import msgspec

from auditwright.vulns.feeds import Alias
from auditwright.vulns.identity import Clusters, Edge, clustered, edges_of, expanded, is_identity, spelled
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
    places = {line: place for place, line in enumerate(sorted({*chain(*of_target)}, key=_line_order))}
    about = _About(clusters)
    groups: dict[tuple[int, str, int], list[Sighting]] = {}
    for number, report in enumerate(kept):
        on_line = [places[line] for line in of_target[number]]
        for row, home in zip(report.rows, families.of_rows(number), strict=True):
            for id_ in about.of(row):
                key = (on_line[row.target], id_, home)
                group = groups.get(key)
                if group is None:
                    groups[key] = [Sighting(report=number, row=row)]
                else:
                    group.append(Sighting(report=number, row=row))
    named_lines = tuple(places)
    issues = [
        # (4) Lines and families are numbered in their order.
        Issue(
            line=named_lines[line],
            ids=clusters.ids(id_),
            family=families.values[home],
            sightings=_in_order(sightings),
        )
        for (line, id_, home), sightings in sorted(groups.items())
    ]
    return Merged(reports=kept, issues=tuple(issues), refused=tuple(clusters.refused))


class _About:
    """(3) The leading ids of the clusters that rows are about, found once for rows that say the same."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters
        self._alone: dict[str, tuple[str, ...]] = {}
        """Of rows that have one id and no other: most of them."""
        self._among: dict[tuple[str, tuple[str, ...], tuple[str, ...]], tuple[str, ...]] = {}

    def of(self, row: Row) -> tuple[str, ...]:
        """The leading ids for a row."""
        if not row.aliases and not row.bundles:
            found = self._alone.get(row.id)
            if found is None:
                found = self._alone[row.id] = expanded(spelled(row.id), (), self._clusters)
            return found
        said = (row.id, row.aliases, row.bundles)
        found = self._among.get(said)
        if found is None:
            others = [spelled(id_) for id_ in (*row.aliases, *row.bundles)]
            found = self._among[said] = expanded(spelled(row.id), others, self._clusters)
        return found


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
        self._named: list[Named] = []
        self._place: list[tuple[int, int]] = []
        """The report and the target of each."""
        self._of_rows = [list(self._numbers(number)) for number in range(len(reports))]
        self._fill_ecosystems()
        listed = (
            self._name(package, number, 0)
            for number, report in enumerate(reports)
            for package in report.packages or ()
        )
        known = sources((*self._named, *listed))
        found = [family(package, known) for package in self._named]
        self.values: Sequence[Family] = sorted(set(found), key=_family_order)
        """In the order of issues (4)."""
        places = {value: place for place, value in enumerate(self.values)}
        self._families = [places[value] for value in found]

    def _numbers(self, report: int) -> Iterator[int]:
        """For each row of a report the number of its package, which is named when it is first met."""
        seen: dict[tuple[int, int], int] = {}
        for row in self._reports[report].rows:
            key = (id(row.package), row.target)
            number = seen.get(key)
            if number is None:
                number = seen[key] = len(self._named)
                self._named.append(self._name(row.package, report, row.target))
                self._place.append((report, row.target))
            yield number

    def _name(self, package: Package, report: int, target: int) -> Named:
        targets = self._reports[report].targets
        said = (targets[target].distribution if targets else None) or package.distribution
        return named(
            package, said or (self._of_line.get(self._of_target[report][target]) if targets else None)
        )

    def _fill_ecosystems(self) -> None:
        """A package of the system whose kind a tool does not say is of the kind that others on its line say of that name."""
        said: dict[tuple[Line, str], set[tuple[str, str]]] = {}
        for (report, target), package in zip(self._place, self._named, strict=True):
            if package.ecosystem in OPERATING_SYSTEM:
                line = self._of_target[report][target]
                for name in {package.name, package.source} - {""}:
                    said.setdefault((line, name), set()).add((package.ecosystem, package.distribution))
        for number, ((report, target), package) in enumerate(zip(self._place, self._named, strict=True)):
            kinds = said.get((self._of_target[report][target], package.name), set())
            if not package.ecosystem and len(kinds) == 1:
                ecosystem, distribution = next(iter(kinds))
                self._named[number] = msgspec.structs.replace(
                    package, ecosystem=ecosystem, distribution=distribution
                )

    def of_rows(self, report: int) -> Iterable[int]:
        """For each row of a report the number, among `values`, of its package's family."""
        return map(self._families.__getitem__, self._of_rows[report])


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


def _in_order(sightings: list[Sighting]) -> tuple[Sighting, ...]:
    return tuple(sightings if len(sightings) == 1 else sorted(sightings, key=_sighting_order))


def _sighting_order(sighting: Sighting) -> tuple[int, int, int]:
    return (sighting.report, sighting.row.index, sighting.row.part)


def _line_order(line: Line) -> tuple[str, str]:
    return (line.name, line.architecture)


def _family_order(value: Family) -> tuple[str, str, str]:
    return (value.ecosystem, value.distribution, value.name)
