"""Vulnerabilities: the issues of an asset line, the scans that looked for them, and the reports of releases."""

from dataclasses import dataclass
from datetime import datetime

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerabilityIssue(Resource):
    """One vulnerability in one package family of one asset line, for one run of its clock."""

    asset: str
    package: str
    vulnerability: str
    severity: str
    """critical, high, medium, low, negligible, none or unknown."""
    detected_at: datetime
    due_at: datetime | None
    """None where it is due with the next planned upgrade."""
    gone_at: datetime | None
    """When every tool that showed it looked again and no longer did, or the asset went out of use; None while it is open."""
    last_seen_at: datetime
    accepted_until: datetime | None
    """Until when somebody accepted the risk; None where nobody did."""
    not_affected: str
    """Why it does not affect the asset, as somebody stated; empty where nobody did."""
    tools: tuple[str, ...]
    out_of_use: str = ""
    """Who said that the asset is out of use, and why, where it is gone for that alone."""
    not_affected_until: datetime | None = None
    """When that statement ends, and the issue counts again; None where it has no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedAsset(Resource):
    """An asset line that is scanned for vulnerabilities, and when that was last done."""

    scanned_at: datetime
    tools: tuple[str, ...]
    """Of the last scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerabilityReport(Resource):
    """The vulnerability report of a release, in its newest issue."""

    release: str
    made_at: datetime
    open_issues: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Resource):
    """A release of software, as the repository's history or the pipeline names it."""

    release: str
    released_at: datetime | Unknown
