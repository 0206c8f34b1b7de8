"""Publish the vulnerability report of a release: in every form, signed, logged, and compared with the release before."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditwright.app.errors import AppError
from auditwright.app.vulns.kept import Kept, alone, feed_notes, keep_all, published_of, register_of
from auditwright.app.vulns.merging import Merging, merged_files
from auditwright.app.vulns.triaging import Triage, advanced, register_item, report_items, triage_of
from auditwright.app.workspace import Workspace
from auditwright.core.evidence import digest_of
from auditwright.integrations.vulnerabilities import PUBLISHED
from auditwright.render.release.bundle import publication
from auditwright.render.release.json_report import read_published
from auditwright.render.release.statement import PAYLOAD_TYPE, statement
from auditwright.sign.dsse import envelope
from auditwright.vulns.budget import budget
from auditwright.vulns.disparity import Comparison
from auditwright.vulns.reasons import Reason
from auditwright.vulns.register import ReleaseEntry
from auditwright.vulns.release import (
    Gate,
    OneSided,
    Overlap,
    Published,
    ReleaseReport,
    Source,
    compared,
    stopped_by,
)
from auditwright.vulns.target import lines

STATEMENT_FILE = "statement.dsse.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A published report, its files, and what stops the release."""

    report: ReleaseReport
    files: Mapping[str, bytes]
    stops: Mapping[Gate, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseOrder:
    """What is to be published."""

    release: str
    previous: str
    """Empty: the release that was reported last, where there is one."""
    reports: tuple[Path, ...]
    gates: tuple[Gate, ...]


def release(workspace: Workspace, order: ReleaseOrder, *, now: datetime) -> Released:
    """Publish a report, or the next issue of one. Raises AppError and then publishes nothing."""
    merging = merged_files(order.reports, now=now, workspace=workspace)
    with alone(workspace):
        register, entries = advanced(register_of(workspace), merging, now=now, release=order.release)
        before = _before(workspace, order)
        triage = triage_of(merging, register, entries)
        known = register.latest(order.release)
        issue = known.issue + 1 if known is not None else 1
        draft = _Drafting(
            workspace=workspace, release=order.release, triage=triage, before=before, issue=issue, now=now
        )
        report = _report(draft)
        files = dict(publication(report, namespace=namespace_of(workspace)))
        signed = envelope(
            statement(report, {name: hashlib.sha256(body).hexdigest() for name, body in files.items()}),
            PAYLOAD_TYPE,
            workspace.signer,
        )
        files[STATEMENT_FILE] = signed
        entry = ReleaseEntry(
            release=order.release,
            issue=issue,
            made_at=now,
            document=digest_of(files["report.json"]),
            statement=digest_of(signed),
            lines=report.lines,
            open=sum(1 for each in report.issues if each.triaged.open()),
            upgrades=len(report.upgrades),
        )
        items = (
            *report_items(merging, now),
            Kept(stream=PUBLISHED, account=order.release, body=files["report.json"], effective_at=now),
            Kept(
                stream=PUBLISHED,
                account=order.release,
                body=signed,
                parameters=(("form", "dsse"),),
                effective_at=now,
            ),
            *_other_forms(order.release, files, now),
            register_item(register.with_release(entry), now),
        )
        keep_all(workspace, items, now=now)
    return Released(report=report, files=files, stops=stopped_by(report, order.gates))


def _other_forms(release: str, files: Mapping[str, bytes], now: datetime) -> Iterator[Kept]:
    """Every form beside the report and its statement: what was published can be had again, byte by byte."""
    for name, body in files.items():
        if name not in {"report.json", STATEMENT_FILE}:
            yield Kept(
                stream=PUBLISHED, account=release, body=body, parameters=(("file", name),), effective_at=now
            )


def namespace_of(workspace: Workspace) -> str:
    """The organization's URI: as the program says, else made of the name of its log."""
    return workspace.program.vulnerabilities.namespace or f"https://{workspace.verifier_key.name}"


def _before(workspace: Workspace, order: ReleaseOrder) -> Published | None:
    """The report to compare with: the one that was named, a file, or the last of another release."""
    if order.previous and Path(order.previous).is_file():
        return read_previous(Path(order.previous))
    if order.previous:
        return published_from(published_of(workspace, order.previous), order.previous)
    others = [entry for entry in register_of(workspace).releases if entry.release != order.release]
    return published_from(published_of(workspace, others[-1].release), others[-1].release) if others else None


def read_previous(path: Path) -> Published:
    """A published report from its `report.json`; raises AppError."""
    try:
        return published_from(path.read_bytes(), str(path))
    except OSError as error:
        raise AppError(f"{path} cannot be read: {error.strerror}") from None


def published_from(body: bytes, name: str) -> Published:
    """A published report from its JSON form; raises AppError."""
    try:
        return read_published(body)
    except ValueError as error:
        raise AppError(f"{name} is no published report: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drafting:
    """What a report is drafted from."""

    workspace: Workspace
    release: str
    triage: Triage
    before: Published | None
    issue: int
    now: datetime


def _report(draft: _Drafting) -> ReleaseReport:
    triage, before, now = draft.triage, draft.before, draft.now
    merging = triage.merging
    reports = merging.merged.reports
    reported, gone = compared(triage.triaged, before)
    rows = sum(len(report.rows) for report in reports)
    return ReleaseReport(
        organization=draft.workspace.program.organization,
        notice=draft.workspace.program.notice,
        release=draft.release,
        previous=before.release if before is not None else "",
        issue=draft.issue,
        made_at=now,
        lines=tuple(dict.fromkeys(line for named in lines(reports) for line in named)),
        targets=tuple(target for report in reports for target in report.targets),
        sources=tuple(_sources(merging)),
        tools=tuple(report.tool.name for report in reports),
        feeds=tuple(merging.rules.feeds.files.values()),
        feed_notes=feed_notes(merging.rules.feeds, now, days=merging.rules.policy.feed_days),
        table=merging.rules.policy.table.title,
        issues=reported,
        gone=gone,
        upgrades=triage.upgrades,
        overlaps=overlaps(merging.comparisons),
        budget=budget(rows, triage.triaged, triage.upgrades),
        assets=tuple(facts for _, facts in sorted(merging.rules.lines.items())),
    )


def _sources(merging: Merging) -> Iterator[Source]:
    for file in merging.files:
        report = file.report
        yield Source(
            name=file.path.name,
            sha256=file.sha256,
            tool=report.tool.name,
            tool_version=report.tool.version,
            database=report.tool.database,
            made_at=report.made_at,
            rows=len(report.rows),
            skipped=sum(skip.count for skip in report.skipped),
        )


def overlaps(comparisons: Sequence[Comparison]) -> tuple[Overlap, ...]:
    """How far each pair of tools agrees over all asset lines."""
    found: list[Overlap] = []
    for pair in sorted({(each.left, each.right) for each in comparisons}):
        mine = [each for each in comparisons if (each.left, each.right) == pair]
        alone_ = [each for comparison in mine for each in comparison.alone]
        reasons: dict[tuple[Reason, str], int] = {}
        for each in alone_:
            reasons[each.reason, each.tool] = reasons.get((each.reason, each.tool), 0) + 1
        found.append(
            Overlap(
                left=pair[0],
                right=pair[1],
                both=sum(len(each.paired) for each in mine),
                left_only=sum(1 for each in alone_ if each.tool == pair[0]),
                right_only=sum(1 for each in alone_ if each.tool == pair[1]),
                unexplained=sum(1 for each in alone_ if each.reason is Reason.UNEXPLAINED),
                reasons=tuple(
                    OneSided(reason=reason, tool=tool, issues=count)
                    for (reason, tool), count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
                ),
            )
        )
    return tuple(found)
