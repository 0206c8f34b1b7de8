"""auditwright access."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditwright.cli.output import AS_JSON, console, indented, print_json, shown, table, write_new

if TYPE_CHECKING:
    from auditwright.access.verdict import Answered, Verdict
    from auditwright.app.proving import Snapshot

SNAPSHOT = click.argument("snapshot", type=click.Path(path_type=Path))
TARGET = click.option(
    "--to", "target", help="CLUSTER, CLUSTER:LEVEL, account-admin, role:NAME, or ACTION@RESOURCE."
)

EXIT_CODES = {"UNREACHABLE": 0, "REACHABLE": 1, "UNKNOWN": 3}


@click.group("access")
def command() -> None:
    """Prove that every path to what matters is behind a second factor.

    SNAPSHOT is a JSON file: the answer of `aws iam get-account-authorization-details`, or an object that holds it as
    `gaad` beside credentials, cluster and guardrails (docs/snapshot-format.md); - is standard input.
    """


@command.command("prove")
@SNAPSHOT
@click.option(
    "--from", "start", help="One credential, such as key:alice; user:NAME or role:NAME supposes a session."
)
@TARGET
@click.option("--svg", type=click.Path(path_type=Path), help="Write the path as SVG to this file.")
@AS_JSON
def prove(  # noqa: PLR0913  # one parameter for each option
    snapshot: Path, start: str | None, target: str | None, svg: Path | None, as_json: bool
) -> None:
    """Say whether somebody without a second factor reaches a target.

    Exits with 0 where it is proved unreachable, 1 where it is reachable, 3 where it is unknown.
    """
    from auditwright.app.proving import SEMANTICS, open_snapshot, proof_of, started, targeted, verdict_of
    from auditwright.render.access import (
        answered_value,
        beside,
        path_of,
        requests_value,
        target_words,
        verdict_value,
        word_of,
    )
    from auditwright.render.path_svg import path_svg

    opened = open_snapshot(snapshot, now=datetime.now(UTC))
    asked = targeted(opened, target)
    answers: Sequence[Answered] = ()
    if start is None:
        proof = proof_of(opened, asked)
        verdict, answers = proof.overall, proof.answers
    else:
        verdict = verdict_of(opened, started(opened, start), asked)
    credentials, workloads = beside(answers)
    path = path_of(verdict)
    if svg is not None and path is not None:
        drawing = path_svg(
            f"{word_of(verdict)}: {target_words(asked)}", path.start, [step.text for step in path.steps]
        )
        write_new(svg, drawing.encode(), on_written=lambda _: None)
    if as_json:
        print_json(
            {
                **verdict_value(verdict),
                "target": str(asked),
                "from": start or "every first factor at once",
                "requests": requests_value(verdict),
                "credentials": [answered_value(each) for each in credentials],
                "workloads": [answered_value(each) for each in workloads],
                "scope": list(opened.scope),
                "as_of": opened.world.at.isoformat(),
                "semantics": SEMANTICS,
            }
        )
    else:
        _print_verdict(target_words(asked), verdict)
        _print_credentials("Credential by itself", credentials)
        _print_credentials("Workload (no human factor by nature)", workloads)
        _print_scope(opened, SEMANTICS)
    raise SystemExit(EXIT_CODES[word_of(verdict)])


def _print_verdict(target: str, verdict: "Verdict") -> None:
    from auditwright.access.verdict import Undecided, Unreachable
    from auditwright.render.access import assumptions_of, path_of, word_of

    colors = {"REACHABLE": "red", "UNREACHABLE": "green", "UNKNOWN": "yellow"}
    word = word_of(verdict)
    console().print(
        f"[bold {colors[word]}]{'PROVED ' if word == 'UNREACHABLE' else ''}{word}[/]  {shown(target)}"
    )
    path = path_of(verdict)
    if path is not None:
        console().print("" if word == "REACHABLE" else "A path that cannot be ruled out:")
        for number, line in enumerate(path.lines):
            indented(f"{'   ' if number < len(path.start) else '└─ '}{shown(line)}", by=2, hanging=3)
    if isinstance(verdict, Unreachable):
        held, closed = len(verdict.certificate.held), len(verdict.certificate.crossings)
        indented(
            f"Whatever is done, {held} facts can be held and the target is not among them; {closed} ways that are "
            "open in part are closed. `auditwright access certify` writes the certificate.",
            by=2,
        )
    for each in assumptions_of(verdict):
        indented(f"[dim]assumes[/] {shown(each.says)} [dim]({each.id})[/]", by=2, hanging=8)
    for missing in verdict.missing if isinstance(verdict, Undecided) else ():
        indented(f"[dim]not known[/] {shown(missing)}", by=2, hanging=8)


def _print_credentials(title: str, answers: Sequence["Answered"]) -> None:
    from auditwright.render.access import path_of, word_of

    if not answers:
        return
    console().print()
    rows: list[tuple[str, str, str]] = []
    for each in answers:
        path = path_of(each.verdict)
        last = path.steps[-1].text if path and path.steps else ""
        rows.append((shown(each.start.id), word_of(each.verdict), shown(last)))
    table((title, "Verdict", "Last step"), rows)


def _print_scope(opened: "Snapshot", semantics: str) -> None:
    console().print()
    for each in opened.scope:
        indented(f"[dim]{shown(each)}[/]", by=2, hanging=2)
    indented(f"[dim]{semantics}[/]", by=2, hanging=2)


@command.command("simulate")
@SNAPSHOT
@click.option("--as", "who", required=True, help="user:NAME or role:NAME.")
@click.option("--action", required=True, help="Such as s3:GetObject.")
@click.option("--resource", required=True, help="An ARN, or *.")
@click.option("--mfa/--no-mfa", default=False, help="With a second factor; by default with a plain key.")
@click.option(
    "--context", "context", multiple=True, metavar="KEY=VALUE", help="A condition key of the request."
)
@AS_JSON
def simulate(  # noqa: PLR0913  # one parameter for each part of a request
    snapshot: Path, who: str, action: str, resource: str, mfa: bool, context: tuple[str, ...], as_json: bool
) -> None:
    """Decide one concrete request, and show which statements were weighed.

    Exits with 0 where it is allowed, 1 where it is denied, 3 where it is undecided.
    """
    from auditwright.access.asking import Question
    from auditwright.access.evaluator import Allowed, ExplicitDeny, ImplicitDeny
    from auditwright.access.sessions import SessionClass
    from auditwright.app.proving import open_snapshot, principal_of
    from auditwright.app.proving import simulate as decided
    from auditwright.render.access import decision_word

    keys = dict(_pair(each) for each in context)
    opened = open_snapshot(snapshot, now=datetime.now(UTC))
    arn = principal_of(opened, who).arn
    if ":role/" in arn:
        class_ = SessionClass.ROLE_AFTER_MFA if mfa else SessionClass.ROLE
    else:
        class_ = SessionClass.MFA if mfa else SessionClass.KEY
    found = decided(opened, arn, class_, question=Question(action=action, resource=resource), keys=keys)
    steps = [
        {
            "part": step.part,
            "policy": step.policy,
            "statement": step.sid or step.index,
            "effect": step.effect,
            "applies": step.truth.value,
            "why": step.why,
        }
        for step in found.decision.trace
    ]
    word = decision_word(found.decision)
    if as_json:
        print_json({"decision": word, "caller": found.request.caller.arn, "session": class_, "trace": steps})
    else:
        console().print(f"[bold]{word}[/]  {shown(action)} on {shown(resource)} as {shown(who)} ({class_})")
        rows = [
            (
                shown(str(s["part"])),
                shown(f"{s['policy']} {s['statement']}"),
                str(s["effect"] or ""),
                str(s["applies"]),
                shown(str(s["why"])),
            )
            for s in steps
        ]
        table(("Part", "Statement", "Effect", "Applies", "Why"), rows)
    denied = isinstance(found.decision, ExplicitDeny | ImplicitDeny)
    raise SystemExit(0 if isinstance(found.decision, Allowed) else 1 if denied else 3)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise click.BadParameter(f"expected KEY=VALUE, found {text!r}", param_hint="--context")
    return key, value


@command.command("who-can")
@click.argument("action")
@click.argument("resource")
@SNAPSHOT
@click.option("--without-mfa", is_flag=True, help="Who gets there without a second factor, by any path.")
@AS_JSON
def who_can(  # noqa: PLR0913  # one parameter for each option
    action: str, resource: str, snapshot: Path, without_mfa: bool, as_json: bool
) -> None:
    """List who may do something to a resource: itself, or by any path from a first factor."""
    from auditwright.access.asking import Question
    from auditwright.app.proving import open_snapshot, proof_of, targeted
    from auditwright.app.proving import who_can as able
    from auditwright.render.access import answered_value, word_of

    opened = open_snapshot(snapshot, now=datetime.now(UTC))
    question = Question(action=action, resource=resource)
    if without_mfa:
        proof = proof_of(opened, targeted(opened, question.key))
        found = [each for each in proof.answers if word_of(each.verdict) != "UNREACHABLE"]
        if as_json:
            print_json([answered_value(each) for each in found])
        else:
            _print_credentials("Without a second factor", found)
        return
    rows = list(able(opened, question))
    if as_json:
        print_json(
            [{"principal": each.arn, "session": each.class_, "certain": each.certain} for each in rows]
        )
        return
    table(
        ("Principal", "Session", "Certain"),
        [(shown(each.arn), each.class_, "yes" if each.certain else "perhaps") for each in rows],
    )


@command.command("lint")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@AS_JSON
def lint(files: tuple[Path, ...], as_json: bool) -> None:
    """Find MFA conditions that look right and are not, each with a request that gets through.

    FILES are policy documents, or snapshots, of which every policy is read. Exits with 1 where something was found.
    """
    from auditwright.app.proving import lint_file

    found = [each for file in files for each in lint_file(file, now=datetime.now(UTC))]
    if as_json:
        print_json(
            [
                {
                    "where": each.where,
                    "rule": one.rule,
                    "title": one.title,
                    "why": one.why,
                    "statement": one.sid or one.index,
                    "request": {
                        "caller": one.request.caller.arn,
                        "action": one.request.action,
                        "resource": one.request.resource,
                    },
                    "corrected": list(one.corrected),
                }
                for each in found
                for one in each.findings
            ]
        )
    else:
        for each in found:
            for unread in each.unread:
                indented(f"[yellow]not understood[/] {shown(each.where)}: {shown(unread)}", by=0, hanging=2)
            for one in each.findings:
                console().print(
                    f"[bold]{shown(one.title)}[/]  {shown(each.where)}, statement {shown(str(one.sid or one.index))}"
                )
                indented(shown(one.why), by=2)
                indented(
                    f"gets through: {shown(one.request.action)} on {shown(one.request.resource)} as {shown(one.request.caller.arn)}",
                    by=2,
                    hanging=2,
                )
                for document in one.corrected:
                    indented(f"instead: {shown(json.dumps(document))}", by=2, hanging=2)
        if not any(each.findings for each in found):
            console().print(f"{len(found)} policies read; nothing was found.")
    raise SystemExit(1 if any(each.findings for each in found) else 0)


@command.command("fix")
@SNAPSHOT
@TARGET
@AS_JSON
def fix(snapshot: Path, target: str | None, as_json: bool) -> None:
    """Find the least disruptive changes that close every path to a target, and prove it with them made.

    Exits with 0 where the changes prove the target unreachable, and with 1 where something stays open.
    """
    from auditwright.access.repair import repair
    from auditwright.app.proving import open_snapshot, targeted
    from auditwright.render.access import repair_value, target_words, word_of

    opened = open_snapshot(snapshot, now=datetime.now(UTC))
    asked = targeted(opened, target)
    found = repair(opened.world, asked)
    if as_json:
        print_json({"target": str(asked), **repair_value(found)})
        raise SystemExit(0 if found.complete else 1)
    console().print(f"{shown(target_words(asked))}: {word_of(found.before)} as it stands")
    for number, change in enumerate(found.changes, start=1):
        indented(
            f"[bold]{number}. {shown(change.title)}[/] [dim](disruption {change.weight})[/]", by=2, hanging=3
        )
        indented(f"cuts: {shown(change.reason)}", by=5, hanging=2)
    for each in found.evidence:
        indented(f"or show: {shown(each.says)} [dim]({each.id})[/]", by=2, hanging=2)
    console().print(f"{word_of(found.after)} with them made")
    for left in found.left:
        indented(f"[yellow]stays open[/] {shown(left)}", by=2, hanging=2)
    raise SystemExit(0 if found.complete else 1)


@command.command("certify")
@SNAPSHOT
@TARGET
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file to write.")
def certify(snapshot: Path, target: str | None, out: Path) -> None:
    """Write the certificate of a proof, with the snapshot that it is about.

    Exits as `prove` does; a certificate is written only where the target is proved unreachable.
    """
    from auditwright.access.verdict import Unreachable
    from auditwright.app.proving import certificate_document, open_snapshot, proof_of, targeted
    from auditwright.render.access import target_words, word_of

    opened = open_snapshot(snapshot, now=datetime.now(UTC))
    asked = targeted(opened, target)
    verdict = proof_of(opened, asked).overall
    if isinstance(verdict, Unreachable):
        document = json.dumps(certificate_document(opened, verdict.certificate), indent=1, ensure_ascii=False)
        write_new(out, document.encode(), on_written=lambda path: click.echo(f"wrote {path}", err=True))
    else:
        click.echo(
            f"{word_of(verdict)}: {target_words(asked)} is not proved unreachable; there is nothing to certify.",
            err=True,
        )
    raise SystemExit(EXIT_CODES[word_of(verdict)])


@command.command("check")
@click.argument("certificate", type=click.Path(path_type=Path))
@click.argument("snapshot", type=click.Path(path_type=Path), required=False)
def check(certificate: Path, snapshot: Path | None) -> None:
    """Check a certificate, trusting nothing of how it was found. With SNAPSHOT, also that it is about that file.

    Exits with 0 where it proves what it says, and with 1 where it does not; each problem is named.
    """
    from auditwright.app.proving import check_file

    problems = check_file(certificate, snapshot)
    for problem in problems:
        indented(f"[red]DOES NOT HOLD[/] {shown(problem)}", by=0, hanging=2)
    if not problems:
        console().print("[green]HOLDS[/]: the target is out of reach of every first factor in the snapshot.")
    raise SystemExit(1 if problems else 0)
