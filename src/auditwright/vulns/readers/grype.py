"""Grype's JSON, from 0.7 to today: `grype IMAGE -o json`.

Source: the structs of anchore/grype `grype/presenter/models`, and reports of 0.7 to 0.96. What changed over the years: `matchDetails`
was one object until 0.13; `relatedVulnerabilities`, namespaces and `fix` did not exist then; `epss`, `knownExploited`
and `risk` came in 0.90.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Generic, TypeVar

import msgspec

from auditwright.vulns.readers.door import Buffer, Cut, Refused
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.purl import with_purl
from auditwright.vulns.readers.wire import Members, first_line, moment, texts
from auditwright.vulns.report import (
    NO_FIX_SAID,
    NO_THREAT_SAID,
    Distribution,
    Fix,
    FixState,
    Kind,
    Match,
    Package,
    Report,
    Row,
    Score,
    Severity,
    Skipped,
    Target,
    Threat,
    Tool,
    severity_of,
)


class _Metrics(msgspec.Struct, gc=False):
    base: float | None = msgspec.field(default=None, name="baseScore")


class _Cvss(msgspec.Struct, gc=False):
    source: str | None = None
    version: str | None = None
    vector: str | None = None
    metrics: _Metrics | None = None


class _OldCvss(msgspec.Struct, gc=False):
    base: float | None = msgspec.field(default=None, name="baseScore")
    vector: str | None = None


class _Fix(msgspec.Struct, gc=False):
    versions: list[str] | None = None
    state: str | None = None


class _Named(msgspec.Struct, gc=False):
    id: str | None = None


class _Epss(msgspec.Struct, gc=False):
    epss: float | None = None
    date: str | None = None


def _nothing() -> msgspec.Raw:
    return msgspec.Raw(b"null")


class _Other(msgspec.Struct, gc=False):
    id: str | None = None
    namespace: str | None = None


class _Related(_Other, gc=False):
    """What else the same is called, with its ratings, which many share."""

    cvss: msgspec.Raw = msgspec.field(default_factory=_nothing)


class _Vulnerability(msgspec.Struct, gc=False):
    id: str
    data_source: str | None = msgspec.field(default=None, name="dataSource")
    namespace: str | None = None
    severity: str | None = None
    description: str | None = None
    cvss: list[_Cvss] | None = None
    cvss2: _OldCvss | None = msgspec.field(default=None, name="cvssV2")
    cvss3: _OldCvss | None = msgspec.field(default=None, name="cvssV3")
    fix: _Fix | None = None
    fixed_in: str | None = msgspec.field(default=None, name="fixedInVersion")
    advisories: list[_Named] | None = None
    epss: list[_Epss] | None = None
    exploited: list[msgspec.Raw] | None = msgspec.field(default=None, name="knownExploited")


class _Detail(msgspec.Struct, gc=False):
    type: str | None = None
    matcher: str | None = None
    key: dict[str, msgspec.Raw] | None = msgspec.field(default=None, name="searchKey")


class _Location(msgspec.Struct, gc=False):
    path: str | None = None
    layer: str | None = msgspec.field(default=None, name="layerID")


class _Upstream(msgspec.Struct, gc=False):
    name: str | None = None
    version: str | None = None


class _Artifact(msgspec.Struct, gc=False):
    name: str
    version: str | None = None
    type: str | None = None
    purl: str | None = None
    locations: list[_Location] | None = None
    upstreams: list[_Upstream] | None = None


class _Rule(msgspec.Struct, gc=False):
    vulnerability: str | None = None
    reason: str | None = None
    namespace: str | None = None


class _Listed(msgspec.Struct, gc=False):
    """The parts of a match that repeat from match to match are decoded once each, by their bytes."""

    artifact: msgspec.Raw
    details: msgspec.Raw = msgspec.field(default_factory=_nothing, name="matchDetails")
    rules: list[_Rule] | None = msgspec.field(default=None, name="appliedIgnoreRules")


class _Match(_Listed, gc=False, kw_only=True):
    """A match of a report in which vulnerabilities repeat as well."""

    vulnerability: msgspec.Raw
    related: msgspec.Raw = msgspec.field(default_factory=_nothing, name="relatedVulnerabilities")


class _Single(_Listed, gc=False, kw_only=True):
    """A match of a report in which they do not."""

    vulnerability: _Vulnerability
    related: list[_Related] | None = msgspec.field(default=None, name="relatedVulnerabilities")


class _Layer(msgspec.Struct):
    digest: str | None = None


class _WholeRelated(_Other, gc=False):
    cvss: list[_Cvss] | None = None


class WholeMatch(msgspec.Struct, gc=False):
    """A match with every field that is used, decoded at once: what reading is measured beside (`bench/vulns.py`)."""

    vulnerability: _Vulnerability
    artifact: _Artifact
    related: list[_WholeRelated] | None = msgspec.field(default=None, name="relatedVulnerabilities")
    details: list[_Detail] | _Detail | None = msgspec.field(default=None, name="matchDetails")
    rules: list[_Rule] | None = msgspec.field(default=None, name="appliedIgnoreRules")


class WholeReport(msgspec.Struct, gc=False):
    """A report's matches, decoded at once."""

    matches: list[WholeMatch]


class _ImageTarget(msgspec.Struct):
    name: str | None = msgspec.field(default=None, name="userInput")
    config: str | None = msgspec.field(default=None, name="imageID")
    manifest: str | None = msgspec.field(default=None, name="manifestDigest")
    tags: list[str] | None = None
    repo_digests: list[str] | None = msgspec.field(default=None, name="repoDigests")
    architecture: str | None = None
    layers: list[_Layer] | None = None


class _Source(msgspec.Struct):
    type: str | None = None
    target: _ImageTarget | str | None = None


class _Distro(msgspec.Struct):
    name: str | None = None
    version: str | None = None


class _DatabaseStatus(msgspec.Struct):
    built: str | None = None


class _Database(msgspec.Struct):
    built: str | None = None
    status: _DatabaseStatus | None = None


class _Descriptor(msgspec.Struct):
    version: str | None = None
    timestamp: str | None = None
    db: _Database | None = None


class _Whole(msgspec.Struct, gc=False):
    """What all matches of one vulnerability share."""

    id: str
    namespace: str
    url: str
    title: str
    severity: Severity
    severity_said: str
    rater: str
    scores: tuple[Score, ...]
    fix: Fix
    bundles: tuple[str, ...]
    threat: Threat


REMEMBERED_BYTES = 16 << 20
"""Of each part, and then it is read without remembering."""

ENOUGH_ASKED = 2_000
"""After so many texts it shows whether half of them were there before."""

_TYPES = {
    "java-archive": "maven",
    "jenkins-plugin": "maven",
    "python": "pypi",
    "go-module": "golang",
    "rust-crate": "cargo",
    "dotnet": "nuget",
    "php-composer": "composer",
    "binary": "generic",
}
"""Syft's package types that are not called as in a package URL."""

_FIX_STATES: Mapping[str, FixState] = {"fixed": "fixed", "not-fixed": "not-fixed", "wont-fix": "wont-fix"}
_WITHOUT_VERSION: Mapping[FixState, Fix] = {
    state: Fix(state=state) for state in (*_FIX_STATES.values(), NO_FIX_SAID.state)
}


Part = TypeVar("Part")
Fact = TypeVar("Fact")


def read(data: Buffer) -> Report:
    """Read a report. Raises UnreadableReportError where it is no JSON or has no list of matches."""
    document = Cut(data, "matches")
    reading = _Reading()
    reading.take(document.decoded_by(reading.shape), "matches")
    members = Members(document.rest)
    reading.take(members.get("ignoredMatches", list[_Match]) or (), "ignoredMatches")
    descriptor = members.get("descriptor", _Descriptor) or _Descriptor()
    source = members.get("source", _Source) or _Source()
    return Report(
        format="grype",
        format_version=descriptor.version or "",
        tool=Tool(name="grype", version=descriptor.version or "", database=_built(descriptor.db)),
        made_at=moment(descriptor.timestamp),
        targets=(_target(source, members.get("distro", _Distro) or _Distro()),),
        rows=tuple(reading.rows),
        skipped=(*members.skipped, *reading.skipped),
    )


def _built(database: _Database | None) -> str:
    if database is None:
        return ""
    return (database.status.built if database.status else None) or database.built or ""


_KINDS: Mapping[str, Kind] = {
    "image": "image",
    "directory": "filesystem",
    "file": "filesystem",
    "sbom": "sbom",
}


def _target(source: _Source, distro: _Distro) -> Target:
    distribution = Distribution(name=distro.name, version=distro.version or "") if distro.name else None
    kind = _KINDS.get(source.type or "", "unknown")
    if not isinstance(source.target, _ImageTarget):
        return Target(kind=kind, name=source.target or "", distribution=distribution)
    image = source.target
    digests = [image.manifest, *(entry.rpartition("@")[2] for entry in image.repo_digests or ())]
    return Target(
        kind=kind,
        name=image.name or "",
        architecture=image.architecture or "",
        config_digest=image.config or "",
        manifest_digests=texts(digests),
        tags=texts(image.tags),
        layers=texts(layer.digest for layer in image.layers or ()),
        distribution=distribution,
    )


class _Reading:
    """The rows read so far, and what was read of the parts that matches share."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.skipped: list[Skipped] = []
        self._position = 0
        self._vulnerability = _Memo(_Vulnerability, _whole)
        self._related = _Memo(list[_Related] | None, self._others)
        self._details = _Memo(list[_Detail] | _Detail | None, _match_kind)
        self._artifact = _Memo(_Artifact, _package)
        self._ratings: dict[str, _Memo[list[_Cvss] | None, tuple[Score, ...]]] = {}
        """By who rates where a rating does not say."""

    def shape(self) -> type[_Match | _Single]:
        """How matches are decoded: whole where their vulnerabilities do not repeat."""
        return _Match if self._vulnerability.remembers or self._related.remembers else _Single

    def take(self, matches: Iterable[_Match | _Single | Refused], member: str) -> None:
        for number, match in enumerate(matches):
            try:
                if isinstance(match, Refused):
                    self.skipped.append(Skipped(where=f"{member}[{number}]", why=match.why))
                else:
                    self.rows.append(self._row(match))
            except (msgspec.ValidationError, UnicodeDecodeError) as error:
                self.skipped.append(Skipped(where=f"{member}[{number}]", why=str(error)))
            self._position += 1

    def _row(self, match: _Match | _Single) -> Row:
        if isinstance(match, _Single):
            whole, (ids, scores) = _whole(match.vulnerability), self._others(match.related)
        else:
            whole = self._vulnerability.of(match.vulnerability)
            ids, scores = self._related.of(match.related)
        return Row(
            index=self._position,
            id=whole.id,
            namespace=whole.namespace,
            aliases=ids if ids != (whole.id,) else (),
            bundles=whole.bundles,
            package=self._artifact.of(match.artifact),
            fix=whole.fix,
            severity=whole.severity,
            severity_said=whole.severity_said,
            severity_source=whole.rater,
            scores=whole.scores or scores,
            threat=whole.threat,
            match=self._details.of(match.details),
            title=whole.title,
            url=whole.url,
            suppressed=_reason(match.rules) if match.rules else "",
        )

    def _others(self, related: list[_Related] | None) -> tuple[tuple[str, ...], tuple[Score, ...]]:
        """What others call it, and how they rate it, which counts where the database itself does not."""
        scores: tuple[Score, ...] = ()
        for each in related or ():
            rater = _rater(each.namespace or "")
            memo = self._ratings.get(rater)
            if memo is None:
                memo = self._ratings[rater] = _Memo(list[_Cvss] | None, partial(_scores, rater=rater))
            scores += memo.of(each.cvss)
        return texts([each.id for each in related]) if related else (), scores


class _Memo(Generic[Part, Fact]):
    """Reads each distinct text once. A report repeats a package for each of its vulnerabilities, and the reverse.

    Where texts do not repeat, remembering costs more than it saves, and is given up.
    """

    def __init__(self, shape: object, made: Callable[[Part], Fact]) -> None:
        self._decoder: msgspec.json.Decoder[Part] = msgspec.json.Decoder(shape)
        self._made = made
        self._facts: dict[bytes, Fact] = {}
        self._room = REMEMBERED_BYTES
        self._asked = 0

    @property
    def remembers(self) -> bool:
        """False once it was given up."""
        return self._room > 0

    def of(self, raw: msgspec.Raw) -> Fact:
        if not self._room:
            return self._made(self._decoder.decode(raw))
        key = bytes(raw)
        fact = self._facts.get(key)
        if fact is None:
            fact = self._facts[key] = self._made(self._decoder.decode(raw))
            self._room = max(0, self._room - len(key))
        self._asked += 1
        if self._asked == ENOUGH_ASKED and len(self._facts) > ENOUGH_ASKED // 2:
            self._room = 0
        if not self._room:
            self._facts = {}
        return fact


def _whole(said: _Vulnerability) -> _Whole:
    namespace = said.namespace or ""
    word, rater = said.severity or "", _rater(namespace)
    scores = _scores(said.cvss, rater)
    for version, old in (("2.0", said.cvss2), ("3.1", said.cvss3)):
        if old:
            scores += (Score(source="nvd", version=version, base=old.base, vector=old.vector or ""),)
    return _Whole(
        id=said.id.strip(),
        namespace=namespace,
        url=said.data_source or "",
        title=first_line(said.description),
        severity=severity_of(word),
        severity_said=word,
        rater=rater,
        scores=scores,
        fix=_fix(said),
        bundles=texts([advisory.id for advisory in said.advisories]) if said.advisories else (),
        threat=_threat(said),
    )


def _fix(said: _Vulnerability) -> Fix:
    if said.fix is None:
        return Fix(state="fixed", versions=(said.fixed_in,)) if said.fixed_in else NO_FIX_SAID
    state = _FIX_STATES.get(said.fix.state or "", "unknown")
    versions = texts(said.fix.versions)
    if not versions:
        return _WITHOUT_VERSION[state]
    return Fix(state="fixed" if state == "unknown" else state, versions=versions)


def _threat(said: _Vulnerability) -> Threat:
    if not said.epss and said.exploited is None:
        return NO_THREAT_SAID
    epss = said.epss[0] if said.epss else _Epss()
    return Threat(epss=epss.epss, epss_date=epss.date or "", exploited=bool(said.exploited) or None)


def _scores(listed: list[_Cvss] | None, rater: str) -> tuple[Score, ...]:
    if not listed:
        return ()
    return tuple(
        Score(
            source=cvss.source or rater,
            version=cvss.version or "",
            base=cvss.metrics.base if cvss.metrics else None,
            vector=cvss.vector or "",
        )
        for cvss in listed
    )


@lru_cache(maxsize=1024)
def _rater(namespace: str) -> str:
    """`debian:distro:debian:11` and `nvd:cpe` name who keeps the database first; GitHub's ratings are called GHSA's."""
    keeper = namespace.partition(":")[0]
    return "ghsa" if keeper == "github" else keeper


_MATCHES = {"exact-direct-match": Match.EXACT, "exact-indirect-match": Match.INDIRECT, "cpe-match": Match.CPE}


def _match_kind(details: list[_Detail] | _Detail | None) -> Match:
    """The surest way in which the match was made."""
    listed = details if isinstance(details, list) else [details] if details else []
    kinds = {_MATCHES.get(detail.type or "", _old_kind(detail)) for detail in listed}
    return next((kind for kind in (Match.EXACT, Match.INDIRECT, Match.CPE) if kind in kinds), Match.UNSAID)


def _old_kind(detail: _Detail) -> Match:
    """Before 0.14 a match did not say its type, but what was looked for."""
    if not detail.key:
        return Match.UNSAID
    return Match.CPE if "cpe" in detail.key else Match.EXACT


def _package(artifact: _Artifact) -> Package:
    upstream = artifact.upstreams[0] if artifact.upstreams else _Upstream()
    locations = artifact.locations or []
    named = Package(
        ecosystem=_TYPES.get(artifact.type or "", artifact.type or ""),
        name=artifact.name,
        version=artifact.version or "",
        source=upstream.name or "",
        source_version=upstream.version or "",
        purl=artifact.purl or "",
        paths=texts(location.path for location in locations),
        layer=next((location.layer for location in locations if location.layer), ""),
    )
    return with_purl(named)


def _reason(rules: list[_Rule]) -> str:
    reasons = texts(rule.reason or rule.vulnerability or rule.namespace for rule in rules)
    return "; ".join(reasons) or "an ignore rule of Grype"


def _sniff(glimpse: Glimpse) -> bool:
    if not glimpse.mentions("matches"):
        return False
    return glimpse.mentions("vulnerability") or {"descriptor", "source"} & glimpse.members.keys() != set()


READER = Reader(id="grype", title="Grype JSON (0.7 to 0.96)", sniff=_sniff, read=read)
