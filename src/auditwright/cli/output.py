"""What commands print: values as JSON on stdout, text for people on stdout, progress on stderr."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditwright.render.words import visible

if TYPE_CHECKING:
    from rich.console import Console

    from auditwright.app.jobs import Progress

PROGRAM = click.option(
    "--program",
    "program",
    type=click.Path(path_type=Path),
    default=Path(),
    show_default="the current folder",
    help="The program folder.",
)

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")

MAX_WIDTH = 100
"""Text is laid out for a terminal of this width, or a narrower one."""


def print_json(value: object) -> None:
    """Print a value as JSON, in which no letter moves a terminal: JSON itself escapes few of them."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    click.echo("\n".join(line if line.isprintable() else _escaped(line) for line in text.split("\n")))


def _escaped(line: str) -> str:
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in line)


def console(*, stderr: bool = False) -> "Console":
    """A terminal of at most 100 columns; without one, plain text of 100."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else MAX_WIDTH
    made = Console(stderr=stderr, highlight=False, width=width, soft_wrap=False)
    made.width = min(made.width, MAX_WIDTH)
    return made


def shown(text: str) -> str:
    """Text from outside, safe on a terminal: no escape sequence runs, and no markup is read from it."""
    from rich.markup import escape

    return escape(visible(text))


def indented(markup: str, *, by: int, hanging: int = 0) -> None:
    """Print a sentence that keeps its indentation where it wraps; the lines after the first hang further in."""
    from rich.text import Text

    out = console()
    text = Text.from_markup(markup)
    lines = text.wrap(out, out.width - by - hanging)
    for number, line in enumerate(lines):
        out.print(" " * (by + (hanging if number else 0)), line, sep="", end="\n")


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table; cells may hold markup, so what comes from outside goes through `shown`."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*row)
    console().print(made)


@contextmanager
def watched(*, quiet: bool) -> Iterator["Progress"]:
    """Show a run's progress on stderr: a bar on a terminal, a line for each stage elsewhere."""
    from auditwright.app.jobs import Progress

    if quiet:
        yield Progress(planned=_ignore, collected=_ignore, stage=_ignore)
        return
    if not sys.stderr.isatty():
        yield Progress(planned=_ignore, collected=_ignore, stage=_say)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    with Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("Starting", total=None)

        unseen = 0

        def collected(name: str, gaps: int) -> None:
            nonlocal unseen
            unseen += gaps
            missing = f" [yellow]{unseen} not seen[/]" if unseen else ""
            bar.update(task, description=f"Collecting {shown(name[:50])}{missing}")
            bar.advance(task)

        yield Progress(
            planned=lambda total: bar.update(task, total=total),
            collected=collected,
            stage=lambda text: bar.update(task, description=text),
        )


def _ignore(*_: object) -> None:
    return


def _say(text: str) -> None:
    click.echo(text, err=True)


def write_new(path: Path, body: bytes, *, on_written: Callable[[Path], None]) -> None:
    """Write a file whole or not at all, beside what may stand there, and then in its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.unfinished")
    temporary.write_bytes(body)
    temporary.replace(path)
    on_written(path)
