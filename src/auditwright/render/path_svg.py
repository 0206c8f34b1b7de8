"""A path drawn as SVG: one box a step, from the credential to the target. No script, nothing from outside."""

from collections.abc import Sequence
from html import escape

from auditwright.render.words import visible

WIDTH = 720
BOX = 34
GAP = 22
MARGIN = 12
MAX_LETTERS = 92
"""Letters of a step that its box shows; the whole text stands in its title."""

_STYLE = (
    "text{font:13px ui-monospace,'JetBrains Mono',monospace;fill:#1c2024}rect{fill:#f4f5f6;stroke:#b9bec4}"
    "path{stroke:#6b7178;fill:none}.end rect{fill:#fdecea;stroke:#c0392b}.start rect{stroke:#1c2024}"
    "@media (prefers-color-scheme:dark){text{fill:#e8eaed}rect{fill:#22262b;stroke:#4a5058}"
    "path{stroke:#9aa0a6}.end rect{fill:#3b1d1a;stroke:#e57368}.start rect{stroke:#e8eaed}}"
)


def path_svg(title: str, starts: Sequence[str], steps: Sequence[str]) -> str:
    """The drawing of a path; every text is escaped."""
    lines = [", ".join(starts), *steps]
    height = 2 * MARGIN + len(lines) * BOX + (len(lines) - 1) * GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{_text(title)}">',
        f"<title>{_text(title)}</title><style>{_STYLE}</style>",
    ]
    for number, line in enumerate(lines):
        top = MARGIN + number * (BOX + GAP)
        kind = "start" if number == 0 else "end" if number == len(lines) - 1 else "step"
        parts.append(
            f'<g class="{kind}"><title>{_text(line)}</title>'
            f'<rect x="{MARGIN}" y="{top}" width="{WIDTH - 2 * MARGIN}" height="{BOX}" rx="4"/>'
            f'<text x="{2 * MARGIN}" y="{top + 22}">{_text(_short(line))}</text></g>'
        )
        if number + 1 < len(lines):
            x, y = WIDTH // 2, top + BOX
            parts.append(f'<path d="M{x} {y}v{GAP - 2}m-4 -6l4 6l4 -6"/>')
    return "".join([*parts, "</svg>\n"])


def _short(line: str) -> str:
    return line if len(line) <= MAX_LETTERS else f"{line[: MAX_LETTERS - 1]}…"


def _text(text: str) -> str:
    return escape(visible(text), quote=True)
