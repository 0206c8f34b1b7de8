"""What several tools' rows come to: issues. An issue is one vulnerability in one package family of one asset line.

Three levels: a **row** is evidence, what one tool said; an **issue** is what a person decides about (triage, SLA and VEX live
there, and nothing in its key changes with a severity, a version, a path or a tool); an **upgrade** is what a person
does (`vulns.upgrades`): the lowest version of one thing that clears many issues.
"""

import msgspec

from auditwright.vulns.report import Report, Row


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An asset line: what is scanned again with every release, such as an image's repository for one architecture."""

    name: str
    """The repository without tag and digest; a machine's or folder's name where it is no image."""
    architecture: str = ""


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """Packages that are fixed together: what is built from one source package, or one package of a language."""

    ecosystem: str
    distribution: str = ""
    """Its one name, such as `debian`, without a version, so that an upgrade of it makes no issue a new one; `""` for the
    packages of a language."""
    name: str
    """The source package's name; for a language its normal form (PEP 503, `group:artifact`)."""


class Sighting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A row and the report that it stands in."""

    report: int
    """Position in `Merged.reports`."""
    row: Row


IssueKey = tuple[Line, Family, str]
"""What an issue is known again by: its line, its family and its leading id."""


class Issue(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One vulnerability in one family of one asset line, and every row that says so."""

    line: Line
    ids: tuple[str, ...]
    """The cluster of ids that mean this vulnerability, the leading one first: a CVE where there is one. Never a bundle."""
    family: Family
    sightings: tuple[Sighting, ...]
    """In canonical order, whatever the order of reports and rows was."""

    @property
    def id(self) -> str:
        """The leading id."""
        return self.ids[0]

    @property
    def key(self) -> IssueKey:
        """What it is known again by."""
        return (self.line, self.family, self.ids[0])


class RefusedJoin(msgspec.Struct, frozen=True, kw_only=True):
    """Two ids that a source calls the same, and that were kept apart since each has a CVE of its own."""

    source: str
    left: str
    right: str


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """Several reports as one list."""

    reports: tuple[Report, ...]
    issues: tuple[Issue, ...]
    refused: tuple[RefusedJoin, ...] = ()
