"""What to do: upgrades. An upgrade is one change in one place of one asset line that clears many issues.

1. A row whose package came with the first layer of an image is cleared by a newer base image: one upgrade, whatever it holds.
2. Any other package of the operating system is upgraded by its family, since a source package is fixed as a whole.
3. A package of a language is upgraded where it lies: the same library in two programs is two upgrades.
4. The version to go to is the lowest that clears all issues of the group: for each row the lowest fix above what is
   installed, and of those the highest. Where versions cannot be compared, every version that a tool names is shown, and none is chosen.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from auditwright.vulns.issue import Family, Line, Merged, Sighting
from auditwright.vulns.report import Severity, Target
from auditwright.vulns.triage import Fixability, Triaged

Compare = Callable[[str, str, str], int | None]
"""Ecosystem and two versions to -1, 0 or 1; None where their order is not known (`vulns.versions`)."""

OPERATING_SYSTEM = frozenset({"deb", "rpm", "apk", "alpm", "portage"})
"""Ecosystems whose packages are upgraded with the system, not with a program."""

BASE_IMAGE = "base image"
SYSTEM = "operating system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """One change to make."""

    line: Line
    what: str
    """The family's name; for a base image its distribution."""
    ecosystem: str
    place: str
    """`base image`, `operating system`, or the path of the program that holds the package."""
    installed: tuple[str, ...]
    to: str
    """The lowest version that clears all; empty for a base image, and where versions cannot be compared."""
    candidates: tuple[str, ...]
    """Every version that a tool names."""
    packages: tuple[str, ...]
    """The families that it clears; more than one for a base image."""
    issues: tuple[Triaged, ...]
    """The soonest first."""
    rows: int
    """How many of the tools' rows go away with it."""

    @property
    def severity(self) -> Severity:
        """The worst of its issues."""
        return min((each.severity for each in self.issues), key=lambda severity: severity.rank)

    @property
    def due_at(self) -> datetime | None:
        """The soonest deadline of its issues that is a day."""
        return min((due for each in self.issues if (due := each.due_at) is not None), default=None)

    @property
    def exploited(self) -> bool:
        """True where one of its issues is known to be exploited."""
        return any(each.exploited_since for each in self.issues)

    @property
    def owner(self) -> str:
        """Who owes it."""
        return self.issues[0].owner


_Place = tuple[Line, str, Family | None]


def upgrades(merged: Merged, triaged: Iterable[Triaged], compare: Compare) -> tuple[Upgrade, ...]:
    """Every upgrade that clears open issues, the soonest deadline first, then the most cleared."""
    groups: dict[_Place, dict[int, tuple[Triaged, list[Sighting]]]] = {}
    for position, each in enumerate(triaged):
        if not each.open() or each.fixability not in {Fixability.FIXED, Fixability.PARTIAL}:
            continue
        for sighting in each.issue.sightings:
            place = _place(merged, each, sighting)
            groups.setdefault(place, {}).setdefault(position, (each, []))[1].append(sighting)
    made = [_upgrade(place, tuple(group.values()), compare) for place, group in groups.items()]
    return tuple(sorted(made, key=_order))


def _order(upgrade: Upgrade) -> tuple[bool, float, int, int, str, str]:
    due = upgrade.due_at
    return (
        due is None,
        due.timestamp() if due is not None else 0.0,
        upgrade.severity.rank,
        -len(upgrade.issues),
        upgrade.what,
        upgrade.place,
    )


def _place(merged: Merged, triaged: Triaged, sighting: Sighting) -> _Place:
    issue = triaged.issue
    package = sighting.row.package
    if issue.family.ecosystem not in OPERATING_SYSTEM:
        return (issue.line, _program(package.paths), issue.family)  # (3)
    target = merged.reports[sighting.report].targets[sighting.row.target]
    if _in_base(target, package.layer):
        return (issue.line, BASE_IMAGE, None)  # (1)
    return (issue.line, SYSTEM, issue.family)  # (2)


def _in_base(target: Target, layer: str) -> bool:
    return bool(target.layers) and layer == target.layers[0]


def _program(paths: tuple[str, ...]) -> str:
    """Where a language's package lies. Tools print a path with and without the slash in front."""
    return min((path.removeprefix("/") for path in paths), default="")


def _upgrade(place: _Place, cleared: tuple[tuple[Triaged, list[Sighting]], ...], compare: Compare) -> Upgrade:
    line, where, family = place
    issues = tuple(each for each, _ in cleared)
    rows = [sighting.row for _, sightings in cleared for sighting in sightings]
    return Upgrade(
        line=line,
        what=family.name if family is not None else issues[0].issue.family.distribution,
        ecosystem=issues[0].issue.family.ecosystem,
        place=where,
        installed=tuple(sorted({row.package.version for row in rows if row.package.version})),
        to=_lowest_for_all(family.ecosystem, cleared, compare) if family is not None else "",
        candidates=tuple(sorted({version for row in rows for version in row.fix.versions})),
        packages=tuple(sorted({each.issue.family.name for each in issues})),
        issues=issues,
        rows=len(rows),
    )


def _lowest_for_all(
    ecosystem: str, cleared: Iterable[tuple[Triaged, list[Sighting]]], compare: Compare
) -> str:
    # (4) The highest of what each row needs at least.
    needed = ""
    for version in _needed(ecosystem, cleared, compare):
        order = 1 if not needed else compare(ecosystem, version, needed)
        if not version or order is None:
            return ""
        needed = version if order > 0 else needed
    return needed


def _needed(
    ecosystem: str, cleared: Iterable[tuple[Triaged, list[Sighting]]], compare: Compare
) -> Iterator[str]:
    """The lowest fix above each installed version; empty for one that cannot be told."""
    for each, sightings in cleared:
        for installed in {sighting.row.package.version for sighting in sightings}:
            above = [fix for fix in each.fix_versions if compare(ecosystem, fix, installed) == 1]
            lowest = above[0] if above else ""
            for fix in above[1:]:
                order = compare(ecosystem, fix, lowest)
                lowest = "" if order is None else fix if order < 0 else lowest
                if not lowest:
                    break
            yield lowest
