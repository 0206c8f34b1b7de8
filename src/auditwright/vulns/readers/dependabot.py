"""Dependabot's alerts: GitHub's REST list (`gh api repos/O/R/dependabot/alerts`) and its GraphQL answers (`vulnerabilityAlerts`)."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document, json_list
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.wire import Number, first_line, moment, number, texts
from auditwright.vulns.report import (
    Fix,
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

T = TypeVar("T")


class _Identifier(msgspec.Struct):
    type: str | None = None
    value: str | None = None


class _Cvss(msgspec.Struct):
    score: Number = None
    vector: str | None = None
    graph_vector: str | None = msgspec.field(default=None, name="vectorString")


class _Package(msgspec.Struct):
    name: str | None = None
    ecosystem: str | None = None


class _RestVersion(msgspec.Struct):
    identifier: str | None = None


class _RestVulnerability(msgspec.Struct):
    package: _Package | None = None
    severity: str | None = None
    first: _RestVersion | None = msgspec.field(default=None, name="first_patched_version")


class _Epss(msgspec.Struct):
    percentage: Number = None


class _RestAdvisory(msgspec.Struct):
    ghsa_id: str | None = None
    cve_id: str | None = None
    summary: str | None = None
    identifiers: list[_Identifier] | None = None
    cvss: _Cvss | None = None
    epss: _Epss | list[_Epss] | None = None


class _Dependency(msgspec.Struct):
    package: _Package | None = None
    path: str | None = msgspec.field(default=None, name="manifest_path")


class _RestRepository(msgspec.Struct):
    full_name: str | None = None


class _RestAlert(msgspec.Struct):
    state: str | None = None
    dismissed: str | None = msgspec.field(default=None, name="dismissed_reason")
    created_at: str | None = None
    html_url: str | None = None
    dependency: _Dependency | None = None
    vulnerability: _RestVulnerability | None = msgspec.field(default=None, name="security_vulnerability")
    advisory: _RestAdvisory | None = msgspec.field(default=None, name="security_advisory")
    repository: _RestRepository | None = None


class _GraphAdvisory(msgspec.Struct, rename="camel"):
    summary: str | None = None
    ghsa_id: str | None = None
    identifiers: list[_Identifier] | None = None
    cvss: _Cvss | None = None


class _GraphVulnerability(msgspec.Struct, rename="camel"):
    severity: str | None = None
    package: _Package | None = None
    first_patched_version: _RestVersion | None = None
    advisory: _GraphAdvisory | None = None


class _GraphAlert(msgspec.Struct, rename="camel"):
    created_at: str | None = None
    state: str | None = None
    dismiss_reason: str | None = None
    vulnerable_manifest_path: str | None = None
    vulnerable_requirements: str | None = None
    security_vulnerability: _GraphVulnerability | None = None


class _GraphAlerts(msgspec.Struct):
    nodes: list[msgspec.Raw] | None = None


class _GraphRepository(msgspec.Struct, rename="camel"):
    name: str | None = None
    name_with_owner: str | None = None
    vulnerability_alerts: _GraphAlerts | None = None


class _GraphSearch(msgspec.Struct):
    nodes: list[_GraphRepository] | None = None


class _GraphData(msgspec.Struct):
    repository: _GraphRepository | None = None
    search: _GraphSearch | None = None


class _Graph(msgspec.Struct):
    data: _GraphData | None = None


_ECOSYSTEMS = {
    "actions": "githubactions",
    "composer": "composer",
    "go": "golang",
    "maven": "maven",
    "npm": "npm",
    "nuget": "nuget",
    "pip": "pypi",
    "pub": "pub",
    "rubygems": "gem",
    "rust": "cargo",
    "erlang": "hex",
    "swift": "swift",
}


def read(data: Buffer) -> Report:
    """Read alerts. Raises UnreadableReportError where the document has neither form."""
    reading = _Reading()
    if bytes(data[:4096]).lstrip().startswith(b"["):
        reading.rest(json_list(data))
        return reading.report()
    graph = json_document(data, _Graph)
    if graph.data is None:
        raise UnreadableReportError("expected a list of alerts, or an answer of GraphQL with `data`")
    found = [graph.data.repository] if graph.data.repository else []
    for repository in (*found, *((graph.data.search.nodes or ()) if graph.data.search else ())):
        reading.graph(repository)
    return reading.report()


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._skipped: list[Skipped] = []
        self._targets: dict[str, int] = {}

    def _target(self, repository: str) -> int:
        return self._targets.setdefault(repository, len(self._targets))

    def rest(self, alerts: list[msgspec.Raw]) -> None:
        for position, said in enumerate(_decoded(alerts, _RestAlert)):
            row = said if isinstance(said, str) else self._of_rest(position, said)
            if isinstance(row, str):
                self._skipped.append(Skipped(where=f"[{position}]", why=row))
            else:
                self._rows.append(row)

    def _of_rest(self, position: int, said: _RestAlert) -> Row | str:
        advisory, vulnerability = said.advisory or _RestAdvisory(), said.vulnerability or _RestVulnerability()
        ids = texts((advisory.ghsa_id, advisory.cve_id, *(each.value for each in advisory.identifiers or ())))
        dependency = said.dependency or _Dependency()
        package = dependency.package or vulnerability.package
        if not ids or package is None or not package.name:
            return "the alert names no vulnerability of a package"
        repository = (said.repository.full_name if said.repository else None) or _repository(
            said.html_url or ""
        )
        epss = said.advisory.epss if said.advisory else None
        score = epss[0] if isinstance(epss, list) and epss else epss
        return Row(
            index=position,
            target=self._target(repository),
            id=ids[0],
            namespace="ghsa",
            aliases=ids[1:],
            package=_package(package, dependency.path or ""),
            fix=_fix(vulnerability.first),
            severity=severity_of(vulnerability.severity or ""),
            severity_said=vulnerability.severity or "",
            severity_source="ghsa",
            scores=_scores(advisory.cvss),
            threat=Threat(epss=number(score.percentage)) if isinstance(score, _Epss) else Threat(),
            match=Match.EXACT,
            title=first_line(advisory.summary),
            url=said.html_url or "",
            suppressed=_set_aside(said.state, said.dismissed),
            first_seen=moment(said.created_at),
        )

    def graph(self, repository: _GraphRepository) -> None:
        name = repository.name_with_owner or repository.name or ""
        alerts = repository.vulnerability_alerts or _GraphAlerts()
        for position, said in enumerate(_decoded(alerts.nodes or [], _GraphAlert)):
            where = f"{name}.vulnerabilityAlerts[{position}]"
            row = said if isinstance(said, str) else self._of_graph(said, name)
            if isinstance(row, str):
                self._skipped.append(Skipped(where=where, why=row))
            else:
                self._rows.append(msgspec.structs.replace(row, index=len(self._rows)))
        self._target(name)

    def _of_graph(self, said: _GraphAlert, repository: str) -> Row | str:
        vulnerability = said.security_vulnerability or _GraphVulnerability()
        advisory = vulnerability.advisory or _GraphAdvisory()
        ids = texts((advisory.ghsa_id, *(each.value for each in advisory.identifiers or ())))
        if not ids or vulnerability.package is None or not vulnerability.package.name:
            return "the alert names no vulnerability of a package"
        required = (said.vulnerable_requirements or "").removeprefix("=").strip()
        return Row(
            index=0,
            target=self._target(repository),
            id=ids[0],
            namespace="ghsa",
            aliases=ids[1:],
            package=_package(vulnerability.package, said.vulnerable_manifest_path or "", required),
            fix=_fix(vulnerability.first_patched_version),
            severity=severity_of(vulnerability.severity or ""),
            severity_said=vulnerability.severity or "",
            severity_source="ghsa",
            scores=_scores(advisory.cvss),
            match=Match.EXACT,
            title=first_line(advisory.summary),
            suppressed=_set_aside(said.state, said.dismiss_reason),
            first_seen=moment(said.created_at),
        )

    def report(self) -> Report:
        return Report(
            format="dependabot",
            tool=Tool(name="dependabot"),
            targets=tuple(Target(kind="repository", name=name) for name in self._targets)
            or (Target(kind="repository"),),
            rows=tuple(self._rows),
            skipped=tuple(self._skipped),
        )


def _decoded(listed: list[msgspec.Raw], shape: type[T]) -> Iterator[T | str]:
    decoder = msgspec.json.Decoder(shape)
    for raw in listed:
        try:
            yield decoder.decode(raw)
        except (msgspec.ValidationError, UnicodeDecodeError) as error:
            yield str(error)


def _repository(url: str) -> str:
    """`https://github.com/owner/repository/security/dependabot/3` names the repository."""
    parts = url.partition("://")[2].split("/")
    return "/".join(parts[1:3]) if len(parts) > 2 else ""  # noqa: PLR2004 - a host, an owner and a name


def _package(said: _Package, path: str, version: str = "") -> Package:
    ecosystem = (said.ecosystem or "").lower()
    return Package(
        ecosystem=_ECOSYSTEMS.get(ecosystem, ecosystem),
        name=said.name or "",
        version=version,
        paths=texts((path,)),
    )


def _fix(first: _RestVersion | None) -> Fix:
    versions = texts((first.identifier,)) if first is not None else ()
    return Fix(state="fixed" if versions else "not-fixed", versions=versions)


def _scores(cvss: _Cvss | None) -> tuple[Score, ...]:
    vector = (cvss.vector or cvss.graph_vector or "") if cvss is not None else ""
    if cvss is None or not vector:
        return ()
    return (
        Score(
            source="ghsa",
            version=vector.partition("/")[0].removeprefix("CVSS:"),
            base=number(cvss.score),
            vector=vector,
        ),
    )


def _set_aside(state: str | None, reason: str | None) -> str:
    said = (state or "open").lower()
    return "" if said == "open" else f"{said.replace('_', ' ')}{f': {reason}' if reason else ''}"


def _sniff(glimpse: Glimpse) -> bool:
    if glimpse.mentions("security_advisory") or glimpse.mentions("security_vulnerability"):
        return True
    return glimpse.mentions("data") and (
        b'"vulnerabilityAlerts"' in glimpse.head or b'"search"' in glimpse.head
    )


READER = Reader(id="dependabot", title="Dependabot alerts (GitHub REST and GraphQL)", sniff=_sniff, read=read)
