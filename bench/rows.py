"""What a part of the benchmark answers, and the one table that is printed of it."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class CannotMeasureError(Exception):
    """A part could not be measured; the message says what stood in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What stands beside a measurement: a peer, or what no program could do better; in the same unit."""

    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: what was measured, the most that it should be, and what stands beside it."""

    name: str
    unit: str
    measured: float | None
    """None where a peer could not be had; `note` says why."""
    target: float | None = None
    beside: Beside | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The measurement as a multiple of what stands beside it."""
        if self.measured is None or self.beside is None or not self.beside.value:
            return None
        return self.measured / self.beside.value

    @property
    def met(self) -> str:
        """Whether the target was met; empty where there is none."""
        if self.measured is None or self.target is None:
            return ""
        return "yes" if self.measured <= self.target else "NO"


COLUMNS = ("What", "Measured", "Target", "Met", "Beside it", "Ratio", "Note")


def median(values: Iterable[float]) -> float:
    """The middle value, which one disturbed measurement does not move."""
    return statistics.median(values)


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table with aligned columns."""
    cells = [COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(COLUMNS))]
    lines = [_line(cells[0], widths), _line(tuple("-" * width for width in widths), widths)]
    return "\n".join([*lines, *(_line(line, widths) for line in cells[1:])])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        "-" if row.measured is None else _quantity(row.measured, row.unit),
        "" if row.target is None else f"≤ {_quantity(row.target, row.unit)}",
        row.met,
        "" if row.beside is None else f"{row.beside.name}: {_quantity(row.beside.value, row.unit)}",
        "" if row.ratio is None else f"{row.ratio:.2f}x",
        row.note,
    )


def _quantity(value: float, unit: str) -> str:
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 3  # noqa: PLR2004
    return f"{value:,.{digits}f} {unit}".strip()
