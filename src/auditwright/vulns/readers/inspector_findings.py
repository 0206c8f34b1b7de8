"""Amazon Inspector's findings: `aws inspector2 list-findings`, and the events that it sends.

Source: the service model of inspector2 (2020-06-08). A finding names one vulnerability and the packages that have it: one row for each
package. Findings of code and of open ports are no vulnerabilities of packages and are skipped.
"""

from collections.abc import Iterable, Iterator

import msgspec

from auditwright.vulns.readers.amazon import distribution_of, ecosystem_of, fix_of, flag, version_of
from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document, json_list
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.wire import Number, first_line, moment, number, texts
from auditwright.vulns.report import (
    Kind,
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


class _Image(msgspec.Struct, rename="camel"):
    repository_name: str | None = None
    registry: str | None = None
    image_hash: str | None = None
    image_tags: list[str] | None = None
    architecture: str | None = None
    platform: str | None = None


class _Machine(msgspec.Struct, rename="camel"):
    platform: str | None = None
    image_id: str | None = None


class _Function(msgspec.Struct, rename="camel"):
    function_name: str | None = None
    architectures: list[str] | None = None


class _Repository(msgspec.Struct, rename="camel"):
    project_name: str | None = None
    repository_name: str | None = None


class _Details(msgspec.Struct, rename="camel"):
    image: _Image | None = msgspec.field(default=None, name="awsEcrContainerImage")
    machine: _Machine | None = msgspec.field(default=None, name="awsEc2Instance")
    function: _Function | None = msgspec.field(default=None, name="awsLambdaFunction")
    repository: _Repository | None = msgspec.field(default=None, name="codeRepository")


class _Resource(msgspec.Struct):
    id: str | None = None
    type: str | None = None
    region: str | None = None
    details: _Details | None = None


class _Cvss(msgspec.Struct, rename="camel"):
    base_score: Number = None
    scoring_vector: str | None = None
    source: str | None = None
    version: str | None = None


class _Package(msgspec.Struct, rename="camel"):
    name: str
    version: str | None = None
    epoch: str | int | None = None
    release: str | None = None
    arch: str | None = None
    package_manager: str | None = None
    file_path: str | None = None
    fixed_in_version: str | None = None
    source_layer_hash: str | None = None


class _Vulnerability(msgspec.Struct, rename="camel"):
    vulnerability_id: str
    vulnerable_packages: list[_Package] | None = None
    source: str | None = None
    source_url: str | None = None
    vendor_severity: str | None = None
    related_vulnerabilities: list[str] | None = None
    cvss: list[_Cvss] | None = None


class _Epss(msgspec.Struct):
    score: Number = None


Time = str | float | int | None


class _Finding(msgspec.Struct, rename="camel"):
    account: str | None = msgspec.field(default=None, name="awsAccountId")
    finding_arn: str | None = None
    type: str | None = None
    status: str | None = None
    severity: str | None = None
    inspector_score: Number = None
    title: str | None = None
    fix_available: str | None = None
    exploit_available: str | None = None
    epss: _Epss | None = None
    first_observed_at: Time = None
    last_observed_at: Time = None
    updated_at: Time = None
    details: _Vulnerability | None = msgspec.field(default=None, name="packageVulnerabilityDetails")
    resources: list[_Resource] | None = None


_KINDS: dict[str, Kind] = {
    "AWS_ECR_CONTAINER_IMAGE": "image",
    "AWS_EC2_INSTANCE": "machine",
    "AWS_LAMBDA_FUNCTION": "function",
    "CODE_REPOSITORY": "repository",
    "AZURE_VIRTUAL_MACHINE": "machine",
    "AZURE_CONTAINER_IMAGE": "image",
    "AZURE_FUNCTION": "function",
}

_FORMS = (
    "expected the answer of `aws inspector2 list-findings`, a list of findings, or events with a `detail`"
)


def read(data: Buffer) -> Report:
    """Read findings. Raises UnreadableReportError where the document is none of Inspector's forms."""
    reading = _Reading()
    for position, raw in enumerate(_findings(data)):
        reading.take(position, raw)
    return reading.report()


def _findings(data: Buffer) -> Iterator[msgspec.Raw]:
    """The findings of an answer, of several answers or events, one after the other."""
    head = bytes(data[:4096]).lstrip()
    if not head.startswith((b"{", b"[")):
        raise UnreadableReportError(_FORMS)
    documents = list(_documents(data))
    for position, document in enumerate(documents, start=1):
        yield from _of(document, last=position == len(documents))


def _documents(data: Buffer) -> Iterable[msgspec.Raw]:
    """The document; or where each line is one of its own, each of them."""
    if bytes(data[:4096]).lstrip().startswith(b"["):
        return json_list(data)
    try:
        return [msgspec.Raw(msgspec.json.encode(json_document(data, dict[str, msgspec.Raw])))]
    except UnreadableReportError:
        lines = [line for line in bytes(data[:]).splitlines() if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith(b"{") for line in lines):  # noqa: PLR2004 - one line is one document
            raise
        return [
            msgspec.Raw(msgspec.json.encode(json_document(line, dict[str, msgspec.Raw]))) for line in lines
        ]


def _of(document: msgspec.Raw, *, last: bool) -> Iterator[msgspec.Raw]:
    if not bytes(document).lstrip().startswith(b"{"):
        raise UnreadableReportError(_FORMS)
    members = json_document(bytes(document), dict[str, msgspec.Raw])
    if bytes(members.get("nextToken", b"null")) not in {b"null", b'""'} and last:
        raise UnreadableReportError(
            "the answer goes on: it has a nextToken, and the pages after it are missing; save all pages, as the AWS CLI does by itself"
        )
    if "findings" in members:
        yield from json_list(bytes(members["findings"]))
    elif "detail" in members:
        yield members["detail"]
    else:
        yield document


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._skipped: list[Skipped] = []
        self._targets: dict[tuple[str, str], int] = {}
        self._made: list[Target] = []
        self._newest: Time = None
        self._finding = msgspec.json.Decoder(_Finding)

    def take(self, position: int, raw: msgspec.Raw) -> None:
        where = f"findings[{position}]"
        try:
            finding = self._finding.decode(raw)
        except (msgspec.ValidationError, UnicodeDecodeError) as error:
            self._skipped.append(Skipped(where=where, why=str(error)))
            return
        details = finding.details
        if details is None or not details.vulnerable_packages:
            kind = (finding.type or "a finding without a type").lower().replace("_", " ")
            why = f"{kind}: no package is named" if details is None else "the finding names no package"
            self._skipped.append(Skipped(where=where, why=why))
            return
        for resource in finding.resources or [_Resource()]:
            self._rows.extend(self._of_resource(position, finding, details, resource))

    def _of_resource(
        self, position: int, finding: _Finding, details: _Vulnerability, resource: _Resource
    ) -> Iterator[Row]:
        target = self._target(finding, resource)
        _, system = distribution_of(_platform(resource))
        closed = (finding.status or "").upper()
        for part, package in enumerate(details.vulnerable_packages or ()):
            yield Row(
                index=position,
                part=part,
                target=target,
                id=details.vulnerability_id.strip(),
                namespace=details.source or "",
                bundles=texts(details.related_vulnerabilities),
                package=_package(package, system),
                fix=fix_of(finding.fix_available, package.fixed_in_version),
                severity=severity_of(finding.severity or details.vendor_severity or ""),
                severity_said=finding.severity or details.vendor_severity or "",
                severity_source="inspector" if finding.severity else details.source or "",
                scores=tuple(_score(cvss) for cvss in details.cvss or ()),
                adjusted=number(finding.inspector_score),
                threat=Threat(
                    epss=number(finding.epss.score) if finding.epss else None,
                    exploit_available=flag(finding.exploit_available),
                ),
                title=first_line(finding.title),
                url=details.source_url or "",
                suppressed={
                    "SUPPRESSED": "a suppression rule of Inspector",
                    "CLOSED": "Inspector closed the finding",
                }.get(closed, ""),
                first_seen=moment(finding.first_observed_at),
                last_seen=moment(finding.last_observed_at),
            )

    def _target(self, finding: _Finding, resource: _Resource) -> int:
        key = (resource.type or "", resource.id or "")
        position = self._targets.get(key)
        if position is None:
            position = self._targets[key] = len(self._made)
            self._made.append(_target(finding, resource))
        return position

    def report(self) -> Report:
        seen = [row.last_seen for row in self._rows if row.last_seen is not None]
        return Report(
            format="inspector-findings",
            tool=Tool(name="inspector"),
            made_at=max(seen, default=None),
            targets=tuple(self._made) or (Target(),),
            rows=tuple(self._rows),
            skipped=tuple(self._skipped),
        )


def _platform(resource: _Resource) -> str | None:
    details = resource.details
    if details is None:
        return None
    return details.image.platform if details.image else details.machine.platform if details.machine else None


def _target(finding: _Finding, resource: _Resource) -> Target:
    details = resource.details or _Details()
    distribution, _ = distribution_of(_platform(resource))
    image, function = details.image, details.function
    digest = image.image_hash if image else None
    tags = texts(f"{image.repository_name}:{tag}" for tag in image.image_tags or ()) if image else ()
    name = (image.repository_name if image else None) or (function.function_name if function else None)
    repository = details.repository
    named = (
        name or (repository and (repository.repository_name or repository.project_name)) or resource.id or ""
    )
    architecture = (
        image.architecture if image else next(iter(function.architectures or ()), None) if function else None
    )
    return Target(
        kind=_KINDS.get(resource.type or "", "unknown"),
        name=tags[0] if tags else named,
        architecture=_ARCHITECTURES.get((architecture or "").lower(), (architecture or "").lower()),
        manifest_digests=(digest,) if digest else (),
        tags=tags,
        distribution=distribution,
        account=finding.account or "",
        region=resource.region or "",
        resource=resource.id or "",
    )


_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def _package(said: _Package, system: str) -> Package:
    ecosystem = ecosystem_of(said.package_manager, system)
    version = version_of(said.epoch, said.version, said.release)
    return Package(
        ecosystem=ecosystem,
        name=said.name,
        version=version,
        arch=(said.arch or "").lower(),
        paths=texts((said.file_path,)),
        layer=said.source_layer_hash or "",
    )


def _score(cvss: _Cvss) -> Score:
    return Score(
        source=(cvss.source or "").lower(),
        version=cvss.version or "",
        base=number(cvss.base_score),
        vector=cvss.scoring_vector or "",
    )


def _sniff(glimpse: Glimpse) -> bool:
    head = glimpse.head
    if b'"SchemaVersion"' in head and b'"ProductArn"' in head:
        return False  # Security Hub
    if glimpse.mentions("findingArn") or glimpse.mentions("packageVulnerabilityDetails"):
        return True
    if glimpse.mentions("detail-type") and b"Inspector2" in head:
        return True
    return glimpse.mentions("findings") and glimpse.members.keys() <= {"findings", "nextToken", "NextToken"}


READER = Reader(
    id="inspector-findings",
    title="Amazon Inspector findings (list-findings, EventBridge)",
    sniff=_sniff,
    read=read,
)
