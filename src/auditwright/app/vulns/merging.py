"""Merge reports, with the feeds and rules of a program where there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditwright.app.cycles import no_search_for_cycles
from auditwright.app.errors import AppError
from auditwright.app.vulns.exposing import line_facts
from auditwright.app.vulns.files import ReadFile, read_files
from auditwright.app.vulns.kept import feeds_from, feeds_of
from auditwright.app.workspace import Workspace
from auditwright.core.evidence import digest_of
from auditwright.program.vulnerabilities import VulnerabilityDecision, VulnerabilitySettings
from auditwright.vulns.decision_table import DecisionTable, DecisionTableError
from auditwright.vulns.disparity import Comparison, compare_tools
from auditwright.vulns.feeds import FeedId, Feeds
from auditwright.vulns.issue import Merged
from auditwright.vulns.merge import merge
from auditwright.vulns.policy import DEFAULT_TABLE, Policy, read_table, shipped_table
from auditwright.vulns.triage import Rules
from auditwright.vulns.vex import Decision, Decisions, InvalidDecisionError, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Merging:
    """Reports, merged and compared, and the rules to go by."""

    files: tuple[ReadFile, ...]
    merged: Merged
    comparisons: tuple[Comparison, ...]
    rules: Rules


def merged_files(
    paths: Sequence[Path],
    *,
    now: datetime,
    workspace: Workspace | None = None,
    feed_files: Mapping[FeedId, Path] | None = None,
) -> Merging:
    """Read and merge reports. Raises AppError naming the file, the feed or the line of the program that is wrong."""
    files = read_files(paths)
    feeds = _feeds(workspace, feed_files or {})
    with no_search_for_cycles():
        merged = merge((file.report for file in files), aliases=feeds.aliases)
        comparisons = compare_tools(merged)
    statements = [statement for file in files for statement in file.report.statements]
    settings = workspace.program.vulnerabilities if workspace is not None else None
    rules = Rules(
        at=now,
        policy=policy_of(settings),
        feeds=feeds,
        decisions=Decisions(decisions_of(settings), statements),
        lines=line_facts(workspace, merged.reports, now=now) if workspace is not None else {},
    )
    return Merging(files=files, merged=merged, comparisons=comparisons, rules=rules)


def _feeds(workspace: Workspace | None, files: Mapping[FeedId, Path]) -> Feeds:
    if not files:
        return feeds_of(workspace) if workspace is not None else feeds_from({})
    bodies: dict[FeedId, tuple[bytes, str]] = {}
    for feed, path in files.items():
        try:
            body = path.read_bytes()
        except OSError as error:
            raise AppError(f"{path} cannot be read: {error.strerror}") from None
        bodies[feed] = (body, digest_of(body))
    return feeds_from(bodies)


def policy_of(settings: VulnerabilitySettings | None) -> Policy:
    """The policy of a program, or the default; raises AppError with the file and line."""
    if settings is None:
        return Policy(table=shipped_table(DEFAULT_TABLE))
    policy = Policy(table=_table(settings))
    return Policy(
        table=policy.table,
        returns_after_days=settings.returns_after_days or policy.returns_after_days,
        feed_days=settings.feed_days or policy.feed_days,
    )


def _table(settings: VulnerabilitySettings) -> DecisionTable:
    for path, body in settings.tables.items():
        try:
            table = read_table(body)
        except DecisionTableError as error:
            raise AppError(f"{path}:1: {error}") from None
        if table.id == settings.table:
            return table
    try:
        return shipped_table(settings.table or DEFAULT_TABLE)
    except DecisionTableError as error:
        raise AppError(f"{settings.where}: {error}") from None


def decisions_of(settings: VulnerabilitySettings | None) -> tuple[Decision, ...]:
    """The decisions of a program; raises AppError with the file and line of one that lacks something."""
    return tuple(_decision(written) for written in settings.decisions) if settings is not None else ()


def _decision(written: VulnerabilityDecision) -> Decision:
    try:
        return Decision(
            id=written.id,
            vulnerability=written.vulnerability,
            line=written.line,
            package=written.package,
            status=Status(written.status),
            justification=written.justification,
            reason=written.reason,
            author=written.author,
            approver=written.approver,
            at=written.at,
            until=written.until,
        )
    except InvalidDecisionError as error:
        raise AppError(f"{written.where}: {error}") from None
