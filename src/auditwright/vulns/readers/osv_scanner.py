"""OSV-Scanner's JSON: `osv-scanner scan --format json`. A row is one group of ids (one vulnerability) in one package."""

from collections.abc import Iterator, Sequence

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.wire import first_line, texts
from auditwright.vulns.report import (
    Fix,
    Match,
    Package,
    Report,
    Row,
    Score,
    Skipped,
    Target,
    Tool,
    severity_of,
)


class _Event(msgspec.Struct):
    fixed: str | None = None


class _Range(msgspec.Struct):
    events: list[_Event] | None = None


class _Named(msgspec.Struct):
    name: str | None = None
    version: str | None = None
    ecosystem: str | None = None
    commit: str | None = None


class _Affected(msgspec.Struct):
    package: _Named | None = None
    ranges: list[_Range] | None = None


class _Rating(msgspec.Struct):
    type: str | None = None
    score: str | None = None


class _Specific(msgspec.Struct):
    severity: str | None = None


class _Vulnerability(msgspec.Struct):
    id: str
    aliases: list[str] | None = None
    summary: str | None = None
    details: str | None = None
    affected: list[_Affected] | None = None
    severity: list[_Rating] | None = None
    specific: _Specific | None = msgspec.field(default=None, name="database_specific")
    withdrawn: str | None = None


class _Group(msgspec.Struct):
    ids: list[str] | None = None
    aliases: list[str] | None = None


class _Package(msgspec.Struct):
    package: _Named
    vulnerabilities: list[_Vulnerability] | None = None
    groups: list[_Group] | None = None


class _Source(msgspec.Struct):
    path: str | None = None
    type: str | None = None


class _Result(msgspec.Struct):
    source: _Source | None = None
    packages: list[msgspec.Raw] | None = None


class _Report(msgspec.Struct):
    results: list[_Result] | None = None


_ECOSYSTEMS = {
    "alpine": "apk",
    "crates.io": "cargo",
    "debian": "deb",
    "go": "golang",
    "maven": "maven",
    "npm": "npm",
    "nuget": "nuget",
    "packagist": "composer",
    "pypi": "pypi",
    "red hat": "rpm",
    "rocky linux": "rpm",
    "almalinux": "rpm",
    "rubygems": "gem",
    "ubuntu": "deb",
}


def read(data: Buffer) -> Report:
    """Read a report. Raises UnreadableReportError where it has no list of results."""
    members = json_document(data, dict[str, msgspec.Raw])
    if "results" not in members:
        raise UnreadableReportError("a report of OSV-Scanner has `results`; write it with --format json")
    rows: list[Row] = []
    packages: list[Package] = []
    skipped: list[Skipped] = []
    targets: list[Target] = []
    decoder = msgspec.json.Decoder(_Package)
    place = -1  # of the package, over all results
    for number, result in enumerate(json_document(data, _Report).results or ()):
        source = result.source or _Source()
        targets.append(Target(kind="filesystem", name=source.path or ""))
        for offset, raw in enumerate(result.packages or ()):
            place += 1
            try:
                said = decoder.decode(raw)
            except (msgspec.ValidationError, UnicodeDecodeError) as error:
                skipped.append(Skipped(where=f"results[{number}].packages[{offset}]", why=str(error)))
                continue
            package = _package(said.package, source)
            packages.append(package)
            rows += _rows(place, number, said, package)
            known = {each.id for each in said.vulnerabilities or ()}
            unknown = [group.ids for group in said.groups or () if not known & set(group.ids or ())]
            skipped += [
                Skipped(
                    where=f"results[{number}].packages[{offset}].groups",
                    why=f"nothing is said of {', '.join(ids or ())}",
                )
                for ids in unknown
            ]
    return Report(
        format="osv-scanner",
        tool=Tool(name="osv-scanner"),
        targets=tuple(targets) or (Target(),),
        rows=tuple(rows),
        skipped=tuple(skipped),
    )


def _package(said: _Named, source: _Source) -> Package:
    """A package; what was built from a checkout has no name, and is called by its folder and commit."""
    name, _, _ = (said.ecosystem or "").lower().partition(":")
    return Package(
        ecosystem=_ECOSYSTEMS.get(name, name) or "generic",
        name=(said.name or "").strip() or (source.path or "").strip("/ ") or "a checkout without a name",
        version=said.version or said.commit or "",
        paths=texts((source.path,)),
    )


def _rows(place: int, target: int, said: _Package, package: Package) -> Iterator[Row]:
    known = {each.id: each for each in said.vulnerabilities or ()}
    grouped = {id_ for group in said.groups or () for id_ in group.ids or ()}
    groups = [*(said.groups or ()), *(_Group(ids=[id_]) for id_ in known if id_ not in grouped)]
    for number, group in enumerate(groups):
        members = [known[id_] for id_ in group.ids or () if id_ in known]
        if not members:
            continue
        lead = members[0]
        versions = texts(version for each in members for version in _fixed(each, said.package))
        ids = texts(
            (
                *(group.ids or ()),
                *(group.aliases or ()),
                *(alias for each in members for alias in each.aliases or ()),
            )
        )
        severity = next(
            (each.specific.severity for each in members if each.specific and each.specific.severity), ""
        )
        yield Row(
            index=place,
            part=number,
            target=target,
            id=lead.id,
            namespace="osv",
            aliases=tuple(id_ for id_ in ids if id_ != lead.id),
            package=package,
            fix=Fix(state="fixed" if versions else "not-fixed", versions=versions),
            severity=severity_of(severity),
            severity_said=severity,
            severity_source="ghsa" if severity else "",
            scores=tuple(_scores(members)),
            match=Match.EXACT,
            title=first_line(lead.summary or lead.details),
            url=f"https://osv.dev/{lead.id}",
            suppressed="withdrawn" if lead.withdrawn else "",
        )


def _fixed(said: _Vulnerability, package: _Named) -> Iterator[str]:
    for affected in said.affected or ():
        if affected.package is None or affected.package.name == package.name:
            for each in affected.ranges or ():
                yield from (event.fixed for event in each.events or () if event.fixed)


def _scores(members: Sequence[_Vulnerability]) -> Iterator[Score]:
    vectors = texts(rating.score for each in members for rating in each.severity or ())
    for vector in vectors:
        version = vector.partition("/")[0].removeprefix("CVSS:") if vector.startswith("CVSS:") else "2.0"
        yield Score(source="osv", version=version, vector=vector)


def _sniff(glimpse: Glimpse) -> bool:
    if not glimpse.mentions("results"):
        return False
    return (
        b'"source"' in glimpse.head
        or "experimental_config" in glimpse.members
        or glimpse.members.keys() == {"results"}
    )


READER = Reader(id="osv-scanner", title="OSV-Scanner JSON", sniff=_sniff, read=read)
