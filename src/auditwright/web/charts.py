"""Charts as inline SVG: colored by class, without style or script, and said in a sentence for those who cannot see them.

1. Axes start at zero, and a bar is as long as its count (design guide 11).
2. Marks of one class are one path, and equal days beside each other one piece of it: 90 days stay small.
3. Text from outside is made visible, cut, and escaped.

The path of an access proof is drawn by `auditwright.render.path_svg`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, groupby, pairwise

from markupsafe import Markup, escape

from auditwright.engine.readiness import Status
from auditwright.render import words
from auditwright.web.parts import ICONS

MAX_TITLE = 120
"""Letters of a name in a chart, and of one in its sentence."""

MAX_LABEL = 600
"""Letters of a sentence; read aloud, more would only be skipped."""


def _text(text: str, limit: int = MAX_TITLE) -> str:
    return str(escape(words.clip(text, limit).text))


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _said(label: str, ends: str) -> str:
    """A sentence with its end values, as the name of an image."""
    said = words.clip(label, MAX_LABEL).text
    whole = f"{said.rstrip('.:; ')}. {ends}." if ends else said
    return f'role="img" aria-label="{_text(whole, 2 * MAX_LABEL)}"'


def _svg(kind: str, box: tuple[int, int], said: str, *body: str) -> Markup:
    """A drawing; every text in it was escaped where it was put in."""
    width, height = box
    stretched = 'preserveAspectRatio="none" ' if kind in _STRETCHED else ""
    return Markup(  # noqa: S704  # the one door: callers escape with `_text`
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" {stretched}{said}>{"".join(body)}</svg>'
    )


_STRETCHED = ("strip", "swatch", "meter", "meter two")
"""Drawings that take the width of their place, and have no text."""


def _paths(marks: Mapping[str, Sequence[str]]) -> str:
    return "".join(f'<path class="{name}" d="{"".join(pieces)}"/>' for name, pieces in marks.items())


def _n(value: float) -> str:
    """A coordinate, as short as a tenth of a pixel needs."""
    return f"{value:.1f}".removesuffix(".0")


def _bar(left: float, top: float, width: float, height: float) -> str:
    return f"M{_n(left)} {_n(top)}h{_n(width)}v{_n(height)}h-{_n(width)}z"


# --- one bar a day


@dataclass(frozen=True, slots=True, kw_only=True)
class DayMark:
    """Where a test stood on a day; None where it was not run."""

    day: date
    status: Status | None


STRIP_HEIGHT = 22
DAY_WIDTH = 4
"""Of which 3 are the bar."""

_NOT_RUN = (("k-mute", 20, 2),)

STRIP_BARS: Mapping[Status, Sequence[tuple[str, int, int]]] = {
    Status.SATISFIED: (("k-ok", 5, 17),),
    Status.DEVIATION: (("k-bad", 0, 22),),
    Status.UNDETERMINED: (("k-und", 5, 5), ("k-und", 17, 5)),
    Status.WAIVED: (("k-wav", 5, 11), ("k-wav", 19, 3)),
    Status.DID_NOT_OCCUR: (("k-na", 12, 3),),
    Status.NOT_APPLICABLE: (("k-na", 19, 3),),
    Status.NO_TEST: _NOT_RUN,
}
"""Class, top and height of a day's marks: height and gaps tell the states apart without color."""


def day_strip(days: Sequence[DayMark], *, label: str) -> Markup:
    """One bar a day, the oldest at the left; as wide as its place is. `label` says the share in words."""
    marks: dict[str, list[str]] = {}
    for number, each in enumerate(days):
        for name, top, height in STRIP_BARS[each.status] if each.status else _NOT_RUN:
            marks.setdefault(name, []).append(f"M{number * DAY_WIDTH} {top}h3v{height}h-3z")
    width = max(len(days) * DAY_WIDTH - 1, 1)
    said = _said(label, _last(days[-1]) if days else "No days")
    return _svg("strip", (width, STRIP_HEIGHT), said, _paths(marks))


def _last(mark: DayMark) -> str:
    return f"On {_day(mark.day)}: {words.WORDS[mark.status].lower() if mark.status else 'not run'}"


def strip_swatch(status: Status | None) -> Markup:
    """The bar of a status, beside its word in a legend."""
    marks = STRIP_BARS[status] if status else _NOT_RUN
    bars = (f'<rect class="{name}" x="4" y="{top}" width="4" height="{tall}"/>' for name, top, tall in marks)
    return _svg("swatch", (12, STRIP_HEIGHT), 'aria-hidden="true"', *bars)


# --- a plot with days below and counts at the left


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    """The frame of columns, one a day."""

    days: Sequence[date]
    most: int
    """The count at the top of the axis."""
    width: int
    height: int
    left: int = 30
    right: int = 4
    top: int = 12

    @property
    def base(self) -> int:
        return self.height - 22

    @property
    def step(self) -> float:
        return (self.width - self.left - self.right) / max(len(self.days), 1)

    def x(self, day: int) -> float:
        """The left edge of a day's column."""
        return self.left + day * self.step

    def tall(self, count: int) -> float:
        """How many pixels a count is tall."""
        return count * (self.base - self.top) / max(self.most, 1)


_WIDEST_TICKS = 4
_NEAR_THE_TOP = 0.6
"""Of a step between two ticks: where the last round one is no nearer to the top, the top has its own."""


def ticks(most: int) -> list[int]:
    """Round counts from zero up to `most`, and `most` itself where it has room."""
    if most <= 0:
        return [0]
    step = next(
        factor * 10**power
        for power in range(len(str(most)))
        for factor in (1, 2, 5)
        if factor * 10**power * _WIDEST_TICKS >= most
    )
    found = list(range(0, most + 1, step))
    return [*found, most] if most - found[-1] >= step * _NEAR_THE_TOP else found


def _grid(plot: _Plot) -> str:
    drawn: list[str] = []
    for tick in ticks(plot.most):
        y = plot.base - plot.tall(tick)
        drawn.append(f'<path class="l-grid" d="M{plot.left} {_n(y)}H{plot.width - plot.right}"/>')
        drawn.append(
            f'<text class="t-sm num" x="{plot.left - 6}" y="{_n(y + 4)}" text-anchor="end">{tick}</text>'
        )
    return "".join(drawn)


_ROOM_OF_A_DAY = 58
"""Pixels between the middles of two days that are written below a plot."""


def _days_below(plot: _Plot) -> str:
    """The first and the last day, and the first of months where there is room."""
    if not plot.days:
        return ""
    edge = plot.width - plot.right
    written = [(float(plot.left), "start", plot.days[0])]
    for number, day in enumerate(plot.days):
        x = plot.x(number) + plot.step / 2
        if day.day == 1 and x - written[-1][0] >= _ROOM_OF_A_DAY and edge - x >= _ROOM_OF_A_DAY:
            written.append((x, "middle", day))
    if len(plot.days) > 1:
        written.append((float(edge), "end", plot.days[-1]))
    return "".join(
        f'<text class="t-sm" x="{_n(x)}" y="{plot.height - 6}" text-anchor="{at}">{day.day} {day:%b}</text>'
        for x, at, day in written
    )


def _gaps(plot: _Plot, filled: Sequence[bool]) -> str:
    """Thin lines of the ground between columns, so that a day can be counted; none where nothing stands."""
    lines = [
        f"M{_n(plot.x(number + 1))} {plot.top}V{plot.base}"
        for number, (one, other) in enumerate(pairwise(filled))
        if one and other
    ]
    return f'<path class="l-gap" d="{"".join(lines)}"/>' if lines else ""


# --- readiness over time


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One state over the days, by the kind of its status: ok, wav, und, bad, na."""

    kind: str
    title: str
    values: tuple[int, ...]
    """One a day; nought on all series where a day is not known."""


_PALE = {"ok": "k-okline", "und": "k-undline"}
"""States that are pale with a dark cap."""

_FILLS = {
    "ok": "k-ok",
    "wav": "k-wav",
    "und": "k-und",
    "bad": "k-bad",
    "na": "k-na",
    "nt": "k-mute",
    "zero": "k-na",
}

CAP = 2.5
SEAM = 0.8
"""Pixels between two states of a column."""


def stacked_days(days: Sequence[date], series: Sequence[Series], *, label: str) -> Markup:
    """One stacked column a day, the first series at the bottom; the height of a column is the sum of its counts.

    A day of which nothing is known has a short mark on the base line.
    """
    assert all(len(each.values) == len(days) for each in series), "each series has a value for each day"
    columns = list(zip(*(each.values for each in series), strict=True)) if series else [()] * len(days)
    plot = _Plot(days=days, most=max(map(sum, columns), default=0), width=360, height=168)
    marks: dict[str, list[str]] = {}
    for column, run in groupby(enumerate(columns), key=lambda each: each[1]):
        numbers = [number for number, _ in run]
        left, width = plot.x(numbers[0]), plot.step * len(numbers)
        if not any(column):
            marks.setdefault("k-mute", []).append(_bar(left, plot.base - 2, width, 2))
        for name, top, height in _stack(plot, series, column):
            marks.setdefault(name, []).append(_bar(left, top, width, height))
    behind = {name: pieces for name, pieces in marks.items() if name in _PALE.values()}
    front = {name: pieces for name, pieces in marks.items() if name not in behind}
    ends = ", ".join(f"{each.values[-1]} {each.title.lower()}" for each in series) if days else ""
    return _svg(
        "fit cap",
        (plot.width, plot.height),
        _said(label, f"On {_day(days[-1])}: {ends}" if ends else "No days"),
        _grid(plot),
        _paths(behind),
        _paths(front),
        _gaps(plot, [any(column) for column in columns]),
        _days_below(plot),
    )


def _stack(
    plot: _Plot, series: Sequence[Series], column: Sequence[int]
) -> Iterable[tuple[str, float, float]]:
    """Class, top and height of each piece of a column, from the base up."""
    for each, count, below in zip(series, column, accumulate(column, initial=0), strict=False):
        assert count >= 0, f"{each.title} has a negative count"
        if not count:
            continue
        bottom, top = plot.base - plot.tall(below), plot.base - plot.tall(below + count)
        seam = min(SEAM, (bottom - top) / 2) if below else 0.0
        yield _PALE.get(each.kind, _FILLS[each.kind]), top, bottom - top - seam
        if each.kind in _PALE:
            yield _FILLS[each.kind], top, min(CAP, bottom - top - seam)


# --- deadlines


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineDay:
    """Open issues with a deadline at the end of a day."""

    day: date
    within: int
    past: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """Something that happened on a day, such as the build of a release."""

    day: date
    title: str


MAX_MILESTONES = 8
"""Dashed lines in a plot; the newest stay, and more of them would hide the bars."""

MAX_MILESTONE_LETTERS = 18


def burn_down(days: Sequence[DeadlineDay], *, label: str, milestones: Sequence[Milestone] = ()) -> Markup:
    """Open issues within and past their deadline, one column a day; what is past stays red on top."""
    plot = _Plot(
        days=[each.day for each in days],
        most=max((each.within + each.past for each in days), default=0),
        width=360,
        height=168,
    )
    marks: dict[str, list[str]] = {"k-run": [], "k-bad": []}
    for (within, past), run in groupby(enumerate(days), key=lambda each: (each[1].within, each[1].past)):
        numbers = [number for number, _ in run]
        left, width = plot.x(numbers[0]), plot.step * len(numbers)
        low, high = plot.tall(within), plot.tall(past)
        if within:
            marks["k-run"].append(_bar(left, plot.base - low, width, low))
        if past:
            seam = min(SEAM, high / 2) if within else 0.0
            marks["k-bad"].append(_bar(left, plot.base - low - high, width, high - seam))
    end = f"On {_day(days[-1].day)}: {days[-1].within} within, {days[-1].past} past" if days else "No days"
    return _svg(
        "fit cap",
        (plot.width, plot.height),
        _said(label, end),
        _grid(plot),
        _paths({name: pieces for name, pieces in marks.items() if pieces}),
        _gaps(plot, [each.within + each.past > 0 for each in days]),
        _milestones(plot, milestones),
        _days_below(plot),
    )


def _milestones(plot: _Plot, milestones: Sequence[Milestone]) -> str:
    drawn: list[str] = []
    known = {day: number for number, day in enumerate(plot.days)}
    shown = sorted((each for each in milestones if each.day in known), key=lambda each: each.day)
    free = 0.0
    for each in shown[-MAX_MILESTONES:]:
        x = plot.x(known[each.day])
        drawn.append(f'<path class="l-text l-dash l-thin" d="M{_n(x)} {plot.top - 4}V{plot.base}"/>')
        name = words.clip(each.title, MAX_MILESTONE_LETTERS).text
        # 11 px letters are 6 wide. A name that has no room is left out: the release has its row in the table.
        wide = 6.0 * len(name)
        if x + 4 >= free and x + 4 + wide <= plot.width:
            drawn.append(f'<text class="t-sm" x="{_n(x + 4)}" y="{plot.top - 2}">{escape(name)}</text>')
            free = x + 8 + wide
    return "".join(drawn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """How much of the time that a policy allows is left; negative days are past it."""

    left_days: int
    allowed_days: int

    @property
    def is_past(self) -> bool:
        """True from the day after the deadline on."""
        return self.left_days < 0

    @property
    def words(self) -> str:
        """The days in words, which always stand beside the drawing: 9 d left of 14."""
        if self.is_past:
            return f"{-self.left_days} d past, of {self.allowed_days}"
        return f"{self.left_days} d left of {self.allowed_days}"


SOON_DAYS = 3
"""Design guide 11: the last three days are amber."""

_TICK = 60
_OVER = 12
_LEAST = 2


def deadline_clock(deadline: Deadline) -> Markup:
    """A bar of the time that is used, with a tick at the deadline; it passes the tick when it is late."""
    used = deadline.allowed_days - deadline.left_days
    width = _TICK * used / deadline.allowed_days if deadline.allowed_days > 0 else _TICK
    long = _TICK + _OVER if deadline.is_past else min(max(width, _LEAST), _TICK)
    kind = "k-bad" if deadline.is_past else "k-und" if deadline.left_days <= SOON_DAYS else "k-run"
    return _svg(
        "clock",
        (_TICK + _OVER + 4, 10),
        _said(deadline.words, ""),
        f'<rect class="k-soft" y="2" width="{_TICK}" height="6" rx="1"/>',
        f'<rect class="{kind}" y="2" width="{_n(long)}" height="6" rx="1"/>',
        f'<path class="l-text" d="M{_TICK}.5 0V10"/>',
    )


# --- scanners

WIDTH = 520
"""Units of a lying bar; it stretches to its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What two scanners report: the issues of the first alone, of both, and of the second alone."""

    first: str
    second: str
    only_first: int
    both: int
    only_second: int


def overlap_bars(overlap: Overlap) -> Markup:
    """Two bars on one scale, offset so that what both report lies one above the other."""
    first, second = overlap.only_first + overlap.both, overlap.both + overlap.only_second
    unit = WIDTH / max(overlap.only_first + second, 1)
    names = [words.clip(name, MAX_TITLE).text for name in (overlap.first, overlap.second)]
    return _svg(
        "meter two",
        (WIDTH, 34),
        _said(
            f"{names[0]} reports {first}, {names[1]} {second}",
            f"Both {overlap.both}, only {names[0]} {overlap.only_first}, only {names[1]} {overlap.only_second}",
        ),
        f'<rect class="k-run" width="{_n(first * unit)}" height="15"/>',
        f'<rect class="k-wav" x="{_n(overlap.only_first * unit)}" y="19" width="{_n(second * unit)}" height="15"/>',
    )


# --- a whole and its parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a whole: ok, run (due soon), wav, und, bad, na, or nob (not observable, which is hatched)."""

    kind: str
    title: str
    count: int


_SPACE = 2
_SEEN = 6
"""A part that is not nought has this width at least: two of a thousand must not vanish."""

_PARTS = {
    "ok": "k-okline",
    "run": "k-run",
    "due": "k-run",
    "wav": "k-wav",
    "und": "k-und",
    "bad": "k-bad",
    "na": "k-na",
}


def _fill(kind: str) -> str:
    """The color of a part, as an attribute; not observable is hatched (design guide 11)."""
    return 'fill="url(#p-und)"' if kind == "nob" else f'class="{_PARTS[kind]}"'


def meter(parts: Sequence[Part], *, label: str) -> Markup:
    """One bar of all parts, in their order; what is nought has no piece of it."""
    seen = [each for each in parts if each.count > 0]
    drawn: list[str] = []
    left = 0.0
    for each, width in zip(seen, _widths([each.count for each in seen]), strict=True):
        drawn.append(f'<rect x="{_n(left)}" width="{_n(width)}" height="14" {_fill(each.kind)}/>')
        left += width + _SPACE
    empty = f'<rect class="k-soft" width="{WIDTH}" height="14"/>'
    said = _said(label, ", ".join(f"{each.count} {each.title}" for each in parts))
    return _svg("meter", (WIDTH, 14), said, *(drawn or [empty]))


def part_swatch(kind: str) -> Markup:
    """The color of a part, beside its word in a legend."""
    return _svg("swatch", (12, 12), 'aria-hidden="true"', f'<rect width="12" height="12" {_fill(kind)}/>')


def state_swatch(kind: str) -> Markup:
    """The column of a state, beside its word in a legend: pale ones have their cap."""
    whole = f'<rect class="{_PALE.get(kind, _FILLS[kind])}" width="12" height="12"/>'
    cap = f'<rect class="{_FILLS[kind]}" width="12" height="3"/>' if kind in _PALE else ""
    return _svg("swatch", (12, 12), 'aria-hidden="true"', whole, cap)


def _widths(counts: Sequence[int]) -> list[float]:
    """Widths that fill the bar: those too small to be seen take what they need from the others."""
    free = WIDTH - _SPACE * (len(counts) - 1)
    small = [count for count in counts if count * free < _SEEN * sum(counts)]
    rest = sum(counts) - sum(small)
    return [
        _SEEN if count * free < _SEEN * sum(counts) else (free - _SEEN * len(small)) * count / rest
        for count in counts
    ]


# --- systems in scope


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One system in scope: how much of it was observed, of what was declared."""

    title: str
    observed: int
    declared: int
    kind: str
    """ok, und or bad: how its box is drawn."""
    href: str = ""
    note: str = ""
    """What stands under the count, such as `opens without MFA`."""


MAX_SYSTEMS = 60
"""Boxes on a map; the page of integrations has the rest."""

_WORST = ("bad", "und", "ok")


def scope_map(systems: Sequence[System]) -> Markup:
    """A box for each system, as a list that fits any screen; those that need a look come first where not all fit."""
    shown = systems
    if len(systems) > MAX_SYSTEMS:
        shown = sorted(systems, key=lambda each: _WORST.index(each.kind))[:MAX_SYSTEMS]
    more = len(systems) - len(shown)
    rest = f'<li class="rest">{words.many(more, "more system")}</li>' if more else ""
    boxes = "".join(map(_box, shown)) or "<li>No system is connected.</li>"
    return Markup(f'<ul class="scope">{boxes}{rest}</ul>')  # noqa: S704  # `_box` escapes


def _box(system: System) -> str:
    title = _text(system.title)
    name = f'<a href="{escape(system.href)}">{title}</a>' if system.href else title
    icon = f'<svg class="i" viewBox="0 0 16 16" aria-hidden="true"><use href="#{ICONS[system.kind]}"/></svg>'
    count = f"{words.number(system.observed)} of {words.number(system.declared)}"
    note = f'<span class="sub">{_text(system.note)}</span>' if system.note else ""
    return f'<li class="{system.kind}"><b>{name}</b><span class="st {system.kind} num">{icon}{count}</span>{note}</li>'
