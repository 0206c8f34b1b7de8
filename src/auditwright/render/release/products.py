"""What the machine-readable forms call a release's products and packages, and how an issue stands in words that they share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from auditwright.vulns.issue import Issue, Line
from auditwright.vulns.release import Group, ReleaseReport, Reported
from auditwright.vulns.report import Row
from auditwright.vulns.vex import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One asset line in one release."""

    line: Line
    id: str
    """A package URL where the digest of an image is known, else the line's name and the release."""
    name: str


def products(report: ReleaseReport) -> Mapping[Line, Product]:
    """The products of a release, by asset line."""
    digests = {target.name: target.manifest_digests for target in report.targets if target.manifest_digests}
    found: dict[Line, Product] = {}
    for line in report.lines:
        digest = next((known[0] for name, known in sorted(digests.items()) if _of_line(name, line)), "")
        bare = line.name.rpartition("/")[2] or line.name
        arch = f"&arch={quote(line.architecture)}" if line.architecture else ""
        purl = f"pkg:oci/{quote(bare.lower())}@{quote(digest, safe='')}?repository_url={quote(line.name, safe='')}{arch}"
        found[line] = Product(
            line=line,
            id=purl if digest else f"{line.name}@{report.release}",
            name=f"{line.name}{f' ({line.architecture})' if line.architecture else ''} {report.release}",
        )
    return found


def _of_line(name: str, line: Line) -> bool:
    return name == line.name or name.startswith((f"{line.name}:", f"{line.name}@"))


def packages(issue: Issue) -> Iterator[tuple[str, Row]]:
    """Each package of an issue once, by package URL or else by name and version, with a row that shows it."""
    seen: set[str] = set()
    for sighting in issue.sightings:
        named = package_id(sighting.row)
        if named not in seen:
            seen.add(named)
            yield named, sighting.row


def package_id(row: Row) -> str:
    """A package URL; one is made where the tool gave none."""
    package = row.package
    if package.purl:
        return package.purl
    return _made_purl(package.ecosystem or "generic", package.name, package.version)


@lru_cache(maxsize=16_384)
def _made_purl(ecosystem: str, name: str, version: str) -> str:
    spelled = "/".join(quote(part, safe="") for part in name.replace(":", "/").split("/"))
    return f"pkg:{ecosystem}/{spelled}@{quote(version, safe='')}" if version else f"pkg:{ecosystem}/{spelled}"


def action(reported: Reported) -> str:
    """What is done about an issue that affects the release, in one sentence."""
    triaged = reported.triaged
    standing = triaged.standing
    if standing.status is Status.ACCEPTED:
        until = f" until {standing.until:%d %b %Y}" if standing.until is not None else ""
        return f"Accepted{until} by {standing.by}: {standing.reason}"
    due = f"; due {triaged.due_at:%d %b %Y}" if triaged.due_at is not None else ""
    if reported.group is Group.FIXABLE:
        versions = " or ".join(triaged.fix_versions[:MAX_VERSIONS]) or "a version that is free of it"
        return f"Upgrade {triaged.issue.family.name} to {versions}{due}."
    return f"{WHY_NOT[reported.group]}{due}."


MAX_VERSIONS = 4
"""An action names the first few; the report lists all."""

WHY_NOT: Mapping[Group, str] = {
    Group.NOT_FIXED: "No version without it exists yet",
    Group.WONT_FIX: "The vendor says that there will be no fix",
    Group.FIX_UNKNOWN: "No scanner says whether a fix exists",
    Group.ACCEPTED: "Accepted until a day",
    Group.NOT_AFFECTED: "Does not affect this product",
    Group.FIXED: "Stated to be fixed",
    Group.FIXABLE: "An upgrade clears it",
}
"""Why an issue is not on the list of upgrades, as a person says it."""
