"""Charts say what is counted: bars are as long as their counts, axes start at zero, and names stay text."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.engine.readiness import Status
from auditwright.web import charts
from auditwright.web.charts import (
    DayMark,
    Deadline,
    DeadlineDay,
    Milestone,
    Overlap,
    Part,
    Series,
    System,
)

FIRST = date(2026, 8, 26)
HOSTILE = "\"><script>alert(1)</script>&'\u202e\x00" + "e\u0301" * 50 + "x" * 10_000

counts = st.integers(min_value=0, max_value=5_000)
kinds = ("ok", "wav", "und", "bad")


def stretch(days: int) -> list[date]:
    return [FIRST + timedelta(days=number) for number in range(days)]


def parsed(drawing: str) -> ET.Element:
    return ET.fromstring(drawing)  # noqa: S314  # our own drawing, which has no entities


def label(drawing: str) -> str:
    svg = parsed(drawing)
    assert svg.get("role") == "img"
    return svg.get("aria-label", "")


def bars(drawing: str, *names: str) -> list[tuple[float, float, float, float]]:
    """Left, top, width and height of the bars of some classes."""
    number = r"(-?[\d.]+)"
    piece = re.compile(rf"M{number} {number}h{number}v{number}h-{number}z")
    return [
        (float(left), float(top), float(width), float(height))
        for path in parsed(drawing).iter("path")
        if path.get("class") in names
        for left, top, width, height, _ in piece.findall(path.get("d", ""))
    ]


def axis(drawing: str) -> tuple[float, float]:
    """Where zero is, and how many pixels one is tall."""
    svg = parsed(drawing)
    heights = [
        float(re.findall(r" ([\d.]+)H", each.get("d", ""))[0])
        for each in svg.iter("path")
        if each.get("class") == "l-grid"
    ]
    written = [int(each.text or "") for each in svg.iter("text") if each.get("class") == "t-sm num"]
    assert written[0] == 0
    return heights[0], (heights[0] - heights[-1]) / max(written[-1], 1)


def series(values: Sequence[Sequence[int]]) -> list[Series]:
    return [Series(kind=kind, title=kind, values=tuple(row)) for kind, row in zip(kinds, values, strict=True)]


@given(st.lists(st.tuples(counts, counts, counts, counts), min_size=1, max_size=30))
def test_the_columns_of_a_day_reach_up_to_the_sum_of_its_counts(
    columns: list[tuple[int, int, int, int]],
) -> None:
    drawing = charts.stacked_days(
        stretch(len(columns)), series(list(zip(*columns, strict=True))), label="States"
    )
    zero, one = axis(drawing)
    step = (360 - 30 - 4) / len(columns)
    pieces = bars(drawing, "k-okline", "k-wav", "k-undline", "k-bad")
    for day, column in enumerate(columns):
        middle = 30 + (day + 0.5) * step
        tops = [top for left, top, width, _ in pieces if left <= middle <= left + width]
        assert len(tops) == sum(count > 0 for count in column)
        if tops:
            assert zero - min(tops) == pytest.approx(sum(column) * one, abs=0.6)


def test_a_readiness_chart_of_ninety_days_with_one_scope_is_level_on_top_and_small() -> None:
    values = [[20 + day // 9 for day in range(90)], [1] * 90, [6] * 90, [11 - day // 9 for day in range(90)]]
    drawing = charts.stacked_days(stretch(90), series(values), label="States, 90 days")
    tops = {top for _, top, _, _ in bars(drawing, "k-bad")}
    assert tops == {12.0}
    assert len(drawing) < 6_000
    assert label(drawing) == "States, 90 days. On 23 Nov 2026: 29 ok, 1 wav, 6 und, 2 bad."


def test_a_day_of_which_nothing_is_known_is_a_mark_on_the_base_line() -> None:
    drawing = charts.stacked_days(stretch(2), series([[0, 3], [0, 0], [0, 0], [0, 1]]), label="States")
    zero, _ = axis(drawing)
    assert [(top, height) for _, top, _, height in bars(drawing, "k-mute")] == [(zero - 2, 2.0)]


def test_a_series_of_another_length_than_the_days_is_refused() -> None:
    with pytest.raises(AssertionError, match="a value for each day"):
        charts.stacked_days(stretch(2), [Series(kind="ok", title="ok", values=(1,))], label="States")


@given(st.integers(min_value=0, max_value=10_000_000))
def test_an_axis_starts_at_zero_and_has_few_round_counts(most: int) -> None:
    written = charts.ticks(most)
    assert written[0] == 0
    assert written == sorted(set(written))
    assert len(written) <= 6
    assert most * 0.4 <= written[-1] <= most


def test_a_strip_has_one_bar_a_day_and_each_state_its_own_shape() -> None:
    states = [None, *Status]
    days = [DayMark(day=day, status=state) for day, state in zip(stretch(len(states)), states, strict=True)]
    drawing = charts.day_strip(days, label="1 of 8 days satisfied")
    shapes: dict[float, set[tuple[float, float]]] = {}
    for left, top, _, height in bars(drawing, "k-ok", "k-bad", "k-und", "k-wav", "k-na", "k-mute"):
        shapes.setdefault(left, set()).add((top, height))
    assert sorted(shapes) == [number * 4.0 for number in range(len(states))]
    told_apart = [
        frozenset(shapes[number * 4.0]) for number, state in enumerate(states) if state is not Status.NO_TEST
    ]
    assert len(set(told_apart)) == len(told_apart)
    assert label(drawing) == "1 of 8 days satisfied. On 2 Sep 2026: not applicable."


def test_a_strip_of_ninety_days_stays_small() -> None:
    marks = [DayMark(day=day, status=Status.SATISFIED) for day in stretch(90)]
    assert len(charts.day_strip(marks, label="90 of 90 days satisfied")) < 2_000


def test_a_strip_of_no_days_says_so() -> None:
    assert label(charts.day_strip([], label="Not run")) == "Not run. No days."


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=30))
def test_what_is_past_its_deadline_stands_on_what_is_within(days: list[tuple[int, int]]) -> None:
    drawing = charts.burn_down(
        [
            DeadlineDay(day=day, within=within, past=past)
            for day, (within, past) in zip(stretch(len(days)), days, strict=True)
        ],
        label="Open issues",
    )
    zero, one = axis(drawing)
    lows, highs = bars(drawing, "k-run"), bars(drawing, "k-bad")
    step = (360 - 30 - 4) / len(days)
    for number, (within, past) in enumerate(days):
        middle = 30 + (number + 0.5) * step
        low = [top for left, top, width, _ in lows if left <= middle <= left + width]
        high = [top for left, top, width, _ in highs if left <= middle <= left + width]
        assert [zero - top for top in low] == pytest.approx([within * one] if within else [], abs=0.6)
        assert [zero - top for top in high] == pytest.approx([(within + past) * one] if past else [], abs=0.6)


def test_a_release_is_a_dashed_line_and_names_never_cover_each_other() -> None:
    days = [DeadlineDay(day=day, within=9, past=1) for day in stretch(60)]
    marks = [Milestone(day=FIRST + timedelta(days=number), title=f"release {number}") for number in range(20)]
    drawing = charts.burn_down(
        days, label="Open issues", milestones=[*marks, Milestone(day=date(2020, 1, 1), title="old")]
    )
    svg = parsed(drawing)
    lines = [each for each in svg.iter("path") if "l-dash" in (each.get("class") or "")]
    assert len(lines) == charts.MAX_MILESTONES
    named = [
        (float(each.get("x", "0")), each.text or "")
        for each in svg.iter("text")
        if "release" in (each.text or "")
    ]
    assert named
    assert all(left + 6 * len(name) <= right for (left, name), (right, _) in pairwise(named))


@pytest.mark.parametrize(
    ("left", "allowed", "kind", "said"),
    [
        (9, 14, "k-run", "9 d left of 14"),
        (3, 14, "k-und", "3 d left of 14"),
        (0, 14, "k-und", "0 d left of 14"),
        (-2, 3, "k-bad", "2 d past, of 3"),
        (0, 0, "k-und", "0 d left of 0"),
    ],
)
def test_a_clock_passes_its_tick_only_when_it_is_late(left: int, allowed: int, kind: str, said: str) -> None:
    drawing = charts.deadline_clock(Deadline(left_days=left, allowed_days=allowed))
    (bar,) = [each for each in parsed(drawing).iter("rect") if each.get("class") == kind]
    assert (float(bar.get("width", "0")) > 60) is (left < 0)
    assert label(drawing) == said


@given(counts, counts, counts)
def test_two_scanners_are_drawn_on_one_scale(first: int, both: int, second: int) -> None:
    drawing = charts.overlap_bars(
        Overlap(first="Grype", second="Inspector", only_first=first, both=both, only_second=second)
    )
    upper, lower = parsed(drawing).iter("rect")
    unit = charts.WIDTH / max(first + both + second, 1)
    assert float(upper.get("width", "")) == pytest.approx((first + both) * unit, abs=0.1)
    assert float(lower.get("x", "")) == pytest.approx(first * unit, abs=0.1)
    assert float(lower.get("width", "")) == pytest.approx((both + second) * unit, abs=0.1)


@given(st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=7))
def test_the_parts_of_a_meter_fill_it_and_none_vanishes(sizes: list[int]) -> None:
    parts = [Part(kind="ok", title="fresh", count=count) for count in sizes]
    drawn = [
        (float(each.get("x", "0")), float(each.get("width", "0")))
        for each in parsed(charts.meter(parts, label="Evidence")).iter("rect")
    ]
    seen = [count for count in sizes if count]
    assert len(drawn) == max(len(seen), 1)
    assert all(width > 4 for _, width in drawn)
    assert sum(drawn[-1]) == pytest.approx(charts.WIDTH, abs=0.2)


def test_what_is_not_observable_is_hatched_and_said() -> None:
    parts = [Part(kind="ok", title="fresh", count=412), Part(kind="nob", title="not observable", count=4)]
    drawing = charts.meter(parts, label="Evidence by freshness")
    assert 'fill="url(#p-und)"' in drawing
    assert label(drawing) == "Evidence by freshness. 412 fresh, 4 not observable."


def test_a_map_has_a_box_for_each_system_with_what_was_seen_of_what_was_declared() -> None:
    drawing = parsed(
        charts.scope_map(
            [
                System(title="AWS", observed=1_612, declared=1_612, kind="ok", href="/integrations/aws"),
                System(title="staging", observed=171, declared=188, kind="und", note="refused"),
            ]
        )
    )
    assert ["".join(each.itertext()) for each in drawing.iter("li")] == [
        "AWS1,612 of 1,612",
        "staging171 of 188refused",
    ]
    assert [each.get("class") for each in drawing.iter("li")] == ["ok", "und"]


def test_a_map_that_is_full_keeps_what_needs_a_look() -> None:
    systems = [System(title=f"s{number}", observed=1, declared=1, kind="ok") for number in range(100)]
    drawing = charts.scope_map([*systems, System(title="worst", observed=0, declared=1, kind="bad")])
    assert "worst" in drawing
    assert "41 more systems" in drawing
    assert "No system is connected" in charts.scope_map([])


def hostile_drawings() -> list[str]:
    day = DeadlineDay(day=FIRST, within=1, past=1)
    return [
        charts.day_strip([DayMark(day=FIRST, status=None)], label=HOSTILE),
        charts.stacked_days([FIRST], [Series(kind="ok", title=HOSTILE, values=(1,))], label=HOSTILE),
        charts.burn_down([day], label=HOSTILE, milestones=[Milestone(day=FIRST, title=HOSTILE)]),
        charts.overlap_bars(Overlap(first=HOSTILE, second=HOSTILE, only_first=1, both=1, only_second=1)),
        charts.meter([Part(kind="ok", title=HOSTILE, count=1)], label=HOSTILE),
        charts.scope_map(
            [System(title=HOSTILE, observed=1, declared=1, kind="ok", href="/x?a=1&b=2", note=HOSTILE)]
        ),
    ]


@pytest.mark.parametrize("drawing", hostile_drawings(), ids=range(6))
def test_a_hostile_name_stays_text_of_bounded_length(drawing: str) -> None:
    assert "<script" not in drawing
    assert "\u202e" not in drawing
    assert len(drawing) < 6_000
    names = {each.tag for each in parsed(drawing).iter()}
    assert names <= {"svg", "path", "rect", "text", "ul", "li", "a", "b", "span", "use"}


def test_no_chart_has_a_style_of_its_own() -> None:
    drawn = [*hostile_drawings(), charts.deadline_clock(Deadline(left_days=1, allowed_days=2))]
    drawn += [charts.strip_swatch(Status.WAIVED), charts.part_swatch("nob"), charts.state_swatch("und")]
    for each in drawn:
        for node in parsed(each).iter():
            assert "style" not in node.attrib
            assert not any(name.startswith("on") for name in node.attrib)
