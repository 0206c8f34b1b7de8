"""The normal form of a scanner's report: targets, and rows that name a vulnerability and a package.

A reader (`vulns.readers`) gives one `Report` for one file, whatever the format. A row is evidence: it says what one tool
said and nothing more, in the tool's own words where the words matter, and it is never changed. What several rows have in
common is found later (`vulns.merge`).

Rows come by the hundred thousand, so they are msgspec structs: frozen like a dataclass, made in a tenth of the time, and
left alone by the garbage collector (`docs/adr/0014-vulnerability-rows.md`). What a report does not say is `""`, `None`
or an empty tuple: for a row of a scanner "not said" and "unknown" are the same.
"""

from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Literal

import msgspec


class Severity(StrEnum):
    """How bad a vulnerability is, on the one scale that every tool's words fit; ordered by `rank`."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NEGLIGIBLE = "negligible"
    """Debian's and Grype's word for what will hardly ever be fixed; Trivy and others call it low."""
    NONE = "none"
    """A score of 0.0, or a tool that says "none" or "informational"."""
    UNKNOWN = "unknown"
    """The tool gave no severity, or a word that is not known."""

    @property
    def rank(self) -> int:
        """From 0 (critical) to 6 (unknown)."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}

_SEVERITY_WORDS = {
    **{str(severity): severity for severity in Severity},
    "important": Severity.HIGH,  # Red Hat, Amazon Linux
    "moderate": Severity.MEDIUM,  # Red Hat, GitHub, npm
    "warning": Severity.MEDIUM,  # SARIF
    "error": Severity.HIGH,  # SARIF
    "note": Severity.LOW,  # SARIF
    "minimal": Severity.LOW,
    "informational": Severity.NONE,
    "info": Severity.NONE,
    "unimportant": Severity.NEGLIGIBLE,  # Debian's tracker
    "untriaged": Severity.UNKNOWN,  # Inspector
}


@lru_cache(maxsize=1024)
def severity_of(word: str) -> Severity:
    """The severity that a tool's word means; a word that is not known is `UNKNOWN`, never the lowest."""
    return _SEVERITY_WORDS.get(word.strip().lower(), Severity.UNKNOWN)


def severity_of_score(base: float) -> Severity:
    """The severity of a CVSS base score, by the qualitative scale of CVSS 3.1, section 5, which 4.0 keeps."""
    if base <= 0:
        return Severity.NONE
    for limit, severity in ((4.0, Severity.LOW), (7.0, Severity.MEDIUM), (9.0, Severity.HIGH)):
        if base < limit:
            return severity
    return Severity.CRITICAL


class Match(StrEnum):
    """How the tool came from a package to a vulnerability."""

    EXACT = "exact"
    """By the package's own name, in a source that knows this ecosystem or distribution."""
    INDIRECT = "indirect"
    """By the name of the source package that this one was built from."""
    CPE = "cpe"
    """By a guessed product name in the NVD: most false positives are of this kind."""
    UNSAID = "unsaid"


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """What wrote the report."""

    name: str
    """Lower case and short: `grype`, `trivy`, `inspector`, `osv-scanner`, `dependabot`, `snyk`, `npm-audit`, `pip-audit`."""
    version: str = ""
    database: str = ""
    """When the tool's database of vulnerabilities was built, ISO 8601, where the report says so."""
    newest: str = ""
    """The newest change to a vulnerability that the report cites, ISO 8601, where it dates them: the database is no older."""


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """The operating system that packages belong to, as the tool names it: `debian` `11.3`, `amazon` `2`."""

    name: str
    version: str = ""


Kind = Literal["image", "machine", "function", "repository", "filesystem", "sbom", "unknown"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What was scanned. Two tools looked at the same thing where a digest agrees, or else the name and architecture."""

    kind: Kind = "unknown"
    name: str = ""
    """As the tool names it: `registry.example/api:1.4.2`, an instance id, a folder, `owner/repository`."""
    architecture: str = ""
    config_digest: str = ""
    """`sha256:…` of the image's configuration, which Docker calls the image's id: the same for every tool and registry."""
    manifest_digests: tuple[str, ...] = ()
    """`sha256:…` of the image's manifests, without the repository's name."""
    tags: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    """`sha256:…` of each layer's content, the base first, where the report lists them."""
    distribution: Distribution | None = None
    account: str = ""
    region: str = ""
    resource: str = ""
    """Its id with whoever runs it, such as an ARN, where the name is another."""


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """An installed package as the tool names it. `vulns.package` finds out which names mean the same."""

    ecosystem: str
    """The type of a package URL: `deb`, `rpm`, `apk`, `pypi`, `npm`, `maven`, `golang`, `gem`, `cargo`, `nuget`, `composer`, …; `""` where unsaid."""
    name: str
    """Without a namespace that only names the distribution; with it where it is a part of the name: Maven `group:artifact`, npm `@scope/name`, a Go module's whole path."""
    version: str = ""
    """As printed, with epoch and release where the tool joins them: `1:2.3-4`."""
    arch: str = ""
    source: str = ""
    """The source package, where the tool says it."""
    source_version: str = ""
    purl: str = ""
    distribution: Distribution | None = None
    """Of the package itself, where it differs from the target's or the target has none."""
    paths: tuple[str, ...] = ()
    layer: str = ""
    """`sha256:…` of the image layer that brought it."""


FixState = Literal["fixed", "partial", "not-fixed", "wont-fix", "unknown"]


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a version without the vulnerability exists."""

    state: FixState = "unknown"
    """`partial`: for some packages of the finding only. `not-fixed`: the tool says that there is none yet. `wont-fix`: the vendor says there will be none."""
    versions: tuple[str, ...] = ()
    """Versions that are free of it, as printed, each alone; a tool that prints `1.2, 2.0` gives two."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One CVSS rating by one source."""

    source: str
    """Who rated: `nvd`, `ghsa`, `redhat`, a vendor's name; `""` where unsaid."""
    version: str
    """`2.0`, `3.0`, `3.1`, `4.0`; `""` where unsaid."""
    base: float | None = None
    vector: str = ""


class Threat(msgspec.Struct, frozen=True, kw_only=True):
    """What the tool itself says of attacks; the feeds say it with a date (`vulns.feeds`)."""

    epss: float | None = None
    """Probability of exploitation within 30 days, 0 to 1."""
    epss_date: str = ""
    exploited: bool | None = None
    """In CISA's catalog of known exploited vulnerabilities; None where the tool does not say."""
    exploit_available: bool | None = None


NO_FIX_SAID = Fix()
NO_THREAT_SAID = Threat()


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One vulnerability in one package of one target, as one tool reported it."""

    index: int
    """The position of the finding in the tool's own list, from 0; findings that were skipped are counted."""
    part: int = 0
    """Which package of the finding, from 0, where one finding names several; or which finding of the package."""
    target: int = 0
    """Position in `Report.targets`."""
    id: str
    """The id that the tool leads with, as printed."""
    namespace: str = ""
    """The database that the id was found in, as the tool names it: `debian:11`, `nvd`, `github:python`."""
    aliases: tuple[str, ...] = ()
    """Other ids that the tool calls the same vulnerability."""
    bundles: tuple[str, ...] = ()
    """Advisories that fix this vulnerability among others (ALAS, RHSA, DSA, USN): never the same vulnerability."""
    package: Package
    fix: Fix = NO_FIX_SAID
    severity: Severity = Severity.UNKNOWN
    severity_said: str = ""
    """The tool's own word."""
    severity_source: str = ""
    """Whose rating the tool took: `nvd`, `debian`, `ghsa`; `""` where unsaid."""
    scores: tuple[Score, ...] = ()
    adjusted: float | None = None
    """The tool's own score of the vulnerability in this target, 0 to 10; shown beside the others, and no table asks it."""
    threat: Threat = NO_THREAT_SAID
    match: Match = Match.UNSAID
    title: str = ""
    """One line, at most `TITLE_CHARACTERS`."""
    url: str = ""
    published_at: datetime | None = None
    """When the vulnerability became public, as the tool hands it on, aware."""
    suppressed: str = ""
    """Why the tool itself set the row aside (an ignore rule, a VEX document); `""` for a row that counts."""
    first_seen: datetime | None = None
    """By the tool's own clock, aware."""
    last_seen: datetime | None = None


TITLE_CHARACTERS = 200
"""A title is a line to recognize a vulnerability by; the whole text stands in the raw report, which is kept."""


VexStatus = Literal["not_affected", "affected", "fixed", "under_investigation"]


class VexStatement(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's word on whether a vulnerability affects a product (OpenVEX, CSAF VEX, CycloneDX analysis)."""

    index: int
    ids: tuple[str, ...]
    """The vulnerability's id, then its aliases."""
    products: tuple[str, ...]
    """Package URLs, image references or product names that the statement is about; empty: every product of the document."""
    subcomponents: tuple[str, ...] = ()
    status: VexStatus
    justification: str = ""
    """One of OpenVEX's five labels, or the format's own word."""
    impact: str = ""
    action: str = ""
    author: str = ""
    at: datetime | None = None


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the report that was not understood or is no finding about a package. It is said, never dropped in silence."""

    where: str
    """`matches[17]`, `Results[2].Secrets`."""
    why: str
    count: int = 1


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One file, read."""

    format: str
    """A reader's id: `grype`, `inspector-findings`, `trivy`."""
    format_version: str = ""
    tool: Tool
    made_at: datetime | None = None
    """When the tool wrote the report, aware; None where it does not say."""
    targets: tuple[Target, ...]
    rows: tuple[Row, ...]
    statements: tuple[VexStatement, ...] = ()
    packages: tuple[Package, ...] | None = None
    """Every package that the tool saw, where the report lists those without a vulnerability too; None where it does not."""
    skipped: tuple[Skipped, ...] = ()
