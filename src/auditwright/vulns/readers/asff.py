"""Findings of Amazon Inspector as AWS Security Hub has them (ASFF, 2018-10-08): `aws securityhub get-findings`, and its events."""

from collections.abc import Iterator

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


class _Image(msgspec.Struct, rename="pascal"):
    repository_name: str | None = None
    architecture: str | None = None
    image_digest: str | None = None
    image_tags: list[str] | None = None


class _Details(msgspec.Struct, rename="pascal"):
    image: _Image | None = msgspec.field(default=None, name="AwsEcrContainerImage")


class _Resource(msgspec.Struct, rename="pascal"):
    type: str | None = None
    id: str | None = None
    region: str | None = None
    details: _Details | None = None


class _Cvss(msgspec.Struct, rename="pascal"):
    version: str | None = None
    base_score: Number = None
    base_vector: str | None = None
    source: str | None = None


class _Vendor(msgspec.Struct, rename="pascal"):
    name: str | None = None
    url: str | None = None
    vendor_severity: str | None = None


class _Package(msgspec.Struct, rename="pascal"):
    name: str | None = None
    version: str | None = None
    epoch: str | int | None = None
    release: str | None = None
    architecture: str | None = None
    package_manager: str | None = None
    file_path: str | None = None
    fixed_in_version: str | None = None
    source_layer_hash: str | None = None


class _Vulnerability(msgspec.Struct, rename="pascal"):
    id: str
    vulnerable_packages: list[_Package] | None = None
    cvss: list[_Cvss] | None = None
    related_vulnerabilities: list[str] | None = None
    vendor: _Vendor | None = None
    fix_available: str | None = None
    epss_score: Number = None
    exploit_available: str | None = None


class _Severity(msgspec.Struct, rename="pascal"):
    label: str | None = None


class _Finding(msgspec.Struct, rename="pascal"):
    product_name: str | None = None
    account: str | None = msgspec.field(default=None, name="AwsAccountId")
    first_observed_at: str | None = None
    last_observed_at: str | None = None
    updated_at: str | None = None
    severity: _Severity | None = None
    title: str | None = None
    product_fields: dict[str, str] | None = None
    resources: list[_Resource] | None = None
    record_state: str | None = None
    vulnerabilities: list[_Vulnerability] | None = None


_KINDS: dict[str, Kind] = {
    "AwsEcrContainerImage": "image",
    "AwsEc2Instance": "machine",
    "AwsLambdaFunction": "function",
}

_PLATFORM_FIELD = "resourceDetails/awsEcrContainerImageDetails/platform"


def read(data: Buffer) -> Report:
    """Read findings. Raises UnreadableReportError where the document has none of the forms of Security Hub."""
    rows: list[Row] = []
    skipped: list[Skipped] = []
    targets: dict[tuple[str, str], int] = {}
    made: list[Target] = []
    decoder = msgspec.json.Decoder(_Finding)
    for position, raw in enumerate(_findings(data)):
        where = f"Findings[{position}]"
        try:
            finding = decoder.decode(raw)
        except (msgspec.ValidationError, UnicodeDecodeError) as error:
            skipped.append(Skipped(where=where, why=str(error)))
            continue
        if not finding.vulnerabilities:
            skipped.append(Skipped(where=where, why="the finding names no vulnerability"))
            continue
        for resource in finding.resources or [_Resource()]:
            key = (resource.type or "", resource.id or "")
            if key not in targets:
                targets[key] = len(made)
                made.append(_target(finding, resource))
            found = list(_rows(position, finding, targets[key]))
            rows += found
            if not found:
                skipped.append(Skipped(where=where, why="the finding names no package"))
    seen = [row.last_seen for row in rows if row.last_seen is not None]
    return Report(
        format="asff",
        format_version="2018-10-08",
        tool=Tool(name="inspector"),
        made_at=max(seen, default=None),
        targets=tuple(made) or (Target(),),
        rows=tuple(rows),
        skipped=tuple(skipped),
    )


def _findings(data: Buffer) -> Iterator[msgspec.Raw]:
    if bytes(data[:4096]).lstrip().startswith(b"["):
        yield from json_document(data, list[msgspec.Raw])
        return
    members = json_document(data, dict[str, msgspec.Raw])
    if "detail" in members:
        members = json_document(bytes(members["detail"]), dict[str, msgspec.Raw])
    if bytes(members.get("NextToken", b"null")) not in {b"null", b'""'}:
        raise UnreadableReportError(
            "the answer goes on: it has a NextToken, and the pages after it are missing; save all pages, as the AWS CLI does by itself"
        )
    for name in ("Findings", "findings"):
        if name in members:
            yield from json_list(bytes(members[name]))
            return
    if "ProductArn" not in members:
        raise UnreadableReportError("expected `Findings`, as `aws securityhub get-findings` prints them")
    yield msgspec.Raw(msgspec.json.encode(members))


def _target(finding: _Finding, resource: _Resource) -> Target:
    image = resource.details.image if resource.details else None
    repository = image.repository_name if image else None
    tags = texts(f"{repository}:{tag}" for tag in image.image_tags or ()) if image and repository else ()
    return Target(
        kind=_KINDS.get(resource.type or "", "unknown"),
        name=tags[0] if tags else repository or resource.id or "",
        architecture=((image.architecture if image else None) or "").lower(),
        manifest_digests=texts((image.image_digest,)) if image else (),
        tags=tags,
        distribution=distribution_of(_platform(finding))[0],
        account=finding.account or "",
        region=resource.region or "",
        resource=resource.id or "",
    )


def _platform(finding: _Finding) -> str:
    fields = finding.product_fields or {}
    return next((value for name, value in fields.items() if name.endswith(_PLATFORM_FIELD)), "")


_SCORE_FIELD = "aws/inspector/inspectorScore"


def _rows(position: int, finding: _Finding, target: int) -> Iterator[Row]:
    _, system = distribution_of(_platform(finding))
    part = 0
    for said in finding.vulnerabilities or ():
        vendor = said.vendor or _Vendor()
        label = (finding.severity.label if finding.severity else None) or ""
        for package in said.vulnerable_packages or ():
            if not package.name:
                continue
            yield Row(
                index=position,
                part=part,
                target=target,
                id=said.id.strip(),
                namespace=vendor.name or "",
                bundles=texts(said.related_vulnerabilities),
                package=_package(package, system),
                fix=fix_of(said.fix_available, package.fixed_in_version),
                severity=severity_of(label),
                severity_said=label,
                severity_source="inspector",
                scores=tuple(dict.fromkeys(_score(cvss) for cvss in said.cvss or ())),
                adjusted=number((finding.product_fields or {}).get(_SCORE_FIELD)),
                threat=Threat(epss=number(said.epss_score), exploit_available=flag(said.exploit_available)),
                title=first_line(finding.title),
                url=vendor.url or "",
                suppressed="archived in Security Hub" if finding.record_state == "ARCHIVED" else "",
                first_seen=moment(finding.first_observed_at),
                last_seen=moment(finding.last_observed_at or finding.updated_at),
            )
            part += 1


def _package(said: _Package, system: str) -> Package:
    return Package(
        ecosystem=ecosystem_of(said.package_manager, system),
        name=said.name or "",
        version=version_of(said.epoch, said.version, said.release),
        arch=(said.architecture or "").lower(),
        paths=texts((said.file_path,)),
        layer=said.source_layer_hash or "",
    )


def _score(cvss: _Cvss) -> Score:
    return Score(
        source=(cvss.source or "").lower(),
        version=cvss.version or "",
        base=number(cvss.base_score),
        vector=cvss.base_vector or "",
    )


def _sniff(glimpse: Glimpse) -> bool:
    return b'"ProductArn"' in glimpse.head or (
        glimpse.mentions("Findings") and glimpse.members.keys() <= {"Findings", "NextToken"}
    )


READER = Reader(id="asff", title="AWS Security Hub findings (ASFF)", sniff=_sniff, read=read)
