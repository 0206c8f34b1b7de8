"""A path drawn as SVG: the credentials, a box for each step with who makes it, and the target.

No script and nothing from outside. Colors are those of tokens.css, light as plain rules and dark in a media query, so
that what knows no media queries still draws the light ones.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from itertools import count
from textwrap import wrap

from auditwright.access.assumptions import Assumption
from auditwright.access.facts import Fact, Kind
from auditwright.access.witness import Witness, WitnessStep
from auditwright.access.world import account_of
from auditwright.render.readiness import PathView
from auditwright.render.words import clipped, many, visible

WIDTH = 720
MARGIN = 16
GAP = 26
LINE = 18
PAD = 11
INDENT = 46
"""Where a step's text begins, right of its number."""

LETTERS = 80
"""Letters of a line: 13 pixels of a monospaced font are 7.8 wide, 80 of them as wide as a box."""
LETTERS_OF_META = 88
"""Letters of a line in the smaller type."""

MAX_LINES = 4
"""Lines of a step that its box shows; its whole text stands in its title."""

MAX_LETTERS = 2_000
"""Letters of a text that are drawn at all: names come from outside and may be as long as they like."""

MAX_STEPS = 40
"""Steps of a path that are drawn in a report, about two pages of them; the longest that were ever found had a dozen."""

_TOKENS = ("surface", "sunken", "line-2", "text", "text-2", "text-3", "accent")
_STATUS = {"REACHABLE": "bad", "UNKNOWN": "und"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    kind: str
    title: str
    number: str
    lines: tuple[str, ...]
    meta: tuple[str, ...]

    @property
    def height(self) -> int:
        return 2 * PAD + LINE * (len(self.lines) + len(self.meta)) - 4


def path_svg(verdict: str, target: str, path: Witness, assumed: Sequence[Assumption] = ()) -> str:
    """The drawing of a path under its verdict, a word; every text is made visible and escaped.

    `assumed` is what the verdict takes for granted; what no step names stands with the credentials.
    """
    begun = tuple(f"assumes {each.id}" for each in assumed if each not in path.assumptions)
    reached = "what is reached" if verdict == "REACHABLE" else "what may be reached"
    boxes = (
        _box("start", ", ".join(path.start), "", ("what it begins with", *begun)),
        *map(_of_step, count(1), path.steps),
        _box("target", target, "", (reached,)),
    )
    return _drawing(verdict, target, boxes, sheet=_style(_STATUS[verdict]))


def steps_shown(path: PathView) -> tuple[str, ...]:
    """The steps that are drawn, with a sentence about those that are not."""
    if len(path.steps) <= MAX_STEPS:
        return path.steps
    return (
        *path.steps[:MAX_STEPS],
        f"{many(len(path.steps) - MAX_STEPS, 'more step')}: readiness.json has all",
    )


def proved_path_svg(path: PathView, *, inline: bool) -> str:
    """The drawing of a path that a run proved.

    Inline it takes the colors of its page, which says the same in words beside it; else it brings its own.
    """
    verdict = "REACHABLE"
    assumed = tuple(f"assumes {each}" for each in path.assumptions)
    boxes = (
        _box("start", ", ".join(path.start), "", ("what it begins with", *assumed)),
        *(_box("step", text, str(number), ()) for number, text in enumerate(steps_shown(path), start=1)),
        _box("target", path.target, "", ("what is reached",)),
    )
    return _drawing(verdict, path.target, boxes, sheet="" if inline else _style(_STATUS[verdict]))


def _drawing(verdict: str, target: str, boxes: Sequence[_Box], *, sheet: str) -> str:
    top = MARGIN + 2 * LINE
    drawn: list[str] = []
    for number, box in enumerate(boxes):
        drawn += _drawn(box, top)
        top += box.height
        if number + 1 < len(boxes):
            drawn.append(_arrow(top))
            top += GAP
    status = _STATUS[verdict]
    style = f"<style>{sheet}</style>" if sheet else ""
    title, height = f"{verdict}: {target}", top + MARGIN
    said = f'role="img" aria-label="{_text(clipped(title, MAX_LETTERS))}"' if sheet else 'aria-hidden="true"'
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" ',
            f'height="{height}" {said} class="path path-{status}">',
            f"<title>{_text(clipped(title, MAX_LETTERS))}</title>{style}",
            f'<rect class="page" width="{WIDTH}" height="{height}"/>',
            f'<text class="verdict" x="{MARGIN}" y="{MARGIN + LINE - 4}">{_text(verdict)}</text>',
            *drawn,
            "</svg>\n",
        )
    )


def _of_step(number: int, step: WitnessStep) -> _Box:
    return _box("step" if step.certain else "step perhaps", step.text, str(number), _meta(step))


def _meta(step: WitnessStep) -> tuple[str, ...]:
    """Who makes the step, and what it rests on."""
    who = f"as {_holder(step.actor)}" if step.actor else "no policy has a say in it"
    return (who, *(f"assumes {each.id}" for each in step.assumptions), *step.doubts)


def _holder(fact: Fact) -> str:
    name = fact.subject.rpartition(":")[2]
    if name == "root":
        name = f"root of {account_of(fact.subject)}"
    return f"{name}, {fact.detail}" if fact.kind is Kind.SESSION else str(fact)


def _box(kind: str, text: str, number: str, meta: tuple[str, ...]) -> _Box:
    whole = clipped(text, MAX_LETTERS)
    return _Box(
        kind=kind,
        title=whole,
        number=number,
        lines=_lines(whole, LETTERS),
        meta=tuple(line for each in meta for line in _lines(clipped(each, MAX_LETTERS), LETTERS_OF_META)),
    )


def _lines(text: str, letters: int) -> tuple[str, ...]:
    lines = wrap(text, letters, break_on_hyphens=False) or [""]
    if len(lines) <= MAX_LINES:
        return tuple(lines)
    return (*lines[: MAX_LINES - 1], f"{lines[MAX_LINES - 1][: letters - 1]}…")


def _drawn(box: _Box, top: int) -> Iterator[str]:
    yield f'<g class="{box.kind}"><title>{_text(box.title)}</title>'
    yield f'<rect x="{MARGIN}" y="{top}" width="{WIDTH - 2 * MARGIN}" height="{box.height}" rx="6"/>'
    left = MARGIN + PAD
    if box.number:
        yield f'<text class="number" x="{left}" y="{top + PAD + 11}">{box.number}</text>'
        left = MARGIN + INDENT
    baseline = top + PAD + 11
    for line in box.lines:
        yield f'<text x="{left}" y="{baseline}">{_text(line)}</text>'
        baseline += LINE
    for line in box.meta:
        yield f'<text class="meta" x="{left}" y="{baseline}">{_text(line)}</text>'
        baseline += LINE
    yield "</g>"


def _arrow(top: int) -> str:
    x = MARGIN + PAD + 10
    return f'<path d="M{x} {top + 3}v{GAP - 8}m-4.5 -5l4.5 5l4.5 -5"/>'


def _text(text: str) -> str:
    return escape(visible(text), quote=True)


# --- style


@cache
def _style(status: str) -> str:
    tokens = _tokens()
    light, dark = (
        _rules({name: tokens[name][theme] for name in tokens}, status) for theme in ("light", "dark")
    )
    fixed = (
        ".path text{font:13px 'JetBrains Mono',ui-monospace,Menlo,Consolas,monospace;white-space:pre}"
        ".path .meta{font-size:12px}.path .verdict{font:600 16px Inter,system-ui,sans-serif}"
        ".path path{fill:none;stroke-width:1.5}.path .perhaps rect{stroke-dasharray:5 4}"
    )
    return f"{fixed}{light}@media (prefers-color-scheme:dark){{{dark}}}"


def _rules(color: Mapping[str, str], status: str) -> str:
    # Two drawings in one page share their rules, but for what depends on the verdict.
    return (
        f".path .page{{fill:{color['surface']}}}.path text{{fill:{color['text']}}}"
        f".path .meta,.path .number{{fill:{color['text-3']}}}"
        f".path-{status} .verdict{{fill:{color[f'{status}-fg']}}}"
        f".path g rect{{fill:{color['sunken']};stroke:{color['line-2']}}}"
        f".path .start rect{{stroke:{color['accent']}}}"
        f".path-{status} .target rect{{fill:{color[f'{status}-bg']};stroke:{color[f'{status}-line']}}}"
        f".path path{{stroke:{color['text-2']}}}"
    )


@cache
def _tokens() -> Mapping[str, Mapping[str, str]]:
    """The colors that a drawing takes, from the one file that has them."""
    css = files("auditwright.render").joinpath("templates/tokens.css").read_text(encoding="utf-8")
    found = {
        name: {"light": light, "dark": dark}
        for name, light, dark in re.findall(r"--([\w-]+):\s*light-dark\((#\w+),\s*(#\w+)\)", css)
    }
    names = (*_TOKENS, *(f"{status}-{part}" for status in _STATUS.values() for part in ("fg", "bg", "line")))
    return {name: found[name] for name in names}
