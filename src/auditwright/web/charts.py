"""Charts as inline SVG, colored by class (design guide 11): no style, no script, each with its sentence.

Marks of one class are one path, so that ninety days stay at about 2 kB. Every text is made visible and escaped.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup, escape

from auditwright.engine.readiness import Status
from auditwright.render import words


@dataclass(frozen=True, slots=True, kw_only=True)
class DayMark:
    """One day of a strip; None where nothing was run."""

    day: date
    status: Status | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One layer of a stacked chart, the lowest first: its kind, and a value a day."""

    kind: str
    title: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a whole."""

    kind: str
    title: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One place of the scope map: how much of it is observed."""

    title: str
    observed: int
    declared: int
    kind: str
    href: str


STRIP_HEIGHT = 22
BAR, STEP = 3, 4

# Height and gaps tell the states apart without color: satisfied tall, deviation full, undetermined two short ends,
# waived notched, what did not occur or does not apply a low bar, not run a base line. Each is (y, height).
_BARS: Mapping[Status | None, tuple[tuple[int, int], ...]] = {
    Status.SATISFIED: ((5, 17),),
    Status.DEVIATION: ((0, 22),),
    Status.UNDETERMINED: ((5, 5), (17, 5)),
    Status.NO_TEST: ((5, 5), (17, 5)),
    Status.WAIVED: ((5, 11), (19, 3)),
    Status.DID_NOT_OCCUR: ((16, 6),),
    Status.NOT_APPLICABLE: ((16, 6),),
    None: ((20, 2),),
}


def day_strip(days: Sequence[DayMark], *, label: str) -> Markup:
    """One bar a day, the oldest at the left; as wide as its place."""
    marks: dict[str, list[str]] = {}
    for place, mark in enumerate(days):
        for y, height in _BARS[mark.status]:
            marks.setdefault(_mark_class(mark.status), []).append(
                f"M{place * STEP} {y}h{BAR}v{height}h-{BAR}z"
            )
    width = max(len(days) * STEP - 1, 1)
    return Markup(
        '<svg class="strip" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(width, STRIP_HEIGHT, words.visible(label), _paths(marks))


def _mark_class(status: Status | None) -> str:
    match status:
        case None:
            return "k-mute"
        case Status.NO_TEST | Status.UNDETERMINED:
            return "k-und"
        case Status.DID_NOT_OCCUR | Status.NOT_APPLICABLE:
            return "k-na"
        case _:
            return f"k-{words.KINDS[status]}"


def _paths(marks: Mapping[str, Iterable[str]]) -> Markup:
    drawn = (Markup('<path class="{}" d="{}"/>').format(cls, " ".join(d)) for cls, d in marks.items())
    return Markup("").join(drawn)


CHART_WIDTH, CHART_HEIGHT = 360, 168
TOP, LEFT, RIGHT, BOTTOM = 10, 26, 4, 22
CAP = 1.6
"""Height of the dark edge on a pale layer."""

PALE = {"ok": "k-okline", "und": "k-undline"}
"""What is satisfied or undetermined is a pale layer with a dark edge; what was decided against is solid."""


def stacked_days(days: Sequence[date], series: Sequence[Series], *, label: str) -> Markup:
    """Stacked columns, one a day, from zero; the sum of a day is its scope."""
    sums = [sum(each.values[place] for each in series) for place in range(len(days))]
    scope = max(sums, default=0) or 1
    base = CHART_HEIGHT - BOTTOM
    unit = (base - TOP) / scope
    step = (CHART_WIDTH - LEFT - RIGHT) / max(len(days), 1)
    marks: dict[str, list[str]] = {}
    heights = [0] * len(days)
    for each in series:
        for place, value in enumerate(each.values):
            if not value:
                continue
            x, top = LEFT + place * step, base - (heights[place] + value) * unit
            width, height = max(step - 0.7, 0.5), value * unit
            heights[place] += value
            marks.setdefault(PALE.get(each.kind, f"k-{each.kind}"), []).append(_rect(x, top, width, height))
            if each.kind in PALE:
                marks.setdefault(f"k-{each.kind}", []).append(_rect(x, top, width, min(CAP, height)))
    return Markup('<svg class="fit cap" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>').format(
        CHART_WIDTH,
        CHART_HEIGHT,
        words.visible(label),
        _grid(scope, base, unit),
        _paths(marks),
        _day_axis(days, base, step),
    )


def _rect(x: float, y: float, width: float, height: float) -> str:
    return f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h-{width:.1f}z"


def _ticks(scope: int) -> list[int]:
    """Nought, round numbers, and the whole."""
    step = next(each for each in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if scope / each <= 4)  # noqa: PLR2004
    inner = [tick for tick in range(0, scope, step) if scope - tick >= step / 2]
    return [*inner, scope]


def _grid(scope: int, base: float, unit: float) -> Markup:
    lines = (
        Markup(
            '<path class="l-grid" d="M{} {:.1f}H{}"/><text class="t-sm num" x="{}" y="{:.1f}" text-anchor="end">{}</text>'
        ).format(LEFT, base - tick * unit, CHART_WIDTH - RIGHT, LEFT - 6, base - tick * unit + 4, tick)
        for tick in _ticks(scope)
    )
    return Markup("").join(lines)


def _day_axis(days: Sequence[date], base: float, step: float) -> Markup:
    if not days:
        return Markup("")
    y = base + 15
    firsts = [place for place, day in enumerate(days) if day.day == 1 and 12 < place < len(days) - 12]  # noqa: PLR2004
    texts = [(LEFT, "start", days[0]), *((LEFT + place * step, "middle", days[place]) for place in firsts)]
    drawn = [
        Markup('<text class="t-sm" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
            x, y, anchor, f"{day.day} {day:%b}"
        )
        for x, anchor, day in texts
    ]
    last = Markup('<text class="t-sm" x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
        CHART_WIDTH - RIGHT, y, f"{days[-1].day} {days[-1]:%b}"
    )
    return Markup("").join([*drawn, last])


METER_WIDTH, METER_HEIGHT = 600, 14


def meter(parts: Sequence[Part], *, label: str) -> Markup:
    """One bar of a whole; what is not observable is hatched."""
    whole = sum(part.count for part in parts)
    said = ", ".join(f"{part.count} {part.title}" for part in parts) or "nothing"
    drawn: list[Markup] = []
    before = 0
    for part in parts:
        start, end = (METER_WIDTH * count // max(whole, 1) for count in (before, before + part.count))
        before += part.count
        if end > start:
            cls = "hatch" if part.kind == "nob" else PALE.get(part.kind, f"k-{part.kind}")
            drawn.append(
                Markup('<rect class="{}" x="{}" width="{}" height="{}"/>').format(
                    cls, start, max(end - start - 2, 1), METER_HEIGHT
                )
            )
    return Markup(
        '<svg class="meter" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}: {} of {}.">{}</svg>'
    ).format(METER_WIDTH, METER_HEIGHT, label, said, whole, Markup("").join(drawn))


CLOCK_WIDTH, CLOCK_TICK, CLOCK_HEIGHT = 60, 50, 10
AMBER = timedelta(days=3)
"""Design guide 11: the last three days are amber."""


def deadline_clock(*, allowed: timedelta, left: timedelta) -> Markup:
    """How much of the time until a deadline is used; past it, the bar passes the tick. The days stand in words."""
    used = (allowed - left) / allowed if allowed > timedelta() else 1.0
    length = min(max(used, 0.0) * CLOCK_TICK, CLOCK_WIDTH)
    kind = "bad" if left < timedelta() else "und" if left <= AMBER else "run"
    days = left.days
    said = f"{days} d left of {allowed.days}" if days >= 0 else f"{-days} d past, of {allowed.days}"
    return Markup(
        '<span class="clock"><svg viewBox="0 0 {w} {h}" aria-hidden="true"><rect class="k-soft" y="2" width="{t}" height="6"/>'
        '<rect class="k-{kind}" y="2" width="{n:.1f}" height="6"/><path class="l-text" d="M{t} 0v{h}"/></svg>'
        '<span class="{cls}">{said}</span></span>'
    ).format(
        w=CLOCK_WIDTH,
        h=CLOCK_HEIGHT,
        t=CLOCK_TICK,
        kind=kind,
        n=length,
        cls="st bad" if kind == "bad" else "num",
        said=said,
    )


OVERLAP_WIDTH, OVERLAP_HEIGHT = 600, 34


def overlap_bars(left: Part, right: Part, *, both: int) -> Markup:
    """Two bars on one scale, set off so that what both found lies under one another."""
    total = max(left.count + right.count + both, 1)
    first = round(OVERLAP_WIDTH * left.count / total)
    shared = round(OVERLAP_WIDTH * both / total)
    label = f"{left.count} found by {left.title} alone, {both} by both, {right.count} by {right.title} alone."
    return Markup(
        '<svg class="meter two" viewBox="0 0 {w} {h}" preserveAspectRatio="none" role="img" aria-label="{label}">'
        '<rect class="k-run" width="{l}" height="14"/><rect class="k-acc" x="{f}" y="20" width="{r}" height="14"/></svg>'
    ).format(
        w=OVERLAP_WIDTH,
        h=OVERLAP_HEIGHT,
        label=words.visible(label),
        l=max(first + shared, 1),
        f=first,
        r=max(OVERLAP_WIDTH - first, 1),
    )


def scope_map(systems: Sequence[System]) -> Markup:
    """The places of every system: what of each is observed, of what was declared. A list, so that it reads on a phone."""
    boxes = (
        Markup(
            '<li class="sysbox {kind}"><a href="{href}">{title}</a><span class="num">{observed} of {declared}</span></li>'
        ).format(
            kind=each.kind,
            href=each.href,
            title=words.visible(each.title),
            observed=words.number(each.observed),
            declared=words.number(each.declared),
        )
        for each in systems
    )
    drawn = Markup("").join(boxes)
    return Markup('<ul class="sysmap">{}</ul>').format(drawn) if drawn else escape("Nothing is connected.")
