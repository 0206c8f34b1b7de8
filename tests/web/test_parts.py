"""The parts of pages, as a browser gets them: a status is a shape and a word, and whatever comes in stays text."""

from datetime import UTC, datetime

import pytest
from inline_snapshot import snapshot
from markupsafe import Markup

from auditwright.engine.readiness import Status
from auditwright.web import charts
from auditwright.web.parts import ICONS, Entry, Fact, Key, Step
from auditwright.web.templating import environment

HOSTILE = "<b onclick=x>\u202e&\"'"
SHOWN = "&lt;b onclick=x&gt;[U+202E]&amp;&#34;&#39;"


def made(source: str, **values: object) -> str:
    text = environment().from_string('{% import "_parts.html" as p %}' + source).render(values)
    return text.strip()


def test_each_status_has_a_shape_a_word_and_then_a_color() -> None:
    drawn = {kind: made("{{ p.st(kind, text) }}", kind=kind, text="Word") for kind in ICONS}
    assert all(
        "Word</span>" in each and f'<use href="#{ICONS[kind]}"/>' in each for kind, each in drawn.items()
    )
    assert drawn["ok"] == snapshot(
        '<span class="st ok"><svg class="i" viewBox="0 0 16 16" aria-hidden="true"><use href="#s-ok"/></svg>Word</span>'
    )
    assert drawn["nob"] == snapshot(
        '<span class="st und"><svg class="i" viewBox="0 0 16 16" aria-hidden="true"><use href="#s-nob"/></svg>Word</span>'
    )
    assert drawn["run"] == snapshot(
        '<span class="st run"><svg class="i spin" viewBox="0 0 16 16" aria-hidden="true"><use href="#s-run"/></svg>Word</span>'
    )


def test_a_pill_is_a_status_with_a_ground() -> None:
    assert made("{{ p.st('wav', 'Waived until 12 Feb', True) }}").startswith('<span class="st wav pill">')


@pytest.mark.parametrize(("severity", "full"), [("low", 1), ("medium", 2), ("high", 3), ("critical", 4)])
def test_a_severity_is_rising_bars_and_a_word(severity: str, full: int) -> None:
    drawn = made("{{ p.sev(severity) }}", severity=severity)
    assert drawn.count('class="on"') == full
    assert drawn.count('class="off"') == 4 - full
    assert drawn.endswith(f"{severity.capitalize()}</span>")


def test_a_tally_leaves_out_what_is_nought_and_says_each_word_aloud() -> None:
    drawn = made(
        "{{ p.tally(counts) }}", counts={Status.DEVIATION: 3, Status.WAIVED: 0, Status.SATISFIED: 1_284}
    )
    assert '3<span class="vh"> deviation</span>' in drawn
    assert '1,284<span class="vh"> satisfied</span>' in drawn
    assert "waived" not in drawn


def test_a_count_of_nought_is_not_shown() -> None:
    assert made("{{ p.count(0) }}") == ""
    assert made("{{ p.count(1284) }}") == snapshot(
        '<span class="count">1,284<span class="vh"> open</span></span>'
    )
    assert made("{{ p.count(2, True) }}") == snapshot(
        '<span class="count bad">2<span class="vh"> need attention</span></span>'
    )


def test_who_has_initials_and_nobody_is_said() -> None:
    assert ">MO</span>Mira Okafor" in made("{{ p.who('Mira Okafor') }}")
    assert 'class="avatar none"' in made("{{ p.who('') }}")
    assert "Nobody" in made("{{ p.who('') }}")


def test_figures_have_their_unit_their_note_and_a_way_to_their_rows() -> None:
    facts = [
        Fact(title="Criteria", figure="31", of="of 38", href="/criteria"),
        Fact(title="Rows", figure="0", note="none"),
    ]
    assert made("{{ p.facts(facts) }}", facts=facts) == snapshot(
        '<dl class="facts"><div><dt>Criteria</dt><dd><a href="/criteria">31</a> <small>of 38</small></dd></div><div><dt>Rows</dt><dd>0</dd><dd class="note">none</dd></div></dl>'
    )


def test_a_job_says_each_step_and_has_a_bar_only_where_its_end_is_known() -> None:
    steps = [Step(kind="nob", text="security groups: refused", note="UnauthorizedOperation")]
    assert '<li class="und">' in made("{{ p.steps(steps) }}", steps=steps)
    assert made("{{ p.progress(27, 41, 'stream') }}") == snapshot(
        '<progress value="27" max="41" aria-label="27 of 41 streams">27 of 41 streams</progress>'
    )
    assert made("{{ p.progress(18, 0, 'page') }}") == snapshot(
        '<p class="md muted">18 pages, no end known</p>'
    )


def test_a_legend_has_a_swatch_and_words_and_a_count_where_there_is_one() -> None:
    keys = [
        Key(swatch=charts.part_swatch("ok"), text="fresh", count=0),
        Key(swatch=charts.state_swatch("bad"), text="Deviation"),
    ]
    drawn = made("{{ p.legend(keys) }}", keys=keys)
    assert '</svg><b class="num">0</b> fresh</span>' in drawn
    assert "</svg>Deviation</span>" in drawn


def test_a_list_of_one_page_has_no_pages() -> None:
    assert made("{{ p.pager(1, 1, '', '') }}") == ""
    first = made("{{ p.pager(1, 3, '', '?page=2') }}")
    assert "Previous" not in first
    assert '<a rel="next" href="?page=2">Next</a>' in first


def test_a_change_shows_what_goes_and_what_comes() -> None:
    lines = [("", 1, 1, "roles: |"), ("-", 2, 0, "  - a"), ("+", 0, 2, "  - b")]
    assert made("{{ p.diff(lines, 'Change') }}", lines=lines) == snapshot(
        '<table class="diff"><caption class="vh">Change</caption><tbody><tr class=""><td>1</td><td>1</td><td></td><td>roles: |</td></tr><tr class="del"><td>2</td><td></td><td>\u2212</td><td>  - a</td></tr><tr class="add"><td></td><td>2</td><td>+</td><td>  - b</td></tr></tbody></table>'
    )


def test_a_callout_that_is_bad_is_an_alert() -> None:
    assert 'role="alert"' in made("{% call p.callout('bad', 'Broken') %}why{% endcall %}")
    assert "role=" not in made("{% call p.callout('info', 'Later') %}why{% endcall %}")


def test_whatever_comes_in_stays_text() -> None:
    now = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
    source = (
        "{{ p.st('ok', x) }}{{ p.sev('low', x) }}{{ p.who(x) }}{{ p.kv([(x, x)]) }}{{ p.facts(facts) }}{{ p.steps(steps) }}"
        "{{ p.diff([('', 1, 1, x)], x) }}{{ p.timeline(entries) }}{{ p.crumbs([(x, '/'), (x, '')]) }}{{ p.errors({'a': x}) }}"
        "{{ p.digest(x * 9) }}{{ p.progress(1, 0, x) }}{{ p.legend(keys) }}"
        "{% call p.callout('ok', x) %}{{ x }}{% endcall %}{% call p.empty('n-info', x) %}{{ x }}{% endcall %}"
        "{% call p.panel('h', x, x) %}{{ x }}{% endcall %}{% call p.field('f', x, x, x) %}{{ x }}{% endcall %}"
    )
    drawn = made(
        source,
        x=HOSTILE,
        facts=[Fact(title=HOSTILE, figure=HOSTILE, of=HOSTILE, note=HOSTILE)],
        steps=[Step(kind="run", text=HOSTILE, note=HOSTILE)],
        entries=[Entry(at=now, icon="s-ok", tone="ok", text=HOSTILE)],
        keys=[Key(swatch=Markup("<svg></svg>"), text=HOSTILE)],
    )
    assert "<b onclick" not in drawn
    assert "\u202e" not in drawn
    assert drawn.count(SHOWN) > 25
