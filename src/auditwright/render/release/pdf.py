"""A release report as a PDF for paper and for archives."""

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

from auditwright.core.canonical import Json
from auditwright.render import words
from auditwright.render.paper import Object, breakable, typeset
from auditwright.render.release import words as said
from auditwright.vulns.release import Change, Group, ReleaseReport, Reported

MAX_UPGRADES = 100
"""Rows of what is to be done; the CSV has every one."""

MAX_ISSUES = 25
"""Rows of one group: paper is read from front to back."""

MAX_ASSETS = 50
"""Rows of assets; the JSON form has every one."""

MAX_TEXT = 300


def release_pdf(report: ReleaseReport, *, fonts: Path | None = None) -> bytes:
    """The report as PDF; `fonts` is a folder with Inter and JetBrains Mono. Raises PdfError."""
    return typeset("release.typ", _data(report), fonts=fonts, timestamp=int(report.made_at.timestamp()))


def _data(report: ReleaseReport) -> Object:
    at = report.made_at.astimezone(UTC)
    name = words.clipped(report.organization, 120)
    return {
        "title": f"Vulnerabilities of {words.clipped(report.release, 80)}",
        "author": name,
        "date": [at.year, at.month, at.day],
        "as-of": f"Issue {report.issue}, {words.moment(at)}",
        "headline": said.headline(report),
        "lede": said.lede(report),
        "notice": _t(report.notice),
        "no-opinion": words.NO_OPINION,
        "unchecked": [_t(note) for note in said.unchecked(report)],
        "facts": _facts(report),
        "upgrades": _upgrades(report),
        "upgrades-note": _shown(len(report.upgrades), MAX_UPGRADES, "upgrade", "upgrades.csv"),
        "standing": _standing(report),
        "overlaps": _overlaps(report),
        "groups": _groups(report),
        "assets": _assets(report),
        "sources": _sources(report),
    }


def _t(text: str, limit: int = MAX_TEXT) -> str:
    return breakable(words.clipped(text, limit))


def _shown(total: int, limit: int, noun: str, file: str) -> str:
    return (
        f"{words.number(limit)} of {words.many(total, noun)} are shown; {file} has every one."
        if total > limit
        else ""
    )


def _facts(report: ReleaseReport) -> Sequence[Sequence[Json]]:
    return [
        [words.number(report.rows), "rows of scanners"],
        [words.number(len(report.issues)), "issues"],
        [words.number(report.fixable_rows), "rows that an upgrade clears"],
        [words.number(len(report.upgrades)), "upgrades to make"],
        [words.number(report.budget.decisions), "decisions left"],
    ]


def _upgrades(report: ReleaseReport) -> Sequence[Sequence[Json]]:
    return [
        [
            _t(said.upgrade_name(upgrade), 80) + (" (known exploited)" if upgrade.exploited else ""),
            _t(said.upgrade_to(upgrade), 120),
            _t(upgrade.place, 80),
            words.number(len(upgrade.issues)),
            words.number(upgrade.rows),
            str(upgrade.severity).capitalize(),
            said.upgrade_due(upgrade, report.made_at),
            _t(upgrade.owner, 40),
        ]
        for upgrade in report.upgrades[:MAX_UPGRADES]
    ]


def _standing(report: ReleaseReport) -> Sequence[Sequence[Json]]:
    rows: list[Sequence[Json]] = []
    if report.previous:
        rows += [
            ["New", words.number(report.changed(Change.NEW)), f"not in {_t(report.previous, 60)}"],
            ["Gone", words.number(len(report.gone)), "no scanner shows it now"],
            ["Still here", words.number(report.changed(Change.STILL)), "in both"],
        ]
    rows += [
        [said.GROUPS[group][0], words.number(count), said.GROUPS[group][1]]
        for group in Group
        if (count := report.counted(group))
    ]
    return rows


def _assets(report: ReleaseReport) -> Sequence[Sequence[Json]]:
    return [
        [
            _t(asset.name, 100),
            said.asset_facts(asset, "exposed")[0],
            said.asset_facts(asset, "criticality")[0],
        ]
        for asset in report.assets[:MAX_ASSETS]
    ]


def _overlaps(report: ReleaseReport) -> Sequence[Object]:
    return [
        {
            "sentence": (
                f"{overlap.left} and {overlap.right} agree on {words.many(overlap.both, 'issue')}; only {overlap.left} shows "
                f"{words.number(overlap.left_only)}, only {overlap.right} {words.number(overlap.right_only)}; "
                f"{words.number(overlap.unexplained)} unexplained."
            ),
            "reasons": [
                [
                    said.reason(each.reason)[0],
                    each.tool,
                    words.number(each.issues),
                    said.reason(each.reason)[1],
                ]
                for each in overlap.reasons
            ],
        }
        for overlap in report.overlaps
    ]


def _groups(report: ReleaseReport) -> Sequence[Object]:
    found: list[Object] = []
    new = [each for each in report.issues if each.change is Change.NEW]
    if new:
        found.append(_group("New in this release", new, report))
    for group in Group:
        members = [each for each in report.issues if each.group is group]
        if members:
            found.append(_group(said.GROUPS[group][0], members, report))
    return found


def _group(title: str, members: Sequence[Reported], report: ReleaseReport) -> Object:
    return {
        "title": f"{title}: {words.many(len(members), 'issue')}",
        "rows": [_issue(each, report) for each in members[:MAX_ISSUES]],
        "note": _shown(len(members), MAX_ISSUES, "issue", "issues.csv"),
    }


def _issue(each: Reported, report: ReleaseReport) -> Sequence[Json]:
    triaged = each.triaged
    stands = triaged.standing.reason or ", ".join(triaged.fix_versions[:3]) or said.GROUPS[each.group][0]
    return [
        _t(triaged.issue.id, 40),
        _t(triaged.issue.family.name, 60),
        str(triaged.severity).capitalize(),
        said.due(triaged, report.made_at),
        ", ".join(triaged.tools),
        _t(stands, 120),
    ]


def _sources(report: ReleaseReport) -> Sequence[Sequence[Json]]:
    files = [
        [
            _t(source.name, 80),
            _t(f"{source.tool} {source.tool_version}", 40),
            words.moment(source.made_at) if source.made_at else "not said",
            words.number(source.rows),
            words.short(source.sha256),
        ]
        for source in report.sources
    ]
    feeds = [
        [
            str(feed.id),
            _t(feed.version, 40),
            words.moment(feed.as_of) if feed.as_of else "not said",
            words.number(feed.entries),
            words.short(feed.sha256),
        ]
        for feed in report.feeds
    ]
    return [*files, *feeds]
