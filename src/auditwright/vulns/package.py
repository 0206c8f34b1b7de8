"""Which packages are the same, whatever the tools call them.

Each tool has its own dialect of names: `amzn` and `amazon`, `bookworm` and `debian-12.11`, `PyYAML` and `pyyaml`, a binary package here
and its source there, an epoch in the version or beside it. This module folds them into one normal form, and finds the family
of a package: what is fixed together.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from auditwright.vulns.issue import Family
from auditwright.vulns.report import Distribution, Package
from auditwright.vulns.upgrades import OPERATING_SYSTEM

_DISTRIBUTIONS = {
    "amzn": "amazon",
    "amazon linux": "amazon",
    "amazonlinux": "amazon",
    "rhel": "redhat",
    "redhatenterpriselinux": "redhat",
    "red hat enterprise linux": "redhat",
    "ol": "oracle",
    "oraclelinux": "oracle",
    "oracle linux server": "oracle",
    "almalinux": "alma",
    "rockylinux": "rocky",
    "sles": "suse",
    "suse linux enterprise server": "suse",
    "opensuse-leap": "opensuse",
    "opensuse.leap": "opensuse",
    "mariner": "azurelinux",
    "cbl-mariner": "azurelinux",
}
"""Names that tools use for one distribution."""

_CODE_NAMES = {
    "stretch": "debian",
    "buster": "debian",
    "bullseye": "debian",
    "bookworm": "debian",
    "trixie": "debian",
    "sid": "debian",
    "bionic": "ubuntu",
    "focal": "ubuntu",
    "jammy": "ubuntu",
    "noble": "ubuntu",
}

_ECOSYSTEMS = {
    "alpine": "apk",
    "gobinary": "golang",
    "java": "maven",
    "jar": "maven",
    "python": "pypi",
    "ruby": "gem",
    "rust": "cargo",
}
"""Types of package URLs that were used before their time, and words that tools use for them."""

_PYPI = re.compile(r"[-_.]+")
_BINARY_REBUILD = re.compile(r"\+b\d+$")
"""Debian's mark of a package that was built again from the same source."""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A package in its normal form."""

    ecosystem: str
    distribution: str
    """The distribution's name, without a version: an image has one, and an upgrade of it does not make an issue a new one."""
    name: str
    version: str
    source: str
    """Empty where nobody says."""
    source_version: str


def distribution_name(distribution: Distribution | None) -> str:
    """The one name of a distribution; empty where it is not known."""
    if distribution is None:
        return ""
    name = distribution.name.strip().lower()
    return _DISTRIBUTIONS.get(name, _CODE_NAMES.get(name, name))


def normal_ecosystem(said: str) -> str:
    """The type of a package URL that a tool's word means."""
    return _ECOSYSTEMS.get(said.lower(), said.lower())


@lru_cache(maxsize=65_536)
def normal_version(ecosystem: str, version: str) -> str:
    """A version in its one spelling: no epoch of 0, no rebuild mark, no `v` of Go."""
    text = version.strip()
    if ecosystem in OPERATING_SYSTEM:
        text = text.removeprefix("0:")
        return _BINARY_REBUILD.sub("", text) if ecosystem == "deb" else text
    if ecosystem == "golang":
        return text.removeprefix("go").removeprefix("v").removesuffix("+incompatible")
    return text


@lru_cache(maxsize=65_536)
def normal_name(ecosystem: str, name: str) -> str:
    """A name in its one spelling."""
    text = name.strip()
    if ecosystem == "pypi":
        return _PYPI.sub("-", text).lower()  # PEP 503
    if ecosystem in {"golang", "npm", "nuget", "composer", "cargo", "deb", "apk"}:
        return text.lower()
    return text


def named(package: Package, distribution: Distribution | None) -> Named:
    """The normal form of a package of a target whose distribution this is."""
    ecosystem = normal_ecosystem(package.ecosystem)
    system = ecosystem in OPERATING_SYSTEM
    return Named(
        ecosystem=ecosystem,
        distribution=distribution_name(distribution or package.distribution) if system else "",
        name=normal_name(ecosystem, package.name),
        version=normal_version(ecosystem, package.version),
        source=normal_name(ecosystem, package.source) if system else "",
        source_version=normal_version(ecosystem, package.source_version) if system else "",
    )


def sources(packages: Iterable[Named]) -> Mapping[tuple[str, str], str]:
    """From a binary package (distribution and name) to its source, where the tools that name one agree.

    A tool that names no sources is understood by what another says of the same distribution.
    """
    said: dict[tuple[str, str], set[str]] = {}
    for package in packages:
        if package.source:
            said.setdefault((package.distribution, package.name), set()).add(package.source)
    return {binary: next(iter(names)) for binary, names in said.items() if len(names) == 1}


_STANDARD_LIBRARIES = {
    ("golang", "go"): "stdlib",
    ("generic", "go"): "stdlib",
    ("generic", "golang"): "stdlib",
}
"""Go's own library, which tools find as a module, as a binary and as a toolchain."""


def family(package: Named, known: Mapping[tuple[str, str], str]) -> Family:
    """What the package is fixed together with."""
    if package.ecosystem in OPERATING_SYSTEM:
        source = package.source or known.get((package.distribution, package.name), package.name)
        return Family(ecosystem=package.ecosystem, distribution=package.distribution, name=source)
    standard = _STANDARD_LIBRARIES.get((package.ecosystem, package.name))
    if standard is not None:
        return Family(ecosystem="golang", name=standard)
    if package.ecosystem == "maven":
        # Tools guess the group of an archive that does not name it; the artifact is what the archive is called.
        return Family(ecosystem="maven", name=package.name.rpartition(":")[2].lower())
    return Family(ecosystem=package.ecosystem, name=package.name)
