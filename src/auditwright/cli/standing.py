"""How things stand, printed for a terminal or as JSON."""

from collections.abc import Iterable, Sequence

from auditwright.app.standing import PeriodStanding, Standing
from auditwright.cli.output import console, indented, shown, table
from auditwright.core.outcome import Conclusion
from auditwright.engine.readiness import Status
from auditwright.render.grouping import GapGroup, group_findings, group_gaps
from auditwright.render.readiness import FindingView, GapView, ReadinessReport
from auditwright.render.words import clipped, day, headline, many, moment, short, summary

MAX_ROWS = 12
"""Rows of one list on the terminal; the report holds them all."""

MAX_NAME = 60

MAX_WORDS = 300
"""Characters of a sentence on the terminal."""

_STATUS_STYLE = {
    Status.DEVIATION: "bold red",
    Status.UNDETERMINED: "yellow",
    Status.NO_TEST: "dim",
    Status.WAIVED: "magenta",
    Status.SATISFIED: "green",
    Status.DID_NOT_OCCUR: "dim",
    Status.NOT_APPLICABLE: "dim",
}

_STATUS_SHAPE = {
    Status.DEVIATION: "◆",
    Status.UNDETERMINED: "?",
    Status.NO_TEST: "·",
    Status.WAIVED: "▣",
    Status.SATISFIED: "✓",
    Status.DID_NOT_OCCUR: "0",
    Status.NOT_APPLICABLE: "-",
}

_CONCLUSION_STYLE = {
    Conclusion.EXCEPTIONS: "bold red",
    Conclusion.INCONCLUSIVE: "yellow",
    Conclusion.DID_NOT_OCCUR: "dim",
    Conclusion.NO_EXCEPTIONS: "green",
}


def print_standing(now: Standing, *, resumed: bool) -> None:
    """Print where things stand: what could not be seen first, then the answer, then what to do."""
    report = now.report
    out = console()
    if report.demo_notice:
        out.print(f"[reverse] {shown(report.demo_notice)} [/]\n")
    if resumed:
        out.print("The run that was interrupted was taken up where it stopped.\n")
    _print_gaps(report.not_observable)
    out.print(f"[bold]{headline(report)}[/]")
    out.print(f"{summary(report)}\n")
    _print_tests(report)
    _print_findings(report.findings)
    out.print(
        f"\nRun {report.run.id}, finished {moment(report.run.finished_at or report.as_of)}. "
        f"{many(len(report.evidence), 'piece')} of evidence; log of {many(report.log.size, 'leaf', 'leaves')}, "
        f"root {short(report.log.root)}."
    )


def _print_gaps(gaps: Sequence[GapView]) -> None:
    if not gaps:
        return
    out = console()
    groups = group_gaps(gaps)
    out.print(f"[yellow bold]? {many(len(gaps), 'thing')} could not be seen[/]")
    for group in groups[:MAX_ROWS]:
        gap = group.first.gap
        asked = clipped(", ".join(_words(each) for each in group.operations), MAX_WORDS)
        where = _places(group)
        indented(f"[yellow]{shown(asked)}[/]{f' {shown(where)}' if where else ''}: {gap.reason}", by=2)
        indented(shown(clipped(gap.detail, MAX_WORDS)), by=4)
        indented(f"[dim]{shown(clipped(gap.remedy, MAX_WORDS))}[/]", by=4)
    _more(len(groups), "not seen")
    out.print()


def _words(operation: str) -> str:
    return operation if ":" in operation else operation.replace("_", " ")


def _places(group: GapGroup) -> str:
    """Where, in few words: the one region, or how many; the one account, or how many."""
    regions = group.regions
    accounts = [account for account in group.accounts if account]
    items = (
        f"of {group.subjects[0] if len(group.subjects) == 1 else many(len(group.subjects), 'item')} "
        if group.subjects
        else ""
    )
    region = "" if not regions else f"in {regions[0] if len(regions) == 1 else many(len(regions), 'region')} "
    account = (
        "" if not accounts else f"of {accounts[0] if len(accounts) == 1 else many(len(accounts), 'account')}"
    )
    return f"{items}{region}{account}".strip()


def _print_tests(report: ReadinessReport) -> None:
    order = list(Status)
    tests = sorted(report.tests, key=lambda test: (order.index(test.status), test.id))
    table(
        ("", "Test", "Status", "Deviating", "Not known", "Of"),
        (
            (
                f"[{_STATUS_STYLE[test.status]}]{_STATUS_SHAPE[test.status]}[/]",
                shown(test.title),
                f"[{_STATUS_STYLE[test.status]}]{test.status}[/]",
                str(test.tally.deviation or ""),
                str(test.tally.undetermined or ""),
                str(len(test.items)),
            )
            for test in tests
        ),
    )


def _print_findings(findings: Sequence[FindingView]) -> None:
    if not findings:
        return
    out = console()
    groups = group_findings(findings)
    out.print(
        f"\n[bold]{many(len(findings), 'finding')} of {many(len(groups), 'test')}[/], the most severe first"
    )
    for group in groups[:MAX_ROWS]:
        view = group.first
        style = _STATUS_STYLE[view.status]
        place = " ".join(part for part in (view.finding.account, view.finding.region) if part)
        rest = f", and {many(len(group.views) - 1, 'more', 'more')}" if len(group.views) > 1 else ""
        indented(
            f"[{style}]{_STATUS_SHAPE[view.status]} {view.severity:<8}[/] "
            f"{shown(clipped(view.finding.what, MAX_WORDS))}",
            by=2,
            hanging=11,
        )
        indented(
            f"[dim]{shown(clipped(view.finding.name, MAX_NAME))} in {shown(place)}{rest}; "
            f"since {day(min(each.finding.first_seen_at for each in group.views))}; {view.finding.test}[/]",
            by=13,
        )
    _more(len(groups), "tests with findings")
    out.print("  [dim]How to put one right: auditwright tests show TEST[/]")


def _more(total: int, what: str) -> None:
    if total > MAX_ROWS:
        console().print(f"  [dim]… {total - MAX_ROWS} more {what}: auditwright report[/]")


def standing_json(now: Standing, *, resumed: bool) -> dict[str, object]:
    """The same as plain values; every list is whole."""
    report = now.report
    remedies = {
        test.id: {
            "console": test.remediation.console,
            "command": test.remediation.command,
            "terraform": test.remediation.terraform,
        }
        for test in report.tests
    }
    return {
        "organization": report.organization,
        "notice": report.demo_notice,
        "run": report.run.id,
        "resumed": resumed,
        "collected_at": report.run.finished_at and report.run.finished_at.isoformat(),
        "as_of": report.as_of.isoformat(),
        "exit_code": now.exit_code,
        "criteria": _counts(view.status for view in report.criteria),
        "controls": _counts(view.status for view in report.controls),
        "tests": [
            {
                "id": test.id,
                "title": test.title,
                "status": test.status,
                "conclusion": test.conclusion,
                "items": len(test.items),
                **{
                    status.replace(" ", "_"): count
                    for status, count in _counts(item.status for item in test.items).items()
                },
            }
            for test in report.tests
        ],
        "gaps": [
            {
                "operation": view.gap.operation,
                "scope": str(view.gap.scope),
                "subject": view.gap.subject,
                "reason": view.gap.reason,
                "detail": view.gap.detail,
                "remedy": view.gap.remedy,
                "hides_items": view.gap.hides_items,
            }
            for view in report.not_observable
        ],
        "findings": [
            {
                "test": view.finding.test,
                "title": view.title,
                "severity": view.severity,
                "status": view.status,
                "item": view.finding.item,
                "name": view.finding.name,
                "account": view.finding.account,
                "region": view.finding.region,
                "what": view.finding.what,
                "first_seen_at": view.finding.first_seen_at.isoformat(),
                "controls": list(view.controls),
                "criteria": list(view.criteria),
                "evidence": list(view.evidence),
                "remediation": remedies[view.finding.test],
            }
            for view in report.findings
        ],
        "evidence": len(report.evidence),
        "log": {"size": report.log.size, "root": report.log.root},
    }


def _counts(statuses: Iterable[Status]) -> dict[str, int]:
    counts = dict.fromkeys((str(status) for status in Status), 0)
    for status in statuses:
        counts[status] += 1
    return counts


def print_period(over: PeriodStanding) -> None:
    """Print each test over the period."""
    out = console()
    out.print(
        f"[bold]{day(over.period.start)} up to {day(over.period.end)}[/], as far as {moment(over.as_of)}\n"
    )
    table(
        ("Test", "Conclusion", "Runs", "With exceptions", "Days not looked at"),
        (
            (
                shown(title),
                f"[{_CONCLUSION_STYLE[result.conclusion]}]{result.conclusion}[/]",
                str(result.runs),
                str(result.runs_with_exceptions or ""),
                str(sum(worst is None for _, worst in result.days) or ""),
            )
            for _, title, result in over.results
        ),
    )


def period_json(over: PeriodStanding) -> dict[str, object]:
    """The same as plain values."""
    return {
        "organization": over.organization,
        "period": {"start": over.period.start.isoformat(), "end": over.period.end.isoformat()},
        "as_of": over.as_of.isoformat(),
        "exit_code": over.exit_code,
        "tests": [
            {
                "id": test,
                "title": title,
                "conclusion": result.conclusion,
                "runs": result.runs,
                "runs_with_exceptions": result.runs_with_exceptions,
                "inconclusive_runs": result.inconclusive_runs,
                "first_exception_at": result.first_exception_at and result.first_exception_at.isoformat(),
                "unobserved": [
                    {"start": each.start.isoformat(), "end": each.end.isoformat()}
                    for each in result.unobserved
                ],
            }
            for test, title, result in over.results
        ],
    }
