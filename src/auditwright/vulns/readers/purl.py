"""What a package URL says of a package (https://github.com/package-url/purl-spec), for readers of every format."""

from functools import lru_cache

import msgspec
from packageurl import PackageURL

from auditwright.vulns.report import Distribution, Package

CACHED_PURLS = 65_536
"""A package is named once for each of its vulnerabilities."""

_DISTRIBUTION_TYPES = frozenset({"deb", "rpm", "apk", "alpm", "portage"})
"""Types whose namespace is a distribution, and no part of the package's name."""


@lru_cache(maxsize=CACHED_PURLS)
def package_of(purl: str) -> Package | None:
    """The package that a package URL names; None where the text is no package URL.

    The source package comes from the qualifiers `upstream` (Syft) and `source` (Inspector), the distribution from `distro`
    and the namespace.
    """
    try:
        parsed = PackageURL.from_string(purl)
    except ValueError:
        return None
    qualifiers = parsed.qualifiers
    source, source_version = _upstream(qualifiers.get("upstream") or qualifiers.get("source") or "")
    return Package(
        ecosystem=parsed.type,
        name=_name(parsed),
        version=_with_epoch(parsed.version or "", qualifiers.get("epoch") or ""),
        arch=qualifiers.get("arch") or "",
        source=source,
        source_version=source_version,
        purl=purl,
        distribution=_distribution(parsed, qualifiers.get("distro") or ""),
    )


def _name(parsed: PackageURL) -> str:
    if not parsed.namespace or parsed.type in _DISTRIBUTION_TYPES:
        return parsed.name
    return f"{parsed.namespace}{':' if parsed.type == 'maven' else '/'}{parsed.name}"


def _with_epoch(version: str, epoch: str) -> str:
    return f"{epoch}:{version}" if epoch.isdigit() and version and ":" not in version else version


def _upstream(text: str) -> tuple[str, str]:
    """`krb5`, `krb5@1.18` and Red Hat's `openssl-1.1.1-9.el8.src.rpm` name a source; `null` is Inspector's word for none."""
    if not text or text == "null":
        return "", ""
    if text.endswith(".src.rpm"):
        parts = text.removesuffix(".src.rpm").rsplit("-", 2)
        return (parts[0], f"{parts[1]}-{parts[2]}") if len(parts) == 3 else (text, "")  # noqa: PLR2004 - N-V-R
    name, _, version = text.partition("@")
    return name, version


def _distribution(parsed: PackageURL, distro: str) -> Distribution | None:
    """`distro` is `debian-12`, `debian-12.11`, or a code name such as `bookworm`; the namespace names the rest."""
    if parsed.type not in _DISTRIBUTION_TYPES:
        return None
    namespace = parsed.namespace or ""
    name, dash, version = distro.rpartition("-")
    if dash and version[:1].isdigit():
        return Distribution(name=name, version=version)
    if not namespace and not distro:
        return None
    return Distribution(name=namespace, version=distro) if namespace else Distribution(name=distro)


def with_purl(package: Package) -> Package:
    """Fill in from its package URL what the package does not say by itself; what it says stands."""
    named = package_of(package.purl) if package.purl else None
    if named is None:
        return package
    return msgspec.structs.replace(
        package,
        ecosystem=named.ecosystem,
        name=named.name if named.ecosystem not in _DISTRIBUTION_TYPES else package.name or named.name,
        version=package.version or named.version,
        arch=package.arch or named.arch,
        source=package.source or named.source,
        source_version=package.source_version or named.source_version,
        distribution=package.distribution or named.distribution,
    )
