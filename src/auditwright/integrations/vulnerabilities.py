"""Vulnerabilities: the register that `auditwright vulns` keeps, as resources that control tests examine.

Nothing is asked: the register, the reports of scanners and the feeds were kept as evidence when they were taken in, and a
run goes by the newest register, which stands until the next one: what is old in it has its own date.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.ids import IntegrationId, ResourceId, StreamId
from auditwright.core.integration import (
    Captured,
    Check,
    Config,
    Integration,
    MalformedEvidenceError,
    Operation,
    Stream,
    Target,
)
from auditwright.core.resource import Resource
from auditwright.core.resources import ScannedAsset, VulnerabilityIssue, VulnerabilityReport
from auditwright.vulns import register as registers
from auditwright.vulns.ledger import Entry, Ledger
from auditwright.vulns.register import Register, Retired

VULNERABILITIES: Final = IntegrationId("vulnerabilities")
REGISTER: Final = StreamId("vulnerabilities.register")
REPORTS: Final = StreamId("vulnerabilities.reports")
FEEDS: Final = StreamId("vulnerabilities.feeds")
PUBLISHED: Final = StreamId("vulnerabilities.published")

KEPT_DAYS: Final = 400
"""How long an issue that is gone stays an item: a period of a year, and some."""


def targets(config: Config) -> Iterator[Target | Captured]:
    """Nothing is asked."""
    del config
    yield from ()


def collect(target: Target) -> Iterator[Captured]:
    """Nothing is asked."""
    del target
    yield from ()


def check(config: Config) -> Iterator[Check]:
    """Nothing can be refused."""
    del config
    yield from ()


def normalize(evidence: Sequence[Evidence], gaps: Sequence[Gap]) -> Iterator[Resource]:
    """The assets, the issues and the reports of the newest register."""
    del gaps
    for item in evidence:
        try:
            register = registers.read(item.body)
        except ValueError as error:
            raise MalformedEvidenceError(str(error)) from None
        retired = {each.line: each for each in register.retired}
        for ledger in register.ledgers:
            yield from _of_ledger(ledger, item, retired.get(ledger.line))
        yield from _reports(register, item)


def _of_ledger(ledger: Ledger, item: Evidence, retired: Retired | None) -> Iterator[Resource]:
    name = " ".join(part for part in (ledger.line.name, ledger.line.architecture) if part)
    if ledger.scans and retired is None:
        last = ledger.scans[-1]
        yield ScannedAsset(
            id=ResourceId(f"asset:{name}"),
            name=name,
            scope=item.scope,
            evidence=(item.digest,),
            scanned_at=last.at,
            tools=tuple(sorted(set(last.tools))),
        )
    for entry in ledger.entries:
        yield from _issues(name, entry, item, retired)


def _issues(line: str, entry: Entry, item: Evidence, retired: Retired | None) -> Iterator[VulnerabilityIssue]:
    for number, clock in enumerate(entry.clocks, start=1):
        if clock.gone_at is not None and _long_gone(clock.gone_at, item.effective_at):
            continue
        continued = number < len(entry.clocks) and entry.clocks[number].detected_at == clock.detected_at
        if continued:
            continue  # it came back within the policy's days: the clock that goes on stands for both
        again = f" #{number}" if number > 1 else ""
        yield VulnerabilityIssue(
            id=ResourceId(
                f"vulnerability:{line}:{entry.family.ecosystem}:{entry.family.name}:{entry.id}{again}"
            ),
            name=f"{entry.id} in {entry.family.name} of {line}",
            scope=item.scope,
            evidence=(item.digest,),
            asset=line,
            package=entry.family.name,
            vulnerability=entry.id,
            severity=entry.severity,
            detected_at=clock.detected_at,
            due_at=clock.term.due_at,
            gone_at=clock.gone_at,
            last_seen_at=entry.last_seen_at,
            accepted_until=entry.accepted_until,
            not_affected=entry.not_affected,
            not_affected_until=entry.not_affected_until,
            tools=entry.seen_by,
            out_of_use=f"{retired.by}: {retired.reason}"
            if retired is not None and clock.gone_at == retired.at
            else "",
        )


def _long_gone(gone_at: datetime, now: datetime) -> bool:
    return now - gone_at > timedelta(days=KEPT_DAYS)


def _reports(register: Register, item: Evidence) -> Iterator[VulnerabilityReport]:
    newest = {entry.release: entry for entry in register.releases}
    for release, entry in newest.items():
        yield VulnerabilityReport(
            id=ResourceId(f"vulnerability-report:{release}"),
            name=release,
            scope=item.scope,
            evidence=(item.digest,),
            release=release,
            made_at=entry.made_at,
            open_issues=entry.open,
        )


def nothing(evidence: Sequence[Evidence], gaps: Sequence[Gap]) -> Iterator[Resource]:
    """Reports and feeds are kept for people and for the register; no item is made of them."""
    del evidence, gaps
    yield from ()


def _stream(stream: StreamId, title: str) -> Stream:
    return Stream(
        id=stream,
        title=title,
        operations=(Operation(name=str(stream).replace(".", ":"), permission=""),),
        emits=(),
        collect=collect,
        normalize=nothing,
    )


INTEGRATION: Final = Integration(
    id=VULNERABILITIES,
    title="Vulnerabilities",
    summary="Issues, scans and release reports, as `auditwright vulns` keeps them.",
    fields=(),
    streams=(
        Stream(
            id=REGISTER,
            title="Register of vulnerabilities",
            operations=(
                Operation(
                    name="vulnerabilities:register",
                    permission="",
                    lists=(ScannedAsset, VulnerabilityIssue, VulnerabilityReport),
                ),
            ),
            emits=(ScannedAsset, VulnerabilityIssue, VulnerabilityReport),
            collect=collect,
            normalize=normalize,
            stands=True,
        ),
        _stream(REPORTS, "Reports of scanners"),
        _stream(FEEDS, "Feeds about vulnerabilities"),
        _stream(PUBLISHED, "Vulnerability reports of releases"),
    ),
    targets=targets,
    check=check,
    read=lambda config: tuple(targets(config)),
)
