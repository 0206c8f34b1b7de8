"""Snyk's JSON: `snyk test --json` and `snyk container test --json` of one project or several, and the issues of its REST API."""

from collections.abc import Iterator, Sequence

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document, json_list
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.wire import Number, first_line, moment, number, texts
from auditwright.vulns.report import (
    Distribution,
    Fix,
    Kind,
    Match,
    Package,
    Report,
    Row,
    Score,
    Skipped,
    Target,
    Threat,
    Tool,
    severity_of,
)


class _Identifiers(msgspec.Struct):
    cve: list[str] | None = msgspec.field(default=None, name="CVE")
    ghsa: list[str] | None = msgspec.field(default=None, name="GHSA")


class _Rating(msgspec.Struct):
    assigner: str | None = None
    vector: str | None = msgspec.field(default=None, name="cvssV3Vector")
    base: Number = msgspec.field(default=None, name="cvssV3BaseScore")


class _Epss(msgspec.Struct):
    probability: Number = None


class _Vulnerability(msgspec.Struct, rename="camel"):
    id: str
    title: str | None = None
    type: str | None = None
    severity: str | None = None
    severity_with_critical: str | None = None
    identifiers: _Identifiers | None = None
    package_name: str | None = None
    module_name: str | None = None
    name: str | None = None
    version: str | None = None
    package_manager: str | None = None
    fixed_in: list[str] | None = None
    nearest_fixed_in_version: str | None = None
    cvss3: str | None = msgspec.field(default=None, name="CVSSv3")
    cvss_score: Number = None
    cvss_details: list[_Rating] | None = None
    epss_details: _Epss | None = None
    from_: list[str] | None = msgspec.field(default=None, name="from")


class _Image(msgspec.Struct, rename="camel"):
    base_image: str | None = None


class _Project(msgspec.Struct, rename="camel"):
    vulnerabilities: list[msgspec.Raw] | None = None
    package_manager: str | None = None
    project_name: str | None = None
    display_target_file: str | None = None
    target_file: str | None = None
    path: str | None = None
    docker: _Image | None = None
    platform: str | None = None
    applications: list["_Project"] | None = None
    error: str | None = None


class _Package(msgspec.Struct):
    name: str | None = msgspec.field(default=None, name="package_name")
    version: str | None = msgspec.field(default=None, name="package_version")


class _Representation(msgspec.Struct):
    dependency: _Package | None = None


class _Coordinate(msgspec.Struct):
    representations: list[_Representation] | None = None


class _Problem(msgspec.Struct):
    id: str | None = None


class _Severity(msgspec.Struct):
    level: str | None = None
    score: Number = None
    source: str | None = None
    vector: str | None = None
    version: str | None = None


class _Attributes(msgspec.Struct):
    key: str | None = None
    title: str | None = None
    type: str | None = None
    status: str | None = None
    ignored: bool | None = None
    level: str | None = msgspec.field(default=None, name="effective_severity_level")
    created_at: str | None = None
    problems: list[_Problem] | None = None
    severities: list[_Severity] | None = None
    coordinates: list[_Coordinate] | None = None


class _Issue(msgspec.Struct):
    attributes: _Attributes


_ECOSYSTEMS = {
    "cocoapods": "cocoapods",
    "composer": "composer",
    "golangdep": "golang",
    "gomodules": "golang",
    "govendor": "golang",
    "gradle": "maven",
    "hex": "hex",
    "maven": "maven",
    "npm": "npm",
    "nuget": "nuget",
    "paket": "nuget",
    "pip": "pypi",
    "pipenv": "pypi",
    "poetry": "pypi",
    "rubygems": "gem",
    "sbt": "maven",
    "swift": "swift",
    "yarn": "npm",
    "pnpm": "npm",
}

_SYSTEMS = {"debian": "deb", "ubuntu": "deb", "alpine": "apk", "wolfi": "apk", "chainguard": "apk"}


def read(data: Buffer) -> Report:
    """Read a test, several, or issues. Raises UnreadableReportError where the document has no form of Snyk's."""
    reading = _Reading()
    if bytes(data[:4096]).lstrip().startswith(b"["):
        for number_, raw in enumerate(json_list(data)):
            reading.project(json_document(bytes(raw), _Project), f"[{number_}]")
        return reading.report()
    members = json_document(data, dict[str, msgspec.Raw])
    if "data" in members:
        reading.issues(json_list(bytes(members["data"])))
    elif "vulnerabilities" in members or "applications" in members:
        reading.project(json_document(data, _Project), "")
    else:
        raise UnreadableReportError("a test of Snyk has `vulnerabilities`; write it with `snyk test --json`")
    return reading.report()


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._skipped: list[Skipped] = []
        self._targets: list[Target] = []
        self._seen: set[tuple[str, str, str, int]] = set()
        self._position = 0
        self._decoder = msgspec.json.Decoder(_Vulnerability)

    def project(self, said: _Project, where: str) -> None:
        if said.error:
            self._skipped.append(Skipped(where=where or "error", why=first_line(said.error)))
            return
        self._targets.append(_target(said))
        if said.vulnerabilities is None:
            self._skipped.append(
                Skipped(
                    where=where or "vulnerabilities",
                    why="the project lists no vulnerabilities, not even none",
                )
            )
        for offset, raw in enumerate(said.vulnerabilities or ()):
            try:
                self._take(self._decoder.decode(raw), said)
            except (msgspec.ValidationError, UnicodeDecodeError) as error:
                self._skipped.append(
                    Skipped(where=f"{where}.vulnerabilities[{offset}]".lstrip("."), why=str(error))
                )
            self._position += 1
        for number_, application in enumerate(said.applications or ()):
            self.project(application, f"{where}.applications[{number_}]".lstrip("."))

    def _take(self, said: _Vulnerability, project: _Project) -> None:
        if said.type == "license":
            self._skipped.append(Skipped(where=said.id, why="a licence is no vulnerability"))
            return
        name, _, binary = (said.name or said.package_name or said.module_name or "").partition("/")
        manager = said.package_manager or project.package_manager or ""
        package = _package(said, manager, (name, binary))
        key = (said.id, package.name, package.version, len(self._targets))
        if key in self._seen:
            return  # once for each path through the tree
        self._seen.add(key)
        identifiers = said.identifiers or _Identifiers()
        severity = said.severity_with_critical or said.severity or ""
        versions = texts(said.fixed_in or (said.nearest_fixed_in_version,))
        self._rows.append(
            Row(
                index=self._position,
                target=len(self._targets) - 1,
                id=said.id,
                namespace="snyk",
                aliases=texts((*(identifiers.cve or ()), *(identifiers.ghsa or ()))),
                package=package,
                fix=Fix(state="fixed" if versions else "not-fixed", versions=versions),
                severity=severity_of(severity),
                severity_said=severity,
                severity_source="snyk",
                scores=tuple(_scores(said)),
                threat=Threat(epss=number(said.epss_details.probability)) if said.epss_details else Threat(),
                match=Match.EXACT,
                title=first_line(said.title),
                url=f"https://security.snyk.io/vuln/{said.id}",
            )
        )

    def issues(self, listed: Sequence[msgspec.Raw]) -> None:
        self._targets.append(Target(kind="repository"))
        decoder = msgspec.json.Decoder(_Issue)
        for position, raw in enumerate(listed):
            try:
                found = list(_of_issue(position, decoder.decode(raw).attributes))
            except (msgspec.ValidationError, UnicodeDecodeError) as error:
                self._skipped.append(Skipped(where=f"data[{position}]", why=str(error)))
                continue
            if not found:
                self._skipped.append(Skipped(where=f"data[{position}]", why="the issue names no package"))
            self._rows += found

    def report(self) -> Report:
        return Report(
            format="snyk",
            tool=Tool(name="snyk"),
            targets=tuple(self._targets) or (Target(),),
            rows=tuple(self._rows),
            skipped=tuple(self._skipped),
        )


def _target(said: _Project) -> Target:
    system, _, version = (said.package_manager or "").partition(":")
    kind: Kind = (
        "image" if said.docker is not None or system in {*_SYSTEMS, "linux", "rpm", "rhel"} else "repository"
    )
    name = (said.path or said.project_name or "").removeprefix("docker-image|")
    if kind != "image":
        name = "/".join(texts((said.project_name or said.path, said.display_target_file or said.target_file)))
    return Target(
        kind=kind,
        name=name,
        architecture=(said.platform or "").rpartition("/")[2],
        tags=(name,) if kind == "image" and name else (),
        distribution=Distribution(name=system, version=version) if version else None,
    )


def _package(said: _Vulnerability, manager: str, name: tuple[str, str]) -> Package:
    """A package of a distribution is written `source/binary`; one of a language may have a slash of its own."""
    system, _, version = manager.partition(":")
    paths = (" > ".join(said.from_),) if said.from_ else ()
    if version:
        ecosystem = _SYSTEMS.get(system, "rpm")
        return Package(
            ecosystem=ecosystem,
            name=name[1] or name[0],
            version=said.version or "",
            source=name[0],
            distribution=Distribution(name=system, version=version),
            paths=paths,
        )
    whole = "/".join(texts(name))
    return Package(
        ecosystem=_ECOSYSTEMS.get(manager, manager), name=whole, version=said.version or "", paths=paths
    )


def _scores(said: _Vulnerability) -> Iterator[Score]:
    if said.cvss3:
        version = said.cvss3.partition("/")[0].removeprefix("CVSS:")
        yield Score(source="snyk", version=version, base=number(said.cvss_score), vector=said.cvss3)
    for rating in said.cvss_details or ():
        vector = rating.vector or ""
        version = vector.partition("/")[0].removeprefix("CVSS:")
        yield Score(
            source=(rating.assigner or "").lower(), version=version, base=number(rating.base), vector=vector
        )


def _of_issue(position: int, said: _Attributes) -> Iterator[Row]:
    ids = texts(
        (
            said.key,
            *(problem.id for problem in said.problems or () if not (problem.id or "").startswith("CWE")),
        )
    )
    part = 0
    for coordinate in said.coordinates or () if ids else ():
        for representation in coordinate.representations or ():
            dependency = representation.dependency
            if dependency is None or not dependency.name:
                continue
            yield Row(
                index=position,
                part=part,
                id=ids[0],
                namespace="snyk",
                aliases=ids[1:],
                package=Package(
                    ecosystem=_language(ids[0]), name=dependency.name, version=dependency.version or ""
                ),
                severity=severity_of(said.level or ""),
                severity_said=said.level or "",
                severity_source="snyk",
                scores=tuple(
                    Score(
                        source=(each.source or "").lower(),
                        version=each.version or "",
                        base=number(each.score),
                        vector=each.vector or "",
                    )
                    for each in said.severities or ()
                ),
                match=Match.EXACT,
                title=first_line(said.title),
                suppressed="ignored in Snyk"
                if said.ignored
                else ""
                if said.status in {"open", None}
                else str(said.status),
                first_seen=moment(said.created_at),
            )
            part += 1


_LANGUAGES = {
    "JS": "npm",
    "PYTHON": "pypi",
    "JAVA": "maven",
    "GOLANG": "golang",
    "DOTNET": "nuget",
    "RUBY": "gem",
    "PHP": "composer",
    "RUST": "cargo",
}


def _language(key: str) -> str:
    """`SNYK-PYTHON-PILLOW-5918878` names the language; an issue of the API says it nowhere else."""
    parts = key.split("-")
    return _LANGUAGES.get(parts[1], "") if len(parts) > 1 else ""


def _sniff(glimpse: Glimpse) -> bool:
    if b'"snyk' in glimpse.head.lower() and glimpse.mentions("jsonapi"):
        return True
    if glimpse.mentions("jsonapi", "data"):
        return True
    if not (glimpse.mentions("vulnerabilities") or glimpse.mentions("ok")):
        return False
    return {"vulnerabilities", "ok"} <= glimpse.members.keys() and not {
        "bomFormat",
        "auditReportVersion",
    } & glimpse.members.keys()


READER = Reader(id="snyk", title="Snyk JSON (test, container, issues)", sniff=_sniff, read=read)
