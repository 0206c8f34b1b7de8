"""The sentences of a release report: its headline, what a group or a reason means, and how a deadline stands."""

from collections.abc import Mapping
from datetime import datetime

from auditwright.render.words import clipped, day, many, number
from auditwright.vulns.grounds import Ground, Origin
from auditwright.vulns.release import Change, Group, ReleaseReport
from auditwright.vulns.triage import LineFacts, Triaged
from auditwright.vulns.upgrades import BASE_IMAGE, Upgrade

UNFIXABLE = (Group.NOT_FIXED, Group.WONT_FIX, Group.FIX_UNKNOWN)
"""Groups of open issues that no upgrade clears."""

GROUPS: Mapping[Group, tuple[str, str]] = {
    Group.FIXABLE: ("An upgrade clears it", "listed above"),
    Group.NOT_FIXED: ("No fix exists yet", "looked at again with each scan"),
    Group.WONT_FIX: ("The vendor will not fix it", "the vendor's word, as the scanner hands it on"),
    Group.FIX_UNKNOWN: ("No scanner says whether a fix exists", "not known, and not taken for harmless"),
    Group.ACCEPTED: ("Accepted until a day", "approved by another person; counts again after it"),
    Group.NOT_AFFECTED: ("Does not affect this product", "with a justification, as VEX"),
    Group.FIXED: ("Stated to be fixed, still shown", "a statement against a scanner: look at it"),
}
"""What a group is called, and how to read it."""

REASONS: Mapping[str, tuple[str, str]] = {
    "cpe-only": ("Matched by a product name alone", "often false; look first"),
    "vendor-wontfix-omitted": ("Without a fix, so omitted", "real, no fix"),
    "db-snapshot-date": ("Database of another day", "ends when both scan on one day"),
    "no-cve-advisory": ("Advisory without a CVE", "real"),
    "ecosystem-not-covered": ("Ecosystem is not covered", "real"),
    "binary-not-detected": ("Package was not found", "real where the package is there"),
    "package-not-shown": ("Nothing in this package", "not found, or nothing known of it"),
    "named-differently": ("Package goes by another name", "look which name is right"),
    "list-cut-off": ("Other report looks cut off", "scan again, and save all of it"),
    "vendor-status": ("Vendor's list of what has no fix", "real, no fix"),
    "backport": ("Fix was taken over without the version", "likely fixed; confirm"),
    "severity-filter": ("Milder than what the other shows", "real, and mild"),
    "kernel-headers": ("Kernel headers, no kernel", "not reachable"),
    "source-differs": ("From a source the other does not read", "real, by that source"),
    "unexplained": ("Unexplained", "look at it"),
}
"""What a reason for a disagreement is called (`vulns.reasons`), and how to read it."""


def headline(report: ReleaseReport) -> str:
    """The answer: how many rows are how many upgrades."""
    upgrades = len(report.upgrades)
    if not report.rows:
        return "No vulnerability was found"
    if not upgrades:
        return f"{_are(report.rows, 'row')} no upgrade: nothing can be fixed today"
    return f"{_are(report.fixable_rows, 'fixable row')} {many(upgrades, 'upgrade')}"


def _are(count: int, noun: str) -> str:
    return f"{many(count, noun)} {'is' if count == 1 else 'are'}"


def lede(report: ReleaseReport) -> str:
    """What changed, in one sentence or two."""
    subject = f"Release {clipped(report.release, 80)} of {clipped(report.organization, 80)}"
    unfixable = report.counted(*UNFIXABLE)
    rest = f"{_are(unfixable, 'open issue')} beyond any upgrade today, and the reason is given for each."
    if not report.previous:
        return f"{subject}, the first that is reported: {many(len(report.issues), 'issue')} in {many(report.rows, 'row')}. {rest}"
    return (
        f"{subject}, against {clipped(report.previous, 80)}. {number(report.changed(Change.NEW))} new, "
        f"{number(len(report.gone))} gone, {number(report.changed(Change.STILL))} still here. {rest}"
    )


def due(triaged: Triaged, now: datetime) -> str:
    """How an issue's deadline stands: `2 days past, of 3`, `5 days left of 14`, `on upgrade`."""
    return _due(
        triaged.due_at,
        triaged.entry.clock.term.label if triaged.entry else triaged.decision.deadline.label,
        now,
    )


def upgrade_due(upgrade: Upgrade, now: datetime) -> str:
    """The same for the soonest of an upgrade's issues."""
    first = min(upgrade.issues, key=lambda each: (each.due_at is None, each.due_at or now))
    return due(first, now)


def _due(at: datetime | None, label: str, now: datetime) -> str:
    if at is None:
        return label
    seconds = (at - now).total_seconds()
    days = int(abs(seconds) // 86_400)
    if seconds < 0:
        return f"{many(days, 'day')} past, since {day(at)}" if days else f"past since {day(at)}"
    return f"{many(days, 'day')} left, until {day(at)}" if days else f"today, until {at:%H:%M} UTC"


def past(upgrade: Upgrade, now: datetime) -> bool:
    """True where one of its deadlines has passed."""
    return upgrade.due_at is not None and upgrade.due_at < now


def upgrade_name(upgrade: Upgrade) -> str:
    """What is upgraded."""
    return f"{upgrade.what or 'base'} base image" if upgrade.place == BASE_IMAGE else upgrade.what


def upgrade_to(upgrade: Upgrade) -> str:
    """From which versions to which."""
    if upgrade.place == BASE_IMAGE:
        return f"a newer one: {many(len(upgrade.packages), 'package')}"
    installed = ", ".join(upgrade.installed[:2]) + (" …" if len(upgrade.installed) > 2 else "")  # noqa: PLR2004 - two fit
    to = upgrade.to or (
        f"one of {', '.join(upgrade.candidates[:3])}" if upgrade.candidates else "a newer version"
    )
    return f"{installed} → {to}" if installed else to


def unchecked(report: ReleaseReport) -> tuple[str, ...]:
    """What this report could not know, said first."""
    skipped = [
        f"{clipped(source.name, 60)}: {many(source.skipped, 'part')} not understood"
        for source in report.sources
        if source.skipped
    ]
    unexplained = sum(overlap.unexplained for overlap in report.overlaps)
    return (
        *report.feed_notes,
        *skipped,
        *(
            [f"{many(unexplained, 'disagreement')} of the scanners could not be explained"]
            if unexplained
            else []
        ),
    )


ORIGINS: Mapping[Origin, str] = {
    Origin.SETTINGS: "set by the organization",
    Origin.INVENTORY: "by what was collected",
    Origin.NOBODY: "taken for the worst",
}
"""Who says what is known of an asset. Why it is so names addresses and firewalls, and stays with the organization."""


def known_of(ground: Ground) -> str:
    """`yes, set by the organization; what was collected says otherwise`."""
    otherwise = "; what was collected says otherwise" if ground.otherwise else ""
    return f"{ground.value}, {ORIGINS[ground.origin]}{otherwise}"


def asset_facts(asset: LineFacts, point: str) -> tuple[str, tuple[str, ...]]:
    """What is known of an asset on one point, and the evidence of it."""
    ground = next((each for each in asset.grounds if each.point == point), None)
    return ("not said", ()) if ground is None else (known_of(ground), ground.evidence)


def reason(code: str) -> tuple[str, str]:
    """What a reason for a disagreement is called, and how to read it; a code that is not known speaks for itself."""
    return REASONS.get(code, (code.replace("-", " ").capitalize(), "see the explanation of each row"))
