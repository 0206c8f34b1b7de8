"""auditwright evidence."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditwright.app.erased import sentence, tombstones
from auditwright.app.errors import AppError
from auditwright.app.looking import Piece, look_up
from auditwright.app.workspace import open_workspace
from auditwright.cli.output import AS_JSON, PROGRAM, console, print_json, shown
from auditwright.core.act import Erased, Erasure
from auditwright.core.log import iso
from auditwright.render.words import many, moment, size, visible_block

if TYPE_CHECKING:
    from auditwright.app.erasing import Loss

MAX_SHOWN = 4_000
"""Characters of the bytes that are shown; `--raw` gives them all."""

MAX_LISTED = 5
"""Other answers that are named; `--json` names all."""


class _Evidence(click.Group):
    """A group that takes a digest where the name of a command could stand: that piece is shown."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show what is no command."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = [_SHOW, *args]
        return super().parse_args(ctx, args)


_SHOW = "show"


@click.group("evidence", cls=_Evidence)
def command() -> None:
    """Show one piece of evidence by its digest, erase what has to go, and list what was erased.

    `auditwright evidence DIGEST` is short for `auditwright evidence show DIGEST`.
    """


@command.command(_SHOW)
@click.argument("digest")
@PROGRAM
@click.option("--raw", is_flag=True, help="Write the bytes alone, as they were kept.")
@AS_JSON
def show(digest: str, program: Path, raw: bool, as_json: bool) -> None:
    """Show one piece of evidence by its SHA-256 DIGEST, or the beginning of it.

    What was asked, when, by whom, how to repeat it by hand, where it stands in the log, and the bytes
    themselves, checked against the digest; or when they were erased, by whom and why.
    """
    with open_workspace(program) as workspace:
        found = look_up(workspace, digest)
    if raw:
        if found.body is None:
            assert found.erasure is not None
            raise AppError(f"{found.digest} was {sentence(found.erasure)}")
        sys.stdout.buffer.write(found.body)
        return
    if as_json:
        print_json(_piece_json(found))
        return
    _print_piece(found)


@command.command("erase")
@click.argument("digests", nargs=-1, required=True, metavar="DIGEST...")
@click.option(
    "--reason",
    required=True,
    help="Why, in one line; it stays in the log for ever, so do not name the person.",
)
@click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal.")
@PROGRAM
@AS_JSON
def erase(  # noqa: PLR0913  # one parameter for each option
    digests: tuple[str, ...], reason: str, yes: bool, program: Path, as_json: bool
) -> None:
    """Erase evidence for good, by SHA-256 DIGEST, such as for somebody who asks that their data be erased.

    The log says first what is erased, when, by whom and why, and goes on proving that it was collected. What
    was derived from it goes with it; what stays, and what else has to be done, is said before.
    """
    from auditwright.app.acting import TERMINAL
    from auditwright.app.erasing import Order, survey
    from auditwright.app.erasing import erase as erased

    with open_workspace(program) as workspace:
        losses = survey(workspace, digests)
        if not as_json:
            _print_losses(losses)
        if not yes:
            _confirm(losses)
        done = erased(workspace, losses, Order(actor=TERMINAL, reason=reason, at=datetime.now(UTC)))
    if as_json:
        print_json({"erased": [_erasure_json(each) for each in done], "losses": [*map(_loss_json, losses)]})
        return
    for each in done:
        what = "" if each.what is Erased.EVIDENCE else " (a result, written anew without the items)"
        click.echo(f"Erased {each.digest}{what}, log index {each.seq}.")
    click.echo("Run again for what still stands of the rest: auditwright run")


@command.command("erased")
@PROGRAM
@AS_JSON
def erased_(program: Path, as_json: bool) -> None:
    """List what was erased, when, by whom and why.

    Keep the list beside the backups: one that is older brings back what was erased since, and the digests say
    what to erase again.
    """
    with open_workspace(program) as workspace:
        found = sorted(tombstones(workspace.stores.records).values(), key=lambda each: each.seq)
    if as_json:
        print_json({"erased": [_erasure_json(each) for each in found]})
        return
    out = console()
    for each in found:
        out.print(f"{each.digest} {each.what}, {shown(sentence(each))}", soft_wrap=True)
    if not found:
        out.print("Nothing was erased.")


def _print_piece(found: Piece) -> None:
    out = console()
    if found.body is None:
        assert found.erasure is not None
        out.print(f"[bold]SHA-256[/]  {found.digest}, [bold]erased[/]\n")
    else:
        out.print(f"[bold]SHA-256[/]  {found.digest}, {len(found.body):,} bytes, checked\n")
    for each in found.records:
        out.print(f"[bold]{shown(each.query.operation)}[/] of {shown(str(each.scope))}")
        out.print(
            f"  asked {moment(each.collected_at)} by {shown(each.principal or 'nobody named')}, log index {each.seq}"
        )
        out.print(f"  [dim]{shown(each.query.command)}[/]\n")
    if found.erasure is not None:
        _print_erasure(found.erasure, again=found.body is not None)
    if found.body is None:
        return
    text = found.body.decode("utf-8", errors="backslashreplace")
    click.echo(visible_block(text[:MAX_SHOWN]))
    if len(text) > MAX_SHOWN:
        click.echo(f"… {len(text) - MAX_SHOWN:,} more characters: auditwright evidence {found.digest} --raw")


def _print_erasure(erasure: Erasure, *, again: bool) -> None:
    out = console()
    out.print(f"[bold]Erased[/] {moment(erasure.at)} by {shown(erasure.actor_name)}, log index {erasure.seq}")
    out.print(f"  {shown(erasure.reason)}")
    if erasure.replaced_by:
        out.print(f"  In its place: {erasure.replaced_by}", soft_wrap=True)
    if again:
        out.print("  The same bytes came again since; they are a new item.")
    out.print()


def _print_losses(losses: Sequence["Loss"]) -> None:
    out = console()
    for loss in losses:
        first = loss.records[0]
        out.print(f"[bold]{loss.digest}[/], {size(loss.size_bytes)}", soft_wrap=True)
        out.print(
            f"  {shown(first.query.operation)} of {shown(str(first.scope))}, "
            f"collected {many(len(loss.records), 'time')} since {moment(first.collected_at)}"
        )
        runs = len({each.run for each in loss.results})
        out.print(
            f"  {many(len(loss.tests), 'test')} concluded on it in {many(runs, 'run')}"
            + (f": {shown(', '.join(loss.tests))}" if loss.tests else "")
        )
        for title in loss.engagements:
            out.print(f"  [yellow]It lies within the engagement[/] {shown(title)}")
        if loss.others:
            named = " ".join(each[:12] for each in loss.others[:MAX_LISTED])
            out.print(
                f"  [yellow]Kept[/] {many(len(loss.others), 'other answer')} to the same questions, which may "
                f"show the same person: {named}{' …' if len(loss.others) > MAX_LISTED else ''}"
            )
    out.print(
        "\nLost for good: the bytes, what the inventory knows by them alone, and in results the names and words of the "
        "items that rest on them. Conclusions and counts stay.\n"
        "Not touched: findings and what people wrote about them, packages that were handed out, backups, the log's own "
        "leaves (question, principal, digest, and what sources refused), and the source itself: correct that first, or the "
        "next run collects it again."
    )


def _confirm(losses: Sequence["Loss"]) -> None:
    if not sys.stdin.isatty():
        raise AppError("Nothing was erased: without a terminal to ask on, say --yes.")
    click.confirm(f"Erase {many(len(losses), 'piece')} of evidence for good?", abort=True, err=True)


def _piece_json(found: Piece) -> dict[str, object]:
    return {
        "sha256": found.digest,
        "size_bytes": None if found.body is None else len(found.body),
        "erased": _erasure_json(found.erasure) if found.erasure and found.body is None else None,
        "collected": [
            {
                "run": each.run,
                "operation": each.query.operation,
                "parameters": dict(each.query.parameters),
                "command": each.query.command,
                "scope": str(each.scope),
                "principal": each.principal,
                "collected_at": iso(each.collected_at),
                "effective_at": iso(each.effective_at),
                "log_index": each.seq,
            }
            for each in found.records
        ],
    }


def _erasure_json(erasure: Erasure) -> dict[str, object]:
    return {
        "sha256": erasure.digest,
        "what": erasure.what.value,
        "at": iso(erasure.at),
        "by": erasure.actor_name,
        "reason": erasure.reason,
        "log_index": erasure.seq,
        "replaced_by": erasure.replaced_by or None,
        "finished_at": iso(erasure.finished_at) if erasure.finished_at else None,
    }


def _loss_json(loss: "Loss") -> dict[str, object]:
    return {
        "sha256": loss.digest,
        "size_bytes": loss.size_bytes,
        "leaves": [record.seq for record in loss.records],
        "tests": loss.tests,
        "runs": sorted({each.run for each in loss.results}),
        "others": loss.others,
        "engagements": loss.engagements,
    }
