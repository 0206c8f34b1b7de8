"""What is known of a vulnerability beyond the scanners: exploited (KEV), likely to be (EPSS), how (SSVC), and its other names.

A feed is a public file, kept as evidence with its digest. What it says is dated: a feed that is missing or stale makes a
fact unknown or old, and both are said.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

import msgspec

from auditwright.vulns.readers.door import as_utf8
from auditwright.vulns.readers.wire import moment


class FeedId(StrEnum):
    """The feeds, by the name that commands take."""

    KEV = "kev"
    EPSS = "epss"
    SSVC = "ssvc"
    ALIASES = "aliases"


FEED_TITLES: Mapping[FeedId, str] = {
    FeedId.KEV: "CISA catalog of known exploited vulnerabilities",
    FeedId.EPSS: "FIRST exploit prediction scores",
    FeedId.SSVC: "CISA vulnrichment: exploitation, automatable, technical impact",
    FeedId.ALIASES: "OSV ids that name the same vulnerability",
}


class FeedError(ValueError):
    """The file is not this feed; the message says what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFile:
    """Which file a feed was read from."""

    id: FeedId
    version: str
    """The feed's own name of its state: a catalog version, an EPSS model and its date."""
    as_of: datetime | None
    """When its publisher made it, aware; None where it does not say."""
    entries: int
    sha256: str

    def stale(self, now: datetime, limit: timedelta) -> str:
        """Why the feed is not to be relied on; empty where it is fresh."""
        if self.as_of is None:
            return f"{self.id}: the file does not say of when it is"
        age = now - self.as_of
        return f"{self.id}: of {self.as_of:%d %b %Y}, {age.days} days old" if age > limit else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epss:
    """Probability of exploitation within 30 days, and the share of vulnerabilities that score no higher; both 0 to 1."""

    score: float
    percentile: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssvc:
    """CISA's assessment."""

    exploitation: str
    """`none`, `poc`, `active`, or empty."""
    automatable: str
    """`yes`, `no`, or empty."""
    impact: str
    """`partial`, `total`, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One line of an alias table; whether it is an identity is decided by `vulns.identity`."""

    source: str
    id: str
    alias: str
    withdrawn: bool
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """Every feed that is there. A feed that is missing has no file, and what it would say is unknown."""

    files: Mapping[FeedId, FeedFile]
    exploited: Mapping[str, str]
    """CVE to the day on which it was added to KEV, ISO."""
    ransomware: frozenset[str]
    epss: Mapping[str, Epss]
    ssvc: Mapping[str, Ssvc]
    aliases: tuple[Alias, ...]

    def missing(self) -> tuple[FeedId, ...]:
        """The feeds that there are not."""
        return tuple(feed for feed in FeedId if feed not in self.files)


NO_FEEDS = Feeds(files={}, exploited={}, ransomware=frozenset(), epss={}, ssvc={}, aliases=())


def read_feeds(bodies: Mapping[FeedId, tuple[bytes, str]]) -> Feeds:
    """Every feed from its bytes and their digest. Raises FeedError naming the feed."""
    files: dict[FeedId, FeedFile] = {}
    kev = _Kev()
    epss: dict[str, Epss] = {}
    ssvc: dict[str, Ssvc] = {}
    aliases: tuple[Alias, ...] = ()
    for feed, (body, digest) in bodies.items():
        match feed:
            case FeedId.KEV:
                kev = _kev(body)
                version, as_of, count = kev.version, moment(kev.released), len(kev.vulnerabilities)
            case FeedId.EPSS:
                version, as_of, epss = _epss(body)
                count = len(epss)
            case FeedId.SSVC:
                ssvc, as_of = _ssvc(body)
                version, count = "", len(ssvc)
            case FeedId.ALIASES:
                aliases = tuple(_aliases(body))
                version, as_of, count = "", None, len(aliases)
            case _:
                assert_never(feed)
        files[feed] = FeedFile(id=feed, version=version, as_of=as_of, entries=count, sha256=digest)
    return Feeds(
        files=files,
        exploited={entry.cve: entry.added for entry in kev.vulnerabilities},
        ransomware=frozenset(entry.cve for entry in kev.vulnerabilities if entry.ransomware == "Known"),
        epss=epss,
        ssvc=ssvc,
        aliases=aliases,
    )


class _KevEntry(msgspec.Struct):
    cve: str = msgspec.field(name="cveID")
    added: str = msgspec.field(default="", name="dateAdded")
    ransomware: str = msgspec.field(default="", name="knownRansomwareCampaignUse")


class _Kev(msgspec.Struct):
    version: str = msgspec.field(default="", name="catalogVersion")
    released: str = msgspec.field(default="", name="dateReleased")
    vulnerabilities: list[_KevEntry] = []


def _kev(body: bytes) -> _Kev:
    text = bytes(as_utf8(body))
    if not text.lstrip().startswith(b"{"):
        rows = _rows(FeedId.KEV, text.decode("utf-8", "replace"), ("cveID", "dateAdded"))
        entries = [
            _KevEntry(
                cve=row["cveID"],
                added=row["dateAdded"],
                ransomware=row.get("knownRansomwareCampaignUse") or "",
            )
            for row in rows
        ]
        newest = max((entry.added for entry in entries), default="")
        return _Kev(version=newest, released=newest, vulnerabilities=entries)
    try:
        kev = msgspec.json.decode(text, type=_Kev)
    except msgspec.DecodeError as error:
        raise FeedError(f"kev: expected CISA's catalog as JSON or CSV: {error}") from error
    if not kev.vulnerabilities:
        raise FeedError(
            "kev: the catalog lists no vulnerability; an empty catalog would call nothing exploited"
        )
    return kev


_EPSS_HEAD = re.compile(r"#\s*model_version:(?P<model>[^,\s]*),\s*score_date:(?P<date>\S*)")


def _epss(body: bytes) -> tuple[str, datetime | None, dict[str, Epss]]:
    text = bytes(as_utf8(body)).decode("utf-8", "replace")
    head = _EPSS_HEAD.match(text)
    if head is None:
        raise FeedError(
            "epss: expected the first line `#model_version:…,score_date:…`; a score says nothing without its model"
        )
    scores: dict[str, Epss] = {}
    for row in _rows(
        FeedId.EPSS, text[text.index("\n") + 1 :] if "\n" in text else "", ("cve", "epss", "percentile")
    ):
        try:
            scores[row["cve"]] = Epss(score=float(row["epss"]), percentile=float(row["percentile"]))
        except ValueError as error:
            raise FeedError(f"epss: {row['cve']} has no score: {error}") from error
    return f"{head['model']} of {head['date']}", moment(head["date"]), scores


_ASSESSED = {
    "exploitation": ("none", "poc", "active"),
    "automatable": ("yes", "no"),
    "technical_impact": ("partial", "total"),
}


def _ssvc(body: bytes) -> tuple[dict[str, Ssvc], datetime | None]:
    """The file does not date itself: it is as new as its newest assessment."""
    found: dict[str, Ssvc] = {}
    newest = ""
    for row in _rows(FeedId.SSVC, bytes(as_utf8(body)).decode("utf-8", "replace"), ("cve", *_ASSESSED)):
        value = {
            name: word if (word := row[name].strip().lower()) in known else ""
            for name, known in _ASSESSED.items()
        }
        found[row["cve"]] = Ssvc(
            exploitation=value["exploitation"],
            automatable=value["automatable"],
            impact=value["technical_impact"],
        )
        newest = max(newest, row.get("timestamp") or "")
    return found, moment(newest)


def _aliases(body: bytes) -> Iterator[Alias]:
    for row in _rows(
        FeedId.ALIASES,
        bytes(as_utf8(body)).decode("utf-8", "replace"),
        ("source", "id", "alias", "withdrawn", "kind"),
    ):
        yield Alias(
            source=row["source"],
            id=row["id"],
            alias=row["alias"],
            withdrawn=bool(row["withdrawn"].strip()),
            kind=row["kind"],
        )


def _rows(feed: FeedId, text: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Rows of a CSV by column; raises FeedError where a column is missing, a row is short, or there is none."""
    reader = csv.DictReader(io.StringIO(text))
    lacking = [name for name in columns if name not in (reader.fieldnames or ())]
    if lacking:
        raise FeedError(
            f"{feed}: expected a CSV with the columns {', '.join(columns)}; {', '.join(lacking)} is missing"
        )
    count = 0
    try:
        for row in reader:
            if any(row[name] is None for name in columns):
                raise FeedError(f"{feed}: line {reader.line_num} is cut off")
            count += 1
            yield row
    except csv.Error as error:
        raise FeedError(f"{feed}: line {reader.line_num}: {error}") from error
    if not count:
        raise FeedError(f"{feed}: the file has no rows")
