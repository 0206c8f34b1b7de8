"""A release report made by hand, and one whose every text is hostile."""

from datetime import timedelta

import msgspec

from auditwright.vulns.budget import budget
from auditwright.vulns.feeds import FeedFile, FeedId, Feeds
from auditwright.vulns.grounds import Ground, Origin
from auditwright.vulns.issue import Line
from auditwright.vulns.ledger import Scan, advance, empty_ledger
from auditwright.vulns.merge import merge
from auditwright.vulns.policy import DEFAULT_TABLE, Policy, shipped_table
from auditwright.vulns.release import (
    Group,
    Known,
    OneSided,
    Overlap,
    Published,
    ReleaseReport,
    Source,
    compared,
)
from auditwright.vulns.report import Report, Score, Severity
from auditwright.vulns.triage import LineFacts, Rules, shown, triage
from auditwright.vulns.upgrades import upgrades
from auditwright.vulns.versions import compare
from auditwright.vulns.vex import Decision, Decisions, Status
from tests.vulns.made import IMAGE, NOW, package, report, row

HOSTILE = "<script>alert(1)</script>=cmd|' /C calc'!A0\u202e\x1b[31m\x00"

SCORE = Score(source="nvd", version="3.1", base=9.8, vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")


def reports(spoil: str = "") -> tuple[Report, ...]:
    """Two scanners on one image; `spoil` is put into every text that a scanner writes."""

    def named(text: str) -> str:
        return f"{text}{spoil}"

    shared = [
        row(
            "CVE-2024-0001",
            of=package(named("libssl3")),
            fixed=(named("3.0.12-1"),),
            severity=Severity.CRITICAL,
            scores=(SCORE,),
            title=named("A hole"),
        ),
        row("CVE-2024-0002", of=package("zlib1g", source=named("zlib"), paths=(named("/lib/z"),))),
        row("CVE-2024-0003", of=package("tar", source="tar"), state="wont-fix", severity=Severity.LOW),
    ]
    target = msgspec.structs.replace(IMAGE, name=named(IMAGE.name), tags=(named(IMAGE.tags[0]),))
    more = row(
        "GHSA-aaaa-aaaa-aaaa",
        aliases=("CVE-2024-0004",),
        of=package(named("golang.org/x/net"), "v0.1.0", ecosystem="golang"),
        fixed=("0.2.0",),
    )
    return (report(named("grype"), [*shared, more], target=target), report("trivy", shared, target=target))


DECISIONS = (
    Decision(
        id="D-1",
        vulnerability="CVE-2024-0002",
        line="*",
        package="*",
        status=Status.ACCEPTED,
        reason="no untrusted input reaches it",
        author="ada",
        approver="bob",
        at=NOW - timedelta(days=1),
        until=NOW + timedelta(days=30),
    ),
    Decision(
        id="D-2",
        vulnerability="CVE-2024-0003",
        line="*",
        package="*",
        status=Status.NOT_AFFECTED,
        justification="vulnerable_code_not_in_execute_path",
        reason="nothing unpacks an archive",
        author="ada",
        at=NOW - timedelta(days=1),
    ),
)


def grounds(spoil: str = "") -> tuple[Ground, ...]:
    """What is known of the asset line."""
    return (
        Ground(
            point="exposed",
            value="yes",
            origin=Origin.SETTINGS,
            because=f"customers call it{spoil}",
            evidence=("c" * 64,),
            otherwise=f"no: nothing leads to it{spoil}",
        ),
        Ground(point="criticality", value="unknown", origin=Origin.NOBODY, because=f"no tag says it{spoil}"),
    )


def release_report(spoil: str = "", *, first: bool = False) -> ReleaseReport:
    """A report of three kinds of issue against the release before."""
    merged = merge(reports(spoil))
    line = merged.issues[0].line
    rules = Rules(
        at=NOW,
        policy=Policy(table=shipped_table(DEFAULT_TABLE)),
        feeds=Feeds(
            files={},
            exploited={"CVE-2024-0001": "2026-11-01"},
            ransomware=frozenset(),
            epss={},
            ssvc={},
            aliases=(),
        ),
        decisions=Decisions(DECISIONS),
        lines={line.name: LineFacts(name=line.name, owner=f"Ada{spoil}", grounds=grounds(spoil))},
    )
    ledger = advance(
        empty_ledger(line),
        Scan(at=NOW - timedelta(days=5), tools=("grype", "trivy"), reports=("1", "2")),
        shown(merged, merged.issues, rules),
        policy=rules.policy,
    )
    index = {(entry.family, id_): entry for entry in ledger.entries for id_ in entry.ids}
    triaged = triage(merged, {issue.key: index[issue.family, issue.id] for issue in merged.issues}, rules)
    before = None if first else _before(line)
    reported, gone = compared(triaged, before)
    made = upgrades(merged, triaged, compare)
    rows = sum(len(each.rows) for each in merged.reports)
    return ReleaseReport(
        organization=f"Acme{spoil}",
        notice=spoil,
        release=f"1.1{spoil}",
        previous="" if before is None else before.release,
        issue=2,
        made_at=NOW,
        lines=(line,),
        targets=tuple(target for each in merged.reports for target in each.targets),
        sources=tuple(
            Source(
                name=f"{each.tool.name}.json",
                sha256="a" * 64,
                tool=each.tool.name,
                tool_version=each.tool.version,
                database=each.tool.database,
                made_at=each.made_at,
                rows=len(each.rows),
                skipped=1,
            )
            for each in merged.reports
        ),
        tools=tuple(each.tool.name for each in merged.reports),
        feeds=(FeedFile(id=FeedId.KEV, version=f"2026.11.19{spoil}", as_of=NOW, entries=1, sha256="b" * 64),),
        feed_notes=("epss is missing: how likely an exploit is, is as the scanners say",),
        table=rules.policy.table.title,
        issues=reported,
        gone=gone,
        upgrades=made,
        overlaps=(
            Overlap(
                left="grype",
                right="trivy",
                both=3,
                left_only=1,
                right_only=0,
                unexplained=0,
                reasons=(OneSided(reason="ecosystem-not-covered", tool="grype", issues=1),),
            ),
        ),
        assets=tuple(rules.lines.values()),
        budget=budget(rows, triaged, made),
    )


def _before(line: Line) -> Published:
    family = merge(reports()).issues[0].family
    ids = ("CVE-2024-0001", "CVE-2020-0001")
    return Published(
        release="1.0",
        issue=1,
        made_at=NOW,
        issues=tuple(
            Known(line=line, ids=(id_,), family=family, severity=Severity.HIGH, group=Group.FIXABLE)
            for id_ in ids
        ),
    )
