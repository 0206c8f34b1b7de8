"""What Amazon Inspector would say of what Grype said, by Inspector's way of naming: so which rows belong together is known.

Debian: names of source packages alone. Ubuntu: binary packages, with the source in the package URL. Alpine: the origin.
Amazon Linux: now the one, now the other. The epoch stands apart from the version. A CVE leads, and an advisory is merely related.
"""

from collections.abc import Iterator, Mapping
from zlib import crc32

import msgspec
from packageurl import PackageURL

from auditwright.vulns.package import distribution_name
from auditwright.vulns.readers.purl import package_of
from auditwright.vulns.report import Package, Report, Row, Target, Tool

Truth = tuple[str, str, str]
"""Vulnerability, ecosystem, and the source package or the package of a language."""


def truths(row: Row) -> Iterator[Truth]:
    """What a row of Grype is about: one thing, or one for each CVE of an advisory."""
    cves = [id_ for id_ in (row.id, *row.aliases) if id_.startswith("CVE-")]
    of = row.package
    for id_ in dict.fromkeys(cves or [row.id]):
        yield id_, of.ecosystem, of.source or of.name


def inspector_view(report: Report, *, names_distribution: bool) -> tuple[Report, Mapping[int, Truth]]:
    """Inspector's report, and what each of its rows is about by its index."""
    (target,) = report.targets
    distribution = distribution_name(target.distribution)
    rows: dict[tuple[str, str, str], Row] = {}
    about: dict[int, Truth] = {}
    for said in report.rows:
        package = _named(said.package, distribution, names_distribution=names_distribution)
        for truth in truths(said):
            key = (truth[0], package.purl, said.package.source or said.package.name)
            if key not in rows:
                bundles = (*said.bundles, *({said.id} - {truth[0]} if said.id.startswith("ALAS") else ()))
                rows[key] = Row(index=len(rows), id=truth[0], bundles=bundles, package=package, fix=said.fix)
                about[rows[key].index] = truth
    seen = Target(
        kind="image",
        name=target.name.partition(":")[0],
        manifest_digests=target.manifest_digests,
        tags=(target.name.partition(":")[2] or "latest",),
        distribution=target.distribution if names_distribution else None,
    )
    made = Report(
        format="inspector-findings",
        tool=Tool(name="inspector"),
        made_at=report.made_at,
        targets=(seen,),
        rows=tuple(rows.values()),
    )
    return made, about


def _named(package: Package, distribution: str, *, names_distribution: bool) -> Package:
    source = package.source or package.name
    by_source = distribution in {"debian", "alpine"} or (
        distribution == "amazon" and crc32(package.name.encode()) % 2 == 0
    )
    system = package.ecosystem in {"deb", "rpm", "apk"}
    version = package.source_version or package.version if by_source and system else package.version
    epoch, colon, rest = version.partition(":")
    qualifiers = (
        {"epoch": epoch} if system and colon else {"epoch": "0"} if package.ecosystem == "rpm" else {}
    )
    if distribution == "ubuntu" and system and package.source:
        qualifiers["source"] = package.source
    if not system:
        return Package(
            ecosystem=package.ecosystem, name=package.name, version=package.version, purl=package.purl
        )
    purl = PackageURL(
        type=package.ecosystem,
        namespace=distribution if names_distribution else None,
        name=source if by_source else package.name,
        version=rest if colon else version,
        qualifiers=qualifiers,
    ).to_string()
    read = package_of(purl)
    assert read is not None
    return read if read.name else msgspec.structs.replace(read, name=source)
