"""auditwright vulns."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditwright.cli.output import AS_JSON, PROGRAM, console, print_json, shown, table, write_new

if TYPE_CHECKING:
    from auditwright.app.vulns.merging import Merging
    from auditwright.app.vulns.triaging import Triage
    from auditwright.app.workspace import Workspace
    from auditwright.vulns.csaf_rules import Checked, NotChecked
    from auditwright.vulns.disparity import Alone
    from auditwright.vulns.feeds import FeedId
    from auditwright.vulns.issue import IssueKey
    from auditwright.vulns.release import Gate
    from auditwright.vulns.report import Row
    from auditwright.vulns.triage import Triaged
    from auditwright.vulns.upgrades import Upgrade

A_FILE = click.Path(path_type=Path)
REPORTS = click.argument("reports", type=A_FILE, nargs=-1, required=True)
FEED = click.option(
    "--feed", "feeds", multiple=True, metavar="NAME=FILE", help="A feed to go by: kev, epss, ssvc or aliases."
)
MAX_ROWS = 40
"""Lines that a terminal shows at once; --json has every one."""

SHOWN_REASONS = 3


@click.group("vulns")
def command() -> None:
    """Merge the reports of scanners, decide about what is left, and publish a report with each release.

    A report is a file as the scanner wrote it: Grype, Trivy, Inspector, OSV-Scanner, CycloneDX and others; the format is found out.
    """


@command.command("read")
@REPORTS
@click.option("--format", "format_id", default="", help="The format's id, where it cannot be found out.")
@AS_JSON
def read(reports: tuple[Path, ...], format_id: str, as_json: bool) -> None:
    """Say what was understood of each report, what was skipped, and why, and which rules a CSAF document breaks."""
    from auditwright.app.vulns.files import check_csaf, read_file
    from auditwright.render.vulns import checked_value, read_value

    for path in reports:
        file = read_file(path, format_id=format_id)
        checked = check_csaf(path) if file.report.format == "csaf" else None
        if as_json:
            value = read_value(file.report, name=str(path), sha256=file.sha256)
            print_json(value if checked is None else {**value, **checked_value(checked)})
            continue
        report = file.report
        out = console()
        said = f"{report.tool.name} {report.tool.version}".strip()
        out.print(f"[bold]{shown(str(path))}[/]: {report.format}, written by {shown(said)}")
        for target in report.targets:
            out.print(
                f"  target  {shown(' '.join(part for part in (target.kind, target.name, target.architecture) if part))}"
            )
        out.print(
            f"  rows    {len(report.rows):,}, statements {len(report.statements):,}, packages "
            f"{'not listed' if report.packages is None else f'{len(report.packages):,}'}"
        )
        for skipped in report.skipped[:MAX_ROWS]:
            out.print(f"  skipped {skipped.count:,} at {shown(skipped.where)}: {shown(skipped.why)}")
        if checked is not None:
            _print_checked(checked)


def _print_checked(checked: "Checked | NotChecked") -> None:
    from auditwright.vulns.csaf_rules import NotChecked

    out = console()
    if isinstance(checked, NotChecked):
        out.print(f"  rules   not checked: {shown(checked.why)}")
        return
    for each in checked.broken[:MAX_ROWS]:
        out.print(
            f"  breaks rule {each.rule} of CSAF {checked.version}: {shown(each.why)}, at {shown(each.path or '/')}"
        )
    _rest(len(checked.broken))
    if not checked.broken:
        out.print(f"  rules   none broken of the {checked.rules} of CSAF {checked.version} that are checked")


@command.command("merge")
@REPORTS
@FEED
@AS_JSON
def merge(reports: tuple[Path, ...], feeds: tuple[str, ...], as_json: bool) -> None:
    """Merge reports into one list of issues, and say where the tools disagree and why."""
    from auditwright.render.vulns import merged_value

    merging = _merging(reports, feeds)
    if as_json:
        print_json(merged_value(merging.merged, merging.comparisons))
        return
    _print_merged(merging)


@command.command("explain")
@click.argument("id_", metavar="ID")
@REPORTS
@FEED
@click.option(
    "--program",
    type=click.Path(file_okay=False, path_type=Path),
    help="A program folder to go by: its table, decisions, feeds and assets, and what it collected. Nothing is kept.",
)
@AS_JSON
def explain(  # noqa: PLR0913  # one parameter for each option
    id_: str, reports: tuple[Path, ...], feeds: tuple[str, ...], program: Path | None, as_json: bool
) -> None:
    """Show everything about one vulnerability: who saw it where, why another did not, how soon it is due, and why.

    How exposed and how critical the asset is, is known only with --program. Exits with 2 where no report names it.
    """
    from auditwright.app.errors import AppError
    from auditwright.app.vulns.triaging import looked_at
    from auditwright.render.vulns import explained_value
    from auditwright.vulns.identity import spelled

    triage = looked_at(_merging(reports, feeds, program))
    wanted = spelled(id_)
    found = [each for each in triage.triaged if wanted in each.issue.ids]
    if not found:
        raise AppError(f"no report names {id_}; `auditwright vulns merge` lists what they name")
    alone = _alone(triage.merging)
    if as_json:
        print_json(
            [explained_value(triage.merging.merged, each, alone.get(each.issue.key, ())) for each in found]
        )
        return
    for each in found:
        _print_explained(triage, each, alone.get(each.issue.key, ()))


@command.command("triage")
@REPORTS
@PROGRAM
@AS_JSON
def triage(reports: tuple[Path, ...], program: Path, as_json: bool) -> None:
    """Take reports into the program's register, so that its clocks run, and say what is to be done.

    Exits with 1 where an open issue is past its deadline.
    """
    from auditwright.app.vulns.triaging import taken_in
    from auditwright.render.vulns import triaged_value

    now = datetime.now(UTC)
    with _opened(program) as workspace:
        done = taken_in(workspace, reports, now=now)
    if as_json:
        print_json(triaged_value(done.triaged, done.upgrades))
    else:
        _print_triage(done, now)
    if any(each.open() and each.due_at is not None and each.due_at < now for each in done.triaged):
        raise SystemExit(1)


@command.command("list")
@PROGRAM
@click.option("--all", "everything", is_flag=True, help="Also what is gone.")
@AS_JSON
def list_(program: Path, everything: bool, as_json: bool) -> None:
    """List the issues of the program's register with their clocks, the soonest due first.

    Exits with 1 where an open one is past its deadline.
    """
    from auditwright.app.vulns.kept import register_of
    from auditwright.render.vulns import clock_rows

    now = datetime.now(UTC)
    with _opened(program) as workspace:
        rows = clock_rows(register_of(workspace), now, everything=everything)
    if as_json:
        print_json([row.value() for row in rows])
    elif not rows:
        console().print(
            "No issue is open in the register. `auditwright vulns triage REPORT…` takes scans in."
        )
    else:
        table(
            ("Issue", "Package", "Asset", "Severity", "Exposed", "Detected", "Deadline"),
            (
                (
                    shown(row.id),
                    shown(row.package),
                    shown(row.line),
                    row.severity,
                    row.exposed,
                    f"{row.detected_at:%Y-%m-%d}",
                    row.standing,
                )
                for row in rows[:MAX_ROWS]
            ),
        )
        _rest(len(rows))
    if any(row.state == "past" for row in rows):
        raise SystemExit(1)


@command.command("retire")
@click.argument("asset")
@click.option("--by", required=True, help="Who says so, such as an e-mail address.")
@click.option("--reason", required=True, help="Why it is out of use.")
@PROGRAM
def retire(asset: str, by: str, reason: str, program: Path) -> None:
    """Say that an ASSET of the register is out of use: it needs no scan, and what was open on it is gone from now on.

    A deadline that was missed by then stays missed. A scan of the asset brings it back into use.
    """
    from auditwright.app.vulns.retiring import OutOfUse, retired

    said = OutOfUse(by=by, reason=reason, at=datetime.now(UTC))
    with _opened(program) as workspace:
        gone = retired(workspace, asset, said)
    for each in gone:
        name = " ".join(part for part in (each.line.name, each.line.architecture) if part)
        console().print(f"Retired {shown(name)}: {shown(each.reason)} ({shown(each.by)}).")


@command.command("release")
@click.argument("name")
@REPORTS
@PROGRAM
@click.option(
    "--previous", default="", help="The release to compare with, or its report.json; the last one by default."
)
@click.option("--out", type=A_FILE, required=True, help="The folder to write the report into.")
@click.option(
    "--fail-on", "fail_on", multiple=True, help="A gate that stops the release; may be given again."
)
@AS_JSON
def release(  # noqa: PLR0913  # one parameter for each option
    name: str,
    reports: tuple[Path, ...],
    program: Path,
    previous: str,
    out: Path,
    fail_on: tuple[str, ...],
    as_json: bool,
) -> None:
    """Publish the vulnerability report of a release: HTML, PDF, JSON, CSV, OpenVEX, CycloneDX and CSAF, signed and logged.

    The same NAME again publishes the next issue of its report. Exits with 1 where a gate of --fail-on stops the release.
    """
    from auditwright.app.vulns.releasing import ReleaseOrder
    from auditwright.app.vulns.releasing import release as publish
    from auditwright.render.release.words import headline, lede
    from auditwright.render.vulns import released_value

    now = datetime.now(UTC)
    order = ReleaseOrder(release=name, previous=previous, reports=reports, gates=_gates(fail_on))
    with _opened(program) as workspace:
        done = publish(workspace, order, now=now)
    written: list[Path] = []
    for file, body in done.files.items():
        write_new(out / file, body, on_written=written.append)
    if as_json:
        print_json(released_value(done.report, done.stops, written))
    else:
        console().print(f"[bold]{shown(headline(done.report))}[/]")
        console().print(shown(lede(done.report)))
        _print_upgrades(done.report.upgrades, now)
        for path in written:
            console().print(f"  {shown(str(path))}")
        for gate, reasons in done.stops.items():
            more = f" and {len(reasons) - SHOWN_REASONS:,} more" if len(reasons) > SHOWN_REASONS else ""
            console().print(f"[red]stopped by {gate}[/]: {shown('; '.join(reasons[:SHOWN_REASONS]))}{more}")
    if done.stops:
        raise SystemExit(1)


@command.command("diff")
@click.argument("left")
@click.argument("right")
@PROGRAM
@AS_JSON
def diff(left: str, right: str, program: Path, as_json: bool) -> None:
    """Compare two published reports: releases of the program, or their report.json files."""
    from auditwright.app.vulns.differing import compared_reports
    from auditwright.render.vulns import known_value

    found = compared_reports(left, right, program)
    if as_json:
        print_json(
            {
                "left": found.left.release,
                "right": found.right.release,
                "new": [known_value(each) for each in found.new],
                "gone": [known_value(each) for each in found.gone],
                "still": found.still,
            }
        )
        return
    for title, issues in (("New", found.new), ("Gone", found.gone)):
        console().print(f"[bold]{title}[/] {len(issues):,}")
        for each in issues[:MAX_ROWS]:
            console().print(
                f"  {shown(each.ids[0])} in {shown(each.family.name)} of {shown(each.line.name)}, {each.severity}"
            )
        _rest(len(issues))
    console().print(f"[bold]Still here[/] {found.still:,}")


@command.command("scan")
@click.argument("target")
@click.option("--out", type=A_FILE, required=True, help="The folder to write the reports into.")
@click.option(
    "--tool",
    "tools",
    multiple=True,
    type=click.Choice(["grype", "trivy", "syft"]),
    help="May be given again; all that are installed by default.",
)
def scan(target: str, out: Path, tools: tuple[str, ...]) -> None:
    """Scan an image with the scanners that are installed here, and write their reports into a folder."""
    from auditwright.app.vulns.scanning import scan as run

    for file in run(target, out, tools):
        click.echo(file)


@command.command("collected")
@click.argument("out", type=A_FILE)
@PROGRAM
def collected(out: Path, program: Path) -> None:
    """Write what the last run collected of Amazon Inspector as report files into the folder OUT."""
    from auditwright.app.vulns.collected import write_collected

    with _opened(program) as workspace:
        for file in write_collected(workspace, out):
            click.echo(file)


@command.group("feeds")
def feeds() -> None:
    """What is known beyond the scanners: KEV, EPSS, SSVC and aliases, each kept as evidence with its date and digest."""


@feeds.command("list")
@PROGRAM
@AS_JSON
def feeds_list(program: Path, as_json: bool) -> None:
    """Say which feeds there are, of which day, and what is unknown for those that are missing or stale."""
    from auditwright.app.vulns.kept import feed_notes, feeds_of
    from auditwright.app.vulns.merging import policy_of
    from auditwright.render.vulns import feeds_value

    now = datetime.now(UTC)
    with _opened(program) as workspace:
        held = feeds_of(workspace)
        notes = feed_notes(held, now, days=policy_of(workspace.program.vulnerabilities).feed_days)
    if as_json:
        print_json(feeds_value(held, notes))
        return
    table(
        ("Feed", "As of", "Entries", "SHA-256"),
        (
            (
                str(file.id),
                f"{file.as_of:%Y-%m-%d}" if file.as_of else "not said",
                f"{file.entries:,}",
                file.sha256[:16],
            )
            for file in held.files.values()
        ),
    )
    for note in notes:
        console().print(f"  {shown(note)}")


@feeds.command("import")
@click.argument("feed", type=click.Choice(["kev", "epss", "ssvc", "aliases"]))
@click.argument("file", type=A_FILE)
@PROGRAM
def feeds_import(feed: str, file: Path, program: Path) -> None:
    """Keep a feed from a file that was downloaded."""
    from auditwright.app.vulns.feeding import import_feed
    from auditwright.vulns.feeds import FeedId

    with _opened(program) as workspace:
        held = import_feed(workspace, FeedId(feed), file, now=datetime.now(UTC))
    of = f" of {held.as_of:%d %b %Y}" if held.as_of else ""
    console().print(f"{feed}{of}: {held.entries:,} entries, SHA-256 {held.sha256}")


@feeds.command("update")
@click.argument("names", nargs=-1, type=click.Choice(["kev", "epss", "ssvc", "aliases"]))
@PROGRAM
def feeds_update(names: tuple[str, ...], program: Path) -> None:
    """Download feeds from their publishers and keep them; all that the program names by default."""
    from auditwright.app.vulns.feeding import update_feeds
    from auditwright.vulns.feeds import FeedId

    with _opened(program) as workspace:
        for held in update_feeds(workspace, [FeedId(name) for name in names], now=datetime.now(UTC)):
            of = f" of {held.as_of:%d %b %Y}" if held.as_of else ""
            console().print(f"{held.id}{of}: {held.entries:,} entries, SHA-256 {held.sha256}")


@contextmanager
def _opened(program: Path) -> Iterator["Workspace"]:
    from auditwright.app.workspace import open_workspace

    with open_workspace(program) as workspace:
        yield workspace


def _merging(reports: Sequence[Path], feeds: Sequence[str], program: Path | None = None) -> "Merging":
    from auditwright.app.vulns.merging import merged_files

    now, given = datetime.now(UTC), _feed_files(feeds)
    if program is None:
        return merged_files(reports, now=now, feed_files=given)
    with _opened(program) as workspace:
        return merged_files(reports, now=now, workspace=workspace, feed_files=given)


def _feed_files(given: Sequence[str]) -> "Mapping[FeedId, Path]":
    from auditwright.vulns.feeds import FeedId

    found: dict[FeedId, Path] = {}
    for each in given:
        name, equals, file = each.partition("=")
        if not equals or name not in set(FeedId):
            raise click.UsageError(f"--feed {each}: expected {', '.join(f'{feed}=FILE' for feed in FeedId)}")
        found[FeedId(name)] = Path(file)
    return found


def _gates(given: Sequence[str]) -> "tuple[Gate, ...]":
    from auditwright.vulns.release import GATES, Gate

    for each in given:
        if each not in set(Gate):
            known = "; ".join(f"{gate}: {meaning}" for gate, meaning in GATES.items())
            raise click.UsageError(f"--fail-on {each}: no gate has this name. {known}")
    return tuple(Gate(each) for each in given)


def _alone(merging: "Merging") -> "Mapping[IssueKey, Sequence[Alone]]":
    found: dict[IssueKey, list[Alone]] = {}
    for comparison in merging.comparisons:
        for each in comparison.alone:
            found.setdefault(each.issue.key, []).append(each)
    return found


def _rows_are(rows: int) -> str:
    from auditwright.render.words import many

    return f"{many(rows, 'row')} {'is' if rows == 1 else 'are'}"


def _print_merged(merging: "Merging") -> None:
    from auditwright.render.words import many

    merged = merging.merged
    rows = sum(len(report.rows) for report in merged.reports)
    out = console()
    out.print(f"[bold]{_rows_are(rows)} {many(len(merged.issues), 'issue')}[/]")
    alone = _alone(merging)
    table(
        ("Issue", "Package", "Asset", "Seen by", "Not seen by, and why"),
        (
            (
                shown(issue.id),
                shown(issue.family.name),
                shown(issue.line.name),
                ", ".join(sorted({merged.reports[s.report].tool.name for s in issue.sightings})),
                "; ".join(f"{each.other}: {each.reason}" for each in alone.get(issue.key, ())),
            )
            for issue in merged.issues[:MAX_ROWS]
        ),
    )
    _rest(len(merged.issues))
    for comparison in merging.comparisons:
        one_sided = len(comparison.alone)
        unexplained = sum(1 for each in comparison.alone if each.reason == "unexplained")
        out.print(
            f"{shown(comparison.line.name)}: {comparison.left} and {comparison.right} agree on "
            f"{many(len(comparison.paired), 'issue')}, {one_sided:,} one-sided, {unexplained:,} unexplained"
        )


def _rest(total: int) -> None:
    if total > MAX_ROWS:
        console().print(f"{MAX_ROWS} of {total:,} are shown; --json has every one")


def _print_explained(triage: "Triage", each: "Triaged", alone: "Sequence[Alone]") -> None:
    issue = each.issue
    merged = triage.merging.merged
    out = console()
    out.print(f"[bold]{shown(issue.id)}[/] in {shown(issue.family.name)} of {shown(issue.line.name)}")
    if issue.ids[1:]:
        out.print(f"  also {shown(', '.join(issue.ids[1:]))}")
    out.print(f"  {each.severity}, {each.decision.deadline.label}: {each.decision.reason}")
    for ground in each.grounds:
        rests = f" [{', '.join(digest[:12] for digest in ground.evidence)}]" if ground.evidence else ""
        out.print(f"  {shown(ground.sentence() + rests)}")
    fixed = f", in {', '.join(each.fix_versions)}" if each.fix_versions else ""
    out.print(f"  fix: {each.fixability}{shown(fixed)}")
    for sighting in issue.sightings:
        row = sighting.row
        tool = merged.reports[sighting.report].tool.name
        where = f", {row.package.paths[0]}" if row.package.paths else ""
        out.print(
            f"  {tool} row {row.index:,}: {shown(row.id)} {shown(row.package.name)} {shown(row.package.version)}"
            f"{shown(where)}, {shown(row.severity_said or 'no severity')}, {row.fix.state}"
        )
        if scores := list(_scores(tool, row)):
            out.print(f"    scores: {shown(', '.join(scores))}")
    for other in alone:
        out.print(f"  not shown by {other.other}, {other.reason}: {shown(other.because)}")


def _scores(tool: str, row: "Row") -> Iterator[str]:
    """`nvd CVSS 3.1 8.1`, and what the tool itself makes of it in this asset."""
    for score in row.scores:
        if score.base is not None:
            yield " ".join(part for part in (score.source, "CVSS", score.version, f"{score.base:g}") if part)
    if row.adjusted is not None:
        yield f"{tool}'s own for this asset {row.adjusted:g}"


def _print_triage(done: "Triage", now: datetime) -> None:
    from auditwright.render.words import many
    from auditwright.vulns.budget import budget

    rows = sum(len(report.rows) for report in done.merging.merged.reports)
    left = budget(rows, done.triaged, done.upgrades)
    out = console()
    out.print(
        f"[bold]{_rows_are(rows)} {many(left.issues, 'open issue')} and {many(left.decisions, 'decision')}[/]: "
        f"{many(left.upgrades, 'upgrade')} to make, {many(left.undecided, 'family', 'families')} to decide about"
    )
    _print_upgrades(done.upgrades, now)
    for reducer in left.reducers[:3]:
        out.print(f"  fewer: {shown(reducer.what)} ({many(reducer.saves, 'issue')})")


def _print_upgrades(upgrades: "Sequence[Upgrade]", now: datetime) -> None:
    from auditwright.render.release.words import past, upgrade_due, upgrade_name, upgrade_to

    if not upgrades:
        return
    table(
        ("Upgrade", "To", "Where", "Issues", "Rows", "Worst", "Deadline"),
        (
            (
                shown(upgrade_name(upgrade)),
                shown(upgrade_to(upgrade)),
                shown(upgrade.place),
                f"{len(upgrade.issues):,}",
                f"{upgrade.rows:,}",
                str(upgrade.severity),
                f"[red]{upgrade_due(upgrade, now)}[/]" if past(upgrade, now) else upgrade_due(upgrade, now),
            )
            for upgrade in upgrades[:MAX_ROWS]
        ),
    )
    _rest(len(upgrades))
