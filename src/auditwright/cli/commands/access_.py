"""auditwright access."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditwright.cli.output import AS_JSON, PROGRAM, console, indented, print_json, shown, table, write_new
from auditwright.cli.verdicts import about_value, draw, print_checked, print_repair, print_verdict

if TYPE_CHECKING:
    from auditwright.access.starts import Start
    from auditwright.access.verdict import Answered
    from auditwright.app.linting import Linted
    from auditwright.app.proving import Source

A_FILE = click.Path(path_type=Path)
SNAPSHOT = click.argument("snapshot", type=A_FILE, required=False)
TARGET = click.option(
    "--to", "target", help="CLUSTER, CLUSTER:LEVEL, account-admin, role:NAME, or ACTION@RESOURCE."
)

EXIT_CODES = {"UNREACHABLE": 0, "REACHABLE": 1, "UNKNOWN": 3}


@click.group("access")
def command() -> None:
    """Prove that every path to what matters is behind a second factor.

    SNAPSHOT is a JSON file: the answer of `aws iam get-account-authorization-details`, or an object that holds it as
    `gaad` beside credentials, cluster and guardrails (docs/snapshot-format.md); - is standard input. Without one, the
    question is about what the last run of the program collected.
    """


@command.command("prove")
@SNAPSHOT
@click.option(
    "--from", "start", help="One credential, such as key:alice; user:NAME or role:NAME supposes a session."
)
@TARGET
@PROGRAM
@click.option("--svg", type=A_FILE, help="Write the path as SVG to this file, where there is one.")
@AS_JSON
def prove(  # noqa: PLR0913  # one parameter for each option
    snapshot: Path | None,
    start: str | None,
    target: str | None,
    program: Path,
    svg: Path | None,
    as_json: bool,
) -> None:
    """Say whether somebody without a second factor reaches a target.

    Exits with 0 where it is proved unreachable, 1 where it is reachable, 3 where it is unknown.
    """
    from auditwright.app.proving import SEMANTICS, opened, proof_of, started, targeted, verdict_of
    from auditwright.render.access import (
        answered_value,
        beside,
        requests_value,
        target_words,
        verdict_value,
        word_of,
    )

    source = opened(snapshot, program, now=datetime.now(UTC), resources=_resource_of(target))
    asked = targeted(source, target)
    answers: Sequence[Answered] = ()
    begun: Sequence[Start] = source.starts
    if start is None:
        proof = proof_of(source, asked)
        verdict, answers = proof.overall, proof.answers
    else:
        begun = (started(source, start),)
        verdict = verdict_of(source, begun[0], asked)
    credentials, workloads = beside(answers)
    if svg is not None:
        draw(svg, target_words(asked), verdict, begun)
    if as_json:
        print_json(
            {
                **verdict_value(verdict, begun),
                "target": str(asked),
                "from": start or "every first factor at once",
                "requests": requests_value(verdict),
                "credentials": [answered_value(each) for each in credentials],
                "workloads": [answered_value(each) for each in workloads],
                "scope": list(source.scope),
                "as_of": source.world.at.isoformat(),
                "semantics": SEMANTICS,
            }
        )
    else:
        print_verdict(target_words(asked), verdict, begun)
        _print_answers("Credential by itself", credentials)
        _print_answers("Workload (no human factor by nature)", workloads)
        _print_scope(source, SEMANTICS)
    raise SystemExit(EXIT_CODES[word_of(verdict)])


def _resource_of(target: str | None) -> tuple[str, ...]:
    """The ARN that a target names, so that its own policy is looked for."""
    _, at, resource = (target or "").partition("@")
    return (resource,) if at else ()


def _print_answers(title: str, answers: Sequence["Answered"]) -> None:
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


def _print_scope(source: "Source", semantics: str) -> None:
    console().print()
    for each in source.scope:
        indented(f"[dim]{shown(each)}[/]", by=2, hanging=2)
    indented(f"[dim]{semantics}[/]", by=2, hanging=2)


@command.command("simulate")
@SNAPSHOT
@click.option("--as", "who", required=True, help="user:NAME or role:NAME.")
@click.option("--action", required=True, help="Such as s3:GetObject.")
@click.option("--resource", required=True, help="An ARN, or *.")
@click.option("--mfa/--no-mfa", default=False, help="With a second factor; by default with a plain key.")
@click.option(
    "--context",
    "context",
    multiple=True,
    metavar="KEY=VALUE",
    help="A condition key of the request; a key of several values is given several times.",
)
@PROGRAM
@AS_JSON
def simulate(  # noqa: PLR0913  # one parameter for each part of a request
    snapshot: Path | None,
    who: str,
    action: str,
    resource: str,
    mfa: bool,
    context: tuple[str, ...],
    program: Path,
    as_json: bool,
) -> None:
    """Decide one concrete request, and show which statements were weighed.

    Exits with 0 where it is allowed, 1 where it is denied, 3 where it is undecided.
    """
    from auditwright.access.evaluator import Allowed, ExplicitDeny, ImplicitDeny
    from auditwright.access.facts import session
    from auditwright.access.sessions import SessionClass
    from auditwright.app.proving import opened, principal_of, question_of
    from auditwright.app.proving import simulate as decided
    from auditwright.render.access import decision_word, reasons_of, trace_value

    question, keys = question_of(action, resource), _pairs(context)
    source = opened(snapshot, program, now=datetime.now(UTC), resources=(resource,))
    arn = principal_of(source, who).arn
    if ":role/" in arn:
        class_ = SessionClass.ROLE_AFTER_MFA if mfa else SessionClass.ROLE
    else:
        class_ = SessionClass.MFA if mfa else SessionClass.KEY
    found = decided(source, session(arn, class_), question, keys)
    word, steps = decision_word(found.decision), trace_value(found.decision)
    if as_json:
        print_json(
            {
                "decision": word,
                "caller": found.request.caller.arn,
                "session": class_,
                "why": list(reasons_of(found.decision)),
                "trace": steps,
            }
        )
    else:
        console().print(f"[bold]{word}[/]  {shown(action)} on {shown(resource)} as {shown(who)} ({class_})")
        for reason in reasons_of(found.decision):
            indented(shown(reason), by=2, hanging=2)
        console().print()
        rows = (
            [
                shown(str(step["part"])),
                shown(f"{step['policy']} {step['statement']}"),
                str(step["effect"] or ""),
                str(step["applies"]),
                shown(str(step["why"])),
            ]
            for step in steps
        )
        table(("Part", "Statement", "Effect", "Applies", "Why"), rows)
    denied = isinstance(found.decision, ExplicitDeny | ImplicitDeny)
    raise SystemExit(0 if isinstance(found.decision, Allowed) else 1 if denied else 3)


def _pairs(texts: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"expected KEY=VALUE, found {text!r}", param_hint="--context")
        found[key] = (*found.get(key, ()), value)
    return found


@command.command("who-can")
@click.argument("action")
@click.argument("resource")
@SNAPSHOT
@click.option("--without-mfa", is_flag=True, help="Who gets there without a second factor, by any path.")
@PROGRAM
@AS_JSON
def who_can(  # noqa: PLR0913  # one parameter for each option
    action: str, resource: str, snapshot: Path | None, without_mfa: bool, program: Path, as_json: bool
) -> None:
    """List who may do something to a resource: itself, or by any path from a first factor.

    With --without-mfa it exits as `prove` does: 0 where nobody gets there, 1 where somebody does, 3 where it is unknown.
    """
    from auditwright.app.proving import opened, proof_of, question_of, targeted
    from auditwright.app.proving import who_can as able
    from auditwright.render.access import answered_value, word_of

    question = question_of(action, resource)
    source = opened(snapshot, program, now=datetime.now(UTC), resources=(resource,))
    if without_mfa:
        proof = proof_of(source, targeted(source, question.key))
        found = [each for each in proof.answers if word_of(each.verdict) != "UNREACHABLE"]
        if as_json:
            print_json([answered_value(each) for each in found])
        else:
            _print_answers("Without a second factor", found)
            if not found:
                console().print("Nobody gets there without a second factor, by any path.")
        raise SystemExit(EXIT_CODES[word_of(proof.overall)])
    rows = list(able(source, question))
    if as_json:
        print_json(
            [{"principal": each.arn, "session": each.class_, "certain": each.certain} for each in rows]
        )
        return
    by_principal: dict[str, tuple[list[str], list[str]]] = {}
    for each in rows:
        by_principal.setdefault(each.arn, ([], []))[0 if each.certain else 1].append(each.class_)
    if not rows:
        console().print("Nobody may do this itself.")
        return
    table(
        ("Principal", "Surely, in a session of", "Perhaps"),
        ((shown(arn), ", ".join(sure), ", ".join(perhaps)) for arn, (sure, perhaps) in by_principal.items()),
    )


@command.command("lint")
@click.argument("files", nargs=-1, required=True, type=A_FILE)
@AS_JSON
def lint(files: tuple[Path, ...], as_json: bool) -> None:
    """Find MFA conditions that look right and are not, each with a request that gets through.

    FILES are policy documents, or snapshots, of which every policy is read. Exits with 1 where something was found, and
    with 3 where nothing was and a policy was not understood.
    """
    from auditwright.app.linting import lint_file
    from auditwright.render.access import linted_value

    read = [each for file in files for each in lint_file(file, now=datetime.now(UTC))]
    told = [each for each in read if each.findings or each.unread]
    if as_json:
        print_json([linted_value(each.where, each.findings, each.unread) for each in told])
    else:
        for each in told:
            _print_linted(each)
        found, unread = sum(len(each.findings) for each in read), sum(bool(each.unread) for each in read)
        console().print(f"Policies read: {len(read)}; findings: {found}; not understood: {unread}.")
    raise SystemExit(1 if any(each.findings for each in told) else 3 if told else 0)


def _print_linted(linted: "Linted") -> None:
    console().print(f"[bold]{shown(linted.where)}[/]")
    for unread in linted.unread:
        indented(f"[yellow]not understood[/] {shown(unread)}", by=2, hanging=2)
    for each in linted.findings:
        indented(f"statement {shown(str(each.sid or each.index))}: [bold]{shown(each.title)}[/]", by=2)
        indented(shown(each.why), by=4)
        request = each.request
        indented(
            f"[dim]shown by[/] {shown(request.action)} on {shown(request.resource)} as {shown(request.caller.arn)}",
            by=4,
            hanging=2,
        )
        for document in each.corrected:
            indented(f"[dim]instead[/] {shown(json.dumps(document))}", by=4, hanging=2)
    console().print()


@command.command("fix")
@SNAPSHOT
@TARGET
@PROGRAM
@click.option("--terraform", is_flag=True, help="Show the Terraform of each change instead of its commands.")
@AS_JSON
def fix(  # noqa: PLR0913  # one parameter for each option
    snapshot: Path | None, target: str | None, program: Path, terraform: bool, as_json: bool
) -> None:
    """Find the least disruptive changes that close every path to a target, proved by proving again with them made.

    Each change is shown as a difference of a policy, where one changes, and as commands of the AWS CLI and kubectl, or
    as Terraform; with --json, as all of them. Nothing is run.

    Exits as `prove` does with the changes made: 0 where they prove the target unreachable, 1 where a path stays open or
    where they open another target, 3 where that is unknown.
    """
    from auditwright.access.repair import repair
    from auditwright.access.repair_elsewhere import elsewhere
    from auditwright.app.proving import opened, targeted
    from auditwright.render.access import repair_value, word_of, written_alone, written_out

    source = opened(snapshot, program, now=datetime.now(UTC), resources=_resource_of(target))
    found = repair(source.world, targeted(source, target))
    changes = written_out(source.world, found.changes)
    others = elsewhere(source.world, found.target, found.changes)
    if as_json:
        print_json(repair_value(found, changes, others, written_alone(source.world, found)))
    else:
        print_repair(found, changes, others, terraform=terraform)
    opened_another = any(each.worse for each in others)
    raise SystemExit(EXIT_CODES["REACHABLE" if opened_another else word_of(found.after)])


@command.command("certify")
@SNAPSHOT
@TARGET
@PROGRAM
@click.option("--out", required=True, type=A_FILE, help="The file to write.")
def certify(snapshot: Path | None, target: str | None, program: Path, out: Path) -> None:
    """Write the certificate of a proof, with the SNAPSHOT or the run that it is about.

    Exits as `prove` does; a certificate is written only where the target is proved unreachable.
    """
    from auditwright.access.verdict import Unreachable
    from auditwright.app.certifying import certificate_file
    from auditwright.app.proving import opened, proof_of, targeted
    from auditwright.render.access import target_words, word_of

    source = opened(snapshot, program, now=datetime.now(UTC), resources=_resource_of(target))
    asked = targeted(source, target)
    verdict = proof_of(source, asked).overall
    if isinstance(verdict, Unreachable):
        body = certificate_file(source, verdict.certificate)
        write_new(out, body, on_written=lambda path: click.echo(f"wrote {path}", err=True))
    else:
        words = f"{target_words(asked)} is not proved unreachable; there is nothing to certify."
        console(stderr=True).print(f"{word_of(verdict)}: {shown(words)}")
    raise SystemExit(EXIT_CODES[word_of(verdict)])


@command.command("check")
@click.argument("certificate", type=A_FILE)
@click.argument("snapshot", type=A_FILE, required=False)
@PROGRAM
@AS_JSON
def check(certificate: Path, snapshot: Path | None, program: Path, as_json: bool) -> None:
    """Check a certificate, trusting nothing of how it was found. With SNAPSHOT, also that it is about that file.

    A certificate about a run is checked on the evidence of the program that has the run. Exits with 0 where it proves
    what it says, and with 1 where it does not; each problem is named.
    """
    from auditwright.app.certifying import check_file

    found = check_file(certificate, snapshot, program)
    says = found.certificate
    if as_json:
        print_json(
            {
                "holds": not found.problems,
                "target": str(says.target),
                "from": list(says.whose),
                "start": [str(fact) for fact in says.start],
                **about_value(found.about),
                "problems": list(found.problems),
            }
        )
    else:
        print_checked(found)
    raise SystemExit(1 if found.problems else 0)
