"""Trivy's JSON: `trivy image IMAGE -f json`, schema 2, the list of results before it, and the report of a Kubernetes cluster.

Source: the structs of aquasecurity/trivy `pkg/types`, and reports of 2020 to 2025. Trivy of 2022 prints a package's source version
as the installed one on Debian and Ubuntu, and names no source package unless the packages are listed (`--list-all-pkgs`).
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.purl import with_purl
from auditwright.vulns.readers.wire import first_line, moment, texts
from auditwright.vulns.report import (
    NO_FIX_SAID,
    Distribution,
    Fix,
    FixState,
    Kind,
    Package,
    Report,
    Row,
    Score,
    Skipped,
    Target,
    Tool,
    severity_of,
)


class _Layer(msgspec.Struct, gc=False):
    diff: str | None = msgspec.field(default=None, name="DiffID")


class _Identifier(msgspec.Struct, gc=False):
    purl: str | None = msgspec.field(default=None, name="PURL")


class _Source(msgspec.Struct, gc=False):
    id: str | None = msgspec.field(default=None, name="ID")


class _Cvss(msgspec.Struct, gc=False):
    v2: str | None = msgspec.field(default=None, name="V2Vector")
    v3: str | None = msgspec.field(default=None, name="V3Vector")
    v40: str | None = msgspec.field(default=None, name="V40Vector")
    v2_score: float | None = msgspec.field(default=None, name="V2Score")
    v3_score: float | None = msgspec.field(default=None, name="V3Score")
    v40_score: float | None = msgspec.field(default=None, name="V40Score")


class _Vulnerability(msgspec.Struct, gc=False, rename="pascal"):
    id: str = msgspec.field(name="VulnerabilityID")
    pkg_name: str
    vendor_ids: list[str] | None = msgspec.field(default=None, name="VendorIDs")
    pkg_id: str | None = msgspec.field(default=None, name="PkgID")
    pkg_path: str | None = None
    identifier: _Identifier | None = msgspec.field(default=None, name="PkgIdentifier")
    installed_version: str | None = None
    fixed_version: str | None = None
    status: str | None = None
    layer: _Layer | None = None
    severity_source: str | None = None
    severity: str | None = None
    primary_url: str | None = msgspec.field(default=None, name="PrimaryURL")
    data_source: _Source | None = None
    title: str | None = None
    description: str | None = None
    published: str | None = msgspec.field(default=None, name="PublishedDate")
    modified: str | None = msgspec.field(default=None, name="LastModifiedDate")
    cvss: dict[str, _Cvss] | None = msgspec.field(default=None, name="CVSS")


class _Package(msgspec.Struct, gc=False, rename="pascal"):
    name: str
    id: str | None = msgspec.field(default=None, name="ID")
    identifier: _Identifier | None = None
    version: str | None = None
    release: str | None = None
    epoch: int | None = None
    arch: str | None = None
    src_name: str | None = None
    src_version: str | None = None
    src_release: str | None = None
    src_epoch: int | None = None
    layer: _Layer | None = None
    file_path: str | None = None


class _Modified(msgspec.Struct, gc=False, rename="pascal"):
    """A finding that an ignore rule or a VEX document set aside."""

    type: str | None = None
    status: str | None = None
    statement: str | None = None
    finding: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))


class _Result(msgspec.Struct, rename="pascal"):
    target: str | None = None
    class_: str | None = msgspec.field(default=None, name="Class")
    type: str | None = None
    vulnerabilities: list[msgspec.Raw] | None = None
    packages: list[msgspec.Raw] | None = None
    misconfigurations: list[msgspec.Raw] | None = None
    secrets: list[msgspec.Raw] | None = None
    licenses: list[msgspec.Raw] | None = None
    modified: list[_Modified] | None = msgspec.field(default=None, name="ExperimentalModifiedFindings")


class _System(msgspec.Struct, rename="pascal"):
    family: str | None = None
    name: str | None = None


class _Config(msgspec.Struct):
    architecture: str | None = None


class _Metadata(msgspec.Struct):
    system: _System | None = msgspec.field(default=None, name="OS")
    image_id: str | None = msgspec.field(default=None, name="ImageID")
    diff_ids: list[str] | None = msgspec.field(default=None, name="DiffIDs")
    tags: list[str] | None = msgspec.field(default=None, name="RepoTags")
    digests: list[str] | None = msgspec.field(default=None, name="RepoDigests")
    config: _Config | None = msgspec.field(default=None, name="ImageConfig")


class _Version(msgspec.Struct, rename="pascal"):
    version: str | None = None


class _Report(msgspec.Struct, rename="pascal"):
    schema_version: int | None = None
    artifact_name: str | None = None
    artifact_type: str | None = None
    created_at: str | None = None
    trivy: _Version | None = None
    metadata: _Metadata | list[_Metadata] | None = None
    results: list[_Result] | None = None


class _Resource(msgspec.Struct, rename="pascal"):
    """A workload of a cluster, and what its images hold."""

    error: str | None = None
    namespace: str | None = None
    kind: str | None = None
    name: str | None = None
    metadata: _Metadata | list[_Metadata] | None = None
    results: list[_Result] | None = None


class _Cluster(msgspec.Struct, rename="pascal"):
    cluster_name: str | None = None
    resources: list[_Resource] | None = None
    vulnerabilities: list[_Resource] | None = None
    findings: list[_Resource] | None = None
    misconfigurations: list[msgspec.Raw] | None = None


_KINDS: Mapping[str, Kind] = {
    "container_image": "image",
    "filesystem": "filesystem",
    "repository": "repository",
    "cyclonedx": "sbom",
    "spdx": "sbom",
    "vm": "machine",
}

_SYSTEMS = {
    **dict.fromkeys(("debian", "ubuntu"), "deb"),
    **dict.fromkeys(("alpine", "wolfi", "chainguard", "minimos"), "apk"),
    **dict.fromkeys(
        (
            "alma",
            "amazon",
            "azurelinux",
            "centos",
            "cbl-mariner",
            "fedora",
            "oracle",
            "photon",
            "redhat",
            "rocky",
        ),
        "rpm",
    ),
    **dict.fromkeys(
        ("opensuse", "opensuse.leap", "opensuse.tumbleweed", "suse linux enterprise server"), "rpm"
    ),
}

_LANGUAGES = {
    **dict.fromkeys(("gobinary", "gomod"), "golang"),
    **dict.fromkeys(("jar", "pom", "gradle", "sbt"), "maven"),
    **dict.fromkeys(("node-pkg", "npm", "yarn", "pnpm", "bun"), "npm"),
    **dict.fromkeys(("python-pkg", "pip", "pipenv", "poetry", "uv", "conda-pkg"), "pypi"),
    **dict.fromkeys(("gemspec", "bundler", "rubygems"), "gem"),
    **dict.fromkeys(("cargo", "rustbinary", "rust-binary"), "cargo"),
    **dict.fromkeys(("nuget", "dotnet-core", "packages-props"), "nuget"),
    **dict.fromkeys(("composer", "composer-vendor"), "composer"),
    "pub": "pub",
    "hex": "hex",
    "conan": "conan",
    "swift": "swift",
    "cocoapods": "cocoapods",
    "julia": "julia",
    "bitnami": "bitnami",
}

_STATES: Mapping[str, FixState] = {
    "fixed": "fixed",
    "affected": "not-fixed",
    "fix_deferred": "not-fixed",
    "will_not_fix": "wont-fix",
    "end_of_life": "wont-fix",
}


def read(data: Buffer) -> Report:
    """Read a report. Raises UnreadableReportError where it is no JSON or none of Trivy's three forms."""
    reading = _Reading()
    if bytes(data[:1024]).lstrip().startswith(b"["):
        report = _Report(results=json_document(data, list[_Result]))
        reading.take(_target(report.artifact_name, None, "unknown"), report.results or (), "")
        return reading.report(report, version="1")
    members = json_document(data, dict[str, msgspec.Raw])
    if "ClusterName" in members:
        cluster = json_document(data, _Cluster)
        for resource in (
            *(cluster.resources or ()),
            *(cluster.vulnerabilities or ()),
            *(cluster.findings or ()),
        ):
            where = "/".join(texts((resource.namespace, resource.kind, resource.name)))
            if resource.error:
                reading.skip(where, f"it was not scanned: {first_line(resource.error)}", 1)
            reading.take(_target(where, resource.metadata, "image"), resource.results or (), where)
        reading.skip(
            "Misconfigurations",
            "a misconfiguration is no vulnerability",
            len(cluster.misconfigurations or ()),
        )
        return reading.report(_Report(artifact_name=cluster.cluster_name), version="kubernetes")
    if not {"SchemaVersion", "Results", "ArtifactName"} & members.keys():
        raise UnreadableReportError(
            "a report of Trivy has `Results`; write it with `trivy image IMAGE -f json`"
        )
    report = json_document(data, _Report)
    kind = _KINDS.get(report.artifact_type or "", "unknown")
    reading.take(_target(report.artifact_name, report.metadata, kind), report.results or (), "")
    return reading.report(report, version=str(report.schema_version or ""))


def _target(name: str | None, listed: _Metadata | list[_Metadata] | None, kind: Kind) -> Target:
    """A workload of several images lists the metadata of each; then no digest stands for the whole."""
    one = listed[0] if isinstance(listed, list) and len(listed) == 1 else listed
    if not isinstance(one, _Metadata):
        return Target(kind=kind, name=name or "")
    system = one.system
    return Target(
        kind="image" if one.image_id else kind,
        name=name or "",
        architecture=(one.config.architecture if one.config else None) or "",
        config_digest=one.image_id or "",
        manifest_digests=texts(digest.rpartition("@")[2] for digest in one.digests or ()),
        tags=texts(one.tags),
        layers=texts(one.diff_ids),
        distribution=Distribution(name=system.family, version=system.name or "")
        if system and system.family
        else None,
    )


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self._targets: list[Target] = []
        self._rows: list[Row] = []
        self._packages: list[Package] = []
        self._lists_packages = False
        self._skipped: list[Skipped] = []
        self._position = 0
        self._newest = ""
        self._vulnerability = msgspec.json.Decoder(_Vulnerability)
        self._package = msgspec.json.Decoder(_Package)
        self._made: dict[tuple[str | None, ...], Package] = {}
        self._fixes: dict[tuple[str | None, str | None], Fix] = {}
        self._scores: dict[str, tuple[Score, ...]] = {}

    def take(self, target: Target, results: Iterable[_Result], where: str) -> None:
        self._targets.append(target)
        for number, result in enumerate(results):
            place = f"{where}Results[{number}]"
            listed = self._listed(result, target, f"{place}.Packages")
            for offset, raw in enumerate(result.vulnerabilities or ()):
                self._take(raw, (result, target, listed), f"{place}.Vulnerabilities[{offset}]", "")
            for offset, modified in enumerate(result.modified or ()):
                why = "; ".join(texts((modified.status, modified.statement))) or "set aside by Trivy"
                self._take(
                    modified.finding,
                    (result, target, listed),
                    f"{place}.ExperimentalModifiedFindings[{offset}]",
                    why,
                )
            for name, others in (
                ("Misconfigurations", result.misconfigurations),
                ("Secrets", result.secrets),
                ("Licenses", result.licenses),
            ):
                self.skip(f"{place}.{name}", "no vulnerability of a package", len(others or ()))

    def skip(self, where: str, why: str, count: int) -> None:
        if count:
            self._skipped.append(Skipped(where=where, why=why, count=count))

    def _listed(self, result: _Result, target: Target, where: str) -> Mapping[str, Package]:
        """The packages of a result by Trivy's id of each."""
        found: dict[str, Package] = {}
        for offset, raw in enumerate(result.packages or ()):
            self._lists_packages = True
            try:
                said = self._package.decode(raw)
            except (msgspec.ValidationError, UnicodeDecodeError) as error:
                self.skip(f"{where}[{offset}]", str(error), 1)
                continue
            package = _listed_package(said, _ecosystem(result, target), result, target)
            self._packages.append(package)
            if said.id:
                found[said.id] = package
        return found

    def _take(
        self,
        raw: msgspec.Raw,
        around: tuple[_Result, Target, Mapping[str, Package]],
        where: str,
        suppressed: str,
    ) -> None:
        try:
            said = self._vulnerability.decode(raw)
        except (msgspec.ValidationError, UnicodeDecodeError) as error:
            self.skip(where, str(error), 1)
            self._position += 1
            return
        layer = (said.layer.diff if said.layer else None) or ""
        self._newest = max(self._newest, said.modified or "")
        source = said.data_source.id if said.data_source else None
        self._rows.append(
            Row(
                index=self._position,
                target=len(self._targets) - 1,
                id=said.id.strip(),
                namespace=source or "",
                bundles=texts(said.vendor_ids) if said.vendor_ids else (),
                package=self._package_of(said, around, layer),
                fix=self._fix(said),
                severity=severity_of(said.severity or ""),
                severity_said=said.severity or "",
                severity_source=said.severity_source or "",
                scores=self._scores_of(said),
                title=first_line(said.title or said.description),
                url=said.primary_url or "",
                published_at=moment(said.published),
                suppressed=suppressed or ("not affected" if said.status == "not_affected" else ""),
            )
        )
        self._position += 1

    def _package_of(
        self, said: _Vulnerability, around: tuple[_Result, Target, Mapping[str, Package]], layer: str
    ) -> Package:
        result, target, listed = around
        purl = said.identifier.purl if said.identifier else None
        key = (result.target, said.pkg_id, said.pkg_name, said.installed_version, said.pkg_path, purl, layer)
        package = self._made.get(key)
        if package is None:
            known = listed.get(said.pkg_id or "")
            package = self._made[key] = (
                known if known is not None else _package(said, _ecosystem(result, target), result, layer)
            )
        return package

    def _fix(self, said: _Vulnerability) -> Fix:
        key = (said.status, said.fixed_version)
        fix = self._fixes.get(key)
        if fix is None:
            versions = texts((said.fixed_version or "").split(","))
            unsaid: FixState = "not-fixed" if said.status is None else "unknown"
            state = _STATES.get(said.status or "", unsaid)
            fix = (
                Fix(state="fixed" if versions else state, versions=versions)
                if versions or state != "unknown"
                else NO_FIX_SAID
            )
            self._fixes[key] = fix
        return fix

    def _scores_of(self, said: _Vulnerability) -> tuple[Score, ...]:
        if not said.cvss:
            return ()
        scores = self._scores.get(said.id)
        if scores is None:
            scores = self._scores[said.id] = tuple(_scores(said.cvss))
        return scores

    def report(self, said: _Report, *, version: str) -> Report:
        tool = (said.trivy.version if said.trivy else None) or ""
        return Report(
            format="trivy",
            format_version=version,
            tool=Tool(name="trivy", version=tool, newest=self._newest),
            made_at=moment(said.created_at),
            targets=tuple(self._targets),
            rows=tuple(self._rows),
            packages=tuple(self._packages) if self._lists_packages else None,
            skipped=tuple(self._skipped),
        )


def _ecosystem(result: _Result, target: Target) -> str:
    kind = (result.type or "").lower()
    if result.class_ == "os-pkgs" or kind in _SYSTEMS:
        family = target.distribution.name if target.distribution else kind
        return _SYSTEMS.get(family.lower(), _SYSTEMS.get(kind, ""))
    return _LANGUAGES.get(kind, kind)


_NO_PATH = frozenset({"Java", "Node.js", "Python", "Ruby", "PHP", "Rust", ".NET"})
"""Headings that Trivy prints where packages of one language lie in many places; each row then has its own path."""


def _path(result: _Result, own: str | None) -> tuple[str, ...]:
    if own:
        return (own,)
    if result.class_ == "os-pkgs" or not result.target or result.target in _NO_PATH:
        return ()
    return (result.target,)


def _package(said: _Vulnerability, ecosystem: str, result: _Result, layer: str) -> Package:
    purl = said.identifier.purl if said.identifier else None
    return with_purl(
        Package(
            ecosystem=ecosystem,
            name=said.pkg_name,
            version=said.installed_version or "",
            purl=purl or "",
            paths=_path(result, said.pkg_path),
            layer=layer,
        )
    )


def _listed_package(said: _Package, ecosystem: str, result: _Result, target: Target) -> Package:
    purl = said.identifier.purl if said.identifier else None
    return with_purl(
        Package(
            ecosystem=ecosystem,
            name=said.name,
            version=_version(said.epoch, said.version, said.release),
            arch=said.arch or "",
            source=said.src_name or "",
            source_version=_version(said.src_epoch, said.src_version, said.src_release),
            purl=purl or "",
            distribution=target.distribution if result.class_ == "os-pkgs" else None,
            paths=_path(result, said.file_path),
            layer=(said.layer.diff if said.layer else None) or "",
        )
    )


def _version(epoch: int | None, version: str | None, release: str | None) -> str:
    if not version:
        return ""
    return f"{f'{epoch}:' if epoch else ''}{version}{f'-{release}' if release else ''}"


def _scores(listed: Mapping[str, _Cvss]) -> Iterator[Score]:
    for source, cvss in listed.items():
        for version, base, vector in (
            ("4.0", cvss.v40_score, cvss.v40),
            ("3.1", cvss.v3_score, cvss.v3),
            ("2.0", cvss.v2_score, cvss.v2),
        ):
            if base or vector:
                said = "3.0" if (vector or "").startswith("CVSS:3.0/") else version
                yield Score(source=source, version=said, base=base, vector=vector or "")


def _sniff(glimpse: Glimpse) -> bool:
    if glimpse.mentions("SchemaVersion", "ArtifactName") or glimpse.mentions("ClusterName", "Kind"):
        return True
    if not glimpse.mentions("Target"):
        return False
    return glimpse.head.startswith(b"[") and {"Target", "Type"} <= glimpse.members.keys()


READER = Reader(id="trivy", title="Trivy JSON (2020 to today)", sniff=_sniff, read=read)
