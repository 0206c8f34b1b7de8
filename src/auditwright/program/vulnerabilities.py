"""What an organization says about vulnerabilities: its asset lines, its deadlines, and its decisions.

```
auditwright.toml     [vulnerabilities] table, returns_after_days, feed_days, namespace; [[vulnerabilities.line]];
                     [vulnerabilities.inventory] tags, high, medium, low, production, days
vulnerabilities/     *.yaml: decisions; *.toml: decision tables of its own
```
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from auditwright.program.document import Entry, yaml_entries

FOLDER = "vulnerabilities/"
CRITICALITIES = ("high", "medium", "low")
STATUSES = ("not_affected", "affected", "fixed", "under_investigation", "accepted")


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerabilityLine:
    """What is known of an asset line that no scanner can tell."""

    name: str
    owner: str
    exposed: bool | None
    criticality: str
    basis: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InventorySettings:
    """How exposure and criticality are derived from what was collected; None where the default counts."""

    tags: tuple[str, ...] | None = None
    """Names of tags that say how much depends on something."""
    high: tuple[str, ...] | None = None
    medium: tuple[str, ...] | None = None
    low: tuple[str, ...] | None = None
    production: tuple[str, ...] = ()
    """Accounts in which everything is of high criticality."""
    days: int | None = None
    """How old what was collected may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerabilityDecision:
    """A decision about a vulnerability as it was written; what it needs is checked by `vulns.vex`."""

    id: str
    vulnerability: str
    line: str
    package: str
    status: str
    justification: str
    reason: str
    author: str
    approver: str
    at: datetime
    until: datetime | None
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerabilitySettings:
    """Everything that an organization defines about vulnerabilities."""

    table: str
    """The id of a decision table; empty for the default."""
    tables: Mapping[str, bytes]
    """The organization's own tables, by path."""
    returns_after_days: int | None
    feed_days: int | None
    namespace: str
    """The organization's URI, under which its VEX documents get their ids; empty: made of the log's name."""
    feeds: Mapping[str, str]
    """Addresses to download feeds from, by the feed's name."""
    lines: tuple[VulnerabilityLine, ...]
    decisions: tuple[VulnerabilityDecision, ...]
    where: str
    inventory: InventorySettings = InventorySettings()


def vulnerability_settings(entry: Entry | None, files: Mapping[str, bytes]) -> VulnerabilitySettings:
    """Read the settings and the folder; raises ProgramError with file:line."""
    tables = {
        path: body for path, body in files.items() if path.startswith(FOLDER) and path.endswith(".toml")
    }
    decisions = tuple(_decisions(files))
    if entry is None:
        return VulnerabilitySettings(
            table="",
            tables=tables,
            returns_after_days=None,
            feed_days=None,
            namespace="",
            feeds={},
            lines=(),
            decisions=decisions,
            where="auditwright.toml:1",
        )
    fields = entry.fields()
    fields.only("table", "returns_after_days", "feed_days", "namespace", "line", "feeds", "inventory")
    table, namespace, lines = fields.optional("table"), fields.optional("namespace"), fields.optional("line")
    if namespace is not None and not namespace.text().startswith(("https://", "http://", "urn:")):
        raise namespace.error("expected a URI, such as https://northwind.example")
    return VulnerabilitySettings(
        table=table.text() if table else "",
        tables=tables,
        returns_after_days=_days(fields.optional("returns_after_days")),
        feed_days=_days(fields.optional("feed_days")),
        namespace=namespace.text().rstrip("/") if namespace else "",
        feeds=dict(_feeds(fields.optional("feeds"))),
        lines=tuple(_lines(lines)) if lines else (),
        decisions=decisions,
        where=f"{entry.document.file}:{entry.document.line(entry.path)}",
        inventory=_inventory(fields.optional("inventory")),
    )


def _inventory(entry: Entry | None) -> InventorySettings:
    if entry is None:
        return InventorySettings()
    fields = entry.fields()
    fields.only("tags", *CRITICALITIES, "production", "days")
    given = {name: written.texts() for name in ("tags", *CRITICALITIES) if (written := fields.optional(name))}
    production = fields.optional("production")
    return InventorySettings(
        tags=given.get("tags"),
        high=given.get("high"),
        medium=given.get("medium"),
        low=given.get("low"),
        production=production.texts() if production else (),
        days=_days(fields.optional("days")),
    )


def _days(entry: Entry | None) -> int | None:
    if entry is None:
        return None
    if entry.integer() < 1:
        raise entry.error("expected a number of days, at least 1")
    return entry.integer()


FEEDS = ("kev", "epss", "ssvc", "aliases")


def _feeds(entry: Entry | None) -> Iterator[tuple[str, str]]:
    if entry is None:
        return
    fields = entry.fields()
    fields.only(*FEEDS)
    for name, address in fields:
        if not address.text().startswith(("https://", "http://")):
            raise address.error("expected an address that begins with https:// or http://")
        yield name, address.text()


def _lines(entry: Entry) -> Iterator[VulnerabilityLine]:
    seen: dict[str, str] = {}
    for each in entry.items():
        fields = each.fields()
        fields.only("name", "owner", "exposed", "criticality", "basis")
        owner, exposed = fields.optional("owner"), fields.optional("exposed")
        criticality, basis = fields.optional("criticality"), fields.optional("basis")
        if criticality is not None and criticality.text() not in CRITICALITIES:
            raise criticality.error(f"expected one of {', '.join(CRITICALITIES)}")
        name = fields.required("name").text()
        where = f"{each.document.file}:{each.document.line(each.path)}"
        if name in seen:
            raise each.error(f"the line {name!r} stands in {seen[name]} already")
        seen[name] = where
        yield VulnerabilityLine(
            name=name,
            owner=owner.text() if owner else "",
            exposed=exposed.flag() if exposed else None,
            criticality=criticality.text() if criticality else "",
            basis=basis.text() if basis else "",
            where=where,
        )


def _decisions(files: Mapping[str, bytes]) -> Iterator[VulnerabilityDecision]:
    seen: dict[str, str] = {}
    for entry in yaml_entries(files, FOLDER):
        fields = entry.fields()
        fields.only(
            *("id", "vulnerability", "line", "package", "status", "justification"),
            *("reason", "author", "approver", "at", "until"),
        )
        status = fields.required("status")
        if status.text() not in STATUSES:
            raise status.error(f"expected one of {', '.join(STATUSES)}")
        until = fields.optional("until")
        texts = {
            name: given.text() if (given := fields.optional(name)) else ""
            for name in ("line", "package", "justification", "approver")
        }
        decision = VulnerabilityDecision(
            id=fields.required("id").text(),
            vulnerability=fields.required("vulnerability").text(),
            line=texts["line"] or "*",
            package=texts["package"] or "*",
            status=status.text(),
            justification=texts["justification"],
            reason=fields.required("reason").text(),
            author=fields.required("author").text(),
            approver=texts["approver"],
            at=fields.required("at").moment(),
            until=until.moment() if until else None,
            where=f"{entry.document.file}:{entry.document.line(entry.path)}",
        )
        if decision.id in seen:
            raise entry.error(f"the decision {decision.id} stands in {seen[decision.id]} already")
        seen[decision.id] = decision.where
        yield decision
