"""The order of versions, by the rules of each ecosystem (univers). An order that is not known is None, never a guess."""

from functools import lru_cache

from univers import versions as univers
from univers.versions import Version

_SCHEMES: dict[str, type[Version]] = {
    "deb": univers.DebianVersion,
    "rpm": univers.RpmVersion,
    "apk": univers.AlpineLinuxVersion,
    "alpm": univers.ArchLinuxVersion,
    "pypi": univers.PypiVersion,
    "npm": univers.SemverVersion,
    "maven": univers.MavenVersion,
    "golang": univers.GolangVersion,
    "gem": univers.RubygemsVersion,
    "cargo": univers.SemverVersion,
    "nuget": univers.NugetVersion,
    "composer": univers.ComposerVersion,
}

CACHED_VERSIONS = 65_536


@lru_cache(maxsize=CACHED_VERSIONS)
def _parsed(ecosystem: str, version: str) -> Version | None:
    scheme = _SCHEMES.get(ecosystem)
    if scheme is None or not version:
        return None
    try:
        return scheme(version)
    except (
        univers.InvalidVersion,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
    ):  # univers raises them for odd texts
        return None


def compare(ecosystem: str, left: str, right: str) -> int | None:
    """-1, 0 or 1 for an older, the same or a newer `left`; None where one is no version of the ecosystem."""
    one, other = _parsed(ecosystem, left), _parsed(ecosystem, right)
    if one is None or other is None:
        return None
    try:
        return 0 if one == other else 1 if one > other else -1
    except (TypeError, ValueError, AttributeError):  # versions of one scheme that cannot be compared
        return None
